package spreadsheet

import "net/url"

// SearchedField is the field of a search that takes a text.
const SearchedField = "q"

// FilterOf is what a search narrowed a list by, for the access log of exports:
// that a text was searched for, not which, as it may be a name.
func FilterOf(values url.Values, fields []string) map[string]string {
	filter := map[string]string{}
	for _, name := range fields {
		switch value := values.Get(name); {
		case value == "":
		case name == SearchedField:
			filter["searched"] = Searched(value)
		default:
			filter[name] = value
		}
	}
	return filter
}

// Searched says that a text was searched for, and not which.
func Searched(text string) string {
	if text == "" {
		return ""
	}
	return "oui"
}
