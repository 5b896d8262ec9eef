package booking

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// everyone asks match to go on until no seat is free or nobody waits.
const everyone = 0

// match gives free seats to those who wait, the lowest ticket first, until
// this ticket is settled or, with everyone, until there is nothing left to
// give. It gives nothing once the session has begun or is cancelled. Several
// may run at once: each step is one transaction.
func (s *service) match(ctx context.Context, session string, ticket int) error {
	for round := range rounds {
		var item sessionItem
		found, err := s.table.Get(ctx, sessionKey(session), &item)
		if err != nil || !found || !item.bookable(s.now()) {
			return err
		}
		matched, err := s.matchSome(ctx, item, ticket)
		if err != nil || matched {
			return err
		}
		if err := s.rest(ctx, round); err != nil {
			return err
		}
	}
	return errBusy // the stream's consumer and the sweep match later
}

// tryMatch runs the matcher after what was just written, and only logs that it
// could not: what was asked for is done and must be answered so, and the
// stream of this very write runs the matcher again.
func (s *service) tryMatch(ctx context.Context, session string, ticket int) {
	if err := s.match(ctx, session, ticket); err != nil {
		s.log.WarnContext(ctx, "matched later", "session_id", session, "error", err)
	}
}

// matchSome seats people until there is nothing to do, which it says by
// done, or until another was quicker.
func (s *service) matchSome(ctx context.Context, session sessionItem, ticket int) (done bool, err error) {
	for {
		waits, err := s.waits(ctx, session.ID, 1)
		if err != nil || len(waits) == 0 {
			return err == nil, err
		}
		if ticket != everyone && waits[0].SK > waitKey(session.ID, ticket).SK {
			return true, nil // settled
		}
		seats, err := s.freeSeats(ctx, session, 1)
		if err != nil || len(seats) == 0 {
			return err == nil, err
		}
		// Only the head may take a seat: whoever follows waits for the next turn.
		if err := s.seat(ctx, seats[0], waits[0]); err != nil {
			var refused *dynamo.Refused
			if errors.As(err, &refused) {
				return false, nil
			}
			return false, err
		}
	}
}

// seat gives a free seat to someone who waits.
func (s *service) seat(ctx context.Context, seat dynamo.Key, wait waitItem) error {
	session := wait.PK[len(sessionPartition("")):]
	update := expression.Set(expression.Name("state"), expression.Value(confirmed)).
		Set(expression.Name("seat"), expression.Value(seat.SK)).
		Set(expression.Name("promoted"), expression.Value(true)).
		Add(expression.Name("changes"), expression.Value(1)).
		Remove(expression.Name("ticket"))
	var writes dynamo.Writes
	writes.Add(s.table.Delete(seat, s.guards.seatFree))
	writes.Add(s.table.Delete(wait.Key)) // it stands there while the record waits with its ticket
	writes.Add(s.table.Update(bookingKey(wait.Person, session), update, s.guards.waitingWith(wait.ticket())))
	return writes.Commit(ctx, s.table.Client)
}

func (w waitItem) ticket() (ticket int) {
	_, _ = fmt.Sscanf(w.SK, waitPrefix+"%d", &ticket)
	return ticket
}

// freeSeats returns some free seats, from a random one on and round again, so
// that those who book at once try different ones.
func (s *service) freeSeats(ctx context.Context, session sessionItem, limit int) ([]dynamo.Key, error) {
	from := seatKey(session.ID, rand.N(session.NextSeat+1)).SK
	var seats, before []dynamo.Key
	if err := s.some(ctx, session.ID, from, seatPrefix+"~", limit, &seats); err != nil || len(seats) == limit {
		return seats, err
	}
	err := s.some(ctx, session.ID, seatPrefix, from, limit-len(seats), &before)
	return append(seats, before...), err
}

// waits returns the first who wait.
func (s *service) waits(ctx context.Context, session string, limit int) ([]waitItem, error) {
	var waits []waitItem
	return waits, s.some(ctx, session, waitPrefix, waitPrefix+"~", limit, &waits)
}

// some reads the first items of a session between two sort keys, consistently.
func (s *service) some(ctx context.Context, session, from, to string, limit int, out any) error {
	expr, err := expression.NewBuilder().WithKeyCondition(
		expression.Key("pk").Equal(expression.Value(sessionPartition(session))).
			And(expression.Key("sk").Between(expression.Value(from), expression.Value(to)))).Build()
	if err != nil {
		return fmt.Errorf("seats: %w", err)
	}
	answer, err := s.table.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.table.Name, ConsistentRead: aws.Bool(true), Limit: aws.Int32(int32(limit)),
		KeyConditionExpression: expr.KeyCondition(), ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	if err != nil {
		return fmt.Errorf("seats: %w", err)
	}
	return attributevalue.UnmarshalListOfMaps(answer.Items, out)
}

// count is how many items of a session stand between two sort keys; a list
// that is looked at, not decided on, need not be fresh and costs half.
func (s *service) count(ctx context.Context, session, from, to string, fresh bool) (n int, err error) {
	expr, err := expression.NewBuilder().WithKeyCondition(
		expression.Key("pk").Equal(expression.Value(sessionPartition(session))).
			And(expression.Key("sk").Between(expression.Value(from), expression.Value(to)))).Build()
	if err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(s.table.Client, &dynamodb.QueryInput{
		TableName: &s.table.Name, ConsistentRead: &fresh, Select: types.SelectCount,
		KeyConditionExpression: expr.KeyCondition(), ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("count: %w", err)
		}
		n += int(page.Count)
	}
	return n, nil
}

// position is how many wait until this ticket, itself included.
func (s *service) position(ctx context.Context, session string, ticket int) (int, error) {
	return s.count(ctx, session, waitPrefix, waitKey(session, ticket).SK, true)
}

// rest waits a little longer each round, with full jitter.
func (s *service) rest(ctx context.Context, round int) error {
	timer := time.NewTimer(rand.N(time.Millisecond << min(round+1, 7)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
