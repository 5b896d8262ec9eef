package team

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAdministratorsSeeTheLatestExports: who took which list, narrowed how, and
// how many rows there were.
func TestAdministratorsSeeTheLatestExports(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("admin"), "/equipe")
	if page := w.page(http.StatusOK, adminPath); !strings.Contains(page, "Personne n’a emporté de liste depuis un an.") {
		t.Errorf("%s", page)
	}
	for n, list := range []string{"candidatures-occitanie", "ses_1", "unheard-of", "allies"} {
		w.note("member-camille", "export", list, nil, map[string]any{"format": "csv", "rows": 12 + n, "filter": map[string]string{"etat": "waiting", "who": "member-camille"}})
		w.Clock.Advance(time.Second)
	}
	for range shownExports - 2 {
		w.note("member-camille", "session.changed", "ses_2", nil, nil)
		w.note("member-gone", "export", "agenda", nil, nil)
		w.Clock.Advance(time.Second)
	}
	page := w.page(http.StatusOK, adminPath)
	for _, want := range []string{
		`<a href="/equipe/allies">Allié·es</a>`, "Format : CSV", "Lignes : 15", "État : en attente", "Qui : Camille Dupré", `<code>unheard-of</code>`,
		`<a href="/equipe/agenda">Agenda</a>`, "Ancien compte", `href="/equipe/journal?action=export&amp;from=`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q: %s", want, page)
		}
	}
	if strings.Contains(page, "occitanie") || strings.Contains(page, "ses_2") {
		t.Error("more is shown than the latest exports")
	}
}
