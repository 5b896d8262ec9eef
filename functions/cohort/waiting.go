package cohort

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/openwork"
)

// toDecide counts, by cohort, the applications that wait for a decision. The
// marks of the open work name them without their cohort, which is read from
// each: only those that wait are, few at any time.
func (s *service) toDecide(ctx context.Context) (map[string]int, error) {
	marked, err := openwork.Keys(ctx, s.table, openwork.Application)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	return counts, s.table.ItemsLately(ctx, marked, func(attributes map[string]types.AttributeValue) error {
		var found applicationItem
		err := attributevalue.UnmarshalMap(attributes, &found)
		counts[found.Cohort]++
		return err
	})
}
