// Package ledger is the record of what happened: immutable, dated facts, from
// which alone the bilan counts. A function appends a fact in the transaction
// that makes it true. Facts hold ids and codes, never personal data, and each
// type has a JSON Schema in events/ that is never edited once published.
package ledger

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// Fact is a CloudEvents 1.0 event in its JSON form
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md).
type Fact struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"`
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"` // when it happened
	DataContentType string    `json:"datacontenttype"`
	DataSchema      string    `json:"dataschema"`
	Data            any       `json:"data"`
}

// New makes a fact. source is the function that states it, kind the type with
// its version ("ally.signed.v1"), subject what it is about.
func New(id, source, kind, subject string, happened time.Time, data any) Fact {
	return Fact{
		SpecVersion: "1.0", ID: id, Source: "/" + source, Type: kind, Subject: subject, Time: happened.UTC(),
		DataContentType: "application/json", DataSchema: "/events/" + kind + ".schema.json", Data: data,
	}
}

type item struct {
	dynamo.Key
	Event      string `dynamodbav:"event"` // the fact as JSON, byte for byte
	RecordedAt string `dynamodbav:"recorded_at"`
}

// Append is the transaction item that adds a fact to the table Ledger, where
// facts of one type and one year, by the calendar of Paris, stand together in
// order of time. It is refused when the fact is there already.
func Append(table dynamo.Table, f Fact, now time.Time) (types.TransactWriteItem, error) {
	event, err := json.Marshal(f)
	if err != nil {
		return types.TransactWriteItem{}, fmt.Errorf("fact %s: %w", f.Type, err)
	}
	return table.Put(item{
		Key: dynamo.Key{
			PK: fmt.Sprintf("%s#%d", f.Type, f.Time.In(french.Paris()).Year()),
			SK: f.Time.UTC().Format(time.RFC3339) + "#" + f.ID,
		},
		Event: string(event), RecordedAt: now.UTC().Format(time.RFC3339),
	}, dynamo.Absent)
}
