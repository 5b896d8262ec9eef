package team

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
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

// TestAdministratorsSeeHowFarErasuresAre, in a few calls however many there are.
func TestAdministratorsSeeHowFarErasuresAre(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("admin"), "/equipe")
	for n := range 3 {
		var writes dynamo.Writes
		for _, d := range function.Definitions {
			if d.Personal {
				request := personal.NewErasure(fmt.Sprint("person-", n), w.Clock.Now())
				if n == 0 || n == 1 && d.Table == function.Mails {
					request.ErasedAt = w.Clock.Now().UTC().Format(time.RFC3339)
				}
				writes.Add(w.Runtime().Table(d.Table).Put(request))
			}
		}
		if err := writes.Commit(t.Context(), w.Client); err != nil {
			t.Fatal(err)
		}
	}
	calls := w.Faults(nil)
	page := w.page(http.StatusOK, adminPath)
	if made, _ := calls(); made > 25 {
		t.Errorf("%d calls", made)
	}
	for _, want := range []string{"Effacé partout", "Effacé de 1 table sur 5", "Effacé de 0 table sur 5"} {
		if strings.Count(page, want) != 1 {
			t.Errorf("the page does not say %q once: %s", want, page)
		}
	}
}
