package partner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// receiptsQuery is what the list of receipts takes.
type receiptsQuery struct {
	Limit  int    `query:"limit" doc:"At most 100, 20 by default"`
	Cursor string `query:"cursor"`
}

const (
	defaultLimit = 20
	maxLimit     = 100
	// maxPage is where a page ends before its limit, in bytes of results: a
	// Lambda answers 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html),
	// and a snapshot that is refused whole takes 300 KB.
	maxPage = 3 << 20
)

// listedReceipt is a receipt as its partner finds it again.
type listedReceipt struct {
	receipt
	WebhookID  string `json:"webhook_id"`
	Type       string `json:"type"`
	ReceivedAt string `json:"received_at" format:"date-time"`
	// Again are the results of rejected records that were judged again later.
	Again []result `json:"judged_again,omitempty" doc:"Rejected records that the team had judged again since, and their results now"`
	// Open and Aside are the team's own: whether it waits for a hand of theirs,
	// and why it no longer does.
	// Unread is why it was refused whole, and Cohort what it speaks of.
	Open   bool          `json:"-"`
	Aside  *aside        `json:"-"`
	Unread []unreadFault `json:"-"`
	Cohort string        `json:"-"`
	size   int           // of its results as JSON, in bytes
}

type receiptPage struct {
	Items      []listedReceipt `json:"items"`
	NextCursor string          `json:"next_cursor,omitempty"`
}

// getReceipts answers the partner's own receipts, the latest first. The
// request is signed as a message with an empty body.
func (s *service) getReceipts(w http.ResponseWriter, r *http.Request) error {
	from, err := s.verify(r)
	if err != nil {
		return err
	}
	query, err := readReceiptsQuery(r.URL.Query())
	if err != nil {
		return err
	}
	page, err := s.receipts(r.Context(), from.partner, query, web.Period{})
	if err != nil {
		return err
	}
	// What was refused whole has no receipt: its sender was answered why.
	page.Items = slices.DeleteFunc(page.Items, func(l listedReceipt) bool { return l.Unread != nil })
	return web.JSON(w, http.StatusOK, page)
}

func readReceiptsQuery(values url.Values) (receiptsQuery, error) {
	query := receiptsQuery{defaultLimit, values.Get("cursor")}
	var faults fault.Fields
	if text := values.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxLimit {
			faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
		}
		query.Limit = limit
	}
	return query, faults.Err()
}

// bounds are where the sort keys of the index "receipts" lie, which begin with
// an instant: without its zone, so that fractions of a second come after it.
func bounds(p web.Period) (from, until string) {
	from, until = "0", "~" // after all digits
	const sorted = "2006-01-02T15:04:05"
	if !p.From.IsZero() {
		from = p.From.UTC().Format(sorted)
	}
	if !p.Until.IsZero() {
		until = p.Until.UTC().Format(sorted)
	}
	return from, until
}

// receipts are a page of what a partner sent, the latest first.
func (s *service) receipts(ctx context.Context, partner alliance.Partner, query receiptsQuery, period web.Period) (receiptPage, error) {
	start, err := dynamo.StartKey(query.Cursor, "pk", "sk", "receipts", "received_at")
	if err != nil {
		return receiptPage{}, err
	}
	from, until := bounds(period)
	if at, ok := start["receipts"].(*types.AttributeValueMemberS); ok && at.Value != partner.Name {
		return receiptPage{}, errSignature // a cursor of another partner's list
	}
	if at, ok := start["received_at"].(*types.AttributeValueMemberS); ok && (at.Value < from || at.Value > until) {
		return receiptPage{}, dynamo.BadCursor()
	}
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key("receipts").Equal(expression.Value(partner.Name)).
		And(expression.Key("received_at").Between(expression.Value(from), expression.Value(until)))).Build()
	if err != nil {
		return receiptPage{}, fmt.Errorf("receipts: %w", err)
	}
	answer, err := s.table.Client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.table.Name, IndexName: aws.String("receipts"), KeyConditionExpression: expr.KeyCondition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
		Limit: aws.Int32(int32(query.Limit)), ScanIndexForward: aws.Bool(false), ExclusiveStartKey: start,
	})
	if err != nil {
		return receiptPage{}, fmt.Errorf("receipts: %w", err)
	}
	page, size := receiptPage{Items: []listedReceipt{}}, 0
	last := answer.LastEvaluatedKey
	for n, attributes := range answer.Items {
		var place chunkItem
		if err := attributevalue.UnmarshalMap(attributes, &place); err != nil {
			return receiptPage{}, err
		}
		listed, err := s.whole(ctx, place.PK)
		if err != nil {
			return receiptPage{}, err
		}
		page.Items = append(page.Items, listed)
		if size += listed.size; size > maxPage && n+1 < len(answer.Items) {
			last = place.Attributes()
			last["receipts"], last["received_at"] = attributes["receipts"], attributes["received_at"]
			break
		}
	}
	page.NextCursor, err = dynamo.Cursor(last)
	return page, err
}

// whole gathers all parts of a delivery, or why it was refused whole.
func (s *service) whole(ctx context.Context, partition string) (out listedReceipt, err error) {
	out.Results = []result{}
	err = s.table.Partition(ctx, partition, "", func(attributes map[string]types.AttributeValue) error {
		var item chunkItem
		if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
			return err
		}
		if item.ReceivedAt != "" {
			out.ReceivedAt, _, _ = strings.Cut(item.ReceivedAt, "#")
		}
		out.ReceiptID, out.WebhookID, out.Type = item.Receipt, item.Webhook, item.Type
		out.Cohort, out.Unread = item.Cohort, append(out.Unread, item.Unread...)
		out.Open = out.Open || item.Open != ""
		if item.Aside != nil {
			out.Aside = item.Aside
		}
		out.size += len(item.Results) + len(item.Again)
		var results []result
		err := json.Unmarshal([]byte(item.Results), &results)
		out.Results = append(out.Results, results...)
		again, againErr := item.again()
		out.Again = append(out.Again, again...)
		return errors.Join(err, againErr)
	})
	return out, err
}
