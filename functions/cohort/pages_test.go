package cohort

import (
	"net/url"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// TestPagesOfCohorts goes through the pages as someone without JavaScript does.
func TestPagesOfCohorts(t *testing.T) {
	w := newWorld(t)
	says := func(method, path string, status int, form any, texts ...string) string {
		t.Helper()
		answer := w.Do(w.running, method, path, form, "Accept", "text/html", "Sec-Fetch-Site", "same-origin")
		body := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(answer.Body.String())
		if answer.Code != status {
			t.Fatalf("%s %s: %d %s", method, path, answer.Code, body)
		}
		for _, text := range texts {
			if !strings.Contains(body, text) {
				t.Errorf("%s does not say %q:\n%s", path, text, body)
			}
		}
		return answer.Header().Get("Location")
	}
	says("GET", "/cohortes", 200, nil, "Aucune cohorte pour le moment")
	w.newCohort(2)
	says("GET", "/cohortes", 200, nil, "Occitanie 2026", "Candidatures ouvertes jusqu’au 31 mars 2026")
	says("GET", "/cohortes/occitanie", 200, nil, "Candidater pour mon territoire", "Région Occitanie", "15 avril 2026")
	says("GET", "/cohortes/nulle-part", 404, nil, "Cette cohorte n’existe pas.")
	says("GET", "/cohortes/occitanie/candidater", 200, nil, "Service de l’État", `id="quartet-state-email"`)
	says("POST", "/cohortes/occitanie/candidater", 422, url.Values{"territory": {"99999"}, "quartet.state.email": {"x"}},
		"Erreur", "choisissez lequel juste en dessous", "Saisissez une adresse e-mail", `value="x"`)
	form := url.Values{"territory": {"46102"}, "motivation": {"<b>Nous</b>"}, web.KeyField: {"form_1"}}
	for _, name := range []string{"given_name", "family_name", "organisation"} {
		form.Set("quartet.elected."+name, "Ada")
	}
	form.Set("quartet.elected.email", "ada@territoire.example")
	made := says("POST", "/cohortes/occitanie/candidater", 303, form)
	if twice := says("POST", "/cohortes/occitanie/candidater", 303, form); twice != made {
		t.Errorf("sent twice: %s and %s", made, twice)
	}
	says("GET", made, 200, nil, "Candidature à compléter", "À nommer", "N’a pas encore confirmé", "Compléter la candidature")
	address, err := url.Parse(made)
	if err != nil {
		t.Fatal(err)
	}
	token := url.Values{"token": {address.Query().Get("token")}}
	says("POST", address.Path+"/relancer", 409, token, "Un message est parti il y a moins d’une heure")
	more := url.Values{"token": token["token"]}
	for _, role := range []string{"officer", "state", "socioeconomic"} {
		for name, value := range someone(role) {
			more.Set("quartet."+role+"."+name, value)
		}
	}
	says("GET", says("POST", address.Path, 303, more), 200, nil, "des confirmations manquent")
	mailed := w.mails("ada@territoire.example")[0].Data["link"]
	says("GET", mailed, 200, nil, "Confirmez votre participation", "« Élu·e »")
	mine := url.Values{"token": {query(t, mailed)}}
	says("GET", says("POST", address.Path+"/confirmer", 303, mine), 200, nil, "A confirmé")
	says("GET", says("POST", address.Path+"/retirer", 303, token), 200, nil, "Candidature retirée")
	says("POST", address.Path+"/retirer", 401, url.Values{"token": {"x"}})
}
