package partner

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// changeCohort changes what figures count a cohort by.
func (w *world) changeCohort(slug, partner, programme, endsOn string) {
	w.t.Helper()
	table := w.Runtime().Table(function.Cohorts)
	key := partnership.CohortItemKey(slug)
	var writes dynamo.Writes
	writes.Add(table.Put(map[string]any{"pk": key.PK, "sk": key.SK, "partner": partner, "programme": programme, "ends_on": endsOn}))
	if err := writes.Commit(w.t.Context(), table.Client); err != nil {
		w.t.Fatal(err)
	}
}

// TestACohortAnnouncedLateIsInTheFactsBefore: who enrolled before it had a
// programme or an end is stated with them, once, and each time that they change.
func TestACohortAnnouncedLateIsInTheFactsBefore(t *testing.T) {
	w := newWorld(t)
	at := w.Clock.Now().Add(-time.Hour)
	w.send(enrolledIn(at, "46102", "2025-03-01"))
	w.send(withdrawnFrom(at.Add(time.Minute), "46102"))
	w.send(enrolledIn(at, "46042", "2025-03-01"))
	w.Drain()
	facts := len(w.Dump(function.Ledger))
	for _, change := range []struct {
		programme, endsOn string
		more              int
	}{{"P", "2026-12-31", 3}, {"P", "2026-12-31", 0}, {"P", "2027-12-31", 2}, {"Q", "2027-12-31", 3}} {
		w.changeCohort("occitanie", "occitanie", change.programme, change.endsOn)
		for range 2 { // a stream may bring a change twice
			w.Drain()
			w.Replay()
		}
		now := len(w.Dump(function.Ledger))
		if now-facts != change.more {
			t.Errorf("%+v: %d facts more", change, now-facts)
		}
		facts = now
	}
	want := map[string][]string{
		"46102": {"territory.enrolled.v2 2025-03-01", "territory.withdrawn.v1 2026-03-10"},
		"46042": {"territory.enrolled.v2 2025-03-01"},
	}
	for code, said := range w.statedOf() {
		if !slices.Equal(said, want[code]) {
			t.Errorf("%s: %q", code, said)
		}
	}
}

// TestACohortThatChangesWhileAMessageIsJudged: the change, and what follows from
// it, come between the reading of the cohort and the facts that speak of it.
func TestACohortThatChangesWhileAMessageIsJudged(t *testing.T) {
	w := newWorld(t)
	w.putCohort("lot", "occitanie", "76")
	w.Drain()
	changed := false
	w.Faults(func(c functiontest.Call) functiontest.Fault {
		if c.Operation == "TransactWriteItems" && !changed {
			changed = true
			w.changeCohort("lot", "occitanie", "Autre", "2028-06-30")
			w.Drain()
		}
		return functiontest.None
	})
	body := messageOf("territory.enrolled", w.Clock.Now(), map[string]any{"cohort": "lot", "territory": "46102", "enrolled_on": "2026-03-01"})
	if got := w.send(body).statuses(); !slices.Equal(got, []string{"applied"}) {
		t.Errorf("%v", got)
	}
	w.Faults(nil)
	facts := w.Dump(function.Ledger)
	if len(facts) != 1 || !strings.Contains(fmt.Sprint(facts), `"programme":"Autre"`) {
		t.Errorf("%v", facts)
	}
}
