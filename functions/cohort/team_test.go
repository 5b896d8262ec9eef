package cohort

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// desk is a member of the team in front of the pages.
type desk struct {
	*world
	browser functiontest.Browser
}

func newDesk(t *testing.T) desk {
	t.Helper()
	w := newWorld(t)
	return desk{w, w.Browser(auth.RoleTeam)}
}

// says asks for a page, or posts a form, and wants texts in what comes back.
func (d desk) says(status int, path string, form url.Values, texts ...string) (leads, page string) {
	d.t.Helper()
	return d.Shows(d.running, d.browser, status, path, form, texts...)
}

// mailed counts the mails that were asked for, of a template.
func (d desk) mailed(template string) (n int) {
	d.t.Helper()
	for _, item := range d.Dump(function.Applications) {
		if item["template"] == template {
			n++
		}
	}
	return n
}

// told is what a mail of a template tells someone.
func (d desk) told(to, template string) map[string]string {
	d.t.Helper()
	for _, m := range d.mails(to) {
		if m.Template == template {
			return m.Data
		}
	}
	return nil
}

func cohortForm() url.Values {
	return url.Values{"slug": {"lot-2026"}, "name": {"Lot <2026>"}, "programme": {"Cohortes"}, "scale": {"regional"}, "region": {"76"}, "seats": {"3"},
		"opens_on": {"2026-03-01"}, "closes_on": {"2026-03-31"}, "starts_on": {"2026-05-01"}, "ends_on": {"2027-05-01"}, web.KeyField: {"form_1"}}
}

func TestTheTeamOpensAndChangesCohortsByPage(t *testing.T) {
	d := newDesk(t)
	d.says(200, teamCohorts, nil, "Aucune cohorte")
	d.says(200, teamCohorts+"/nouvelle", nil, "Occitanie", "Massif central", `name="csrf"`)
	d.says(422, teamCohorts+"/nouvelle", url.Values{"name": {"À <garder>"}, "scale": {"regional"}},
		"Saisissez un identifiant", "Indiquez le jour, comme 2026-02-03.", "Indiquez la région", "Saisissez un nombre de places de 1 à 500.", `value="À &lt;garder&gt;"`)
	forged := cohortForm()
	forged.Set(web.FormTokenField, "x")
	if answer := d.Do(d.running, "POST", teamCohorts+"/nouvelle", forged, d.browser.Headers...); answer.Code != 403 || len(d.Dump(function.Cohorts)) > 0 {
		t.Errorf("a forged form: %d", answer.Code)
	}
	for range 2 {
		leads, _ := d.says(303, teamCohorts+"/nouvelle", cohortForm())
		d.says(200, leads, nil, "La cohorte est ouverte", "Lot &lt;2026&gt;", "0 place prise sur 3", "Aucune candidature")
	}
	again := cohortForm()
	again.Set(web.KeyField, "form_2")
	d.says(422, teamCohorts+"/nouvelle", again, `id="slug-fault"`, "porte déjà cet identifiant")
	d.says(200, teamCohorts+"/lot-2026/modifier", nil, `value="2026-03-31"`, `value="3"`)
	changed := cohortForm()
	changed.Set("ends_on", "2026-01-01")
	d.says(422, teamCohorts+"/lot-2026/modifier", changed, "La fin doit venir après le début.")
	changed.Set("ends_on", "2027-06-01")
	leads, _ := d.says(303, teamCohorts+"/lot-2026/modifier", changed)
	d.says(200, leads, nil, "La cohorte est modifiée", "1er juin 2027")
	d.says(200, teamCohorts, nil, "Lot &lt;2026&gt;", "Candidatures ouvertes")
	d.says(404, teamCohorts+"/nulle-part", nil)
	if got := d.Audited("lot-2026"); !slices.Equal(got, []string{"cohort.changed", "cohort.created"}) {
		t.Errorf("%v", got)
	}
}

func TestTheTeamDecidesByPage(t *testing.T) {
	d := newDesk(t)
	ids := d.completed(1, 2)
	cohort := teamCohorts + "/occitanie"
	d.says(200, cohort, nil, "Figeac", "Toulouse", "4 sur 4", "Complète, à décider")
	d.says(200, cohort+"?etat=accepted", nil, "Aucune ne correspond.")
	d.says(422, cohort+"?etat=x", nil, "Choisissez un état de la liste.")
	d.says(200, cohort+"/comparer?c="+ids[0]+"&c="+ids[1], nil, "Habitants", "Figeac", "Toulouse", `class="typed">Nous voulons apprendre.`)
	d.says(200, cohort+"/comparer", nil, "Cochez de deux à 4 candidatures")
	d.says(404, cohort+"/comparer?c=app_none", nil)

	one := cohort + "/candidatures/" + ids[0]
	d.says(200, one, nil, "elected0@territoire.example", "A confirmé", "Relire avant d’envoyer", `class="typed">Nous voulons apprendre.`)
	d.says(422, one+"/decision", url.Values{"note": {"Bravo <à vous>"}}, "Choisissez une décision.", "Bravo &lt;à vous&gt;")
	form := url.Values{"decision": {"accepted"}, "note": {"Bravo,\r\nà bientôt."}}
	d.says(200, one+"/decision", form, "est acceptée. Bienvenue", "Bravo,\nà bientôt.", "elected0 Martin, officer0 Martin", "Décider et envoyer")
	if d.mailed("application-accepted") > 0 {
		t.Error("the preview has sent mails")
	}
	form.Set("etape", "revenir")
	d.says(200, one+"/decision", form, "Bravo,", `value="accepted" checked`)
	form.Set("etape", "envoyer")
	leads, _ := d.says(303, one+"/decision", form)
	d.says(303, one+"/decision", form) // sent twice
	d.says(200, leads, nil, "La décision est enregistrée", "1 place prise sur 1")
	if n := d.mailed("application-accepted"); n != 4 {
		t.Errorf("%d mails", n)
	}
	if got := d.told("state0@territoire.example", "application-accepted"); got["note"] != "Bravo,\nà bientôt." {
		t.Errorf("%+v", got)
	}
	two := cohort + "/candidatures/" + ids[1]
	d.says(409, two+"/decision", form, "Toutes les places de cette cohorte sont prises.", "Il n’y a plus de place", "/equipe/cohortes/occitanie/modifier")
	d.says(422, cohort+"/modifier", url.Values{"seats": {"0"}}, "Saisissez un nombre de places")

	d.says(200, one+"/retirer", nil, "sa place est libre")
	leads, _ = d.says(303, one+"/retirer", url.Values{})
	d.says(200, leads, nil, "La candidature est retirée", "0 place prise sur 1")
	d.says(409, one+"/decision", form, "a retiré cette candidature")
	d.says(303, two+"/decision", form)
	d.says(404, teamCohorts+"/autre/candidatures/"+ids[1], nil)
	d.says(200, cohort+"/candidatures.csv?etat=accepted", nil, "Élu·e, adresse", "elected1@territoire.example")
	if _, _, file := d.Page(d.running, d.browser, cohort+"/candidatures.xlsx", nil); !strings.HasPrefix(file, "PK") {
		t.Error("it is no workbook")
	}
	if got := d.Audited(ids[0]); !slices.Equal(got, []string{"application.accepted", "application.withdrawn"}) {
		t.Errorf("%v", got)
	}
}

// TestTheListSaysWhereADecisionWaits, so that the task of the home is found.
func TestTheListSaysWhereADecisionWaits(t *testing.T) {
	d := newDesk(t)
	ids := d.completed(1, 2)
	d.applyFor(2) // its four have not confirmed
	other := occitanie(3)
	other.Slug, other.Name = "ailleurs", "Ailleurs"
	if _, err := d.plan(d.member(), other, "", nil); err != nil {
		t.Fatal(err)
	}
	_, page := d.says(200, teamCohorts, nil, `href="/equipe/cohortes/occitanie?etat=complete">2 à décider<`)
	if strings.Contains(page, "ailleurs?etat") {
		t.Error("a cohort without applications has some to decide")
	}
	for n, id := range ids {
		if _, err := d.decide(d.member(), id, decisionInput{Decision: waitingForSeat}); err != nil {
			t.Fatal(err)
		}
		if _, page = d.says(200, teamCohorts, nil); strings.Contains(page, "1 à décider") != (n == 0) || strings.Contains(page, "2 à décider") {
			t.Errorf("after %d decisions: %s", n+1, page)
		}
	}
}

// TestTerritoriesOfAPartnerAreSaid: they hold no seat, and yet are in.
func TestTerritoriesOfAPartnerAreSaid(t *testing.T) {
	d := newDesk(t)
	id := d.completed(8, 1)[0]
	cohort := teamCohorts + "/occitanie"
	says := func(want string) {
		t.Helper()
		for _, path := range []string{teamCohorts, cohort} {
			d.says(200, path, nil, want+"</span>")
		}
	}
	says("0 place prise sur 8")
	if _, err := d.decide(d.member(), id, decisionInput{Decision: accepted}); err != nil {
		t.Fatal(err)
	}
	says("1 place prise sur 8")
	var writes dynamo.Writes
	for _, code := range communes[1:3] {
		writes.Add(d.cohorts.Put(territoryItem{Key: territoryKey("occitanie", code, byPartner), Territory: code, EnrolledOn: "2026-03-01"}))
	}
	if err := writes.Commit(t.Context(), d.cohorts.Client); err != nil {
		t.Fatal(err)
	}
	says("3 territoires accompagnés")
	d.says(200, cohort, nil, "1 place prise sur 8, par candidature")
}

// TestADecisionIsOfWhatWasRead: who reads an application again in two tabs, and
// sends both, decides once. The second tab says what has happened since.
func TestADecisionIsOfWhatWasRead(t *testing.T) {
	d := newDesk(t)
	id := d.completed(1, 1)[0]
	path := teamCohorts + "/occitanie/candidatures/" + id + "/decision"
	tab := func(decision, was string) url.Values {
		d.says(200, path, url.Values{"decision": {decision}}, `name="was.status" value="`+was+`"`)
		return url.Values{"decision": {decision}, "was.status": {was}, "note": {"À <vous>."}, "etape": {"envoyer"}}
	}
	accepting, declining, waiting := tab(accepted, complete), tab(declined, complete), tab(waitingForSeat, complete)
	d.says(303, path, accepting)
	d.says(303, path, accepting) // pressed twice
	d.says(409, path, declining, "La candidature a été acceptée entre-temps : relisez", "Relire avant d’envoyer", "À &lt;vous&gt;.", `name="was.status" value="accepted"`)
	if item, err := d.application(t.Context(), id); err != nil || item.Decision != accepted || d.mailed("application-declined") > 0 {
		t.Errorf("%v %q", err, item.Decision)
	}
	d.says(303, path, tab(declined, accepted)) // once it was read again
	d.says(409, path, waiting, "La candidature a été classée « non retenue » entre-temps : relisez")
	if n, told := d.mailed("application-accepted"), d.mailed("application-declined"); n != 4 || told != 4 {
		t.Errorf("%d and %d mails", n, told)
	}
	if _, err := d.decideFrom(d.member(), id, decisionInput{Decision: waitingForSeat}, complete); !fault.Is(err, "decided-meanwhile") {
		t.Errorf("%v", err)
	}
}

func TestTheTeamWritesToTheFour(t *testing.T) {
	d := newDesk(t)
	id := d.completed(1, 1)[0]
	other := d.applyFor(1).ID
	one := teamCohorts + "/occitanie/candidatures/"
	d.says(422, one+id+"/message", url.Values{"message": {" "}}, "Écrivez votre message.")
	form := url.Values{"message": {"Pouvez-vous <nous> appeler ?"}, web.KeyField: {"form_1"}}
	for range 2 {
		leads, _ := d.says(303, one+id+"/message", form)
		d.says(200, leads, nil, "Votre message est enregistré")
	}
	if n := d.mailed("application-message"); n != 4 {
		t.Errorf("%d mails", n)
	}
	if got := d.told("officer0@territoire.example", "application-message"); got["message"] != "Pouvez-vous <nous> appeler ?" || got["manage"] == "" {
		t.Errorf("%+v", got)
	}
	for _, item := range d.Dump(function.Audit) {
		if strings.Contains(item["after"].(string), "appeler") {
			t.Error("the trail holds what was written")
		}
	}
	d.says(200, one+other, nil, "Personne n’a encore confirmé son adresse", "N’a pas encore confirmé")
	d.says(409, one+other+"/message", form, "il n’y a pas d’adresse sûre")
	d.says(409, one+other+"/relancer", url.Values{}, "Un message est parti il y a moins d’une heure")
	d.Clock.Advance(time.Hour + time.Minute)
	leads, _ := d.says(303, one+other+"/relancer", url.Values{})
	d.says(200, leads, nil, "Le message est reparti")
	if n := d.mailed("application-confirm"); n != 12 {
		t.Errorf("%d mails", n)
	}
	if got := d.Audited(id); !slices.Equal(got, []string{"application.written"}) {
		t.Errorf("%v", got)
	}
	if got := d.Audited(other); !slices.Equal(got, []string{"application.reminded"}) {
		t.Errorf("%v", got)
	}
}

// A member who meets a fault stays among the team's pages.
func TestFaultsOfTheTeamStayAmongItsPages(t *testing.T) {
	d := newDesk(t)
	d.says(404, "/equipe/cohortes/inconnue", nil, "Menu de l’équipe", "Camille Dupré", "Revenir à l’accueil de l’équipe")
	d.browser.Token = "forged"
	d.says(403, "/equipe/cohortes/nouvelle", url.Values{}, "Menu de l’équipe")
	d.browser.Headers = []string{"Accept", "text/html"}
	d.says(401, "/equipe/cohortes/nouvelle", url.Values{}, "Se connecter dans un nouvel onglet", "Menu principal")
}

// TestAPreviewPromisesNothingThatCannotBe: it says why a decision cannot be
// taken, as deciding itself would, and offers no way to send it.
func TestAPreviewPromisesNothingThatCannotBe(t *testing.T) {
	d := newDesk(t)
	ids := d.completed(1, 2)
	draft := d.applyFor(2).ID
	previews := func(id, decision, why string) {
		t.Helper()
		path, form := teamCohorts+"/occitanie/candidatures/"+id+"/decision", url.Values{"decision": {decision}}
		_, page := d.says(200, path, form, why)
		if possible := why == "Décider et envoyer" || why == "Aucun e-mail ne partira"; strings.Contains(page, `value="envoyer"`) != possible || strings.Contains(page, "prend une place") && !possible {
			t.Errorf("%s: %s", why, page)
		}
		if form.Set("etape", "envoyer"); why != "Décider et envoyer" && why != "Aucun e-mail ne partira" && why != "C’est déjà la décision" {
			d.says(409, path, form, why)
		}
	}
	previews(draft, accepted, "Les quatre personnes n’ont pas toutes confirmé")
	previews(draft, waitingForSeat, "Aucun e-mail ne partira")
	previews(ids[0], accepted, "Décider et envoyer")
	if _, err := d.decide(d.member(), ids[0], decisionInput{Decision: accepted}); err != nil {
		t.Fatal(err)
	}
	previews(ids[0], accepted, "C’est déjà la décision")
	previews(ids[1], accepted, "Toutes les places de cette cohorte sont prises.")
	previews(ids[1], declined, "Décider et envoyer")
	if _, err := d.decide(d.member(), ids[1], decisionInput{Decision: declined}); err != nil {
		t.Fatal(err)
	}
	d.applyFor(1) // the territory comes again
	previews(ids[1], waitingForSeat, errApplied.Detail)
	d.Clock.Set(time.Date(2027, time.May, 1, 9, 0, 0, 0, time.UTC))
	d.browser = d.Browser(auth.RoleTeam)
	previews(ids[1], accepted, "Cette cohorte est terminée")
}
