package functiontest

import (
	"net"
	"sync"

	"github.com/oauth2-proxy/mockoidc"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// issuer signs the tokens of all tests; it dies with the process.
var issuer = sync.OnceValues(func() (*mockoidc.MockOIDC, error) {
	server, err := mockoidc.NewServer(nil)
	if err != nil {
		return nil, err
	}
	server.ClientID = function.OIDCAudience.Default
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return server, server.Start(listener, nil)
})

// Issuer makes the functions that are opened from now on trust the issuer of
// the tests, whose tokens Bearer gives.
func (e *Env) Issuer() {
	e.t.Helper()
	server, err := issuer()
	if err != nil {
		e.t.Fatal(err)
	}
	e.Settings[function.OIDCIssuer.Name] = server.Issuer()
}

// Bearer is the header of a request of someone with this role, by the clock
// of now: "Authorization" and its value.
func (e *Env) Bearer(role string) []string {
	e.t.Helper()
	server, err := issuer()
	if err != nil {
		e.t.Fatal(err)
	}
	session, err := server.SessionStore.NewSession("openid groups", "", &mockoidc.MockUser{Subject: "member-1", Groups: []string{role}}, "", "")
	if err != nil {
		e.t.Fatal(err)
	}
	token, err := session.IDToken(server.Config(), server.Keypair, e.Clock.Now())
	if err != nil {
		e.t.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + token}
}
