package bilan

import (
	"fmt"
	"net/http"
	"os"
	"testing"

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
		{"record a fact", func() { w.call(http.StatusCreated, "POST", "/v1/facts", intervention, nil, team...) }, 0, 6},
		{"project an intervention", func() { w.projectAll(ordinary) }, 2, 9},
		{"project an intervention, again", func() { w.projectAll(ordinary) }, 2, 1},
		{"project a signature", func() { w.projectAll(signed) }, 2, 9},
		{"project a session of 50 allies", func() { w.projectAll(session) }, 53, 115},
		{"close a year", func() { w.call(http.StatusOK, "POST", "/v1/bilans/2024/close", nil, nil, team...) }, 3, 6},
		{"see a published year", func() { w.call(http.StatusOK, "GET", "/v1/bilans/2024", nil, nil) }, 1.5, 0},
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
