package bilan

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Each fact behind a record leads to the page of the team on what it speaks of.
func TestRecordsLeadToTheirPages(t *testing.T) {
	at := time.Date(2025, 2, 5, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct{ kind, text, page string }{
		{"session.held.v2", "ses_1", "/equipe/agenda/ses_1"}, {"session.feedback.v1", "ses_1", "/equipe/agenda/ses_1"},
		{"ally.signed.v1", "ally_1", "/equipe/allies/ally_1"}, {"ally.left.v2", "ally_1", "/equipe/allies/ally_1"},
		{"series.opened.v1", "recits", "/equipe/series/recits"}, {"resource.published.v1", "une-foret", "/equipe/ressources/une-foret"},
		{"territory.enrolled.v2", "occitanie/46102", "/equipe/cohortes/occitanie"}, {"territory.withdrawn.v1", "occitanie/46102", "/equipe/cohortes/occitanie"},
		{"territory.enrolled.v1", "subject", ""}, {"milestone.reached.v1", "occitanie/46102", ""},
		{"intervention.v1", "Un titre", "/equipe/faits?q=fact_1&type=intervention&year=2025"}, {"thesis.v1", "Un titre", "/equipe/faits?q=fact_1&type=thesis&year=2025"},
	} {
		if got := (evidence{ID: "fact_1", Type: c.kind, Text: c.text}).page(at); got != c.page {
			t.Errorf("%s %s leads to %q instead of %q", c.kind, c.text, got, c.page)
		}
	}
	for kind := range kinds { // what figures count
		if _, recorded := formOf(kind); !recorded && (evidence{Type: kind + ".v1", Text: "a/b"}).page(at) == "" {
			t.Errorf("%s leads nowhere", kind)
		}
	}
	w := published(t)
	w.shows("/bilans/2025/figures/permanences.held", []string{`<a href="/equipe/agenda/subject">5 février 2025 : Présences d’une rencontre`, `href="/equipe/bilans/2025"`}, w.Bearer("team")...)
	body := w.shows("/bilans/2025/figures/interventions.all", []string{`<a href="/equipe/faits?q=fact_`}, w.Bearer("team")...)
	w.page(http.StatusOK, "GET", linkIn(t, body, "q"), nil, "Une", "Corriger")
	w.page(http.StatusOK, "GET", "/equipe/bilans/2025", nil, `href="/equipe/journal?subject=2025"`)
	w.page(http.StatusOK, "GET", "/equipe/bilans", nil, `href="/equipe/journal?subject=2025"`)
}

// What a page cannot read of its address is said on the page.
func TestFaultsOfAddressesOfFigures(t *testing.T) {
	w := published(t)
	for _, path := range []string{"/bilans/2025/figures/permanences.held?cursor=x", "/bilans/2026/figures/permanences.held?cursor=x", "/bilans/2025/figures/permanences.held?limit=x"} {
		w.page(http.StatusUnprocessableEntity, "GET", path, nil, "Un point est à corriger", "Permanences tenues", "Revenir au début de la liste")
	}
	anyone := w.Do(w.running, "GET", "/bilans/2025/figures/permanences.held?limit=x", nil, "Accept", "text/html")
	if anyone.Code != http.StatusUnprocessableEntity || !strings.Contains(anyone.Body.String(), "Permanences tenues") {
		t.Errorf("%d %s", anyone.Code, anyone.Body)
	}
	if late := w.Do(w.running, "GET", "/bilans/2025/corrections?page=x", nil, "Accept", "text/html"); late.Code != http.StatusUnprocessableEntity || !strings.Contains(late.Body.String(), "L’œuvre") {
		t.Errorf("%d %s", late.Code, late.Body)
	}
}
