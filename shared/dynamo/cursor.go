package dynamo

import (
	"encoding/base64"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Cursor hides where a list stopped in an opaque string, empty at the end.
// Keys that lists are sorted by hold strings only.
func Cursor(last map[string]types.AttributeValue) (string, error) {
	if len(last) == 0 {
		return "", nil
	}
	var keys map[string]string
	if err := attributevalue.UnmarshalMap(last, &keys); err != nil {
		return "", err
	}
	text, err := json.Marshal(keys)
	return base64.RawURLEncoding.EncodeToString(text), err
}

// maxKey is how long a sort key may be, in bytes: a longer one is refused by
// DynamoDB, and none of ours is
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
const maxKey = 1024

// StartKey reads a cursor back. attributes are those a cursor of this list
// has; anything else is an Invalid fault of the query's cursor. What it returns
// may be the place of another list of the same attributes, or of none: a query
// that begins there takes Stretch.StartKey.
func StartKey(cursor string, attributes ...string) (map[string]types.AttributeValue, error) {
	if cursor == "" {
		return nil, nil
	}
	var keys map[string]string
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(text, &keys)
	}
	for _, name := range attributes {
		if keys[name] == "" || len(keys[name]) > maxKey {
			return nil, BadCursor()
		}
	}
	if err != nil || len(keys) != len(attributes) {
		return nil, BadCursor()
	}
	start := make(map[string]types.AttributeValue, len(keys))
	for name, value := range keys {
		start[name] = &types.AttributeValueMemberS{Value: value}
	}
	return start, nil
}

// BadCursor is the Invalid fault of a cursor that no list has given.
func BadCursor() error {
	var faults fault.Fields
	faults.Add("query.cursor", "Ce repère de page n’est pas valable : repartez du début de la liste.")
	return faults.Err()
}
