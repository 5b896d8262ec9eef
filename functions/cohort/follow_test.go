package cohort

import (
	"fmt"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// says stores what a partner says, as the function partner does.
func (w *world) says(said partnership.Said, minute int) {
	w.t.Helper()
	said.Partner = "occitanie"
	said = said.Dated(w.Clock.Now().Add(time.Duration(minute) * time.Minute))
	table := w.Runtime().Table(function.Partners)
	var writes dynamo.Writes
	writes.Add(table.Put(said))
	if err := writes.Commit(w.t.Context(), table.Client); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) territory(code, day string, out bool, minute int) {
	w.t.Helper()
	w.says(partnership.Said{Key: partnership.TerritoryKey("occitanie", "occitanie", code), Cohort: "occitanie", Territory: code, EnrolledOn: day, Out: out}, minute)
}

func (w *world) announce(name string, seats, minute int) {
	w.t.Helper()
	w.says(partnership.Said{Key: partnership.CohortKey("occitanie", "occitanie"), Cohort: "occitanie", Announced: &partnership.Announced{
		Name: name, Programme: "P", Scale: "regional", Region: "76", Seats: seats,
		OpensOn: "2026-03-01", ClosesOn: "2026-03-31", StartsOn: "2026-04-15", EndsOn: "2027-04-15"}}, minute)
}

// TestCohortsFollowTheirPartners shows what a partner has said, even before
// it has announced the cohort, and whatever is delivered twice.
func TestCohortsFollowTheirPartners(t *testing.T) {
	w := newWorld(t)
	w.territory("46102", "2026-03-02", false, 0)
	w.territory("31555", "2026-03-02", false, 0)
	w.says(partnership.Said{Key: partnership.MilestoneKey("occitanie", "occitanie", "46102", "Diagnostic"), Cohort: "occitanie",
		Territory: "46102", Milestone: "Diagnostic", ReachedOn: "2026-03-05"}, 0)
	w.Drain()
	w.announce("Occitanie", 8, 1)
	w.announce("Occitanie 2026", 9, 2)
	w.territory("31555", "2026-03-03", true, 3)
	w.Drain()
	w.Replay()
	shown, err := w.shownCohort(t.Context(), "occitanie")
	if err != nil {
		t.Fatal(err)
	}
	if shown.Name != "Occitanie 2026" || shown.Seats != 9 || shown.Partner != "occitanie" ||
		fmt.Sprint(shown.Territories) != "[{46102 Figeac 2026-03-02}]" || fmt.Sprint(shown.Milestones) != "[{46102 Diagnostic 2026-03-05}]" {
		t.Errorf("%+v", shown)
	}
}

// TestTheTeamsCohortKeepsWhatTheTeamWrote, and an application and a partner do
// not undo each other.
func TestTheTeamsCohortKeepsWhatTheTeamWrote(t *testing.T) {
	w := newWorld(t)
	id := w.completed(1, 1)[0]
	if _, err := w.decide(w.member(), id, decisionInput{Decision: accepted}); err != nil {
		t.Fatal(err)
	}
	w.announce("Autre nom", 3, 0)
	w.territory(communes[0], "2026-03-02", false, 0)
	w.Drain()
	w.territory(communes[0], "2026-03-03", true, 1)
	w.Drain()
	shown, err := w.shownCohort(t.Context(), "occitanie")
	if err != nil || shown.Name != "Occitanie 2026" || shown.Seats != 1 || fmt.Sprint(shown.Territories) != "[{46102 Figeac 2026-03-10}]" {
		t.Errorf("%v %+v", err, shown)
	}
	if err := w.change(w.member(), "occitanie", cohortChange{Region: new(string)}, &fault.Fields{}); err == nil {
		t.Error("a regional cohort without its region")
	}
}
