package cohort

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func TestCohortsAreMadeChangedAndListed(t *testing.T) {
	w := newWorld(t)
	team := w.Bearer("team")
	var made, again, changed cohort
	w.call(http.StatusUnauthorized, "POST", "/v1/cohorts", occitanie(8), nil)
	w.call(http.StatusCreated, "POST", "/v1/cohorts", occitanie(8), &made, append(team, "Idempotency-Key", "k")...)
	w.call(http.StatusCreated, "POST", "/v1/cohorts", occitanie(8), &again, append(team, "Idempotency-Key", "k")...)
	if made.Status != openCall || made.Slug != again.Slug || made.Territories == nil {
		t.Errorf("%+v %+v", made, again)
	}
	w.call(http.StatusConflict, "POST", "/v1/cohorts", occitanie(9), nil, team...)
	w.call(http.StatusOK, "PATCH", "/v1/cohorts/occitanie", `{"seats":9,"closes_on":"2026-03-05"}`, &changed, team...)
	if changed.Seats != 9 || changed.Status != closedNow {
		t.Errorf("%+v", changed)
	}
	w.call(http.StatusNotFound, "PATCH", "/v1/cohorts/nulle-part", `{"seats":9}`, nil, team...)
	for n := range 3 {
		in := occitanie(2)
		in.Slug, in.StartsOn = fmt.Sprint("c", n), fmt.Sprintf("2026-0%d-01", n+5)
		w.call(http.StatusCreated, "POST", "/v1/cohorts", in, nil, team...)
	}
	var slugs []string
	for cursor := ""; ; {
		var page cohortPage
		w.call(http.StatusOK, "GET", "/v1/cohorts?limit=3&cursor="+url.QueryEscape(cursor), nil, &page)
		for _, item := range page.Items {
			slugs = append(slugs, item.Slug)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if !slices.Equal(slugs, []string{"c2", "c1", "c0", "occitanie"}) {
		t.Errorf("%v", slugs)
	}
	for body, want := range map[string]string{
		`{}`: "body.closes_on body.ends_on body.name body.opens_on body.programme body.scale body.seats body.slug body.starts_on",
		`{"slug":"A B","name":"N","programme":"P","scale":"regional","seats":0,"opens_on":"2026-02-30","closes_on":"2026-01-01","starts_on":"2026-05-01","ends_on":"2026-04-01","partner":"x"}`: "body.ends_on body.opens_on body.partner body.region body.seats body.slug",
	} {
		if got := strings.Join(w.locations("POST", "/v1/cohorts", body, team...), " "); got != want {
			t.Errorf("%s\nnot %s", got, want)
		}
	}
}

func TestATerritoryAppliesWithItsFour(t *testing.T) {
	w := newWorld(t)
	w.newCohort(1)
	path := "/v1/cohorts/occitanie/applications"
	body := map[string]any{"territory": "46102", "motivation": "Nous voulons apprendre.", "quartet": map[string]any{"elected": someone("Ada"), "officer": someone("Max")}}
	var made, again, changed applicationView
	w.call(http.StatusCreated, "POST", path, body, &made, "Idempotency-Key", "k")
	w.call(http.StatusCreated, "POST", path, body, &again, "Idempotency-Key", "k")
	if made.Status != draft || fmt.Sprint(made.Missing) != "[state socioeconomic]" || made.Territory.Name != "Figeac" || again.ID != made.ID || again.ManageURL != made.ManageURL {
		t.Errorf("%+v %+v", made, again)
	}
	w.call(http.StatusConflict, "POST", path, body, nil)
	if got := w.mails("ada@territoire.example"); len(got) != 1 || got[0].Template != "application-confirm" {
		t.Errorf("%+v", got)
	}
	bearer := []string{"Authorization", "Bearer " + query(t, made.ManageURL)}
	w.call(http.StatusUnauthorized, "PATCH", "/v1/applications/"+made.ID, `{}`, nil)
	w.call(http.StatusForbidden, "PATCH", "/v1/applications/app_other", `{}`, nil, bearer...)
	w.Clock.Advance(askEvery) // Ada was asked already
	w.call(http.StatusOK, "PATCH", "/v1/applications/"+made.ID, map[string]any{"quartet": map[string]any{"state": someone("Ada"), "socioeconomic": someone("Zoe")}}, &changed, bearer...)
	if changed.Status != awaitingFour || len(changed.Unconfirmed) != 4 || len(changed.Notes) != 1 {
		t.Errorf("%+v", changed)
	}
	// Ada holds two roles: each is confirmed by a mail of its own.
	for _, name := range []string{"max", "zoe"} {
		w.call(http.StatusOK, "POST", "/v1/applications/"+made.ID+"/confirm", tokenBody{w.tokenOf(name + "@territoire.example")}, &changed)
	}
	for _, m := range w.mails("ada@territoire.example") {
		for range 2 {
			w.call(http.StatusOK, "POST", "/v1/applications/"+made.ID+"/confirm", tokenBody{query(t, m.Data["link"])}, &changed)
		}
	}
	if changed.Status != complete || len(changed.Unconfirmed) != 0 {
		t.Errorf("%+v", changed)
	}
	w.call(http.StatusForbidden, "POST", "/v1/applications/"+made.ID+"/confirm", tokenBody{query(t, made.ManageURL)}, nil)
	w.call(http.StatusUnauthorized, "POST", "/v1/applications/"+made.ID+"/confirm", tokenBody{"x.y"}, nil)
	// Whoever takes over a role confirms it anew; the one before no longer can.
	old := w.tokenOf("max@territoire.example")
	w.call(http.StatusOK, "PATCH", "/v1/applications/"+made.ID, map[string]any{"quartet": map[string]any{"officer": someone("Lou")}}, &changed, bearer...)
	if changed.Status != awaitingFour || fmt.Sprint(changed.Unconfirmed) != "[officer]" {
		t.Errorf("%+v", changed)
	}
	w.call(http.StatusGone, "POST", "/v1/applications/"+made.ID+"/confirm", tokenBody{old}, nil)
	w.refused(http.StatusConflict, "asked-already", "POST", "/v1/applications/"+made.ID+"/reminders", nil, bearer...)
	w.Clock.Advance(2 * time.Hour)
	w.call(http.StatusOK, "POST", "/v1/applications/"+made.ID+"/reminders", nil, nil, bearer...)
	if got := w.mails("lou@territoire.example"); len(got) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestBadApplicationsStoreNothing(t *testing.T) {
	w := newWorld(t)
	w.newCohort(1)
	path := "/v1/cohorts/occitanie/applications"
	same := map[string]any{"elected": someone("Ada"), "officer": someone("Ada"), "state": someone("Ada"), "socioeconomic": someone("Ada")}
	for _, c := range []struct {
		body any
		want string
	}{
		{`{}`, "body.motivation body.quartet body.territory"},
		{map[string]any{"territory": "99999", "motivation": "m", "quartet": four(0)}, "body.territory"},
		{map[string]any{"territory": "35238", "motivation": "m", "quartet": four(0)}, "body.territory"}, // Rennes
		{map[string]any{"territory": "46102", "motivation": "m", "quartet": same}, "body.quartet.socioeconomic.email body.quartet.state.email"},
		{map[string]any{"territory": "46102", "motivation": "m", "quartet": map[string]any{"state": map[string]string{"given_name": "A\nB", "email": "x"}}},
			"body.quartet.state.email body.quartet.state.family_name body.quartet.state.given_name body.quartet.state.organisation"},
		{map[string]any{"territory": "46102", "motivation": strings.Repeat("m", 5001), "quartet": four(0)}, "body.motivation"},
	} {
		if got := strings.Join(w.locations("POST", path, c.body), " "); got != c.want {
			t.Errorf("%v: %s, not %s", c.body, got, c.want)
		}
	}
	w.call(http.StatusNotFound, "POST", "/v1/cohorts/nulle-part/applications", map[string]any{"territory": "46102", "motivation": "m", "quartet": four(0)}, nil)
	w.Clock.Set(time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC))
	w.call(http.StatusConflict, "POST", path, map[string]any{"territory": "46102", "motivation": "m", "quartet": four(0)}, nil)
	if items := w.Dump(function.Applications); len(items) > 0 {
		t.Errorf("%v", items)
	}
}

// TestAMergedCommuneIsItsSuccessor: Aulos applies as Aulos-Sinsat, whose one
// application it is.
func TestAMergedCommuneIsItsSuccessor(t *testing.T) {
	w := newWorld(t)
	w.newCohort(2)
	var made applicationView
	path := "/v1/cohorts/occitanie/applications"
	w.call(http.StatusCreated, "POST", path, map[string]any{"territory": "09028", "motivation": "m", "quartet": four(0)}, &made)
	if made.Territory.Code != "09296" || made.Territory.Name != "Aulos-Sinsat" {
		t.Errorf("%+v", made.Territory)
	}
	w.call(http.StatusConflict, "POST", path, map[string]any{"territory": "09296", "motivation": "m", "quartet": four(1)}, nil)
}

// TestAnUnconfirmedApplicationLapses: nobody can keep a territory out by
// applying for it with addresses that are nobody's.
func TestAnUnconfirmedApplicationLapses(t *testing.T) {
	w := newWorld(t)
	in := occitanie(1)
	in.ClosesOn = "2026-12-31"
	if _, err := w.plan(w.member(), in, "", nil); err != nil {
		t.Fatal(err)
	}
	first := w.applyFor(0)
	w.Clock.Advance(unconfirmedFor + time.Hour)
	body := map[string]any{"territory": communes[0], "motivation": "m", "quartet": four(5)}
	var second applicationView
	w.call(http.StatusCreated, "POST", "/v1/cohorts/occitanie/applications", body, &second)
	w.call(http.StatusOK, "POST", "/v1/applications/"+second.ID+"/confirm", tokenBody{w.tokenOf("state5@territoire.example")}, nil)
	w.call(http.StatusConflict, "POST", "/v1/applications/"+first.ID+"/confirm", tokenBody{w.tokenOf("state0@territoire.example")}, nil)
	w.Clock.Advance(unconfirmedFor + time.Hour)
	w.call(http.StatusConflict, "POST", "/v1/cohorts/occitanie/applications", body, nil)
}

func TestTheTeamListsFiltersAndExports(t *testing.T) {
	w := newWorld(t)
	ids := w.completed(2, 3)
	w.applyFor(3)
	if _, err := w.decide(w.member(), ids[1], decisionInput{Decision: accepted}); err != nil {
		t.Fatal(err)
	}
	team := w.Bearer("team")
	read := func(query string) (states []string) {
		for cursor := ""; ; {
			var page applicationPage
			w.call(http.StatusOK, "GET", "/v1/cohorts/occitanie/applications?"+query+"&cursor="+url.QueryEscape(cursor), nil, &page, team...)
			for _, item := range page.Items {
				states = append(states, item.Status)
				if len(item.Quartet) != 4 || item.Quartet["state"].Email == "" {
					t.Errorf("%+v", item)
				}
			}
			if cursor = page.NextCursor; cursor == "" {
				return states
			}
		}
	}
	for query, want := range map[string]string{
		"": "[complete accepted complete awaiting_quartet]", "limit=1": "[complete accepted complete awaiting_quartet]",
		"status=complete&limit=1": "[complete complete]", "status=declined": "[]",
	} {
		if got := fmt.Sprint(read(query)); got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
	w.call(http.StatusUnauthorized, "GET", "/v1/cohorts/occitanie/applications", nil, nil)
	w.call(http.StatusForbidden, "GET", "/v1/cohorts/occitanie/applications.csv", nil, nil, w.Bearer("none")...)
	table := w.Do(w.running, "GET", "/v1/cohorts/occitanie/applications.csv", nil, team...).Body.String()
	if strings.Count(table, "\r\n") != 5 || !strings.Contains(table, "elected0@territoire.example") {
		t.Errorf("%s", table)
	}
}

// TestErasureLeavesTheApplication: the person is gone from it, what was
// decided and the facts stay.
func TestErasureLeavesTheApplication(t *testing.T) {
	w := newWorld(t)
	id := w.completed(1, 1)[0]
	if _, err := w.decide(w.member(), id, decisionInput{Decision: accepted}); err != nil {
		t.Fatal(err)
	}
	facts := len(w.Dump(function.Ledger))
	item, err := w.application(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	person := item.Members["officer"].Person
	w.Clock.Advance(time.Minute)
	for range 2 {
		if err := w.erase(t.Context(), person, w.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if found := w.Holding("officer0@territoire.example"); len(found) > 0 {
		t.Errorf("%v", found)
	}
	if found := w.Holding(person); len(found) > 0 {
		t.Errorf("%v", found)
	}
	item, err = w.application(t.Context(), id)
	if err != nil || item.status() != accepted || len(item.Members) != 3 || len(w.Dump(function.Ledger)) != facts {
		t.Errorf("%v %+v", err, item)
	}
}
