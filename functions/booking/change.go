package booking

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// sessionChange is what the team changes of a session: what is nil stays.
type sessionChange struct {
	Kind         *Kind   `json:"kind,omitempty"`
	Title        *string `json:"title,omitempty"`
	Description  *string `json:"description,omitempty"`
	StartsAt     *moment `json:"starts_at,omitempty" format:"date-time"`
	EndsAt       *moment `json:"ends_at,omitempty" format:"date-time"`
	Mode         *Mode   `json:"mode,omitempty"`
	Place        *string `json:"place,omitempty"`
	JoinURL      *string `json:"join_url,omitempty"`
	Capacity     *int    `json:"capacity,omitempty" doc:"Never under what is booked"`
	Fundamentals *[]int  `json:"fundamentals,omitempty"`
	Dimensions   *[]int  `json:"narrative_dimensions,omitempty"`
	Series       *string `json:"series,omitempty"`
	Cohort       *string `json:"cohort,omitempty"`
}

func (c sessionChange) apply(in *sessionInput) {
	set(&in.Kind, c.Kind)
	set(&in.Title, c.Title)
	set(&in.Description, c.Description)
	set(&in.StartsAt, c.StartsAt)
	set(&in.EndsAt, c.EndsAt)
	set(&in.Mode, c.Mode)
	set(&in.Place, c.Place)
	set(&in.JoinURL, c.JoinURL)
	set(&in.Capacity, c.Capacity)
	set(&in.Fundamentals, c.Fundamentals)
	set(&in.Dimensions, c.Dimensions)
	set(&in.Series, c.Series)
	set(&in.Cohort, c.Cohort)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func (s *service) patchSession(w http.ResponseWriter, r *http.Request) error {
	var in sessionChange
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	changed, err := s.change(r.Context(), r.PathValue("id"), in, &faults)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, changed)
}

// change applies a change; what others change at the same moment stays. A
// larger capacity seats those who wait; a smaller one never goes under what is
// booked, and comes first, as it may be refused. Moving a session raises its
// sequence, and the stream then tells everyone who has booked.
func (s *service) change(ctx context.Context, id string, in sessionChange, faults *fault.Fields) (session, error) {
	old, wanted, err := s.wanted(ctx, id, in, faults)
	if err == nil && wanted.Capacity < old.Capacity {
		err = s.shrink(ctx, id, wanted.Capacity)
	}
	if err == nil {
		err = s.rewrite(ctx, id, in, faults)
	}
	if err == nil && wanted.Capacity > old.Capacity {
		err = s.grow(ctx, id, wanted.Capacity)
	}
	if err != nil {
		return session{}, err
	}
	return s.shownSession(ctx, id)
}

// wanted reads a session and what a change makes of it. It returns Invalid with
// every fault, and "session-closed" once the session has begun.
func (s *service) wanted(ctx context.Context, id string, in sessionChange, faults *fault.Fields) (old sessionItem, wanted sessionInput, err error) {
	if old, err = s.session(ctx, id); err != nil {
		return old, wanted, err
	}
	wanted = old.input()
	in.apply(&wanted)
	wanted.check(faults)
	if in.Series != nil {
		if err := s.checkSeries(ctx, wanted.Series, faults); err != nil {
			return old, wanted, err
		}
	}
	if err := faults.Err(); err != nil {
		return old, wanted, err
	}
	if !old.bookable(s.now()) {
		return old, wanted, old.past()
	}
	return old, wanted, nil
}

// rewrite stores all that a change makes of a session but its capacity, and
// nothing when that is what it was.
func (s *service) rewrite(ctx context.Context, id string, in sessionChange, faults *fault.Fields) error {
	for round := range rounds {
		old, wanted, err := s.wanted(ctx, id, in, faults)
		if err != nil {
			return err
		}
		changed := old
		changed.take(wanted)
		if changed.same(old) {
			return nil
		}
		err = s.replace(ctx, old, changed)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
		if err := s.rest(ctx, round); err != nil {
			return err
		}
	}
	return errChanged
}

// replace makes a session what it is to be, but for its capacity. It returns
// *dynamo.Refused when it has changed since it was read.
func (s *service) replace(ctx context.Context, old, changed sessionItem) error {
	if !changed.sameForGuests(old) {
		changed.Sequence++
	}
	update := expression.
		Set(expression.Name("kind"), expression.Value(changed.Kind)).
		Set(expression.Name("title"), expression.Value(changed.Title)).
		Set(expression.Name("description"), expression.Value(changed.Description)).
		Set(expression.Name("starts_at"), expression.Value(changed.StartsAt)).
		Set(expression.Name("ends_at"), expression.Value(changed.EndsAt)).
		Set(expression.Name("agenda_at"), expression.Value(changed.AgendaAt)).
		Set(expression.Name("mode"), expression.Value(changed.Mode)).
		Set(expression.Name("place"), expression.Value(changed.Place)).
		Set(expression.Name("join_url"), expression.Value(changed.JoinURL)).
		Set(expression.Name("fundamentals"), expression.Value(changed.Fundamentals)).
		Set(expression.Name("narrative_dimensions"), expression.Value(changed.Dimensions)).
		Set(expression.Name("series"), expression.Value(changed.Series)).
		Set(expression.Name("cohort"), expression.Value(changed.Cohort)).
		Set(expression.Name("seq"), expression.Value(changed.Sequence)).
		Add(expression.Name("version"), expression.Value(1))
	var writes dynamo.Writes
	writes.Add(s.table.Update(old.Key, update, old.asRead()))
	writes.Add(s.audit.Entry(ctx, "session.changed", old.ID, old.input(), changed.input()))
	return writes.Commit(ctx, s.table.Client)
}

// asRead holds as long as a planned session is what was read.
func (i sessionItem) asRead() expression.ConditionBuilder {
	version := expression.Name("version").Equal(expression.Value(i.Version))
	if i.Version == 0 {
		version = expression.AttributeNotExists(expression.Name("version"))
	}
	return expression.Name("state").Equal(expression.Value(planned)).And(version)
}

// sameForGuests tells whether those who have booked need not hear of a change.
func (i sessionItem) sameForGuests(old sessionItem) bool {
	return i.StartsAt.Equal(old.StartsAt) && i.EndsAt.Equal(old.EndsAt) && i.Mode == old.Mode &&
		i.Place == old.Place && i.JoinURL == old.JoinURL && i.Title == old.Title
}

// same tells whether a change changes nothing; the capacity is changed apart.
func (i sessionItem) same(old sessionItem) bool {
	return i.sameForGuests(old) && i.Kind == old.Kind && i.Description == old.Description && i.Series == old.Series && i.Cohort == old.Cohort &&
		slices.Equal(i.Fundamentals, old.Fundamentals) && slices.Equal(i.Dimensions, old.Dimensions)
}

// past is the fault "session-closed" in the words of whoever wants to change or
// cancel a session that is planned no more.
func (i sessionItem) past() *fault.Error {
	detail := "Cette rencontre a commencé : on ne peut plus la modifier ni l’annuler."
	switch i.State {
	case held:
		detail = "Cette rencontre a eu lieu : on ne peut plus la modifier ni l’annuler."
	case cancelled:
		detail = "Cette rencontre est annulée : on ne peut plus la modifier, seulement la copier à une autre date."
	}
	return fault.New(errClosed.Kind, errClosed.Code, detail)
}
