package territory

import (
	"math"
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
	for _, level := range levels {
		for _, place := range byPopulation(a.at(level)) {
			name := Fold(place.Name)
			ix.add(name, place, false)
			if level == EPCI {
				if short := withoutKind(name); short != name {
					ix.add(short, place, true)
				}
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

// byPopulation sorts territories by falling population, and keeps the order of
// those that have as many. Sorting numbers that hold both is far quicker than
// comparing territories, and the first search waits for it.
func byPopulation(places []Territory) []*Territory {
	order := make([]uint64, len(places))
	for i := range places {
		order[i] = uint64(math.MaxUint32-places[i].Population)<<32 | uint64(i)
	}
	slices.Sort(order)
	sorted := make([]*Territory, len(places))
	for i, number := range order {
		sorted[i] = &places[uint32(number)]
	}
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

// levels is the order in which territories that answer equally well come.
var levels = []Level{Region, Departement, EPCI, Commune}

// search gives the territories whose names or codes answer a query, best first.
func (ix *index) search(q query, level Level, limit int) []*Territory {
	var ranked [unrelated][]*Territory
	if q.code != "" {
		ranked[sameCode] = withCode(q.code, level)
		ranked[codePrefix] = withCodePrefix(q.code, level)
	}
	for i := range ix.keys {
		k := &ix.keys[i]
		r := q.rank(k)
		if r == unrelated || len(ranked[r]) >= limit || level != "" && k.place.Level != level {
			continue // the place is looked at last, as it is far from its name in memory
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

// withCode gives the territory of today that a code or a reference stands for.
func withCode(code string, level Level) []*Territory {
	m, ok := france().find(parseRef(code))
	if !ok || level != "" && level != m.Level {
		return nil
	}
	place, _ := france().current(m.Current().Code, m.Level)
	return []*Territory{place}
}

// withCodePrefix gives the territories whose codes begin so.
func withCodePrefix(prefix string, level Level) []*Territory {
	var places []*Territory
	for _, l := range levels {
		if level == "" || level == l {
			list := france().at(l)
			from, to := position(list, prefix), position(list, prefix+"\xff")
			places = append(places, byPopulation(list[from:to])...)
		}
	}
	return places
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
