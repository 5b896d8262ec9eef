package territory

import (
	"cmp"
	"slices"
	"sync"
)

// longestQuery is the length in bytes over which a query or a code is hostile
// rather than the name of anything; the longest name has about sixty.
const longestQuery = 256

// Search finds territories by name or by code. Accents, case, hyphens and
// apostrophes do not matter; "St" is "Saint", and "communauté de communes" is
// the "CC" of official names. Every word of the query must begin a word of the
// name, articles aside. The best come first: the code itself, then the name
// itself, a former commune's own name (which finds its successor), names and
// codes that begin so, names that hold the words; then régions before
// départements before EPCIs before communes, and the most populous first. Only
// when there is none does it look for names that are spelt nearly so.
//
// An empty level means all of them. There are at most limit results.
func Search(query string, level Level, limit int) []Territory {
	if limit <= 0 {
		return nil
	}
	q := parseQuery(query)
	if q.text == "" {
		return nil
	}
	found := names().search(q, level, limit)
	if len(found) == 0 {
		found = names().misspelt(q, level, limit)
	}
	return copies(found)
}

// index holds every name that a search may meet, folded: régions first, then
// départements, EPCIs and communes, the most populous first.
type index struct {
	keys []key
}

// key is a name under which a territory is found.
type key struct {
	name    string
	letters letterSet
	place   *Territory
	alias   bool // not its official name
}

// names prepares the index on the first search.
var names = sync.OnceValue(func() *index { return newIndex(france()) })

func newIndex(a *atlas) *index {
	aliases := make(map[*Territory][]string)
	for _, f := range a.former {
		if f.name != "" {
			aliases[f.successor] = append(aliases[f.successor], Fold(f.name))
		}
	}
	ix := &index{keys: make([]key, 0, len(a.communes)+len(a.former))}
	for _, level := range []Level{Region, Departement, EPCI, Commune} {
		for _, place := range byPopulation(a.at(level)) {
			name := Fold(place.Name)
			ix.add(name, place, false)
			if short := withoutKind(name); level == EPCI && short != name {
				ix.add(short, place, true)
			}
			for _, alias := range aliases[place] {
				ix.add(alias, place, true)
			}
		}
	}
	return ix
}

func (ix *index) add(name string, place *Territory, alias bool) {
	ix.keys = append(ix.keys, key{name: name, letters: lettersOf(name), place: place, alias: alias})
}

// byPopulation sorts territories by falling population, then by code.
func byPopulation(places []Territory) []*Territory {
	sorted := make([]*Territory, len(places))
	for i := range places {
		sorted[i] = &places[i]
	}
	slices.SortStableFunc(sorted, func(a, b *Territory) int {
		return cmp.Compare(b.Population, a.Population)
	})
	return sorted
}

// rank says how well a name answers a query: the lower the better.
type rank int

const (
	sameCode rank = iota
	sameName
	sameAlias
	namePrefix
	codePrefix
	phraseInName // the query begins a word of the name
	wordsInName  // every word of the query begins a word of the name
	wordsInAlias
	unrelated
)

// search gives the territories whose names or codes answer a query, best first.
func (ix *index) search(q query, level Level, limit int) []*Territory {
	var ranked [unrelated][]*Territory
	if m, ok := france().find(parseRef(q.code)); ok {
		if place, ok := france().current(m.Current().Code, m.Level); ok && (level == "" || level == m.Level) {
			ranked[sameCode] = append(ranked[sameCode], place)
		}
	}
	for i := range ix.keys {
		k := &ix.keys[i]
		if level != "" && k.place.Level != level {
			continue
		}
		r := q.rank(k)
		if r == unrelated || len(ranked[r]) >= limit {
			continue
		}
		if last := len(ranked[r]) - 1; last < 0 || ranked[r][last] != k.place {
			ranked[r] = append(ranked[r], k.place)
		}
	}
	var best []*Territory
	for _, places := range ranked {
		best = appendNew(best, places, limit)
	}
	return best
}

// appendNew appends the places that are not there yet, up to limit in all.
func appendNew(list, places []*Territory, limit int) []*Territory {
	for _, place := range places {
		if len(list) >= limit {
			break
		}
		if !slices.Contains(list, place) {
			list = append(list, place)
		}
	}
	return list
}

func copies(places []*Territory) []Territory {
	var list []Territory
	for _, place := range places {
		list = append(list, *place)
	}
	return list
}
