package team

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func TestAdministratorsKeepOutAndLetIn(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	camilles := w.cookies
	sacha := camille("admin")
	sacha.Subject, sacha.Email, sacha.name = "member-sacha", "sacha@fabrique.example", "Sacha Nguyen"
	w.cookies = map[string]*http.Cookie{}
	w.signIn(sacha, "/equipe")
	page := w.page(http.StatusOK, adminPath)
	if strings.Count(page, "/fermer\">") != 1 {
		t.Fatalf("one can be kept out, oneself not: %s", page)
	}
	before, _, _ := strings.Cut(page, `/fermer">`)
	base := before[strings.LastIndex(before, `"`)+1:]
	admins := w.cookies
	do := func(what string) {
		w.cookies = admins
		w.Clock.Advance(time.Second)
		w.post(http.StatusSeeOther, base+what)
	}
	as := func() bool { w.cookies = camilles; return w.signedIn() }

	do("/deconnecter")
	if as() {
		t.Error("signed in after an administrator ended the sessions")
	}
	w.Clock.Advance(time.Second)
	w.cookies = map[string]*http.Cookie{}
	w.signIn(camille("team"), "/equipe")
	camilles = w.cookies
	do("/fermer")
	if as() {
		t.Error("signed in although kept out")
	}
	w.cookies = map[string]*http.Cookie{}
	if answer := w.visit(w.consent(w.leave("/equipe"), camille("team")), nil); answer.Code != http.StatusForbidden {
		t.Errorf("let in at the door: %d", answer.Code)
	}
	do("/rouvrir")
	w.Clock.Advance(time.Second)
	w.cookies = map[string]*http.Cookie{}
	w.signIn(camille("team"), "/equipe")
	trail := fmt.Sprint(w.Dump(function.Audit))
	for _, action := range []string{"member.signed_out", "member.kept_out", "member.let_in"} {
		if !strings.Contains(trail, action) {
			t.Errorf("the trail does not say %s", action)
		}
	}
	w.cookies = admins
	if answer := w.visit(adminPath+"/membres/nobody/fermer", url.Values{"csrf": {w.formToken()}}); answer.Code != http.StatusNotFound {
		t.Errorf("someone unknown: %d", answer.Code)
	}
}

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
