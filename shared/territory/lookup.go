package territory

import (
	"errors"
	"fmt"
	"iter"
	"strings"
)

// Match is what a code stands for: a territory of today, or a commune that
// exists no more with the commune that took it over.
type Match struct {
	Territory
	// Successor is the commune of today when the code is that of a delegated,
	// associated or otherwise merged commune, or of an arrondissement of Paris,
	// Lyon or Marseille; nil for a territory of today.
	Successor *Territory
}

// Current is the territory of today: the successor if there is one.
func (m Match) Current() Territory {
	if m.Successor != nil {
		return *m.Successor
	}
	return m.Territory
}

// UnknownError says that a code is that of no territory, and names the nearest.
type UnknownError struct {
	// Code is what was looked up.
	Code string
	// Suggestions are up to five territories of today, the likeliest first.
	Suggestions []Territory
}

// Error gives the code and the references of the suggestions.
func (e *UnknownError) Error() string {
	var message strings.Builder
	fmt.Fprintf(&message, "territory: unknown code %.40q", e.Code)
	for i, t := range e.Suggestions {
		separator := ", "
		if i == 0 {
			separator = "; the nearest: "
		}
		fmt.Fprintf(&message, "%s%s %s", separator, t.Ref(), t.Name)
	}
	return message.String()
}

// suggestions is how many territories an UnknownError names.
const suggestions = 5

// Lookup finds the territory of an official code or of a reference made by Ref.
// A code of two characters means the département; REG-76 and DEP-76 name either.
// Case and surrounding spaces do not matter. The error is an *UnknownError.
func Lookup(code string) (Match, error) {
	return LookupLevel(code, "")
}

// LookupLevel finds the territory that has an official code at one level; an
// empty level means any, as in Lookup. The error is an *UnknownError.
func LookupLevel(code string, level Level) (Match, error) {
	bare, named := parseRef(normalise(code))
	if named == "" {
		named = level
	}
	if level == "" || level == named {
		if m, ok := france().find(bare, named); ok {
			return m, nil
		}
	}
	return Match{}, &UnknownError{Code: code, Suggestions: nearestTo(code, named)}
}

// normalise gives a code the form it has in the tables.
func normalise(code string) string {
	if len(code) > longestQuery {
		return ""
	}
	return strings.ToUpper(strings.TrimSpace(code))
}

// parseRef splits a reference into its code and the level that it names, if any.
func parseRef(ref string) (code string, level Level) {
	if code, ok := strings.CutPrefix(ref, regionPrefix); ok {
		return code, Region
	}
	if code, ok := strings.CutPrefix(ref, departementPrefix); ok {
		return code, Departement
	}
	return ref, ""
}

// Members lists the communes of an EPCI by code; none when there is no such EPCI.
func Members(epci string) []Territory {
	epci = normalise(epci)
	if epci == "" {
		return nil
	}
	var members []Territory
	for i := range france().communes {
		if t := &france().communes[i]; t.EPCI == epci {
			members = append(members, *t)
		}
	}
	return members
}

// All goes through the territories of a level, by code.
func All(level Level) iter.Seq[Territory] {
	return func(yield func(Territory) bool) {
		for _, t := range france().at(level) {
			if !yield(t) {
				return
			}
		}
	}
}

// Advice says in French what to do about an error of Lookup: which codes may
// have been meant.
func Advice(err error) string {
	const unknown = "Aucun territoire n’a ce code."
	var suggested *UnknownError
	if !errors.As(err, &suggested) || len(suggested.Suggestions) == 0 {
		return unknown + " Saisissez un code officiel : commune, intercommunalité (SIREN), département ou région."
	}
	names := make([]string, len(suggested.Suggestions))
	for i, t := range suggested.Suggestions {
		names[i] = t.Name + " (" + t.Ref() + ")"
	}
	return unknown + " Peut-être : " + strings.Join(names, ", ") + "."
}
