package tests

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// hostile is what someone types who wants a page to run it, wherever it comes
// out: in a text, in an attribute.
const hostile = `<script>alert(1)</script>"><img src=x onerror=alert(2)>`

// call sends JSON to a function as the team, and reads the answer.
func (o *office) call(t *testing.T, name, method, path string, body any, headers ...string) map[string]any {
	t.Helper()
	answer := o.Do(o.running[name], method, path, body, append(o.Bearer("team"), headers...)...)
	if answer.Code >= http.StatusBadRequest {
		t.Fatalf("%s %s: %d %s", method, path, answer.Code, answer.Body)
	}
	read := map[string]any{}
	if err := json.Unmarshal(answer.Body.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// home is what the team's home says, spaces as people see them.
func (o *office) home(t *testing.T) string {
	t.Helper()
	status, _, page := o.Page(o.running["team"], o.Browser(auth.RoleTeam), "/equipe", nil)
	if status != http.StatusOK {
		t.Fatalf("home: %d %s", status, page)
	}
	return page
}

func (o *office) says(t *testing.T, want string) {
	t.Helper()
	if page := o.home(t); !strings.Contains(page, want) {
		t.Errorf("the home does not say %q: %s", want, page)
	}
}

// planned opens a session that begins in an hour, and a cohort.
func (o *office) planned(t *testing.T, title string) (session string) {
	t.Helper()
	now := o.Clock.Now().UTC()
	session = fmt.Sprint(o.call(t, "booking", "POST", "/v1/sessions", map[string]any{
		"kind": "initiation", "title": title, "mode": "onsite", "place": title, "capacity": 10, "description": title,
		"starts_at": now.Add(time.Hour).Format(time.RFC3339), "ends_at": now.Add(2 * time.Hour).Format(time.RFC3339),
	})["id"])
	day := func(days int) string { return now.AddDate(0, 0, days).Format(time.DateOnly) }
	o.call(t, "cohort", "POST", "/v1/cohorts", map[string]any{
		"slug": "essai", "name": title, "programme": title, "scale": "national", "seats": 2,
		"opens_on": day(-1), "closes_on": day(30), "starts_on": day(40), "ends_on": day(400),
	})
	return session
}

// applied applies to the cohort with four, all of whom confirm.
func (o *office) applied(t *testing.T, name, motivation string) (id string) {
	t.Helper()
	quartet := map[string]any{}
	for _, role := range []string{"elected", "officer", "state", "socioeconomic"} {
		quartet[role] = map[string]string{"given_name": name, "family_name": name, "email": role + "@exemple.fr", "organisation": name}
	}
	id = fmt.Sprint(o.call(t, "cohort", "POST", "/v1/cohorts/essai/applications", map[string]any{"territory": "46102", "motivation": motivation, "quartet": quartet})["application_id"])
	for _, item := range o.Dump(function.Applications) {
		if item["template"] == "application-confirm" {
			link, err := url.Parse(fmt.Sprint(item["data"].(map[string]any)["link"]))
			if err != nil {
				t.Fatal(err)
			}
			o.call(t, "cohort", "POST", "/v1/applications/"+id+"/confirm", map[string]string{"token": link.Query().Get("token")})
		}
	}
	return id
}

// TestTheHomeCountsWhatTheOwnersHold: through the functions themselves, so
// that none can rename what the home counts by.
func TestTheHomeCountsWhatTheOwnersHold(t *testing.T) {
	o := newOffice(t)
	o.says(t, "Rien n’attend")
	session := o.planned(t, "Initiation")
	application := o.applied(t, "Camille", "Nous voulons coopérer.")
	o.says(t, "1 candidature à décider")
	o.says(t, "Aucune rencontre sans présences")
	o.Clock.Advance(3 * time.Hour)
	o.says(t, "1 rencontre sans présences")
	if err := o.running["booking"].Schedules["close-sessions"](t.Context(), o.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	o.says(t, "1 rencontre sans présences")

	hook, err := standardwebhooks.NewWebhook(partnerSecret)
	if err != nil {
		t.Fatal(err)
	}
	now := o.Clock.Now()
	body := fmt.Sprintf(`{"type":"territory.enrolled","timestamp":%q,"data":{"cohort":"inconnue","territory":"46102","enrolled_on":"2026-01-05"}}`, now.UTC().Format(time.RFC3339))
	signature, err := hook.Sign("msg_2", now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	o.call(t, "partner", "POST", "/v1/webhooks/occitanie", body, "webhook-id", "msg_2", "webhook-timestamp", fmt.Sprint(now.Unix()), "webhook-signature", signature)
	o.says(t, "1 envoi de partenaire refusé, en partie ou en entier")
	form := url.Values{"id": {"msg_2"}, "reason": {"vu avec le partenaire"}}
	if status, _, page := o.Page(o.running["partner"], o.Browser(auth.RoleTeam), "/equipe/partenaires/occitanie/message/ecarter", form); status != http.StatusSeeOther {
		t.Fatalf("set aside: %d %s", status, page)
	}
	o.says(t, "Aucun envoi de partenaire refusé")

	o.call(t, "booking", "PUT", "/v1/sessions/"+session+"/attendance", map[string]any{"attended": []string{}})
	o.call(t, "cohort", "POST", "/v1/applications/"+application+"/decision", map[string]string{"decision": "accepted"})
	o.says(t, "Aucune rencontre sans présences")
	o.says(t, "Aucune candidature à décider")
}

// TestNothingThatPeopleTypeRuns fills the forms with what would run in a page,
// and looks at every page that a function shows, public and of the team.
func TestNothingThatPeopleTypeRuns(t *testing.T) {
	o := newOffice(t)
	session := o.planned(t, hostile)
	application := o.applied(t, hostile, hostile)
	o.call(t, "booking", "POST", "/v1/sessions/"+session+"/bookings", map[string]string{
		"given_name": hostile, "family_name": hostile, "email": "b@exemple.fr", "organisation": hostile, "needs": hostile,
	})
	ally := o.organisation(t, hostile)
	admin, shown, met := o.Browser(auth.RoleAdmin), 0, 0
	for _, f := range functions.All {
		for _, route := range f.Routes {
			if !route.Doc.Page || route.Method != http.MethodGet {
				continue
			}
			path := route.Path
			id := map[string]string{"booking": session, "cohort": application, "registration": ally}[f.Name]
			path = strings.NewReplacer("{slug}", "essai", "{id}", id, "{year}", "2026", "{partner}", "occitanie").Replace(path)
			if strings.ContainsAny(path, "{$") {
				continue
			}
			for _, query := range []string{"", "?q=" + url.QueryEscape(hostile) + "&retour=" + url.QueryEscape(hostile) + "&subject=" + url.QueryEscape(hostile)} {
				answer := o.Do(o.running[f.Name], http.MethodGet, path+query, nil, admin.Headers...)
				page := answer.Body.String()
				if !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") {
					continue
				}
				shown++
				if strings.Contains(page, html.EscapeString("<script>")) {
					met++
				}
				for _, live := range []string{"<script>alert", "<img src=x"} {
					if strings.Contains(page, live) {
						t.Errorf("%s%s runs what was typed: %s", path, query, live)
					}
				}
			}
		}
	}
	t.Logf("%d pages, %d of them with what was typed", shown, met)
	if met < 10 {
		t.Errorf("only %d pages of %d show what was typed: nothing is proved", met, shown)
	}
}

// organisation signs for an organisation and returns the ally.
func (o *office) organisation(t *testing.T, name string) string {
	t.Helper()
	charter := fmt.Sprint(o.call(t, "registration", "GET", "/v1/charter", nil)["version"])
	id := fmt.Sprint(o.call(t, "registration", "POST", "/v1/registrations", map[string]any{
		"kind": "organisation", "organisation": map[string]string{"name": name, "category": "association"},
		"person":   map[string]string{"given_name": name, "family_name": name, "email": "o@exemple.fr", "role": name},
		"charter":  map[string]any{"version": charter, "accepted": true},
		"consents": map[string]bool{"directory": true},
	})["registration_id"])
	for _, item := range o.Dump(function.Allies) {
		if data, ok := item["data"].(map[string]any); ok && item["template"] == "confirm-registration" && data["organisation"] == name {
			link, err := url.Parse(fmt.Sprint(data["link"]))
			if err != nil {
				t.Fatal(err)
			}
			return fmt.Sprint(o.call(t, "registration", "POST", "/v1/registrations/confirm", map[string]string{"token": link.Query().Get("token")})["ally_id"])
		}
	}
	t.Fatalf("no mail for %s", id)
	return ""
}
