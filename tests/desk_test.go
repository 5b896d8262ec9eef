package tests

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The two people whom the issuer of the laptop knows.
const (
	member        = "Camille Dupré"
	administrator = "Sacha Nguyen"
)

// enterAs signs someone of the team in, through the issuer.
func (v *visitor) enterAs(name string) {
	v.t.Helper()
	v.do(chromedp.Navigate(v.origin+"/equipe/connexion"), chromedp.WaitReady(chromedp.CSS("main")))
	v.press("Me connecter")
	v.press(name)
	v.reads(name)
}

// setClock moves the clock of the platform.
func (v *visitor) setClock(to time.Time) {
	v.t.Helper()
	body, err := json.Marshal(map[string]string{"now": to.UTC().Format(time.RFC3339)})
	if err != nil {
		v.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.origin+"/_dev/clock", bytes.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		v.t.Fatalf("clock: %d", answer.StatusCode)
	}
}

// tap ticks the box with this label, as a thumb does.
func (v *visitor) tap(label string) {
	v.t.Helper()
	v.do(chromedp.Click(`//label[contains(normalize-space(), "` + label + `")]`))
}

// TestTheTeamRunsTheAgenda creates a session by copying one, moves it, and
// notes who came on a phone.
func TestTheTeamRunsTheAgenda(t *testing.T) {
	v := visit(t)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	v.plan("Découvrir les fondamentaux", today.Add(3*24*time.Hour+9*time.Hour), 12)
	v.enterAs(member)
	v.open("/equipe/agenda")
	v.reads("À venir", "0 place prise sur 12")
	v.look("team-agenda")
	v.press("Découvrir les fondamentaux")
	v.look("team-session")
	v.press("Copier à une autre date")
	v.look("team-plan")
	v.press("Créer la rencontre")
	v.reads("Un point est à corriger", "Indiquez le jour, comme 2026-02-03.")
	v.look("team-plan-faults")
	day := today.AddDate(0, 0, 9)
	v.choose("day", day.Format(time.DateOnly))
	v.fill("title", "Découvrir, deuxième fois")
	v.press("Créer la rencontre")
	v.reads("La rencontre est créée", "Découvrir, deuxième fois")
	id := v.lastPart()
	for _, name := range []string{"Ada", "Bob"} {
		v.open("/agenda/" + id)
		v.book(name, strings.ToLower(name)+"@exemple.example")
		v.press("Réserver ma place")
	}
	v.open("/equipe/agenda/" + id + "/inscriptions")
	v.reads("Martin Ada", "bob@exemple.example")
	v.look("team-bookings")
	v.booksByHand()
	v.open("/equipe/agenda/" + id + "/modifier")
	v.fill("place", "Salle des fêtes de Figeac")
	v.press("Enregistrer les changements")
	v.reads("2 personnes seront prévenues par e-mail")
	v.look("team-plan-warned")
	v.press("Enregistrer et prévenir 2 personnes")
	v.reads("La rencontre est modifiée", "Salle des fêtes de Figeac")
	v.mail("bob@exemple.example", "", "")
	v.open("/equipe/agenda/" + id + "/annuler")
	v.look("team-cancel")

	v.setClock(day.Add(24 * time.Hour))
	v.enterAs(member) // the session of nine days ago is over
	v.open("/equipe/agenda")
	v.reads("Présences à noter")
	v.do(chromedp.EmulateViewport(390, 844))
	v.press("Découvrir, deuxième fois")
	v.tap("Martin Ada")
	v.press("Ajouter des personnes sans inscription")
	v.fill("walk_ins-1-email", "passante@exemple.example")
	v.fill("walk_ins-1-territory", "46102")
	v.look("team-attendance")
	v.press("Enregistrer les présences")
	v.reads("Les présences sont notées", "Présences notées")
	v.look("team-attended")
	v.press("Corriger les présences")
	v.reads("Personne 1, Figeac, adresse donnée")
	v.look("team-attendance-correct")
}

// booksByHand books for someone on the phone, and takes it back, beginning at
// the list of bookings.
func (v *visitor) booksByHand() {
	v.t.Helper()
	v.press("Inscrire une personne")
	v.look("team-book")
	v.fill("given_name", "Chloé")
	v.press("Inscrire cette personne")
	v.reads("3 points sont à corriger", "Saisissez son nom.", "Inscrivez seulement une personne qui l’a demandé")
	v.look("team-book-faults")
	v.fill("family_name", "Petit")
	v.fill("email", "chloe@exemple.example")
	v.tap("Cette personne nous a demandé de l’inscrire")
	v.press("Inscrire cette personne")
	v.reads("Chloé Petit a une place", "3 personnes")
	v.look("team-booked")
	list := ask(v, chromedp.Evaluate[string](`location.pathname`))
	v.settle()
	var mails []struct{ Text string }
	v.fetch(http.MethodGet, "/_dev/mail?to=chloe@exemple.example", &mails)
	if len(mails) != 1 || !strings.Contains(mails[0].Text, "vous avez demandé à notre équipe de vous inscrire") {
		v.t.Errorf("%v", mails)
	}
	v.press("Annuler pour Chloé Petit")
	v.look("team-give-up")
	v.press("Annuler son inscription")
	v.reads("Chloé Petit ne vient plus")
	v.open(list)
}

// TestTheTeamOpensSeries looks at the pages of series.
func TestTheTeamOpensSeries(t *testing.T) {
	v := visit(t)
	v.enterAs(member)
	v.open("/equipe/series/nouvelle")
	v.press("Créer")
	v.reads("points sont à corriger")
	v.look("team-series-faults")
	v.tap("Chantier")
	v.fill("slug", "recits")
	v.fill("name", "Récits de territoire")
	v.choose("active_from", "2026-01-05")
	v.press("Créer")
	v.reads("C’est créé", "Récits de territoire")
	v.look("team-series")
}

// applied is a complete application to a cohort, its four having confirmed.
func (v *visitor) applied(territory, name string) (id string) {
	v.t.Helper()
	quartet := map[string]any{}
	for _, role := range fourRoles {
		quartet[role] = map[string]string{"given_name": name, "family_name": role, "email": name + "." + role + "@territoire.example", "organisation": "Mairie"}
	}
	var made struct {
		ID string `json:"application_id"`
	}
	v.asTeam(http.MethodPost, "/v1/cohorts/occitanie/applications",
		map[string]any{"territory": territory, "motivation": "Nous avons commencé seuls, nous voulons apprendre avec d’autres.", "quartet": quartet}, &made)
	for _, role := range fourRoles {
		address, err := url.Parse(v.mail(name+"."+role+"@territoire.example", "Confirmez votre participation", "/candidatures/"+made.ID))
		if err != nil {
			v.t.Fatal(err)
		}
		v.asTeam(http.MethodPost, "/v1/applications/"+made.ID+"/confirm", map[string]string{"token": address.Query().Get("token")}, nil)
	}
	return made.ID
}

// TestTheTeamDecidesAnApplication compares, previews the mail, decides, and
// looks that the mail says what the preview said.
func TestTheTeamDecidesAnApplication(t *testing.T) {
	v := visit(t)
	cohort := aCohort()
	cohort["seats"] = 1
	v.asTeam(http.MethodPost, "/v1/cohorts", cohort, nil)
	first, second := v.applied("46102", "ada"), v.applied("31555", "lou")
	v.enterAs(member)
	v.open("/equipe/cohortes")
	v.reads("0 place prise sur 1")
	v.look("team-cohorts")
	v.press("Occitanie")
	v.look("team-cohort")
	v.tick(first)
	v.tick(second)
	v.press("Comparer les candidatures cochées")
	v.reads("Figeac", "Toulouse", "4 sur 4")
	v.look("team-compare")
	v.press("Figeac")
	v.look("team-application")
	v.press("Relire avant d’envoyer")
	v.reads("Choisissez une décision.")
	v.tap("Accepter")
	v.press("Relire avant d’envoyer")
	v.reads("L’e-mail qui partira")
	v.look("team-decision")
	preview := strings.Split(strings.TrimSpace(ask(v, chromedp.Text(chromedp.CSS("#apercu")))), "\n\n")
	v.press("Décider et envoyer")
	v.reads("La décision est enregistrée", "1 place prise sur 1")
	v.settle()
	var mails []struct{ Text string }
	v.fetch(http.MethodGet, "/_dev/mail?to=ada.state@territoire.example", &mails)
	for _, line := range preview {
		if last := mails[len(mails)-1].Text; len(preview) != 2 || !strings.Contains(last, line) {
			t.Errorf("the mail does not say %q:\n%s", line, last)
		}
	}
	v.fill("message", "Pouvez-vous nous appeler ?")
	v.press("Envoyer le message")
	v.reads("Votre message est enregistré")
	v.mail("ada.officer@territoire.example", "À propos de votre candidature", "/candidatures/"+first)

	v.open("/equipe/cohortes/occitanie/candidatures/" + second)
	v.tap("Accepter")
	v.press("Relire avant d’envoyer")
	v.reads("Cette décision n’est pas possible", "Toutes les places de cette cohorte sont prises.")
	v.look("team-application-full")
	v.press("Choisir autre chose")
	v.press("Retirer la candidature…")
	v.look("team-withdraw")
	v.open("/equipe/cohortes/nouvelle")
	v.press("Ouvrir la cohorte")
	v.reads("points sont à corriger", "Choisissez une échelle.")
	v.look("team-cohort-form-faults")
}

// TestTheTeamFollowsPartners reads receipts, has refused records judged again,
// and changes a key.
func TestTheTeamFollowsPartners(t *testing.T) {
	v := visit(t)
	snapshot, err := os.ReadFile(filepath.Join("..", "events", "samples", "webhook-occitanie-snapshot.json"))
	if err != nil {
		t.Fatal(err)
	}
	v.post(v.key("occitanie"), "msg_1", snapshot)
	v.enterAs(administrator)
	v.open("/equipe/partenaires")
	v.reads("Refusé")
	v.look("team-partners")
	v.press("Région Occitanie, agence de l’énergie et du climat")
	v.look("team-partner")
	v.open("/equipe/partenaires/occitanie/message?id=msg_1")
	v.reads("unknown-territory")
	v.look("team-message")
	v.press("Juger à nouveau les refus")
	v.reads("Rien n’a changé")
	v.look("team-message-judged")
	v.fill("reason", "vu avec le partenaire")
	v.press("Mettre de côté")
	v.reads("Ce message est mis de côté", "par "+administrator, "« vu avec le partenaire »")
	v.look("team-message-aside")
	v.open("/equipe/partenaires/occitanie")
	v.reads("Mis de côté")
	v.open("/equipe")
	v.reads("Aucun envoi de partenaire refusé")
	v.open("/equipe/partenaires/occitanie/secret")
	v.look("team-secret")
	v.press("Ajouter une clé")
	v.reads("La nouvelle clé est en service", "whsec_", "2 clés en service")
	v.look("team-secret-added")
	v.post(v.key("occitanie"), "msg_2", snapshot)
	v.press("Retirer l’ancienne clé")
	v.reads("La clé est retirée", "1 clé en service")
}
