package cohort

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// refused sends a request and wants it refused with this code.
func (w *world) refused(status int, code, method, path string, body any, headers ...string) {
	w.t.Helper()
	var problem web.Problem
	w.call(status, method, path, body, &problem, headers...)
	if problem.Code != code {
		w.t.Errorf("%s %s: %+v, not %s", method, path, problem, code)
	}
}

func bearerOf(w *world, answer applicationView) []string {
	return []string{"Authorization", "Bearer " + query(w.t, answer.ManageURL)}
}

// mailsAsked counts all mails that were asked for.
func (w *world) mailsAsked() (n int) {
	w.t.Helper()
	for _, item := range w.Dump(function.Applications) {
		if item["template"] != nil {
			n++
		}
	}
	return n
}

// TestWaitingIsNoDeadEnd: who waits for a seat may still be completed,
// reminded and confirmed, and then accepted.
func TestWaitingIsNoDeadEnd(t *testing.T) {
	w := newWorld(t)
	w.newCohort(1)
	three := four(0)
	delete(three, "state")
	var made applicationView
	w.call(http.StatusCreated, "POST", "/v1/cohorts/occitanie/applications", map[string]any{"territory": communes[0], "motivation": "m", "quartet": three}, &made)
	path, bearer := "/v1/applications/"+made.ID, bearerOf(w, made)
	if _, err := w.decide(w.member(), made.ID, decisionInput{Decision: waitingForSeat}); err != nil {
		t.Fatal(err)
	}
	w.call(http.StatusOK, "PATCH", path, map[string]any{"quartet": map[string]any{"state": four(0)["state"]}}, nil, bearer...)
	w.Clock.Advance(2 * time.Hour)
	before := w.mailsAsked()
	w.call(http.StatusOK, "POST", path+"/reminders", nil, nil, bearer...)
	if n := w.mailsAsked() - before; n != 4 {
		t.Errorf("%d reminded", n)
	}
	if got := w.confirmAll(0, made.ID); got.Status != waitingForSeat || len(got.Unconfirmed) > 0 {
		t.Errorf("%+v", got)
	}
	if got := w.mails("socioeconomic0@territoire.example"); !slices.ContainsFunc(got, func(m mail.Intent) bool { return m.Template == "application-complete" }) {
		t.Errorf("%+v", got)
	}
	if got, err := w.decide(w.member(), made.ID, decisionInput{Decision: accepted}); err != nil || got.Decision != accepted {
		t.Errorf("%v %+v", err, got)
	}
}

// TestWaitingPagesLetComplete shows the forms on the pages too.
func TestWaitingPagesLetComplete(t *testing.T) {
	d := newDesk(t)
	d.newCohort(1)
	made := d.applyFor(0)
	if _, err := d.decide(d.member(), made.ID, decisionInput{Decision: waitingForSeat}); err != nil {
		t.Fatal(err)
	}
	d.says(http.StatusOK, pagePath(made.ID, query(t, made.ManageURL)), nil, "En attente d’une place", "/relancer", "/retirer")
	d.says(http.StatusOK, oneOf("occitanie", made.ID), nil, "/relancer")
}

func oneOf(slug, id string) string { return teamCohorts + "/" + slug + "/candidatures/" + id }

// lapse makes an application that nobody confirms, and another of the same
// territory after it lapsed.
func (w *world) lapse() (first, second applicationView) {
	w.t.Helper()
	in := occitanie(1)
	in.ClosesOn = "2026-12-31"
	if _, err := w.plan(w.member(), in, "", nil); err != nil {
		w.t.Fatal(err)
	}
	first = w.applyFor(0)
	w.Clock.Advance(unconfirmedFor + time.Hour)
	w.call(http.StatusCreated, "POST", "/v1/cohorts/occitanie/applications",
		map[string]any{"territory": communes[0], "motivation": "m", "quartet": four(5)}, &second)
	return first, second
}

// TestALapsedApplicationCanOnlyBeClosed, by its holder or by the team, and the
// claim stays with the one that came after it.
func TestALapsedApplicationCanOnlyBeClosed(t *testing.T) {
	for _, byTeam := range []bool{false, true} {
		w := newWorld(t)
		first, second := w.lapse()
		path, bearer := "/v1/applications/"+first.ID, bearerOf(w, first)
		before := w.mailsAsked()
		w.refused(http.StatusConflict, "application-lapsed", "PATCH", path, map[string]any{"quartet": map[string]any{"state": someone("Lou")}}, bearer...)
		w.refused(http.StatusConflict, "application-lapsed", "PATCH", path, `{"motivation":"Autre."}`, bearer...)
		w.refused(http.StatusConflict, "application-lapsed", "POST", path+"/reminders", nil, bearer...)
		if n := w.mailsAsked() - before; n > 0 {
			t.Errorf("%d mails", n)
		}
		if byTeam {
			w.refused(http.StatusConflict, "already-applied", "POST", path+"/decision", `{"decision":"waiting"}`, w.Bearer("team")...)
			w.call(http.StatusOK, "POST", path+"/decision", `{"decision":"declined"}`, nil, w.Bearer("team")...)
		} else {
			w.call(http.StatusOK, "POST", path+"/withdraw", nil, nil, bearer...)
		}
		var claim claimItem
		if found, err := w.table.Get(t.Context(), claimKey("occitanie", communes[0]), &claim); err != nil || !found || claim.Application != second.ID {
			t.Errorf("%v %v %+v", found, err, claim)
		}
		w.call(http.StatusOK, "PATCH", "/v1/applications/"+second.ID, `{"motivation":"Toujours."}`, nil, bearerOf(w, second)...)
	}
}

// TestNobodyEntersACohortThatHasEnded, by a decision nor by applying.
func TestNobodyEntersACohortThatHasEnded(t *testing.T) {
	w := newWorld(t)
	id := w.completed(1, 1)[0]
	closes, ends := "2027-12-31", "2026-04-30"
	if err := w.change(w.member(), "occitanie", cohortChange{ClosesOn: &closes, EndsOn: &ends}, &fault.Fields{}); err != nil {
		t.Fatal(err)
	}
	accept := `{"decision":"accepted"}`
	w.Clock.Set(time.Date(2026, 4, 30, 22, 30, 0, 0, time.UTC)) // half past midnight of 1 May in Paris
	w.refused(http.StatusConflict, "cohort-ended", "POST", "/v1/applications/"+id+"/decision", accept, w.Bearer("team")...)
	w.refused(http.StatusConflict, "cohort-closed", "POST", "/v1/cohorts/occitanie/applications", map[string]any{"territory": communes[1], "motivation": "m", "quartet": four(1)})
	w.Clock.Set(time.Date(2026, 4, 30, 21, 30, 0, 0, time.UTC)) // its last evening
	w.call(http.StatusOK, "POST", "/v1/applications/"+id+"/decision", accept, nil, w.Bearer("team")...)
}

// TestNobodyConfirmsWhatIsOver: who had confirmed may say so again.
func TestNobodyConfirmsWhatIsOver(t *testing.T) {
	for decision, code := range map[string]string{withdrawn: "application-withdrawn", declined: "application-declined"} {
		d := newDesk(t)
		d.newCohort(1)
		made := d.applyFor(0)
		path := "/v1/applications/" + made.ID + "/confirm"
		early, late := d.tokenOf("elected0@territoire.example"), d.tokenOf("state0@territoire.example")
		d.call(http.StatusOK, "POST", path, tokenBody{early}, nil)
		if decision == withdrawn {
			d.call(http.StatusOK, "POST", "/v1/applications/"+made.ID+"/withdraw", nil, nil, bearerOf(d.world, made)...)
		} else if _, err := d.decide(d.member(), made.ID, decisionInput{Decision: declined}); err != nil {
			t.Fatal(err)
		}
		before := d.mailsAsked()
		d.refused(http.StatusConflict, code, "POST", path, tokenBody{late})
		d.call(http.StatusOK, "POST", path, tokenBody{early}, nil)
		_, page := d.says(http.StatusOK, pagePath(made.ID, late), nil, statusTitles[decision])
		if strings.Contains(page, "Je confirme") {
			t.Error("the page asks to confirm")
		}
		d.says(http.StatusConflict, "/candidatures/"+made.ID+"/confirmer", url.Values{"token": {late}}, strings.ReplaceAll(overFaults[decision].Detail, french.NoBreak, " "))
		if n := d.mailsAsked() - before; n > 0 {
			t.Errorf("%d mails", n)
		}
		d.refused(http.StatusConflict, "application-decided", "POST", "/v1/applications/"+made.ID+"/reminders", nil, bearerOf(d.world, made)...)
	}
}

// stated is a fact of the ledger.
type stated[T any] struct {
	ID, Type string
	Time     string
	Data     T
}

// facts are those of a type in the ledger.
func facts[T any](w *world, kind string) (all []stated[T]) {
	w.t.Helper()
	for _, item := range w.Dump(function.Ledger) {
		var fact stated[T]
		if err := json.Unmarshal([]byte(item["event"].(string)), &fact); err != nil {
			w.t.Fatal(err)
		}
		if fact.Type == kind {
			all = append(all, fact)
		}
	}
	return all
}

// TestFactsTellWhenTheyWereSaid, for a day may hold several.
func TestFactsTellWhenTheyWereSaid(t *testing.T) {
	w := newWorld(t)
	id := w.completed(1, 1)[0]
	if _, err := w.decide(w.member(), id, decisionInput{Decision: accepted}); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Hour)
	item, err := w.application(t.Context(), id)
	if err == nil {
		_, err = w.withdraw(t.Context(), item)
	}
	if err != nil {
		t.Fatal(err)
	}
	in, out := facts[ledger.Enrolled](w, ledger.EnrolledType), facts[ledger.Withdrawn](w, "territory.withdrawn.v1")
	if len(in) != 1 || in[0].Data.SaidAt != "2026-03-10T09:00:00Z" || len(out) != 1 || out[0].Data.SaidAt != "2026-03-10T10:00:00Z" {
		t.Errorf("%+v %+v", in, out)
	}
}

// TestATerritoryIsFreeOnceItsFourAreErased, unless it was accepted: an
// application of nobody must not keep others out.
func TestATerritoryIsFreeOnceItsFourAreErased(t *testing.T) {
	for _, decision := range []string{"", waitingForSeat, accepted} {
		w := newWorld(t)
		id := w.completed(2, 1)[0]
		if decision != "" {
			if _, err := w.decide(w.member(), id, decisionInput{Decision: decision}); err != nil {
				t.Fatal(err)
			}
		}
		item, err := w.application(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(time.Minute)
		body := map[string]any{"territory": communes[0], "motivation": "m", "quartet": four(7)}
		for _, m := range item.Members {
			w.refused(http.StatusConflict, "already-applied", "POST", "/v1/cohorts/occitanie/applications", body)
			for range 2 {
				if err := w.erase(t.Context(), m.Person, w.Clock.Now()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if decision == accepted {
			w.refused(http.StatusConflict, "already-applied", "POST", "/v1/cohorts/occitanie/applications", body)
			continue
		}
		w.call(http.StatusCreated, "POST", "/v1/cohorts/occitanie/applications", body, nil)
		token, err := w.manageURL(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		w.refused(http.StatusConflict, "application-lapsed", "PATCH", "/v1/applications/"+id, map[string]any{"quartet": four(8)}, "Authorization", "Bearer "+query(t, token))
	}
}

// TestErasureLeavesTheClaimOfAnother: of a lapsed application, whose territory
// is another's by now.
func TestErasureLeavesTheClaimOfAnother(t *testing.T) {
	w := newWorld(t)
	first, second := w.lapse()
	item, err := w.application(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range item.Members {
		if err := w.erase(t.Context(), m.Person, w.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	var claim claimItem
	if found, err := w.table.Get(t.Context(), claimKey("occitanie", communes[0]), &claim); err != nil || !found || claim.Application != second.ID {
		t.Errorf("%v %v %+v", found, err, claim)
	}
}
