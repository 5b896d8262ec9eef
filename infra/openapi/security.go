package main

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// The names of the security schemes.
const (
	teamScheme      = "team"
	sessionScheme   = "session"
	visitScheme     = "visit"
	linkScheme      = "link"
	signatureScheme = "signature"
)

var securitySchemes = map[string]*huma.SecurityScheme{
	teamScheme: {Type: "http", Scheme: "bearer", BearerFormat: "JWT",
		Description: "A token of the team's OpenID Connect issuer"},
	sessionScheme: {Type: "http", Scheme: "bearer",
		Description: "The access_token of POST /v1/me/sessions"},
	visitScheme: {Type: "apiKey", In: "cookie", Name: "__Host-mes-donnees",
		Description: "The same token as a cookie, set by the page that the link of the mail opens"},
	linkScheme: {Type: "apiKey", In: "query", Name: "token",
		Description: "The token of a link that came by mail"},
	signatureScheme: {Type: "apiKey", In: "header", Name: "webhook-signature",
		Description: "HMAC-SHA256 over webhook-id, webhook-timestamp and the body (https://www.standardwebhooks.com)"},
}

// callers say who may call a route.
var callers = map[function.Access]string{
	function.Public:   "For anyone.",
	function.Mine:     "For whoever holds a session, on their own data.",
	function.Link:     "For whoever holds the link of a mail.",
	function.Provider: "For a mail program or another service that holds a signed link.",
	function.Partner:  "For a partner's system, which signs its messages as Standard Webhooks does.",
	function.Team:     "For team members.",
	function.Admin:    "For administrators.",

	function.PublicOrTeam: "For anyone; a team member's token opens more.",
}

// security says with what a route is opened; nil for anyone.
func security(r function.RouteInfo) []map[string][]string {
	var scheme string
	switch r.Access {
	case function.PublicOrTeam:
		return []map[string][]string{{}, {teamScheme: {}}}
	case function.Team, function.Admin:
		scheme = teamScheme
	case function.Mine:
		scheme = sessionScheme
		if r.Doc.Page {
			scheme = visitScheme
		}
	case function.Link, function.Provider:
		scheme = linkScheme
	case function.Partner:
		scheme = signatureScheme
	default:
		return nil
	}
	return []map[string][]string{{scheme: {}}}
}
