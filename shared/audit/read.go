package audit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// Entry is an entry as it is read.
type Entry struct {
	ID      string
	At      time.Time
	Who     string // the issuer's subject
	Action  string
	Subject string
	Before  string // JSON, empty for nothing
	After   string
	key     dynamo.Key
}

// Filter narrows the trail; empty fields keep everything.
type Filter struct {
	From    time.Time // the first instant, as long ago as entries are kept when zero
	Until   time.Time // the first instant after, now when zero
	Who     string
	Action  string
	Subject string
	Limit   int
	Cursor  string
}

// passed bounds how many entries one page looks at. A page that finds little
// among them is short, and its cursor says where to go on.
const passed = 5000

// Read returns a page of the trail, the latest first, and the cursor of the
// next. All of one subject is one query of an index; everything else goes back
// month by month, each some hundred kilobytes for a team of ten. It returns the
// Invalid fault of a cursor that this list has not given.
func (t Trail) Read(ctx context.Context, filter Filter) (found []Entry, next string, err error) {
	now := t.Now().UTC()
	if filter.Until.IsZero() || filter.Until.After(now) {
		filter.Until = now.Add(time.Second) // what is noted in this second is in
	}
	if oldest := now.AddDate(-keptYears, 0, 0); filter.From.Before(oldest) {
		filter.From = oldest // nothing before is left
	}
	r := reading{trail: t, filter: filter}
	if !filter.From.Before(filter.Until) {
		return nil, "", nil // all of it is to come, or gone
	}
	if filter.Subject != "" {
		err = r.subject(ctx)
	} else {
		err = r.months(ctx)
	}
	if err != nil {
		return nil, "", err
	}
	if r.stopped != nil {
		next, err = dynamo.Cursor(r.stopped)
	}
	return r.found, next, err
}

// reading gathers one page.
type reading struct {
	trail   Trail
	filter  Filter
	found   []Entry
	passed  int
	stopped map[string]types.AttributeValue // the key after which the next page starts
}

// subject reads the entries of one.
func (r *reading) subject(ctx context.Context) error {
	entries := r.stretch("subject", r.filter.Subject)
	start, err := entries.StartKey(r.filter.Cursor)
	if err != nil {
		return err
	}
	return r.query(ctx, aws.String("subject"), entries, start)
}

// months reads back from the last month to the first, until the page is full.
func (r *reading) months(ctx context.Context) error {
	first, month := firstOfMonth(r.filter.From), firstOfMonth(r.filter.Until.Add(-time.Nanosecond))
	start, err := dynamo.StartKey(r.filter.Cursor, "pk", "sk")
	if err != nil {
		return err
	}
	if start != nil {
		name, ours := strings.CutPrefix(text(start["pk"]), partition(""))
		at, err := time.ParseInLocation(monthly, name, french.Paris())
		if !ours || err != nil || at.Before(first) || at.After(month) {
			return dynamo.BadCursor()
		}
		if start, err = r.stretch("pk", partition(name)).StartKey(r.filter.Cursor); err != nil {
			return err
		}
		month = at
	}
	for ; r.stopped == nil && !month.Before(first); month = month.AddDate(0, -1, 0) {
		if err := r.query(ctx, nil, r.stretch("pk", partition(month.Format(monthly))), start); err != nil {
			return err
		}
		start = nil
	}
	return nil
}

func firstOfMonth(at time.Time) time.Time {
	at = at.In(french.Paris())
	return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, at.Location())
}

// stretch is the part of a partition in which the period lies: what follows the
// instant of an entry puts it after the same instant alone.
func (r *reading) stretch(hash, partition string) dynamo.Stretch {
	return dynamo.Stretch{Hash: hash, Partition: partition, Sort: "sk",
		From: r.filter.From.UTC().Format(time.RFC3339), Until: r.filter.Until.UTC().Format(time.RFC3339)}
}

func text(value types.AttributeValue) string {
	if s, ok := value.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// query reads a stretch of the table, or of an index, from start on.
func (r *reading) query(ctx context.Context, index *string, entries dynamo.Stretch, start map[string]types.AttributeValue) error {
	expr, err := expression.NewBuilder().WithKeyCondition(entries.Key()).Build()
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	input := &dynamodb.QueryInput{
		TableName: &r.trail.Table.Name, IndexName: index, ScanIndexForward: aws.Bool(false), ExclusiveStartKey: start,
		KeyConditionExpression: expr.KeyCondition(), ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	}
	for r.stopped == nil {
		if r.filter.Who+r.filter.Action == "" {
			input.Limit = aws.Int32(int32(r.filter.Limit-len(r.found)) + 1)
		}
		page, err := r.trail.Table.Client.Query(ctx, input)
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		if err := r.take(page.Items); err != nil {
			return err
		}
		if input.ExclusiveStartKey = page.LastEvaluatedKey; input.ExclusiveStartKey == nil {
			return nil
		}
	}
	return nil
}

// take adds what the filter keeps, and stops at what no longer fits.
func (r *reading) take(items []map[string]types.AttributeValue) error {
	for _, attributes := range items {
		var item entry
		if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
			return err
		}
		r.passed++
		if kept := r.filter.keeps(item); kept && len(r.found) == r.filter.Limit {
			r.stop(r.found[len(r.found)-1].key)
			return nil
		} else if kept {
			r.found = append(r.found, Entry{item.ID, item.At, item.Who, item.Action, item.Subject, item.Before, item.After, item.Key})
		}
		if r.passed == passed {
			r.stop(item.Key)
			return nil
		}
	}
	return nil
}

func (r *reading) stop(at dynamo.Key) {
	r.stopped = at.Attributes()
	if r.filter.Subject != "" {
		r.stopped["subject"] = &types.AttributeValueMemberS{Value: r.filter.Subject}
	}
}

func (f Filter) keeps(e entry) bool {
	return (f.Who == "" || e.Who == f.Who) && (f.Action == "" || e.Action == f.Action)
}
