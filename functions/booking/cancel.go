package booking

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

func (s *service) cancelSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.cancel(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	shown, err := s.shownSession(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, shown)
}

// cancel cancels a session, once. It returns the Conflict fault
// "session-closed" when it has begun or was held.
func (s *service) cancel(ctx context.Context, id string) error {
	for round := range rounds {
		old, err := s.session(ctx, id)
		switch {
		case err != nil:
			return err
		case old.State == cancelled:
			return s.removeFree(ctx, id) // who cancelled it may not have come to that
		case !old.bookable(s.now()):
			return old.past()
		}
		err = s.callOff(ctx, old)
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

// callOff cancels a session, then takes its free seats away, so that nobody
// who was booking at this moment gets one. The stream tells those who have
// booked. It returns *dynamo.Refused when the session has changed since it was read.
func (s *service) callOff(ctx context.Context, old sessionItem) error {
	update := expression.Set(expression.Name("state"), expression.Value(cancelled)).
		Add(expression.Name("seq"), expression.Value(1)).
		Add(expression.Name("version"), expression.Value(1))
	var writes dynamo.Writes
	writes.Add(s.table.Update(old.Key, update, old.asRead()))
	writes.Add(s.audit.Entry(ctx, "session.cancelled", old.ID, old.input(), nil))
	if err := writes.Commit(ctx, s.table.Client); err != nil {
		return err
	}
	return s.removeFree(ctx, old.ID)
}

// removeFree takes all free seats of a session away.
func (s *service) removeFree(ctx context.Context, id string) error {
	for {
		var seats []dynamo.Key
		if err := s.some(ctx, id, seatPrefix, seatPrefix+"~", seatsAtOnce, &seats); err != nil || len(seats) == 0 {
			return err
		}
		for chunk := range slices.Chunk(seats, seatsAtOnce) {
			var writes dynamo.Writes
			for _, seat := range chunk {
				writes.Add(s.table.Delete(seat))
			}
			if err := writes.Commit(ctx, s.table.Client); err != nil {
				return err
			}
		}
	}
}
