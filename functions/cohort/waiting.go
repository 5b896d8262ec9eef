package cohort

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/openwork"
)

// batch is how many items one BatchGetItem may read.
const batch = 100

// toDecide counts, by cohort, the applications that wait for a decision. The
// marks of the open work name them without their cohort, which is read from
// each: only those that wait are, few at any time.
func (s *service) toDecide(ctx context.Context) (map[string]int, error) {
	marked, err := openwork.Keys(ctx, s.table, openwork.Application)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for keys := range slices.Chunk(marked, batch) {
		var asked []map[string]types.AttributeValue
		for _, key := range keys {
			asked = append(asked, key.Attributes())
		}
		if err := s.countByCohort(ctx, asked, counts); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// countByCohort adds the applications of these keys to counts.
func (s *service) countByCohort(ctx context.Context, keys []map[string]types.AttributeValue, counts map[string]int) error {
	expr, err := expression.NewBuilder().WithProjection(expression.NamesList(expression.Name("cohort"))).Build()
	if err != nil {
		return fmt.Errorf("applications to decide: %w", err)
	}
	for len(keys) > 0 {
		answer, err := s.table.Client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{s.table.Name: {
				Keys: keys, ProjectionExpression: expr.Projection(), ExpressionAttributeNames: expr.Names(),
			}},
		})
		if err != nil {
			return fmt.Errorf("applications to decide: %w", err)
		}
		for _, attributes := range answer.Responses[s.table.Name] {
			var found struct {
				Cohort string `dynamodbav:"cohort"`
			}
			if err := attributevalue.UnmarshalMap(attributes, &found); err != nil {
				return err
			}
			counts[found.Cohort]++
		}
		keys = answer.UnprocessedKeys[s.table.Name].Keys
	}
	return nil
}
