package partner

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// listener hears words of one territory and keeps the facts that follow.
type listener struct {
	service
	item  saidItem
	facts map[string]ledger.Fact // that stand
	made  int
}

func newListener() *listener {
	l := &listener{facts: map[string]ledger.Fact{}}
	l.newID = func(string) string { l.made++; return fmt.Sprint("fact_", l.made) }
	return l
}

func (l *listener) hear(w word, into destination, cohort bool) {
	l.item.hear(w)
	for _, f := range l.state(&l.item, into, cohort) {
		l.facts[f.ID] = f
		switch data := f.Data.(type) {
		case ledger.Enrolled:
			delete(l.facts, data.Corrects)
		case ledger.Withdrawn:
			delete(l.facts, data.Corrects)
		}
	}
}

// stays are what the standing facts say, in the order in which it was said.
func (l *listener) stays() (said []string) {
	var at []string
	for _, f := range l.facts {
		switch data := f.Data.(type) {
		case ledger.Enrolled:
			at = append(at, fmt.Sprint(data.SaidAt, "|in ", data.EnrolledOn, data.Roles, data.Programme, data.EndsOn))
		case ledger.Withdrawn:
			at = append(at, fmt.Sprint(data.SaidAt, "|out ", data.WithdrawnOn, data.Programme))
		}
	}
	slices.Sort(at)
	for _, text := range at {
		said = append(said, text[len("2026-03-10T09:00:00.000000000Z|"):])
	}
	return said
}

func wordAt(minute int, out bool, on string) word {
	at := time.Date(2026, time.March, 10, 9, minute, 0, 0, time.UTC)
	return wordOf(partnership.Said{Territory: "46102", Out: out, EnrolledOn: on}.Dated(at))
}

// TestWhatArrivesLateTakesItsPlace, one case after the other.
func TestWhatArrivesLateTakesItsPlace(t *testing.T) {
	in, out := false, true
	for name, c := range map[string]struct {
		words []word
		want  []string
	}{
		"out before in": {[]word{wordAt(2, out, "2024-01-10"), wordAt(1, in, "2023-02-15")}, []string{"in 2023-02-15[]", "out 2024-01-10"}},
		"out alone":     {[]word{wordAt(2, out, "2024-01-10"), wordAt(3, out, "2024-01-11")}, nil},
		"two stays, the second first": {[]word{wordAt(3, in, "2025-01-01"), wordAt(1, in, "2023-01-01"), wordAt(2, out, "2024-01-01")},
			[]string{"in 2023-01-01[]", "out 2024-01-01", "in 2025-01-01[]"}},
		"a day corrected, the correction first":   {[]word{wordAt(2, in, "2023-01-02"), wordAt(1, in, "2023-01-01")}, []string{"in 2023-01-02[]"}},
		"the same said twice, a leave in between": {[]word{wordAt(1, in, "2023-01-01"), wordAt(3, in, "2023-01-01"), wordAt(2, out, "2024-01-01")}, []string{"in 2023-01-01[]", "out 2024-01-01", "in 2023-01-01[]"}},
		"a stay within a leave":                   {[]word{wordAt(1, out, "2023-01-01"), wordAt(3, out, "2023-03-03"), wordAt(2, in, "2023-02-02")}, []string{"in 2023-02-02[]", "out 2023-03-03"}},
	} {
		l := newListener()
		for _, w := range c.words {
			l.hear(w, destination{}, false)
		}
		if got := l.stays(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}

// TestAnyOrderStatesTheSame: whatever the order, the facts that stand are one
// for each turn of the ordered words, and say what its last word said.
func TestAnyOrderStatesTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var words []word
		for minute := range rapid.IntRange(1, 12).Draw(rt, "words") {
			words = append(words, wordAt(minute, rapid.Bool().Draw(rt, "out"), rapid.SampledFrom([]string{"2023-01-01", "2024-02-02"}).Draw(rt, "day")))
		}
		var want []string
		for n, w := range words {
			lastOfTurn := n+1 == len(words) || words[n+1].Out != w.Out
			switch {
			case !lastOfTurn || w.Out && len(want) == 0:
			case w.Out:
				want = append(want, "out "+w.On)
			default:
				want = append(want, "in "+w.On+"[]")
			}
		}
		heard := newListener()
		for _, w := range rapid.Permutation(slices.Concat(words, words[:len(words)/2])).Draw(rt, "order") {
			heard.hear(w, destination{}, false)
		}
		if got := heard.stays(); !slices.Equal(got, want) {
			rt.Fatalf("%q, not %q", got, want)
		}
		if len(heard.facts) != len(heard.item.Stated) {
			rt.Fatalf("%d facts stand, %d are known to", len(heard.facts), len(heard.item.Stated))
		}
	})
}

// TestACohortThatChangesIsStatedAnew, once for each fact that stands.
func TestACohortThatChangesIsStatedAnew(t *testing.T) {
	l := newListener()
	l.hear(wordAt(1, false, "2023-01-01"), destination{}, false)
	l.hear(wordAt(2, true, "2024-01-01"), destination{}, false)
	into := destination{Cohort: partnership.Cohort{Programme: "P", EndsOn: "2025-12-31"}}
	for range 2 {
		l.hear(wordAt(2, true, "2024-01-01"), into, true)
	}
	if got, want := l.stays(), []string{"in 2023-01-01[]P2025-12-31", "out 2024-01-01P"}; !slices.Equal(got, want) || l.made != 4 {
		t.Errorf("%q after %d facts, not %q", got, l.made, want)
	}
}

// TestOldWordsAreSettled: an item does not grow without end, and what stands
// goes on.
func TestOldWordsAreSettled(t *testing.T) {
	l := newListener()
	for minute := range 3 * maxWords {
		l.hear(word{At: fmt.Sprintf("2026-03-10T09:00:00.%09dZ", minute), Out: minute%2 == 1, On: "2023-01-01"}, destination{}, false)
	}
	if len(l.item.Words) != maxWords || len(l.item.Stated) != maxWords || len(l.facts) != 3*maxWords {
		t.Errorf("%d words, %d facts known, %d facts stand", len(l.item.Words), len(l.item.Stated), len(l.facts))
	}
	if l.item.hear(word{At: "2026-03-10T09:00:00.000000000Z", On: "2023-05-05"}) {
		t.Error("a word older than all that is kept is heard")
	}
	same := newListener()
	for minute := range 3 * maxWords {
		same.hear(wordAt(minute, false, fmt.Sprint("2023-01-", 10+minute%2)), destination{}, false)
	}
	if len(same.facts) != 1 || len(same.item.Stated) != 1 {
		t.Errorf("one stay whose day changes is %d facts, %d known", len(same.facts), len(same.item.Stated))
	}
}
