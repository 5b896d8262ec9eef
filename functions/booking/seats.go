package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// How seats are given (docs/adr/0013-seats.md).
//
// While a session has never been full, whoever books deletes a free seat and
// writes their record in one transaction. From the first who finds none,
// everybody takes a ticket and waits, and the matcher gives free seats to the
// lowest tickets. No counter is shared: nothing is hot, and nothing can drift.

// rounds bounds how often one call starts over because others were quicker.
const rounds = 40

// seatsTried is how many free seats one round reads.
const seatsTried = 6

var (
	errAlreadyBooked = fault.New(fault.Conflict, "already-booked", "Cette adresse a déjà une réservation pour cette rencontre.")
	errBusy          = fault.New(fault.Unavailable, "busy", "Beaucoup de réservations arrivent en même temps : réessayez dans un instant.")
)

// claim is one wish to come: what the record will hold, and the key by which
// the request is known again.
type claim struct {
	record bookingItem
	key    string
}

// book seats a person, or lets them wait. A key that was used before books
// nothing: it gives the person's booking, whatever became of it. It returns the fault "already-booked" when
// the person has another live booking, and "busy" when others were quicker
// too often.
func (s *service) book(ctx context.Context, session sessionItem, c claim) (bookingItem, error) {
	for round := range rounds {
		if !session.bookable(s.now()) {
			return bookingItem{}, errClosed // it began while others were quicker
		}
		mode, err := s.mode(ctx, session.ID)
		if err != nil {
			return bookingItem{}, err
		}
		var settled bool
		var record bookingItem
		if mode == modeOpen {
			record, settled, err = s.takeSeat(ctx, session, c)
		} else {
			record, settled, err = s.queue(ctx, c)
		}
		if err != nil || settled {
			return record, err
		}
		if err := s.rest(ctx, round); err != nil {
			return bookingItem{}, err
		}
	}
	return bookingItem{}, errBusy
}

// mode is how people are seated at this very moment; an older answer would
// let someone take a freed seat before those who wait.
func (s *service) mode(ctx context.Context, session string) (string, error) {
	out, err := s.table.Client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &s.table.Name, Key: metaKey(session).Attributes(), ConsistentRead: &s.guards.freshMode,
	})
	if err != nil {
		return "", fmt.Errorf("mode: %w", err)
	}
	if out.Item == nil {
		return "", errNoSession
	}
	var meta metaItem
	err = attributevalue.UnmarshalMap(out.Item, &meta)
	return meta.Mode, err
}

// takeSeat tries some free seats. settled is false when all were taken
// meanwhile and the mode must be read again.
func (s *service) takeSeat(ctx context.Context, session sessionItem, c claim) (record bookingItem, settled bool, err error) {
	seats, err := s.freeSeats(ctx, session, seatsTried)
	if err != nil {
		return bookingItem{}, false, err
	}
	if len(seats) == 0 {
		return s.queue(ctx, c)
	}
	for _, seat := range seats {
		record := c.record
		record.State, record.Seat = confirmed, seat.SK
		var writes dynamo.Writes
		writes.Add(s.table.Delete(seat, s.guards.seatFree))
		writes.Add(s.putRecord(record, c.key))
		s.noteMember(ctx, &writes, "booking.made", "", record)
		err := writes.Commit(ctx, s.table.Client)
		var refused *dynamo.Refused
		switch {
		case err == nil:
			return record, true, nil
		case !errors.As(err, &refused):
			return bookingItem{}, false, err
		case refused.Failed(1):
			return s.known(ctx, refused, c)
		}
	}
	return bookingItem{}, false, nil
}

// queue takes a ticket, waits with it and lets the matcher seat whom it can.
func (s *service) queue(ctx context.Context, c claim) (record bookingItem, settled bool, err error) {
	ticket, err := s.ticket(ctx, c.record.Session)
	if err != nil {
		return bookingItem{}, false, err
	}
	record = c.record
	record.State, record.Ticket = waiting, ticket
	var writes dynamo.Writes
	writes.Add(s.table.Put(waitItem{waitKey(record.Session, ticket), personIn(record.PK), record.ID}, dynamo.Absent))
	writes.Add(s.putRecord(record, c.key))
	s.noteMember(ctx, &writes, "booking.made", "", record)
	err = writes.Commit(ctx, s.table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return s.known(ctx, refused, c)
	}
	if err != nil {
		return bookingItem{}, false, err
	}
	s.tryMatch(ctx, record.Session, ticket)
	return s.reread(ctx, record)
}

// known answers from the record that stood where this one was to be written.
func (s *service) known(ctx context.Context, refused *dynamo.Refused, c claim) (bookingItem, bool, error) {
	var old bookingItem
	found, err := refused.Old(1, &old)
	if err != nil || !found {
		return bookingItem{}, false, err
	}
	if !slices.Contains(old.Keys, c.key) {
		return bookingItem{}, false, errAlreadyBooked
	}
	if old.State != waiting {
		return old, true, nil
	}
	s.tryMatch(ctx, old.Session, old.Ticket)
	return s.reread(ctx, old)
}

// reread is what has become of a booking that waited. One that was erased or
// replaced meanwhile has been given up: it is not made again.
func (s *service) reread(ctx context.Context, record bookingItem) (bookingItem, bool, error) {
	var now bookingItem
	if _, err := s.table.Get(ctx, record.Key, &now); err != nil {
		return bookingItem{}, false, err
	}
	if now.ID != record.ID {
		now = record
		now.State = cancelled
	}
	return now, true, nil
}

// ticket ends the open mode, for good, and draws the next ticket.
func (s *service) ticket(ctx context.Context, session string) (int, error) {
	update := expression.Set(expression.Name("booking_mode"), expression.Value(modeQueue)).
		Add(expression.Name("next_ticket"), expression.Value(1))
	expr, err := expression.NewBuilder().WithUpdate(update).WithCondition(dynamo.Exists).Build()
	if err != nil {
		return 0, fmt.Errorf("ticket: %w", err)
	}
	out, err := s.table.Client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table.Name, Key: metaKey(session).Attributes(),
		UpdateExpression: expr.Update(), ConditionExpression: expr.Condition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
		ReturnValues: types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, fmt.Errorf("ticket: %w", err)
	}
	var meta metaItem
	return meta.NextTicket, attributevalue.UnmarshalMap(out.Attributes, &meta)
}

// recordOptional are the attributes that a booking may lack: writing one anew
// removes what an earlier booking of the same person left.
var recordOptional = []string{"seat", "ticket", "organisation", "territory", "quartet_role", "needs", "by_hand", "promoted", "reminded", "attended", "feedback_at"}

// putRecord writes the record of a person who is free, and keeps the keys that
// it has seen.
func (s *service) putRecord(record bookingItem, key string) (types.TransactWriteItem, error) {
	attributes, err := attributevalue.MarshalMap(record)
	if err != nil {
		return types.TransactWriteItem{}, fmt.Errorf("record: %w", err)
	}
	update := expression.Add(expression.Name("request_keys"), expression.Value(&types.AttributeValueMemberSS{Value: []string{key}}))
	for name, value := range attributes {
		if name != "pk" && name != "sk" && name != "request_keys" {
			update = update.Set(expression.Name(name), expression.Value(value))
		}
	}
	for _, name := range recordOptional {
		if _, has := attributes[name]; !has {
			update = update.Remove(expression.Name(name))
		}
	}
	return s.table.Update(record.Key, update, s.guards.personFree(key))
}
