package bilan

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/yearly"
)

// The table Bilans, which holds nothing on anyone:
//
//	FIGURE#2023#id   element               an element of a figure of a year, with the facts that name it
//	FIGURE#id        element               an element of a figure that spans years
//	FACT#kind#id     FACT                  where a fact stands in the ledger, and whether another replaced it
//	YEARS            2023                  counters of the figures of a year
//	STEPS            2023                  by how much figures that span move from the year before
//	BOOK             BOOK                  the state of each year, how often counters changed, which figures are counted
//	BILAN#2023       REPORT                the published year, frozen
//	BILAN#2023       CORRECTIONS           what later facts would change, compressed
//	FROZEN#2023#id   00000                 the records behind a published figure, fifty to an item
//	POSTED#id        POSTED                a fact that the team recorded, and what corrected it
//	NOTICES          TIME#name             something the team should know
//	PERSON#hash      MAIL#…                a mail to the address of the team (package mail)
//	ONCE#…           ONCE                  an Idempotency-Key that was used

// elementItem is an element of a figure.
type elementItem struct {
	dynamo.Key
	Facts element `dynamodbav:"facts"`
	// Revision rises with each change: who changes what has changed since reads again.
	Revision int `dynamodbav:"revision"`
}

// partition is where the elements of a figure stand.
func (f figure) partition(year int) string {
	if f.Spans {
		return "FIGURE#" + f.key()
	}
	return "FIGURE#" + strconv.Itoa(year) + "#" + f.key()
}

// factItem is a fact that the figures have seen, or have heard that it is replaced.
type factItem struct {
	dynamo.Key
	LedgerPK string `dynamodbav:"ledger_pk,omitempty"`
	LedgerSK string `dynamodbav:"ledger_sk,omitempty"`
	Replaced bool   `dynamodbav:"replaced,omitempty"`
}

func factKey(kind, id string) dynamo.Key {
	return dynamo.Key{PK: "FACT#" + kind + "#" + id, SK: "FACT"}
}

const stepsPartition = "STEPS"

// countersKey is where counters stand; those of a year where package yearly
// says, as the team's home reads them too.
func countersKey(spans bool, year int) dynamo.Key {
	if spans {
		return dynamo.Key{PK: stepsPartition, SK: strconv.Itoa(year)}
	}
	return yearly.Key(year)
}

// bookItem is what every change of a counter passes by.
type bookItem struct {
	dynamo.Key
	// Changes rises with each transaction that moves counters.
	Changes int `dynamodbav:"changes"`
	// Lives rises each time that a year is closed or published, or is about to be.
	Lives int                  `dynamodbav:"lives"`
	Years map[string]yearState `dynamodbav:"years"`
	// Freezing are the years that are about to be published, each with the life
	// since which nothing of it has changed: who changes something takes it out.
	Freezing map[string]int `dynamodbav:"freezing"`
	// Counted are the keys of the figures that were counted over all facts.
	Counted map[string]bool `dynamodbav:"counted"`
}

var bookKey = dynamo.Key{PK: "BOOK", SK: "BOOK"}

// yearState is where a year stands, and since when.
type yearState struct {
	Status report.Status `dynamodbav:"status"`
	At     time.Time     `dynamodbav:"at"`
}

// state is that of a year; open for one of which nothing was said.
func (b bookItem) state(year int) yearState {
	if s, known := b.Years[strconv.Itoa(year)]; known {
		return s
	}
	return yearState{Status: report.Open}
}

func bilanPartition(year int) string { return "BILAN#" + strconv.Itoa(year) }

const reportSK = "REPORT"

// reportItem is a published year: the JSON of its report, compressed.
type reportItem struct {
	dynamo.Key
	Report []byte `dynamodbav:"report"`
}

func reportKey(year int) dynamo.Key { return dynamo.Key{PK: bilanPartition(year), SK: reportSK} }

// correctionsItem is what facts that came after publication would change: the
// JSON of all of them, compressed, so that a page reads a hundred with the year.
type correctionsItem struct {
	dynamo.Key
	Late []byte `dynamodbav:"late"`
	// Revision rises with each change, as that of an element.
	Revision int `dynamodbav:"revision"`
}

func correctionsKey(year int) dynamo.Key {
	return dynamo.Key{PK: bilanPartition(year), SK: "CORRECTIONS"}
}

// lateFact is a fact that came after publication, with by how much it would
// move each figure, under the figure's key.
type lateFact struct {
	Fact     string           `json:"f"`
	Recorded string           `json:"r"` // RFC 3339 in UTC
	Type     string           `json:"t"`
	Text     string           `json:"x"`
	Corrects bool             `json:"c,omitempty"`
	By       map[string]tally `json:"b"`
}

// book reads the book, consistently.
func (s *service) book(ctx context.Context) (b bookItem, err error) {
	_, err = s.table.Get(ctx, bookKey, &b)
	return b, err
}

// read reads several items of the table, consistently: those that are there.
// Each costs a read unit for 4 KB.
func read[T any](ctx context.Context, table dynamo.Table, keys []dynamo.Key, keyOf func(T) dynamo.Key) (map[dynamo.Key]T, error) {
	found := map[dynamo.Key]T{}
	err := table.Items(ctx, keys, func(attributes map[string]types.AttributeValue) error {
		var item T
		err := attributevalue.UnmarshalMap(attributes, &item)
		found[keyOf(item)] = item
		return err
	})
	return found, err
}
