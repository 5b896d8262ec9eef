package notify

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// index is one of the two of which the team reads: one partition, by instant.
type index struct{ name, hash, sort, partition string }

var (
	mailsIndex      = index{"mails", "list", "list_at", allMails}
	suppressedIndex = index{"suppressed", "suppressed", "suppressed_at", listed}
)

// within tells whether an instant, as a stamp, is in a period.
func within(p web.Period, at string) bool {
	return (p.From.IsZero() || at >= stamp(p.From)) && (p.Until.IsZero() || at < stamp(p.Until))
}

// in is the part of an index in which a period lies. No item has the last
// instant for its place.
func (of index) in(p web.Period) dynamo.Stretch {
	stretch := dynamo.Stretch{Hash: of.hash, Partition: of.partition, Sort: of.sort}
	if !p.From.IsZero() {
		stretch.From = stamp(p.From)
	}
	if !p.Until.IsZero() {
		stretch.Until = stamp(p.Until)
	}
	return stretch
}

// readLimit reads how long a page of a list may be.
func readLimit(values url.Values, faults *fault.Fields) int {
	const otherwise, most = 20, 100
	text := values.Get("limit")
	if text == "" {
		return otherwise
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > most {
		faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
	}
	return limit
}

// entry is a line of a list, which knows where it stands in its index.
type entry interface {
	place() (dynamo.Key, string)
}

// cursor is where a list goes on after a line.
func (of index) cursor(after entry) (string, error) {
	key, at := after.place()
	attributes := key.Attributes()
	attributes[of.hash] = &types.AttributeValueMemberS{Value: of.partition}
	attributes[of.sort] = &types.AttributeValueMemberS{Value: at}
	return dynamo.Cursor(attributes)
}

// list returns a page of an index, the latest first, and the cursor of the
// next. It reads until the page is full: the whole period when few are kept.
func list[T entry](ctx context.Context, s *service, of index, p web.Period, limit int, cursor string,
	read func(map[string]types.AttributeValue) (T, bool, error)) (found []T, next string, err error) {
	found = []T{}
	start, err := of.in(p).StartKey(cursor)
	if err != nil {
		return found, "", err
	}
	expr, err := expression.NewBuilder().WithKeyCondition(of.in(p).Key()).Build()
	if err != nil {
		return found, "", fmt.Errorf("index %s: %w", of.name, err)
	}
	input := &dynamodb.QueryInput{
		TableName: &s.table.Name, IndexName: &of.name, ScanIndexForward: aws.Bool(false),
		Limit: aws.Int32(int32(limit) + 1), ExclusiveStartKey: start, KeyConditionExpression: expr.KeyCondition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	}
	for {
		page, err := s.table.Client.Query(ctx, input)
		if err != nil {
			return found, "", fmt.Errorf("index %s: %w", of.name, err)
		}
		for _, attributes := range page.Items {
			one, kept, err := read(attributes)
			if err != nil {
				return found, "", err
			}
			if !kept {
				continue
			}
			if len(found) == limit {
				next, err := of.cursor(found[limit-1])
				return found, next, err
			}
			found = append(found, one)
		}
		if input.ExclusiveStartKey = page.LastEvaluatedKey; input.ExclusiveStartKey == nil {
			return found, "", nil
		}
		input.Limit = aws.Int32(exported) // the first page had too few: a search that finds little
	}
}

// pageOf cuts a page, after a cursor, out of a list that was read as a whole.
func pageOf[T entry](of index, all []T, limit int, cursor string) (page []T, next string, err error) {
	start, err := of.in(web.Period{}).StartKey(cursor)
	if err != nil {
		return []T{}, "", err
	}
	slices.SortFunc(all, func(a, b T) int {
		_, first := a.place()
		_, second := b.place()
		return strings.Compare(second, first)
	})
	if last, given := start[of.sort].(*types.AttributeValueMemberS); given {
		all = slices.DeleteFunc(all, func(one T) bool { _, at := one.place(); return at >= last.Value })
	}
	if len(all) <= limit {
		return all, "", nil
	}
	next, err = of.cursor(all[limit-1])
	return all[:limit], next, err
}

// exported is how many lines an export reads at once.
const exported = 2000
