package cohort

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
)

// TestUnitsOfEachAction asserts what docs/data-model.md says.
func TestUnitsOfEachAction(t *testing.T) {
	w := newWorld(t)
	ids := w.completed(3, 2)
	third := w.applyFor(2)
	team := w.Bearer("team")
	for _, action := range []struct {
		name        string
		do          func()
		read, write float64
	}{
		{"apply with four", func() { w.applyFor(3) }, 1, 25},
		{"confirm", func() {
			w.call(http.StatusOK, "POST", "/v1/applications/"+third.ID+"/confirm", tokenBody{w.tokenOf("state2@territoire.example")}, nil)
		}, 3, 9},
		{"accept", func() {
			w.call(http.StatusOK, "POST", "/v1/applications/"+ids[0]+"/decision", `{"decision":"accepted"}`, nil, team...)
		}, 6, 24},
		{"see a cohort", func() { w.call(http.StatusOK, "GET", "/v1/cohorts/occitanie", nil, nil) }, 2, 0},
		{"list cohorts", func() { w.call(http.StatusOK, "GET", "/v1/cohorts", nil, nil) }, 1.5, 0},
		{"the team's list of cohorts, one application to decide", func() { w.call(http.StatusOK, "GET", "/equipe/cohortes", nil, nil, team...) }, 2.5, 0},
		{"list applications, four", func() { w.call(http.StatusOK, "GET", "/v1/cohorts/occitanie/applications", nil, nil, team...) }, 9.5, 0},
		{"the team's page of a cohort, four applications", func() { w.call(http.StatusOK, "GET", "/equipe/cohortes/occitanie", nil, nil, team...) }, 11.5, 0},
		{"the team's page of an application", func() {
			w.call(http.StatusOK, "GET", "/equipe/cohortes/occitanie/candidatures/"+ids[1], nil, nil, team...)
		}, 11, 0},
		{"write to the four", func() {
			item, err := w.application(t.Context(), ids[1])
			if err == nil {
				err = w.write(w.member(), item, "Bonjour.", "k")
			}
			if err != nil {
				t.Error(err)
			}
		}, 7, 17},
		{"give a role to someone else", func() {
			w.call(http.StatusOK, "PATCH", "/v1/applications/"+third.ID, map[string]any{"quartet": map[string]any{"officer": someone("Lou")}}, nil, bearerOf(w, third)...)
		}, 2, 13},
		{"decline", func() {
			w.call(http.StatusOK, "POST", "/v1/applications/"+ids[1]+"/decision", `{"decision":"declined"}`, nil, team...)
		}, 7, 17},
		{"change a cohort", func() {
			w.call(http.StatusOK, "PATCH", "/v1/cohorts/occitanie", `{"ends_on":"2027-05-31"}`, nil, team...)
		}, 3, 6},
		{"state one enrolment anew", func() {
			if err := w.restateCohort(t.Context(), "occitanie"); err != nil {
				t.Error(err)
			}
		}, 2, 4},
		{"remind three", func() {
			w.Clock.Advance(2 * askEvery)
			w.call(http.StatusOK, "POST", "/v1/applications/"+third.ID+"/reminders", nil, nil, bearerOf(w, third)...)
		}, 5, 11},
	} {
		read, write := w.Units(action.do)
		t.Logf("| %s | %v | %v |", action.name, read, write)
		local := os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" && read <= action.read
		if !local && (read != action.read || write != action.write) {
			t.Errorf("%s: %v read, %v write, instead of %v and %v", action.name, read, write, action.read, action.write)
		}
	}
}

// TestARareStatusCostsNoWholeCohort: a page that finds little says where to go
// on, and the sheet goes on by itself.
func TestARareStatusCostsNoWholeCohort(t *testing.T) {
	w := newWorld(t)
	w.newCohort(1)
	const applications = 1300
	for first := 0; first < applications; first += 50 {
		var writes dynamo.Writes
		for n := first; n < first+50; n++ {
			id := fmt.Sprintf("app_%04d", n)
			item := applicationItem{Key: applicationKey(id), ID: id, Cohort: "occitanie", Territory: communes[0], AppliedAt: id, Revision: 1}
			if n == applications-1 {
				item.Decision = declined
			}
			writes.Add(w.table.Put(item))
		}
		if err := writes.Commit(t.Context(), w.table.Client); err != nil {
			t.Fatal(err)
		}
	}
	team, found, pages := w.Bearer("team"), 0, 0
	for cursor := ""; ; {
		var page applicationPage
		read, _ := w.Units(func() {
			w.call(http.StatusOK, "GET", "/v1/cohorts/occitanie/applications?status=declined&limit=1&cursor="+url.QueryEscape(cursor), nil, &page, team...)
		})
		if read > 30 {
			t.Errorf("page %d: %v units", pages, read)
		}
		found, pages = found+len(page.Items), pages+1
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if found != 1 || pages != 3 {
		t.Errorf("%d found on %d pages", found, pages)
	}
	if table := w.Do(w.running, "GET", "/v1/cohorts/occitanie/applications.csv?status=declined", nil, team...).Body.String(); strings.Count(table, "\r\n") != 2 {
		t.Errorf("%s", table)
	}
	if page := w.Do(w.running, "GET", "/equipe/cohortes/occitanie?etat=declined", nil, w.Browser(auth.RoleTeam).Headers...).Body.String(); !strings.Contains(page, "Page suivante") || strings.Contains(page, "Aucune ne correspond") {
		t.Errorf("%s", page)
	}
}
