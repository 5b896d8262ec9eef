package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// Page is what the layout shows around a function's own content.
type Page struct {
	Title       string // of the tab and of the h1, in French
	Description string // for search engines; empty on private pages
	Canonical   string // path of the page with the query that makes it another one; the path asked for when empty
	Form        Form   // its faults make the summary on top and "Erreur : " in the tab
	Private     bool   // not to be indexed nor cached
	Image       string // path of the picture that stands for the page where its address is shared
	Feed        string // path of the Atom feed that brings more of the same
	Data        any    // what the page's own template reads
}

// navigation is the one list of the header's links.
var navigation = []struct{ Path, Label string }{
	{"/", "Accueil"},
	{"/charte", "La charte"},
	{"/agenda", "Agenda"},
	{"/cohortes", "Cohortes"},
	{"/ressources", "Ressources"},
	{"/bilans", "Bilans"},
	{"/allies", "Les allié·es"},
	{"/mes-donnees", "Mes données"},
}

// Link is an entry of the header's navigation.
type Link struct {
	Path, Label string
	// Current is the value of aria-current: "page" on the page itself, "true"
	// on those below it, empty elsewhere.
	Current string
}

// view is what templates read: the page, where it stands, and the member of
// the team who looks at it, nil on public pages.
type view struct {
	Page
	Path   string
	Origin string
	Team   *Team
}

// Nav lists the header's links, the current one marked
// (https://www.w3.org/TR/wai-aria-1.2/#aria-current).
func (v view) Nav() (links []Link) {
	if v.Team == nil {
		for _, entry := range navigation {
			links = append(links, Link{Path: entry.Path, Label: entry.Label, Current: v.Current(entry.Path)})
		}
		return links
	}
	for _, entry := range teamNavigation {
		if !entry.Admin || v.Team.Admin {
			links = append(links, Link{Path: entry.Path, Label: entry.Label, Current: v.Current(entry.Path)})
		}
	}
	return links
}

// Current is the value of aria-current for a link to path.
func (v view) Current(path string) string {
	switch {
	case v.Path == path:
		return "page"
	case path != "/" && path != TeamRoot && strings.HasPrefix(v.Path, path+"/"):
		return "true"
	}
	return ""
}

// CanonicalURL is the one address of the page for search engines.
func (v view) CanonicalURL() string {
	if v.Canonical != "" {
		return v.Origin + v.Canonical
	}
	return v.Origin + v.Path
}

//go:embed layout/*.html
var layoutFiles embed.FS

// functions are what every template may call, besides html/template's own.
var functions = template.FuncMap{
	"asset":  assetPath,
	"field":  newField,
	"id":     fieldID,
	"date":   french.Date,
	"day":    french.Day,
	"hour":   french.Hour,
	"moment": french.Moment,
	"period": french.Period,
	"number": french.Number,
	"plural": french.Plural,
}

// layout parses the frame and the form fields that every page shares, once.
var layout = sync.OnceValue(func() *template.Template {
	shared := template.New("layout").Funcs(functions).Option("missingkey=error")
	return template.Must(shared.ParseFS(layoutFiles, "layout/*.html"))
})

// Templates are the pages of a function, one file each, all within the one
// layout. Nothing is parsed before it is first rendered, so that a function
// that starts for an API call does not wait for its pages.
type Templates struct {
	// Origin begins canonical addresses: "https://fabrique.example". They are
	// paths alone when it is empty.
	Origin string

	files  fs.FS
	mu     sync.Mutex
	parsed map[string]*template.Template
}

// NewTemplates takes the files of a function's pages, embedded: each
// pages/NAME.html defines "content", and may define "heading" in place of the
// plain h1. What pages share stands in files that begin with an underscore.
func NewTemplates(files fs.FS) *Templates {
	return &Templates{files: files, parsed: map[string]*template.Template{}}
}

// Render answers the page called name with this status. Nothing is written
// when it returns an error, unless the client has gone.
func (t *Templates) Render(w http.ResponseWriter, r *http.Request, status int, name string, page Page) error {
	parsed, err := t.parse(name)
	if err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	team := teamOf(r.Context())
	page.Private = page.Private || team != nil
	var body bytes.Buffer
	if err := parsed.ExecuteTemplate(&body, "layout", view{page, r.URL.Path, t.Origin, team}); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	setCaching(w.Header(), r, status, page)
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", htmlType)
		w.WriteHeader(status)
		return nil
	}
	return Raw(w, status, htmlType, body.Bytes())
}

const htmlType = "text/html; charset=utf-8"

// setCaching lets a public page be kept for a minute by whoever stands
// between, unless it holds something for this one reader: a cookie, or form
// values such as an idempotency key.
func setCaching(header http.Header, r *http.Request, status int, page Page) {
	shared := !page.Private && status == http.StatusOK && len(page.Form.Values) == 0 &&
		(r.Method == http.MethodGet || r.Method == http.MethodHead) && header.Get("Set-Cookie") == ""
	switch {
	case !shared:
		header.Set("Cache-Control", "no-store")
	case header.Get("Cache-Control") == "":
		header.Set("Cache-Control", "public, max-age=60")
	}
}

func (t *Templates) parse(name string) (*template.Template, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if parsed, ok := t.parsed[name]; ok {
		return parsed, nil
	}
	parsed, err := layout().Clone()
	if err != nil {
		return nil, err
	}
	shared, err := fs.Glob(t.files, "pages/_*.html")
	if err != nil {
		return nil, err
	}
	if _, err := parsed.ParseFS(t.files, append(shared, "pages/"+name+".html")...); err != nil {
		return nil, err
	}
	t.parsed[name] = parsed
	return parsed, nil
}
