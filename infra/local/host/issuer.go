package host

import (
	"fmt"
	"net"
	"time"

	"github.com/oauth2-proxy/mockoidc"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// tokenFor is how long a token of the local issuer is good.
const tokenFor = 8 * time.Hour

// issuer signs tokens for a team member who does not exist.
type issuer struct{ server *mockoidc.MockOIDC }

func openIssuer() (*issuer, error) {
	server, err := mockoidc.NewServer(nil)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	server.ClientID, server.AccessTTL = function.OIDCAudience.Default, tokenFor
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	if err := server.Start(listener, nil); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	return &issuer{server}, nil
}

func (i *issuer) url() string { return i.server.Issuer() }

// token makes a token for a member with this role, good from now on.
func (i *issuer) token(role auth.Role, now time.Time) (string, error) {
	member := &mockoidc.MockUser{
		Subject: "member-" + string(role), Email: "camille.dupre+" + string(role) + "@fabrique.example",
		EmailVerified: true, PreferredUsername: "Camille Dupré", Groups: []string{string(role)},
	}
	session, err := i.server.SessionStore.NewSession("openid email profile groups", "", member, "", "")
	if err != nil {
		return "", err
	}
	return session.IDToken(i.server.Config(), i.server.Keypair, now)
}

func (i *issuer) close() { _ = i.server.Shutdown() } // no request is worth waiting for
