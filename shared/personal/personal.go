// Package personal is where a person's data stands in the tables, so that all
// of it can be shown to them and all of it can be erased.
//
// In every table with personal data, what is held on a person stands in the
// partition PERSON#hash, where hash is the keyed hash of their normalised
// e-mail address: a query finds it, whichever function wrote it. Items outside
// of that partition may name the hash, never the address, a name or a note.
package personal

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// Partition is the partition key of what is held on a person.
func Partition(person string) string { return "PERSON#" + person }

// Hash is the person that a normalised e-mail address stands for.
func Hash(ctx context.Context, key auth.Key, normalised string) (string, error) {
	return auth.Hash(ctx, key, "email", normalised)
}

// ErasureSK is the sort key of a request to be erased, in every personal table.
const ErasureSK = "ERASURE"

// Erasure is the request of a person to be erased. It is written into all
// personal tables in one transaction, and the owner of each hears of it through
// the stream of its own table.
type Erasure struct {
	dynamo.Key
	RequestedAt time.Time `dynamodbav:"requested_at"`
	ExpiresAt   int64     `dynamodbav:"expires_at"`
	// ErasedAt is when the owner of the table was done (RFC 3339), empty until then.
	ErasedAt string `dynamodbav:"erased_at,omitempty"`
	// List places it in the index "erasures".
	List string `dynamodbav:"erasures"`
}

// AllErasures is the one partition of the index "erasures".
const AllErasures = "ERASURES"

// ErasureKey is where the request of a person stands, in every personal table.
func ErasureKey(person string) dynamo.Key { return dynamo.Key{PK: Partition(person), SK: ErasureSK} }

// Erased is the transaction item that notes, in a table, that its owner has
// carried out the request of this instant.
func Erased(table dynamo.Table, person string, requested, now time.Time) (types.TransactWriteItem, error) {
	return table.Update(ErasureKey(person), expression.Set(expression.Name("erased_at"), expression.Value(now.UTC().Format(time.RFC3339))),
		expression.Name("requested_at").Equal(expression.Value(requested)), expression.AttributeNotExists(expression.Name("erased_at")))
}

// NewErasure makes the request of a person, now.
func NewErasure(person string, now time.Time) Erasure {
	return Erasure{Key: ErasureKey(person), RequestedAt: now.UTC(), ExpiresAt: now.Add(erasureFor).Unix(), List: AllErasures}
}

// Held calls each for all that a table holds on a person, of which the sort key
// begins with prefix. Their request to be erased is not among it: it holds
// nothing on them, and stays for some weeks, to say what was
// done and what a restored table has to do again.
func Held(ctx context.Context, table dynamo.Table, person, prefix string, each func(map[string]types.AttributeValue) error) error {
	return table.Partition(ctx, Partition(person), prefix, func(attributes map[string]types.AttributeValue) error {
		if sk, _ := attributes["sk"].(*types.AttributeValueMemberS); sk != nil && sk.Value == ErasureSK {
			return nil
		}
		return each(attributes)
	})
}

// ErasureIn reads a request out of a change of a personal table; ok is false
// when the change is anything else, or notes that it was carried out.
func ErasureIn(record events.DynamoDBEventRecord) (person string, requested time.Time, ok bool) {
	image := record.Change.NewImage
	if record.EventName == string(events.DynamoDBOperationTypeRemove) || text(record.Change.Keys["sk"]) != ErasureSK || text(image["erased_at"]) != "" {
		return "", time.Time{}, false
	}
	requested, err := time.Parse(time.RFC3339Nano, text(image["requested_at"]))
	person, found := strings.CutPrefix(text(record.Change.Keys["pk"]), Partition(""))
	if err != nil || !found || person == "" {
		return "", time.Time{}, false
	}
	return person, requested, true
}

func text(v events.DynamoDBAttributeValue) string {
	if v.DataType() != events.DataTypeString {
		return ""
	}
	return v.String()
}
