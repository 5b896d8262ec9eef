package host

import (
	_ "embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/oauth2-proxy/mockoidc"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// tokenFor is how long a token of the local issuer is good.
const tokenFor = 8 * time.Hour

// people are those whom the local issuer knows. They do not exist.
var people = []mockoidc.MockUser{
	{Subject: "member-team", PreferredUsername: "Camille Dupré", Email: "camille.dupre@fabrique.example", EmailVerified: true, Groups: []string{string(auth.RoleTeam)}},
	{Subject: "member-admin", PreferredUsername: "Sacha Nguyen", Email: "sacha.nguyen@fabrique.example", EmailVerified: true, Groups: []string{string(auth.RoleAdmin)}},
}

// issuer signs people in who do not exist, and makes tokens for them.
type issuer struct {
	server *mockoidc.MockOIDC
	now    func() time.Time
	mu     sync.Mutex // one request at a time: who signs in is queued
}

// openIssuer starts the issuer; secret is what the platform shows it.
func openIssuer(secret string, now func() time.Time) (*issuer, error) {
	server, err := mockoidc.NewServer(nil)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	i := &issuer{server: server, now: now}
	server.ClientID, server.ClientSecret, server.AccessTTL = function.OIDCAudience.Default, secret, tokenFor
	if err := server.AddMiddleware(i.choose); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	if err := server.Start(listener, nil); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	return i, nil
}

//go:embed issuer.html
var chooserText string

var chooser = sync.OnceValue(func() *template.Template { return template.Must(template.New("issuer").Parse(chooserText)) })

// choose asks who signs in, where an issuer asks for a password. All is signed
// by the clock of the host.
func (i *issuer) choose(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.server.FastForward(i.now().Sub(i.server.Now()))
		if r.URL.Path != mockoidc.AuthorizationEndpoint {
			next.ServeHTTP(w, r)
			return
		}
		query := r.URL.Query()
		for _, person := range people {
			if person.Subject == query.Get("who") {
				i.server.QueueUser(&person)
				next.ServeHTTP(w, r)
				return
			}
		}
		type choice struct{ Name, Email, Role, Address string }
		var choices []choice
		for _, person := range people {
			query.Set("who", person.Subject)
			choices = append(choices, choice{person.PreferredUsername, person.Email, person.Groups[0], r.URL.Path + "?" + query.Encode()})
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = chooser().Execute(w, choices) // the browser is gone if this fails
	})
}

func (i *issuer) url() string { return i.server.Issuer() }

// token makes a token for the person who has this role, good from now on.
func (i *issuer) token(role auth.Role, now time.Time) (string, error) {
	for _, person := range people {
		if person.Groups[0] != string(role) {
			continue
		}
		session, err := i.server.SessionStore.NewSession("openid email profile groups", "", &person, "", "")
		if err != nil {
			return "", err
		}
		return session.IDToken(i.server.Config(), i.server.Keypair, now)
	}
	return "", fmt.Errorf("nobody has the role %q", role)
}

func (i *issuer) close() { _ = i.server.Shutdown() } // no request is worth waiting for
