package signin

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// List is the one value of the hash of the index "members".
const List = "MEMBERS"

// Names are the names of all who have ever signed in, by account, for lists of
// what several did: one who was erased is not there. It costs half a read unit
// for each 4 KB of the index, some twenty members.
func (s Sessions) Names(ctx context.Context) (map[string]string, error) {
	names := map[string]string{}
	err := s.Members.Index(ctx, "members", expression.Key("list").Equal(expression.Value(List)), false, func(item map[string]types.AttributeValue) error {
		var record Record
		err := attributevalue.UnmarshalMap(item, &record)
		names[record.Subject] = record.Name
		return err
	})
	return names, err
}
