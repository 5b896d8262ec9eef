// Package site answers for the site as a whole: the files that every page
// loads, the document that describes the API, and whatever no other function
// takes. It touches no table, so it answers while everything else is down.
package site

import (
	"net/http"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Function is the declaration.
var Function = function.Define(function.Spec[service]{
	Name:     "site",
	Purpose:  "Files that all pages load, the API's description, and requests that no other function takes.",
	Memory:   128,
	Timeout:  5 * time.Second,
	Settings: []function.Setting{function.PublicURL},
	Open:     open,
	Routes: []function.Route[service]{
		{Method: http.MethodGet, Path: "/openapi.json", Access: function.Public, Handle: (*service).getDocument,
			Doc: function.Doc{Summary: "This document, in OpenAPI 3.1", Answer: map[string]any{}}},
		{Method: http.MethodGet, Path: "/healthz", Access: function.Public, Handle: (*service).getHealth,
			Doc: function.Doc{Summary: "Whether requests are answered at all", Answer: health{}}},
		{Method: http.MethodGet, Path: "/assets/{file}", Access: function.Public, Handle: (*service).getAsset,
			Doc: function.Doc{Summary: "A stylesheet or an image of the pages", Type: "*/*"}},
		{Method: http.MethodGet, Path: "/favicon.ico", Access: function.Public, Handle: (*service).getIcon,
			Doc: function.Doc{Summary: "Where the site's icon is", Status: http.StatusFound}},
		{Method: http.MethodGet, Path: "/robots.txt", Access: function.Public, Handle: (*service).getRobots,
			Doc: function.Doc{Summary: "What crawlers may read", Type: "text/plain"}},
		{Method: http.MethodGet, Path: "/events/{file}", Access: function.Public, Handle: (*service).getSchema,
			Doc: function.Doc{Summary: "The JSON Schema of a fact or of a webhook", Type: "application/schema+json"}},
		// Its method counts for nothing, as the path takes them all. A GET is
		// not limited in number, and so needs no table.
		{Method: http.MethodGet, Path: function.Default, Access: function.Public, Handle: (*service).unmatched,
			Doc: function.Doc{Summary: "Whatever no other route takes", Page: true}},
	},
})

// service is an opened site function.
type service struct {
	origin string
}

func open(rt function.Runtime) (*service, error) {
	return &service{rt.Setting(function.PublicURL)}, nil
}

type health struct {
	Status string `json:"status" enum:"ok"`
}

func (s *service) getHealth(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, health{"ok"})
}

// unmatched answers whatever goes to a path that no function declares. A
// method that a declared path doesn't take is refused by its function.
func (s *service) unmatched(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "not-found", "Il n’y a rien à cette adresse.")
}
