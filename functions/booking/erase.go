package booking

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// erase deletes all that Agenda holds on a person who leaves from before they
// asked, and gives back what their bookings hold. Facts stay: they name
// nobody. Bookings go first, because a mail is only asked for while its booking
// stands: after them, nothing is added.
func (s *service) erase(ctx context.Context, person string, requested time.Time) error {
	back := false // they have booked again since
	err := personal.Held(ctx, s.table, person, bookingPrefix, func(attributes map[string]types.AttributeValue) error {
		var found bookingItem
		if err := attributevalue.UnmarshalMap(attributes, &found); err != nil {
			return err
		}
		kept, err := s.eraseBooking(ctx, found.Key, requested)
		back = back || kept
		return err
	})
	if err != nil {
		return err
	}
	return personal.Held(ctx, s.table, person, "", func(attributes map[string]types.AttributeValue) error {
		var found struct {
			dynamo.Key
			CreatedAt time.Time `dynamodbav:"created_at"`
		}
		if err := attributevalue.UnmarshalMap(attributes, &found); err != nil {
			return err
		}
		if strings.HasPrefix(found.SK, bookingPrefix) || back && found.CreatedAt.After(requested) {
			return nil
		}
		var writes dynamo.Writes
		writes.Add(s.table.Delete(found.Key))
		return writes.Commit(ctx, s.table.Client)
	})
}

// eraseBooking deletes a booking and frees what it holds, in one transaction:
// a seat whose holder is gone would be lost, and a ticket would stop the list.
// kept tells that the person made it after they asked to leave.
func (s *service) eraseBooking(ctx context.Context, key dynamo.Key, requested time.Time) (kept bool, err error) {
	for round := range rounds {
		var record bookingItem
		found, err := s.table.Get(ctx, key, &record)
		if err != nil || !found {
			return false, err
		}
		if record.CreatedAt.After(requested) {
			return true, nil
		}
		var writes dynamo.Writes
		same := s.giveBack(&writes, record)
		writes.Add(s.table.Delete(key, same))
		err = writes.Commit(ctx, s.table.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			if err == nil && record.State == confirmed {
				s.tryMatch(ctx, record.Session, everyone)
			}
			return false, err
		}
		if err := s.rest(ctx, round); err != nil {
			return false, err
		}
	}
	return false, errBusy
}
