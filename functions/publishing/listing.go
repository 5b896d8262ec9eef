package publishing

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// listing asks for a page of an index that the team reads from its latest item
// back. The hash of the index has its name; its range has it too, and "_at":
// an instant, "#" and what the item's key is made of.
type listing[T any] struct {
	index, partition string
	limit            int
	cursor           string
	narrowed         bool // not everything is kept: more must be read than is shown
	keeps            func(T) bool
	at               func(T) string          // where an item stands in the index
	key              func(string) dynamo.Key // and in the table
}

// maxRead is how many items a search reads of an index at once; DynamoDB ends
// a page at 1 MB, which comes before.
const maxRead = 10_000

// listed reads a page of a listing, and the cursor of the next. It reads on
// until the page is full: the whole index when a search finds little.
func listed[T any](ctx context.Context, s *service, l listing[T]) (found []T, next string, err error) {
	found = []T{}
	start, err := l.start()
	if err != nil {
		return found, "", err
	}
	atOnce := maxRead
	if !l.narrowed {
		atOnce = l.limit + 1
	}
	for {
		var items []T
		start, err = s.queryIndex(ctx, l.index, expression.Key(l.index).Equal(expression.Value(l.partition)), false, atOnce, start, &items)
		if err != nil {
			return found, "", err
		}
		for _, item := range items {
			if !l.keeps(item) {
				continue
			}
			if len(found) == l.limit {
				next, err = l.after(found[l.limit-1])
				return found, next, err
			}
			found = append(found, item)
		}
		if start == nil {
			return found, "", nil
		}
	}
}

// after and start carry the place in the index, which says the rest of the
// key: a cursor that someone changed can ask for nothing else.
func (l listing[T]) after(item T) (string, error) {
	return dynamo.Cursor(map[string]types.AttributeValue{l.index + "_at": &types.AttributeValueMemberS{Value: l.at(item)}})
}

func (l listing[T]) start() (map[string]types.AttributeValue, error) {
	start, err := dynamo.StartKey(l.cursor, l.index+"_at")
	if start == nil || err != nil {
		return nil, err
	}
	at, _ := start[l.index+"_at"].(*types.AttributeValueMemberS)
	_, id, found := strings.Cut(at.Value, "#")
	if !found {
		return nil, dynamo.BadCursor()
	}
	place := l.key(id).Attributes()
	place[l.index], place[l.index+"_at"] = &types.AttributeValueMemberS{Value: l.partition}, at
	return place, nil
}
