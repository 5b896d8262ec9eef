package bilan

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
)

// full puts something in every figure of eight years, as many years as the
// association has had: what a bilan costs grows with the items of counters.
func (w *world) full() {
	w.t.Helper()
	var facts []ledger.Fact
	for year := 2019; year <= 2026; year++ {
		at := paris(fmt.Sprintf("%d-02-05 09:00", year))
		day := dayOf(at)
		for _, kind := range []string{"organisation", "person"} {
			facts = append(facts, w.told("ally.signed.v1", at, map[string]any{"kind": kind, "ally_id": fmt.Sprint("ally_", kind, year)}))
		}
		for i, s := range [][2]string{{"permanence", ""}, {"initiation", ""}, {"assembly", ""}, {"community", "management"}, {"community", "storytelling"},
			{"community", "narrative-territories"}, {"workshop", "systemic-representations"}, {"workshop", "learning-journeys"}} {
			data := held(fmt.Sprint("ses_", year, i), s[0], s[1], at, 60, pseudonymsOfTest, pseudonymsOfTest)
			data["territories"], data["participants_by_role"] = map[string]int{"35238": 1}, map[string][]string{"officer": pseudonymsOfTest}
			facts = append(facts, w.told("session.held.v2", at, data))
		}
		for _, s := range []string{"systemic-representations", "learning-journeys"} {
			facts = append(facts, w.told("series.opened.v1", at, map[string]any{"slug": s, "kind": "workshop", "active_from": day, "active_to": day}))
		}
		facts = append(facts, w.told("series.opened.v1", at, map[string]any{"slug": "storytelling", "kind": "community", "active_from": day, "active_to": day}))
		for _, c := range []string{"avenir-montagnes", "occitanie", "villes-resilientes", "respir", "pilot-territories-2", "massif-central", "puy-de-dome"} {
			facts = append(facts, w.told("territory.enrolled.v1", at, map[string]any{"cohort": c, "territory": "35238", "enrolled_on": day, "source": "application"}))
		}
		effects := map[string]int{"alliance": 5, "time_saved": 4, "belonging": 3, "trust": 2, "amplification": 1}
		facts = append(facts,
			w.told("session.feedback.v1", at, map[string]any{"effects": effects}),
			w.told("resource.published.v1", at, map[string]any{"resource_id": fmt.Sprint("res_", year)}),
			w.told("intervention.v1", at, map[string]any{"title": "Une", "representative": true}),
			w.told("media.appearance.v1", at, map[string]any{"title": "Une"}),
			w.told("support.one_off.v1", at, map[string]any{"beneficiary": "local_media"}),
			w.told("thesis.v1", at, map[string]any{"title": "Une", "started_on": day, "ended_on": day}),
			w.told("training.v1", at, map[string]any{"subject": "sensitive-diagnosis", "pairs": 8}))
	}
	w.append(facts...)
	w.projectAll(facts...)
}

// TestUnitsOfEachAction asserts what docs/data-model.md says: reading a bilan
// takes two read units at most.
func TestUnitsOfEachAction(t *testing.T) {
	w := newWorld(t)
	w.full()
	team := w.Bearer("team")
	ordinary := w.told("intervention.v1", paris("2026-03-03 00:00"), map[string]any{"title": "Une"})
	signed := w.told("ally.signed.v1", paris("2026-03-03 09:00"), map[string]any{"kind": "person", "ally_id": "ally_new"})
	var people []string
	for i := range 50 {
		people = append(people, fmt.Sprint("person-", i))
	}
	session := w.told("session.held.v2", paris("2026-03-03 12:30"), held("ses_new", "permanence", "", paris("2026-03-03 12:30"), 60, people, people))
	w.append(ordinary, signed, session)
	for _, action := range []struct {
		name        string
		do          func()
		read, write float64
	}{
		{"see a year", func() { w.call(http.StatusOK, "GET", "/v1/bilans/2026", nil, nil) }, 1, 0},
		{"list the years", func() { w.call(http.StatusOK, "GET", "/v1/bilans", nil, nil) }, 1.5, 0},
		{"see a figure", func() {
			w.call(http.StatusOK, "GET", "/v1/bilans/2026/figures/permanences.held", nil, nil)
		}, 1, 0},
		{"see a figure and its records", func() {
			w.call(http.StatusOK, "GET", "/v1/bilans/2026/figures/permanences.participants", nil, nil, team...)
		}, 2, 0},
		{"open a figure on its page, one thing to name", func() {
			w.Do(w.running, "GET", "/bilans/2026/figures/allies.organisations", nil, append(w.Bearer("team"), "Accept", "text/html")...)
		}, 4, 0},
		{"list what the team recorded", func() { w.call(http.StatusOK, "GET", "/v1/facts?year=2025", nil, nil, team...) }, 11, 0},
		{"record a fact", func() { w.call(http.StatusCreated, "POST", "/v1/facts", intervention, nil, team...) }, 0, 7},
		{"project an intervention", func() { w.projectAll(ordinary) }, 2, 9},
		{"project an intervention, again", func() { w.projectAll(ordinary) }, 2, 1},
		{"project a signature", func() { w.projectAll(signed) }, 2, 9},
		{"project a session of 50 allies", func() { w.projectAll(session) }, 53, 115},
		{"close a year", func() { w.call(http.StatusOK, "POST", "/v1/bilans/2024/close", nil, nil, team...) }, 3, 7},
		{"see a published year", func() { w.call(http.StatusOK, "GET", "/v1/bilans/2024", nil, nil) }, 1, 0},
		{"see the year after it", func() { w.call(http.StatusOK, "GET", "/v1/bilans/2025", nil, nil) }, 1.5, 0},
	} {
		if action.name == "see a published year" {
			w.call(http.StatusOK, "POST", "/v1/bilans/2024/publish", nil, nil, team...)
		}
		read, write := w.Units(action.do)
		t.Logf("| %s | %v | %v |", action.name, read, write)
		local := os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" && read <= action.read
		if !local && (read != action.read || write != action.write) {
			t.Errorf("%s: %v read, %v write, instead of %v and %v", action.name, read, write, action.read, action.write)
		}
	}
}

// TestUnitsOfAYearWithCorrections: a hundred facts that come after publication
// keep the page of the year, and that of the year after it, within two units
// and 60 KB; the API lists them all.
func TestUnitsOfAYearWithCorrections(t *testing.T) {
	w := newWorld(t)
	w.full()
	team := w.Bearer("team")
	w.call(http.StatusOK, "POST", "/v1/bilans/2024/close", nil, nil, team...)
	w.call(http.StatusOK, "POST", "/v1/bilans/2024/publish", nil, nil, team...)
	const late = 100
	subjects := []string{"des communs", "de l’eau", "des sols vivants", "du récit", "de la coopération", "des mobilités", "de l’alimentation"}
	places := []string{"Rennes", "Loos-en-Gohelle", "Figeac", "Ambert", "Auch", "Malaunay", "Mouans-Sartoux", "Le Vigan", "Ungersheim", "Die", "Lacapelle-Cabanac"}
	for i := range late {
		w.Clock.Advance(7 * time.Hour)
		f := ledger.New(w.newID("fact"), "bilan", "intervention.v1", "subject", paris("2024-02-03 00:00").AddDate(0, 0, i), map[string]any{
			"title": fmt.Sprintf("Rencontre %s à %s, %d", subjects[i%7], places[i%11], i), "representative": i%5 == 0})
		w.append(f)
		w.projectAll(f)
	}
	for _, path := range []string{"/v1/bilans/2024", "/bilans/2024", "/v1/bilans/2025", "/bilans/2025", "/bilans/2024/corrections", "/v1/bilans/2024.csv"} {
		if read, write := w.Units(func() { w.Do(w.running, "GET", path, nil) }); read > 2 || write > 0 {
			t.Errorf("%s: %v read, %v write", path, read, write)
		} else {
			t.Logf("%s: %v read", path, read)
		}
	}
	bilan := w.bilan(2024)
	if len(bilan.Corrections) != late+late/5 || bilan.Corrections[len(bilan.Corrections)-1].Now != late+1 {
		t.Errorf("%d corrections", len(bilan.Corrections))
	}
	for _, path := range []string{"/bilans/2024", "/bilans/2024/corrections"} {
		if body := w.Do(w.running, "GET", path, nil, "Accept", "text/html").Body; body.Len() > 36_000 { // with the 20 KB of the stylesheet, far from the 60 of a page
			t.Errorf("%s weighs %d bytes", path, body.Len())
		}
	}
	body := w.shows("/bilans/2024", []string{"120 corrections depuis", `<a href="/bilans/2024/corrections">Voir les 120 corrections</a>`})
	if strings.Contains(body, "(enregistrement tardif)") {
		t.Error("the page lists corrections that stand on a page of their own")
	}
	seen := 0
	for page := 1; page <= 3; page++ {
		body := w.shows(fmt.Sprint("/bilans/2024/corrections?page=", page), []string{"Corrections du bilan 2024"})
		seen += strings.Count(body, "(enregistrement tardif)")
		if strings.Contains(body, fmt.Sprintf(`<a href="?page=%d" rel="next">`, page+1)) != (page < 3) {
			t.Errorf("page %d leads elsewhere", page)
		}
	}
	if seen != len(bilan.Corrections) {
		t.Errorf("its pages show %d of %d", seen, len(bilan.Corrections))
	}
	for path, want := range map[string]int{"/bilans/2024/corrections?page=99": http.StatusNotFound, "/bilans/2024/corrections?page=x": http.StatusUnprocessableEntity, "/bilans/2026/corrections": http.StatusOK} {
		if got := w.Do(w.running, "GET", path, nil, "Accept", "text/html").Code; got != want {
			t.Errorf("%s: %d", path, got)
		}
	}
}
