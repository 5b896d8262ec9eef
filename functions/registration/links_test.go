package registration

import (
	"net/http"
	"testing"
	"time"
)

func TestLinkIsSentToEveryAddressAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(aPerson("Jean.Dupont@Gmail.com"))
	w.join(anOrganisation("Une", "Jean.Dupont@Gmail.com"))
	type outcome struct {
		body        string
		read, write float64
	}
	ask := func(email string) (got outcome, sent mailed) {
		sent = w.only("my-data-link", func() {
			got.read, got.write = w.Units(func() {
				got.body = w.call(http.StatusAccepted, http.MethodPost, "/v1/me/links", emailBody{email}).Body.String()
			})
		})
		return got, sent
	}
	known, sent := ask(" jeandupont+alias@googlemail.com")
	if sent.To != "Jean.Dupont@Gmail.com" || sent.Name != "Camille Durand" || sent.Data["minutes"] != "60" {
		t.Errorf("known: %+v", sent)
	}
	unknown, sent := ask("Inconnue@exemple.fr")
	if sent.To != "Inconnue@exemple.fr" || sent.Name != "" {
		t.Errorf("unknown: %+v", sent)
	}
	if dynamoDBLocal() { // which counts no read that finds nothing; AWS and dynoxide do
		unknown.read = known.read
	}
	if known != unknown || known.body != `{"status":"accepted"}` {
		t.Errorf("known %v, unknown %v", known, unknown)
	}
}

func TestBadAddressAsksForNoLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, body := range []string{`{"email":"nom@"}`, `{}`, `{"email":5}`} {
		got := read[problem](w, w.call(http.StatusUnprocessableEntity, http.MethodPost, "/v1/me/links", body))
		if len(got.Errors) != 1 || got.Errors[0].Location != "body.email" {
			t.Errorf("%s: %v", body, got)
		}
	}
	w.empty()
}

func TestSessionComesFromTheLinkOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	confirming := w.sign(aPerson("a@exemple.fr"))
	link := w.link("a@exemple.fr")
	opened := read[session](w, w.call(http.StatusOK, http.MethodPost, "/v1/me/sessions", tokenBody{link}))
	if opened.ExpiresIn != 1800 {
		t.Errorf("%v", opened)
	}
	for name, bad := range map[string]string{"of a confirmation": confirming, "of a session": opened.AccessToken, "altered": link + "A"} {
		if got := read[problem](w, w.call(http.StatusUnauthorized, http.MethodPost, "/v1/me/sessions", tokenBody{bad})); got.Code != "invalid-token" {
			t.Errorf("%s: %s", name, got.Code)
		}
	}
	w.Clock.Advance(linkFor)
	if got := read[problem](w, w.call(http.StatusGone, http.MethodPost, "/v1/me/sessions", tokenBody{link})); got.Code != "expired-token" {
		t.Errorf("expired: %s", got.Code)
	}
}

// Every route of one's data wants a session that is running.
func TestMyDataWantsASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(aPerson("a@exemple.fr"))
	link := w.link("a@exemple.fr")
	ended := w.session("a@exemple.fr")
	w.Clock.Advance(sessionFor)
	running := w.session("a@exemple.fr")
	for _, route := range [][2]string{
		{http.MethodGet, "/v1/me"}, {http.MethodPatch, "/v1/me"}, {http.MethodGet, "/v1/me/export"}, {http.MethodDelete, "/v1/me"},
	} {
		for name, headers := range map[string][]string{
			"none": nil, "ended": ended, "link": {"Authorization", "Bearer " + link}, "other scheme": {"Authorization", "Basic " + link},
			"cookie": {"Cookie", sessionCookie + "=" + running[1][len("Bearer "):]},
		} {
			got := w.call(http.StatusUnauthorized, route[0], route[1], nil, headers...)
			if read[problem](w, got).Code != "unauthenticated" || got.Header().Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %s: %s", route, name, got.Body)
			}
		}
	}
	w.Clock.Advance(sessionFor - time.Second)
	w.call(http.StatusOK, http.MethodGet, "/v1/me", nil, running...)
}
