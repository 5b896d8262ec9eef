package partner

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// desk is a member of the team in front of the pages.
type desk struct {
	*world
	browser functiontest.Browser
}

func newDesk(t *testing.T, role auth.Role) desk {
	t.Helper()
	w := newWorld(t)
	return desk{w, w.Browser(role)}
}

// says asks for a page, or posts a form, and wants texts in what comes back.
func (d desk) says(status int, path string, form url.Values, texts ...string) (leads, page string) {
	d.t.Helper()
	return d.Shows(d.running, d.browser, status, path, form, texts...)
}

func TestTheTeamSeesWhatPartnersSend(t *testing.T) {
	d := newDesk(t, auth.RoleTeam)
	d.says(200, teamPartners, nil, "Région Occitanie", "Aucun message depuis trente jours.")
	d.says(200, teamPartners+"/occitanie", nil, "Aucun message")
	at := d.Clock.Now().Add(-time.Hour)
	d.send(enrolledIn(at, "46102", "2026-03-01"))
	d.receiptOf(d.post("a message/1", messageOf("cohort.snapshot", at, map[string]any{"cohort": "occitanie", "territories": []any{
		map[string]any{"territory": "31555", "enrolled_on": "2026-03-01"}, map[string]any{"territory": "<99999>", "enrolled_on": "2026-03-01"},
	}})))
	d.says(200, teamPartners, nil, "Instantané de la cohorte", "Refusé : 1", "Noté : 1")
	_, page := d.says(200, teamPartners+"/occitanie", nil, "Territoire entré", "Instantané de la cohorte", "?status=waiting")
	if strings.Contains(page, "/secret") {
		t.Error("who is no administrator is shown the keys")
	}
	_, page = d.says(200, teamPartners+"/occitanie?status=waiting", nil, "Instantané de la cohorte")
	if strings.Contains(page, "Territoire entré") {
		t.Error("the filter keeps what was taken")
	}
	d.says(200, teamPartners+"/occitanie/message?id=a+message%2F1", nil, "1 enregistrement refusé", "&lt;99999&gt;", "unknown-territory", "mailto:?body=")
	d.says(404, teamPartners+"/occitanie/message?id=other", nil)
	d.says(404, teamPartners+"/nobody", nil)
	d.says(403, teamPartners+"/occitanie/secret", nil)
	d.says(403, teamPartners+"/occitanie/secret", url.Values{})
}

// TestWhatWasRefusedIsJudgedAgain once the cohort exists: as of the instant of
// its message, once, and with one entry in the trail.
func TestWhatWasRefusedIsJudgedAgain(t *testing.T) {
	d := newDesk(t, auth.RoleTeam)
	at := d.Clock.Now().Add(-time.Hour)
	body := messageOf("cohort.snapshot", at, map[string]any{"cohort": "lot-2026", "territories": []any{
		map[string]any{"territory": "46102", "enrolled_on": "2026-03-01", "quartet": map[string]any{"state": map[string]any{"family_name": "Secret"}}},
		map[string]any{"territory": "99999", "enrolled_on": "2026-03-01"},
		map[string]any{"territory": "31555", "enrolled_on": "2026-03-02"},
	}})
	first := d.receiptOf(d.post("m1", body))
	path := teamPartners + "/occitanie/message"
	form := url.Values{"id": {"m1"}}
	d.says(200, path+"?id=m1", nil, "3 enregistrements refusés", "unknown-cohort")
	if found := d.Holding("secret"); len(found) > 0 {
		t.Errorf("a name is kept: %v", found)
	}
	leads, _ := d.says(303, path, form)
	d.says(200, leads, nil, "Rien n’a changé")
	forged := url.Values{"id": {"m1"}, "csrf": {"x"}}
	d.putCohort("lot-2026", "occitanie", "76")
	if answer := d.Do(d.running, http.MethodPost, path, forged, d.browser.Headers...); answer.Code != http.StatusForbidden {
		t.Errorf("a forged form: %d", answer.Code)
	}
	// What the partner said of Toulouse later stands.
	d.send(messageOf("territory.withdrawn", at.Add(time.Minute), map[string]any{"cohort": "lot-2026", "territory": "31555"}))
	for _, want := range []string{"2 enregistrements sont passés", "Rien n’a changé"} {
		leads, _ = d.says(303, path, form)
		d.says(200, leads, nil, want, "1 enregistrement refusé", "Dépassé", "Noté")
	}
	if got := fmt.Sprint(d.present()); got != "map[46102:1]" {
		t.Error(got)
	}
	if got := d.Audited(""); !slices.Equal(got, []string{"webhook.judged-again"}) {
		t.Errorf("%v", got)
	}
	if again := d.receiptOf(d.post("m1", body)); fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("the partner is answered otherwise: %v", again)
	}
	d.says(404, path, url.Values{"id": {"none"}})
}

func TestAnAdministratorChangesAKey(t *testing.T) {
	d := newDesk(t, auth.RoleAdmin)
	path := teamPartners + "/occitanie/secret"
	_, page := d.says(200, path, nil, "1 clé en service", "Ajouter une clé")
	if strings.Contains(page, "whsec_") {
		t.Error("the page shows a key")
	}
	old := fingerprint(secretOfTests)
	d.says(409, path, url.Values{"retirer": {old}}, "C’est la seule clé en service")
	_, page = d.says(200, path, url.Values{}, "La nouvelle clé est en service", "2 clés en service")
	_, made, _ := strings.Cut(page, "<code>whsec_")
	made, _, _ = strings.Cut("whsec_"+made, "</code>")
	d.says(409, path, url.Values{}, "Deux clés sont déjà en service")
	if _, page = d.says(200, path, nil, "2 clés en service"); strings.Contains(page, "whsec_") {
		t.Error("the key is shown again")
	}

	at := d.Clock.Now().Add(-time.Hour)
	before := d.key
	after, err := standardwebhooks.NewWebhook(made)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []*standardwebhooks.Webhook{before, after} {
		d.key = key
		d.send(enrolledIn(at, "46102", "2026-03-01"))
	}
	leads, _ := d.says(303, path, url.Values{"retirer": {old}})
	d.says(200, leads, nil, "La clé est retirée", "1 clé en service", fingerprint(made))
	d.send(enrolledIn(at, "46102", "2026-03-02"))
	d.key = before
	if answer := d.post("late", enrolledIn(at, "46102", "2026-03-02")); answer.Code != http.StatusUnauthorized {
		t.Errorf("the old key: %d", answer.Code)
	}
	d.says(409, path, url.Values{"retirer": {old}}, "n’est plus en service")
	if got := d.Audited(""); !slices.Equal(got, []string{"partner.key.added", "partner.key.removed"}) {
		t.Errorf("%v", got)
	}
	if found := d.Holding("whsec_"); len(found) > 0 {
		t.Errorf("a key is in a table: %v", found)
	}
}
