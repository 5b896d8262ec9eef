package bilan

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/yearly"
)

// write commits one item of a transaction.
func (w *world) write(made func(*dynamo.Writes)) {
	w.t.Helper()
	var writes dynamo.Writes
	made(&writes)
	if err := writes.Commit(w.t.Context(), w.table.Client); err != nil {
		w.t.Fatal(err)
	}
}

// harm is something that must never happen to the running figures.
var harm = map[string]func(w *world, facts []ledger.Fact){
	"a counter is off": func(w *world, _ []ledger.Fact) {
		w.write(func(writes *dynamo.Writes) {
			writes.Add(w.table.Update(countersKey(false, 2023), expression.Add(expression.NameNoDotSplit(yearly.Elements("permanences.held")), expression.Value(2))))
		})
	},
	"a counter of what spans is off": func(w *world, _ []ledger.Fact) {
		w.write(func(writes *dynamo.Writes) {
			writes.Add(w.table.Update(countersKey(true, 2021), expression.Add(expression.NameNoDotSplit(yearly.Elements("allies.persons")), expression.Value(7))))
		})
	},
	"all counters of a year are gone": func(w *world, _ []ledger.Fact) {
		w.write(func(writes *dynamo.Writes) { writes.Add(w.table.Delete(countersKey(false, 2023))) })
	},
	"an element is gone, and its counter with it": func(w *world, facts []ledger.Fact) {
		read, _ := w.read(facts[2])
		n := w.figures.named(read)[0]
		w.write(func(writes *dynamo.Writes) {
			writes.Add(w.table.Delete(n.key()))
			writes.Add(w.table.Update(countersKey(false, 2023), expression.Add(expression.NameNoDotSplit(yearly.Elements(n.figure.key())), expression.Value(-1))))
		})
	},
	"something is counted that is in no ledger": func(w *world, _ []ledger.Fact) {
		f := w.told("intervention.v1", paris("2023-09-09 00:00"), map[string]any{"title": "Inventée"})
		w.projectAll(f)
	},
	"a fact was lost on its way": func(w *world, _ []ledger.Fact) {
		w.append(w.told("intervention.v1", paris("2023-09-09 00:00"), map[string]any{"title": "Perdue"}))
	},
	"a correction was lost on its way": func(w *world, facts []ledger.Fact) {
		w.append(w.told("session.held.v2", paris("2023-06-06 12:30"), func() map[string]any {
			data := held("ses_1", "permanence", "", paris("2023-06-06 12:30"), 60, nil, nil)
			data["corrects"] = facts[2].ID
			return data
		}()))
	},
}

// TestCompileRepairs whatever went wrong, tells the team, and fails once so
// that the alarm rings; the night after, all is well.
func TestCompileRepairs(t *testing.T) {
	for name, harmIt := range harm {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			facts := w.year2023()
			if err := w.compile(t.Context(), w.Clock.Now()); err != nil {
				t.Fatal(err)
			}
			harmIt(w, facts)
			w.Clock.Advance(2 * recentFor) // what is younger would be on its way, not lost
			if err := w.compile(t.Context(), w.Clock.Now()); err == nil || !strings.Contains(err.Error(), "differed") {
				t.Fatalf("it goes unnoticed: %v", err)
			}
			var list notices
			w.call(http.StatusOK, "GET", "/v1/bilans/notices", nil, &list, w.Bearer("team")...)
			if len(list.Items) != 1 || list.Items[0].Name != "compile-bilan" {
				t.Errorf("%+v", list)
			}
			if err := w.compile(t.Context(), w.Clock.Now()); err != nil {
				t.Errorf("not repaired: %v", err)
			}
			running, err := w.between(t.Context(), firstYear, lastStep, true)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range w.figures.of(2023) {
				if n, _ := w.listed(f, 2023); n != running.tally(f, 2023).Elements {
					t.Errorf("%s: %d listed, %+v counted", f.ID, n, running.tally(f, 2023))
				}
			}
		})
	}
}

// outside are facts dated in years that no figure has: a partner may date an
// enrolment as it likes.
func (w *world) outside() []ledger.Fact {
	enrolled := func(day string) ledger.Fact {
		return w.told("territory.enrolled.v2", paris(day+" 00:00"), map[string]any{"cohort": "occitanie", "territory": "31555", "source": "partner", "enrolled_on": day, "ends_on": "2033-06-30"})
	}
	return []ledger.Fact{enrolled("1998-05-02"), enrolled("2031-05-02"), w.told("intervention.v1", paris("2031-05-02 00:00"), map[string]any{"title": "Dans cinq ans"})}
}

// TestFactsOutsideTheYearsOfFigures are counted by neither the running figures
// nor the recount, whose nights stay quiet; once their year comes, they are
// brought in, without an alarm.
func TestFactsOutsideTheYearsOfFigures(t *testing.T) {
	w := newWorld(t)
	w.year2023()
	w.append(w.outside()...)
	w.Drain()
	for range 2 {
		w.Clock.Advance(2 * recentFor)
		if err := w.compile(t.Context(), w.Clock.Now()); err != nil {
			t.Error(err)
		}
	}
	if got := values(w.bilan(2026)); got["cohort.occitanie.territories"] != 0 {
		t.Errorf("%v", got)
	}
	w.Clock.Set(paris("2031-06-01 03:30"))
	if err := w.compile(t.Context(), w.Clock.Now()); err != nil {
		t.Error(err)
	}
	if got := values(w.bilan(2031)); got["cohort.occitanie.territories"] != 1 || got["interventions.all"] != 1 {
		t.Errorf("%v", got)
	}
}

// What was counted of such facts, before they were left out, is repaired once.
func TestCompileTakesOutFactsOutsideTheYears(t *testing.T) {
	w := newWorld(t)
	w.year2023()
	outside := w.outside()
	w.append(outside...)
	w.projectAll(outside...)
	w.Clock.Advance(2 * recentFor)
	if err := w.compile(t.Context(), w.Clock.Now()); err == nil {
		t.Error("it goes unnoticed")
	}
	if err := w.compile(t.Context(), w.Clock.Now()); err != nil {
		t.Errorf("not repaired: %v", err)
	}
}

// TestCompileSaysWhatItCouldNotRepair: only what is equal after the repair is
// said to be repaired. Here a counter is moved once more during it.
func TestCompileSaysWhatItCouldNotRepair(t *testing.T) {
	w := newWorld(t)
	w.year2023()
	off := func(id string) {
		w.write(func(writes *dynamo.Writes) {
			writes.Add(w.table.Update(countersKey(false, 2023), expression.Add(expression.NameNoDotSplit(yearly.Elements(id)), expression.Value(2))))
		})
	}
	off("permanences.held")
	off("interventions.all")
	w.Clock.Advance(2 * recentFor)
	inside, settled := false, 0
	w.Faults(func(c functiontest.Call) functiontest.Fault {
		if !inside && c.Operation == "TransactWriteItems" {
			inside = true
			if settled++; settled == 1 { // the first repair takes 2 away from what now is 4 too many
				off("permanences.held")
			}
			inside = false
		}
		return functiontest.None
	})
	err := w.compile(t.Context(), w.Clock.Now())
	w.Faults(nil)
	if err == nil || !strings.Contains(err.Error(), "were repaired: interventions.all") || !strings.Contains(err.Error(), "still differ: permanences.held") {
		t.Errorf("%v", err)
	}
	list, err := w.notices(t.Context())
	if err != nil || len(list.Items) != 1 || !strings.Contains(list.Items[0].Text, "réparé un écart\u00a0: interventions.all.") ||
		!strings.Contains(list.Items[0].Text, "n’a pas pu réparer\u00a0: permanences.held.") {
		t.Errorf("%v %+v", err, list)
	}
	if err := w.compile(t.Context(), w.Clock.Now()); err == nil || strings.Contains(err.Error(), "still") {
		t.Errorf("the night after: %v", err)
	}
}

// What is on its way at the time of the recount is brought in, and rings no alarm.
func TestCompileTakesWhatIsOnItsWay(t *testing.T) {
	w := newWorld(t)
	w.year2023()
	w.append(w.told("intervention.v1", paris("2023-09-09 00:00"), map[string]any{"title": "En route"}))
	if err := w.compile(t.Context(), w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if got := values(w.bilan(2023))["interventions.all"]; got != 2 {
		t.Errorf("%d", got)
	}
}

// A figure that is declared later is counted over all facts by the next
// recount, without an alarm: nothing was wrong.
func TestANewFigureIsCountedOverAllFacts(t *testing.T) {
	w := newWorld(t)
	all := w.figures
	w.figures = nil
	for _, f := range all {
		if f.ID != "permanences.participants" && f.ID != "allies.persons" {
			w.figures = append(w.figures, f)
		}
	}
	facts := w.year2023()
	for _, item := range w.Dump("Bilans") { // as if the two had never been declared
		key := dynamo.Key{PK: item["pk"].(string), SK: item["sk"].(string)}
		w.write(func(writes *dynamo.Writes) { writes.Add(w.table.Delete(key)) })
	}
	w.projectAll(facts...)
	if err := w.compile(t.Context(), w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.figures = all
	w.Clock.Advance(2 * recentFor)
	if err := w.compile(t.Context(), w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	bilan, err := w.report(t.Context(), 2023)
	if err != nil {
		t.Fatal(err)
	}
	if got := values(bilan); got["permanences.participants"] != 3 || got["allies.persons"] != 2 {
		t.Errorf("%v", got)
	}
}

// close-year closes the year before, tells the team once, and leaves a
// published year alone, however often and late it runs.
func TestCloseYear(t *testing.T) {
	w := newWorld(t)
	w.teamMail = "equipe@fabrique.example"
	w.year2023()
	w.Clock.Set(paris("2024-01-15 08:00"))
	failed := make(chan error, 3)
	for range cap(failed) {
		go func() { failed <- w.closeYear(t.Context(), paris("2024-01-15 08:00")) }()
	}
	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	w.Clock.Advance(time.Hour)
	if err := w.closeYear(t.Context(), paris("2024-01-15 08:00")); err != nil {
		t.Error(err)
	}
	list, err := w.notices(t.Context())
	if err != nil || len(list.Items) != 1 || !strings.Contains(list.Items[0].Text, "2023") {
		t.Errorf("%v %+v", err, list)
	}
	if mails := w.Holding("team-notice"); len(mails) != 1 {
		t.Errorf("the team is written to: %v", mails)
	}
	if got := w.bilan(2023).Status; got != report.Closed {
		t.Errorf("2023 is %s", got)
	}
	if err := w.publish(w.member(), 2023); err != nil {
		t.Fatal(err)
	}
	if err := w.closeYear(t.Context(), paris("2024-01-15 08:00")); err != nil || w.bilan(2023).Status != report.Published {
		t.Errorf("%v", err)
	}
}
