package booking

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// erase gives back the seats of a person who leaves, then deletes all that
// Agenda holds on them from before they asked. Facts stay: they name nobody.
func (s *service) erase(ctx context.Context, person string, requested time.Time) error {
	return s.table.Partition(ctx, personal.Partition(person), "", func(attributes map[string]types.AttributeValue) error {
		var record bookingItem
		if err := attributevalue.UnmarshalMap(attributes, &record); err != nil {
			return err
		}
		if record.CreatedAt.After(requested) {
			return nil
		}
		if record.State == confirmed || record.State == waiting {
			if err := s.withdraw(ctx, person, record); err != nil {
				return err
			}
		}
		var writes dynamo.Writes
		writes.Add(s.table.Delete(record.Key))
		return writes.Commit(ctx, s.table.Client)
	})
}

// withdraw frees what a booking of a session to come holds.
func (s *service) withdraw(ctx context.Context, person string, record bookingItem) error {
	item, err := s.session(ctx, record.Session)
	if err != nil || !item.bookable(s.now()) {
		return ignoreMissing(err)
	}
	_, err = s.release(ctx, person, record.Session, record.ID)
	return err
}
