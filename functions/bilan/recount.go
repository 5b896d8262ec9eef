package bilan

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// recorded is a fact and where it stands in the ledger.
type recorded struct {
	fact
	key dynamo.Key
}

// source goes through all facts that figures count, once. Facts that correct
// should come before those that they correct: then one round is enough.
type source func(ctx context.Context, each func(recorded) error) error

// countedTypes are the types of facts that figures read, in every version, and
// of those that only correct.
var countedTypes = []string{
	voided.Type, // first, since they correct
	"ally.signed.v1", "ally.left.v1", "ally.left.v2", "session.held.v1", "session.held.v2", "session.feedback.v1", "series.opened.v1",
	"territory.enrolled.v1", "territory.enrolled.v2", "territory.withdrawn.v1", "resource.published.v1",
	"intervention.v1", "media.appearance.v1", "support.one_off.v1", "support.experimental.v1", "thesis.v1", "training.v1",
}

// countedYears are the first and the last year of which facts are counted, by
// the running figures and by the recount alike: until that of tomorrow, for a
// clock that is fast. A fact of a later year waits until the recount reads it.
func (s *service) countedYears() (first, last int) { return firstYear, s.thisYear() + 1 }

// counts tells whether a fact is of these years.
func (s *service) counts(f fact) bool {
	first, last := s.countedYears()
	return first <= f.year() && f.year() <= last
}

// all reads the ledger, the latest facts first, consistently: a read unit for
// 4 KB, and half a unit for each type and year that has none.
func (s *service) all(ctx context.Context, each func(recorded) error) error {
	for pk := range s.partitions() {
		if err := s.partition(ctx, pk, each); err != nil {
			return err
		}
	}
	return nil
}

// partitions are those of the ledger in which facts that count may stand, the
// latest year first.
func (s *service) partitions() iter.Seq[string] {
	return func(yield func(pk string) bool) {
		first, last := s.countedYears()
		for year := last; year >= first; year-- {
			for _, kind := range countedTypes {
				if !yield(kind + "#" + strconv.Itoa(year)) {
					return
				}
			}
		}
	}
}

func (s *service) partition(ctx context.Context, pk string, each func(recorded) error) error {
	expr, err := expression.NewBuilder().WithKeyCondition(expression.Key("pk").Equal(expression.Value(pk))).Build()
	if err != nil {
		return fmt.Errorf("recount: %w", err)
	}
	pages := dynamodb.NewQueryPaginator(s.ledger.Client, &dynamodb.QueryInput{
		TableName: &s.ledger.Name, KeyConditionExpression: expr.KeyCondition(), ConsistentRead: aws.Bool(true),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(), ScanIndexForward: aws.Bool(false),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("recount: %w", err)
		}
		for _, attributes := range page.Items {
			var item struct {
				dynamo.Key
				Event      string `dynamodbav:"event"`
				RecordedAt string `dynamodbav:"recorded_at"`
			}
			if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
				return err
			}
			f, err := readFact(item.Event, item.RecordedAt)
			if err != nil {
				return err
			}
			if err := each(recorded{f, item.Key}); err != nil {
				return err
			}
		}
	}
	return nil
}

// digest stands for a text in sets: two hashes under keys of this process, so
// that two texts of millions never have the same by chance.
type digest [2]uint64

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func digestOf(text string) digest {
	return digest{maphash.String(seeds[0], text), maphash.String(seeds[1], text)}
}

// recount is the state of counting all facts anew. It holds a digest for each
// element, and for those that span what facts say of them: some tens of bytes
// each, whatever the facts weigh.
type recount struct {
	figures register
	// replaced are the facts that others correct, as far as they were named.
	replaced map[digest]bool
	passed   map[uint64]struct{} // facts counted so far; two alike only cost a second round
	again    bool                // one was counted, then named as replaced
	seen     map[digest]struct{} // elements of years
	spanning map[digest]*presences
	totals   moves
}

// presences is what facts say of an element that spans.
type presences struct {
	key   string // of the figure
	words []presenceWord
}

// presenceWord is a word in little room.
type presenceWord struct {
	from, to int32 // days as numbers: 20230504; 0 for no end
	at       int64 // Unix seconds
	said     int64 // Unix nanoseconds; 0 when the fact does not tell
	group    string
	id       string
	out      bool
}

// count counts all facts of a source, independently of what the running
// figures hold: nothing of the table Bilans is read.
func (r register) count(ctx context.Context, facts source) (moves, error) {
	replaced := map[digest]bool{}
	for {
		c := recount{figures: r, replaced: replaced, passed: map[uint64]struct{}{}, seen: map[digest]struct{}{}, spanning: map[digest]*presences{}, totals: moves{}}
		groups := map[string]string{} // one copy of each name
		err := facts(ctx, func(f recorded) error {
			c.add(f.fact, groups)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if !c.again {
			return c.result(), nil
		}
	}
}

// add counts a fact, unless one that came before it replaces it.
func (c *recount) add(f fact, groups map[string]string) {
	if f.Data.Corrects != "" {
		kind, id := f.corrects()
		name := kind + "#" + id
		if d := digestOf(name); !c.replaced[d] {
			c.replaced[d] = true
			_, counted := c.passed[d[0]]
			c.again = c.again || counted
		}
	}
	d := digestOf(f.kind() + "#" + f.ID)
	if c.replaced[d] {
		return
	}
	c.passed[d[0]] = struct{}{}
	for _, figure := range c.figures {
		for _, m := range figure.Mentions(f) {
			switch {
			case m.Element == "":
			case figure.Spans:
				c.span(figure, m, f, groups)
			default:
				at := moved{figure.key(), false, m.Year}
				t := c.totals[at]
				if m.Element == f.ID || c.first(figure.partition(m.Year)+"#"+m.Element) {
					t.Elements++
				}
				t.Amount += m.Amount
				c.totals[at] = t
			}
		}
	}
}

// first tells whether an element is named for the first time. An element that
// is the fact itself needs no such note.
func (c *recount) first(element string) bool {
	d := digestOf(element)
	if _, known := c.seen[d]; known {
		return false
	}
	c.seen[d] = struct{}{}
	return true
}

func (c *recount) span(f figure, m mention, by fact, groups map[string]string) {
	d := digestOf(f.key() + "#" + m.Element)
	p := c.spanning[d]
	if p == nil {
		p = &presences{key: f.key()}
		c.spanning[d] = p
	}
	group, known := groups[m.Group]
	if !known {
		group, groups[m.Group] = m.Group, m.Group
	}
	word := presenceWord{from: numberOf(m.From), to: numberOf(m.To), at: by.Time.Unix(), group: group, id: by.ID, out: m.Out}
	if said, told := instantOf(m.Said); told {
		word.said = said.UnixNano()
	}
	p.words = append(p.words, word)
}

// instantIn reads an instant of a presenceWord back.
func instantIn(nanoseconds int64) string {
	if nanoseconds == 0 {
		return ""
	}
	return time.Unix(0, nanoseconds).UTC().Format(time.RFC3339Nano)
}

// numberOf writes a day in little room, dayIn reads it back.
func numberOf(day string) int32 {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0
	}
	return int32(t.Year()*10_000 + int(t.Month())*100 + t.Day())
}

func dayIn(number int32) string {
	if number == 0 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", number/10_000, number/100%100, number%100)
}

// result adds the steps of what spans to the totals.
func (c *recount) result() moves {
	for _, p := range c.spanning {
		e := make(element, len(p.words))
		for _, w := range p.words {
			e[w.id] = wordOf{word: word{Group: w.group, From: dayIn(w.from), To: dayIn(w.to), Out: w.out, Said: instantIn(w.said)}, At: time.Unix(w.at, 0).UTC().Format(time.RFC3339)}
		}
		for year, step := range e.steps() {
			at := moved{p.key, true, year}
			c.totals[at] = c.totals[at].plus(step)
		}
	}
	for at, t := range c.totals {
		if t == (tally{}) {
			delete(c.totals, at)
		}
	}
	return c.totals
}
