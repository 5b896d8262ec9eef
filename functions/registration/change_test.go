package registration

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func (w *world) patch(status int, session []string, body any) me {
	w.t.Helper()
	answer := w.call(status, http.MethodPatch, "/v1/me", body, session...)
	if status != http.StatusOK {
		return me{}
	}
	return read[me](w, answer)
}

// Each field alone: it changes, and nothing else does.
func TestEachFieldChangesAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1))))
	mine := w.session("a@exemple.fr")
	for _, c := range []struct {
		body   string
		expect func(*mySignature)
	}{
		{`{"person":{"given_name":" Zoé "}}`, func(m *mySignature) { m.Person.GivenName = "Zoé" }},
		{`{"person":{"family_name":"Martin"}}`, func(m *mySignature) { m.Person.FamilyName = "Martin" }},
		{`{"person":{"role":"élue"}}`, func(m *mySignature) { m.Person.Role = "élue" }},
		{`{"person":{"role":""}}`, func(m *mySignature) { m.Person.Role = "" }},
		{`{"person":{"email":"A+nouvelles@Exemple.fr"}}`, func(m *mySignature) { m.Person.Email = "A+nouvelles@Exemple.fr" }},
		{`{"organisation":{"name":"Deux"}}`, func(m *mySignature) { m.Organisation.Name = "Deux" }},
		{`{"organisation":{"category":"network"}}`, func(m *mySignature) { m.Organisation.Category = "network" }},
		{`{"organisation":{"siret":"732 829 320 00074"}}`, func(m *mySignature) { m.Organisation.SIRET = "73282932000074" }},
		{`{"organisation":{"rna":"w123456789"}}`, func(m *mySignature) { m.Organisation.RNA = "W123456789" }},
		{`{"organisation":{"rna":""}}`, func(m *mySignature) { m.Organisation.RNA = "" }},
		{`{"organisation":{"territory":"09028"}}`, func(m *mySignature) { m.Organisation.Territory = "09296" }},
		{`{"organisation":{"website":"deux.example.fr"}}`, func(m *mySignature) { m.Organisation.Website = "https://deux.example.fr" }},
		{`{"consents":{"newsletter":true}}`, func(m *mySignature) { m.Consents.Newsletter = true }},
		{`{"consents":{"directory":false}}`, func(m *mySignature) { m.Consents.Directory = false }},
		{`{}`, func(*mySignature) {}},
		{`{"person":{"given_name":null},"unknown":1}`, func(*mySignature) {}},
	} {
		want := read[me](w, w.call(http.StatusOK, http.MethodGet, "/v1/me", nil, mine...)).mySignature
		c.expect(&want)
		for range 2 { // the same twice is no other change
			if got := w.patch(http.StatusOK, mine, c.body).mySignature; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v %+v", c.body, got, got.Organisation)
			}
		}
		if stored := read[me](w, w.call(http.StatusOK, http.MethodGet, "/v1/me", nil, mine...)).mySignature; !reflect.DeepEqual(stored, want) {
			t.Errorf("%s: stored as %+v", c.body, stored)
		}
	}
	if w.count() != (count{Organisations: 1}) {
		t.Errorf("%v", w.count())
	}
}

func TestRefusedChangesChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1))))
	w.join(anOrganisation("Deux", "b@exemple.fr", withSIRET(siret(2))))
	mine := w.session("a@exemple.fr")
	before := w.Dump(function.Allies)
	for body, at := range map[string]string{
		`{"person":{"given_name":"","family_name":"\u202e","email":"x","role":5},"organisation":{"name":"","category":"club","siret":"1","rna":"1","territory":"00000","website":"ftp://x"}}`: "body.organisation.category body.organisation.name body.organisation.rna body.organisation.siret body.organisation.territory body.organisation.website body.person.email body.person.family_name body.person.given_name body.person.role",
		`{"person":{"email":"c@exemple.fr"}}`: "body.person.email",
		`{"consents":{"directory":"no"}}`:     "body.consents.directory",
	} {
		got := read[problem](w, w.call(http.StatusUnprocessableEntity, http.MethodPatch, "/v1/me", body, mine...))
		if strings.Join(got.locations(), " ") != at {
			t.Errorf("%s: %v", body, got.locations())
		}
	}
	conflict := read[problem](w, w.call(http.StatusConflict, http.MethodPatch, "/v1/me", fmt.Sprintf(`{"organisation":{"siret":%q}}`, siret(2)), mine...))
	if conflict.Code != "organisation-exists" {
		t.Errorf("%v", conflict)
	}
	w.call(http.StatusNotFound, http.MethodPatch, "/v1/me", `{"ally_id":"ally_none","person":{"role":"x"}}`, mine...)
	w.call(http.StatusBadRequest, http.MethodPatch, "/v1/me", `{`, mine...)
	if after := w.Dump(function.Allies); !reflect.DeepEqual(before, after) {
		t.Error("something changed")
	}
}

// Claims follow the numbers: the old one is free, the new one is taken.
func TestClaimsMoveWithTheNumbers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1))))
	mine := w.session("a@exemple.fr")
	w.patch(http.StatusOK, mine, fmt.Sprintf(`{"organisation":{"siret":%q,"rna":"W123456789"}}`, siret(2)))
	w.claimsAre("CLAIM#RNA#W123456789", "CLAIM#SIRET#"+siret(2))
	w.patch(http.StatusOK, mine, `{"organisation":{"siret":"","rna":""}}`)
	w.claimsAre("CLAIM#NAME#une#31555")
	w.patch(http.StatusOK, mine, `{"organisation":{"name":"Autre"}}`)
	w.claimsAre("CLAIM#NAME#autre#31555")
	w.join(anOrganisation("Une", "b@exemple.fr", withSIRET(siret(1))))
	if w.count() != (count{Organisations: 2}) {
		t.Errorf("what was let go is not free: %v", w.count())
	}
}

func (w *world) claimsAre(want ...string) {
	w.t.Helper()
	found := map[string]bool{}
	for _, item := range w.Dump(function.Allies) {
		if pk := item["pk"].(string); strings.HasPrefix(pk, "CLAIM#") {
			found[pk] = true
		}
	}
	for _, claim := range want {
		if !found[claim] {
			w.t.Errorf("no %s in %v", claim, found)
		}
	}
	if len(found) != len(want) {
		w.t.Errorf("claims %v instead of %v", found, want)
	}
}

func TestOrganisationEntersAndLeavesTheDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Une", "a@exemple.fr", unlisted))
	mine := w.session("a@exemple.fr")
	w.patch(http.StatusOK, mine, `{"consents":{"directory":true}}`)
	w.patch(http.StatusOK, mine, `{"organisation":{"name":"Zélie","territory":"46102"}}`)
	if page := w.listed("?q=zelie&region=76"); len(page.Items) != 1 || page.Items[0].Territory != "46102" {
		t.Errorf("%v", page)
	}
	w.patch(http.StatusOK, mine, `{"consents":{"directory":false}}`)
	if page := w.listed(""); len(page.Items) != 0 {
		t.Errorf("%v", page)
	}
}

func TestOneOfSeveralSignaturesChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Une", "a@exemple.fr"))
	w.Clock.Advance(1e9)
	second := w.join(aPerson("a@exemple.fr"))
	mine := w.session("a@exemple.fr")
	got := w.patch(http.StatusOK, mine, fmt.Sprintf(
		`{"ally_id":%q,"person":{"given_name":"Zoé"},"organisation":{"name":"Ma ville","territory":"46102","siret":"1"}}`, second.AllyID))
	if got.Person.GivenName != "Camille" || got.Others[0].Person.GivenName != "Zoé" || got.Others[0].Organisation.Name != "Ma ville" {
		t.Errorf("%+v %+v", got, got.Others)
	}
	got = w.patch(http.StatusOK, mine, fmt.Sprintf(`{"ally_id":%q,"organisation":{"name":"","territory":""}}`, second.AllyID))
	if got.Others[0].Organisation != nil {
		t.Errorf("%+v", got.Others[0].Organisation)
	}
	w.claimsAre("CLAIM#NAME#une#31555")
}

// Two changes at once both count, and claims stay those of the result.
func TestChangesAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	for number := 1; number <= 4; number++ {
		w := newWorld(t)
		w.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1))))
		mine, beside, person := w.session("a@exemple.fr"), w.beside(), w.personOf("a@exemple.fr")
		w.during(number, func() {
			var other change
			if err := json.Unmarshal(fmt.Appendf(nil, `{"organisation":{"siret":%q}}`, siret(2)), &other); err != nil {
				t.Error(err)
			}
			if _, err := beside.change(context.Background(), person, other, &fault.Fields{}); err != nil {
				t.Error(err)
			}
		})
		w.patch(http.StatusOK, mine, `{"organisation":{"website":"une.example.fr"}}`)
		w.Faults(nil)
		got := read[me](w, w.call(http.StatusOK, http.MethodGet, "/v1/me", nil, mine...))
		if got.Organisation.SIRET != siret(2) || got.Organisation.Website != "https://une.example.fr" {
			t.Errorf("call %d: %+v", number, got.Organisation)
		}
		w.claimsAre("CLAIM#SIRET#" + siret(2))
	}
}

func TestSameChangePostedAtOnceIsNoConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1))))
	mine := w.session("a@exemple.fr")
	for n := 2; n < 12; n++ {
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				answer := w.Do(w.running, http.MethodPatch, "/v1/me", fmt.Sprintf(`{"organisation":{"siret":%q}}`, siret(n)), mine...)
				if answer.Code != http.StatusOK {
					t.Errorf("%d %s", answer.Code, answer.Body)
				}
			})
		}
		all.Wait()
		w.claimsAre("CLAIM#SIRET#" + siret(n))
	}
}

// Someone who leaves while they change something has left.
func TestLeavingWhileChanging(t *testing.T) {
	t.Parallel()
	for number := 1; number <= 3; number++ {
		w := newWorld(t)
		w.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1))))
		mine, beside, person := w.session("a@exemple.fr"), w.beside(), w.personOf("a@exemple.fr")
		w.during(number, func() {
			if err := beside.erase(context.Background(), person, w.Clock.Now()); err != nil {
				t.Error(err)
			}
		})
		w.call(http.StatusNotFound, http.MethodPatch, "/v1/me", fmt.Sprintf(`{"organisation":{"siret":%q}}`, siret(2)), mine...)
		w.Faults(nil)
		w.claimsAre()
		if found := w.Holding("a@exemple.fr"); len(found) > 0 || w.count() != (count{}) {
			t.Errorf("call %d: %v %v", number, found, w.count())
		}
	}
}
