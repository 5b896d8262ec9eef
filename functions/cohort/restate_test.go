package cohort

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// standing are the enrolment facts that no other corrects, by territory. Each
// fact is corrected once at most.
func (w *world) standing() map[string]ledger.Enrolled {
	w.t.Helper()
	all, corrected := facts[ledger.Enrolled](w, ledger.EnrolledType), map[string]bool{}
	for _, fact := range all {
		if corrected[fact.Data.Corrects] {
			w.t.Errorf("%s is corrected twice", fact.Data.Corrects)
		}
		corrected[fact.Data.Corrects] = fact.Data.Corrects != ""
	}
	stand := map[string]ledger.Enrolled{}
	for _, fact := range all {
		if corrected[fact.ID] {
			continue
		}
		if _, twice := stand[fact.Data.Territory]; twice {
			w.t.Errorf("%s is enrolled twice", fact.Data.Territory)
		}
		stand[fact.Data.Territory] = fact.Data
	}
	return stand
}

func (w *world) changed(in cohortChange) {
	w.t.Helper()
	if err := w.change(w.member(), "occitanie", in, &fault.Fields{}); err != nil {
		w.t.Fatal(err)
	}
}

// TestEnrolmentsSayWhatTheirCohortIs after it has changed, each once.
func TestEnrolmentsSayWhatTheirCohortIs(t *testing.T) {
	w := newWorld(t)
	ids := w.completed(3, 3)
	for _, id := range ids[:2] {
		if _, err := w.decide(w.member(), id, decisionInput{Decision: accepted}); err != nil {
			t.Fatal(err)
		}
	}
	said := w.Clock.Now().UTC().Format(time.RFC3339)
	w.Clock.Advance(50 * 24 * time.Hour)
	ends, programme, name := "2027-12-31", "Un autre programme", "Un autre nom"
	for n, in := range []cohortChange{{EndsOn: &ends}, {Programme: &programme}} {
		w.changed(in)
		w.Drain()
		w.Replay()
		if n := len(facts[ledger.Enrolled](w, ledger.EnrolledType)) - 2*(n+2); n != 0 {
			t.Errorf("%d facts too many", n)
		}
	}
	for _, fact := range facts[ledger.Enrolled](w, ledger.EnrolledType) {
		if fact.Time != said { // it happened then, however late it is stated anew
			t.Errorf("%s is of %s, not of %s", fact.ID, fact.Time, said)
		}
	}
	w.changed(cohortChange{Name: &name})
	if _, err := w.decide(w.member(), ids[2], decisionInput{Decision: accepted}); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	if all := facts[ledger.Enrolled](w, ledger.EnrolledType); len(all) != 7 {
		t.Errorf("%+v", all)
	}
	stand := w.standing()
	if len(stand) != 3 {
		t.Errorf("%+v", stand)
	}
	for code, fact := range stand {
		if fact.EndsOn != ends || fact.Programme != programme || fact.Source != byApplication ||
			code != communes[2] && (fact.EnrolledOn != "2026-03-10" || fact.SaidAt != said) {
			t.Errorf("%+v", fact)
		}
	}
	w.validates()
}

// TestAStayThatIsOverIsOfItsCohort: whoever was in and has left was in what the
// cohort is, or programmes would each count half of it. Who comes back is in
// twice, and only the last stay goes on.
func TestAStayThatIsOverIsOfItsCohort(t *testing.T) {
	w := newWorld(t)
	id := w.completed(3, 1)[0]
	decide := func(decision string) {
		t.Helper()
		if _, err := w.decide(w.member(), id, decisionInput{Decision: decision}); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(24 * time.Hour)
	}
	decide(accepted)
	decide(waitingForSeat)
	decide(accepted)
	decide(declined)
	programme := "Un autre programme"
	for range 2 { // and said twice, it changes nothing more
		w.changed(cohortChange{Programme: &programme})
		w.Drain()
		w.Replay()
	}
	in, out := facts[ledger.Enrolled](w, ledger.EnrolledType), facts[ledger.Withdrawn](w, "territory.withdrawn.v1")
	if len(in) != 4 || len(out) != 4 {
		t.Fatalf("%d enrolments, %d withdrawals", len(in), len(out))
	}
	corrected := map[string]bool{}
	for _, fact := range in {
		corrected[fact.Data.Corrects] = true
	}
	for _, fact := range out {
		corrected[fact.Data.Corrects] = true
		if fact.Time != fact.Data.SaidAt { // it happened then
			t.Errorf("%+v", fact)
		}
	}
	for _, fact := range in {
		if !corrected[fact.ID] && fact.Data.Programme != programme {
			t.Errorf("%+v", fact)
		}
	}
	for _, fact := range out {
		if !corrected[fact.ID] && fact.Data.Programme != programme {
			t.Errorf("%+v", fact)
		}
	}
	if shown, err := w.shownCohort(t.Context(), "occitanie"); err != nil || len(shown.Territories) != 0 {
		t.Errorf("%v %+v", err, shown.Territories)
	}
	w.validates()
}

// TestAnotherAnnouncementRestatesEnrolments, as a change by the team does.
func TestAnotherAnnouncementRestatesEnrolments(t *testing.T) {
	w := newWorld(t)
	announced := partnership.Announced{Name: "Occitanie", Programme: "P", Scale: "regional", Region: "76", Seats: 3,
		OpensOn: "2026-03-01", ClosesOn: "2026-03-31", StartsOn: "2026-04-15", EndsOn: "2027-04-15"}
	said := partnership.Said{Partner: "occitanie", Cohort: "occitanie", Announced: &announced}
	if err := w.followAnnounced(t.Context(), said.Dated(w.Clock.Now())); err != nil {
		t.Fatal(err)
	}
	made := w.applyFor(0)
	w.confirmAll(0, made.ID)
	w.call(http.StatusOK, "POST", "/v1/applications/"+made.ID+"/decision", `{"decision":"accepted"}`, nil, w.Bearer("team")...)
	announced.EndsOn = "2028-01-31"
	if err := w.followAnnounced(t.Context(), said.Dated(w.Clock.Now().Add(time.Minute))); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	if got := w.standing()[communes[0]]; got.EndsOn != "2028-01-31" || got.Corrects == "" {
		t.Errorf("%+v", got)
	}
}

// TestNoEnrolmentIsForgotten of a territory that is accepted while its cohort
// changes, at whatever call that comes; nor does one that leaves while the change
// is stated come back.
func TestNoEnrolmentIsForgotten(t *testing.T) {
	changes := func(w *world) {
		ends := "2027-11-01"
		w.changed(cohortChange{EndsOn: &ends})
	}
	states := func(w *world) {
		if err := w.restateCohort(context.Background(), "occitanie"); err != nil {
			w.t.Error(err)
		}
	}
	accepts := func(w *world, id string) {
		if _, err := w.decide(w.member(), id, decisionInput{Decision: accepted}); err != nil {
			w.t.Error(err)
		}
	}
	left := func(w *world, ids []string) int { // how many have left by now
		if application, err := w.application(t.Context(), ids[0]); err != nil || application.Decision == accepted {
			return 0
		}
		return 1
	}
	for name, at := range map[string]func(*world, []string, func(do func())){
		"leaving while a change is stated": func(w *world, ids []string, during func(do func())) {
			accepts(w, ids[1])
			changes(w)
			during(func() {
				if _, err := w.decide(w.member(), ids[0], decisionInput{Decision: declined}); err != nil {
					w.t.Error(err)
				}
			})
			states(w)
		},
		"accepted while the cohort changes": func(w *world, ids []string, during func(do func())) {
			during(func() { changes(w); states(w) })
			accepts(w, ids[1])
		},
	} {
		t.Run(name, func(t *testing.T) {
			for number := 1; ; number++ {
				w := newWorld(t)
				ids := w.completed(2, 2)
				accepts(w, ids[0])
				reached := false
				at(w, ids, func(do func()) {
					w.Faults(func(c functiontest.Call) functiontest.Fault {
						if c.Number == number {
							reached = true
							do()
						}
						return functiontest.None
					})
				})
				w.Faults(nil)
				if !reached {
					return
				}
				stand := w.standing() // and nothing is delivered later, which would hide what was missed
				for code, fact := range stand {
					if fact.EndsOn != "2027-11-01" {
						t.Errorf("call %d: %s: %+v", number, code, fact)
					}
				}
				if len(stand) != len(ids) {
					t.Errorf("call %d: %d stand", number, len(stand))
				}
				shown, err := w.shownCohort(t.Context(), "occitanie")
				if err != nil || len(shown.Territories) != len(ids)-left(w, ids) {
					t.Errorf("call %d: %v %+v", number, err, shown.Territories)
				}
			}
		})
	}
}

// TestRestatingIsResumed wherever it fails, and states each once.
func TestRestatingIsResumed(t *testing.T) {
	territories, kinds := 100, functiontest.AllFaults
	if os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" { // which takes minutes for all
		territories, kinds = 50, []functiontest.Fault{functiontest.LostAnswer}
	}
	for _, kind := range kinds {
		t.Run(kind.String(), func(t *testing.T) {
			for number := 1; ; number++ {
				w := newWorld(t)
				w.newCohort(territories)
				var writes dynamo.Writes
				for n := range territories {
					code := fmt.Sprintf("%05d", n)
					item := territoryItem{Key: territoryKey("occitanie", code, byApplication), Territory: code, EnrolledOn: "2026-03-10",
						Fact: w.newID("fact"), Programme: "Avant", EndsOn: "2026-12-31", SaidAt: "2026-03-10T09:00:00Z"}
					if n >= atOnce { // of which two facts are stated, as many as one transaction holds
						item.Out, item.LeftFact, item.LeftOn, item.LeftAt = true, w.newID("fact"), "2026-03-20", "2026-03-20T09:00:00Z"
					}
					writes.Add(w.cohorts.Put(item))
				}
				if err := writes.Commit(t.Context(), w.cohorts.Client); err != nil {
					t.Fatal(err)
				}
				since := w.Faults(functiontest.At(number, kind))
				if w.restateCohort(t.Context(), "occitanie") != nil {
					if err := w.restateCohort(t.Context(), "occitanie"); err != nil {
						t.Fatal(err)
					}
				}
				calls, _ := since()
				w.Faults(nil)
				if stand, all := w.standing(), facts[ledger.Enrolled](w, ledger.EnrolledType); len(stand) != territories || len(all) != territories {
					t.Errorf("call %d: %d stand of %d", number, len(stand), len(all))
				}
				if out := len(facts[ledger.Withdrawn](w, "territory.withdrawn.v1")); out != territories-atOnce {
					t.Errorf("call %d: %d have left", number, out)
				}
				if calls < number {
					return
				}
			}
		})
	}
}
