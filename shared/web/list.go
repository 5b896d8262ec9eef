package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// List is how a page of a list is narrowed, and where it leads. What a page
// shows embeds it: {{template "export" .Data}} writes the links to its files,
// {{template "pages" .Data}} those to its other pages.
type List struct {
	Narrowed, Later bool   // by a search; not the first page
	First, Next     string // addresses of pages; Next is empty on the last
	CSV, XLSX       string // addresses of files
}

// NewList is the list at a path, with its files beside it, narrowed by those of
// some fields that have a value. next is the cursor of the next page, empty
// when there is none.
func NewList(path string, fields []string, values url.Values, next string) List {
	l := List{First: SearchPath(path, fields, values, ""), Later: values.Get("cursor") != ""}.FilesAt(path, fields, values)
	l.Narrowed = l.First != path
	if next != "" {
		l.Next = SearchPath(path, fields, values, next)
	}
	return l
}

// FilesAt is the same list with its files beside another path.
func (l List) FilesAt(path string, fields []string, values url.Values) List {
	l.CSV, l.XLSX = SearchPath(path+".csv", fields, values, ""), SearchPath(path+".xlsx", fields, values, "")
	return l
}

// awaitField is the field of a file's address that asks for the page to wait on.
const awaitField = "patienter"

// Awaited is the same list with files that are slow to make: their links lead
// to a page to wait on, which Await answers.
func (l List) Awaited() List {
	for _, file := range []*string{&l.CSV, &l.XLSX} {
		path, query, _ := strings.Cut(*file, "?")
		values, _ := url.ParseQuery(query) // we have written it
		values.Set(awaitField, "oui")
		*file = path + "?" + values.Encode()
	}
	return l
}

// IsAwaited tells whether a request for a file asks for the page to wait on.
func IsAwaited(values url.Values) bool { return values.Has(awaitField) }

// Await answers the page to wait on while a file of the list at a path is made:
// it asks for the file by itself, and the browser leaves it in place when that
// comes. format is how the file's address ends.
func Await(w http.ResponseWriter, r *http.Request, path string, fields []string, format string) error {
	values := r.URL.Query()
	file := SearchPath(path+"."+format, fields, values, "")
	w.Header().Set("Refresh", "0; url="+file) // https://html.spec.whatwg.org/multipage/semantics.html#attr-meta-http-equiv-refresh
	return ownPages.Render(w, r, http.StatusOK, "awaited", Page{Title: "Le fichier se prépare", Private: true, Data: map[string]string{
		"File": file, "List": SearchPath(path, fields, values, ""),
	}})
}

// SearchPath is the address of a page of a list: the fields of its search, as
// they were typed, and the cursor, empty for the first page.
func SearchPath(path string, fields []string, values url.Values, cursor string) string {
	query := url.Values{}
	for _, name := range fields {
		if value := values.Get(name); value != "" {
			query.Set(name, value)
		}
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// SearchFaults are the faults of a list's search as its page shows them, each
// beside its field: without "query.", and without name when the form has no
// such field, as none has a cursor. ok is false for every other error.
func SearchFaults(err error, fields []string) (faults fault.Fields, ok bool) {
	f := fault.As(err)
	if f == nil || f.Kind != fault.Invalid {
		return nil, false
	}
	for _, field := range f.Fields {
		name := strings.TrimPrefix(field.Location, "query.")
		if !slices.Contains(fields, name) {
			name = ""
		}
		faults = append(faults, fault.Field{Location: name, Message: field.Message}) // there may be several without a name
	}
	return faults, true
}
