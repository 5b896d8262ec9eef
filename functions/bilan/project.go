package bilan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// follow brings a fact of the ledger into the figures. It may see a fact twice,
// late, before the one that it corrects, and at once with others.
func (s *service) follow(ctx context.Context, record events.DynamoDBEventRecord) error {
	image := record.Change.NewImage
	if record.EventName != string(events.DynamoDBOperationTypeInsert) || image["event"].DataType() != events.DataTypeString {
		return nil // facts are only ever put
	}
	f, err := readFact(image["event"].String(), image["recorded_at"].String())
	if err != nil {
		return err
	}
	if !s.counts(f) {
		s.log.WarnContext(ctx, "a fact outside of the years that are counted", "fact", f.ID, "type", f.Type, "time", f.Time)
		return nil
	}
	return s.project(ctx, f, dynamo.Key{PK: image["pk"].String(), SK: image["sk"].String()})
}

// project counts a fact that stands at this key of the ledger. Whatever of it
// is counted already stays, so it may be begun again after any failure.
func (s *service) project(ctx context.Context, f fact, at dynamo.Key) error {
	if f.Data.Corrects != "" {
		if err := s.replace(ctx, f); err != nil {
			return err
		}
	}
	replaced, err := s.see(ctx, f, at)
	if err != nil || replaced {
		return err
	}
	return s.apply(ctx, change{fact: f, words: f, add: true}, s.figures.named(f))
}

// see notes where a fact stands, and tells whether another has replaced it.
// From here on, whoever replaces it takes away what it is counted for.
func (s *service) see(ctx context.Context, f fact, at dynamo.Key) (replaced bool, err error) {
	item, err := s.note(ctx, factKey(f.kind(), f.ID), expression.
		Set(expression.Name("ledger_pk"), expression.Value(at.PK)).
		Set(expression.Name("ledger_sk"), expression.Value(at.SK)))
	return item.Replaced, err
}

// replace notes that the fact which f corrects counts no more, and takes away
// what it was counted for. When that fact has not come yet, the note waits for it.
func (s *service) replace(ctx context.Context, f fact) error {
	item, err := s.note(ctx, factKey(f.corrects()), expression.Set(expression.Name("replaced"), expression.Value(true)))
	if err != nil || item.LedgerPK == "" {
		return err
	}
	old, err := s.recorded(ctx, dynamo.Key{PK: item.LedgerPK, SK: item.LedgerSK})
	if err != nil {
		return err
	}
	return s.apply(ctx, change{fact: f, words: old}, s.figures.named(old))
}

// note changes what is noted of a fact, and returns all that is.
func (s *service) note(ctx context.Context, key dynamo.Key, update expression.UpdateBuilder) (item factItem, err error) {
	expr, err := expression.NewBuilder().WithUpdate(update).Build()
	if err != nil {
		return item, fmt.Errorf("note: %w", err)
	}
	answer, err := s.table.Client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.table.Name, Key: key.Attributes(), UpdateExpression: expr.Update(), ReturnValues: types.ReturnValueAllNew,
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	if err != nil {
		return item, fmt.Errorf("note: %w", err)
	}
	return item, attributevalue.UnmarshalMap(answer.Attributes, &item)
}

// recorded reads a fact of the ledger.
func (s *service) recorded(ctx context.Context, key dynamo.Key) (fact, error) {
	var item struct {
		Event      string `dynamodbav:"event"`
		RecordedAt string `dynamodbav:"recorded_at"`
	}
	found, err := s.ledger.Get(ctx, key, &item)
	if err == nil && !found {
		err = fmt.Errorf("fact %s %s is not in the ledger", key.PK, key.SK)
	}
	if err != nil {
		return fact{}, err
	}
	return readFact(item.Event, item.RecordedAt)
}

// named is an element of a figure that a fact names.
type named struct {
	figure  figure
	mention mention
}

// key is that of the element's item.
func (n named) key() dynamo.Key {
	return dynamo.Key{PK: n.figure.partition(n.mention.Year), SK: n.mention.Element}
}

// named lists every element of every figure that a fact names.
func (r register) named(f fact) (list []named) {
	seen := map[dynamo.Key]bool{}
	for _, figure := range r {
		for _, m := range figure.Mentions(f) {
			n := named{figure, m}
			if m.Element != "" && !seen[n.key()] {
				seen[n.key()] = true
				list = append(list, n)
			}
		}
	}
	return list
}

// change is what a fact does to elements: add its own words, or take away
// those of the fact that it corrects.
type change struct {
	fact  fact // that causes it
	words fact // whose words they are
	add   bool
}

// Elements are changed so many in a transaction: with the counters and
// corrections of a few years they stay under the hundred that DynamoDB takes
// (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html).
const elementsAtOnce = 50

// apply makes a change to all elements, part by part. Each part is one
// transaction, which holds the words and what they move.
func (s *service) apply(ctx context.Context, c change, list []named) error {
	for part := range slices.Chunk(list, elementsAtOnce) {
		if done, err := s.applyPart(ctx, c, part); err != nil || done {
			return err
		}
	}
	return nil
}

// partAttempts is how often a part is tried anew when others changed the same
// elements meanwhile; then the stream brings the fact again.
const partAttempts = 12

// applyPart makes a change to some elements. It returns done when the fact has
// been replaced meanwhile, and counts no more.
func (s *service) applyPart(ctx context.Context, c change, part []named) (done bool, err error) {
	for range partAttempts {
		writes, err := s.part(ctx, c, part)
		if err != nil || len(writes.Items) == 0 {
			return false, err
		}
		err = writes.Commit(ctx, s.table.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return false, err
		}
		if c.add && refused.Failed(placeOfFact) {
			return true, nil
		}
	}
	return false, fmt.Errorf("fact %s: its elements change too fast", c.fact.ID)
}

// placeOfFact is the place, in the transaction of words that are added, of the
// condition that their fact still counts.
const placeOfFact = 1

// part is the transaction of a change to some elements; empty when there is
// nothing to change.
func (s *service) part(ctx context.Context, c change, part []named) (writes dynamo.Writes, err error) {
	book, err := s.book(ctx)
	if err != nil {
		return writes, err
	}
	var keys []dynamo.Key
	for _, n := range part {
		keys = append(keys, n.key())
	}
	items, err := read(ctx, s.table, keys, func(i elementItem) dynamo.Key { return i.Key })
	if err != nil {
		return writes, err
	}
	moves := moves{}
	var elements dynamo.Writes
	for _, n := range part {
		old, known := items[n.key()]
		changed, facts := c.on(old.Facts, n.mention.word)
		if !changed {
			continue
		}
		moves.add(n, old.Facts, facts)
		same := dynamo.Absent
		if known {
			same = expression.Name("revision").Equal(expression.Value(old.Revision))
		}
		if len(facts) == 0 {
			elements.Add(s.table.Delete(n.key(), same))
			continue
		}
		elements.Add(s.table.Put(elementItem{n.key(), facts, old.Revision + 1}, same))
	}
	if elements.Err != nil || len(elements.Items) == 0 {
		return writes, elements.Err
	}
	writes.Add(s.passBook(book, part))
	if c.add {
		writes.Add(s.table.Check(factKey(c.fact.kind(), c.fact.ID), expression.AttributeNotExists(expression.Name("replaced"))))
	}
	writes.Items = append(writes.Items, elements.Items...)
	s.move(&writes, moves)
	return writes, s.correct(ctx, &writes, book, c.fact, moves)
}

// on is what an element holds after the change.
func (c change) on(old element, w word) (changed bool, facts element) {
	_, there := old[c.words.ID]
	if there == c.add {
		return false, nil
	}
	facts = maps.Clone(old)
	if facts == nil {
		facts = element{}
	}
	delete(facts, c.words.ID)
	if c.add {
		facts[c.words.ID] = wordOf{word: w, Type: c.words.Type, At: c.words.Time.UTC().Format(time.RFC3339), Text: c.words.text()}
	}
	return true, facts
}

// passBook counts a change of counters, on the condition that no year has been
// closed or published, or was about to be, since the book was read.
func (s *service) passBook(book bookItem, part []named) (types.TransactWriteItem, error) {
	update := book.disturb(expression.Add(expression.Name("changes"), expression.Value(1)), func(year int) bool {
		return slices.ContainsFunc(part, func(n named) bool { return n.touches(year) })
	})
	return s.table.Update(bookKey, update, book.alive())
}
