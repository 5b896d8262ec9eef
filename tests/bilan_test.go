package tests

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// fact is something that the team records.
func (v *visitor) fact(kind string, data map[string]any) {
	v.t.Helper()
	v.asTeam(http.MethodPost, "/v1/facts", map[string]any{"type": kind, "data": data}, nil)
}

// TestAYearIsReadAndPublished goes from facts to a published bilan and its
// corrections, as anyone reads them.
func TestAYearIsReadAndPublished(t *testing.T) {
	v := visit(t)
	year := time.Now().Year() - 1
	on := func(day string) string { return fmt.Sprintf("%d-%s", year, day) }
	for i := range 3 {
		v.fact("intervention.v1", map[string]any{"title": fmt.Sprintf("Conférence %d", i+1), "on": on("05-0" + fmt.Sprint(i+1)), "form": "talk", "representative": i == 0})
	}
	v.fact("media.appearance.v1", map[string]any{"title": "Le temps des territoires", "outlet": "Le Journal", "on": on("06-10")})
	v.fact("support.experimental.v1", map[string]any{"programme": "respir", "territory": "46102", "started_on": on("03-01"), "ended_on": on("11-30")})
	v.settle()

	v.open("/bilans")
	v.reads(fmt.Sprintf("Bilan %d", year), "En cours")
	v.look("bilans")
	page := fmt.Sprintf("/bilans/%d", year)
	v.open(page)
	v.reads("34 chiffres en 4 chapitres", "Interventions publiques", "Prises de parole et présence dans les médias", "Voir la carte des territoires accompagnés")
	v.look("bilan-open")
	v.press("Voir la carte des territoires accompagnés")
	v.reads("1 territoire dans", "Lot (46)", "Figeac")
	v.look("bilan-map")

	v.asTeam(http.MethodPost, "/v1"+page+"/close", nil, nil)
	v.asTeam(http.MethodPost, "/v1"+page+"/publish", nil, nil)
	v.fact("intervention.v1", map[string]any{"title": "Une conférence apprise plus tard", "on": on("12-01"), "form": "panel"})
	v.settle()
	v.open(page)
	v.reads("Publié le", "1 correction depuis", "Lot (46)", "Une conférence apprise plus tard", "Cette année est figée.")
	v.look("bilan-published")
	v.open(page + "/figures/interventions.all")
	v.reads("Ce qui est compté", "3 publié, 4 avec cette correction", "Cette liste est réservée à l’équipe")
	v.look("figure")
}
