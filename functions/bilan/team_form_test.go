package bilan

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// TestAnOldCorrectionLeadsToTheLast fact, which may be corrected in its place.
func TestAnOldCorrectionLeadsToTheLast(t *testing.T) {
	w := newWorld(t)
	correct := func(id string) (made factView) {
		body := strings.Replace(intervention, `"type"`, `"corrects":"`+id+`","type"`, 1)
		w.call(http.StatusCreated, "POST", "/v1/facts", body, &made, w.Bearer("team")...)
		return made
	}
	var first factView
	w.call(http.StatusCreated, "POST", "/v1/facts", intervention, &first, w.Bearer("team")...)
	last := correct(correct(first.ID).ID)
	w.Drain()
	body := w.page(http.StatusUnprocessableEntity, "POST", "/equipe/faits", url.Values{"type": {"intervention"}, "corrects": {first.ID},
		"data.title": {"Congrès"}, "data.on": {"2023-05-06"}, "data.form": {"talk"}}, "déjà corrigé", "Corriger le fait qui le remplace")
	link := linkIn(t, body[strings.Index(body, "déjà corrigé"):], "corrige")
	w.page(http.StatusOK, "GET", link, nil, `name="corrects" value="`+last.ID+`"`, `value="Congrès des maires"`)
}

// TestTheFormSuggestsWhatWasSaidLately, in January too, and names each field
// that is empty.
func TestTheFormSuggestsWhatWasSaidLately(t *testing.T) {
	w := newWorld(t)
	for year, outlet := range map[string]string{"2025": "La Voix du Lot", "2024": "Un journal oublié"} {
		w.call(http.StatusCreated, "POST", "/v1/facts", `{"type":"media.appearance","data":{"title":"Un article","outlet":"`+outlet+`","on":"`+year+`-05-04"}}`, nil, w.Bearer("team")...)
	}
	body := w.page(http.StatusOK, "GET", "/equipe/faits?type=media.appearance", nil, `<option value="La Voix du Lot">`)
	if strings.Contains(body, "oublié") {
		t.Error("what is old is suggested")
	}
	w.page(http.StatusUnprocessableEntity, "POST", "/equipe/faits", url.Values{"type": {"media.appearance"}, web.KeyField: {"form_1"}},
		"\">Remplissez le champ «\u00a0Titre\u00a0».</a>", "«\u00a0Média\u00a0»", "«\u00a0Date de parution\u00a0»")
}

// TestFactsAreTitledInWords, not by the codes that figures look for.
func TestFactsAreTitledInWords(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{
		`{"type":"training","data":{"subject":"sensitive-diagnosis","on":"2026-02-04","pairs":3}}`,
		`{"type":"training","data":{"subject":"ecouter-un-territoire","on":"2026-02-04","pairs":3}}`,
		`{"type":"support.experimental","data":{"programme":"respir","territory":"46102","started_on":"2026-02-04"}}`,
	} {
		w.call(http.StatusCreated, "POST", "/v1/facts", body, nil, w.Bearer("team")...)
	}
	w.page(http.StatusOK, "GET", "/equipe/faits?year=2026", nil, `row">Diagnostic sensible<`, `row">Ecouter un territoire<`, `row">RESPIR, Figeac (46102)<`)
	w.page(http.StatusOK, "GET", "/equipe/faits?year=2026&q=sensitive-diagnosis", nil, `row">Diagnostic sensible<`)
}
