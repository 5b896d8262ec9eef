package audit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// Entry is an entry as it is read.
type Entry struct {
	ID      string
	At      time.Time
	Who     string // the issuer's subject
	Action  string
	Subject string
	Before  string // JSON, empty for nothing
	After   string
	key     dynamo.Key
}

// Filter narrows a month of the trail; empty fields keep everything.
type Filter struct {
	Month   string // "2026-11", in Paris
	Who     string
	Action  string
	Subject string // part of it
	Limit   int
	Cursor  string
}

// Read returns a page of a month of the trail, the latest first, and the
// cursor of the next. A month of a team of ten is a few hundred kilobytes.
func (t Trail) Read(ctx context.Context, filter Filter) (found []Entry, next string, err error) {
	start, err := dynamo.StartKey(filter.Cursor, "pk", "sk")
	if err != nil {
		return nil, "", err
	}
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key("pk").Equal(expression.Value(partition(filter.Month)))).Build()
	if err != nil {
		return nil, "", fmt.Errorf("audit: %w", err)
	}
	input := &dynamodb.QueryInput{
		TableName: &t.Table.Name, ScanIndexForward: aws.Bool(false), ExclusiveStartKey: start, KeyConditionExpression: expr.KeyCondition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	}
	if filter.Who+filter.Action+filter.Subject == "" {
		input.Limit = aws.Int32(int32(filter.Limit) + 1)
	}
	for {
		page, err := t.Table.Client.Query(ctx, input)
		if err != nil {
			return nil, "", fmt.Errorf("audit: %w", err)
		}
		for _, attributes := range page.Items {
			var item entry
			if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
				return nil, "", err
			}
			if !filter.keeps(item) {
				continue
			}
			if len(found) == filter.Limit {
				next, err = dynamo.Cursor(found[len(found)-1].key.Attributes())
				return found, next, err
			}
			found = append(found, Entry{item.ID, item.At, item.Who, item.Action, item.Subject, item.Before, item.After, item.Key})
		}
		if input.ExclusiveStartKey = page.LastEvaluatedKey; input.ExclusiveStartKey == nil {
			return found, "", nil
		}
	}
}

func (f Filter) keeps(e entry) bool {
	return (f.Who == "" || e.Who == f.Who) && (f.Action == "" || e.Action == f.Action) && strings.Contains(e.Subject, f.Subject)
}
