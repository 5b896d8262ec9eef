// Package export writes the bilan of a year for other programs and for paper:
// CSV, XLSX and PDF, all from the one report that the API answers as JSON, so
// that numbers and definitions are the same everywhere. The same report gives
// the same bytes.
package export

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
)

// The names of the columns are those of the fields in JSON.
var columns = []string{"chapter", "section", "id", "label", "value", "rounded", "unit", "previous", "definition", "version", "corrected", "answers", "corrected_on", "correction_reason"}

// Effects are means out of 5: their row has the number of answers as well.
const effectUnit = "sur 5"

// CSV is a table with a row for each figure, then for each effect, as RFC 4180
// wants it, in UTF-8. "corrected" is the value after the last correction,
// with its day and its reason in the last columns, empty when there is none.
func CSV(r report.Report) ([]byte, error) {
	var text strings.Builder
	text.WriteString("\ufeff") // or spreadsheets take it for another encoding
	table := csv.NewWriter(&text)
	table.UseCRLF = true // https://www.rfc-editor.org/rfc/rfc4180#section-2
	rows := [][]string{columns}
	for _, chapter := range r.Chapters {
		for _, f := range chapter.Figures {
			on, why := lastCorrection(r, f.ID)
			rows = append(rows, []string{strconv.Itoa(chapter.Number), f.Section, f.ID, spreadsheet.Cell(f.Label), strconv.Itoa(f.Value), spreadsheet.Cell(f.Rounded),
				spreadsheet.Cell(f.Unit), optional(f.Previous), spreadsheet.Cell(f.Definition), strconv.Itoa(f.Version), optional(corrected(r, f.ID)), "", on, spreadsheet.Cell(why)})
		}
	}
	for _, e := range r.NamedEffects() {
		on, why := lastCorrection(r, e.Figure())
		rows = append(rows, []string{"", "effects", e.Figure(), spreadsheet.Cell(e.Statement), decimal(e.Mean), "", effectUnit, "",
			report.EffectDefinition, "", "", strconv.Itoa(e.Answers), on, spreadsheet.Cell(why)})
	}
	if err := table.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("csv: %w", err)
	}
	return []byte(text.String()), nil
}

// corrected is the value of a figure after its last correction, nil without one.
func corrected(r report.Report, id string) (value *int) {
	for _, c := range r.Corrections {
		if c.Figure == id {
			value = &c.Now
		}
	}
	return value
}

// lastCorrection is the day and the reason of the last correction of a figure.
func lastCorrection(r report.Report, id string) (on, reason string) {
	for _, c := range r.Corrections {
		if c.Figure == id {
			on, reason = c.On, c.Reason
		}
	}
	return on, reason
}

func optional(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
