package partner

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// world is one test's tables, with the function opened on them.
type world struct {
	*functiontest.Env
	running *function.Running
	t       testing.TB
	key     *standardwebhooks.Webhook
	sent    int
}

var secretOfTests = "whsec_" + base64.StdEncoding.EncodeToString([]byte("a key of thirty-two bytes, long.."))

func newWorld(t testing.TB) *world {
	t.Helper()
	env := functiontest.New(t)
	for _, name := range []string{"occitanie", "massif-central"} {
		env.Secrets[function.PartnerSecret(name)] = []byte(secretOfTests)
	}
	key, err := standardwebhooks.NewWebhook(secretOfTests)
	if err != nil {
		t.Fatal(err)
	}
	return &world{Env: env, running: env.Open(Function), t: t, key: key}
}

// bare is the function opened without a host, so that a test can take its
// guards away.
func (w *world) bare() *service {
	s, err := open(w.Runtime())
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// headers sign a body under an id, now.
func (w *world) headers(id, body string) []string {
	now := w.Clock.Now()
	signature, err := w.key.Sign(id, now, []byte(body))
	if err != nil {
		w.t.Fatal(err)
	}
	return []string{"webhook-id", id, "webhook-timestamp", strconv.FormatInt(now.Unix(), 10), "webhook-signature", signature, "Content-Type", "application/json"}
}

// post sends a signed message under an id, with other headers where these are given.
func (w *world) post(id, body string, headers ...string) *httptest.ResponseRecorder {
	return w.Do(w.running, "POST", "/v1/webhooks/occitanie", body, append(w.headers(id, body), headers...)...)
}

// send sends a message that must be taken, under an id of its own.
func (w *world) send(body string) receipt {
	w.t.Helper()
	w.sent++
	return w.receiptOf(w.post(fmt.Sprint("msg_", w.sent), body))
}

func (w *world) receiptOf(answer *httptest.ResponseRecorder) (out receipt) {
	w.t.Helper()
	if answer.Code != http.StatusOK {
		w.t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

// faultOf is the code of a refused message, and where its faults are.
func (w *world) faultOf(answer *httptest.ResponseRecorder) (status int, code string, locations []string) {
	w.t.Helper()
	var problem web.Problem
	if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil {
		w.t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	for _, e := range problem.Errors {
		locations = append(locations, e.Location)
	}
	slices.Sort(locations)
	return answer.Code, problem.Code, locations
}

// messageOf writes a message of this instant.
func messageOf(kind string, at time.Time, data map[string]any) string {
	text, err := json.Marshal(map[string]any{"type": kind, "timestamp": at.UTC().Format(time.RFC3339), "data": data})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func enrolledIn(at time.Time, territory, day string) string {
	return messageOf("territory.enrolled", at, map[string]any{"cohort": "occitanie", "territory": territory, "enrolled_on": day})
}

func withdrawnFrom(at time.Time, territory string) string {
	return messageOf("territory.withdrawn", at, map[string]any{"cohort": "occitanie", "territory": territory})
}

// state is what stands now of each territory: "in since 2026-03-01", "out".
func (w *world) state() map[string]string {
	all := map[string]string{}
	for _, item := range w.Dump(function.Partners) {
		sk, _ := item["sk"].(string)
		if code, ok := strings.CutPrefix(sk, "TERRITORY#"); ok {
			all[code] = fmt.Sprint(item["out"] == true, " ", item["enrolled_on"], " ", item["version"])
		}
	}
	return all
}

// stood is a fact of enrolment that no other corrects.
type stood struct {
	Type string
	Data struct {
		Territory   string
		SaidAt      string `json:"said_at"`
		EnrolledOn  string `json:"enrolled_on"`
		WithdrawnOn string `json:"withdrawn_on"`
	}
}

// standing are the facts of the ledger that no other corrects, in the order in
// which they were said.
func (w *world) standing() (facts []stood) {
	type fact struct {
		ID   string
		Data struct{ Corrects string }
		stood
	}
	var all []fact
	corrected := map[string]bool{}
	for _, item := range w.Dump(function.Ledger) {
		var f fact
		text := []byte(item["event"].(string))
		if err := errors.Join(json.Unmarshal(text, &f), json.Unmarshal(text, &f.stood)); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, f)
		corrected[f.Data.Corrects] = true
	}
	for _, f := range all {
		if !corrected[f.ID] {
			facts = append(facts, f.stood)
		}
	}
	slices.SortFunc(facts, func(a, b stood) int { return strings.Compare(a.Data.SaidAt, b.Data.SaidAt) })
	return facts
}

// present counts, by territory, the enrolments that stand and were not ended.
func (w *world) present() map[string]int {
	count := map[string]int{}
	for _, f := range w.standing() {
		switch f.Type {
		case ledger.EnrolledType:
			count[f.Data.Territory]++
		case "territory.withdrawn.v1":
			count[f.Data.Territory]--
		}
	}
	maps.DeleteFunc(count, func(_ string, n int) bool { return n == 0 })
	return count
}

// statedOf is what the facts that stand say of each territory, in order.
func (w *world) statedOf() map[string][]string {
	said := map[string][]string{}
	for _, f := range w.standing() {
		said[f.Data.Territory] = append(said[f.Data.Territory], f.Type+" "+f.Data.EnrolledOn+f.Data.WithdrawnOn)
	}
	return said
}

// putCohort stores a cohort as the function cohort does.
func (w *world) putCohort(slug, partner, region string) {
	w.t.Helper()
	table := w.Runtime().Table(function.Cohorts)
	var writes dynamo.Writes
	writes.Add(table.Put(map[string]any{"pk": "COHORT#" + slug, "sk": "COHORT", "partner": partner, "region": region, "programme": "Programme", "ends_on": "2027-06-30",
		"slug": slug, "name": "Cohorte " + slug, "list": "cohorts", "list_at": "2026-01-05#" + slug}))
	if err := writes.Commit(w.t.Context(), table.Client); err != nil {
		w.t.Fatal(err)
	}
}
