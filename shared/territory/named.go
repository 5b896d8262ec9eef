package territory

import (
	"errors"
	"slices"
	"strings"
)

// mostNamesakes is more than there are territories of one name.
const mostNamesakes = 100

// Named finds the territories that have this name, as people type it: accents,
// case and hyphens do not matter. Several may: Paris is a commune and a
// département.
func Named(name string) (all []Territory) {
	for _, found := range Search(name, "", mostNamesakes) {
		if Fold(found.Name) == Fold(name) {
			all = append(all, found)
		}
	}
	return all
}

// offered is how many territories Typed offers when it cannot tell.
const offered = 8

// Typed is the territory that someone means who types a name or a code into a
// page, by its reference; without one, among are those that they may mean, the
// likeliest first.
func Typed(text string) (ref string, among []Territory) {
	found, err := Lookup(text)
	if err == nil {
		current := found.Current()
		return current.Ref(), nil
	}
	switch among = Named(text); len(among) {
	case 0:
	case 1:
		return among[0].Ref(), nil
	default:
		return "", among
	}
	first, then := Suggest(text, offered), []Territory(nil)
	if unknown := (*UnknownError)(nil); errors.As(err, &unknown) {
		then = unknown.Suggestions
	}
	if strings.ContainsAny(text, "0123456789") { // a code rather than a name
		first, then = then, first
	}
	for _, one := range slices.Concat(first, then) {
		if len(among) < offered && !slices.Contains(among, one) {
			among = append(among, one)
		}
	}
	return "", among
}
