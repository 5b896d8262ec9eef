// Package membership says where the table Allies keeps who is an ally, for the
// function that writes it, registration, and for those that only ask. A person
// is an ally as long as their partition holds a signature.
package membership

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

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
	items, err := first(ctx, allies, person, "pk")
	return len(items) > 0, err
}

// Signed is who signed the charter, and for which ally.
type Signed struct {
	Ally       string
	GivenName  string
	FamilyName string
}

// Name is the full name of who signed.
func (s Signed) Name() string { return strings.TrimSpace(s.GivenName + " " + s.FamilyName) }

// Of is a signature of a person, the first if there are several; ok is false
// when they have none. It costs half a read unit, and may miss what happened
// this very second.
func Of(ctx context.Context, allies dynamo.Table, person string) (found Signed, ok bool, err error) {
	items, err := first(ctx, allies, person, "sk", "given_name", "family_name")
	if err != nil || len(items) == 0 {
		return found, false, err
	}
	var item struct {
		SK         string `dynamodbav:"sk"`
		GivenName  string `dynamodbav:"given_name"`
		FamilyName string `dynamodbav:"family_name"`
	}
	err = attributevalue.UnmarshalMap(items[0], &item)
	return Signed{strings.TrimPrefix(item.SK, SignaturePrefix), item.GivenName, item.FamilyName}, true, err
}

// first reads some attributes of a person's first signature, if they have any.
func first(ctx context.Context, allies dynamo.Table, person string, attributes ...string) ([]map[string]types.AttributeValue, error) {
	var names expression.ProjectionBuilder
	for _, name := range attributes {
		names = names.AddNames(expression.Name(name))
	}
	expr, err := expression.NewBuilder().WithKeyCondition(
		expression.Key("pk").Equal(expression.Value(personal.Partition(person))).And(expression.Key("sk").BeginsWith(SignaturePrefix)),
	).WithProjection(names).Build()
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	answer, err := allies.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &allies.Name, Limit: aws.Int32(1),
		KeyConditionExpression: expr.KeyCondition(), ProjectionExpression: expr.Projection(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	return answer.Items, nil
}
