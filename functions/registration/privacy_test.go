package registration

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// TestTheRegisterNamesEveryPersonalTable, and the years that the setting says.
func TestTheRegisterNamesEveryPersonalTable(t *testing.T) {
	t.Parallel()
	told := map[function.Table]string{
		function.Allies: "alliance", function.Agenda: "rencontres", function.Applications: "candidatures",
		function.Mails: "courriels", function.Members: "equipe",
	}
	b := newBrowser(t, "RETENTION_YEARS", "4")
	page := b.get(http.StatusOK, "/donnees-personnelles")
	for _, d := range function.Definitions {
		if d.Personal && !page.has(told[d.Table]) {
			t.Errorf("the register says nothing of %s", d.Table)
		}
	}
	for id, says := range map[string]string{"rencontres": "365 jours après", "courriels": "90 jours", "equipe": "3 ans. L’empreinte d’un compte dont l’accès est fermé", "nouvelles": "consentement", "avis": "notes",
		"partenaires": "30 jours", "techniques": "90 jours"} {
		if !page.has(id) || !page.says(says) {
			t.Errorf("the register does not say %q of %s", says, id)
		}
	}
	if !page.says("Au bout de 4 ans sans contact") {
		t.Error("the years are not those of the setting")
	}
	for _, one := range treatments {
		if one.Name == "" || one.Why == "" || one.Basis == "" || one.What == "" || one.Who == "" || one.People == "" || !strings.HasSuffix(one.For(), ".") || strings.Contains(one.For(), "%") {
			t.Errorf("%+v", one)
		}
	}
}

// has tells whether an element of the page has this id.
func (d document) has(id string) bool {
	for _, n := range d.all() {
		if got, ok := attribute(n, "id"); ok && got == id && id != "" {
			return true
		}
	}
	return false
}
