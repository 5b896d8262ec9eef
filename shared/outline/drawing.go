package outline

import (
	"strconv"
	"strings"
)

// edge is a line from one point to the next, whichever way it is drawn.
type edge [2]Point

func edgeOf(a, b Point) edge {
	if b.X < a.X || b.X == a.X && b.Y < a.Y {
		a, b = b, a
	}
	return edge{a, b}
}

// edges calls each for the lines of a shape, those of a ring one after the other.
func (s Shape) edges(each func(from, to Point)) {
	for _, ring := range s.Rings() {
		for i, from := range ring {
			each(from, ring[(i+1)%len(ring)])
		}
	}
}

// Marked is one SVG path of the départements that have a territory, empty
// without any.
func (m Map) Marked() string {
	var path strings.Builder
	for _, shape := range m.Shapes {
		if shape.In {
			path.WriteString(shape.Path)
		}
	}
	return path.String()
}

// Ground is one SVG path of the borders of the others: each is drawn once, as
// neighbours share theirs, which makes a page kilobytes lighter.
func (m Map) Ground() string {
	drawn := map[edge]bool{}
	for _, shape := range m.Shapes {
		if shape.In {
			shape.edges(func(from, to Point) { drawn[edgeOf(from, to)] = true })
		}
	}
	var path strings.Builder
	for _, shape := range m.Shapes {
		if shape.In {
			continue
		}
		pen := Point{-1, -1}
		shape.edges(func(from, to Point) {
			if drawn[edgeOf(from, to)] {
				return
			}
			drawn[edgeOf(from, to)] = true
			if from != pen {
				path.WriteString("M" + strconv.Itoa(from.X) + " " + strconv.Itoa(from.Y) + "l" + pair(from, to))
			} else if step := pair(from, to); step[0] == '-' {
				path.WriteString(step)
			} else {
				path.WriteString(" " + step)
			}
			pen = to
		})
	}
	return path.String()
}

// pair is how far it is from one point to another, as short as a path has it.
func pair(from, to Point) string {
	x, y := strconv.Itoa(to.X-from.X), strconv.Itoa(to.Y-from.Y)
	if y[0] == '-' {
		return x + y
	}
	return x + " " + y
}
