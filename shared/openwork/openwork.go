// Package openwork marks what waits for a hand of the team, in the table of
// whoever owns it, and counts it. A mark is two attributes that place an item
// in the sparse index "open"; the owner sets and removes it in the very write
// that changes the item, so a count is never of something else.
package openwork

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// What may be marked.
const (
	Application = "APPLICATION" // in Applications: complete, and not decided
	Refused     = "REFUSED"     // in Partners: a delivery with records that were refused
)

// Mark is what an item embeds. It is empty for an item that waits for nobody.
type Mark struct {
	Open   string `dynamodbav:"open,omitempty"`
	OpenAt string `dynamodbav:"open_at,omitempty"` // since when, so that it sorts
}

// Index is the index of marks, by the attributes of Mark.
const Index = "open"

// Marked counts the items of a table that are marked so.
func Marked(ctx context.Context, table dynamo.Table, what string) (int, error) {
	return Count(ctx, table, Index, expression.Key("open").Equal(expression.Value(what)), nil)
}

// Keys are the keys of the items of a table that are marked so, the oldest
// first. They cost half a read unit for each 4 KB of marks.
func Keys(ctx context.Context, table dynamo.Table, what string) (keys []dynamo.Key, err error) {
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key("open").Equal(expression.Value(what))).Build()
	if err != nil {
		return nil, fmt.Errorf("open work: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(table.Client, &dynamodb.QueryInput{
		TableName: &table.Name, IndexName: aws.String(Index), KeyConditionExpression: expr.KeyCondition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("open work: %w", err)
		}
		var found []dynamo.Key
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &found); err != nil {
			return nil, fmt.Errorf("open work: %w", err)
		}
		keys = append(keys, found...)
	}
	return keys, nil
}

// Count counts the items that a query finds, in an index or, without its name,
// in the table itself. A filter may leave some out. It costs half a read unit
// for each 4 KB that the query passes.
func Count(ctx context.Context, table dynamo.Table, index string, key expression.KeyConditionBuilder, filter *expression.ConditionBuilder) (n int, err error) {
	builder := expression.NewBuilder().WithKeyCondition(key)
	if filter != nil {
		builder = builder.WithFilter(*filter)
	}
	expr, err := builder.Build()
	if err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	input := &dynamodb.QueryInput{
		TableName: &table.Name, Select: types.SelectCount, KeyConditionExpression: expr.KeyCondition(), FilterExpression: expr.Filter(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	}
	if index != "" {
		input.IndexName = aws.String(index)
	}
	pages := dynamodb.NewQueryPaginator(table.Client, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("count: %w", err)
		}
		n += int(page.Count)
	}
	return n, nil
}
