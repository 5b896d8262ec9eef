package booking

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// sweptAhead is how far ahead the sweep looks for people who wait beside a
// free seat, and sweptBack how far back for sessions to close.
const (
	sweptAhead = 120 * 24 * time.Hour
	sweptBack  = 30 * 24 * time.Hour
)

// closeSessions closes the sessions that have begun, and sweeps the waiting
// lists of those to come: whoever a crash left beside a free seat gets it.
func (s *service) closeSessions(ctx context.Context, due time.Time) error {
	items, err := s.planned(ctx, due.Add(-sweptBack), due.Add(sweptAhead))
	if err != nil {
		return err
	}
	var failed error
	for _, item := range items {
		if item.bookable(s.now()) {
			failed = errors.Join(failed, s.match(ctx, item.ID, everyone))
			continue
		}
		failed = errors.Join(failed, s.closeSession(ctx, item))
	}
	return failed
}

func (s *service) closeSession(ctx context.Context, item sessionItem) error {
	var writes dynamo.Writes
	writes.Add(s.table.Update(item.Key, expression.Set(expression.Name("state"), expression.Value(closed)),
		expression.Name("state").Equal(expression.Value(planned)).
			And(expression.Name("starts_at").Equal(expression.Value(item.StartsAt)))))
	return refusedAsDone(writes.Commit(ctx, s.table.Client))
}
