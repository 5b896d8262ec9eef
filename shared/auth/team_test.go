package auth

import (
	"context"
	"encoding/base64"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// startIssuer starts an issuer of tokens for the client "fabrique".
func startIssuer(t *testing.T) *mockoidc.MockOIDC {
	t.Helper()
	server, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	server.ClientID = "fabrique"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(listener, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Shutdown() })
	return server
}

func token(t *testing.T, server *mockoidc.MockOIDC, at time.Time, groups ...string) string {
	t.Helper()
	user := &mockoidc.MockUser{Subject: "member-1", Email: "membre@exemple.fr", Groups: groups}
	session, err := server.SessionStore.NewSession("openid groups", "", user, "", "")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := session.IDToken(server.Config(), server.Keypair, at)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func verifier(server *mockoidc.MockOIDC, audience string) *Verifier {
	return NewVerifier(Issuer{URL: server.Issuer(), Audience: audience, RoleClaim: "groups"}, func() time.Time { return noon })
}

func TestMembersAreKnownByTheirTokens(t *testing.T) {
	server, other := startIssuer(t), startIssuer(t)
	good := token(t, server, noon, "team", "readers")
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	for _, c := range []struct {
		name, token, audience string
		refused               bool
	}{
		{"good", good, "fabrique", false},
		{"none", "", "fabrique", true},
		{"garbage", "abc", "fabrique", true},
		{"without an algorithm", none, "fabrique", true},
		{"with another's claims", parts[0] + "." + strings.Split(token(t, server, noon, "admin"), ".")[1] + "." + parts[2], "fabrique", true},
		{"of another issuer", token(t, other, noon, "admin"), "fabrique", true},
		{"for another client", good, "another", true},
		{"expired", token(t, server, noon.Add(-24*time.Hour), "team"), "fabrique", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			member, err := verifier(server, c.audience).Verify(t.Context(), c.token)
			if c.refused != (err != nil) || c.refused && !fault.Is(err, "unauthenticated") {
				t.Fatalf("%+v %v", member, err)
			}
			if !c.refused && (member.Subject != "member-1" || len(member.Roles) != 1 || member.Roles[0] != RoleTeam) {
				t.Errorf("%+v", member)
			}
		})
	}
}

// Who is known and may not is told so, apart from who is not known.
func TestRolesOpenWhatTheyShould(t *testing.T) {
	for _, c := range []struct {
		roles       []Role
		team, admin bool
	}{
		{nil, false, false},
		{[]Role{RoleTeam}, true, false},
		{[]Role{RoleAdmin}, true, true},
	} {
		m := Member{Roles: c.roles}
		for role, allowed := range map[Role]bool{RoleTeam: c.team, RoleAdmin: c.admin} {
			if err := m.Must(role); allowed != (err == nil) || !allowed && !fault.Is(err, "forbidden") {
				t.Errorf("%v for %s: %v", c.roles, role, err)
			}
		}
	}
}

func TestAnIssuerThatIsDownIsNoFaultOfTheMember(t *testing.T) {
	server := startIssuer(t)
	good := token(t, server, noon, "team")
	v := verifier(server, "fabrique")
	if err := server.Shutdown(); err != nil {
		t.Fatal(err)
	}
	_, err := v.Verify(t.Context(), good)
	if f := fault.As(err); f == nil || f.Kind != fault.Unavailable || f.RetryAfter <= 0 {
		t.Errorf("%v", err)
	}
}

// The first request may end before the keys are used again: they must not be
// bound to its context. And keys that rotate are fetched anew.
func TestKeysOutliveTheFirstRequestAndRotate(t *testing.T) {
	server := startIssuer(t)
	v := verifier(server, "fabrique")
	first, end := context.WithCancel(t.Context())
	if _, err := v.Verify(first, token(t, server, noon, "team")); err != nil {
		t.Fatal(err)
	}
	end()
	rotated, err := mockoidc.RandomKeypair(2048)
	if err != nil {
		t.Fatal(err)
	}
	server.Keypair = rotated
	if _, err := v.Verify(t.Context(), token(t, server, noon, "team")); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
}
