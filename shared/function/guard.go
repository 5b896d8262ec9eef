package function

import (
	"net/http"
	"strconv"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/limit"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// guard stands before the handlers: it enforces what the declaration alone
// tells, who may call and how often.
type guard struct {
	limiter  *limit.Limiter
	team     *auth.Verifier
	sessions signin.Sessions // of the team in browsers, and whom it keeps out
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
		g.sessions = rt.Sessions()
	}
	return g
}

func (g guard) wrap(route RouteInfo, handle web.Handler) web.Handler {
	switch {
	case route.Access == Team:
		return g.only(auth.RoleTeam, route.Doc.Page, handle)
	case route.Access == Admin:
		return g.only(auth.RoleAdmin, route.Doc.Page, handle)
	case route.Access == PublicOrTeam:
		return g.perhaps(route.Doc.Page, handle)
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

// only lets members with the role in: programs by a bearer token, browsers by
// their session too where there is a page to see. Whoever an administrator
// keeps out is so for both.
func (g guard) only(role auth.Role, page bool, handle web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if page && web.BearerToken(r) == "" {
			return g.inBrowser(role, handle, w, r)
		}
		member, err := g.team.Verify(r.Context(), web.BearerToken(r))
		if err != nil {
			return err
		}
		if err := member.Must(role); err != nil {
			return err
		}
		if err := g.sessions.Admit(r.Context(), member); err != nil {
			return err
		}
		return handle(w, r.WithContext(auth.WithMember(r.Context(), member)))
	}
}

var errForged = fault.New(fault.Forbidden, "forged-form",
	"Ce formulaire ne vient pas de votre session. Rechargez la page, puis recommencez.")

// inBrowser lets in who has a session. Whoever has none and asks for a page is
// sent to sign in. A form must carry the token of its member: the browser
// adds the cookie to whatever is posted, the token only our pages know.
func (g guard) inBrowser(role auth.Role, handle web.Handler, w http.ResponseWriter, r *http.Request) error {
	session, err := g.sessions.Read(r)
	reading := r.Method == http.MethodGet || r.Method == http.MethodHead
	if f := fault.As(err); f != nil && f.Kind == fault.Unauthenticated && reading && web.WantsPage(r) {
		web.SignIn(w, r)
		return nil
	}
	if err != nil {
		return err
	}
	token, err := g.sessions.FormToken(r.Context(), session)
	if err != nil {
		return err
	}
	web.SetTeam(r.Context(), web.Team{
		Name: session.Member.Name, Admin: session.Member.Must(auth.RoleAdmin) == nil, FormToken: token,
	})
	if err := session.Member.Must(role); err != nil {
		return err
	}
	if !reading {
		given, err := web.PostedField(r, web.FormTokenField)
		if err != nil {
			return err
		}
		if holds, err := g.sessions.FormHolds(r.Context(), session, given); err != nil {
			return err
		} else if !holds {
			return errForged
		}
	}
	if err := g.sessions.Keep(r.Context(), w, session); err != nil {
		return err
	}
	return handle(w, r.WithContext(auth.WithMember(r.Context(), session.Member)))
}

// perhaps lets anyone in, and the team by name: a token that is given must
// hold, a session that is over is nobody's.
func (g guard) perhaps(page bool, handle web.Handler) web.Handler {
	known := g.only(auth.RoleTeam, page, handle)
	return func(w http.ResponseWriter, r *http.Request) error {
		if page {
			w.Header().Add("Vary", "Cookie")
			if _, err := g.sessions.Read(r); err == nil {
				return known(w, r)
			} else if fault.As(err) == nil {
				return err
			}
		}
		if web.BearerToken(r) != "" {
			return known(w, r)
		}
		return handle(w, r)
	}
}
