package registration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// world is the function on its own empty tables, with the steps that journeys
// are made of.
type world struct {
	*functiontest.Env
	t       testing.TB
	running *function.Running
	service *service // the same function from within, for keys and tokens
}

// newWorld opens the function; settings are names and values in turn.
func newWorld(t testing.TB, settings ...string) *world {
	t.Helper()
	env := functiontest.New(t)
	for i := 0; i+1 < len(settings); i += 2 {
		env.Settings[settings[i]] = settings[i+1]
	}
	inside, err := open(env.Runtime())
	if err != nil {
		t.Fatal(err)
	}
	return &world{Env: env, t: t, running: env.Open(Function), service: inside}
}

// call sends a request and fails the test unless it is answered with status.
func (w *world) call(status int, method, target string, body any, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	answer := w.Do(w.running, method, target, body, headers...)
	if answer.Code != status {
		w.t.Fatalf("%s %s: %d instead of %d: %s", method, target, answer.Code, status, answer.Body)
	}
	return answer
}

func read[T any](w *world, answer *httptest.ResponseRecorder) (value T) {
	w.t.Helper()
	if err := json.Unmarshal(answer.Body.Bytes(), &value); err != nil {
		w.t.Fatalf("%v in %s", err, answer.Body)
	}
	return value
}

// problem is what tests read of a fault.
type problem struct {
	Code   string
	Detail string
	Errors []struct{ Location, Message string }
}

func (p problem) locations() (found []string) {
	for _, e := range p.Errors {
		found = append(found, e.Location)
	}
	slices.Sort(found)
	return found
}

// adjust changes a good signature in one way.
type adjust func(*signing)

func anOrganisation(name, email string, adjusts ...adjust) signing {
	in := aPerson(email)
	in.Kind = alliance.Organisation
	in.Organisation = &organisationInput{Name: name, Category: "association", Territory: "31555"}
	return adjusted(in, adjusts)
}

func aPerson(email string, adjusts ...adjust) signing {
	return adjusted(signing{
		Kind:     alliance.Person,
		Person:   personInput{GivenName: "Camille", FamilyName: "Durand", Email: email},
		Charter:  acceptance{currentCharter().Version, true},
		Consents: consents{Directory: true},
	}, adjusts)
}

func adjusted(in signing, adjusts []adjust) signing {
	for _, a := range adjusts {
		a(&in)
	}
	return in
}

func withSIRET(number string) adjust { return func(in *signing) { in.Organisation.SIRET = number } }

func named(given, family string) adjust {
	return func(in *signing) { in.Person.GivenName, in.Person.FamilyName = given, family }
}

func unlisted(in *signing) { in.Consents.Directory = false }

// siret is a good SIRET, another for each n.
func siret(n int) string {
	siren := withKey(fmt.Sprintf("8%07d", n))
	return withKey(siren + "0001")
}

// withKey appends the Luhn digit.
func withKey(digits string) string {
	for key := range 10 {
		if number := fmt.Sprint(digits, key); luhnHolds(number) {
			return number
		}
	}
	panic("no digit fits")
}

func luhnHolds(number string) bool {
	sum := 0
	for i := range len(number) {
		digit := int(number[len(number)-1-i]-'0') << (i % 2)
		sum += digit/10 + digit%10
	}
	return sum%10 == 0
}

// mailed is a mail that the function asked for.
type mailed struct {
	ID, Template, To, Name, Partition string
	Data                              map[string]any
}

// token is that of the mail's link.
func (m mailed) token() string {
	link, _ := m.Data["link"].(string)
	address, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return address.Query().Get("token")
}

// mails are those asked for while do ran.
func (w *world) mails(do func()) (asked []mailed) {
	w.t.Helper()
	before := map[string]bool{}
	for _, m := range w.allMails() {
		before[m.ID] = true
	}
	do()
	for _, m := range w.allMails() {
		if !before[m.ID] {
			asked = append(asked, m)
		}
	}
	return asked
}

func (w *world) allMails() (asked []mailed) {
	w.t.Helper()
	for _, item := range w.Dump(function.Allies) {
		if id, ok := strings.CutPrefix(item["sk"].(string), "MAIL#"); ok {
			asked = append(asked, mailed{
				id, item["template"].(string), item["to"].(string), item["name"].(string), item["pk"].(string),
				item["data"].(map[string]any),
			})
		}
	}
	return asked
}

// only is the one mail asked for while do ran.
func (w *world) only(template string, do func()) mailed {
	w.t.Helper()
	asked := w.mails(do)
	if len(asked) != 1 || asked[0].Template != template {
		w.t.Fatalf("mails: %v, instead of one %s", asked, template)
	}
	return asked[0]
}

// sign signs and returns the token of the confirmation mail.
func (w *world) sign(in signing) (token string) {
	w.t.Helper()
	return w.only("confirm-registration", func() {
		w.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", in)
	}).token()
}

func (w *world) confirm(token string) confirmation {
	w.t.Helper()
	return read[confirmation](w, w.call(http.StatusOK, http.MethodPost, "/v1/registrations/confirm", tokenBody{token}))
}

// join signs and confirms.
func (w *world) join(in signing) confirmation {
	w.t.Helper()
	return w.confirm(w.sign(in))
}

// link asks for a link to one's data and returns its token.
func (w *world) link(email string) (token string) {
	w.t.Helper()
	return w.only("my-data-link", func() {
		w.call(http.StatusAccepted, http.MethodPost, "/v1/me/links", emailBody{email})
	}).token()
}

// session opens a session and returns the header that carries it.
func (w *world) session(email string) []string {
	w.t.Helper()
	opened := read[session](w, w.call(http.StatusOK, http.MethodPost, "/v1/me/sessions", tokenBody{w.link(email)}))
	return []string{"Authorization", "Bearer " + opened.AccessToken}
}

func (w *world) count() count {
	w.t.Helper()
	return read[count](w, w.call(http.StatusOK, http.MethodGet, "/v1/allies/count", nil))
}

func (w *world) listed(query string) directoryPage {
	w.t.Helper()
	return read[directoryPage](w, w.call(http.StatusOK, http.MethodGet, "/v1/allies"+query, nil))
}

// empty fails the test when any table holds anything.
func (w *world) empty() {
	w.t.Helper()
	for _, d := range function.Definitions {
		if items := w.Dump(d.Table); len(items) > 0 {
			w.t.Fatalf("%s holds %v", d.Table, items)
		}
	}
}

// facts are the facts of a type, each valid against its schema.
func (w *world) facts(kind string) (found []map[string]any) {
	w.t.Helper()
	for _, item := range w.Dump(function.Ledger) {
		if !strings.HasPrefix(item["pk"].(string), kind+"#") {
			continue
		}
		event, err := jsonschema.UnmarshalJSON(strings.NewReader(item["event"].(string)))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := schemaOf(w.t, kind).Validate(event); err != nil {
			w.t.Fatalf("%v in %s", err, item["event"])
		}
		found = append(found, event.(map[string]any))
	}
	return found
}

// schemaOf is the published schema of a fact.
func schemaOf(t testing.TB, kind string) *jsonschema.Schema {
	t.Helper()
	schema, err := schemas(kind)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

var compiled sync.Map // schemas, by type of fact

func schemas(kind string) (*jsonschema.Schema, error) {
	if known, ok := compiled.Load(kind); ok {
		return known.(*jsonschema.Schema), nil
	}
	text, err := os.ReadFile("../../events/" + kind + ".schema.json")
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	at := "https://fabrique.example/events/" + kind + ".schema.json"
	if err := compiler.AddResource(at, document); err != nil {
		return nil, err
	}
	schema, err := compiler.Compile(at)
	if err == nil {
		compiled.Store(kind, schema)
	}
	return schema, err
}
