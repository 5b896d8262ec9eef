package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

const (
	// senders work at once in a round. SES lets a new account send 14 a
	// second: four connections stay below it.
	senders = 4
	// roundFor is how long a round takes up new mails; what it has begun
	// then ends within the function's time-out.
	roundFor = timeout - sendFor - recordDeadline
	// duePage is how many due mails are read at once.
	duePage = 100
)

// retryMails sends what is due: mails that were not taken, those that came
// while the provider was down, and those whose sender died. It stops early
// when the provider is down, and leaves the rest for the next round.
func (s *service) retryMails(ctx context.Context, _ time.Time) error {
	taking, cancel := context.WithTimeout(ctx, roundFor)
	defer cancel()
	keys := make(chan dynamo.Key)
	errs := make([]error, senders+1) // the last is of the reading
	var group sync.WaitGroup
	for i := range senders {
		group.Go(func() {
			for key := range keys {
				if err := s.retryMail(ctx, key); err != nil {
					errs[i] = errors.Join(errs[i], err)
				}
			}
		})
	}
	errs[senders] = s.feedDue(taking, keys)
	close(keys)
	group.Wait()
	return errors.Join(errs...)
}

func (s *service) retryMail(ctx context.Context, key dynamo.Key) error {
	if !s.line.open(s.now()) {
		return nil
	}
	item, ok, err := s.claim(ctx, key)
	if err != nil || !ok {
		return err
	}
	return s.deliver(ctx, item)
}

// feedDue hands out the keys of due mails, the longest due first, until there
// are no more, the round is over or the provider is down.
func (s *service) feedDue(ctx context.Context, keys chan<- dynamo.Key) error {
	expr, err := expression.NewBuilder().WithKeyCondition(
		expression.Key("due").Equal(expression.Value(dueShard)).
			And(expression.Key("due_at").LessThanEqual(expression.Value(stamp(s.now())))),
	).Build()
	if err != nil {
		return fmt.Errorf("due mails: %w", err)
	}
	index, limit := "due", int32(duePage)
	pages := dynamodb.NewQueryPaginator(s.table.Client, &dynamodb.QueryInput{
		TableName: &s.table.Name, IndexName: &index, Limit: &limit,
		KeyConditionExpression:   expr.KeyCondition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("due mails: %w", err)
		}
		var found []dynamo.Key
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &found); err != nil {
			return fmt.Errorf("due mails: %w", err)
		}
		for _, key := range found {
			if !s.line.open(s.now()) {
				return nil
			}
			select {
			case keys <- key:
			case <-ctx.Done():
				return nil // the next round goes on from here
			}
		}
	}
	return nil
}
