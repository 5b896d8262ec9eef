package registration

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
)

// TestACorrectionChangesOnlyWhatWasTyped: two who opened the same page do not
// undo each other, neither in a field nor in a box.
func TestACorrectionChangesOnlyWhatWasTyped(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	path := "/equipe/allies/" + d.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1)))).AllyID
	shown := url.Values{
		"person.given_name": {"Camille"}, "person.family_name": {"Durand"}, "person.role": {""},
		"organisation.name": {"Une"}, "organisation.category": {"association"}, "organisation.siret": {siret(1)}, "organisation.rna": {""},
		"organisation.territory": {"31555"}, "organisation.website": {""}, "consents.directory": {"true"}, "consents.newsletter": {""},
	}
	form := func(name, value string) url.Values {
		values := maps.Clone(shown)
		for field, was := range shown {
			values["was."+field] = was
		}
		values[name] = []string{value}
		return values
	}
	page := d.page(http.StatusOK, path)
	for field, was := range shown {
		if want := fmt.Sprintf(`name="was.%s" value="%s"`, field, was[0]); !strings.Contains(page, want) {
			t.Errorf("the page does not keep %s", want)
		}
	}
	d.post(http.StatusSeeOther, path+"/corriger", form("person.role", "Présidente"))
	if _, page := d.post(http.StatusUnprocessableEntity, path+"/corriger", form("consents.newsletter", "true")); !strings.Contains(page, "Seule la personne peut demander les nouvelles") {
		t.Error("the team agreed to news for somebody else")
	}
	d.post(http.StatusSeeOther, path+"/corriger", form("organisation.website", "https://une.example"))
	d.post(http.StatusSeeOther, path+"/corriger", form("consents.directory", ""))
	d.post(http.StatusSeeOther, path+"/corriger", form("person.given_name", "Dominique"))
	got, err := d.service.signatureOf(t.Context(), path[len("/equipe/allies/"):])
	if p := got.signatory; err != nil || p.GivenName != "Dominique" || p.Role != "Présidente" || p.Newsletter || p.Directory || got.ally.Website != "https://une.example" {
		t.Errorf("%v %+v %+v", err, p, got.ally)
	}
	if _, page := d.post(http.StatusUnprocessableEntity, path+"/corriger", form("person.family_name", "")); !strings.Contains(page, `name="was.person.family_name" value="Durand"`) {
		t.Error("a page that is shown again forgets what it showed at first")
	}

	// The same field is a conflict: what was typed stands beside what a colleague has set.
	mine := form("person.role", "Directeur")
	_, page = d.post(http.StatusConflict, path+"/corriger", mine)
	for _, want := range []string{"est devenue « Présidente »", `value="Directeur"`, `name="was.person.role" value="Présidente"`, `value="Dominique"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in %s", want, page)
		}
	}
	d.post(http.StatusSeeOther, path+"/corriger", form("organisation.territory", "46102"))
	if _, page := d.post(http.StatusConflict, path+"/corriger", form("organisation.territory", "59350")); !strings.Contains(page, "est devenue « Figeac") {
		t.Error("the territory is not named")
	}
	mine.Set("was.person.role", "Présidente")
	d.post(http.StatusSeeOther, path+"/corriger", mine)
	if got, err = d.service.signatureOf(t.Context(), path[len("/equipe/allies/"):]); err != nil || got.signatory.Role != "Directeur" || got.signatory.GivenName != "Dominique" {
		t.Errorf("%v %+v", err, got.signatory)
	}
}
