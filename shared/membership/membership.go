// Package membership says where the table Allies keeps who is an ally, for the
// function that writes it, registration, and for those that only ask. A person
// is an ally as long as their partition holds a signature.
package membership

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// SignaturePrefix begins the sort keys of a person's signatures.
const SignaturePrefix = "ALLY#"

// SignatureKey is where a person's signature for an ally stands; person is a
// keyed hash.
func SignatureKey(person, ally string) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: SignaturePrefix + ally}
}

// Holds tells whether a person has a signature. What was signed or taken back
// this very second may not be seen yet. It costs half a read unit, whatever
// the answer.
func Holds(ctx context.Context, allies dynamo.Table, person string) (bool, error) {
	expr, err := expression.NewBuilder().WithKeyCondition(
		expression.Key("pk").Equal(expression.Value(personal.Partition(person))).And(expression.Key("sk").BeginsWith(SignaturePrefix)),
	).WithProjection(expression.NamesList(expression.Name("pk"))).Build()
	if err != nil {
		return false, fmt.Errorf("signature: %w", err)
	}
	answer, err := allies.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &allies.Name, Limit: aws.Int32(1),
		KeyConditionExpression: expr.KeyCondition(), ProjectionExpression: expr.Projection(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	if err != nil {
		return false, fmt.Errorf("signature: %w", err)
	}
	return len(answer.Items) > 0, nil
}
