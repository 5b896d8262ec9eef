package outline

import (
	"fmt"
	"strings"
	"testing"
)

// TestTheMapShowsWhereTerritoriesAre in words and as shapes.
func TestTheMapShowsWhereTerritoriesAre(t *testing.T) {
	drawn := Draw([]Place{{"46102", "Figeac"}, {"31555", "Toulouse"}, {"46042", "Cahors"}, {"97411", "Saint-Denis"}, {"99999", "Nulle part"}})
	if got := fmt.Sprint(drawn.Rows); got != "[{31 Haute-Garonne [Toulouse]} {46 Lot [Figeac Cahors]} {974 La Réunion [Saint-Denis]}]" {
		t.Error(got)
	}
	if len(drawn.Shapes) != 96 {
		t.Errorf("%d départements are drawn", len(drawn.Shapes))
	}
	in := ""
	for _, s := range drawn.Shapes {
		if s.In {
			in += s.Code + " "
		}
		if !strings.HasPrefix(s.Path, "M") || !strings.HasSuffix(s.Path, "z") {
			t.Errorf("%s: %q", s.Code, s.Path)
		}
	}
	if in != "31 46 " || !drawn.Shapes[95].In {
		t.Errorf("in: %s", in)
	}
	if rows := Draw([]Place{{"REG-76", "Occitanie"}}).Rows; len(rows) != 13 {
		t.Errorf("%v", rows)
	}
}

// TestShapesAreLinesToo: each within the ground, and those of the mainland of
// more than a square's corners.
func TestShapesAreLinesToo(t *testing.T) {
	if got := fmt.Sprint(Shape{Path: "M10,20l3-4 -1,2zM1,2l3,4z"}.Rings()); got != "[[{10 20} {13 16} {12 18}] [{1 2} {4 6}]]" {
		t.Error(got)
	}
	for _, s := range Draw(nil).Shapes {
		longest := 0
		for _, ring := range s.Rings() {
			longest = max(longest, len(ring))
			for _, p := range ring {
				if p.X < 0 || p.X > Width || p.Y < 0 || p.Y > Height {
					t.Errorf("%s: %v is off the ground", s.Code, p)
				}
			}
		}
		if longest < 5 {
			t.Errorf("%s has %d points", s.Code, longest)
		}
	}
}

// TestEachBorderIsDrawnOnce: the two paths have every border of every shape,
// those of two neighbours once, and those that are marked in their own path.
func TestEachBorderIsDrawnOnce(t *testing.T) {
	for _, places := range [][]Place{nil, {{"46102", "Figeac"}, {"31555", "Toulouse"}}} {
		m := Draw(places)
		want, times := map[edge]bool{}, map[edge]int{}
		for _, s := range m.Shapes {
			s.edges(func(from, to Point) { want[edgeOf(from, to)] = true })
			if s.In {
				s.edges(func(from, to Point) { times[edgeOf(from, to)] = 1 })
			}
		}
		for line := range strings.SplitSeq(m.Ground()[1:], "M") {
			points := Shape{Path: "M" + line}.Rings()[0]
			for i := range points[1:] {
				times[edgeOf(points[i], points[i+1])]++
			}
		}
		if len(times) != len(want) {
			t.Errorf("%d borders are drawn, of %d", len(times), len(want))
		}
		for border, n := range times {
			if n != 1 || !want[border] {
				t.Errorf("%v is drawn %d times", border, n)
			}
		}
		if (m.Marked() != "") != (places != nil) || len(m.Ground()) > 8500 {
			t.Errorf("marked %q, ground of %d bytes", m.Marked(), len(m.Ground()))
		}
	}
}
