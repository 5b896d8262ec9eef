package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

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
		faults.Add(name, field.Message)
	}
	return faults, true
}
