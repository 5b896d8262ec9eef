package team

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
)

func TestAdministratorsKeepOutAndLetIn(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	camilles := w.cookies
	w.as(sacha())
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

// sacha is an administrator.
func sacha() *account {
	a := camille("admin")
	a.Subject, a.Email, a.name = "member-sacha", "sacha@fabrique.example", "Sacha Nguyen"
	return a
}

// as signs someone in, in a browser of their own.
func (w *world) as(who *account) map[string]*http.Cookie {
	w.t.Helper()
	w.cookies = map[string]*http.Cookie{}
	w.signIn(who, "/equipe")
	return w.cookies
}

// button is where the first form of the administration that ends so posts to.
func (w *world) button(end string) string {
	w.t.Helper()
	before, _, found := strings.Cut(w.page(http.StatusOK, adminPath), end+`">`)
	if !found {
		w.t.Fatalf("nothing to press that ends in %s", end)
	}
	return before[strings.LastIndex(before, `"`)+1:] + end
}

// entering is how the door answers to someone who signs in.
func (w *world) entering(who *account) int {
	w.t.Helper()
	w.cookies = map[string]*http.Cookie{}
	return w.visit(w.consent(w.leave("/equipe"), who), nil).Code
}

// calling is how a call of the API is answered to a token of the issuer.
func (w *world) calling(who *account) int {
	w.t.Helper()
	session, err := w.issuer.SessionStore.NewSession("openid email groups", "", who, "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	token, err := session.IDToken(w.issuer.Config(), w.issuer.Keypair, w.Clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return w.Do(w.running, http.MethodGet, "/v1/audit", nil, "Authorization", "Bearer "+token).Code
}

// erase asks for the erasure of an address, as its owner can.
func (w *world) erase(address string) {
	w.t.Helper()
	person, err := personal.Hash(w.t.Context(), w.Runtime().Key(function.IdentityKey), address)
	if err != nil {
		w.t.Fatal(err)
	}
	var writes dynamo.Writes
	writes.Add(w.Runtime().Table(function.Members).Put(personal.NewErasure(person, w.Clock.Now())))
	if err := writes.Commit(w.t.Context(), w.Client); err != nil {
		w.t.Fatal(err)
	}
	w.Drain(w.running)
}

// TestAClosedDoorHolds whatever the issuer says, and whatever the member does:
// by another address of theirs, by another account of the same address, by a
// session that they still have, by the API, or by asking to be erased.
func TestAClosedDoorHolds(t *testing.T) {
	w := newWorld(t)
	renamed, again := camille("team"), camille("team")
	renamed.Email = "camille.dupre@fabrique.example"
	again.Subject = "member-camille-2"
	elsewhere := w.as(renamed) // who has had two addresses has two records
	w.as(camille("team"))
	if got := w.calling(camille("team")); got != http.StatusOK {
		t.Fatalf("the API is closed to the team: %d", got)
	}
	admins := w.as(sacha())
	w.Clock.Advance(time.Second)
	shut := w.button("/fermer")
	w.post(http.StatusSeeOther, shut)

	holds := func(when string, all ...*account) {
		t.Helper()
		for _, who := range all {
			if got := w.entering(who); got != http.StatusForbidden {
				t.Errorf("%s, %s with %s: let in at the door: %d", when, who.Subject, who.Email, got)
			}
			if got := w.calling(who); got != http.StatusForbidden {
				t.Errorf("%s, %s with %s: let in by the API: %d", when, who.Subject, who.Email, got)
			}
		}
		if w.cookies = elsewhere; w.signedIn() {
			t.Errorf("%s: the session of the other address goes on", when)
		}
	}
	holds("closed", camille("team"), renamed, again)
	w.cookies = admins
	if page := w.page(http.StatusOK, adminPath); strings.Count(page, "Accès fermé</span>") != 2 || strings.Contains(page, "/acces/") {
		t.Errorf("both records are closed, and nobody is unknown: %s", page)
	}
	w.erase("camille@fabrique.example")
	w.erase("camille.dupre@fabrique.example")
	holds("after the erasure", camille("team"), renamed) // nothing is left that knows the other account
	for _, held := range w.Holding("camille") {
		if !strings.HasPrefix(held, string(function.Audit)) { // which names accounts
			t.Errorf("the name is held by %s", held)
		}
	}

	w.cookies = admins
	open := w.button("/rouvrir")
	if !strings.HasPrefix(open, adminPath+"/acces/") {
		t.Fatalf("the door of someone erased opens by %s", open)
	}
	w.post(http.StatusSeeOther, open)
	if page := w.page(http.StatusOK, adminPath); strings.Contains(page, "/rouvrir") {
		t.Errorf("it is closed still: %s", page)
	}
	w.as(camille("team"))
	w.cookies = admins
	if answer := w.visit(open, url.Values{"csrf": {w.formToken()}}); answer.Code != http.StatusNotFound {
		t.Errorf("opened again, twice: %d", answer.Code)
	}
}

// TestTheDoorClosesInTheVeryInstant in which someone is coming in.
func TestTheDoorClosesInTheVeryInstant(t *testing.T) {
	w := newWorld(t)
	back := w.consent(w.leave("/equipe"), camille("team"))
	account, err := w.Runtime().Sessions().AccountHash(t.Context(), "member-camille")
	if err != nil {
		t.Fatal(err)
	}
	closing := false
	w.Faults(func(c functiontest.Call) functiontest.Fault {
		if c.Operation == "TransactWriteItems" && !closing {
			closing = true
			var writes dynamo.Writes
			writes.Add(w.Runtime().Table(function.Members).Put(signin.NewClosed(account, w.Clock.Now())))
			if err := writes.Commit(t.Context(), w.Client); err != nil {
				t.Error(err)
			}
		}
		return functiontest.None
	})
	if answer := w.visit(back, nil); answer.Code != http.StatusForbidden || !closing {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}
