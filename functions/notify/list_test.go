package notify

import (
	"encoding/csv"
	"fmt"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// walked are the ids that a list gives page by page.
func (w *world) walked(query string) (ids []string) {
	w.t.Helper()
	for cursor := ""; ; {
		page := w.listed("?" + query + "&cursor=" + cursor)
		for _, entry := range page.Items {
			ids = append(ids, entry.ID)
		}
		if cursor = page.NextCursor; cursor == "" {
			return ids
		}
	}
}

// TestMailsAreNarrowed by state, purpose, days and person, and every way pages
// hold each mail once.
func TestMailsAreNarrowed(t *testing.T) {
	w := newWorld(t)
	first := w.Clock.Now()
	for n := range 6 { // a link each day, and a welcome every other day
		w.askLink()
		if n%2 == 1 {
			w.askWelcome()
		}
		w.Clock.Advance(24 * time.Hour)
	}
	w.Drain(w.running)
	day := func(n int) string { return first.AddDate(0, 0, n).Format(time.DateOnly) }
	count := map[string]int{
		"limit=2": 9, "limit=2&template=welcome": 3, "limit=1&template=my-data-link": 6, "limit=2&state=sent": 9, "state=failed": 0,
		"limit=2&from=" + day(1) + "&until=" + day(2): 3, "from=" + day(5): 2, "until=" + day(0): 1, "from=" + day(3) + "&template=welcome": 2,
	}
	for _, person := range []string{"", "&person=" + camille} {
		for query, want := range count {
			got := w.walked(query + person)
			seen := map[string]bool{}
			for _, id := range got {
				seen[id] = true
			}
			if len(got) != want || len(seen) != want {
				t.Errorf("%s%s: %d, of which %d differ, instead of %d", query, person, len(got), len(seen), want)
			}
		}
	}
}

// TestMailsAreExportedAsTheyAreFiltered: the addresses keep the filters, the
// file holds what they keep, in French, and the trail no address.
func TestMailsAreExportedAsTheyAreFiltered(t *testing.T) {
	w, visit := opened(t)
	w.askAs("p1@exemple.fr")
	intent := w.askWelcome()
	w.Drain(w.running)
	page := visit(http.StatusOK, "/equipe/courriels?q=p1@exemple.fr&state=sent&template=my-data-link", nil)
	contains(t, page, `href="/equipe/courriels.csv?q=p1%40exemple.fr&amp;state=sent&amp;template=my-data-link"`, `<details class="filters" open>`, `<option value="sent" selected>`)
	file := visit(http.StatusOK, "/equipe/courriels.csv?q=p1@exemple.fr&state=sent&template=my-data-link", nil)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[0][1] != "Demandé" || rows[1][2] != "Lien vers ses données" || rows[1][4] != "Envoyé" {
		t.Errorf("%v %v", rows, err)
	}
	visit(http.StatusOK, "/equipe/courriels.xlsx", nil)
	w.hear(w.notice("ses-bounce", intent))
	list := "/equipe/courriels/suspensions"
	contains(t, visit(http.StatusOK, list+"?reason=bounce&q=p1@exemple.fr", nil), "Aucun envoi suspendu ne correspond.")
	contains(t, visit(http.StatusOK, list+"?reason=bounce", nil), "Un message est revenu", `href="`+list+`.csv?reason=bounce"`, `href="/equipe/journal?subject=`+camille+`"`)
	contains(t, visit(http.StatusOK, list+"?reason=complaint", nil), "Aucun envoi suspendu ne correspond.")
	file = visit(http.StatusOK, list+".csv?reason=bounce&person="+camille, nil)
	if strings.Count(file, camille) != 1 || !strings.Contains(file, "Un message est revenu") {
		t.Error(file)
	}
	trail := fmt.Sprint(w.Dump(function.Audit))
	if strings.Count(trail, `"searched":"oui"`) != 2 || strings.Contains(trail, "@") || strings.Contains(trail, camille) || !strings.Contains(trail, "Envoyé") {
		t.Error(trail)
	}
}

// TestALongListIsAwaited: the file of more than a page comes by a page to wait on.
func TestALongListIsAwaited(t *testing.T) {
	w, visit := opened(t)
	for range 21 {
		w.askLink()
	}
	w.Drain(w.running)
	page := visit(http.StatusOK, "/equipe/courriels?state=sent", nil)
	contains(t, page, `href="/equipe/courriels.csv?patienter=oui&amp;state=sent"`, `rel="next"`)
	contains(t, visit(http.StatusOK, "/equipe/courriels.csv?patienter=oui&state=sent", nil), "Le fichier se prépare", `href="/equipe/courriels.csv?state=sent"`)
	_, next, _ := strings.Cut(page, `<nav class="pages wide" aria-label="Pages de la liste"><a href="`)
	next, _, _ = strings.Cut(next, `"`)
	contains(t, visit(http.StatusOK, html.UnescapeString(next), nil), "Revenir au début", `href="/equipe/courriels?state=sent"`)
}

// TestFaultsOfSearches are told beside the fields of the list's form.
func TestFaultsOfSearches(t *testing.T) {
	_, visit := opened(t)
	for query, parts := range map[string][]string{
		"state=x":                          {`id="state-fault"`},
		"template=x":                       {`id="template-fault"`},
		"from=x&until=2026-13-01":          {`id="from-fault"`, `id="until-fault"`, "2 points sont à corriger", `value="2026-13-01"`},
		"from=2026-02-02&until=2026-02-01": {`id="until-fault"`, "Choisissez un dernier jour qui ne vient pas avant le premier."},
		"cursor=x":                         {"repartez du début de la liste"},
		"cursor=x&q=p1@exemple.fr":         {"repartez du début de la liste"},
		"q=p1":                             {`id="q-fault"`},
		"limit=x":                          {"Demandez de 1 à 100 éléments."},
	} {
		contains(t, visit(http.StatusUnprocessableEntity, "/equipe/courriels?"+query, nil), append(parts, "Chercher et filtrer")...)
	}
	for query, parts := range map[string][]string{
		"reason=x": {`id="reason-fault"`}, "from=x": {`id="from-fault"`}, "q=p1": {`id="q-fault"`}, "cursor=x": {"repartez du début de la liste"},
	} {
		contains(t, visit(http.StatusUnprocessableEntity, "/equipe/courriels/suspensions?"+query, nil), append(parts, "Chercher et filtrer")...)
	}
	contains(t, visit(http.StatusUnprocessableEntity, "/equipe/courriels.csv?state=x", nil), `id="state-fault"`)
	contains(t, visit(http.StatusUnprocessableEntity, "/equipe/courriels/suspensions.xlsx?reason=x", nil), `id="reason-fault"`)
}
