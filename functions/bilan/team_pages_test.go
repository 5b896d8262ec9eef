package bilan

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// page sends a request of the team and returns the page.
func (w *world) page(status int, method, path string, form url.Values, parts ...string) string {
	w.t.Helper()
	var body any
	if form != nil {
		body = form
	}
	answer := w.Do(w.running, method, path, body, append(w.Bearer("team"), "Accept", "text/html")...)
	text := answer.Body.String()
	if answer.Code != status {
		w.t.Fatalf("%s %s: %d, not %d: %s", method, path, answer.Code, status, text)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			w.t.Errorf("%s %s does not say %q:\n%s", method, path, part, text)
		}
	}
	if status == http.StatusSeeOther {
		return answer.Header().Get("Location")
	}
	return text
}

// linkIn is the first link of a page whose address has a parameter.
func linkIn(t *testing.T, page, parameter string) string {
	t.Helper()
	for _, after := range strings.Split(page, `href="`)[1:] {
		link, _, _ := strings.Cut(after, `"`)
		if link = html.UnescapeString(link); strings.Contains(link, "?"+parameter+"=") || strings.Contains(link, "&"+parameter+"=") {
			return link
		}
	}
	t.Fatalf("no link has %s: %s", parameter, page)
	return ""
}

// Every form shows, records from what is typed in it, and keeps it when it has a fault.
func TestRecordFromThePage(t *testing.T) {
	w := newWorld(t)
	for _, f := range forms {
		form := url.Values{"type": {kindOf(f.Type)}, web.KeyField: {"form_" + f.Type}}
		for _, field := range f.Fields {
			value := map[fieldKind]string{line: "Un titre", past: "2023-05-04", day: "2027-01-01", flag: "true", slug: "respir", count: "8",
				address: "https://exemple.fr/a", code: "35238"}[field.Kind]
			if field.Kind == choice {
				value = field.Choices[0].Value
			}
			form.Set(formFields+field.Name, value)
			w.page(http.StatusOK, "GET", "/equipe/faits?type="+kindOf(f.Type), nil, `name="data.`+field.Name+`"`, field.Label)
		}
		wrong := url.Values{"type": form["type"]}
		w.page(http.StatusUnprocessableEntity, "POST", "/equipe/faits", wrong, "Remplissez le champ «")
		next := w.page(http.StatusSeeOther, "POST", "/equipe/faits", form)
		if again := w.page(http.StatusSeeOther, "POST", "/equipe/faits", form); again != next {
			t.Errorf("sent twice, it is recorded twice: %s, %s", next, again)
		}
		w.page(http.StatusOK, "GET", next, nil, "C’est enregistré.", "4 mai 2023", "Corriger")
	}
	w.Drain()
	if got := values(w.bilan(2023)); got["interventions.representative"] != 1 || got["programme.respir.territories"] != 1 || got["theses.active"] != 1 {
		t.Errorf("%v", got)
	}
}

// A fact is corrected from the list: the form opens on what it says.
func TestCorrectFromThePage(t *testing.T) {
	w := newWorld(t)
	var first factView
	w.call(http.StatusCreated, "POST", "/v1/facts", intervention, &first, w.Bearer("team")...)
	list := w.page(http.StatusOK, "GET", "/equipe/faits?year=2023", nil, `href="/equipe/journal?subject=`+first.ID+`"`)
	w.page(http.StatusOK, "GET", linkIn(t, list, "corrige"), nil,
		`value="Congrès des maires"`, `value="2023-05-04"`, `name="corrects" value="`+first.ID+`"`, "checked")
	w.page(http.StatusSeeOther, "POST", "/equipe/faits", url.Values{"type": {"intervention"}, "corrects": {first.ID},
		"data.title": {"Congrès"}, "data.on": {"2023-05-05"}, "data.form": {"talk"}})
	w.page(http.StatusUnprocessableEntity, "POST", "/equipe/faits", url.Values{"type": {"intervention"}, "corrects": {first.ID},
		"data.title": {"Congrès"}, "data.on": {"2023-05-06"}, "data.form": {"talk"}}, "déjà corrigé")
	w.Drain()
	if got := values(w.bilan(2023)); got["interventions.all"] != 1 || got["interventions.representative"] != 0 {
		t.Errorf("%v", got)
	}
}

// A fact is made void from the list, once a reason is given and it is confirmed.
func TestVoidFromThePage(t *testing.T) {
	w := newWorld(t)
	var first factView
	w.call(http.StatusCreated, "POST", "/v1/facts", `{"type":"support.one_off","data":{"form":"facilitation","beneficiary":"local_media","on":"2023-05-04"}}`, &first, w.Bearer("team")...)
	list := w.page(http.StatusOK, "GET", "/equipe/faits?type=support.one_off&year=2023", nil, "Animation, Média local")
	w.page(http.StatusOK, "GET", linkIn(t, list, "annule"), nil,
		"Annuler cet enregistrement", "Animation", "4 mai 2023", `name="corrects" value="`+first.ID+`"`, "Confirmer l’annulation")
	form := url.Values{"type": {"fact.voided"}, "list": {"support.one_off"}, "year": {"2023"}, "corrects": {first.ID}, "le": {"2023-05-03T22:00:00Z"}, web.KeyField: {"form_1"}}
	w.page(http.StatusUnprocessableEntity, "POST", "/equipe/faits", form, "Remplissez le champ «\u00a0Raison de l’annulation\u00a0».", "Animation", "Confirmer l’annulation", "Enregistrés pour 2023")
	w.Drain()
	if got := values(w.bilan(2023)); got["support.local-media"] != 1 {
		t.Errorf("it is void without a reason: %v", got)
	}
	form.Set("data.reason", "Saisi deux fois")
	next := w.page(http.StatusSeeOther, "POST", "/equipe/faits", form)
	if again := w.page(http.StatusSeeOther, "POST", "/equipe/faits", form); again != next {
		t.Errorf("sent twice: %s, %s", next, again)
	}
	if body := w.page(http.StatusOK, "GET", next, nil, "C’est enregistré.", "Enregistrés pour 2023", `<td data-label="État">Annulé</td>`); strings.Contains(body, "annule=") {
		t.Error("it can be made void again")
	}
	w.Drain()
	if got := values(w.bilan(2023)); got["support.local-media"] != 0 {
		t.Errorf("%v", got)
	}
}

// The life of a year, from its page.
func TestCloseAndPublishFromThePage(t *testing.T) {
	w := newWorld(t)
	w.year2023()
	w.page(http.StatusOK, "GET", "/equipe/bilans/2026", nil, "en cours")
	w.page(http.StatusOK, "GET", "/equipe/bilans/2023", nil, "Clôturer 2023", "Permanences tenues", "/bilans/2023/figures/permanences.held")
	sure := url.Values{"sure": {"true"}}
	w.page(http.StatusUnprocessableEntity, "POST", "/equipe/bilans/2023/cloturer", url.Values{}, `id="sure-fault"`, `href="#sure"`, "Clôturer 2023")
	w.page(http.StatusUnprocessableEntity, "POST", "/equipe/bilans/2023/publier", url.Values{}, "Cochez la case", "Clôturer 2023")
	if got := w.bilan(2023).Status; got != report.Open {
		t.Errorf("it is %s without a tick", got)
	}
	next := w.page(http.StatusSeeOther, "POST", "/equipe/bilans/2023/cloturer", sure)
	w.page(http.StatusOK, "GET", next, nil, "Publier le bilan 2023", `role="status"><h2>L’année 2023 est close`, "ne s’annule pas")
	w.page(http.StatusUnprocessableEntity, "POST", "/equipe/bilans/2023/publier", url.Values{}, `id="sure-fault"`, "Publier le bilan 2023")
	if got := w.bilan(2023).Status; got != report.Closed {
		t.Errorf("it is %s without a tick", got)
	}
	next = w.page(http.StatusSeeOther, "POST", "/equipe/bilans/2023/publier", sure)
	w.page(http.StatusOK, "GET", next, nil, w.bilan(2023).Hash, `role="status"><h2>Le bilan 2023 est publié`)
	w.page(http.StatusOK, "GET", "/equipe/bilans", nil, "Publiée", "Ouverte", "Rien à signaler.")
	if w.bilan(2023).Status != report.Published {
		t.Error("it is not published")
	}
	w.page(http.StatusConflict, "POST", "/equipe/bilans/2023/cloturer", sure)
	w.page(http.StatusNotFound, "POST", "/equipe/bilans/2005/cloturer", sure)
	w.page(http.StatusNotFound, "POST", "/equipe/bilans/2005/cloturer", url.Values{})
	if anyone := w.Do(w.running, "GET", "/equipe/bilans", nil, "Accept", "text/html"); anyone.Code != http.StatusSeeOther {
		t.Errorf("anyone sees the team's page: %d", anyone.Code)
	}
}

// What is recorded for a published year corrects it: the page says so before
// and after, and says nothing of it for a year that is open.
func TestRecordForAPublishedYear(t *testing.T) {
	w := newWorld(t)
	w.year2023()
	if body := w.page(http.StatusOK, "GET", "/equipe/faits?type=intervention", nil); strings.Contains(body, "correction datée") {
		t.Error("it speaks of published years, and there are none")
	}
	sure := url.Values{"sure": {"true"}}
	w.page(http.StatusSeeOther, "POST", "/equipe/bilans/2023/cloturer", sure)
	w.page(http.StatusSeeOther, "POST", "/equipe/bilans/2023/publier", sure)
	w.page(http.StatusOK, "GET", "/equipe/faits?type=intervention&year=2023", nil, "Ce bilan est publié et ne change plus\u00a0: 2023.", "en correction datée et publique")
	form := url.Values{"type": {"intervention"}, "data.title": {"Congrès"}, "data.on": {"2023-05-05"}, "data.form": {"talk"}}
	body := w.page(http.StatusOK, "GET", w.page(http.StatusSeeOther, "POST", "/equipe/faits", form), nil, "Le bilan 2023 est publié\u00a0: ses chiffres restent.", `href="/bilans/2023/corrections"`)
	if strings.Contains(body, "Le bilan en tient compte") {
		t.Error("it says that published figures change")
	}
	form.Set("data.on", "2026-01-05")
	w.page(http.StatusOK, "GET", w.page(http.StatusSeeOther, "POST", "/equipe/faits", form), nil, "Le bilan en tient compte dans quelques secondes")
}

// The form suggests what recurs, and takes the name of a territory for its code.
func TestFormOfFactsSuggests(t *testing.T) {
	w := newWorld(t)
	w.page(http.StatusOK, "GET", "/equipe/faits?type=support.experimental", nil, `list="data-programme-list"`, `<option value="respir"></option>`)
	form := url.Values{"type": {"support.experimental"}, "data.programme": {"vallees"}, "data.started_on": {"2026-02-03"}, "data.territory": {"figeac"}}
	next := w.page(http.StatusSeeOther, "POST", "/equipe/faits", form)
	body := w.page(http.StatusOK, "GET", next, nil, `<option value="vallees"></option>`, "Figeac (46102)")
	if strings.Count(body, `value="respir"`) != 1 || strings.Contains(body, "data-territory-list") {
		t.Error(body)
	}
	for typed, says := range map[string]string{
		"Paris": `<option value="75">Paris, département</option>`, "Figeak": `<option value="46102">Figeac, commune (Lot)</option>`,
		"Mairie de Figeac": `<option value="46102">Figeac, commune (Lot)</option>`,
		"Zzzzzzzzz":        "Aucun territoire n’a ce nom ni ce code", "46999": "choisissez lequel juste en dessous",
	} {
		form.Set("data.territory", typed)
		w.page(http.StatusUnprocessableEntity, "POST", "/equipe/faits", form, says, `id="data-territory-fault"`, `value="`+typed+`"`)
	}
	form.Set("data.territory", "Paris")
	form.Set("data.territory_choice", "75")
	w.page(http.StatusOK, "GET", w.page(http.StatusSeeOther, "POST", "/equipe/faits", form), nil, "Paris (75)")
	var refused map[string]any
	w.call(http.StatusUnprocessableEntity, "POST", "/v1/facts", `{"type":"support.experimental","data":{"programme":"respir","started_on":"2026-02-03","territory":"figeac"}}`, &refused, w.Bearer("team")...)
}

// Every value that a form knows beforehand is one that a figure looks for.
func TestFiguresLookForKnownValues(t *testing.T) {
	for _, f := range forms {
		for _, field := range f.Fields {
			for _, known := range field.Known {
				told := fact{ID: "fact_1", Type: f.Type, Data: said{Programme: known.Value, About: known.Value, Territory: "46102", StartedOn: "2026-02-03", Pairs: 3}}
				unknown := told
				unknown.Data.Programme, unknown.Data.About = "autre", "autre"
				counted := func(one fact) (n int) {
					for _, figure := range figures {
						n += len(figure.Mentions(one))
					}
					return n
				}
				if counted(told) == counted(unknown) {
					t.Errorf("no figure looks for the %s %s", field.Name, known.Value)
				}
			}
		}
	}
}
