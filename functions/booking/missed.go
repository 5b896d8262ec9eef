package booking

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

var (
	errNotOver = fault.New(fault.Conflict, "session-not-over", "Cette rencontre n’est pas terminée : attendez sa fin pour noter qu’elle n’a pas eu lieu, ou annulez-la avant son début.")
	errNoted   = fault.New(fault.Conflict, "attendance-noted", "Les présences de cette rencontre sont notées : elle compte dans le bilan. Corrigez-les si elles sont fausses.")
)

// missable tells why a session cannot be noted as one that did not take place;
// nil when it can: it is over, and nobody has said who came.
func (s *service) missable(item sessionItem) error {
	switch {
	case item.State == held:
		return errNoted
	case item.State == cancelled:
		return errOff
	case s.now().Before(item.EndsAt):
		return errNotOver
	}
	return nil
}

// miss notes, once, that a session which is over did not take place. It is then
// one that was cancelled, and counts nowhere: what was booked stands as it was,
// its free seats are gone, no fact tells of it. Nobody gets a mail, as nothing
// that people could still do depends on it. It returns the Conflict faults
// "session-not-over", and "attendance-noted" when somebody has said who came.
func (s *service) miss(ctx context.Context, id string) error {
	for round := range rounds {
		old, err := s.session(ctx, id)
		if err != nil {
			return err
		}
		if old.State == cancelled {
			return s.removeFree(ctx, id)
		}
		if err := s.missable(old); err != nil {
			return err
		}
		type noted struct {
			Status string `json:"status"`
		}
		update := expression.Set(expression.Name("state"), expression.Value(cancelled)).Set(expression.Name("missed"), expression.Value(true))
		same := expression.Name("state").Equal(expression.Value(old.State)).And(expression.Name("ends_at").Equal(expression.Value(old.EndsAt)))
		var writes dynamo.Writes
		writes.Add(s.table.Update(old.Key, update, same))
		writes.Add(s.audit.Entry(ctx, "session.not_held", id, noted{closed}, noted{cancelled}))
		err = writes.Commit(ctx, s.table.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			if err != nil {
				return err
			}
			return s.removeFree(ctx, id)
		}
		if err := s.rest(ctx, round); err != nil { // attendance is being noted, perhaps
			return err
		}
	}
	return errBusy
}

type missedView struct {
	sessionView
	Booked int
}

// missedPage says what it means that a session did not take place before it is noted.
func (s *service) missedPage(w http.ResponseWriter, r *http.Request) error {
	item, err := s.session(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.missable(item); err != nil {
		return s.notNow(w, r, item, err)
	}
	records, err := s.bookings(r.Context(), item.ID)
	if err != nil {
		return err
	}
	view := missedView{sessionView: viewSession(item.shown(0, 0, s.now()))}
	for _, record := range records {
		if record.State == confirmed {
			view.Booked++
		}
	}
	return s.pages.Render(w, r, http.StatusOK, "team_missed", web.Page{Title: "Cette rencontre n’a pas eu lieu ?", Data: view})
}

func (s *service) missedPosted(w http.ResponseWriter, r *http.Request) error {
	item, err := s.session(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.miss(r.Context(), item.ID); err != nil {
		return s.notNow(w, r, item, err)
	}
	return done(w, r, teamAgenda+"/"+item.ID, "pas-eu-lieu")
}

type notNowView struct {
	sessionView
	Why string
}

// notNow answers that the state of a session does not allow what was asked for,
// and leads back to it: to load the page again would not help. Every other
// error is returned.
func (s *service) notNow(w http.ResponseWriter, r *http.Request, item sessionItem, err error) error {
	f := fault.As(err)
	if f == nil || f.Kind != fault.Conflict {
		return err
	}
	return s.pages.Render(w, r, web.Status(f), "team_not_now", web.Page{Title: "Ce n’est pas possible",
		Data: notNowView{viewSession(item.shown(0, 0, s.now())), f.Detail}})
}
