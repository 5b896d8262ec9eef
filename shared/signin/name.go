package signin

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// List is the one value of the hash of the index "members".
const List = "MEMBERS"

// Everyone are the records of all who have ever signed in, by name, out of the
// table Members: one who was erased is not there. It costs half a read unit for
// each 4 KB of the index, some twenty members.
func Everyone(ctx context.Context, members dynamo.Table) (found []Record, err error) {
	err = members.Index(ctx, "members", expression.Key("list").Equal(expression.Value(List)), false, func(item map[string]types.AttributeValue) error {
		var record Record
		err := attributevalue.UnmarshalMap(item, &record)
		found = append(found, record)
		return err
	})
	return found, err
}

// Names are the names of everyone, by account, for lists of what several did.
// It costs what Everyone does.
func (s Sessions) Names(ctx context.Context) (map[string]string, error) {
	everyone, err := Everyone(ctx, s.Members)
	names := map[string]string{}
	for _, record := range everyone {
		names[record.Subject] = record.Name
	}
	return names, err
}
