// Package dynamo is how functions speak to DynamoDB: keys, reads, lists with
// opaque cursors, transactions that are retried until one truthful outcome is
// known, and answers that are given once per Idempotency-Key.
//
// It hides no feature of the SDK: items are built with attributevalue, and
// conditions with expression.
package dynamo

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/oklog/ulid/v2"
)

// Table is one table and the client that reaches it.
type Table struct {
	Client *dynamodb.Client
	Name   string
}

// Key is the primary key of an item. Structs of items embed it.
type Key struct {
	PK string `dynamodbav:"pk"`
	SK string `dynamodbav:"sk"`
}

// Attributes is the key as the SDK wants it.
func (k Key) Attributes() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: k.PK},
		"sk": &types.AttributeValueMemberS{Value: k.SK},
	}
}

// The most bytes of a key
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys).
const (
	maxPK = 2048
	maxSK = 1024
)

// CanExist tells whether an item may have this key. DynamoDB holds a read of
// any other for a mistake; whoever typed an address is told that nothing is
// there.
func (k Key) CanExist() bool {
	return k.PK != "" && len(k.PK) <= maxPK && k.SK != "" && len(k.SK) <= maxSK
}

// ID makes an identifier "prefix_ULID": unique, sorted by time.
func ID(prefix string, now time.Time, random io.Reader) string {
	return prefix + "_" + ulid.MustNew(ulid.Timestamp(now), random).String()
}

// Get reads one item, consistently, into out; found is false when there is
// none, as under a key that cannot be. It costs one read unit for each 4 KB.
func (t Table) Get(ctx context.Context, key Key, out any) (found bool, err error) {
	if !key.CanExist() {
		return false, nil
	}
	consistent := true
	answer, err := t.Client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.Name, Key: key.Attributes(), ConsistentRead: &consistent,
	})
	if err != nil {
		return false, fmt.Errorf("get: %w", err)
	}
	if answer.Item == nil {
		return false, nil
	}
	return true, attributevalue.UnmarshalMap(answer.Item, out)
}

// together is how many items one call reads at most
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html).
const together = 100

// Items calls each for those of several items that are there, in any order,
// read consistently; keys that cannot be are left out. It costs one read unit
// for each 4 KB of each, and one for each that is not there.
func (t Table) Items(ctx context.Context, keys []Key, each func(map[string]types.AttributeValue) error) error {
	return t.items(ctx, keys, true, each)
}

// ItemsLately is Items for half of its cost: it may miss what happened within
// the last second.
func (t Table) ItemsLately(ctx context.Context, keys []Key, each func(map[string]types.AttributeValue) error) error {
	return t.items(ctx, keys, false, each)
}

func (t Table) items(ctx context.Context, keys []Key, consistent bool, each func(map[string]types.AttributeValue) error) error {
	var wanted []map[string]types.AttributeValue
	for _, key := range keys {
		if key.CanExist() {
			wanted = append(wanted, key.Attributes())
		}
	}
	for len(wanted) > 0 {
		some := wanted[:min(len(wanted), together)]
		answer, err := t.Client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{t.Name: {Keys: some, ConsistentRead: &consistent}},
		})
		if err != nil {
			return fmt.Errorf("items: %w", err)
		}
		for _, item := range answer.Responses[t.Name] {
			if err := each(item); err != nil {
				return err
			}
		}
		// What was over 16 MB comes in the next round.
		wanted = append(wanted[len(some):], answer.UnprocessedKeys[t.Name].Keys...)
	}
	return nil
}

// Exists and Absent are the conditions that most writes carry.
var (
	Exists = expression.AttributeExists(expression.Name("pk"))
	Absent = expression.AttributeNotExists(expression.Name("pk"))
)

// Put is a transaction item that writes a whole item, under conditions that
// all hold. It costs two write units for each KB.
func (t Table) Put(item any, conditions ...expression.ConditionBuilder) (types.TransactWriteItem, error) {
	attributes, err := attributevalue.MarshalMap(item)
	if err != nil {
		return types.TransactWriteItem{}, fmt.Errorf("put: %w", err)
	}
	put := &types.Put{
		TableName: &t.Name, Item: attributes,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if len(conditions) > 0 {
		expr, err := expression.NewBuilder().WithCondition(all(conditions)).Build()
		if err != nil {
			return types.TransactWriteItem{}, fmt.Errorf("put: %w", err)
		}
		put.ConditionExpression = expr.Condition()
		put.ExpressionAttributeNames, put.ExpressionAttributeValues = expr.Names(), expr.Values()
	}
	return types.TransactWriteItem{Put: put}, nil
}

// Update is a transaction item that changes attributes of an item.
func (t Table) Update(key Key, update expression.UpdateBuilder, conditions ...expression.ConditionBuilder) (types.TransactWriteItem, error) {
	builder := expression.NewBuilder().WithUpdate(update)
	if len(conditions) > 0 {
		builder = builder.WithCondition(all(conditions))
	}
	expr, err := builder.Build()
	if err != nil {
		return types.TransactWriteItem{}, fmt.Errorf("update: %w", err)
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &t.Name, Key: key.Attributes(),
		UpdateExpression: expr.Update(), ConditionExpression: expr.Condition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}, nil
}

// Delete is a transaction item that removes an item.
func (t Table) Delete(key Key, conditions ...expression.ConditionBuilder) (types.TransactWriteItem, error) {
	remove := &types.Delete{
		TableName: &t.Name, Key: key.Attributes(),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if len(conditions) > 0 {
		expr, err := expression.NewBuilder().WithCondition(all(conditions)).Build()
		if err != nil {
			return types.TransactWriteItem{}, fmt.Errorf("delete: %w", err)
		}
		remove.ConditionExpression = expr.Condition()
		remove.ExpressionAttributeNames, remove.ExpressionAttributeValues = expr.Names(), expr.Values()
	}
	return types.TransactWriteItem{Delete: remove}, nil
}

// Check is a transaction item that only insists on a condition.
func (t Table) Check(key Key, condition expression.ConditionBuilder) (types.TransactWriteItem, error) {
	expr, err := expression.NewBuilder().WithCondition(condition).Build()
	if err != nil {
		return types.TransactWriteItem{}, fmt.Errorf("check: %w", err)
	}
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &t.Name, Key: key.Attributes(), ConditionExpression: expr.Condition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	}}, nil
}

// Partition calls each for all items of a partition whose sort key begins
// with prefix, read consistently. One that cannot be is empty.
func (t Table) Partition(ctx context.Context, pk, prefix string, each func(map[string]types.AttributeValue) error) error {
	if pk == "" || len(pk) > maxPK || len(prefix) > maxSK {
		return nil
	}
	condition := expression.Key("pk").Equal(expression.Value(pk))
	if prefix != "" {
		condition = condition.And(expression.Key("sk").BeginsWith(prefix))
	}
	expr, err := expression.NewBuilder().WithKeyCondition(condition).Build()
	if err != nil {
		return fmt.Errorf("query: %w", err)
	}
	consistent := true
	pages := dynamodb.NewQueryPaginator(t.Client, &dynamodb.QueryInput{
		TableName: &t.Name, KeyConditionExpression: expr.KeyCondition(), ConsistentRead: &consistent,
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	return readAll(ctx, pages, "query", each)
}

// Index calls each for all items of an index that a key condition keeps, in the
// order of its sort key or backward. An index follows its table within a second
// or so.
func (t Table) Index(ctx context.Context, name string, key expression.KeyConditionBuilder, backward bool, each func(map[string]types.AttributeValue) error) error {
	expr, err := expression.NewBuilder().WithKeyCondition(key).Build()
	if err != nil {
		return fmt.Errorf("index %s: %w", name, err)
	}
	forward := !backward
	pages := dynamodb.NewQueryPaginator(t.Client, &dynamodb.QueryInput{
		TableName: &t.Name, IndexName: &name, KeyConditionExpression: expr.KeyCondition(), ScanIndexForward: &forward,
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	return readAll(ctx, pages, "index "+name, each)
}

// readAll hands on the items of all pages.
func readAll(ctx context.Context, pages *dynamodb.QueryPaginator, what string, each func(map[string]types.AttributeValue) error) error {
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		for _, item := range page.Items {
			if err := each(item); err != nil {
				return err
			}
		}
	}
	return nil
}

func all(conditions []expression.ConditionBuilder) expression.ConditionBuilder {
	condition := conditions[0]
	for _, c := range conditions[1:] {
		condition = condition.And(c)
	}
	return condition
}
