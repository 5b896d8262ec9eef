package partner

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/openwork"
)

// unreadFault is one thing that kept a message from being read: what we
// answered, and never what was sent.
type unreadFault struct {
	Code   string `dynamodbav:"code"`
	Field  string `dynamodbav:"field,omitempty"`
	Detail string `dynamodbav:"detail"`
}

const (
	// unreadADay is how many messages refused whole are kept of a partner and a
	// day. A sender that goes wrong says the same of each: what comes after them
	// is counted only, so that it does not fill the table, nor what the team's
	// home counts.
	unreadADay = 50
	// unreadFaults is how many faults are kept of one: a snapshot may have hundreds.
	unreadFaults = 20
)

// refusedWhole keeps for the team that a signed message could not be read, and
// returns why. The partner is answered the same whether it could be kept or not.
// The same message sent again changes nothing but the count of the day, nor does
// one under the id of a message that was carried out: its receipt stands.
func (s *service) refusedWhole(ctx context.Context, from signed, m message, why error) error {
	f := fault.As(why)
	if f == nil {
		return why
	}
	if err := s.keepUnread(ctx, from, m, f); err != nil {
		s.log.WarnContext(ctx, "a refused message is not kept", "partner", from.partner.Name, "error", err)
	}
	return why
}

func (s *service) keepUnread(ctx context.Context, from signed, m message, why *fault.Error) error {
	today, err := s.tally(ctx, from.partner.Name, "unread", 1)
	if err != nil || today > unreadADay {
		return err
	}
	now := s.now().UTC()
	item := chunkItem{
		Key: chunkKey(from.partner.Name, from.id, 0), Receipt: s.newID("rcp"), Webhook: from.id,
		Results: "[]", Unread: unreadOf(why), Receipts: from.partner.Name, ExpiresAt: now.Add(kept).Unix(),
	}
	if slices.Contains(messageTypes, m.kind) {
		item.Type = m.kind
	}
	item.ReceivedAt = now.Format(time.RFC3339Nano) + "#" + item.Receipt
	item.Mark = openwork.Mark{Open: openwork.Refused, OpenAt: now.Format(time.RFC3339Nano) + "#" + item.SK}
	put, err := s.table.Put(item, dynamo.Absent)
	if err != nil {
		return err
	}
	// No transaction, which would cost twice: nothing else is written with it.
	_, err = s.table.Client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: put.Put.TableName, Item: put.Put.Item, ConditionExpression: put.Put.ConditionExpression, ExpressionAttributeNames: put.Put.ExpressionAttributeNames,
	})
	var known *types.ConditionalCheckFailedException
	if errors.As(err, &known) {
		return nil
	}
	return err
}

// unreadOf are the faults of a message as they may be kept.
func unreadOf(why *fault.Error) (faults []unreadFault) {
	if len(why.Fields) == 0 {
		return []unreadFault{{Code: why.Code, Detail: why.Detail}}
	}
	for _, field := range why.Fields[:min(len(why.Fields), unreadFaults)] {
		faults = append(faults, unreadFault{why.Code, ourField(field.Location), field.Message})
	}
	return faults
}

// ourFields are the names of a message's fields. A name that a sender made up
// may hold anything, someone's name too.
var ourFields = strings.Fields(`type timestamp data cohort territory territories enrolled_on withdrawn_on milestone reached_on quartet
	slug name programme scale region seats opens_on closes_on starts_on ends_on`)

// ourField is a location as far as its names are ours.
func ourField(location string) string {
	names := strings.Split(location, ".")
	for i, name := range names {
		if _, err := strconv.Atoi(name); err != nil && !slices.Contains(ourFields, name) {
			return strings.Join(names[:i], ".")
		}
	}
	return location
}
