package team

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

func TestSigningInLeadsBack(t *testing.T) {
	w := newWorld(t)
	if answer := w.visit("/equipe/journal?action=export", nil); answer.Code != http.StatusSeeOther ||
		answer.Header().Get("Location") != "/equipe/connexion?retour=%2Fequipe%2Fjournal%3Faction%3Dexport" {
		t.Fatalf("%d %v", answer.Code, answer.Header())
	}
	if leads := w.signIn(camille("team"), "/equipe/journal?action=export"); leads != "/equipe/journal?action=export" {
		t.Errorf("led to %s", leads)
	}
	if page := w.page(http.StatusOK, "/equipe"); !strings.Contains(page, "Bonjour Camille Dupré") {
		t.Errorf("%s", page)
	}
	cookie := w.cookies[signin.Cookie]
	if cookie == nil || !cookie.HttpOnly || !cookie.Secure || cookie.Path != "/" || cookie.SameSite != http.SameSiteLaxMode || !strings.HasPrefix(cookie.Name, "__Host-") {
		t.Errorf("%+v", cookie)
	}
}

// TestTheDepartureIsBoundToItsBrowser: state, nonce and PKCE are new each time
// and kept where nobody else can read them.
func TestTheDepartureIsBoundToItsBrowser(t *testing.T) {
	w := newWorld(t)
	first, err := url.Parse(w.leave("/equipe"))
	if err != nil {
		t.Fatal(err)
	}
	second, _ := url.Parse(w.leave("/equipe"))
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if a, b := first.Query().Get(name), second.Query().Get(name); a == "" || a == b {
			t.Errorf("%s: %q, then %q", name, a, b)
		}
	}
	query := second.Query()
	if query.Get("code_challenge_method") != "S256" || query.Get("response_type") != "code" ||
		query.Get("redirect_uri") != "https://fabrique.example/equipe/connexion/retour" {
		t.Errorf("%v", query)
	}
	good := w.consent(w.leave("/equipe"), camille("team"))
	kept := maps.Clone(w.cookies)
	for name, change := range map[string]func() string{
		"no departure":       func() string { w.cookies = map[string]*http.Cookie{}; return good },
		"another state":      func() string { return strings.Replace(good, "state=", "state=x", 1) },
		"no code":            func() string { return strings.Split(good, "?")[0] + "?state=x" },
		"another departure":  func() string { w.leave("/equipe"); return good },
		"too late":           func() string { w.Clock.Advance(departureFor + time.Second); return good },
		"the code is forged": func() string { return strings.Replace(good, "code=", "code=x", 1) },
	} {
		w.cookies = maps.Clone(kept)
		now := w.Clock.Now()
		answer := w.visit(change(), nil)
		if answer.Code != http.StatusUnauthorized || answer.Header().Get("WWW-Authenticate") == "" || w.cookies[signin.Cookie] != nil {
			t.Errorf("%s: %d %v", name, answer.Code, w.cookies)
		}
		for _, want := range []string{"<title>La connexion n’a pas abouti", `role="alert"`, `href="/equipe/connexion/depart?retour=%2Fequipe"`, "Recommencer la connexion"} {
			if !strings.Contains(answer.Body.String(), want) {
				t.Errorf("%s: the page does not say %s: %s", name, want, answer.Body)
			}
		}
		w.Clock.Set(now)
	}
}

// TestASignInThatWasGivenUpBeginsAgain, and leads to where it would have.
func TestASignInThatWasGivenUpBeginsAgain(t *testing.T) {
	w := newWorld(t)
	at, err := url.Parse(w.leave("/equipe/journal?action=export"))
	if err != nil {
		t.Fatal(err)
	}
	page := w.page(http.StatusUnauthorized, "/equipe/connexion/retour?error=access_denied&state="+at.Query().Get("state"))
	for _, want := range []string{"La connexion n’a pas abouti", "vous y avez renoncé", `depart?retour=%2Fequipe%2Fjournal%3Faction%3Dexport`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q: %s", want, page)
		}
	}
}

// TestACodeWorksOnce, and only with the verifier and the nonce of its departure.
func TestACodeWorksOnce(t *testing.T) {
	w := newWorld(t)
	back := w.consent(w.leave("/equipe"), camille("team"))
	kept := maps.Clone(w.cookies)
	if answer := w.visit(back, nil); answer.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	w.cookies = kept
	if answer := w.visit(back, nil); answer.Code == http.StatusSeeOther {
		t.Errorf("a code was taken twice")
	}
}

// TestASessionFromBeforeIsWorthNothing: whoever plants a cookie is not signed
// in by the sign-in of somebody else.
func TestASessionFromBeforeIsWorthNothing(t *testing.T) {
	w := newWorld(t)
	w.cookies[signin.Cookie] = &http.Cookie{Name: signin.Cookie, Value: "planted"}
	w.signIn(camille("team"), "/equipe")
	own := w.cookies[signin.Cookie].Value
	w.signIn(camille("team"), "/equipe")
	if own == "planted" || w.cookies[signin.Cookie].Value == own {
		t.Error("a session survives a sign-in")
	}
	w.cookies[signin.Cookie] = &http.Cookie{Name: signin.Cookie, Value: "planted"}
	if w.signedIn() {
		t.Error("the planted cookie is signed in")
	}
}

func TestNobodyIsLedElsewhere(t *testing.T) {
	w := newWorld(t)
	for _, back := range []string{
		"https://evil.example/equipe", "//evil.example/equipe", `\\evil.example`, "/\\evil.example", "javascript:alert(1)", "/autre", "/equipement",
		"/equipe/connexion", "/equipe\r\nSet-Cookie: a=b", "/equipe/../autre", "http:/equipe", "/equipe/..//evil.example",
	} {
		leads := w.signIn(camille("team"), back)
		at, err := url.Parse(leads)
		if err != nil || at.Host != "" || at.Scheme != "" || strings.ContainsAny(leads, "\r\n\\") || (leads != "/equipe" && !strings.HasPrefix(leads, "/equipe/")) {
			t.Errorf("%q leads to %q", back, leads)
		}
		if strings.Contains(leads, "..") {
			t.Errorf("%q leads to %q", back, leads)
		}
	}
}

func TestWhoHasNoRoleIsNotLetIn(t *testing.T) {
	w := newWorld(t)
	for _, who := range []*account{camille(), camille("autre"), {name: "Sans adresse"}} {
		if answer := w.visit(w.consent(w.leave("/equipe"), who), nil); answer.Code != http.StatusForbidden || w.cookies[signin.Cookie] != nil {
			t.Errorf("%s %v: %d", who.name, who.Groups, answer.Code)
		}
	}
	w.signIn(camille("team"), "/equipe")
	w.page(http.StatusForbidden, adminPath)
}

func TestSessionsSlideAndEnd(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	for range 11 { // used each hour: it slides, up to twelve hours
		w.Clock.Advance(time.Hour)
		if !w.signedIn() {
			t.Fatal("a session that is used has ended")
		}
	}
	w.Clock.Advance(61 * time.Minute)
	if w.signedIn() {
		t.Error("a session lasts longer than a long day")
	}
	w = newWorld(t)
	w.signIn(camille("team"), "/equipe")
	w.Clock.Advance(2*time.Hour + time.Second)
	if w.signedIn() {
		t.Error("an unused session has not ended")
	}
}

func TestSigningOutHereAndEverywhere(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	other := maps.Clone(w.cookies)
	w.Clock.Advance(time.Second)
	w.signIn(camille("team"), "/equipe")
	copied := maps.Clone(w.cookies)
	leads := w.post(http.StatusSeeOther, "/equipe/deconnexion").Header().Get("Location")
	if page := w.page(http.StatusOK, leads); !strings.Contains(page, "déconnecté·e de ce navigateur") {
		t.Errorf("%s does not say so: %s", leads, page)
	}
	if w.signedIn() {
		t.Error("signed in after signing out")
	}
	w.cookies = copied
	if w.signedIn() {
		t.Error("a copy of the cookie survives signing out")
	}
	w.cookies = other
	if !w.signedIn() {
		t.Error("signing out here ended the session there")
	}
	kept := maps.Clone(w.cookies)
	leads = w.post(http.StatusSeeOther, "/equipe/deconnexion/partout").Header().Get("Location")
	if page := w.page(http.StatusOK, leads); !strings.Contains(page, "déconnecté·e de tous vos appareils") {
		t.Errorf("%s does not say so: %s", leads, page)
	}
	w.cookies = kept
	if w.signedIn() {
		t.Error("signed in after signing out everywhere")
	}
	w.Clock.Advance(time.Second)
	w.signIn(camille("team"), "/equipe")
	if !w.signedIn() {
		t.Error("nobody can sign in again")
	}
	kept = maps.Clone(w.cookies)
	w.signIn(camille("team"), "/equipe")
	w.post(http.StatusSeeOther, "/equipe/deconnexion/partout")
	w.cookies = kept
	if w.signedIn() {
		t.Error("a session of the same second survives")
	}
}

// TestSignedOutSessionsAreForgotten once they would be over anyway: a record
// does not grow with the years.
func TestSignedOutSessionsAreForgotten(t *testing.T) {
	w := newWorld(t)
	kept := func() int {
		ids, _ := w.Dump(function.Members)[0]["signed_out"].([]string)
		return len(ids)
	}
	pass := func(d time.Duration) { w.Clock.Advance(d); w.issuer.FastForward(d) }
	for range 3 {
		w.signIn(camille("team"), "/equipe")
		w.post(http.StatusSeeOther, "/equipe/deconnexion")
		pass(time.Hour)
	}
	if kept() != 3 {
		t.Errorf("%d are kept", kept())
	}
	pass(10*time.Hour + time.Second) // twelve hours and a bit since the second
	w.signIn(camille("team"), "/equipe")
	if kept() != 1 {
		t.Errorf("%d are kept after half a day", kept())
	}
}

func TestFormsOfOthersAreRefused(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("admin"), "/equipe")
	token := w.formToken()
	for _, forged := range []string{"", "x", token + "x"} {
		if answer := w.visit("/equipe/deconnexion/partout", url.Values{web.FormTokenField: {forged}}); answer.Code != http.StatusForbidden {
			t.Errorf("%q: %d", forged, answer.Code)
		}
	}
	if !w.signedIn() {
		t.Error("a forged form was carried out")
	}
}
