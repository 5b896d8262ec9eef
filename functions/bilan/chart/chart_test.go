package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
)

// TestAChartIsSaidInWords draws two rows, one with the year before.
func TestAChartIsSaidInWords(t *testing.T) {
	before := 40.0
	drawn := string(Bars{ID: "c", Title: "Qui vient & qui part", Before: "2022", Rows: []Row{
		{Label: "Organisations", Value: 80, Shown: "80", Before: &before, BeforeShown: "40"},
		{Label: "<b>Personnes</b>", Value: 20, Shown: "une vingtaine"},
	}}.SVG())
	for _, want := range []string{
		`role="img" aria-label="Qui vient &amp; qui part"`, `<path d="M0 28h220M0 82h55"/>`, `<path d="M0 41h110" class="before"/>`,
		`&lt;b&gt;Personnes`,
	} {
		if !strings.Contains(drawn, want) {
			t.Errorf("no %s in\n%s", want, drawn)
		}
	}
	for _, not := range []string{"style=", "<b>", "<?xml", "xlink"} {
		if strings.Contains(drawn, not) {
			t.Errorf("%s in\n%s", not, drawn)
		}
	}
}

// TestBarsAreAsLongAsTheirValues, to the pixel below, whatever they are, and
// the drawing is always well formed and within its frame.
func TestBarsAreAsLongAsTheirValues(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		b := Bars{ID: "x", Title: rapid.String().Draw(r, "title")}
		for range rapid.IntRange(1, 8).Draw(r, "rows") {
			b.Rows = append(b.Rows, Row{Label: rapid.String().Draw(r, "label"), Value: float64(rapid.IntRange(0, 5000).Draw(r, "value")), Shown: "9"})
		}
		var long []int
		most := 0.0
		for _, row := range b.Rows {
			long, most = append(long, b.length(row.Value)), max(most, row.Value)
		}
		for i, row := range b.Rows {
			if row.Value == 0 && long[i] != 0 || row.Value == most && most > 0 && long[i] != width-b.room() {
				r.Errorf("%v is %d px of %v", row.Value, long[i], most)
			}
			if want := row.Value * float64(width-b.room()); most > 0 && long[i] > 2 && (float64(long[i])*most > want || float64(long[i]+1)*most < want-1e-6) {
				r.Errorf("%v is %d px of %v", row.Value, long[i], most)
			}
		}
		reader := xml.NewDecoder(strings.NewReader(string(b.SVG())))
		for {
			if _, err := reader.Token(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				r.Fatal(err)
			}
		}
	})
}

// TestTheChartsOfAYear leave out what the year does not have.
func TestTheChartsOfAYear(t *testing.T) {
	before := 8
	year := report.Report{Year: 2023, Effects: map[string]report.Effect{"trust": {Mean: 4.25, Answers: 8}}, Chapters: []report.Chapter{{Number: 4, Figures: []report.Figure{
		{ID: "interventions.all", Value: 31, Rounded: "une trentaine"}, {ID: "media.appearances", Value: 10, Previous: &before},
	}}}}
	charts := Year(year)
	if len(charts) != 2 || charts[0].ID != "rayonnement" || len(charts[0].Rows) != 2 || charts[0].Rows[0].Shown != "une trentaine" || charts[0].Rows[1].BeforeShown != "8" {
		t.Fatalf("%+v", charts)
	}
	if row := charts[1].Rows[3]; row.Label != "Confiance" || row.Shown != "4,25" || charts[1].Rows[0].Shown != "–" || charts[1].Most != 5 {
		t.Errorf("%+v", charts[1])
	}
}
