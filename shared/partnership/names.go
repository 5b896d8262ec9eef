package partnership

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

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
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key("list").Equal(expression.Value(AllCohorts))).
		WithProjection(expression.NamesList(expression.Name("slug"), expression.Name("name"))).Build()
	if err != nil {
		return nil, fmt.Errorf("cohorts: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(cohorts.Client, &dynamodb.QueryInput{
		TableName: &cohorts.Name, IndexName: aws.String("cohorts"), KeyConditionExpression: expr.KeyCondition(), ProjectionExpression: expr.Projection(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(), ScanIndexForward: aws.Bool(false),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("cohorts: %w", err)
		}
		var some []Named
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &some); err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}
