// Package chart draws bars as SVG, on the server. A chart has a title that
// says what it shows and a description with every value, is told apart by
// patterns as well as by colours, and takes its colours from the page's
// stylesheet, so that it is right by day, by night and on paper.
package chart

import (
	"encoding/xml"
	"fmt"
	"html/template"
	"strings"
	"unicode/utf8"

	svg "github.com/ajstarks/svgo"
)

// Bars is a chart of horizontal bars, one under the other.
type Bars struct {
	// ID is unique on the page: ids within the chart begin with it.
	ID      string
	Chapter int // beside whose figures it stands; 0 for the effects
	Title   string
	// Unit heads the labels in the table: "Format".
	Unit string
	// Most is the value of a bar as wide as the chart; the greatest of the rows when 0.
	Most float64
	Rows []Row
	// Now and Before are the years of a bar and of the hatched one below it.
	Now, Before string
}

// Row is what is said of one thing.
type Row struct {
	Label string
	Value float64
	Shown string // the value as people read it
	// Before is the value of the year before, nil when there is none.
	Before      *float64
	BeforeShown string
}

// Units of the drawing: px at its natural width, that of a phone.
const (
	width  = 340
	bar    = 16 // height of a bar
	before = 8  // height of the hatched one below
	letter = 8  // width of one, at most on average
)

// SVG is the drawing, to stand in a page. The policy of pages allows no inline
// style, so it has classes and attributes only.
func (b Bars) SVG() template.HTML {
	var text strings.Builder
	canvas := svg.New(&text)
	canvas.Startraw(fmt.Sprintf(`viewBox="0 0 %d %d" role="img" aria-labelledby="%s-t" aria-describedby="%s-d"`, width, b.height(), b.ID, b.ID))
	named(canvas, "title", b.ID+"-t", b.Title)
	named(canvas, "desc", b.ID+"-d", b.described())
	if b.HasBefore() {
		canvas.Pattern(b.ID+"-p", 0, 0, 5, 5, "user", `patternTransform="rotate(45)"`)
		canvas.Rect(0, 0, 2, 5)
		canvas.PatternEnd()
	}
	y := 0
	for _, row := range b.Rows {
		canvas.Text(0, y+14, row.Label)
		long := b.length(row.Value)
		canvas.Rect(0, y+20, long, bar)
		canvas.Text(long+6, y+20+bar-3, row.Shown, `class="value"`)
		if row.Before != nil {
			canvas.Rect(0, y+21+bar, b.length(*row.Before), before, `class="before"`, fmt.Sprintf(`fill="url(#%s-p)"`, b.ID))
		}
		y += b.step()
	}
	canvas.End()
	_, drawn, _ := strings.Cut(text.String(), "<svg")     // without the prologue of a file
	return template.HTML("<svg" + tighter.Replace(drawn)) //nolint:gosec // made above, every text escaped
}

// tighter drops what a drawing within a page does not need.
var tighter = strings.NewReplacer("\n     xmlns=\"http://www.w3.org/2000/svg\"", "",
	"\n     xmlns:xlink=\"http://www.w3.org/1999/xlink\"", "", "\n     ", " ", " />", "/>", " >", ">")

// HasBefore tells whether any row knows the year before.
func (b Bars) HasBefore() bool {
	for _, row := range b.Rows {
		if row.Before != nil {
			return true
		}
	}
	return false
}

func (b Bars) step() int {
	if b.HasBefore() {
		return 24 + bar + before + 6
	}
	return 24 + bar + 4
}

func (b Bars) height() int { return len(b.Rows) * b.step() }

// Share is how long the bar of a value is, 1 being the longest there may be.
func (b Bars) Share(value float64) float64 {
	most := b.Most
	if most == 0 {
		for _, row := range b.Rows {
			most = max(most, row.Value)
			if row.Before != nil {
				most = max(most, *row.Before)
			}
		}
	}
	if most == 0 || value <= 0 {
		return 0
	}
	return value / most
}

// length is that of the bar in the drawing; what is not nothing is seen.
func (b Bars) length(value float64) int {
	share := b.Share(value)
	if share == 0 {
		return 0
	}
	return max(2, int(share*float64(width-b.room())))
}

// room is what the longest value takes at the end of a bar.
func (b Bars) room() (room int) {
	for _, row := range b.Rows {
		room = max(room, letter*(utf8.RuneCountInString(row.Shown)+2))
	}
	return room
}

// described says every value in words.
func (b Bars) described() string {
	parts := make([]string, 0, len(b.Rows))
	for _, row := range b.Rows {
		part := row.Label + "\u00a0: " + row.Shown
		if row.Before != nil {
			part += fmt.Sprintf(" (%s en %s)", row.BeforeShown, b.Before)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "\u202f; ") + "."
}

// named writes a text element that others refer to.
func named(canvas *svg.SVG, element, id, content string) {
	fmt.Fprintf(canvas.Writer, `<%s id="%s">`, element, id)
	_ = xml.EscapeText(canvas.Writer, []byte(content)) // to memory
	fmt.Fprintf(canvas.Writer, "</%s>\n", element)
}
