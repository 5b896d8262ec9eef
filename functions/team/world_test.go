package team

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// world is the function on empty tables, with an issuer of its own to sign in at.
type world struct {
	*functiontest.Env
	t       *testing.T
	issuer  *mockoidc.MockOIDC
	running *function.Running
	cookies map[string]*http.Cookie
}

// account is who signs in at the issuer.
type account struct {
	mockoidc.MockUser
	name string
}

// Claims are those of the embedded user, with the name.
func (a *account) Claims(_ []string, claims *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	return &struct {
		*mockoidc.IDTokenClaims
		Name   string   `json:"name,omitempty"`
		Email  string   `json:"email,omitempty"`
		Groups []string `json:"groups,omitempty"`
	}{claims, a.name, a.Email, a.Groups}, nil
}

func camille(roles ...string) *account {
	return &account{mockoidc.MockUser{Subject: "member-camille", Email: "camille@fabrique.example", Groups: roles}, "Camille Dupré"}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	env := functiontest.New(t)
	issuer, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := issuer.Start(listener, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = issuer.Shutdown() })
	secret, err := env.Runtime().ReadSecret(t.Context(), function.OIDCSecret)
	if err != nil {
		t.Fatal(err)
	}
	issuer.ClientID, issuer.ClientSecret = function.OIDCAudience.Default, string(secret)
	env.Settings[function.OIDCIssuer.Name] = issuer.Issuer()
	env.Settings[function.PublicURL.Name] = "https://fabrique.example"
	env.Settings[scopes.Name] = scopes.Default + " groups" // which is how this issuer is asked for roles
	env.Clock.Set(issuer.Now())
	return &world{Env: env, t: t, issuer: issuer, running: env.Open(Function), cookies: map[string]*http.Cookie{}}
}

// visit asks for a page, or posts a form, with the cookies of the browser.
func (w *world) visit(path string, form url.Values) *httptest.ResponseRecorder {
	w.t.Helper()
	method, body := http.MethodGet, any(nil)
	if form != nil {
		method, body = http.MethodPost, form
	}
	var cookies []string
	for name, cookie := range w.cookies {
		cookies = append(cookies, name+"="+cookie.Value)
	}
	answer := w.Do(w.running, method, path, body, "Accept", "text/html", "Sec-Fetch-Site", "same-origin", "Cookie", strings.Join(cookies, "; "))
	for _, cookie := range answer.Result().Cookies() {
		if w.cookies[cookie.Name] = cookie; cookie.MaxAge < 0 {
			delete(w.cookies, cookie.Name)
		}
	}
	return answer
}

// page is a page that is answered with this status, spaces as people see them.
func (w *world) page(status int, path string) string {
	w.t.Helper()
	answer := w.visit(path, nil)
	if answer.Code != status {
		w.t.Fatalf("GET %s: %d instead of %d: %.500s", path, answer.Code, status, answer.Body)
	}
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(answer.Body.String())
}

// post posts a form with the token of the page that has it.
func (w *world) post(status int, path string) *httptest.ResponseRecorder {
	w.t.Helper()
	answer := w.visit(path, url.Values{web.FormTokenField: {w.formToken()}})
	if answer.Code != status {
		w.t.Fatalf("POST %s: %d instead of %d: %.500s", path, answer.Code, status, answer.Body)
	}
	return answer
}

func (w *world) formToken() string {
	_, after, _ := strings.Cut(w.page(http.StatusOK, "/equipe"), `name="csrf" value="`)
	token, _, _ := strings.Cut(after, `"`)
	return token
}

// leave begins a sign-in and returns the address at the issuer.
func (w *world) leave(back string) string {
	w.t.Helper()
	answer := w.visit("/equipe/connexion/depart?retour="+url.QueryEscape(back), nil)
	if answer.Code != http.StatusSeeOther {
		w.t.Fatalf("depart: %d %s", answer.Code, answer.Body)
	}
	return answer.Header().Get("Location")
}

// consent signs in at the issuer and returns the path that it leads back to.
func (w *world) consent(address string, who *account) string {
	w.t.Helper()
	w.issuer.QueueUser(who)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	back, err := answer.Location()
	if err != nil {
		w.t.Fatalf("issuer: %s: %v", answer.Status, err)
	}
	return back.RequestURI()
}

// signIn signs in and returns where that leads.
func (w *world) signIn(who *account, back string) string {
	w.t.Helper()
	answer := w.visit(w.consent(w.leave(back), who), nil)
	if answer.Code != http.StatusSeeOther {
		w.t.Fatalf("sign-in: %d %s", answer.Code, answer.Body)
	}
	return answer.Header().Get("Location")
}

func (w *world) signedIn() bool {
	return w.visit("/equipe", nil).Code == http.StatusOK
}
