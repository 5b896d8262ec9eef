package partnership

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// AllCohorts is the partition of the index "cohorts" of the table Cohorts: some
// ten a year.
const AllCohorts = "cohorts"

// Named is a cohort by its slug and its name.
type Named struct {
	Slug string `dynamodbav:"slug"`
	Name string `dynamodbav:"name"`
}

// CohortNames lists the cohorts that there are, the latest start first, for
// forms that offer them. It costs half a read unit for each 4 KB of them.
func CohortNames(ctx context.Context, cohorts dynamo.Table) (found []Named, err error) {
	err = cohorts.Index(ctx, "cohorts", expression.Key("list").Equal(expression.Value(AllCohorts)), true, func(item map[string]types.AttributeValue) error {
		var one Named
		err := attributevalue.UnmarshalMap(item, &one)
		found = append(found, one)
		return err
	})
	return found, err
}
