package booking

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

var errNoBooking = fault.New(fault.NotFound, "unknown-booking", "Cette réservation n’existe pas ou n’existe plus.")

// release ends a booking: it frees the seat, or leaves the waiting list, and
// then always lets the matcher give the seat on. A booking that is cancelled
// already stays so. A request that names an earlier booking of the person
// changes nothing. It returns "unknown-booking" when there is none.
func (s *service) release(ctx context.Context, person, session, booking string) error {
	for round := range rounds {
		var record bookingItem
		found, err := s.table.Get(ctx, bookingKey(person, session), &record)
		if err != nil {
			return err
		}
		if !found {
			return errNoBooking
		}
		if record.ID != booking || record.State == cancelled {
			return nil
		}
		wasConfirmed := record.State == confirmed
		err = s.releaseOnce(ctx, record)
		var refused *dynamo.Refused
		if errors.As(err, &refused) {
			if wasConfirmed && refused.Failed(0) && !refused.Failed(1) {
				s.log.ErrorContext(ctx, "seat is free and taken", "session_id", session, "seat", record.Seat)
			}
			if err := s.rest(ctx, round); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if wasConfirmed && s.guards.matchAfterCancel {
			// Whoever read "open" before must run the matcher too: somebody may
			// have joined the list meanwhile, beside this seat.
			s.tryMatch(ctx, session, everyone)
		}
		return nil
	}
	return errBusy
}

// releaseOnce frees what this booking holds, if it still holds it.
func (s *service) releaseOnce(ctx context.Context, record bookingItem) error {
	update := expression.Set(expression.Name("state"), expression.Value(cancelled)).
		Add(expression.Name("changes"), expression.Value(1)).
		Remove(expression.Name("seat")).Remove(expression.Name("ticket"))
	var writes dynamo.Writes
	same := s.giveBack(&writes, record)
	writes.Add(s.table.Update(record.Key, update, same))
	before := record.State
	record.State = cancelled
	s.noteMember(ctx, &writes, "booking.cancelled", before, record)
	return writes.Commit(ctx, s.table.Client)
}

// giveBack adds to a transaction that what a record holds is free again, and
// returns the condition under which it holds it.
func (s *service) giveBack(writes *dynamo.Writes, record bookingItem) expression.ConditionBuilder {
	same := expression.Name("state").Equal(expression.Value(record.State)).
		And(expression.Name("booking_id").Equal(expression.Value(record.ID)))
	switch record.State {
	case waiting:
		writes.Add(s.table.Delete(waitKey(record.Session, record.Ticket)))
		same = same.And(expression.Name("ticket").Equal(expression.Value(record.Ticket)))
	case confirmed:
		seat := dynamo.Key{PK: sessionPartition(record.Session), SK: record.Seat}
		writes.Add(s.table.Put(seatItem{seat}, dynamo.Absent))
		same = same.And(expression.Name("seat").Equal(expression.Value(record.Seat)))
	}
	return same
}
