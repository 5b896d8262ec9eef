package notify

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

// team opens the function with the issuer and returns a token of a member
// with this role.
func (w *world) team(role string) string {
	w.t.Helper()
	server, err := issuer()
	if err != nil {
		w.t.Fatal(err)
	}
	if w.Settings[function.OIDCIssuer.Name] == "" {
		w.Settings[function.OIDCIssuer.Name] = server.Issuer()
		w.running = w.Open(Function)
	}
	session, err := server.SessionStore.NewSession("openid groups", "", &mockoidc.MockUser{
		Subject: "member", Email: "membre@fabrique.example", Groups: []string{role},
	}, "", "")
	if err != nil {
		w.t.Fatal(err)
	}
	token, err := session.IDToken(server.Config(), server.Keypair, w.Clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}
