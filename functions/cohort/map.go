package cohort

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

//go:embed data/departements.txt
var departementLines string

// outlines are the paths of the map, by code of département, read when a map
// is first drawn.
var outlines = sync.OnceValue(func() map[string]string {
	paths := map[string]string{}
	for line := range strings.Lines(departementLines) {
		code, path, _ := strings.Cut(strings.TrimSpace(line), "\t")
		paths[code] = path
	}
	return paths
})

// shape is one département on the map.
type shape struct {
	Code, Path string
	In         bool // it has a territory of the cohort
}

// shapes are all départements of the map; those overseas are in the table only.
func shapes(rows []departementRow) (all []shape) {
	for code, path := range outlines() {
		in := slices.ContainsFunc(rows, func(r departementRow) bool { return r.Code == code })
		all = append(all, shape{code, path, in})
	}
	// What is in comes last, so that its border is drawn over its neighbours'.
	slices.SortFunc(all, func(a, b shape) int {
		if a.In != b.In {
			if a.In {
				return 1
			}
			return -1
		}
		return strings.Compare(a.Code, b.Code)
	})
	return all
}

// departementRow is a line of the table beside the map.
type departementRow struct {
	Code, Name  string
	Territories []string
}

// departements sorts territories by département. A région is one line for
// itself, and all its départements are in.
func departements(territories []enrolled) (rows []departementRow) {
	add := func(code, name, territory string) {
		at := slices.IndexFunc(rows, func(r departementRow) bool { return r.Code == code })
		if at < 0 {
			at, rows = len(rows), append(rows, departementRow{Code: code, Name: name})
		}
		rows[at].Territories = append(rows[at].Territories, territory)
	}
	for _, t := range territories {
		found, err := territory.Lookup(t.Code)
		if err != nil {
			continue
		}
		current := found.Current()
		if current.Level != territory.Region {
			add(current.Departement, current.DepartementName(), t.Name)
			continue
		}
		for part := range territory.All(territory.Departement) {
			if part.Region == current.Code {
				add(part.Code, part.Name, t.Name)
			}
		}
	}
	slices.SortFunc(rows, func(a, b departementRow) int { return strings.Compare(a.Code, b.Code) })
	return rows
}
