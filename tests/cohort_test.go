package tests

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// asTeam sends a call of the team and reads the JSON that comes back into out,
// unless nil.
func (v *visitor) asTeam(method, path string, body, out any) {
	v.t.Helper()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	v.fetch(http.MethodGet, "/_dev/token?role=team", &token)
	text, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(v.t.Context(), method, v.origin+path, bytes.NewReader(text))
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token.AccessToken)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= http.StatusBadRequest {
		v.t.Fatalf("%s %s: %d %s %v", method, path, answer.StatusCode, text, err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			v.t.Fatal(err)
		}
	}
}

// aCohort is a cohort of Occitanie that takes applications today.
func aCohort() map[string]any {
	day := func(in int) string { return time.Now().AddDate(0, 0, in).Format(time.DateOnly) }
	return map[string]any{"slug": "occitanie", "name": "Occitanie", "programme": "Cohortes régionales", "scale": "regional", "region": "76",
		"partner": "occitanie", "seats": 8, "opens_on": day(-5), "closes_on": day(20), "starts_on": day(30), "ends_on": day(300)}
}

// fourRoles are those that a territory applies with.
var fourRoles = []string{"elected", "officer", "state", "socioeconomic"}

// apply fills the form of an application for Figeac, and sends it.
func (v *visitor) apply() {
	v.t.Helper()
	v.fill("territory", "46102")
	v.fill("motivation", "Nous avons commencé seuls, nous voulons apprendre avec d’autres.")
	for i, role := range fourRoles {
		name := []string{"Vidal", "Roux", "Faure", "Blanc"}[i]
		for field, text := range map[string]string{"given_name": "Ada", "family_name": name, "email": role + "@territoire.example", "organisation": "Figeac"} {
			v.fill("quartet-"+role+"-"+field, text)
		}
	}
	v.press("Envoyer la candidature")
}

// TestATerritoryJoinsACohort goes from the form to the map, and lets the
// partner's own system post the others.
func TestATerritoryJoinsACohort(t *testing.T) {
	v := visit(t)
	v.asTeam(http.MethodPost, "/v1/cohorts", aCohort(), nil)
	v.open("/cohortes")
	v.reads("Occitanie", "Candidatures ouvertes")
	v.look("cohorts")
	v.open("/cohortes/occitanie/candidater")
	v.press("Envoyer la candidature")
	v.reads("points sont à corriger", "Nommez au moins une des quatre personnes")
	v.look("apply-faults")
	v.apply()
	v.reads("des confirmations manquent", "N’a pas encore confirmé")
	v.look("application")
	page := "/candidatures/" + v.lastPart()
	for _, role := range fourRoles {
		v.open(v.mail(role+"@territoire.example", "Confirmez votre participation", page))
		v.press("Je confirme ma participation")
		v.reads("A confirmé")
	}
	v.reads("Tout est là")
	v.look("application-complete")
	var list struct {
		Items []struct {
			ID string `json:"application_id"`
		}
	}
	v.asTeam(http.MethodGet, "/v1/cohorts/occitanie/applications?status=complete", nil, &list)
	v.asTeam(http.MethodPost, "/v1/applications/"+list.Items[0].ID+"/decision", map[string]string{"decision": "accepted"}, nil)
	v.mail("state@territoire.example", "Bienvenue dans la cohorte", page)

	snapshot, err := os.ReadFile(filepath.Join("..", "events", "samples", "webhook-occitanie-snapshot.json"))
	if err != nil {
		t.Fatal(err)
	}
	key := v.key("occitanie")
	first, again := v.post(key, "msg_1", snapshot), v.post(key, "msg_1", snapshot)
	if first != again || strings.Count(first, `"applied"`) != 7 || !strings.Contains(first, `"unknown-territory"`) {
		t.Errorf("%s\n%s", first, again)
	}
	v.settle()
	v.open("/cohortes/occitanie")
	v.reads("7 territoires accompagnés", "Figeac", "Lot (46)", "Haute-Garonne (31)")
	v.look("cohort")
	v.open("/partenaires")
	v.look("partners")
}

// secret is what a partner signs with.
func (v *visitor) secret(partner string) string {
	v.t.Helper()
	var said struct{ Secret string }
	v.fetch(http.MethodGet, "/_dev/partners/"+partner, &said)
	return said.Secret
}

// key signs what a partner posts.
func (v *visitor) key(partner string) *standardwebhooks.Webhook {
	v.t.Helper()
	key, err := standardwebhooks.NewWebhook(v.secret(partner))
	if err != nil {
		v.t.Fatal(err)
	}
	return key
}

// post sends a signed message, which must be taken, and returns the receipt.
func (v *visitor) post(key *standardwebhooks.Webhook, id string, body []byte) string {
	v.t.Helper()
	now := time.Now()
	signature, err := key.Sign(id, now, body)
	if err != nil {
		v.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.origin+"/v1/webhooks/occitanie", bytes.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "webhook-id": id,
		"webhook-timestamp": strconv.FormatInt(now.Unix(), 10), "webhook-signature": signature} {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		v.t.Fatalf("%d %s %v", answer.StatusCode, text, err)
	}
	return string(text)
}

// TestTheExamplesForPartnersRun sends a message with each of the programs that
// the page of the partners shows, by the public libraries of Standard Webhooks.
func TestTheExamplesForPartnersRun(t *testing.T) {
	v := serve(t)
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sample := filepath.Join(root, "events", "samples", "webhook-territory-enrolled.json")
	examples := filepath.Join(root, "functions", "partner", "examples")
	for name, command := range map[string][]string{
		"go":         {"go", "run", filepath.Join(examples, "go"), sample},
		"javascript": {"node", filepath.Join(examples, "send.mjs"), sample},
		"python":     {python(t), filepath.Join(examples, "send.py"), sample},
	} {
		t.Run(name, func(t *testing.T) {
			if command[0] == "" {
				t.Skip("no Python with the package standardwebhooks: continuous integration installs one")
			}
			program := exec.CommandContext(t.Context(), command[0], command[1:]...) //nolint:gosec // programs of this repository
			program.Env = append(os.Environ(), "FABRIQUE_URL="+v.origin+"/v1/webhooks/occitanie", "FABRIQUE_SECRET="+v.secret("occitanie"))
			said, err := program.CombinedOutput()
			if err != nil || !strings.HasPrefix(string(said), "200 ") || !strings.Contains(string(said), "rcp_") {
				t.Errorf("%v: %s", err, said)
			}
		})
	}
}

// python is one that has the library, or empty.
func python(t *testing.T) string {
	t.Helper()
	for _, command := range []string{filepath.Join("..", ".tools", "python", "bin", "python"), "python3"} {
		if exec.CommandContext(t.Context(), command, "-c", "import standardwebhooks").Run() == nil { //nolint:gosec // one of two
			path, err := filepath.Abs(command)
			if command == "python3" || err != nil {
				return command
			}
			return path
		}
	}
	return ""
}
