package bilan

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
)

// TestPublishingWhileFactsArrive, between any two of its calls: what is frozen
// is one moment. The value of each figure is the number of its frozen records,
// and whatever is not in it is a correction.
func TestPublishingWhileFactsArrive(t *testing.T) {
	calls := 0
	for _, back := range []int{-1, 0, 1, 2, 3, 40, 41, 42} { // calls before the last; -1 counts them
		w := newWorld(t)
		w.year2023()
		if err := w.closeByTeam(w.member(), 2023); err != nil {
			t.Fatal(err)
		}
		late := w.told("intervention.v1", paris("2023-09-09 00:00"), map[string]any{"title": "Une autre", "on": "2023-09-09", "form": "talk"})
		w.append(late)
		arrived := false
		since := w.Faults(func(c functiontest.Call) functiontest.Fault {
			if back >= 0 && c.Number == calls-back && !arrived {
				arrived = true
				w.projectAll(late)
			}
			return functiontest.None
		})
		if err := w.publish(w.member(), 2023); err != nil {
			t.Fatal(err)
		}
		if back < 0 {
			calls, _ = since()
		}
		w.Faults(nil)
		if !arrived {
			w.projectAll(late)
		}
		published := w.bilan(2023)
		value := values(published)["interventions.all"]
		list, _, err := w.frozenRecords(t.Context(), 2023, "interventions.all", recordsQuery{Limit: 100})
		if err != nil || len(list) != value || value+len(published.Corrections) != 2 {
			t.Errorf("%d calls before the end: %d frozen records, published as %d, with corrections %+v: %v", back, len(list), value, published.Corrections, err)
		}
	}
}

// TestPublishingWhileOtherYearsAreTold: facts of other years, before each of
// its calls, hold up neither closing nor publishing, and are counted.
func TestPublishingWhileOtherYearsAreTold(t *testing.T) {
	w := newWorld(t)
	w.year2023()
	var others []ledger.Fact
	inside, told := false, 0
	w.Faults(func(functiontest.Call) functiontest.Fault {
		if inside || told >= 120 {
			return functiontest.None
		}
		inside = true
		told++
		at := paris("2026-03-03 00:00").AddDate(0, 0, -told)
		f := w.told("intervention.v1", at, map[string]any{"title": "Une de plus"})
		if told%2 == 0 {
			f = w.told("ally.signed.v1", paris("2026-03-03 00:00"), map[string]any{"kind": "person", "ally_id": fmt.Sprint("ally_new", told)})
		}
		others = append(others, f)
		w.append(f)
		w.projectAll(f)
		inside = false
		return functiontest.None
	})
	closed := w.closeByTeam(w.member(), 2023)
	published := w.publish(w.member(), 2023)
	w.Faults(nil)
	if closed != nil || published != nil || told < 50 {
		t.Fatalf("with %d facts of other years: %v, %v", told, closed, published)
	}
	if r := w.bilan(2023); r.Status != report.Published || values(r)["allies.persons"] != 2 || len(r.Corrections) != 0 {
		t.Errorf("%+v", r)
	}
	w.Clock.Advance(2 * recentFor)
	if err := w.compile(t.Context(), w.Clock.Now()); err != nil {
		t.Error(err)
	}
	if got := values(w.bilan(2026)); got["allies.persons"] != 2+told/2 {
		t.Errorf("%d allies, of %d facts", got["allies.persons"], told)
	}
}

// TestPublishingWhileTheYearIsTold, and what spans until it, before any of its
// calls: each fact is in the published figures or a correction.
func TestPublishingWhileTheYearIsTold(t *testing.T) {
	for _, every := range []int{1, 7, 40, 90} {
		w := newWorld(t)
		w.year2023()
		if err := w.closeByTeam(w.member(), 2023); err != nil {
			t.Fatal(err)
		}
		inside, told := false, 0
		var held []ledger.Fact
		w.Faults(func(c functiontest.Call) functiontest.Fault {
			if inside || told >= 6 || c.Number%every != 0 {
				return functiontest.None
			}
			inside = true
			told++
			f := w.told("ally.signed.v1", paris("2021-03-03 00:00"), map[string]any{"kind": "person", "ally_id": fmt.Sprint("ally_new", told)})
			g := w.told("intervention.v1", paris("2023-03-03 00:00"), map[string]any{"title": "Une de plus"})
			w.append(f, g)
			w.projectAll(f)
			if told%3 == 0 { // what spans must be noticed by itself
				w.projectAll(g)
			} else {
				held = append(held, g)
			}
			inside = false
			return functiontest.None
		})
		if err := w.publish(w.member(), 2023); err != nil {
			t.Fatalf("a fact each %d calls: %v", every, err)
		}
		w.Faults(nil)
		w.projectAll(held...)
		published := w.bilan(2023)
		late := map[string]int{}
		for _, c := range published.Corrections {
			late[c.Figure]++
		}
		for id, before := range map[string]int{"allies.persons": 2, "interventions.all": 1} {
			list, _, err := w.frozenRecords(t.Context(), 2023, id, recordsQuery{Limit: 100})
			if value := values(published)[id]; err != nil || len(list) != value || value+late[id] != before+told || told == 0 {
				t.Errorf("a fact each %d calls: %s has %d frozen records, is published as %d, with %d corrections, of %d facts: %v", every, id, len(list), value, late[id], told, err)
			}
		}
	}
}

// TestAChangeThatWasUnderWay: a fact that was read before publishing began, and
// is written between any two of its calls, is in it or a correction of it.
func TestAChangeThatWasUnderWay(t *testing.T) {
	for _, call := range []int{2, 3, 4, 6, 12, 40, 60, 80} {
		w := newWorld(t)
		w.year2023()
		if err := w.closeByTeam(w.member(), 2023); err != nil {
			t.Fatal(err)
		}
		late := w.told("intervention.v1", paris("2023-09-09 00:00"), map[string]any{"title": "Une autre"})
		w.append(late)
		reached, written, published := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		var publishing atomic.Bool
		var calls atomic.Int32
		w.Faults(func(c functiontest.Call) functiontest.Fault {
			switch {
			case c.Operation == "TransactWriteItems" && publishing.CompareAndSwap(false, true):
				go func() { published <- w.publish(w.member(), 2023) }()
				<-reached
			case publishing.Load() && calls.Add(1) == int32(call):
				close(reached)
				<-written
			}
			return functiontest.None
		})
		w.projectAll(late)
		close(written)
		if err := <-published; err != nil {
			t.Fatal(err)
		}
		w.Faults(nil)
		bilan := w.bilan(2023)
		value := values(bilan)["interventions.all"]
		list, _, err := w.frozenRecords(t.Context(), 2023, "interventions.all", recordsQuery{Limit: 100})
		if err != nil || len(list) != value || value+len(bilan.Corrections) != 2 {
			t.Errorf("at call %d: %d frozen records, published as %d, with corrections %+v: %v", call, len(list), value, bilan.Corrections, err)
		}
	}
}

// Publishing at once, of the same year and of two, leaves each published once.
func TestPublishingAtOnce(t *testing.T) {
	w := newWorld(t)
	w.year2023()
	for _, year := range []int{2022, 2023} {
		if err := w.closeByTeam(w.member(), year); err != nil {
			t.Fatal(err)
		}
	}
	failed := make(chan error, 4)
	for i := range cap(failed) {
		go func() { failed <- w.publish(w.member(), 2022+i%2) }()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	for _, year := range []int{2022, 2023} {
		r := w.bilan(year)
		list, _, err := w.frozenRecords(t.Context(), year, "allies.persons", recordsQuery{Limit: 100})
		if err != nil || r.Status != report.Published || len(list) != year-2021 {
			t.Errorf("%d: %v %s, %d allies", year, err, r.Status, len(list))
		}
	}
}

// Late facts that come at once to a published year are all corrections of it.
func TestLateFactsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.year2023()
	w.code("POST", "/v1/bilans/2023/close")
	w.code("POST", "/v1/bilans/2023/publish")
	failed := make(chan error, 8)
	for range cap(failed) {
		f := w.told("intervention.v1", paris("2023-09-09 00:00"), map[string]any{"title": "Une autre"})
		w.append(f)
		read, key := w.read(f)
		go func() { failed <- w.project(t.Context(), read, key) }()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if list := w.bilan(2023).Corrections; len(list) != cap(failed) || list[len(list)-1].Now != 1+cap(failed) {
		t.Errorf("%+v", list)
	}
}
