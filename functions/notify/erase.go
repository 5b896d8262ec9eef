package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// erasedMarker remembers, outside of the person's partition and for as long
// as the request itself, until when what comes late must not be kept: an
// intent from a stream that is delivered again, the bounce of an old mail.
type erasedMarker struct {
	dynamo.Key
	RequestedAt string `dynamodbav:"requested_at"`
	ExpiresAt   int64  `dynamodbav:"expires_at"`
}

const erasedFor = 30 * 24 * time.Hour

func erasedKey(person string) dynamo.Key { return dynamo.Key{PK: "ERASED#" + person, SK: "ERASED"} }

// notErasedSince holds on a marker's key when the person did not ask to be
// erased at or after this instant (a stamp).
func notErasedSince(at string) expression.ConditionBuilder {
	return dynamo.Absent.Or(expression.Name("requested_at").LessThan(expression.Value(at)))
}

// erase forgets what Mails holds on a person from before their request: what
// waits to be sent, what was, and why they were not written to. The farewell
// stays until it is sent, when bury leaves nothing of it, since whether it
// comes before or after the request is a matter of chance.
func (s *service) erase(ctx context.Context, person string, requested time.Time) error {
	// The marker first: from here on, nothing old is added behind our back.
	mark, err := s.table.Put(erasedMarker{erasedKey(person), stamp(requested), requested.Add(erasedFor).Unix()},
		notErasedSince(stamp(requested)))
	if err != nil {
		return err
	}
	if err := unlessRefused(dynamo.Transact(ctx, s.table.Client, mark)); err != nil {
		return err
	}
	return s.eraseItems(ctx, person, stamp(requested))
}

func (s *service) eraseItems(ctx context.Context, person, until string) error {
	key := expression.Key("pk").Equal(expression.Value(personal.Partition(person)))
	old := expression.Name("created_at").LessThanEqual(expression.Value(until)).And(
		expression.AttributeNotExists(expression.Name("template")).
			Or(expression.Name("template").NotEqual(expression.Value(farewell))))
	expr, err := expression.NewBuilder().WithKeyCondition(key).WithFilter(old).
		WithProjection(expression.NamesList(expression.Name("pk"), expression.Name("sk"))).Build()
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(s.table.Client, &dynamodb.QueryInput{
		TableName: &s.table.Name, ConsistentRead: aws.Bool(true), KeyConditionExpression: expr.KeyCondition(),
		FilterExpression: expr.Filter(), ProjectionExpression: expr.Projection(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("erase: %w", err)
		}
		var found []dynamo.Key
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &found); err != nil {
			return fmt.Errorf("erase: %w", err)
		}
		for _, item := range found {
			if err := s.remove(ctx, item); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove deletes an item; deleting what is gone already is no error.
func (s *service) remove(ctx context.Context, key dynamo.Key) error {
	_, err := s.table.Client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.table.Name, Key: key.Attributes()})
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	return nil
}
