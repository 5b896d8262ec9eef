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
}

// erasureFor is how long the request itself is kept.
const erasureFor = 30 * 24 * time.Hour

// NewErasure makes the request of a person, now.
func NewErasure(person string, now time.Time) Erasure {
	return Erasure{dynamo.Key{PK: Partition(person), SK: ErasureSK}, now.UTC(), now.Add(erasureFor).Unix()}
}

// ErasureIn reads a request out of a change of a personal table; ok is false
// when the change is anything else.
func ErasureIn(record events.DynamoDBEventRecord) (person string, requested time.Time, ok bool) {
	image := record.Change.NewImage
	if record.EventName == string(events.DynamoDBOperationTypeRemove) || text(record.Change.Keys["sk"]) != ErasureSK {
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
