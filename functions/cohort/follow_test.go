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

// TestWhatTheTeamChangedStays: of a cohort that a partner announced, each word
// stays until somebody says another one of the same thing.
func TestWhatTheTeamChangedStays(t *testing.T) {
	w := newWorld(t)
	w.announce("Occitanie", 8, 0)
	w.Drain()
	name, ends := "Le nom de l’équipe", "2027-06-30"
	if err := w.change(w.member(), "occitanie", cohortChange{Name: &name, EndsOn: &ends}, &fault.Fields{}); err != nil {
		t.Fatal(err)
	}
	w.announce("Occitanie", 9, 1)
	w.Drain()
	w.Replay()
	got, err := w.cohort(t.Context(), "occitanie")
	if err != nil || got.Name != name || got.EndsOn != ends || got.Seats != 9 {
		t.Errorf("%v %+v", err, got)
	}
	w.announce("Occitanie, suite", 9, 2)
	w.Drain()
	if got, err = w.cohort(t.Context(), "occitanie"); err != nil || got.Name != "Occitanie, suite" || got.EndsOn != ends {
		t.Errorf("%v %+v", err, got)
	}
	// What would contradict itself is taken whole.
	early := "2026-04-20"
	if err := w.change(w.member(), "occitanie", cohortChange{EndsOn: &early}, &fault.Fields{}); err != nil {
		t.Fatal(err)
	}
	announced := *got.Announced
	announced.StartsOn = "2026-05-01"
	w.says(partnership.Said{Key: partnership.CohortKey("occitanie", "occitanie"), Cohort: "occitanie", Announced: &announced}, 3)
	w.Drain()
	if got, err = w.cohort(t.Context(), "occitanie"); err != nil || got.StartsOn != "2026-05-01" || got.EndsOn != "2027-04-15" {
		t.Errorf("%v %+v", err, got)
	}
}

// TestACohortIsOfWhoAnnouncedItFirst, whoever announces the same later.
func TestACohortIsOfWhoAnnouncedItFirst(t *testing.T) {
	w := newWorld(t)
	w.announce("Occitanie", 8, 0)
	w.Drain()
	said := partnership.Said{Key: partnership.CohortKey("avenir-montagnes", "occitanie"), Partner: "avenir-montagnes", Cohort: "occitanie",
		Announced: &partnership.Announced{Name: "Pris", Programme: "P", Scale: "national", Seats: 9,
			OpensOn: "2026-03-01", ClosesOn: "2026-03-31", StartsOn: "2026-04-15", EndsOn: "2027-04-15"}}
	if err := w.followAnnounced(t.Context(), said.Dated(w.Clock.Now().Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	if got, err := w.cohort(t.Context(), "occitanie"); err != nil || got.Name != "Occitanie" || got.Partner != "occitanie" {
		t.Errorf("%v %+v", err, got)
	}
}
