// Package outline draws a map of France by département, and says in words
// what the map shows: the table beside it. Pages show both by the partial
// "map" of the layout.
package outline

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/fabrique-des-transitions/fabrique/shared/territory"
)

//go:embed departements.txt
var lines string

// paths are the outlines, by code of département, read when a map is first
// drawn.
var paths = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(lines) {
		code, path, _ := strings.Cut(strings.TrimSpace(line), "\t")
		all[code] = path
	}
	return all
})

// Map is a map of the départements that have one of some territories.
type Map struct {
	// Shapes are all départements of the mainland and Corsica; those overseas
	// are in the table only.
	Shapes []Shape
	Rows   []Row
}

// Shape is one département on the map.
type Shape struct {
	Code, Path string
	In         bool // it has one of the territories
}

// The ground on which shapes are drawn, in units of their points.
const (
	Width  = 306
	Height = 292
)

// Point is a point of the ground, from its upper left corner.
type Point struct{ X, Y int }

var parted = strings.NewReplacer("M", " ", "l", " ", ",", " ", "-", " -")

// Rings are the closed lines of the shape, for who cannot draw SVG.
func (s Shape) Rings() (rings [][]Point) {
	for ring := range strings.SplitSeq(strings.TrimSuffix(s.Path, "z"), "z") {
		var numbers []int
		for _, text := range strings.Fields(parted.Replace(ring)) {
			n, err := strconv.Atoi(text)
			if err != nil {
				panic(err) // the file is embedded, and tested
			}
			numbers = append(numbers, n)
		}
		var at Point
		var points []Point
		for i := 0; i+1 < len(numbers); i += 2 { // the first is where it begins, the others are steps
			at = Point{at.X + numbers[i], at.Y + numbers[i+1]}
			points = append(points, at)
		}
		rings = append(rings, points)
	}
	return rings
}

// Row is a line of the table beside the map.
type Row struct {
	Code, Name  string
	Territories []string // names
}

// Place is a territory by its official code, and the name to show.
type Place struct{ Code, Name string }

// Draw makes the map of some territories, the table by code of département. A
// région is in each of its départements. A code that nobody has is left out.
func Draw(places []Place) Map {
	rows := departements(places)
	return Map{shapes(rows), rows}
}

func shapes(rows []Row) (all []Shape) {
	for code, path := range paths() {
		in := slices.ContainsFunc(rows, func(r Row) bool { return r.Code == code })
		all = append(all, Shape{code, path, in})
	}
	// What is in comes last, so that its border is drawn over its neighbours'.
	slices.SortFunc(all, func(a, b Shape) int {
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

func departements(places []Place) (rows []Row) {
	add := func(code, name, place string) {
		at := slices.IndexFunc(rows, func(r Row) bool { return r.Code == code })
		if at < 0 {
			at, rows = len(rows), append(rows, Row{Code: code, Name: name})
		}
		rows[at].Territories = append(rows[at].Territories, place)
	}
	for _, p := range places {
		found, err := territory.Lookup(p.Code)
		if err != nil {
			continue
		}
		current := found.Current()
		if current.Level != territory.Region {
			add(current.Departement, current.DepartementName(), p.Name)
			continue
		}
		for part := range territory.All(territory.Departement) {
			if part.Region == current.Code {
				add(part.Code, part.Name, p.Name)
			}
		}
	}
	slices.SortFunc(rows, func(a, b Row) int { return strings.Compare(a.Code, b.Code) })
	return rows
}
