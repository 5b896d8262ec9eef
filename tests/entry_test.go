package tests

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// The cookies that a browser holds.
const (
	visitCookie     = "__Host-mes-donnees"
	departureCookie = "__Host-equipe-depart"
)

// isIn tells whether the team's pages are open to a browser.
func (c *client) isIn() bool {
	c.v.t.Helper()
	return c.send(web.TeamRoot, nil).status == http.StatusOK
}

// sees tells whether a browser is shown somebody's data.
func (c *client) sees(text string) bool {
	c.v.t.Helper()
	return strings.Contains(c.send("/mes-donnees", nil).body, text)
}

// TestASessionFromBeforeIsNotTheOneAfter plants the cookies of someone else in
// a browser, before its owner signs in.
func TestASessionFromBeforeIsNotTheOneAfter(t *testing.T) {
	v := serve(t)
	v.signs("ada@exemple.example", "person", "")
	v.confirms(v.mailed("ada@exemple.example", "/rejoindre/confirmer"))
	v.signs("mallory@exemple.example", "person", "")
	v.confirms(v.mailed("mallory@exemple.example", "/rejoindre/confirmer"))
	attacker, victim := v.client(), v.client()
	attacker.enters(asMember, "/equipe")
	attacker.opensData("mallory@exemple.example")
	attacker.send("/equipe/connexion/depart", nil)
	victim.cookies = maps.Clone(attacker.cookies)
	token := victim.forms("/equipe")[0].values.Get(web.FormTokenField)

	victim.enters(asAdministrator, "/equipe")
	victim.opensData("ada@exemple.example")
	for _, name := range []string{signin.Cookie, visitCookie} {
		if own := victim.cookies[name]; own == "" || own == attacker.cookies[name] {
			t.Errorf("the cookie %s is still the planted one", name)
		}
	}
	if _, left := victim.cookies[departureCookie]; left {
		t.Error("a departure is left after the arrival")
	}
	if !victim.sees("ada@exemple.example") || victim.send("/equipe/administration", nil).status != http.StatusOK {
		t.Error("who signed in is not who is in")
	}
	if attacker.sees("ada@exemple.example") || attacker.send("/equipe/administration", nil).status != http.StatusForbidden {
		t.Error("the sign-in of another has opened a door to who planted the cookies")
	}
	if answer := victim.send("/equipe/deconnexion/partout", url.Values{web.FormTokenField: {token}}); answer.status != http.StatusForbidden {
		t.Errorf("the token of the planted session holds after the sign-in: %d", answer.status)
	}
}

// TestASignInEndsWhereItBegan: the way back of one browser opens nothing in
// another, and the code of one nothing with the departure of another.
func TestASignInEndsWhereItBegan(t *testing.T) {
	v := serve(t)
	begun := func() (c *client, back string) {
		c = v.client()
		return c, c.consents(c.send("/equipe/connexion/depart", nil).leads(), asAdministrator)
	}
	query := func(address string) url.Values {
		at, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return at.Query()
	}
	for name, try := range map[string]func() (*client, string){
		"a browser that has not begun":       func() (*client, string) { _, back := begun(); return v.client(), back },
		"a browser that has begun otherwise": func() (*client, string) { _, back := begun(); own, _ := begun(); return own, back },
		"a stolen code": func() (*client, string) {
			_, stolen := begun()
			own, back := begun()
			return own, "/equipe/connexion/retour?" + url.Values{"state": {query(back).Get("state")}, "code": {query(stolen).Get("code")}}.Encode()
		},
		"a code without its state": func() (*client, string) {
			own, back := begun()
			return own, "/equipe/connexion/retour?code=" + query(back).Get("code")
		},
		"a code that was taken": func() (*client, string) {
			own, back := begun()
			kept := maps.Clone(own.cookies)
			own.send(back, nil)
			own.cookies = kept
			return own, back
		},
		"a session as a departure": func() (*client, string) {
			own, back := begun()
			other := v.client()
			other.enters(asMember, "/equipe")
			own.cookies[departureCookie] = other.cookies[signin.Cookie]
			return own, back
		},
		"a departure as a session": func() (*client, string) {
			own, _ := begun()
			own.cookies[signin.Cookie] = own.cookies[departureCookie]
			return own, "/equipe/connexion/retour"
		},
		"a departure of yesterday": func() (*client, string) {
			own, back := begun()
			v.setClock(v.now().Add(24 * time.Hour))
			return own, back
		},
	} {
		c, back := try()
		if answer := c.send(back, nil); answer.status != http.StatusUnauthorized || c.isIn() {
			t.Errorf("%s: %d, leads to %q", name, answer.status, answer.leads())
		}
	}
	own, back := begun()
	if answer := own.send(back, nil); answer.status != http.StatusSeeOther || !own.isIn() {
		t.Errorf("where it began: %d", answer.status)
	}
}

// TestWhoSignedOutIsOut, with every copy of the cookie; and nobody else is.
func TestWhoSignedOutIsOut(t *testing.T) {
	v := serve(t)
	here, there, admin := v.client(), v.client(), v.client()
	here.enters(asMember, "/equipe")
	there.enters(asMember, "/equipe")
	admin.enters(asAdministrator, "/equipe")
	posts := func(c *client, page, action string) {
		for _, f := range c.forms(page) {
			if strings.HasSuffix(f.action, action) {
				if answer := c.send(f.action, f.values); answer.status != http.StatusSeeOther {
					t.Errorf("%s: %d", f.action, answer.status)
				}
				return
			}
		}
		t.Errorf("%s has no form for %s", page, action)
	}
	copied := func(c *client) *client { return &client{v, maps.Clone(c.cookies)} }

	before := copied(here)
	posts(here, "/equipe", "/deconnexion")
	if here.isIn() || before.isIn() || !there.isIn() || !admin.isIn() {
		t.Errorf("signed out in one browser: %t there, %t with a copy of its cookie, %t in another, %t another member", here.isIn(), before.isIn(), there.isIn(), admin.isIn())
	}
	v.setClock(v.now().Add(time.Second))
	here.enters(asMember, "/equipe")
	before = copied(here)
	posts(here, "/equipe", "/deconnexion/partout")
	if here.isIn() || before.isIn() || there.isIn() || !admin.isIn() {
		t.Error("signed out everywhere: somebody is in, or somebody else is out")
	}
	for _, action := range []string{"/deconnecter", "/fermer"} {
		v.setClock(v.now().Add(time.Second))
		here.enters(asMember, "/equipe")
		v.otherMember(t, admin, action, posts)
		if here.isIn() || !admin.isIn() {
			t.Errorf("%s: the member is in, or the administrator out", action)
		}
	}
	if here.enters(asMember, "/equipe"); here.isIn() {
		t.Error("who is kept out has come in")
	}
}

// otherMember presses a button of an administrator beside the other member.
func (v *visitor) otherMember(t *testing.T, admin *client, action string, posts func(c *client, page, action string)) {
	t.Helper()
	for _, f := range admin.forms("/equipe/administration") {
		if strings.HasSuffix(f.action, "/fermer") { // only beside others
			posts(admin, "/equipe/administration", strings.TrimSuffix(f.action, "/fermer")+action)
			return
		}
	}
	t.Error("there is no other member")
}
