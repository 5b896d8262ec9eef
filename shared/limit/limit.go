// Package limit slows a client address that posts too often, without a
// counter in memory: Lambda runs many copies of a function.
package limit

import (
	"context"
	"log/slog"
	"net/netip"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Limiter counts calls per client and clock minute: one write unit a call.
type Limiter struct {
	Table     dynamo.Table
	PerMinute int
	Now       func() time.Time
	Key       auth.Key // addresses are stored as keyed hashes, for minutes
	Log       *slog.Logger
}

// countDeadline is how long a call may wait to be counted.
const countDeadline = time.Second

// Allow counts one call. Past the limit it returns a TooMany fault that says
// when to come back. When the count cannot be kept the call passes: a form
// that people need matters more than a limit.
func (l *Limiter) Allow(ctx context.Context, client string) error {
	now := l.Now()
	minute := now.Truncate(time.Minute)
	counting, cancel := context.WithTimeout(ctx, countDeadline)
	defer cancel()
	count, err := l.count(counting, subscriber(client), minute)
	if err != nil {
		l.Log.WarnContext(ctx, "posts are not counted", "error", err)
		return nil
	}
	if count <= l.PerMinute {
		return nil
	}
	return &fault.Error{
		Kind: fault.TooMany, Code: "too-many-requests",
		Detail:     "Trop d’envois depuis votre connexion. Patientez une minute, puis recommencez.",
		RetryAfter: minute.Add(time.Minute).Sub(now),
	}
}

// subscriber is what a client address is counted by. A subscriber has a whole
// /64 of IPv6 and may call from any of its addresses
// (https://www.rfc-editor.org/rfc/rfc6177#section-2).
func subscriber(client string) string {
	address, err := netip.ParseAddr(client)
	if err != nil {
		return client
	}
	if address = address.Unmap(); address.Is4() {
		return address.String()
	}
	network, err := address.WithZone("").Prefix(64)
	if err != nil {
		return client
	}
	return network.String()
}

func (l *Limiter) count(ctx context.Context, client string, minute time.Time) (int, error) {
	hash, err := auth.Hash(ctx, l.Key, "client", client)
	if err != nil {
		return 0, err
	}
	update := expression.Add(expression.Name("posts"), expression.Value(1)).
		Set(expression.Name("expires_at"), expression.Value(minute.Add(time.Hour).Unix()))
	expr, err := expression.NewBuilder().WithUpdate(update).Build()
	if err != nil {
		return 0, err
	}
	out, err := l.Table.Client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName:                 &l.Table.Name,
		Key:                       dynamo.Key{PK: "CLIENT#" + hash, SK: minute.UTC().Format(time.RFC3339)}.Attributes(),
		UpdateExpression:          expr.Update(),
		ExpressionAttributeNames:  expr.Names(),
		ExpressionAttributeValues: expr.Values(),
		ReturnValues:              types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, err
	}
	posts, ok := out.Attributes["posts"].(*types.AttributeValueMemberN)
	if !ok {
		return 0, nil
	}
	return strconv.Atoi(posts.Value)
}
