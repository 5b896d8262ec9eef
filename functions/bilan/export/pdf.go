package export

import (
	"bytes"
	"fmt"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"github.com/go-fonts/liberation/liberationserifbold"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/chart"
	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// PDF is a document to hand out at the assembly: the chapters, each figure
// large with its change and its definition below, charts, the effects, the
// corrections, and how to check them all. link is the address of the year's
// page, for the last part.
func PDF(r report.Report, link string) ([]byte, error) {
	p := newPaper(r)
	p.title(r)
	charts := chart.Year(r)
	for _, chapter := range r.Chapters {
		p.chapter(r, chapter, charts)
	}
	p.effects(r, charts[len(charts)-1])
	if len(r.Territories) > 0 {
		p.territories(r)
	}
	if len(r.Corrections) > 0 {
		p.corrections(r)
	}
	p.check(r, link)
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("pdf: %w", err)
	}
	return out.Bytes(), nil
}

// Lengths in mm, sizes of letters in points.
const (
	margin = 18.0
	inside = 210 - 2*margin
	gap    = 8.0
	column = (inside - gap) / 2
	bottom = 297 - 20.0
)

// The colours of the pages, in their light form.
var (
	ink    = [3]int{40, 34, 26}
	soft   = [3]int{81, 72, 58}
	leaf   = [3]int{31, 77, 50}
	furrow = [3]int{169, 191, 136}
	line   = [3]int{221, 210, 189}
	edge   = [3]int{133, 120, 96}
)

// paper is a document while it is written.
type paper struct{ *fpdf.Fpdf }

// newPaper has the fonts, the foot of each page, and dates that are those of
// the report, so that the same report gives the same bytes.
func newPaper(r report.Report) *paper {
	p := &paper{fpdf.New("P", "mm", "A4", "")}
	// The core fonts of PDF know neither œ nor narrow spaces.
	p.AddUTF8FontFromBytes("sans", "", liberationsansregular.TTF)
	p.AddUTF8FontFromBytes("sans", "B", liberationsansbold.TTF)
	p.AddUTF8FontFromBytes("serif", "B", liberationserifbold.TTF)
	p.SetCatalogSort(true)
	p.SetCreationDate(r.AsOf.UTC())
	p.SetModificationDate(r.AsOf.UTC())
	p.SetLang("fr-FR")
	p.SetTitle(fmt.Sprintf("Bilan %d – La Fabrique des transitions", r.Year), true)
	p.SetAuthor("La Fabrique des transitions", true)
	p.SetMargins(margin, margin, margin)
	p.SetCellMargin(0)
	p.SetAutoPageBreak(false, 0) // parts are kept whole
	p.AliasNbPages("{pages}")
	p.SetFooterFunc(func() {
		p.SetXY(margin, 297-14)
		p.font("sans", "", 8, soft)
		p.CellFormat(inside/2, 5, fmt.Sprintf("La Fabrique des transitions · Bilan %d", r.Year), "", 0, "L", false, 0, "")
		p.CellFormat(inside/2, 5, fmt.Sprintf("page %d sur {pages}", p.PageNo()), "", 0, "R", false, 0, "")
	})
	p.AddPage()
	return p
}

func (p *paper) font(family, style string, size float64, colour [3]int) {
	p.SetFont(family, style, size)
	p.SetTextColor(colour[0], colour[1], colour[2])
}

func (p *paper) fill(colour [3]int) { p.SetFillColor(colour[0], colour[1], colour[2]) }

// need begins a new page unless there is so much room left on this one.
func (p *paper) need(height float64) {
	if p.GetY()+height > bottom {
		p.AddPage()
		p.SetY(margin)
	}
}

// text writes lines of a paragraph at x and returns where they end.
func (p *paper) text(x, y, width, height float64, text string) float64 {
	for _, line := range p.SplitText(text, width) {
		p.SetXY(x, y)
		p.CellFormat(width, height, line, "", 0, "L", false, 0, "")
		y += height
	}
	return y
}

// heading begins a part, kept with the first lines that follow.
func (p *paper) heading(text string, level int, keep float64) {
	sizes := []float64{19, 12}
	p.need(keep)
	p.SetY(p.GetY() + 5)
	p.Bookmark(text, level, -1)
	p.font("serif", "B", sizes[level], ink)
	p.SetY(p.text(margin, p.GetY(), inside, sizes[level]*.45, text) + 2.5)
}

func (p *paper) title(r report.Report) {
	p.fill(leaf)
	p.Rect(0, 0, 210, 5, "F")
	p.font("serif", "B", 12, leaf)
	p.text(margin, 22, inside, 6, "La Fabrique des transitions")
	p.font("serif", "B", 40, ink)
	p.text(margin, 31, inside, 17, fmt.Sprintf("Bilan %d", r.Year))
	p.font("sans", "B", 10.5, leaf)
	y := p.text(margin, 51, inside, 5.5, r.State())
	p.font("sans", "", 10.5, ink)
	y = p.text(margin, y+2, 150, 5.5, fmt.Sprintf("%s chiffres en %d chapitres, puis les cinq effets. Chaque chiffre compte des faits datés\u00a0: ce qu’il compte est écrit sous lui, et sa page sur le site en dit le nombre. L’équipe y ouvre la liste des faits, qui peut dire qui était où.",
		french.Number(r.Count()), len(r.Chapters)))
	p.fill(furrow)
	p.Rect(margin, y+4, inside, .8, "F")
	p.SetY(y + 5)
}
