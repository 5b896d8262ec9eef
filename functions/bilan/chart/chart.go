// Package chart draws bars as SVG, on the server. A chart has a title that
// says what it shows, and a table beside it with every value; its bars are told
// apart by patterns as well as by colours, and take their colours from the
// page's stylesheet, so that they are right by day, by night and on paper.
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
	// ID names the chart among those of a year.
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
	bar    = 16 // height of a bar: a line as wide as that, in the stylesheet
	before = 8  // height of the hatched one below, a line in dashes
	letter = 8  // width of one, at most on average
)

// SVG is the drawing, to stand in a page. The policy of pages allows no inline
// style, so it has classes and attributes only.
func (b Bars) SVG() template.HTML {
	var text strings.Builder
	canvas := svg.New(&text)
	var name strings.Builder
	_ = xml.EscapeText(&name, []byte(b.Title)) // to memory
	canvas.Startraw(fmt.Sprintf(`viewBox="0 0 %d %d" role="img" aria-label="%s"`, width, b.height(), name.String()))
	y, bars, hatched := 0, "", ""
	for _, row := range b.Rows {
		canvas.Text(0, y+14, row.Label)
		long := b.length(row.Value)
		bars += fmt.Sprintf("M0 %dh%d", y+20+bar/2, long)
		canvas.Text(long+6, y+20+bar-3, row.Shown, `class="value"`)
		if row.Before != nil {
			hatched += fmt.Sprintf("M0 %dh%d", y+21+bar+before/2, b.length(*row.Before))
		}
		y += b.step()
	}
	canvas.Path(bars)
	if hatched != "" {
		canvas.Path(hatched, `class="before"`)
	}
	canvas.End()
	_, drawn, _ := strings.Cut(text.String(), "<svg")     // without the prologue of a file
	return template.HTML("<svg" + tighter.Replace(drawn)) //nolint:gosec // made above, every text escaped
}

// tighter drops what a drawing within a page does not need.
var tighter = strings.NewReplacer("\n     xmlns=\"http://www.w3.org/2000/svg\"", "",
	"\n     xmlns:xlink=\"http://www.w3.org/1999/xlink\"", "", "\n     ", " ", ` x="0"`, "", " />", "/>", " >", ">")

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
