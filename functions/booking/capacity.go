package booking

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

var errBooked = fault.New(fault.Conflict, "capacity-below-bookings",
	"Il y a plus de réservations que cela : la capacité ne peut pas descendre en dessous.")

// grow raises the capacity of a session to what is wanted, some seats at a
// time, and then seats those who wait. Each step names the capacity that it
// found, so a step that is repeated does not grow twice, and is an entry of the
// trail: it says what came about, should the next one fail.
func (s *service) grow(ctx context.Context, id string, wanted int) error {
	for round := range rounds {
		item, err := s.session(ctx, id)
		if err != nil {
			return err
		}
		if item.Capacity >= wanted {
			s.tryMatch(ctx, id, everyone)
			return nil
		}
		if !item.bookable(s.now()) {
			return item.past()
		}
		more := min(wanted-item.Capacity, seatsAtOnce)
		var writes dynamo.Writes
		s.resize(ctx, &writes, item, more, more)
		for number := item.NextSeat; number < item.NextSeat+more; number++ {
			writes.Add(s.table.Put(seatItem{seatKey(id, number)}, dynamo.Absent))
		}
		if err := s.step(ctx, &writes, round); err != nil {
			return err
		}
	}
	return errBusy
}

// shrink lowers the capacity of a session by taking free seats away, once
// those who wait have theirs. It returns the Conflict fault
// "capacity-below-bookings" when not enough are free, and then takes none;
// beyond seatsAtOnce it takes steps, and seats that are booked between two of
// them leave the capacity where the last one brought it, as the trail says.
func (s *service) shrink(ctx context.Context, id string, wanted int) error {
	for round := range rounds {
		item, err := s.session(ctx, id)
		if err != nil || item.Capacity <= wanted {
			return err
		}
		if !item.bookable(s.now()) {
			return item.past()
		}
		if err := s.match(ctx, id, everyone); err != nil {
			return err // a free seat may be due to someone who waits
		}
		fewer := item.Capacity - wanted
		var seats []dynamo.Key
		if err := s.some(ctx, id, seatPrefix, seatPrefix+"~", fewer, &seats); err != nil {
			return err
		}
		if len(seats) < fewer {
			return errBooked
		}
		seats = seats[:min(fewer, seatsAtOnce)]
		var writes dynamo.Writes
		s.resize(ctx, &writes, item, -len(seats), 0)
		for _, seat := range seats {
			writes.Add(s.table.Delete(seat, dynamo.Exists))
		}
		if err := s.step(ctx, &writes, round); err != nil {
			return err
		}
	}
	return errBusy
}

// resize moves the capacity of a session, if it is what was found, with the
// entry in the trail.
func (s *service) resize(ctx context.Context, writes *dynamo.Writes, found sessionItem, by, numbers int) {
	update := expression.Add(expression.Name("seats"), expression.Value(by)).
		Add(expression.Name("next_seat"), expression.Value(numbers)).
		Add(expression.Name("version"), expression.Value(1))
	resized := found
	resized.Capacity += by
	writes.Add(s.table.Update(found.Key, update, found.asRead()))
	writes.Add(s.audit.Entry(ctx, "session.changed", found.ID, found.input(), resized.input()))
}

// step commits one step; a refusal asks to read again, after a rest.
func (s *service) step(ctx context.Context, writes *dynamo.Writes, round int) error {
	err := writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return s.rest(ctx, round)
	}
	return err
}
