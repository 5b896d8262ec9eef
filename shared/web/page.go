package web

import (
	"net/http"
	"net/url"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Form is what was typed in a page's form, and the faults found in it. Fields
// are named as in the API: "person.email".
type Form struct {
	Values url.Values
	Faults fault.Fields
}

// Page is what the layout shows around a function's own content.
type Page struct {
	Title       string // of the tab and of the h1, in French
	Description string // for search engines; empty on private pages
	Form        Form   // its faults make the summary on top and "Erreur : " in the tab
	Private     bool   // not to be indexed nor cached
	Data        any    // what the page's own template reads
}

func renderFault(w http.ResponseWriter, r *http.Request, f *fault.Error) error { return http.ErrNotSupported }
