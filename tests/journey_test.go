package tests

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// fetch calls the API of the platform, outside of the browser.
func (v *visitor) fetch(method, path string, out any) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), method, v.origin+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		v.t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			v.t.Fatalf("%s: %v", body, err)
		}
	}
}

// allies is what GET /v1/allies/count answers.
type allies struct{ Organisations, Persons int }

func (v *visitor) count() (n allies) {
	v.t.Helper()
	v.fetch(http.MethodGet, "/v1/allies/count", &n)
	return n
}

// TestSomeoneSignsAndLeaves is the journey of the alliance's first visitor:
// through each public page, looked at on each screen, without any script.
func TestSomeoneSignsAndLeaves(t *testing.T) {
	v := visit(t)
	const address = "Jeanne.Delmas@mairie-vallon.example"

	v.open("/")
	v.look("home")
	v.open("/charte")
	v.look("charter")
	v.press("Signer la charte")
	v.look("join")
	v.press("Signer la charte") // nothing is filled
	v.reads("points sont à corriger", "Dites si vous signez pour une organisation ou en votre nom.", "Saisissez votre prénom.")
	v.look("join-faults")

	v.sign(address)
	v.reads("Votre signature attend votre confirmation")
	v.look("thanks")
	if n := v.count(); n != (allies{}) {
		t.Errorf("%+v are counted before anyone confirmed", n)
	}
	v.open(v.mail(address, "Confirmez", "/rejoindre/confirmer"))
	v.look("confirm")
	v.press("Confirmer ma signature")
	v.reads("Merci, c’est enregistré")
	v.look("confirmed")
	if n := v.count(); n != (allies{Organisations: 1}) {
		t.Errorf("%+v are counted after one confirmed", n)
	}
	v.press("Voir les allié·es")
	v.reads("Communauté du Vallon", "Figeac (Lot)")
	v.look("directory")
	v.open("/allies?q=introuvable")
	v.reads("Aucune organisation ne correspond")

	v.data(address)
	v.leave(address)
}

// sign fills the form, one field wrong at first, as people do.
func (v *visitor) sign(address string) {
	v.t.Helper()
	v.tick("kind")
	v.fill("organisation-name", "Communauté du Vallon")
	v.choose("organisation-category", "local_authority")
	v.fill("organisation-territory", "Figeac")
	v.fill("organisation-siret", "123")
	v.fill("person-given_name", "Jeanne")
	v.fill("person-family_name", "Delmas")
	v.fill("person-email", address)
	v.tick("charter-accepted")
	v.tick("consents-directory")
	v.press("Signer la charte")
	v.reads("Un point est à corriger", "Vérifiez ce numéro")
	v.fill("organisation-siret", "356 000 000 00048")
	v.press("Signer la charte")
}

// data asks for the link to one's data, reads and changes them.
func (v *visitor) data(address string) {
	v.t.Helper()
	v.open("/mes-donnees")
	v.look("ask-me")
	v.fill("email", strings.ToUpper(address))
	v.press("Recevoir un lien")
	v.reads("Un e-mail est en route")
	v.look("link-sent")
	v.open(v.mail(address, "données", "/mes-donnees"))
	v.look("open-me")
	v.press("Ouvrir mes données")
	v.reads("Communauté du Vallon", address, "Figeac (Lot)")
	v.look("me")
	v.fill("person-role", "Élue à la transition")
	v.fill("organisation-territory", "nulle part")
	v.press("Enregistrer mes changements")
	v.reads("Un point est à corriger", "choisissez lequel juste en dessous")
	v.fill("organisation-territory", "Occitanie")
	v.press("Enregistrer mes changements")
	v.reads("Vos changements sont enregistrés", "Occitanie")
	v.look("me-changed")
}

// leave quits the alliance and is forgotten.
func (v *visitor) leave(address string) {
	v.t.Helper()
	v.press("Quitter l’alliance")
	v.look("leave")
	v.press("Quitter l’alliance et effacer mes données")
	v.reads("Votre départ est enregistré")
	v.look("left")
	v.settle()
	if n := v.count(); n != (allies{}) {
		v.t.Errorf("%+v are counted after the only one left", n)
	}
	v.open("/allies")
	v.reads("La liste est encore vide")
	v.mail(address, "", "")
	v.open("/nulle-part")
	v.reads("Que faire ?")
	v.look("not-found")
	v.open("/mes-donnees?token=nimporte")
	v.look("bad-link")
}
