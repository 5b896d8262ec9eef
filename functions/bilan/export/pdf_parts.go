package export

import (
	"fmt"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/chart"
	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// chapter writes a chapter's figures in two columns, then its charts.
func (p *paper) chapter(r report.Report, c report.Chapter, charts []chart.Bars) {
	p.heading(fmt.Sprintf("%d. %s", c.Number, c.Title), 0, 60)
	for _, section := range c.Sections() {
		p.heading(section.Title, 1, 42)
		for i := 0; i < len(section.Figures); i += 2 {
			p.pair(r.Year, section.Figures[i:min(i+2, len(section.Figures))])
		}
	}
	var own []chart.Bars
	for _, b := range charts {
		if b.Chapter == c.Number {
			own = append(own, b)
		}
	}
	if len(own) > 0 {
		p.bars(own)
	}
}

// card is one figure, laid out: lines and where its definition is.
type card struct {
	report.Figure
	label, definition []string
	exact, change     string
}

const (
	valueHeight      = 9.0
	labelHeight      = 4.6
	smallHeight      = 4.0
	definitionHeight = 3.5
)

func (p *paper) card(year int, f report.Figure) card {
	c := card{Figure: f, change: f.Change(year)}
	if f.Rounded != "" {
		c.exact = f.Exact() + " exactement"
	}
	p.font("sans", "B", 9.5, ink)
	c.label = p.SplitText(f.Label, column)
	p.font("sans", "", 7.5, soft)
	c.definition = p.SplitText(fmt.Sprintf("%s (%s, définition n°\u00a0%d)", f.Definition, f.ID, f.Version), column)
	return c
}

func (c card) height() float64 {
	height := valueHeight + float64(len(c.label))*labelHeight + float64(len(c.definition))*definitionHeight + 6
	if c.change != "" {
		height += smallHeight
	}
	return height
}

// pair writes one or two figures beside one another.
func (p *paper) pair(year int, figures []report.Figure) {
	cards, height := make([]card, len(figures)), 0.0
	for i, f := range figures {
		cards[i] = p.card(year, f)
		height = max(height, cards[i].height())
	}
	p.need(height)
	top := p.GetY()
	for i, c := range cards {
		p.write(c, margin+float64(i)*(column+gap), top)
	}
	p.SetY(top + height)
}

func (p *paper) write(c card, x, y float64) {
	p.fill(line)
	p.Rect(x, y, column, .3, "F")
	y += 1.5
	p.font("serif", "B", 20, leaf)
	shown := c.Shown()
	wide := p.GetStringWidth(shown) + 3
	p.SetXY(x, y)
	p.CellFormat(column, valueHeight, shown, "", 0, "L", false, 0, "")
	p.font("sans", "", 9, soft)
	p.SetXY(x+wide, y+1.2)
	p.CellFormat(column-wide, valueHeight, c.exact, "", 0, "L", false, 0, "")
	y += valueHeight
	p.font("sans", "B", 9.5, ink)
	y = p.lines(x, y, labelHeight, c.label)
	if c.change != "" {
		p.font("sans", "", 8.5, ink)
		y = p.lines(x, y, smallHeight, []string{c.change})
	}
	p.font("sans", "", 7.5, soft)
	p.lines(x, y+.6, definitionHeight, c.definition)
}

func (p *paper) lines(x, y, height float64, lines []string) float64 {
	for _, text := range lines {
		p.SetXY(x, y)
		p.CellFormat(column, height, text, "", 0, "L", false, 0, "")
		y += height
	}
	return y
}

const (
	barStep   = 10.0
	barHeight = 4.0
)

// bars draws charts in two columns.
func (p *paper) bars(charts []chart.Bars) {
	for i := 0; i < len(charts); i += 2 {
		pair, rows := charts[i:min(i+2, len(charts))], 0
		for _, b := range pair {
			rows = max(rows, len(b.Rows))
		}
		height := 16 + float64(rows)*barStep
		p.need(height)
		top := p.GetY()
		for j, b := range pair {
			p.draw(b, margin+float64(j)*(column+gap), top+3)
		}
		p.SetY(top + height)
	}
}

// draw is one chart; a lighter, thinner bar is the year before.
func (p *paper) draw(b chart.Bars, x, y float64) {
	p.font("serif", "B", 10, ink)
	y = p.text(x, y, column, 5, b.Title) + .5
	if b.HasBefore() {
		p.font("sans", "", 7.5, soft)
		y = p.text(x, y, column, 4, fmt.Sprintf("barre foncée\u00a0: %s\u202f; barre claire\u00a0: %s", b.Now, b.Before))
	}
	y += 1
	for _, row := range b.Rows {
		p.font("sans", "", 8, ink)
		p.text(x, y, column, 4, row.Label)
		long := b.Share(row.Value) * (column - 30)
		p.fill(leaf)
		p.Rect(x, y+4, long, barHeight-1.6, "F")
		p.font("sans", "B", 8, leaf)
		p.text(x+long+1.5, y+3.2, 60, 4, row.Shown)
		if row.Before != nil {
			p.fill(furrow)
			p.Rect(x, y+4+barHeight-1.6, b.Share(*row.Before)*(column-30), 1.4, "F")
		}
		y += barStep
	}
}

// effects are the five, with what people noted, beside their chart.
func (p *paper) effects(r report.Report, b chart.Bars) {
	p.heading("Les cinq effets", 0, 90)
	p.font("sans", "", 9, soft)
	top := p.text(margin, p.GetY(), inside, 4.6, report.EffectDefinition) + 3
	p.draw(b, margin, top)
	y := top + 6
	for _, e := range r.NamedEffects() {
		p.font("sans", "B", 8.5, ink)
		p.text(margin+column+gap, y, column, 4, fmt.Sprintf("%s\u00a0: %s sur 5", e.Name, e.Shown()))
		p.font("sans", "", 8, soft)
		p.text(margin+column+gap, y+4, column, 4, fmt.Sprintf("«\u00a0%s\u00a0», %s %s", e.Statement, french.Number(e.Answers), french.Plural(e.Answers, "réponse", "réponses")))
		y += barStep
	}
	p.SetY(y + 4)
}

// corrections are what was learnt after publication.
func (p *paper) corrections(r report.Report) {
	p.heading("Corrections depuis la publication", 0, 40)
	p.font("sans", "", 9, soft)
	p.SetY(p.text(margin, p.GetY(), inside, 4.6, "Les chiffres publiés ne changent pas. Ce qui a été appris ensuite est dit ici.") + 2)
	for _, c := range r.Corrections {
		p.need(16)
		p.font("sans", "B", 9, ink)
		y := p.text(margin, p.GetY(), inside, 4.6, french.Date(c.Day())+", "+c.Label+"\u00a0: "+c.Change())
		p.font("sans", "", 8.5, soft)
		p.SetY(p.text(margin, y, inside, 4.2, c.Reason+" (fait "+c.FactID+")") + 2)
	}
}

// check says how anyone can verify what is written.
func (p *paper) check(r report.Report, link string) {
	p.heading("Vérifier", 0, 40)
	p.font("sans", "", 9, ink)
	y := p.text(margin, p.GetY(), inside, 4.8, "Chaque chiffre, sa définition et le nombre de faits qu’il compte sont sur la page de l’année, avec les mêmes chiffres pour tableur et pour programme\u00a0:")
	p.font("sans", "B", 9, leaf)
	p.SetXY(margin, y)
	p.CellFormat(inside, 4.8, link, "", 0, "L", false, 0, link)
	y += 6
	if r.Hash != "" {
		p.font("sans", "", 9, ink)
		y = p.text(margin, y, inside, 4.8, "Empreinte SHA-256 de l’année publiée, que l’on recalcule depuis l’export JSON\u00a0:")
		p.font("sans", "", 8.5, soft)
		y = p.text(margin, y, inside, 4.8, r.Hash)
	}
	p.font("sans", "", 7.5, soft)
	p.SetY(p.text(margin, y+2, inside, 4, "Composé en Liberation Sans et Liberation Serif (Red Hat, SIL Open Font License 1.1)."))
}
