package mail

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// SuppressionKey is where the table Mails keeps why a person is not written to:
// they are not as long as the item there has the attribute "suppressed".
func SuppressionKey(person string) dynamo.Key {
	return dynamo.Key{PK: personal.Partition(person), SK: "SUPPRESSED"}
}

// Suspended are those of some people, each once, to whom
// nothing is sent: a mail came back, or they reported one. It costs half a read
// unit for each, and may miss what happened this very second.
func Suspended(ctx context.Context, mails dynamo.Table, people []string) (map[string]bool, error) {
	suspended := map[string]bool{}
	var keys []dynamo.Key
	for _, person := range people {
		keys = append(keys, SuppressionKey(person))
	}
	return suspended, mails.ItemsLately(ctx, keys, func(attributes map[string]types.AttributeValue) error {
		var item struct {
			dynamo.Key
			Listed string `dynamodbav:"suppressed"`
		}
		err := attributevalue.UnmarshalMap(attributes, &item)
		if item.Listed != "" {
			suspended[personIn(item.PK)] = true
		}
		return err
	})
}
