package partner

import (
	"fmt"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/openwork"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// The table Partners:
//
//	STATE#partner#cohort  TERRITORY#code       the latest said of a territory (package partnership)
//	STATE#partner#cohort  MILESTONE#code#text  the latest said of a milestone
//	STATE#partner#cohort  COHORT               the latest announcement of the cohort
//	CLAIM#cohort          CLAIM                the partner that announced a cohort first
//	DELIVERY#partner#id   CHUNK#000            a part of a message that was carried out, and its results,
//	                                           or why a signed message was refused whole
//	TALLY#partner         2026-11-28           how many messages of a day were refused whole, or were not signed
//
// Index "receipts": the deliveries of a partner, by time.

// chunkItem is a part of a message that was carried out: it is written in the
// transaction of its effects, so that it has them once, and the same message
// goes on where a crash left it.
type chunkItem struct {
	dynamo.Key
	Receipt string `dynamodbav:"receipt_id"`
	Webhook string `dynamodbav:"webhook_id"`
	Type    string `dynamodbav:"type"`
	Cohort  string `dynamodbav:"cohort,omitempty"`
	Body    string `dynamodbav:"body"` // digest of what was sent
	Results string `dynamodbav:"results"`
	// Refused are the records that were rejected, as JSON, to be judged again;
	// Again is what became of them then, as JSON. The results stay what the
	// partner was answered.
	Refused string `dynamodbav:"refused,omitempty"`
	Again   string `dynamodbav:"again,omitempty"`
	// Unread is why a message was refused whole: then the item is no part of it,
	// and stands where its first part would. So an id is one message: what was
	// carried out is never hidden by what cannot be read, and takes its place.
	Unread []unreadFault `dynamodbav:"unread,omitempty"`
	// Aside is why the team leaves what is rejected still as it is.
	Aside *aside `dynamodbav:"aside,omitempty"`
	// Receipts and ReceivedAt place the first part in the index "receipts".
	Receipts      string `dynamodbav:"receipts,omitempty"`
	ReceivedAt    string `dynamodbav:"received_at,omitempty"`
	ExpiresAt     int64  `dynamodbav:"expires_at"`
	openwork.Mark        // when records of it were refused, or all of it
}

// claimItem makes a cohort the one partner's that announced it first.
type claimItem struct {
	dynamo.Key
	Partner string `dynamodbav:"partner"`
}

func claimKey(cohort string) dynamo.Key { return dynamo.Key{PK: "CLAIM#" + cohort, SK: "CLAIM"} }

const chunkPrefix = "CHUNK#"

func chunkKey(partner, webhook string, number int) dynamo.Key {
	return dynamo.Key{PK: partnership.DeliveryPartition(partner, webhook), SK: fmt.Sprintf("%s%03d", chunkPrefix, number)}
}
