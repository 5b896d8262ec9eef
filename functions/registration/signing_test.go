package registration

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := read[problem](w, w.call(http.StatusUnprocessableEntity, http.MethodPost, "/v1/registrations", map[string]any{
		"kind": "organisation",
		"organisation": map[string]any{
			"name": " ", "category": "club", "siret": "12345678901234", "rna": "123", "territory": "99999", "website": "ftp://x",
		},
		"person":  map[string]any{"given_name": "", "family_name": "A\u202eB", "email": "nom@", "role": strings.Repeat("r", 101)},
		"charter": map[string]any{"version": "1999-1", "accepted": false},
	}, "Idempotency-Key", "k"))
	want := []string{
		"body.charter.accepted", "body.charter.version", "body.organisation.category", "body.organisation.name",
		"body.organisation.rna", "body.organisation.siret", "body.organisation.territory", "body.organisation.website",
		"body.person.email", "body.person.family_name", "body.person.given_name", "body.person.role",
	}
	if got.Code != "invalid-input" || !slices.Equal(got.locations(), want) {
		t.Errorf("%s %v", got.Code, got.locations())
	}
	for _, e := range got.Errors {
		if e.Message == "" || strings.Contains(e.Message, "1234567890") {
			t.Errorf("message of %s: %q", e.Location, e.Message)
		}
	}
	if got.Detail != "12 champs sont à corriger." {
		t.Errorf("detail: %s", got.Detail)
	}
	w.empty()
}

// Each row changes a good signature in one way and says which field is at
// fault, or none and how it is kept.
func TestRules(t *testing.T) {
	t.Parallel()
	organisation := func(change func(*organisationInput)) adjust { return func(in *signing) { change(in.Organisation) } }
	person := func(change func(*personInput)) adjust { return func(in *signing) { change(&in.Person) } }
	long := strings.Repeat("é", 101)
	for _, c := range []struct {
		name  string
		at    string // the one field at fault
		does  adjust
		keeps func(signing) (got, want string)
	}{
		{"good", "", func(*signing) {}, nil},
		{"trimmed", "", organisation(func(o *organisationInput) { o.Name = " \tLe Nom\n" }),
			func(in signing) (string, string) { return in.Organisation.Name, "Le Nom" }},
		{"names trimmed", "", person(func(p *personInput) { p.GivenName = " Zoé\u00a0" }),
			func(in signing) (string, string) { return in.Person.GivenName, "Zoé" }},
		{"address trimmed, as typed", "", person(func(p *personInput) { p.Email = " Jean.Dupont+x@Exemple.FR " }),
			func(in signing) (string, string) { return in.Person.Email, "Jean.Dupont+x@Exemple.FR" }},
		{"SIRET with spaces", "", organisation(func(o *organisationInput) { o.SIRET = " 732 829 320 00074 " }),
			func(in signing) (string, string) { return in.Organisation.SIRET, "73282932000074" }},
		{"SIREN", "", organisation(func(o *organisationInput) { o.SIRET = "732.829.320" }),
			func(in signing) (string, string) { return in.Organisation.SIRET, "732829320" }},
		{"La Poste", "", organisation(func(o *organisationInput) { o.SIRET = "356 000 000 49837" }),
			func(in signing) (string, string) { return in.Organisation.SIRET, "35600000049837" }},
		{"not quite La Poste", "organisation.siret", organisation(func(o *organisationInput) { o.SIRET = "35600000049838" }), nil},
		{"wrong digit", "organisation.siret", organisation(func(o *organisationInput) { o.SIRET = "73282932000075" }), nil},
		{"zeros", "organisation.siret", organisation(func(o *organisationInput) { o.SIRET = "000000000" }), nil},
		{"no number at all", "", organisation(func(o *organisationInput) { o.SIRET, o.RNA = "", " " }),
			func(in signing) (string, string) { return in.Organisation.RNA, "" }},
		{"RNA", "", organisation(func(o *organisationInput) { o.RNA = "w9r1 234567" }),
			func(in signing) (string, string) { return in.Organisation.RNA, "W9R1234567" }},
		{"bad RNA", "organisation.rna", organisation(func(o *organisationInput) { o.RNA = "W75" }), nil},
		{"website without scheme", "", organisation(func(o *organisationInput) { o.Website = "exemple.fr/nous" }),
			func(in signing) (string, string) { return in.Organisation.Website, "https://exemple.fr/nous" }},
		{"website kept", "", organisation(func(o *organisationInput) { o.Website = "http://exemple.fr" }),
			func(in signing) (string, string) { return in.Organisation.Website, "http://exemple.fr" }},
		{"script for website", "organisation.website", organisation(func(o *organisationInput) { o.Website = "javascript://exemple.fr/%0aalert(1)" }), nil},
		{"website with password", "organisation.website", organisation(func(o *organisationInput) { o.Website = "https://a:b@exemple.fr" }), nil},
		{"website turned around", "organisation.website", organisation(func(o *organisationInput) { o.Website = "https://exemple.fr/\u202egnp" }), nil},
		{"long website", "organisation.website", organisation(func(o *organisationInput) { o.Website = "exemple.fr/" + strings.Repeat("x", 200) }), nil},
		{"unknown category", "organisation.category", organisation(func(o *organisationInput) { o.Category = "club" }), nil},
		{"no organisation", "organisation.name", func(in *signing) {
			in.Organisation = &organisationInput{Category: "other"}
		}, nil},
		{"name of signs", "organisation.name", organisation(func(o *organisationInput) { o.Name = "« – »" }), nil},
		{"name without width", "organisation.name", organisation(func(o *organisationInput) { o.Name = "Le\u200bNom" }), nil},
		{"name with a joiner", "", organisation(func(o *organisationInput) { o.Name = "Ferme 👩\u200d🌾" }), nil},
		{"name on two lines", "organisation.name", organisation(func(o *organisationInput) { o.Name = "Le\nNom" }), nil},
		{"longest name", "", organisation(func(o *organisationInput) { o.Name = strings.Repeat("é", 200) }), nil},
		{"too long", "organisation.name", organisation(func(o *organisationInput) { o.Name = strings.Repeat("é", 201) }), nil},
		{"control character", "person.given_name", person(func(p *personInput) { p.GivenName = "Jean\x00" }), nil},
		{"turned around", "person.family_name", person(func(p *personInput) { p.FamilyName = "\u2067Durand" }), nil},
		{"long given name", "person.given_name", person(func(p *personInput) { p.GivenName = long }), nil},
		{"long role", "person.role", person(func(p *personInput) { p.Role = long }), nil},
		{"role turned around", "person.role", person(func(p *personInput) { p.Role = "a\u202eb" }), nil},
		{"no address", "person.email", person(func(p *personInput) { p.Email = "" }), nil},
		{"two addresses", "person.email", person(func(p *personInput) { p.Email = "a@exemple.fr,b@exemple.fr" }), nil},
		{"address with a header", "person.email", person(func(p *personInput) { p.Email = "a@exemple.fr\r\nBcc: b@exemple.fr" }), nil},
		{"unknown kind", "kind", func(in *signing) { in.Kind = "robot" }, nil},
		{"old charter", "charter.version", func(in *signing) { in.Charter.Version = "2020-1" }, nil},
		{"not accepted", "charter.accepted", func(in *signing) { in.Charter.Accepted = false }, nil},
		{"old commune", "", organisation(func(o *organisationInput) { o.Territory = " 09028 " }),
			func(in signing) (string, string) { return in.Organisation.Territory, "09296" }},
		{"region", "", organisation(func(o *organisationInput) { o.Territory = "reg-76" }),
			func(in signing) (string, string) { return in.Organisation.Territory, "REG-76" }},
		{"unknown territory", "organisation.territory", organisation(func(o *organisationInput) { o.Territory = "00000" }), nil},
	} {
		in := anOrganisation("Le Nom", "nom@exemple.fr", c.does)
		var faults fault.Fields
		in.check(&faults)
		var at []string
		for _, f := range faults {
			at = append(at, f.Location)
		}
		if strings.Join(at, " ") != c.at {
			t.Errorf("%s: faults at %v", c.name, at)
		}
		if c.keeps != nil {
			if got, want := c.keeps(in); got != want {
				t.Errorf("%s: kept as %q", c.name, got)
			}
		}
	}
}

func TestUnknownTerritoryNamesTheNearest(t *testing.T) {
	t.Parallel()
	for text, near := range map[string]string{"Toulouze": "Toulouse (31555)", "Occitani": "Occitanie (REG-76)"} {
		in := anOrganisation("Le Nom", "nom@exemple.fr", func(in *signing) { in.Organisation.Territory = text })
		var faults fault.Fields
		in.check(&faults)
		if len(faults) != 1 || !strings.Contains(faults[0].Message, near) {
			t.Errorf("%s: %v", text, faults)
		}
	}
}

// What a person merely names is kept by name and territory: nothing else of
// it is checked, nor stored.
func TestOrganisationThatAPersonNames(t *testing.T) {
	t.Parallel()
	in := aPerson("nom@exemple.fr", func(in *signing) {
		in.Organisation = &organisationInput{Name: " Le Nom ", Category: "club", SIRET: "1", RNA: "1", Website: "x", Territory: "09028"}
	})
	var faults fault.Fields
	in.check(&faults)
	if len(faults) > 0 || *in.Organisation != (organisationInput{Name: "Le Nom", Territory: "09296"}) {
		t.Errorf("%v %+v", faults, in.Organisation)
	}
	in.Organisation.Name, in.Organisation.Territory = strings.Repeat("x", 201), "00000"
	in.check(&faults)
	if !faults.Has("organisation.name") || !faults.Has("organisation.territory") || len(faults) != 2 {
		t.Errorf("%v", faults)
	}
}

// Whatever is typed, checking tidies once and for all, and what passes shows
// as one line within its limits.
func TestCheckingIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ \t]*[A-Za-zéà -]{0,120}[ \n]*`))
		in := anOrganisation(text.Draw(t, "name"), text.Draw(t, "email")+"@exemple.fr")
		in.Person.GivenName, in.Person.FamilyName, in.Person.Role = text.Draw(t, "given"), text.Draw(t, "family"), text.Draw(t, "role")
		in.Organisation.Website, in.Organisation.SIRET = text.Draw(t, "website"), text.Draw(t, "siret")
		var faults fault.Fields
		in.check(&faults)
		once, _ := json.Marshal(in)
		var again fault.Fields
		in.check(&again)
		if twice, _ := json.Marshal(in); string(once) != string(twice) || len(faults) != len(again) {
			t.Fatalf("checked twice: %s, then %s; %v, then %v", once, twice, faults, again)
		}
		for at, kept := range map[string]string{
			"organisation.name": in.Organisation.Name, "person.given_name": in.Person.GivenName,
			"person.family_name": in.Person.FamilyName, "person.role": in.Person.Role, "organisation.website": in.Organisation.Website,
		} {
			if !faults.Has(at) && (kept != strings.TrimSpace(kept) || strings.ContainsAny(kept, "\n\r\x00\u202e\u2028") ||
				utf8.RuneCountInString(kept) > 200) {
				t.Fatalf("%s passes as %q", at, kept)
			}
		}
	})
}

func TestNothingIsEverMandatoryButNameCategoryAndPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", `{"kind":"organisation",
		"organisation":{"name":"Amicale","category":"other"},
		"person":{"given_name":"A","family_name":"B","email":"a@exemple.fr"},
		"charter":{"version":"2024-1","accepted":true}}`)
	if items := w.Dump(function.Allies); len(items) != 2 {
		t.Errorf("%v", items)
	}
}

// One organisation is recognised by any of its official numbers, and only
// without them by its name and territory.
func TestClaims(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o    organisationInput
		want string
	}{
		{organisationInput{Name: "N", SIRET: "1", RNA: "W2", Territory: "31555"}, "CLAIM#SIRET#1 CLAIM#RNA#W2"},
		{organisationInput{Name: "N", RNA: "W2"}, "CLAIM#RNA#W2"},
		{organisationInput{Name: "L’Été, à Figeac", Territory: "46102"}, "CLAIM#NAME#l ete a figeac#46102"},
	} {
		if got := strings.Join(claimsOf("organisation", &c.o, "PERSON#h"), " "); got != c.want {
			t.Errorf("%+v: %s", c.o, got)
		}
	}
	if got := claimsOf("person", nil, "PERSON#h"); !slices.Equal(got, []string{"PERSON#h"}) {
		t.Errorf("person: %v", got)
	}
}
