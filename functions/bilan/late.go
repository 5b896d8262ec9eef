package bilan

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// correct adds to a transaction what it changes in years that are published:
// it reads the corrections of such a year, and writes them on the condition
// that nobody did meanwhile.
func (s *service) correct(ctx context.Context, writes *dynamo.Writes, book bookItem, cause fact, m moves) error {
	for _, year := range book.published() {
		by := s.figures.moving(year, m)
		if len(by) == 0 {
			continue
		}
		var item correctionsItem
		found, err := s.table.Get(ctx, correctionsKey(year), &item)
		if err != nil {
			return err
		}
		late, err := item.read()
		if err != nil {
			return err
		}
		text, err := deflate(withLate(late, cause, by))
		if err != nil {
			return err
		}
		same := dynamo.Absent
		if found {
			same = expression.Name("revision").Equal(expression.Value(item.Revision))
		}
		writes.Add(s.table.Put(correctionsItem{correctionsKey(year), text, item.Revision + 1}, same))
	}
	return nil
}

// moving are by how much the figures of a year move, by their keys.
func (r register) moving(year int, m moves) map[string]tally {
	by := map[string]tally{}
	for at, t := range m {
		if at.year == year || at.spans && at.year < year {
			by[at.key] = by[at.key].plus(t)
		}
	}
	shown := map[string]bool{}
	for _, f := range r.of(year) {
		shown[f.key()] = true
	}
	maps.DeleteFunc(by, func(key string, t tally) bool { return t == (tally{}) || !shown[key] })
	return by
}

// read lists the facts of the item.
func (c correctionsItem) read() (late []lateFact, err error) {
	if len(c.Late) == 0 {
		return nil, nil
	}
	return late, inflate(c.Late, &late)
}

// withLate adds what a fact moves to what is known of it: a fact that names
// many elements comes in parts.
func withLate(late []lateFact, cause fact, by map[string]tally) []lateFact {
	at := slices.IndexFunc(late, func(l lateFact) bool { return l.Fact == cause.ID })
	if at < 0 {
		at = len(late)
		late = append(late, lateFact{
			Fact: cause.ID, Recorded: cause.recorded.UTC().Format(time.RFC3339), Type: cause.Type, Text: cause.text(), Corrects: cause.Data.Corrects != "",
			By: map[string]tally{},
		})
	}
	for key, t := range by {
		late[at].By[key] = late[at].By[key].plus(t)
	}
	return late
}

// corrections tells what facts that came after publication would change, one
// after the other. What a correcting fact took back is left out.
func (s *service) corrections(frozen report.Report, late []lateFact) []report.Correction {
	slices.SortFunc(late, func(a, b lateFact) int {
		return cmp.Or(cmp.Compare(a.Recorded, b.Recorded), cmp.Compare(a.Fact, b.Fact))
	})
	published := map[string]int{}
	for _, chapter := range frozen.Chapters {
		for _, f := range chapter.Figures {
			published[f.ID] = f.Value
		}
	}
	for name, effect := range frozen.Effects {
		published[effectPrefix+name] = effect.Answers
	}
	published[accompaniedID] = len(frozen.Territories)
	list, now := []report.Correction{}, map[string]int{}
	for _, l := range late {
		for _, key := range slices.Sorted(maps.Keys(l.By)) {
			f, known := s.figures.keyed(key)
			change := f.value(l.By[key])
			if f.Section == effectsSection { // the number of answers
				change = l.By[key].Elements
			}
			if !known || change == 0 {
				continue
			}
			now[f.ID] += change
			list = append(list, report.Correction{
				Figure: f.ID, Label: f.Label, Published: published[f.ID], Now: published[f.ID] + now[f.ID],
				On: dayOfText(l.Recorded), Reason: reason(l), FactID: l.Fact,
			})
		}
	}
	return list
}

func dayOfText(instant string) string {
	t, ok := instantOf(instant)
	if !ok {
		return instant
	}
	return dayOf(t)
}
