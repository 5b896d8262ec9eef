package web

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

func answer(t *testing.T, handle Handler, page bool, path string, headers ...string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	var log strings.Builder
	r := httptest.NewRequestWithContext(WithRequestID(t.Context(), "req_1"), http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	Serve(handle, page, slog.New(slog.NewTextHandler(&log, nil))).ServeHTTP(w, r)
	return w, log.String()
}

func failing(err error) Handler {
	return func(http.ResponseWriter, *http.Request) error { return err }
}

// TestFaultsBecomeProblems holds every kind to the status that api says.
func TestFaultsBecomeProblems(t *testing.T) {
	kinds := map[fault.Kind]int{
		fault.Malformed: 400, fault.Unauthenticated: 401, fault.Forbidden: 403, fault.NotFound: 404, fault.NotAllowed: 405,
		fault.Conflict: 409, fault.Gone: 410, fault.Stale: 412, fault.TooLarge: 413, fault.WrongType: 415, fault.Invalid: 422,
		fault.TooMany: 429, fault.Unavailable: 503, fault.Kind(99): 500,
	}
	for kind, status := range kinds {
		f := &fault.Error{Kind: kind, Code: "a-code", Detail: "Une phrase.", RetryAfter: 1500 * time.Millisecond, Allow: "GET",
			Fields:      []fault.Field{{Location: "person.email", Message: "Saisissez."}, {Location: "query.limit", Message: "Moins."}, {Message: "Tout."}},
			Suggestions: []fault.Suggestion{{Code: "31555", Name: "Toulouse"}}}
		w, _ := answer(t, failing(f), false, "/v1/x")
		var got Problem
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if w.Code != status || got.Status != status || got.Code != "a-code" || got.Detail != "Une phrase." || got.Title != http.StatusText(status) ||
			got.Type != "about:blank" || got.RequestID != "req_1" || w.Header().Get("Content-Type") != ProblemType || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("kind %d: %d %s", kind, w.Code, w.Body)
		}
		if len(got.Errors) != 3 || got.Errors[0].Location != "body.person.email" || got.Errors[1].Location != "query.limit" || got.Errors[2].Location != "body" {
			t.Errorf("kind %d: %v", kind, got.Errors)
		}
		if w.Header().Get("Retry-After") != "2" {
			t.Errorf("kind %d: Retry-After %s", kind, w.Header().Get("Retry-After"))
		}
		if (w.Header().Get("Allow") == "GET") != (kind == fault.NotAllowed) || (w.Header().Get("WWW-Authenticate") != "") != (kind == fault.Unauthenticated) {
			t.Errorf("kind %d: %v", kind, w.Header())
		}
	}
}

// What nobody expected is logged with the request id and shown without internals.
func TestTheUnexpectedIsLoggedAndNotShown(t *testing.T) {
	for name, handle := range map[string]Handler{
		"an error": failing(errors.New("table Allies is on fire")),
		"a panic":  func(http.ResponseWriter, *http.Request) error { panic("table Allies is on fire") },
	} {
		for _, accept := range []string{"application/json", "text/html"} {
			w, log := answer(t, handle, true, "/page", "Accept", accept)
			if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "fire") || !strings.Contains(w.Body.String(), "req_1") {
				t.Errorf("%s as %s: %d %s", name, accept, w.Code, w.Body)
			}
			if !strings.Contains(log, "on fire") || !strings.Contains(log, "request_id=req_1") {
				t.Errorf("%s: log %s", name, log)
			}
		}
	}
	if _, log := answer(t, failing(fault.New(fault.NotFound, "gone-away", "Non.")), false, "/v1/x"); log != "" {
		t.Errorf("a fault of the caller is logged: %s", log)
	}
}

// People get pages, programs problems, and calls under /v1/ are programs'.
func TestWhoGetsAPage(t *testing.T) {
	f := fault.New(fault.Gone, "expired-token", "Ce lien a expiré.")
	for _, c := range []struct {
		page         bool
		path, accept string
		html         bool
	}{
		{true, "/page", "text/html,*/*;q=0.8", true},
		{true, "/page", "*/*", false},
		{true, "/v1/x", "text/html", false},
		{false, "/page", "text/html", false},
	} {
		w, _ := answer(t, failing(f), c.page, c.path, "Accept", c.accept)
		if html := strings.HasPrefix(w.Header().Get("Content-Type"), "text/html"); html != c.html || w.Code != http.StatusGone {
			t.Errorf("%+v: %d %s", c, w.Code, w.Header())
		}
	}
}

func TestEveryFaultHasAPage(t *testing.T) {
	for status := range explanations {
		for kind, of := range statuses {
			if of != status {
				continue
			}
			f := &fault.Error{Kind: kind, Code: "a-code", Detail: "Une <phrase>.", RetryAfter: time.Minute, Fields: []fault.Field{{Message: "Un point."}}}
			w, _ := answer(t, failing(f), true, "/page", "Accept", "text/html")
			body := w.Body.String()
			for _, text := range []string{explanations[status].Title, "Une &lt;phrase&gt;.", "Un point.", "req_1", "60 secondes", `content="noindex"`} {
				if !strings.Contains(body, text) {
					t.Errorf("%d does not say %s", status, text)
				}
			}
		}
	}
}

// TestWhoIsSignedOutKeepsTheirForm: who sent one signs in beside it, who asked
// for a page comes back to it.
func TestWhoIsSignedOutKeepsTheirForm(t *testing.T) {
	for method, link := range map[string]string{
		http.MethodPost: `<a class="button" href="/equipe/connexion" target="_blank" rel="noopener">Se connecter dans un nouvel onglet</a>`,
		http.MethodGet:  `<a class="button" href="/equipe/connexion?retour=%2Fequipe%2Fallies%3Fq%3Dvallon">Me connecter</a>`,
	} {
		r := httptest.NewRequestWithContext(t.Context(), method, "/equipe/allies?q=vallon", nil)
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		Serve(failing(fault.New(fault.Unauthenticated, "signed-out", "Votre session est terminée.")), true, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
		if body := w.Body.String(); w.Code != http.StatusUnauthorized || strings.Count(body, SignInPath) != 1 || !strings.Contains(body, link) {
			t.Errorf("%s: %d %s", method, w.Code, body)
		}
	}
}

func TestBearerToken(t *testing.T) {
	for header, token := range map[string]string{"Bearer abc": "abc", "bearer  abc ": "abc", "Basic abc": "", "abc": "", "": "", "Bearer": ""} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", header)
		if got := BearerToken(r); got != token {
			t.Errorf("%q: %q", header, got)
		}
	}
}

func TestClientAddress(t *testing.T) {
	for remote, address := range map[string]string{"192.0.2.1:5000": "192.0.2.1", "192.0.2.1": "192.0.2.1", "[2001:db8::1]:80": "2001:db8::1", "2001:db8::1": "2001:db8::1"} {
		if got := ClientAddress(&http.Request{RemoteAddr: remote}); got != address {
			t.Errorf("%s: %s", remote, got)
		}
	}
}
