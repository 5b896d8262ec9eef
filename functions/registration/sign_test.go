package registration

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// The contract, as a caller writes it.
const contractSigning = `{"kind":"organisation",
 "organisation":{"name":"  Les Colibris du Lot ","category":"association","siret":"732 829 320 00074","rna":"w751 234 567","territory":"46102","website":"colibris.example.fr"},
 "person":{"given_name":"Aïcha","family_name":"Benali","email":"Aicha.Benali+fab@Exemple.fr","role":"présidente"},
 "charter":{"version":"2024-1","accepted":true},
 "consents":{"newsletter":true,"directory":true},
 "something_new":{"ignored":true}}`

func TestSigningIsStoredAndAsksForConfirmation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var answer map[string]string
	sent := w.only("confirm-registration", func() {
		answer = read[map[string]string](w, w.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", contractSigning))
	})
	if len(answer) != 2 || answer["status"] != "pending_confirmation" || !strings.HasPrefix(answer["registration_id"], "reg_") {
		t.Errorf("answer: %v", answer)
	}
	if sent.To != "Aicha.Benali+fab@Exemple.fr" || sent.Name != "Aïcha Benali" || sent.Data["organisation"] != "Les Colibris du Lot" ||
		sent.Data["expires"] != "17 mars 2026" || sent.Data["charter_version"] != "2024-1" {
		t.Errorf("mail: %+v", sent)
	}
	if n := w.count(); n != (count{}) {
		t.Errorf("counted before it is confirmed: %v", n)
	}
	if facts := w.Dump(function.Ledger); len(facts) != 0 {
		t.Errorf("facts before it is confirmed: %v", facts)
	}
}

// Known and unknown addresses get the same answer, at the same cost, with the
// same items stored and the same mail.
func TestAnswerNeverTellsWhetherAnAddressIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(aPerson("connue@exemple.fr"))
	w.join(anOrganisation("Connue", "connue@exemple.fr"))
	type outcome struct {
		status      int
		headers     string
		read, write float64
		items       int
		template    string
		shape       string
	}
	outcomes := map[string]outcome{}
	for _, email := range []string{"connue@exemple.fr", "autre1@exemple.fr", "Connue+2@exemple.fr"} {
		var got outcome
		before := len(w.Dump(function.Allies))
		mail := w.mails(func() {
			got.read, got.write = w.Units(func() {
				answer := w.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", aPerson(email))
				got.status = answer.Code
				header := answer.Header()
				for _, name := range slices.Sorted(maps.Keys(header)) {
					got.headers += name + ": " + header.Get(name) + "\n"
				}
				body := read[map[string]string](w, answer)
				body["registration_id"] = body["registration_id"][:4]
				got.shape = body["registration_id"] + body["status"]
			})
		})
		got.items = len(w.Dump(function.Allies)) - before
		got.template = mail[0].Template
		if len(mail) != 1 {
			t.Errorf("%s: %d mails", email, len(mail))
		}
		outcomes[email] = got
	}
	for email, got := range outcomes {
		if got != outcomes["autre1@exemple.fr"] {
			t.Errorf("%s: %+v\nunknown: %+v", email, got, outcomes["autre1@exemple.fr"])
		}
	}
}

func TestSameKeyAndBodyIsSignedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := aPerson("une@exemple.fr")
	var first, again signingAnswer
	asked := w.mails(func() {
		first = read[signingAnswer](w, w.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", body, "Idempotency-Key", "k1"))
		again = read[signingAnswer](w, w.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", body, "Idempotency-Key", "k1"))
	})
	if first != again || len(asked) != 1 {
		t.Errorf("%v, %v, %d mails", first, again, len(asked))
	}
	other := aPerson("deux@exemple.fr")
	asked = w.mails(func() {
		refused := read[problem](w, w.call(http.StatusUnprocessableEntity, http.MethodPost, "/v1/registrations", other, "Idempotency-Key", "k1"))
		if refused.Code != "idempotency-key-reused" {
			t.Errorf("other body: %s", refused.Code)
		}
	})
	if len(asked) != 0 {
		t.Errorf("other body, same key: %v", asked)
	}
	if second := read[signingAnswer](w, w.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", body, "Idempotency-Key", "k2")); second == first {
		t.Error("another key is another demand")
	}
}

func TestSameKeyAtOnceIsSignedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answers := make([]string, 8)
	asked := w.mails(func() {
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				answer := w.Do(w.running, http.MethodPost, "/v1/registrations", aPerson("ensemble@exemple.fr"), "Idempotency-Key", "k")
				answers[i] = answer.Body.String()
			})
		}
		all.Wait()
	})
	slices.Sort(answers)
	if len(slices.Compact(answers)) != 1 || len(asked) != 1 || !strings.Contains(answers[0], "reg_") {
		t.Errorf("%d mails, answers %v", len(asked), answers)
	}
}

func TestWhatCannotBeReadStoresNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := `{"kind":"person"}`
	for _, c := range []struct {
		name, body string
		status     int
		code       string
		headers    []string
	}{
		{"no JSON", `{"kind":`, 400, "malformed-json", nil},
		{"trailing", good + `x`, 400, "malformed-json", nil},
		{"a list", `[]`, 400, "malformed-json", nil},
		{"null", `null`, 400, "malformed-json", nil},
		{"empty", ``, 400, "malformed-json", nil},
		{"not UTF-8", "{\"kind\":\"\xff\"}", 400, "malformed-json", nil},
		{"oversized", `{"kind":"` + strings.Repeat("x", 256<<10) + `"}`, 413, "body-too-large", nil},
		{"a form", "kind=person", 415, "unsupported-media-type", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"no type", good, 415, "unsupported-media-type", []string{"Content-Type", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := w.Do(w.running, http.MethodPost, "/v1/registrations", c.body, c.headers...)
			if got := read[problem](w, answer); answer.Code != c.status || got.Code != c.code {
				t.Errorf("%d %s", answer.Code, answer.Body)
			}
		})
	}
	w.empty()
}

func TestWrongTypesAreFaultsAmongTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := read[problem](w, w.call(http.StatusUnprocessableEntity, http.MethodPost, "/v1/registrations",
		`{"kind":3,"organisation":"x","person":{"given_name":true,"family_name":"D","email":["a"]},"charter":{"version":"2024-1","accepted":"yes"},"consents":{"newsletter":"no"}}`,
		"Idempotency-Key", "k"))
	want := []string{"body.charter.accepted", "body.consents.newsletter", "body.kind", "body.organisation", "body.person.email", "body.person.given_name"}
	if !slices.Equal(got.locations(), want) {
		t.Errorf("%v", got.locations())
	}
	w.empty()
}

// The sample of the contract, confirmed: tidied where people are careless.
func TestSignatureIsKeptTidy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.only("confirm-registration", func() {
		w.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", contractSigning)
	}).token()
	w.confirm(token)
	mine := read[me](w, w.call(http.StatusOK, http.MethodGet, "/v1/me", nil, w.session("aicha.benali@exemple.fr")...))
	want := organisationInput{"Les Colibris du Lot", "association", "73282932000074", "W751234567", "46102", "https://colibris.example.fr"}
	if *mine.Organisation != want {
		t.Errorf("%+v", mine.Organisation)
	}
	if mine.Person != (personInput{"Aïcha", "Benali", "Aicha.Benali+fab@Exemple.fr", "présidente"}) || mine.Consents != (consents{true, true}) {
		t.Errorf("%+v %+v", mine.Person, mine.Consents)
	}
}
