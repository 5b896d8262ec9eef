package auth

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Role is what a team member may do.
type Role string

// The roles. An administrator may do all that the team may.
const (
	RoleTeam  Role = "team"
	RoleAdmin Role = "admin"
)

// Issuer is an OpenID Connect issuer and what its tokens must say.
type Issuer struct {
	URL       string
	Audience  string
	RoleClaim string // lists roles: "groups", "cognito:groups", "roles"
}

// Member is a signed-in team member.
type Member struct {
	Subject string `json:"subject"`
	Email   string `json:"email"`
	Name    string `json:"name"` // as the issuer says it, else the address
	Roles   []Role `json:"roles"`
}

// Must returns a Forbidden fault when the member has not this role.
func (m Member) Must(role Role) error {
	if slices.Contains(m.Roles, role) || slices.Contains(m.Roles, RoleAdmin) {
		return nil
	}
	return fault.New(fault.Forbidden, "forbidden", "Votre compte n’ouvre pas ce droit. Demandez-le à une administratrice ou un administrateur.")
}

// Verifier checks bearer tokens of the team. It fetches the issuer's keys on
// first use, caches them and fetches them again when they rotate.
type Verifier struct {
	issuer Issuer
	now    func() time.Time

	mu       sync.Mutex
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
}

// NewVerifier makes a verifier; it calls nobody yet.
func NewVerifier(issuer Issuer, now func() time.Time) *Verifier {
	return &Verifier{issuer: issuer, now: now}
}

// Verify returns the member that a token speaks for. It returns an
// Unauthenticated fault "unauthenticated" for a missing or bad token, and an
// Unavailable fault when the issuer does not answer.
func (v *Verifier) Verify(ctx context.Context, token string) (Member, error) {
	member, _, err := v.verify(ctx, token)
	return member, err
}

// VerifyOnce is Verify for the ID token of a sign-in: it must carry the nonce
// that the sign-in began with
// (https://openid.net/specs/openid-connect-core-1_0.html#NonceNotes).
func (v *Verifier) VerifyOnce(ctx context.Context, token, nonce string) (Member, error) {
	member, given, err := v.verify(ctx, token)
	if err == nil && subtle.ConstantTimeCompare([]byte(given), []byte(nonce)) != 1 {
		return Member{}, errRefused
	}
	return member, err
}

var errRefused = fault.New(fault.Unauthenticated, "unauthenticated", "Connectez-vous avec votre compte de l’équipe.")

func (v *Verifier) verify(ctx context.Context, token string) (member Member, nonce string, err error) {
	if token == "" {
		return Member{}, "", errRefused
	}
	_, verifier, err := v.ready(ctx)
	if err != nil {
		return Member{}, "", err
	}
	checked, err := verifier.Verify(ctx, token)
	switch {
	case err != nil && strings.HasPrefix(err.Error(), keysNotFetched):
		return Member{}, "", issuerDown(err)
	case err != nil:
		return Member{}, "", errRefused
	}
	var claims map[string]any
	if err := checked.Claims(&claims); err != nil {
		return Member{}, "", errRefused
	}
	member = Member{Subject: checked.Subject, Roles: roles(claims[v.issuer.RoleClaim])}
	member.Email, _ = claims["email"].(string)
	member.Name = member.Email
	for _, claim := range []string{"preferred_username", "name"} { // the better one last
		if name, _ := claims[claim].(string); name != "" {
			member.Name = name
		}
	}
	return member, checked.Nonce, nil
}

// Endpoint is where the issuer lets people sign in. It returns an Unavailable
// fault when the issuer does not answer.
func (v *Verifier) Endpoint(ctx context.Context) (oauth2.Endpoint, error) {
	provider, _, err := v.ready(ctx)
	if err != nil {
		return oauth2.Endpoint{}, err
	}
	return provider.Endpoint(), nil
}

// keysNotFetched begins what go-oidc says when it does not know the key of a
// token and cannot fetch the keys of today: it has no error to compare with.
const keysNotFetched = "failed to verify signature: fetching keys"

// issuerDeadline bounds each call of the issuer, whose answers are small.
const issuerDeadline = 5 * time.Second

// issuerPause is after how long a caller may try again.
const issuerPause = 5 * time.Second

func issuerDown(cause error) error {
	return fmt.Errorf("%w: %w", &fault.Error{
		Kind: fault.Unavailable, Code: "issuer-unavailable", RetryAfter: issuerPause,
		Detail: "La connexion de l’équipe ne répond pas. Réessayez dans un instant.",
	}, cause)
}

func (v *Verifier) ready(ctx context.Context) (*oidc.Provider, *oidc.IDTokenVerifier, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.verifier != nil {
		return v.provider, v.verifier, nil
	}
	// The provider keeps this context, and the client in it, for later fetches
	// of keys, so it must not end with the request that happens to be first.
	lasting := oidc.ClientContext(context.WithoutCancel(ctx), &http.Client{Timeout: issuerDeadline})
	provider, err := oidc.NewProvider(lasting, v.issuer.URL)
	if err != nil {
		return nil, nil, issuerDown(err)
	}
	v.provider = provider
	v.verifier = provider.VerifierContext(lasting, &oidc.Config{ClientID: v.issuer.Audience, Now: v.now})
	return v.provider, v.verifier, nil
}

func roles(claim any) (found []Role) {
	list, _ := claim.([]any)
	for _, entry := range list {
		if name, ok := entry.(string); ok && (Role(name) == RoleTeam || Role(name) == RoleAdmin) {
			found = append(found, Role(name))
		}
	}
	return found
}

type memberKey struct{}

// WithMember keeps the signed-in member in the context of a request.
func WithMember(ctx context.Context, m Member) context.Context {
	return context.WithValue(ctx, memberKey{}, m)
}

// MemberOf returns the signed-in member; ok is false outside of team routes.
func MemberOf(ctx context.Context) (m Member, ok bool) {
	m, ok = ctx.Value(memberKey{}).(Member)
	return m, ok
}
