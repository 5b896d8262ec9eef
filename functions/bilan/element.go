package bilan

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// element is what facts say of one thing that a figure counts: a person, a
// session, a territory. Each fact has its word in it once, under its id, so
// that the same fact again changes nothing.
type element map[string]wordOf

// wordOf is the word of a fact, with what tells of the fact itself.
type wordOf struct {
	word
	Type string `dynamodbav:"type"`
	At   string `dynamodbav:"at"` // when it happened, RFC 3339 in UTC
	Text string `dynamodbav:"text"`
}

// tally is what elements add to a figure in one year.
type tally struct {
	Elements int `json:"n,omitempty"` // how many
	Amount   int `json:"s,omitempty"` // the sum of their amounts
}

func (t tally) minus(other tally) tally {
	return tally{t.Elements - other.Elements, t.Amount - other.Amount}
}

func (t tally) plus(other tally) tally {
	return tally{t.Elements + other.Elements, t.Amount + other.Amount}
}

// value is what the figure shows.
func (f figure) value(t tally) int {
	if f.Sum {
		return t.Amount
	}
	return t.Elements
}

// counted is what one element of a year adds to it.
func (e element) counted() (t tally) {
	for _, w := range e {
		t.Elements = 1
		t.Amount += w.Amount
	}
	return t
}

// saidAt is when a word was said: of one that does not tell, the beginning of
// the day that it is about, in Paris.
func (w word) saidAt() time.Time {
	if at, told := instantOf(w.Said); told {
		return at
	}
	at, _ := time.ParseInLocation(time.DateOnly, w.From, french.Paris()) // a text that is no day comes before all
	return at
}

// spoken is a word with what orders it among others.
type spoken struct {
	wordOf
	id   string
	said time.Time
}

// before tells whether another word was said later: that one holds. Of two of
// one instant, the later fact does.
func (s spoken) before(other spoken) bool {
	return cmp.Or(s.said.Compare(other.said), cmp.Compare(s.At, other.At), cmp.Compare(s.id, other.id)) < 0
}

// presence tells whether an element that spans is there in a year: one of its
// groups has it in a period that touches the year, and the group's last word
// about a day until 31 December is not that it left.
func (e element) presence(year int) bool {
	first, last := strconv.Itoa(year)+"-01-01", strconv.Itoa(year)+"-12-31"
	type state struct {
		in   bool // some period touches the year
		last spoken
	}
	groups := map[string]state{}
	for id, w := range e {
		if w.From > last {
			continue
		}
		g := groups[w.Group]
		if !w.Out && (w.To == "" || w.To >= first) {
			g.in = true
		}
		if now := (spoken{w, id, w.saidAt()}); g.last.id == "" || g.last.before(now) {
			g.last = now
		}
		groups[w.Group] = g
	}
	for _, g := range groups {
		if g.in && !g.last.Out {
			return true
		}
	}
	return false
}

// changes are the years in which the presence of an element may differ from
// the year before, in order.
func (e element) changes() []int {
	years := map[int]bool{}
	for _, w := range e {
		years[yearOf(w.From)] = true
		if w.To != "" {
			years[yearOf(w.To)+1] = true
		}
	}
	return slices.Sorted(maps.Keys(years))
}

// steps are by how much an element that spans moves its figure from one year
// to the next: 1 where it comes, -1 where it goes. The figure of a year is the
// sum of all steps until it, so a new year begins where the last one ended.
func (e element) steps() map[int]tally {
	steps := map[int]tally{}
	before := false
	for _, year := range e.changes() {
		switch now := e.presence(year); {
		case now && !before:
			steps[year], before = tally{Elements: 1}, true
		case !now && before:
			steps[year], before = tally{Elements: -1}, false
		}
	}
	return steps
}
