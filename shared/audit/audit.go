// Package audit is the trail of what the team changed: who, when, what,
// before and after. A function adds an entry in the transaction of the change,
// so neither is ever there without the other.
package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// Trail is where entries go.
type Trail struct {
	Table dynamo.Table
	Now   func() time.Time
	NewID func(prefix string) string
}

// entry is one change. Who made it is named by the issuer's subject, never by
// an address; before and after hold no personal data.
type entry struct {
	dynamo.Key
	ID      string    `dynamodbav:"entry_id"`
	At      time.Time `dynamodbav:"at"`
	Who     string    `dynamodbav:"who"`
	Action  string    `dynamodbav:"action"`
	Subject string    `dynamodbav:"subject"`
	Before  string    `dynamodbav:"before,omitempty"` // as JSON
	After   string    `dynamodbav:"after,omitempty"`
	// ExpiresAt ends what is kept, Unix seconds.
	ExpiresAt int64 `dynamodbav:"expires_at"`
}

// Masked stands in an entry, on both sides, for a field that has changed and
// whose values would tell who someone is.
const Masked = "(non conservé)"

// monthly is how months are written.
const monthly = "2006-01"

// partition is where the entries of a month stand, as people in Paris count it.
func partition(month string) string { return "AUDIT#" + month }

// keptYears is how long an entry is kept.
const keptYears = personal.TrailYears

// Entry is the transaction item that notes an action ("session.cancelled") on
// a subject by the member who is signed in. before and after may be nil. It
// returns an error outside of a route of the team: nobody would be named.
func (t Trail) Entry(ctx context.Context, action, subject string, before, after any) (types.TransactWriteItem, error) {
	member, ok := auth.MemberOf(ctx)
	if !ok {
		return types.TransactWriteItem{}, errors.New("audit: nobody is signed in")
	}
	now := t.Now().UTC()
	e := entry{ID: t.NewID("aud"), At: now, Who: member.Subject, Action: action, Subject: subject, ExpiresAt: now.AddDate(keptYears, 0, 0).Unix()}
	e.Key = dynamo.Key{PK: partition(now.In(french.Paris()).Format(monthly)), SK: now.Format(time.RFC3339) + "#" + e.ID}
	for _, side := range []struct {
		value any
		text  *string
	}{{before, &e.Before}, {after, &e.After}} {
		if side.value == nil {
			continue
		}
		text, err := json.Marshal(side.value)
		if err != nil {
			return types.TransactWriteItem{}, fmt.Errorf("audit: %w", err)
		}
		*side.text = string(text)
	}
	return t.Table.Put(e, dynamo.Absent)
}
