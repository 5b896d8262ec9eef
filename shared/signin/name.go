package signin

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// List is the one value of the hash of the index "members".
const List = "MEMBERS"

// Names are the names of all who have ever signed in, by account, for lists of
// what several did: one who was erased is not there. It costs half a read unit
// for each 4 KB of the index, some twenty members.
func (s Sessions) Names(ctx context.Context) (map[string]string, error) {
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key("list").Equal(expression.Value(List))).Build()
	if err != nil {
		return nil, fmt.Errorf("names of members: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(s.Members.Client, &dynamodb.QueryInput{
		TableName: &s.Members.Name, IndexName: aws.String("members"), KeyConditionExpression: expr.KeyCondition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	names := map[string]string{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("names of members: %w", err)
		}
		var records []Record
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &records); err != nil {
			return nil, fmt.Errorf("names of members: %w", err)
		}
		for _, record := range records {
			names[record.Subject] = record.Name
		}
	}
	return names, nil
}

// NameOf is the name of the member with this account, empty for one who was
// erased: what members did names their account only. It costs half a read unit
// for each 4 KB of the index, some twenty members.
func (s Sessions) NameOf(ctx context.Context, subject string) (string, error) {
	expr, err := expression.NewBuilder().
		WithKeyCondition(expression.Key("list").Equal(expression.Value(List))).
		WithFilter(expression.Name("subject").Equal(expression.Value(subject))).Build()
	if err != nil {
		return "", fmt.Errorf("name of a member: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(s.Members.Client, &dynamodb.QueryInput{
		TableName: &s.Members.Name, IndexName: aws.String("members"), KeyConditionExpression: expr.KeyCondition(), FilterExpression: expr.Filter(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("name of a member: %w", err)
		}
		for _, attributes := range page.Items {
			var record Record
			err := attributevalue.UnmarshalMap(attributes, &record)
			return record.Name, err
		}
	}
	return "", nil
}
