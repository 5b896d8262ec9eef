package cohort

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// world is one test's tables, with the function opened on them twice: as a
// host runs it, and bare, so that a test can call its actions and take its
// guards away.
type world struct {
	*functiontest.Env
	*service
	running *function.Running
	t       testing.TB
}

// newWorld makes a world without any cohort. Its clock stands on Tuesday 10
// March 2026 at 10:00 in Paris.
func newWorld(t testing.TB) *world {
	t.Helper()
	env := functiontest.New(t)
	env.Issuer()
	bare, err := open(env.Runtime())
	if err != nil {
		t.Fatal(err)
	}
	return &world{Env: env, service: bare, running: env.Open(Function), t: t}
}

// member is the context of a request of the team.
func (w *world) member() context.Context {
	return auth.WithMember(w.t.Context(), auth.Member{Subject: "member-1", Roles: []auth.Role{auth.RoleTeam}})
}

// call sends a request and reads the JSON that comes back into out, unless nil.
func (w *world) call(status int, method, path string, body, out any, headers ...string) {
	w.t.Helper()
	answer := w.Do(w.running, method, path, body, headers...)
	if answer.Code != status {
		w.t.Fatalf("%s %s: %d, not %d: %s", method, path, answer.Code, status, answer.Body)
	}
	if out != nil {
		if err := json.Unmarshal(answer.Body.Bytes(), out); err != nil {
			w.t.Fatalf("%v: %s", err, answer.Body)
		}
	}
}

// locations are where a refused call says that its faults are.
func (w *world) locations(method, path string, body any, headers ...string) (found []string) {
	w.t.Helper()
	var problem web.Problem
	w.call(http.StatusUnprocessableEntity, method, path, body, &problem, headers...)
	for _, e := range problem.Errors {
		found = append(found, e.Location)
	}
	slices.Sort(found)
	return found
}

// occitanie is a cohort as the team writes it, open for applications now.
func occitanie(seats int) cohortInput {
	return cohortInput{
		Slug: "occitanie", Name: "Occitanie 2026", Programme: "Cohortes régionales", Scale: Regional, Region: "76", Partner: "occitanie", Seats: seats,
		OpensOn: "2026-03-01", ClosesOn: "2026-03-31", StartsOn: "2026-04-15", EndsOn: "2027-04-15",
	}
}

// newCohort makes it.
func (w *world) newCohort(seats int) cohort {
	w.t.Helper()
	made, err := w.plan(w.member(), occitanie(seats), "", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

// someone is a person as an application names them.
func someone(name string) map[string]string {
	return map[string]string{"given_name": name, "family_name": "Martin", "email": strings.ToLower(name) + "@territoire.example", "organisation": "Mairie"}
}

// four is a quartet for a territory of this number.
func four(n int) map[string]any {
	all := map[string]any{}
	for _, role := range alliance.Quartet {
		all[string(role)] = someone(fmt.Sprint(role, n))
	}
	return all
}

// communes are territories of Occitanie.
var communes = []string{"46102", "31555", "34172", "30007", "12202", "81004", "82121", "65440", "09122", "11069", "48095", "32013"}

// applyFor applies for a territory with its four.
func (w *world) applyFor(n int) (answer applicationView) {
	w.t.Helper()
	w.call(http.StatusCreated, "POST", "/v1/cohorts/occitanie/applications",
		map[string]any{"territory": communes[n], "motivation": "Nous voulons apprendre.", "quartet": four(n)}, &answer)
	return answer
}

// mails are those that were asked for an address, by template.
func (w *world) mails(to string) (found []mail.Intent) {
	w.t.Helper()
	for _, item := range w.Dump(function.Applications) {
		if sk, _ := item["sk"].(string); item["to"] != to || !strings.HasPrefix(sk, mail.IntentPrefix) {
			continue
		}
		data := map[string]string{}
		for name, value := range item["data"].(map[string]any) {
			data[name], _ = value.(string)
		}
		found = append(found, mail.Intent{ID: item["mail_id"].(string), Template: item["template"].(string), Data: data})
	}
	slices.SortFunc(found, func(a, b mail.Intent) int { return strings.Compare(a.ID, b.ID) })
	return found
}

// tokenOf is the token of the latest mail that asks an address to confirm.
func (w *world) tokenOf(to string) string {
	w.t.Helper()
	token := ""
	for _, m := range w.mails(to) {
		if m.Template == "application-confirm" {
			token = query(w.t, m.Data["link"])
		}
	}
	return token
}

// query is the token in an address.
func query(t testing.TB, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Query().Get("token")
}

// confirmAll lets the four of an application confirm from their mails.
func (w *world) confirmAll(n int, id string) (answer applicationView) {
	w.t.Helper()
	for _, role := range alliance.Quartet {
		to := strings.ToLower(fmt.Sprint(role, n)) + "@territoire.example"
		w.call(http.StatusOK, "POST", "/v1/applications/"+id+"/confirm", tokenBody{w.tokenOf(to)}, &answer)
	}
	return answer
}

// completed are so many complete applications to a new cohort.
func (w *world) completed(seats, applications int) (ids []string) {
	w.t.Helper()
	w.newCohort(seats)
	for n := range applications {
		ids = append(ids, w.applyFor(n).ID)
		if got := w.confirmAll(n, ids[n]); got.Status != complete {
			w.t.Fatalf("%+v", got)
		}
	}
	return ids
}
