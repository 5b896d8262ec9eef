package tests

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// TestAnErasureIsDoneEverywhere: of someone who signed, booked and applied, each
// owner erases what is its own and says so; the page of administrators tells,
// and the requests stay, for a table that would be restored.
func TestAnErasureIsDoneEverywhere(t *testing.T) {
	o := newOffice(t)
	const address = "a@exemple.fr"
	session := o.planned(t, "Initiation")
	o.call(t, "booking", "POST", "/v1/sessions/"+session+"/bookings", map[string]string{"given_name": "Camille", "family_name": "Durand", "email": address})
	o.call(t, "cohort", "POST", "/v1/cohorts/essai/applications", map[string]any{"territory": "46102", "motivation": "Coopérer.", "quartet": map[string]any{
		"officer": map[string]string{"given_name": "Camille", "family_name": "Durand", "email": address, "organisation": "Mairie"},
	}})
	ally := ""
	for _, item := range o.Dump(function.Allies) {
		if item["email"] == address && strings.HasPrefix(fmt.Sprint(item["sk"]), "ALLY#") {
			ally = strings.TrimPrefix(fmt.Sprint(item["sk"]), "ALLY#")
		}
	}
	o.Clock.Advance(time.Minute)
	administrator := o.Browser(auth.RoleAdmin)
	o.Shows(o.running["registration"], administrator, http.StatusSeeOther, "/equipe/allies/"+ally+"/effacer", url.Values{})
	o.Drain()
	o.Shows(o.running["team"], administrator, http.StatusOK, "/equipe/administration", nil, "Effacé partout")

	tables := 0
	for _, d := range function.Definitions {
		if !d.Personal {
			continue
		}
		tables++
		done := 0
		for _, item := range o.Dump(d.Table) {
			if item["sk"] == personal.ErasureSK && item["erased_at"] != nil {
				done++
			}
		}
		if done != 1 {
			t.Errorf("%s: the request stands as done %d times", d.Table, done)
		}
	}
	left := o.Holding(address)
	for _, one := range left {
		if !strings.Contains(one, "MAIL#") { // the farewell, which no provider takes here
			t.Errorf("left: %v", left)
		}
	}
	if tables != 5 {
		t.Errorf("%d personal tables", tables)
	}
}
