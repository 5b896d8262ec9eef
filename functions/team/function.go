// Package team is where the team signs in, sees what needs a hand today, and
// reads who changed what. The other pages of the team live with the functions
// that own their actions.
package team

import (
	"embed"
	"net/http"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Function is the declaration.
var Function = function.Define(function.Spec[service]{
	Name:    "team",
	Purpose: "Sign the team in, show it what needs a hand, and who changed what.",
	Memory:  256,
	Timeout: 15 * time.Second,
	Tables: []function.Use{
		{Table: function.Members, Right: function.ReadWrite},
	},
	Secrets:  []function.Secret{function.LinkKey, function.IdentityKey, function.OIDCSecret},
	Settings: []function.Setting{function.PublicURL},
	Open:     open,
	Erase:    (*service).erase,
	Routes: []function.Route[service]{
		page(http.MethodGet, web.SignInPath, function.Public, "The team's page to sign in", (*service).signInPage),
		page(http.MethodGet, web.SignInPath+"/depart", function.Public, "Leave for the issuer, to sign in", (*service).depart),
		page(http.MethodGet, web.SignInPath+"/retour", function.Public, "Come back from the issuer, signed in", (*service).comeBack),
		page(http.MethodPost, web.TeamRoot+"/deconnexion", function.Team, "Sign out in this browser", (*service).signOut),
		page(http.MethodPost, web.TeamRoot+"/deconnexion/partout", function.Team, "Sign out everywhere", (*service).signOutEverywhere),
		page(http.MethodGet, web.TeamRoot, function.Team, "What needs a hand today", (*service).homePage),
	},
})

func page(method, path string, access function.Access, summary string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	return function.Route[service]{Method: method, Path: path, Access: access, Handle: handle, Doc: function.Doc{Summary: summary, Page: true}}
}

// service is an opened team function.
type service struct {
	members  dynamo.Table
	sessions signin.Sessions
	links    auth.Links
	issuer   *auth.Verifier
	client   oauthClient
	now      func() time.Time
	newID    func(prefix string) string
	pages    *web.Templates
}

func open(rt function.Runtime) (*service, error) {
	pages := web.NewTemplates(pageFiles)
	pages.Origin = rt.Setting(function.PublicURL)
	return &service{
		members: rt.Table(function.Members), sessions: rt.Sessions(),
		links: auth.Links{Key: rt.Key(function.LinkKey), Now: rt.Now},
		issuer: auth.NewVerifier(auth.Issuer{
			URL: rt.Setting(function.OIDCIssuer), Audience: rt.Setting(function.OIDCAudience), RoleClaim: rt.Setting(function.OIDCRoleClaim),
		}, rt.Now),
		client: oauthClient{rt.Setting(function.OIDCAudience), rt.Key(function.OIDCSecret), rt.Setting(function.PublicURL)},
		now:    rt.Now, newID: rt.ID, pages: pages,
	}, nil
}

//go:embed pages/*.html
var pageFiles embed.FS
