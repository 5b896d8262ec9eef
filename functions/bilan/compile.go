package bilan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// lastStep is beyond any year in which a period may end.
const lastStep = 9999

// recentFor is how long a fact may be on its way to the figures without being
// lost: a recount brings in itself what is younger.
const recentFor = time.Hour

// compileAttempts is how often a recount begins anew because facts arrived
// while it ran.
const compileAttempts = 3

// compile counts all years anew from the ledger and compares. What differs is
// written in the log, repaired, compared once more, told to the team, and
// returned as an error: that is the alarm. It may run twice, late, or at once
// with itself.
func (s *service) compile(ctx context.Context, _ time.Time) error {
	different, brought, err := s.compare(ctx)
	if err != nil {
		return err
	}
	var left []string
	if all := slices.Concat(different, brought); len(all) > 0 {
		if len(different) > 0 {
			s.log.ErrorContext(ctx, "figures differ from the ledger", "figures", different)
		}
		if left, err = s.mend(ctx, all); err != nil {
			return err
		}
	}
	if err := s.noteCounted(ctx); err != nil {
		return err
	}
	repaired := slices.DeleteFunc(different, func(key string) bool { return slices.Contains(left, key) })
	if len(repaired)+len(left) == 0 {
		return nil
	}
	told, err := s.tell(ctx, "compile-bilan", nightly(repaired, left))
	if err != nil {
		return err
	}
	if err := dynamo.Transact(ctx, s.table.Client, told...); err != nil {
		return err
	}
	return alarm(repaired, left)
}

// mend repairs figures, and returns those that differ all the same.
func (s *service) mend(ctx context.Context, keys []string) (left []string, err error) {
	if err := s.repair(ctx, keys); err != nil {
		return nil, err
	}
	different, brought, err := s.compare(ctx)
	if err != nil {
		return nil, err
	}
	left = slices.Sorted(slices.Values(slices.Concat(different, brought)))
	if len(left) > 0 {
		s.log.ErrorContext(ctx, "figures differ from the ledger after their repair", "figures", left)
	}
	return left, nil
}

// nightly says in French what a recount found.
func nightly(repaired, left []string) string {
	var parts []string
	if len(repaired) > 0 {
		parts = append(parts, "Le recomptage de la nuit a trouvé et réparé un écart\u00a0: "+strings.Join(repaired, ", ")+".")
	}
	if len(left) > 0 {
		parts = append(parts, "Le recomptage de la nuit a trouvé un écart qu’il n’a pas pu réparer\u00a0: "+strings.Join(left, ", ")+". Ces chiffres ne sont pas sûrs\u202f; prévenez qui s’occupe de la plateforme.")
	}
	return strings.Join(parts, " ")
}

// alarm says the same to the log of the schedule.
func alarm(repaired, left []string) error {
	switch {
	case len(left) == 0:
		return fmt.Errorf("figures differed from the ledger, and were repaired: %s", strings.Join(repaired, ", "))
	case len(repaired) == 0:
		return fmt.Errorf("figures differed from the ledger, and still differ: %s", strings.Join(left, ", "))
	}
	return fmt.Errorf("figures differed from the ledger, and were repaired: %s; and still differ: %s", strings.Join(repaired, ", "), strings.Join(left, ", "))
}

// compare recounts, and returns the keys of the figures whose counters differ,
// and those of figures that were never counted over all facts: declared since.
func (s *service) compare(ctx context.Context) (different, brought []string, err error) {
	for range compileAttempts {
		before, err := s.book(ctx)
		if err != nil {
			return nil, nil, err
		}
		counted, err := s.figures.count(ctx, func(ctx context.Context, each func(recorded) error) error {
			return s.all(ctx, func(f recorded) error {
				if s.onItsWay(f.fact) {
					if err := s.project(ctx, f.fact, f.key); err != nil {
						return err
					}
				}
				return each(f)
			})
		})
		if err != nil {
			return nil, nil, err
		}
		running, err := s.between(ctx, 0, lastStep, true)
		if err != nil {
			return nil, nil, err
		}
		after, err := s.book(ctx)
		if err != nil {
			return nil, nil, err
		}
		if after.Changes != before.Changes {
			continue // facts were counted meanwhile: the two were not taken at one moment
		}
		different, brought = s.differences(counted, running, after)
		return different, brought, nil
	}
	return nil, nil, busy
}

// onItsWay tells whether a fact may not have reached the figures, without being
// lost: it is young, or came before its year was counted.
func (s *service) onItsWay(f fact) bool {
	return s.now().Sub(f.recorded) < recentFor || f.year() > f.recorded.Year()+1
}

func (s *service) differences(counted moves, running counters, book bookItem) (different, brought []string) {
	found := map[string]bool{}
	for at, t := range counted {
		if running.of(at) != t {
			found[at.key] = true
		}
	}
	for at, t := range running.moves() {
		if f, known := s.figures.keyed(at.key); known && f.Spans == at.spans && counted[at] != t {
			found[at.key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(found)) {
		if len(book.Counted) > 0 && !book.Counted[key] {
			brought = append(brought, key)
			continue
		}
		different = append(different, key)
	}
	return different, brought
}

// of is one counter.
func (c counters) of(at moved) tally {
	if at.spans {
		return c.steps[at.year].of[at.key]
	}
	return c.years[at.year].of[at.key]
}

// moves are all counters.
func (c counters) moves() moves {
	all := moves{}
	for year, of := range c.years {
		for key, t := range of.of {
			all[moved{key, false, year}] = t
		}
	}
	for year, of := range c.steps {
		for key, t := range of.of {
			all[moved{key, true, year}] = t
		}
	}
	return all
}

// noteCounted notes that all declared figures are counted over all facts.
func (s *service) noteCounted(ctx context.Context) error {
	keys := map[string]bool{}
	for _, f := range s.figures {
		keys[f.key()] = true
	}
	book, err := s.book(ctx)
	if err != nil || book.PK != "" && maps.Equal(book.Counted, keys) {
		return err
	}
	var writes dynamo.Writes
	writes.Add(s.table.Update(bookKey, expression.Set(expression.Name("counted"), expression.Value(keys)).Add(expression.Name("changes"), expression.Value(0))))
	return writes.Commit(ctx, s.table.Client)
}

// repair brings the running figures of these keys to what the ledger says.
// Each step is a transaction that holds whatever arrives meanwhile, so facts
// may go on arriving; done twice, it changes nothing more.
func (s *service) repair(ctx context.Context, keys []string) error {
	some := slices.DeleteFunc(slices.Clone(s.figures), func(f figure) bool { return !slices.Contains(keys, f.key()) })
	running, err := s.between(ctx, 0, lastStep, true)
	if err != nil {
		return err
	}
	years := map[int]bool{}
	for year := range running.years {
		years[year] = true
	}
	if err := eachPart(some, years, func(f figure, year int) error { return s.sweep(ctx, f, year) }); err != nil {
		return err
	}
	// What was lost on its way is projected once more. Facts that correct are
	// too: what they replace may name a figure that they do not.
	err = s.all(ctx, func(f recorded) error {
		named := some.named(f.fact)
		for _, n := range named {
			years[n.mention.Year] = true
		}
		if len(named) == 0 && f.Data.Corrects == "" {
			return nil
		}
		return s.project(ctx, f.fact, f.key)
	})
	if err != nil {
		return err
	}
	return eachPart(some, years, func(f figure, year int) error { return s.settle(ctx, f, year) })
}

// eachPart goes through the partitions of elements of some figures: one a year,
// one for a figure that spans.
func eachPart(some register, years map[int]bool, each func(figure, int) error) error {
	for _, f := range some {
		of := slices.Sorted(maps.Keys(years))
		if f.Spans {
			of = []int{0}
		}
		for _, year := range of {
			if err := each(f, year); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweep takes out of the elements of a figure the words of facts that are not
// in the ledger, or are replaced.
func (s *service) sweep(ctx context.Context, f figure, year int) error {
	var foreign []named
	var gone []fact
	err := s.table.Partition(ctx, f.partition(year), "", func(attributes map[string]types.AttributeValue) error {
		var item elementItem
		if err := attributevalue.UnmarshalMap(attributes, &item); err != nil {
			return err
		}
		for id, w := range item.Facts {
			stands, err := s.stands(ctx, f, item.SK, id, w)
			if err != nil {
				return err
			}
			if !stands {
				foreign = append(foreign, named{f, mention{Element: item.SK, Year: year}})
				gone = append(gone, fact{ID: id, Type: w.Type, Subject: w.Text, recorded: s.now()})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, n := range foreign {
		if err := s.apply(ctx, change{fact: gone[i], words: gone[i]}, []named{n}); err != nil {
			return err
		}
	}
	return nil
}

// stands tells whether the word of a fact is what the ledger says of an element.
func (s *service) stands(ctx context.Context, f figure, name, id string, w wordOf) (bool, error) {
	at, readable := instantOf(w.At)
	if !readable {
		return false, nil
	}
	told := fact{ID: id, Type: w.Type, Time: at}
	var item struct {
		Event      string `dynamodbav:"event"`
		RecordedAt string `dynamodbav:"recorded_at"`
	}
	found, err := s.ledger.Get(ctx, ledgerKey(told), &item)
	if err != nil || !found {
		return false, err
	}
	var noted factItem
	if _, err := s.table.Get(ctx, factKey(kindOf(w.Type), id), &noted); err != nil || noted.Replaced {
		return false, err
	}
	told, err = readFact(item.Event, item.RecordedAt)
	if err != nil || !s.counts(told) {
		return false, err
	}
	return slices.ContainsFunc(f.Mentions(told), func(m mention) bool { return m.Element == name && m.word == w.word }), nil
}

// settle brings the counters of a figure to what its elements add up to.
func (s *service) settle(ctx context.Context, f figure, year int) error {
	for range lifeAttempts {
		book, err := s.book(ctx)
		if err != nil {
			return err
		}
		running, err := s.between(ctx, 0, lastStep, true)
		if err != nil {
			return err
		}
		off := moves{}
		for at, t := range running.moves() {
			if at.key == f.key() && at.spans == f.Spans && (f.Spans || at.year == year) {
				off[at] = tally{}.minus(t)
			}
		}
		err = s.table.Partition(ctx, f.partition(year), "", func(attributes map[string]types.AttributeValue) error {
			var item elementItem
			err := attributevalue.UnmarshalMap(attributes, &item)
			off.add(named{f, mention{Element: item.SK, Year: year}}, nil, item.Facts)
			return err
		})
		if err != nil {
			return err
		}
		if len(off.sorted()) == 0 {
			return nil
		}
		var writes dynamo.Writes
		all := func(int) bool { return true }
		writes.Add(s.table.Update(bookKey, book.disturb(expression.Add(expression.Name("changes"), expression.Value(1)), all), book.unchanged()))
		s.move(&writes, off)
		err = writes.Commit(ctx, s.table.Client)
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			return err
		}
	}
	return busy
}

// closeYear closes the year before the one in which it was due, and tells the
// team. A year that the team has closed or published is left alone, and one of which nothing is known.
func (s *service) closeYear(ctx context.Context, due time.Time) error {
	year := due.In(french.Paris()).Year() - 1
	text := fmt.Sprintf("L’année %d est close : relisez ses chiffres, puis publiez le bilan.", year)
	err := s.close(ctx, year, func() ([]types.TransactWriteItem, error) {
		return s.tell(ctx, fmt.Sprintf("close-year-%d", year), text)
	})
	if errors.Is(err, errPublished) || errors.Is(err, errNoYear) {
		return nil
	}
	return err
}
