package registration

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func TestConfirmingMakesAnAlly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.sign(anOrganisation("Les Colibris", "a@exemple.fr"))
	w.Clock.Set(time.Date(2026, time.March, 16, 23, 30, 0, 0, time.UTC)) // past midnight in Paris
	var got, again confirmation
	welcome := w.only("welcome", func() { got = w.confirm(token) })
	if !strings.HasPrefix(got.AllyID, "ally_") || got.Kind != "organisation" || got.Status != "confirmed" {
		t.Errorf("%+v", got)
	}
	if welcome.To != "a@exemple.fr" || welcome.Name != "Camille Durand" || welcome.Data["organisation"] != "Les Colibris" {
		t.Errorf("%+v", welcome)
	}
	if n := w.count(); n != (count{Organisations: 1}) {
		t.Errorf("count: %v", n)
	}
	want := directoryEntry{ID: got.AllyID, Name: "Les Colibris", Category: "association", Territory: "31555", JoinedOn: "2026-03-17"}
	if page := w.listed(""); len(page.Items) != 1 || page.Items[0] != want {
		t.Errorf("directory: %v", page)
	}
	if asked := w.mails(func() { again = w.confirm(token) }); again != got || len(asked) != 0 {
		t.Errorf("again: %v and %d mails", again, len(asked))
	}
	if n := w.count(); n != (count{Organisations: 1}) {
		t.Errorf("count, confirmed again: %v", n)
	}
	fact := w.facts("ally.signed.v1")
	if len(fact) != 1 {
		t.Fatalf("facts: %v", fact)
	}
	data := fact[0]["data"].(map[string]any)
	if fact[0]["subject"] != got.AllyID || fact[0]["time"] != "2026-03-16T23:30:00Z" || data["territory"] != "31555" ||
		data["region"] != "76" || data["category"] != "association" || data["charter_version"] != "2024-1" {
		t.Errorf("fact: %v", fact[0])
	}
}

func TestWhatWasTypedIsForgottenOnceConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(aPerson("a@exemple.fr", named("Zélie", "Quincampoix")))
	for _, item := range w.Dump(function.Allies) {
		if strings.HasPrefix(item["sk"].(string), pendingPrefix) && item["signing"] != nil {
			t.Errorf("%v", item)
		}
	}
	for _, found := range w.Holding("Quincampoix") {
		if !strings.HasPrefix(found, "Allies PERSON#") {
			t.Errorf("a name stands outside of the person's partition: %s", found)
		}
	}
}

func TestDirectoryShowsOrganisationsThatAgreed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Discrète", "a@exemple.fr", unlisted))
	w.join(aPerson("b@exemple.fr"))
	if page := w.listed(""); len(page.Items) != 0 {
		t.Errorf("%v", page)
	}
	if n := w.count(); n != (count{1, 1}) {
		t.Errorf("%v", n)
	}
}

// Every fact of the flow is valid (facts checks that), and holds nothing of a person.
func TestFactsHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := named("Zélie", "Quincampoix")
	w.join(anOrganisation("Les Colibris", "zelie@exemple.fr", who, withSIRET(siret(1))))
	w.join(aPerson("zelie@exemple.fr", who, func(in *signing) {
		in.Organisation = &organisationInput{Name: "Les Colibris", Territory: "REG-76"}
	}))
	w.join(anOrganisation("Région", "z@exemple.fr", who, func(in *signing) { in.Organisation.Territory = "REG-76" }))
	w.join(anOrganisation("Corse", "z@exemple.fr", who, func(in *signing) { in.Organisation.Territory = "2A" }))
	w.join(anOrganisation("Métropole", "z@exemple.fr", who, func(in *signing) { in.Organisation.Territory = "243100518" }))
	w.join(anOrganisation("Ailleurs", "z@exemple.fr", who, func(in *signing) { in.Organisation.Territory = "988" }))
	w.join(anOrganisation("Nulle part", "z@exemple.fr", who, func(in *signing) { in.Organisation.Territory = "" }))
	for _, email := range []string{"zelie@exemple.fr", "z@exemple.fr"} {
		w.call(http.StatusAccepted, http.MethodDelete, "/v1/me", nil, w.session(email)...)
	}
	w.Drain()
	if signed, left := w.facts("ally.signed.v1"), w.facts("ally.left.v1"); len(signed) != 7 || len(left) != 7 {
		t.Errorf("%d signed, %d left", len(signed), len(left))
	}
	for _, text := range []string{"zélie", "quincampoix", "exemple.fr", "PERSON#", siret(1)} {
		for _, found := range w.Holding(text) {
			if strings.HasPrefix(found, "Ledger") {
				t.Errorf("%s stands in %s", text, found)
			}
		}
	}
}

func TestSchemasRefuseWhatIsNotDeclared(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Les Colibris", "a@exemple.fr"))
	fact := w.facts("ally.signed.v1")[0]
	data := fact["data"].(map[string]any)
	for name, value := range map[string]any{"email": "a@exemple.fr", "category": "club", "territory": "Toulouse", "kind": "person"} {
		kept, had := data[name]
		data[name] = value
		if schemaOf(t, "ally.signed.v1").Validate(fact) == nil {
			t.Errorf("%s: %v passes", name, value)
		}
		if delete(data, name); had {
			data[name] = kept
		}
	}
	if err := schemaOf(t, "ally.signed.v1").Validate(fact); err != nil {
		t.Error(err)
	}
}

func TestOnlyTheLinkOfTheMailConfirms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.sign(aPerson("a@exemple.fr"))
	payload, signature, _ := strings.Cut(token, ".")
	altered := []byte(payload)
	altered[12] ^= 1
	for name, bad := range map[string]string{
		"altered subject":  string(altered) + "." + signature,
		"other signature":  payload + "." + strings.Repeat("A", len(signature)),
		"no signature":     payload,
		"words":            "bonjour",
		"of my data":       w.link("a@exemple.fr"),
		"of a session":     strings.TrimPrefix(w.session("a@exemple.fr")[1], "Bearer "),
		"another key":      otherKeyToken(t, w),
		"case of a letter": strings.ToUpper(token),
	} {
		got := read[problem](w, w.call(http.StatusUnauthorized, http.MethodPost, "/v1/registrations/confirm", tokenBody{bad}))
		if got.Code != "invalid-token" {
			t.Errorf("%s: %s", name, got.Code)
		}
	}
	if got := read[problem](w, w.call(http.StatusUnprocessableEntity, http.MethodPost, "/v1/registrations/confirm", `{}`)); !slices.Equal(got.locations(), []string{"body.token"}) {
		t.Errorf("no token: %v", got)
	}
	if n := w.count(); n != (count{}) {
		t.Errorf("%v", n)
	}
	w.confirm(token)
}

// otherKeyToken is a token as someone would make it who does not have the key.
func otherKeyToken(t *testing.T, w *world) string {
	t.Helper()
	elsewhere := functionKeyWorld(t)
	person, err := elsewhere.service.person(t.Context(), "a@exemple.fr")
	if err != nil {
		t.Fatal(err)
	}
	token, err := elsewhere.service.links.Sign(t.Context(), confirmPurpose, person+"/reg_1", w.Clock.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func functionKeyWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.Secrets[function.LinkKey] = []byte(strings.Repeat("another key, ", 4))
	return w
}

func TestLinkExpires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	late, inTime := w.sign(aPerson("a@exemple.fr")), w.sign(aPerson("b@exemple.fr"))
	w.Clock.Advance(confirmFor - time.Second)
	first := w.confirm(inTime)
	w.Clock.Advance(time.Second)
	for _, token := range []string{late, inTime} {
		got := read[problem](w, w.call(http.StatusGone, http.MethodPost, "/v1/registrations/confirm", tokenBody{token}))
		if got.Code != "expired-token" {
			t.Errorf("%s", got.Code)
		}
	}
	if first.Status != "confirmed" || w.count() != (count{Persons: 1}) {
		t.Errorf("%v %v", first, w.count())
	}
}

// DynamoDB may have removed a signature, or its signatory was erased.
func TestSignatureThatIsNoMoreIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.sign(aPerson("a@exemple.fr"))
	w.call(http.StatusAccepted, http.MethodDelete, "/v1/me", nil, w.session("a@exemple.fr")...)
	w.Drain()
	got := read[problem](w, w.call(http.StatusGone, http.MethodPost, "/v1/registrations/confirm", tokenBody{token}))
	if got.Code != "expired-token" || w.count() != (count{}) {
		t.Errorf("%v %v", got, w.count())
	}
}

func TestSamePersonSigningTwiceIsToldByMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.join(aPerson("jean.dupont@gmail.com"))
	w.Clock.Advance(48 * time.Hour)
	for _, email := range []string{"jean.dupont@gmail.com", "J.E.A.N.dupont+x@googlemail.com"} {
		token := w.sign(aPerson(email))
		var second confirmation
		told := w.only("already-ally", func() { second = w.confirm(token) })
		if second != first || told.To != email || told.Data["since"] != "10 mars 2026" {
			t.Errorf("%v %+v", second, told)
		}
	}
	if w.count() != (count{Persons: 1}) || len(w.facts("ally.signed.v1")) != 1 {
		t.Errorf("%v", w.count())
	}
}

func TestOneAddressMaySignForItselfAndForOrganisations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := []string{
		w.join(aPerson("a@exemple.fr")).AllyID,
		w.join(anOrganisation("Une", "a@exemple.fr")).AllyID,
		w.join(anOrganisation("Deux", "a@exemple.fr")).AllyID,
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 3 || w.count() != (count{2, 1}) {
		t.Errorf("%v %v", ids, w.count())
	}
}

// Organisations are one when any number is the same; without numbers, when
// name and territory are.
func TestSameOrganisation(t *testing.T) {
	t.Parallel()
	place := func(code string) adjust { return func(in *signing) { in.Organisation.Territory = code } }
	withRNA := func(number string) adjust { return func(in *signing) { in.Organisation.RNA = number } }
	for _, c := range []struct {
		name          string
		first, second signing
		same          bool
	}{
		{"SIRET", anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1))), anOrganisation("Autre nom", "b@exemple.fr", withSIRET(siret(1))), true},
		{"RNA of two numbers", anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1)), withRNA("W123456789")), anOrganisation("Autre", "b@exemple.fr", withRNA("W123456789")), true},
		{"second number taken", anOrganisation("Une", "a@exemple.fr", withRNA("W123456789")), anOrganisation("Autre", "b@exemple.fr", withSIRET(siret(1)), withRNA("W123456789")), true},
		{"other SIRET", anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1))), anOrganisation("Une", "b@exemple.fr", withSIRET(siret(2))), false},
		{"name and place", anOrganisation("L’Été", "a@exemple.fr"), anOrganisation("l'ete", "b@exemple.fr"), true},
		{"name, elsewhere", anOrganisation("L’Été", "a@exemple.fr"), anOrganisation("L’Été", "b@exemple.fr", place("46102")), false},
		{"place that merged", anOrganisation("L’Été", "a@exemple.fr", place("09028")), anOrganisation("L’Été", "b@exemple.fr", place("09296")), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first, second := w.join(c.first), w.join(c.second)
			if (first == second) != c.same || w.count().Organisations != map[bool]int{true: 1, false: 2}[c.same] {
				t.Errorf("%v, %v: %v", first, second, w.count())
			}
		})
	}
}

// The second learns whom to join by mail, and nothing on screen.
func TestSecondContactIsToldWhomToJoin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.sign(anOrganisation("Les Colibris", "a@exemple.fr", named("Zélie", "Quincampoix"), withSIRET(siret(1))))
	first := w.call(http.StatusOK, http.MethodPost, "/v1/registrations/confirm", tokenBody{token})
	token = w.sign(anOrganisation("Colibris SA", "b@exemple.fr", withSIRET(siret(1))))
	told := w.only("organisation-has-contact", func() {
		second := w.call(http.StatusOK, http.MethodPost, "/v1/registrations/confirm", tokenBody{token})
		if second.Body.String() != first.Body.String() {
			t.Errorf("%s, then %s", first.Body, second.Body)
		}
	})
	if told.To != "b@exemple.fr" || told.Data["contact"] != "Zélie Quincampoix" || told.Data["organisation"] != "Les Colibris" {
		t.Errorf("%+v", told)
	}
	w.call(http.StatusNotFound, http.MethodGet, "/v1/me", nil, w.session("b@exemple.fr")...)
}
