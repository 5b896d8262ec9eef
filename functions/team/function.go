// Package team is where the team signs in, sees what needs a hand today, and
// reads who changed what. The other pages of the team live with the functions
// that own their actions.
package team

import (
	"embed"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// scopes are what the sign-in asks the issuer for. Issuers refuse what they do
// not know, and some give roles only to who asks by a scope of their own.
var scopes = function.Setting{Name: "OIDC_SCOPES", Default: "openid email profile",
	Purpose: "scopes that the sign-in of the team asks for, spaces between; with that of the roles where the issuer has one"}

// Function is the declaration.
var Function = function.Define(function.Spec[service]{
	Name:    "team",
	Purpose: "Sign the team in, show it what needs a hand, and who changed what.",
	Memory:  512, // the geography, as in registration: the journal names territories
	Timeout: 15 * time.Second,
	Tables: []function.Use{
		{Table: function.Members, Right: function.ReadWrite},
		{Table: function.Audit, Right: function.ReadAppend},
		{Table: function.Allies, Right: function.Read}, // what needs a hand, how many there are, and where erasures are
		{Table: function.Agenda, Right: function.Read},
		{Table: function.Applications, Right: function.Read},
		{Table: function.Mails, Right: function.Read},
		{Table: function.Partners, Right: function.Read},
		{Table: function.Bilans, Right: function.Read}, // differences found, and the figures of the year
	},
	Secrets:          []function.Secret{function.LinkKey, function.IdentityKey, function.OIDCSecret},
	Settings:         []function.Setting{function.PublicURL, scopes},
	MindsDeadLetters: true,
	Open:             open,
	Erase:            (*service).erase,
	Routes: []function.Route[service]{
		page(http.MethodGet, web.SignInPath, function.Public, "The team's page to sign in", (*service).signInPage),
		page(http.MethodGet, web.SignInPath+"/depart", function.Public, "Leave for the issuer, to sign in", (*service).depart),
		page(http.MethodGet, web.SignInPath+"/retour", function.Public, "Come back from the issuer, signed in", (*service).comeBack),
		page(http.MethodPost, web.TeamRoot+"/deconnexion", function.Team, "Sign out in this browser", (*service).signOut),
		page(http.MethodPost, web.TeamRoot+"/deconnexion/partout", function.Team, "Sign out everywhere", (*service).signOutEverywhere),
		page(http.MethodGet, web.TeamRoot, function.Team, "What needs a hand today", (*service).homePage),
		{Method: http.MethodGet, Path: "/v1/audit", Access: function.Team, Handle: (*service).getTrail,
			Doc: function.Doc{Summary: "What the team changed: who, when, what, before and after; the latest first", Query: trailQuery{}, Answer: trailAnswer{}}},
		page(http.MethodGet, web.TeamRoot+"/journal", function.Team, "Who changed what", (*service).journalPage),
		sheetRoute(spreadsheet.CSV), sheetRoute(spreadsheet.XLSX),
		page(http.MethodGet, adminPath, function.Admin, "Who is in the team, erasures, exports, dead letters", (*service).adminPage),
		page(http.MethodGet, lettersPath, function.Admin, "What functions failed at for good", (*service).lettersPage),
		page(http.MethodPost, lettersPath+"/relancer", function.Admin, "Hand a dead letter to its function again", (*service).runLetterAgain),
		page(http.MethodPost, lettersPath+"/oublier", function.Admin, "Forget a dead letter", (*service).forgetLetter),
		page(http.MethodPost, adminPath+"/membres/{person}/fermer", function.Admin, "Keep a member out", (*service).keepOut),
		page(http.MethodPost, adminPath+"/membres/{person}/rouvrir", function.Admin, "Let a member in again", (*service).letIn),
		page(http.MethodPost, adminPath+"/acces/{account}/rouvrir", function.Admin, "Let someone in again who was erased since", (*service).letErasedIn),
		page(http.MethodPost, adminPath+"/membres/{person}/deconnecter", function.Admin, "End all sessions of a member", (*service).signMemberOut),
	},
})

func page(method, path string, access function.Access, summary string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	return function.Route[service]{Method: method, Path: path, Access: access, Handle: handle, Doc: function.Doc{Summary: summary, Page: true}}
}

func sheetRoute(format spreadsheet.Format) function.Route[service] {
	return page(http.MethodGet, web.TeamRoot+"/journal."+string(format), function.Team, "The same trail as "+string(format),
		func(s *service, w http.ResponseWriter, r *http.Request) error { return s.journalSheet(w, r, format) })
}

// service is an opened team function.
type service struct {
	audit                                                 audit.Trail
	allies, agenda, applications, mails, partners, bilans dynamo.Table
	personal                                              map[function.Table]dynamo.Table
	deadLetters                                           function.DeadLetters
	log                                                   *slog.Logger
	members                                               dynamo.Table
	sessions                                              signin.Sessions
	links                                                 auth.Links
	issuer                                                *auth.Verifier
	client                                                oauthClient
	now                                                   func() time.Time
	newID                                                 func(prefix string) string
	pages                                                 *web.Templates
}

func open(rt function.Runtime) (*service, error) {
	pages := web.NewTemplates(pageFiles)
	pages.Origin = rt.Setting(function.PublicURL)
	held := map[function.Table]dynamo.Table{}
	for _, d := range function.Definitions {
		if d.Personal {
			held[d.Table] = rt.Table(d.Table)
		}
	}
	return &service{
		audit:  audit.Trail{Table: rt.Table(function.Audit), Now: rt.Now, NewID: rt.ID},
		allies: rt.Table(function.Allies), agenda: rt.Table(function.Agenda), applications: rt.Table(function.Applications),
		mails: rt.Table(function.Mails), partners: rt.Table(function.Partners), bilans: rt.Table(function.Bilans),
		personal: held, deadLetters: rt.DeadLetters, log: rt.Log,
		members: rt.Table(function.Members), sessions: rt.Sessions(),
		links: auth.Links{Key: rt.Key(function.LinkKey), Now: rt.Now},
		issuer: auth.NewVerifier(auth.Issuer{
			URL: rt.Setting(function.OIDCIssuer), Audience: rt.Setting(function.OIDCAudience), RoleClaim: rt.Setting(function.OIDCRoleClaim),
		}, rt.Now),
		client: oauthClient{rt.Setting(function.OIDCAudience), rt.Key(function.OIDCSecret), rt.Setting(function.PublicURL), strings.Fields(rt.Setting(scopes))},
		now:    rt.Now, newID: rt.ID, pages: pages,
	}, nil
}

//go:embed pages/*.html
var pageFiles embed.FS
