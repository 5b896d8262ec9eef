package bilan

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// record records a fact of the team by the API.
func (w *world) record(body string) (told factView) {
	w.t.Helper()
	w.call(http.StatusCreated, "POST", "/v1/facts", body, &told, w.Bearer("team")...)
	return told
}

// titles walks through all pages of a list of facts and returns their titles.
func (w *world) titles(query string) (titles []string) {
	w.t.Helper()
	for cursor := ""; ; {
		var page factPage
		w.call(http.StatusOK, "GET", "/v1/facts?"+query+"&cursor="+cursor, nil, &page, w.Bearer("team")...)
		for _, told := range page.Items {
			titles = append(titles, fmt.Sprint(told.Data["title"]))
		}
		if cursor = page.NextCursor; cursor == "" {
			return titles
		}
	}
}

// some records facts of several types and states of 2023, the latest last.
func (w *world) some() (first, corrected factView) {
	w.t.Helper()
	for n := 1; n <= 6; n++ {
		kind, more := "intervention", `,"form":"talk"`
		if n%2 == 0 {
			kind, more = "media.appearance", `,"outlet":"Le Lot"`
		}
		told := w.record(fmt.Sprintf(`{"type":%q,"data":{"title":"T%d","on":"2023-05-%02d"%s}}`, kind, n, n, more))
		if n == 1 {
			first = told
		}
	}
	corrected = w.record(`{"type":"intervention","corrects":"` + first.ID + `","data":{"title":"T7","on":"2023-05-07","form":"talk","territory":"46102"}}`)
	w.record(`{"type":"fact.voided","corrects":"` + corrected.ID + `","data":{"reason":"Saisi deux fois"}}`)
	return first, corrected
}

// The list has all types together by time, whatever the length of its pages.
func TestFactsAreListedByTime(t *testing.T) {
	w := newWorld(t)
	_, corrected := w.some()
	all := "[T7 T6 T5 T4 T3 T2 T1]"
	for query, want := range map[string]string{
		"year=2023": all, "year=2023&limit=1": all, "year=2023&limit=2": all, "year=2023&limit=6": all, "year=2022": "[]",
		"year=2023&limit=2&type=intervention":        "[T7 T5 T3 T1]",
		"year=2023&limit=1&type=media.appearance.v1": "[T6 T4 T2]",
		"year=2023&limit=2&state=counted":            "[T6 T5 T4 T3 T2]",
		"year=2023&state=replaced":                   "[T1]",
		"year=2023&state=cancelled":                  "[T7]",
		"year=2023&limit=1&q=LE+lot":                 "[T6 T4 T2]",
		"year=2023&q=figeac":                         "[T7]",
		"year=2023&q=conf%C3%A9rence+T3":             "[T3]",
		"year=2023&q=" + corrected.ID:                "[T7]",
		"year=2026&type=fact.voided":                 "[<nil>]",
	} {
		if got := fmt.Sprint(w.titles(query)); got != want {
			t.Errorf("%s: %s instead of %s", query, got, want)
		}
	}
}

// TestASearchListsEachFactOnce, though one type has many that it leaves out
// beside the few of another.
func TestASearchListsEachFactOnce(t *testing.T) {
	w := newWorld(t)
	for n := 1; n <= 5; n++ {
		w.record(fmt.Sprintf(`{"type":"intervention","data":{"title":"T%d","on":"2023-06-%02d","form":"talk"}}`, n, n))
	}
	w.record(`{"type":"media.appearance","data":{"title":"Congrès ancien","on":"2023-01-01","outlet":"Le Lot"}}`)
	w.record(`{"type":"intervention","data":{"title":"Congrès plus ancien","on":"2022-12-31","form":"talk"}}`)
	w.record(`{"type":"intervention","data":{"title":"Congrès récent","on":"2023-05-01","form":"talk"}}`)
	if got := fmt.Sprint(w.titles("year=2023&limit=2&q=congr%C3%A8s")); got != "[Congrès récent Congrès ancien]" {
		t.Error(got)
	}
}

// The page keeps its filters in the addresses of its pages and files, and the
// files hold exactly what is filtered, in French; the trail knows who took them.
func TestFactsAreExportedAsTheyAreFiltered(t *testing.T) {
	w := newWorld(t)
	first, corrected := w.some()
	body := w.page(http.StatusOK, "GET", "/equipe/faits?q=lot&type=media.appearance&year=2023&state=counted", nil,
		`href="/equipe/faits.csv?q=lot&amp;state=counted&amp;type=media.appearance&amp;year=2023"`, `value="lot"`, `<option value="2023" selected>`, "Média\u00a0: Le Lot", `<details class="filters" open>`)
	if strings.Contains(body, `id="formulaire"`) || strings.Contains(body, "T5") {
		t.Error("a search shows a form, or what it leaves out")
	}
	w.page(http.StatusOK, "GET", "/equipe/faits.xlsx?q=lot", nil)
	read, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(w.page(http.StatusOK, "GET", "/equipe/faits.csv?year=2023&q=figeac", nil), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	line := map[string]string{}
	for i, heading := range read[0] {
		line[heading] = read[len(read)-1][i]
	}
	if len(read) != 2 || line["Numéro"] != corrected.ID || line["Type"] != "Intervention publique" || line["Date"] != "2023-05-07" || line["Forme"] != "Conférence" ||
		line["Territoire"] != "Figeac (46102)" || line["État"] != "Annulé" || line["Corrige"] != first.ID || line["Corrigé ou annulé par"] == "" {
		t.Errorf("%v", read)
	}
	trail := fmt.Sprint(w.Dump(function.Audit))
	if strings.Count(trail, "faits-2023") != 1 || !strings.Contains(trail, `"searched":"oui"`) || strings.Contains(trail, "figeac") {
		t.Error(trail)
	}
}

// A search that cannot be read shows its form again, with each fault beside
// its field; the page after the last one of a list that has changed, too.
func TestFaultsOfTheSearchOfFacts(t *testing.T) {
	w := newWorld(t)
	for query, parts := range map[string][]string{
		"type=x":             {`id="type-fault"`, `href="#type"`},
		"year=1999":          {`id="year-fault"`, "Demandez une année de 2000 à 2026."},
		"year=x&state=y&q=z": {`id="year-fault"`, `id="state-fault"`, "2 points sont à corriger", `value="z"`},
		"cursor=x":           {"Un point est à corriger", "repartez du début de la liste"},
		"limit=x":            {"Demandez de 1 à 100 éléments."},
	} {
		w.page(http.StatusUnprocessableEntity, "GET", "/equipe/faits?"+query, nil, append(parts, "Chercher et filtrer", `<details class="filters" open>`)...)
	}
	w.page(http.StatusUnprocessableEntity, "POST", "/equipe/faits", url.Values{"type": {"x"}}, "Choisissez un type", "Chercher et filtrer")
	w.page(http.StatusUnprocessableEntity, "GET", "/equipe/faits.csv?year=x", nil, `id="year-fault"`, "Chercher et filtrer")
}
