package function

import (
	"net/http"
	"strconv"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/limit"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// guard stands before the handlers: it enforces what the declaration alone
// tells, who may call and how often.
type guard struct {
	limiter *limit.Limiter
	team    *auth.Verifier
}

func newGuard(f *Function, rt Runtime) guard {
	var g guard
	perMinute, err := strconv.Atoi(rt.Setting(RateLimit))
	if err != nil || perMinute < 0 { // a typing error in a setting must not lift the limit
		perMinute, _ = strconv.Atoi(RateLimit.Default)
	}
	if f.limitsPosts() && perMinute > 0 {
		g.limiter = &limit.Limiter{
			Table: rt.Table(Limits), PerMinute: perMinute, Now: rt.Now, Key: rt.Key(IdentityKey), Log: rt.Log,
		}
	}
	if f.guardsTeam() {
		g.team = auth.NewVerifier(auth.Issuer{
			URL: rt.Setting(OIDCIssuer), Audience: rt.Setting(OIDCAudience), RoleClaim: rt.Setting(OIDCRoleClaim),
		}, rt.Now)
	}
	return g
}

func (g guard) wrap(route RouteInfo, handle web.Handler) web.Handler {
	switch {
	case route.Access == Team:
		return g.only(auth.RoleTeam, handle)
	case route.Access == Admin:
		return g.only(auth.RoleAdmin, handle)
	case route.Access == PublicOrTeam:
		return g.perhaps(handle)
	case route.RateLimited() && g.limiter != nil:
		return func(w http.ResponseWriter, r *http.Request) error {
			if err := g.limiter.Allow(r.Context(), web.ClientAddress(r)); err != nil {
				return err
			}
			return handle(w, r)
		}
	}
	return handle
}

func (g guard) only(role auth.Role, handle web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		member, err := g.team.Verify(r.Context(), web.BearerToken(r))
		if err != nil {
			return err
		}
		if err := member.Must(role); err != nil {
			return err
		}
		return handle(w, r.WithContext(auth.WithMember(r.Context(), member)))
	}
}

// perhaps lets anyone in, and the team by name: a token that is given must hold.
func (g guard) perhaps(handle web.Handler) web.Handler {
	known := g.only(auth.RoleTeam, handle)
	return func(w http.ResponseWriter, r *http.Request) error {
		if web.BearerToken(r) != "" {
			return known(w, r)
		}
		return handle(w, r)
	}
}
