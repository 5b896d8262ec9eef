package site

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Path is a path of the platform and the methods that it takes, of whichever
// functions.
type Path struct {
	Path    string   `json:"path"`
	Methods []string `json:"methods"`
}

// The table is written by the command that writes the OpenAPI document, as no
// function knows another.
//
//go:embed routes.json
var routes []byte

// paths finds the declared path that a request goes to.
type paths struct {
	mux     *http.ServeMux
	methods map[string][]string // by the mux's pattern
}

func readPaths() *paths {
	var all []Path
	if err := json.Unmarshal(routes, &all); err != nil {
		panic(err) // it is generated
	}
	known := &paths{http.NewServeMux(), map[string][]string{}}
	for _, p := range all {
		pattern := p.Path
		if pattern == "/" {
			pattern = "/{$}" // the home page alone, not all that is below
		}
		known.mux.Handle(pattern, http.NotFoundHandler()) // never called: only its place counts
		known.methods[pattern] = p.Methods
	}
	return known
}

// find returns the methods that the path of a request takes; none when there
// is no such path.
func (p *paths) find(r *http.Request) []string {
	_, pattern := p.mux.Handler(r)
	return p.methods[pattern]
}

// unmatched answers what no other route takes: a path that does not exist, or
// one that does and takes other methods. OPTIONS asks for these
// (https://www.rfc-editor.org/rfc/rfc9110#section-9.3.7); what browsers ask
// before a cross-origin call from an allowed origin is answered before.
func (s *service) unmatched(w http.ResponseWriter, r *http.Request) error {
	methods := s.paths().find(r)
	if len(methods) == 0 {
		return fault.New(fault.NotFound, "not-found", "Il n’y a rien à cette adresse.")
	}
	allow := strings.Join(append(methods[:len(methods):len(methods)], http.MethodOptions), ", ")
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", allow)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	refused := fault.New(fault.NotAllowed, "method-not-allowed", "Cette adresse existe, mais ne prend pas cette méthode.")
	refused.Allow = allow
	return refused
}
