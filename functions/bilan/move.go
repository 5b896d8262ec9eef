package bilan

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/yearly"
)

// moved is a counter: that of a figure in a year.
type moved struct {
	key   string // of the figure
	spans bool
	year  int
}

// moves are by how much counters move.
type moves map[moved]tally

// add notes what changes when an element held some words and holds others now.
func (m moves) add(n named, before, after element) {
	if !n.figure.Spans {
		at := moved{n.figure.key(), false, n.mention.Year}
		m[at] = m[at].plus(after.counted().minus(before.counted()))
		return
	}
	for year, step := range after.steps() {
		at := moved{n.figure.key(), true, year}
		m[at] = m[at].plus(step)
	}
	for year, step := range before.steps() {
		at := moved{n.figure.key(), true, year}
		m[at] = m[at].minus(step)
	}
}

// sorted are the counters that move at all, in one order.
func (m moves) sorted() (list []moved) {
	for at, by := range m {
		if by != (tally{}) {
			list = append(list, at)
		}
	}
	slices.SortFunc(list, func(a, b moved) int {
		return cmp.Or(cmp.Compare(strconv.FormatBool(a.spans), strconv.FormatBool(b.spans)), cmp.Compare(a.year, b.year), cmp.Compare(a.key, b.key))
	})
	return list
}

// move adds the counters to a transaction, one item for those that stand together.
func (s *service) move(writes *dynamo.Writes, m moves) {
	updates := map[dynamo.Key]expression.UpdateBuilder{}
	var order []dynamo.Key
	for _, at := range m.sorted() {
		key := countersKey(at.spans, at.year)
		update, begun := updates[key]
		if !begun {
			order = append(order, key)
		}
		by := m[at]
		if by.Elements != 0 {
			update = update.Add(expression.NameNoDotSplit(yearly.Elements(at.key)), expression.Value(by.Elements))
		}
		if by.Amount != 0 {
			update = update.Add(expression.NameNoDotSplit(yearly.Amount(at.key)), expression.Value(by.Amount))
		}
		updates[key] = update
	}
	for _, key := range order {
		writes.Add(s.table.Update(key, updates[key]))
	}
}

// published are the years that are.
func (b bookItem) published() (years []int) {
	for text, state := range b.Years {
		if year, err := strconv.Atoi(text); err == nil && state.Status == report.Published {
			years = append(years, year)
		}
	}
	slices.Sort(years)
	return years
}
