package export

import (
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/outline"
)

// territories draws the map, and says the same in words beside it.
func (p *paper) territories(r report.Report) {
	places := make([]outline.Place, len(r.Territories))
	for i, t := range r.Territories {
		places[i] = outline.Place{Code: t.Code, Name: t.Name}
	}
	drawn := outline.Draw(places)
	const scale = column / outline.Width
	height := outline.Height*scale + 8
	p.heading(fmt.Sprintf("%s %s", french.Number(len(places)), french.Plural(len(places), "territoire accompagné", "territoires accompagnés")), 0, height+20)
	top := p.GetY()
	p.SetDrawColor(edge[0], edge[1], edge[2])
	p.SetLineWidth(.12)
	p.fill(leaf)
	for _, shape := range drawn.Shapes {
		style := "D"
		if shape.In {
			style = "FD"
		}
		for _, ring := range shape.Rings() {
			points := make([]fpdf.PointType, len(ring))
			for i, at := range ring {
				points[i] = fpdf.PointType{X: margin + float64(at.X)*scale, Y: top + float64(at.Y)*scale}
			}
			p.Polygon(points, style)
		}
	}
	p.font("sans", "", 7, soft)
	p.text(margin, top+height-6, column, 3.4, "Fond de carte\u00a0: Victor Cazanave, svg-maps, CC BY 4.0, simplifié.")
	p.SetY(top)
	for _, row := range drawn.Rows {
		p.font("sans", "", 8.5, ink)
		p.need(8)
		p.SetY(p.text(margin+column+gap, p.GetY(), column, 4.2, fmt.Sprintf("%s (%s)\u00a0: %s", row.Name, row.Code, strings.Join(row.Territories, ", "))) + .6)
	}
	if y := top + height; p.GetY() < y && p.GetY() >= top {
		p.SetY(y)
	}
}
