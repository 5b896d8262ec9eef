package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// The states of a mail. A mail that is being sent is merely one whose due_at
// is the end of its lease: if the sender dies, it becomes due by itself.
const (
	queued       = "queued"       // waits for due_at
	sending      = "sending"      // leased until due_at
	sent         = "sent"         // taken by the provider
	returned     = "returned"     // sent, and came back for good
	reported     = "reported"     // sent, and reported as unwanted
	failed       = "failed"       // refused for good, or given up
	suppressed   = "suppressed"   // not sent: bounces or complaints came from there
	unsubscribed = "unsubscribed" // not sent: the person wants receipts only
)

const (
	// leaseFor is how long one sender has a mail for itself. It is longer
	// than an invocation lasts, so that nobody outlives their lease.
	leaseFor = 5 * time.Minute
	// retryFor is how long a mail is retried before it is given up; RFC 5321
	// section 4.5.4.1 asks for four to five days of a mail server, but a link
	// that comes after the week-end helps nobody.
	retryFor = 3 * 24 * time.Hour
	// recordFor is how long the record of a mail is kept, without content.
	recordFor = personal.MailFor
	// failedFor is how long a mail that failed can be sent again.
	failedFor = personal.FailedMailFor
	// allMails is the one partition of the index "mails".
	allMails = "MAILS"
	// tombstoneFor is how long a sent farewell is remembered, well over the
	// day that streams keep a change.
	tombstoneFor = 7 * 24 * time.Hour
	// dueShard is the one partition of the index "due".
	dueShard = "DUE"
	// instant writes times so that they sort as text and compare in conditions.
	instant = "2006-01-02T15:04:05.000000000Z"
)

// mailItem is a mail in the outbox: a copy of its intent until the end, then
// a record without content nor address. One that failed keeps both for two
// weeks, in which the team may send it again.
type mailItem struct {
	dynamo.Key
	ID        string            `dynamodbav:"mail_id"`
	Template  string            `dynamodbav:"template"`
	To        string            `dynamodbav:"to,omitempty"`
	Name      string            `dynamodbav:"name,omitempty"`
	Data      map[string]string `dynamodbav:"data,omitempty"`
	Calendar  mail.Calendar     `dynamodbav:"calendar,omitempty"`
	CreatedAt string            `dynamodbav:"created_at"`
	State     string            `dynamodbav:"state"`
	// Attempts counts the claims, so its value names the present lease: who
	// lost theirs finds another number and changes nothing.
	Attempts  int    `dynamodbav:"attempts"`
	Due       string `dynamodbav:"due,omitempty"`
	DueAt     string `dynamodbav:"due_at,omitempty"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
	EndedAt   string `dynamodbav:"ended_at,omitempty"`
	Reason    string `dynamodbav:"reason,omitempty"` // why it failed
	About     string `dynamodbav:"about,omitempty"`  // the team's page on what caused it
	List      string `dynamodbav:"list"`             // with ListAt, the index "mails"
	ListAt    string `dynamodbav:"list_at"`
}

// tombstone remembers that a farewell went out: nothing else is left of it.
type tombstone struct {
	dynamo.Key
	ExpiresAt int64 `dynamodbav:"expires_at"`
}

func tombstoneKey(mailID string) dynamo.Key { return dynamo.Key{PK: "SENT#" + mailID, SK: "SENT"} }

func newMailItem(intent mail.Intent, now time.Time) mailItem {
	return mailItem{
		Key: intent.Key, ID: intent.ID, Template: intent.Template,
		To: intent.To, Name: intent.Name, Data: intent.Data, Calendar: intent.Calendar, CreatedAt: stamp(intent.CreatedAt), About: intent.Data[mail.About],
		Due: dueShard, ExpiresAt: now.Add(recordFor).Unix(), List: allMails, ListAt: stamp(intent.CreatedAt) + "#" + intent.ID,
	}
}

func stamp(t time.Time) string { return t.UTC().Format(instant) }

// personOf is the keyed hash of the person in whose partition an item stands.
func personOf(key dynamo.Key) string { return strings.TrimPrefix(key.PK, personal.Partition("")) }

// accept keeps a copy of an intent. fresh is false when the mail is known
// already, has been sent, or is for someone who asked to be erased since.
func (s *service) accept(ctx context.Context, item mailItem, person string) (fresh bool, err error) {
	put, err := s.table.Put(item, dynamo.Absent)
	if err != nil {
		return false, err
	}
	var unwanted types.TransactWriteItem
	if item.Template == farewell {
		unwanted, err = s.table.Check(tombstoneKey(item.ID), dynamo.Absent)
	} else {
		unwanted, err = s.table.Check(erasedKey(person), notErasedSince(item.CreatedAt))
	}
	if err != nil {
		return false, err
	}
	err = dynamo.Transact(ctx, s.table.Client, put, unwanted)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return false, nil
	}
	return err == nil, err
}

// isDue holds for a mail whose time has come: it waits, or its lease is over.
func isDue(now time.Time) expression.ConditionBuilder {
	return expression.Name("due_at").LessThanEqual(expression.Value(stamp(now)))
}

// claim takes the lease of a due mail; ok is false when someone else has it
// or it is done. Of several that try at once, one gets it.
func (s *service) claim(ctx context.Context, key dynamo.Key) (item mailItem, ok bool, err error) {
	now := s.now()
	expr, err := expression.NewBuilder().WithCondition(dynamo.Exists.And(s.claimable(now))).WithUpdate(
		expression.Set(expression.Name("state"), expression.Value(sending)).
			Set(expression.Name("due_at"), expression.Value(stamp(now.Add(leaseFor)))).
			Add(expression.Name("attempts"), expression.Value(1))).Build()
	if err != nil {
		return mailItem{}, false, fmt.Errorf("claim: %w", err)
	}
	out, err := s.table.Client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table.Name, Key: key.Attributes(),
		UpdateExpression: expr.Update(), ConditionExpression: expr.Condition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
		ReturnValues: types.ReturnValueAllNew,
	})
	var unmet *types.ConditionalCheckFailedException
	var taken *types.TransactionConflictException // someone is at it right now
	switch {
	case errors.As(err, &unmet), errors.As(err, &taken):
		return mailItem{}, false, nil
	case err != nil:
		return mailItem{}, false, fmt.Errorf("claim: %w", err)
	}
	return item, true, attributevalue.UnmarshalMap(out.Attributes, &item)
}

// leased holds while the item's lease is the one that we took.
func leased(item mailItem) expression.ConditionBuilder {
	return expression.Name("attempts").Equal(expression.Value(item.Attempts))
}

// postpone puts a mail back until an instant.
func (s *service) postpone(ctx context.Context, item mailItem, until time.Time) error {
	return s.record(ctx, item, expression.Set(expression.Name("state"), expression.Value(queued)).
		Set(expression.Name("due_at"), expression.Value(stamp(until))))
}

// end records how a mail ended, and forgets to whom it went and what it said,
// unless it failed.
// Nothing at all is left of a farewell: the person is erased.
func (s *service) end(ctx context.Context, item mailItem, state, receipt, reason string) error {
	now := s.now()
	if item.Template == farewell {
		return s.bury(ctx, item, now)
	}
	forgotten, kept := []string{"due", "due_at", "to", "name", "data", "calendar"}, recordFor
	if state == failed {
		forgotten, kept = forgotten[:2], failedFor
	}
	update := expression.Set(expression.Name("state"), expression.Value(state)).
		Set(expression.Name("ended_at"), expression.Value(stamp(now))).
		Set(expression.Name("expires_at"), expression.Value(now.Add(kept).Unix()))
	if receipt != "" {
		update = update.Set(expression.Name("provider_id"), expression.Value(receipt))
	}
	if reason != "" {
		update = update.Set(expression.Name("reason"), expression.Value(reason))
	}
	for _, name := range forgotten {
		update = update.Remove(expression.Name(name))
	}
	return s.record(ctx, item, update)
}

// record changes a mail whose lease we hold. When we do not any more, someone
// else has it or the person was erased: there is nothing to record. It is a
// transaction, of one item, for the sake of its retries: after the provider
// took the mail, a conflict must not leave it unrecorded.
func (s *service) record(ctx context.Context, item mailItem, update expression.UpdateBuilder) error {
	change, err := s.table.Update(item.Key, update, dynamo.Exists, leased(item))
	if err != nil {
		return err
	}
	return unlessRefused(dynamo.Transact(ctx, s.table.Client, change))
}

// bury leaves nothing of a farewell but the fact that it is done with.
func (s *service) bury(ctx context.Context, item mailItem, now time.Time) error {
	mark, err := s.table.Put(tombstone{tombstoneKey(item.ID), now.Add(tombstoneFor).Unix()})
	if err != nil {
		return err
	}
	remove, err := s.table.Delete(item.Key, leased(item))
	if err != nil {
		return err
	}
	// Refused: another sender has it now, and will bury it.
	return unlessRefused(dynamo.Transact(ctx, s.table.Client, mark, remove))
}
