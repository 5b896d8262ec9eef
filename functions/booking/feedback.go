package booking

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// effects are the five effects, 1 to 5 each; nil for one that is not answered.
type effects struct {
	Alliance      *int `json:"alliance,omitempty" minimum:"1" maximum:"5"`
	TimeSaved     *int `json:"time_saved,omitempty" minimum:"1" maximum:"5"`
	Belonging     *int `json:"belonging,omitempty" minimum:"1" maximum:"5"`
	Trust         *int `json:"trust,omitempty" minimum:"1" maximum:"5"`
	Amplification *int `json:"amplification,omitempty" minimum:"1" maximum:"5"`
}

// feedbackInput is what someone says that a session gave them.
type feedbackInput struct {
	Effects effects `json:"effects"`
	Comment string  `json:"comment,omitempty" maxLength:"2000"`
}

type feedbackAnswer struct {
	Status string `json:"status" enum:"received"`
}

const maxComment = 2000

// feedbackFact is the data of the fact session.feedback.v1. It names nobody;
// the comment stays in the table Agenda.
type feedbackFact struct {
	SessionID string  `json:"session_id"`
	Kind      Kind    `json:"kind"`
	Series    string  `json:"series,omitempty"`
	Effects   effects `json:"effects"`
}

func (in *feedbackInput) check(faults *fault.Fields) {
	answered := false
	for _, e := range []struct {
		name  string
		value *int
	}{
		{"alliance", in.Effects.Alliance}, {"time_saved", in.Effects.TimeSaved}, {"belonging", in.Effects.Belonging},
		{"trust", in.Effects.Trust}, {"amplification", in.Effects.Amplification},
	} {
		if e.value == nil {
			continue
		}
		answered = true
		if *e.value < 1 || *e.value > 5 {
			faults.Add("effects."+e.name, "Choisissez une note de 1 à 5.")
		}
	}
	in.Comment = strings.TrimSpace(in.Comment)
	if utf8.RuneCountInString(in.Comment) > maxComment {
		faults.Add("comment", "Raccourcissez ce texte : 2 000 caractères au plus.")
	}
	if !answered {
		faults.Add("effects", "Donnez au moins une note.")
	}
}

func (s *service) postFeedback(w http.ResponseWriter, r *http.Request) error {
	subject, err := s.holder(r.Context(), r.PathValue("id"), web.BearerToken(r))
	if err != nil {
		return err
	}
	var in feedbackInput
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	if err := s.feedBack(r.Context(), subject, in, &faults); err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, feedbackAnswer{"received"})
}

var (
	errNotAttended = fault.New(fault.Forbidden, "not-attended", "Seules les personnes notées présentes peuvent dire ce que la rencontre leur a apporté.")
	errFedBack     = fault.New(fault.Conflict, "feedback-given", "Vous avez déjà répondu : merci.")
)

// feedBack takes someone's word on a session that they attended, once.
func (s *service) feedBack(ctx context.Context, subject ticketSubject, in feedbackInput, faults *fault.Fields) error {
	in.check(faults)
	if err := faults.Err(); err != nil {
		return err
	}
	item, err := s.session(ctx, subject.Session)
	if err != nil {
		return err
	}
	now := s.now()
	fact := ledger.New(s.newID("fact"), "booking", "session.feedback.v1", item.ID, now, feedbackFact{item.ID, item.Kind, item.Series, in.Effects})
	update := expression.Set(expression.Name("feedback_at"), expression.Value(now.UTC().Format(instant))).
		Set(expression.Name("comment"), expression.Value(in.Comment))
	allowed := expression.Name("booking_id").Equal(expression.Value(subject.Booking)).
		And(expression.Name("attended").Equal(expression.Value(true))).
		And(expression.AttributeNotExists(expression.Name("feedback_at")))
	var writes dynamo.Writes
	writes.Add(s.table.Update(bookingKey(subject.Person, subject.Session), update, allowed))
	writes.Add(ledger.Append(s.ledger, fact, now))
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if !errors.As(err, &refused) {
		return err
	}
	var record bookingItem
	found, oldErr := refused.Old(0, &record)
	switch {
	case oldErr != nil:
		return oldErr
	case !found || record.ID != subject.Booking:
		return errNoBooking
	case !record.Attended:
		return errNotAttended
	}
	return errFedBack
}
