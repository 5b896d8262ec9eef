package spreadsheet

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// The parts of a workbook around its one sheet: the least that Office Open XML
// asks for (ECMA-376, Part 1, §12, and §18.8 for styles: 1 is a date, 2 an
// instant, 3 the header).
var parts = []struct{ name, text string }{
	{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
		`<sheets><sheet name="Données" sheetId="1" r:id="rId1"/></sheets></workbook>`},
	{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`},
	{"xl/styles.xml", `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="22" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs></styleSheet>`},
}

const (
	dateStyle    = 1
	instantStyle = 2
	headerStyle  = 3
)

const (
	sheetOpens = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>`
	sheetCloses = `</sheetData></worksheet>`
)

// xlsx writes the workbook, its rows one after the other.
func (s Sheet) xlsx(to io.Writer) (rows int, err error) {
	archive := zip.NewWriter(to)
	for _, part := range parts {
		file, err := archive.Create(part.name)
		if err != nil {
			return 0, err
		}
		if _, err := io.WriteString(file, xml.Header+part.text); err != nil {
			return 0, err
		}
	}
	file, err := archive.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		return 0, err
	}
	out := sheetWriter{Writer: bufio.NewWriter(file)}
	_, _ = out.WriteString(xml.Header + sheetOpens) // a bufio.Writer keeps its first error for Flush
	out.header(s.Header)
	for row, err := range s.Rows {
		if err != nil {
			return rows, err
		}
		if err := out.row(row); err != nil {
			return rows, err
		}
		rows++
	}
	_, _ = out.WriteString(sheetCloses)
	if err := out.Flush(); err != nil {
		return rows, err
	}
	return rows, archive.Close()
}

// sheetWriter writes rows, and counts them.
type sheetWriter struct {
	*bufio.Writer
	rows int
}

func (w *sheetWriter) header(names []string) {
	w.rows++
	_, _ = w.WriteString("<row>")
	for i, name := range names {
		w.text(i, headerStyle, name)
	}
	_, _ = w.WriteString("</row>")
}

func (w *sheetWriter) row(values []any) error {
	w.rows++
	_, _ = w.WriteString("<row>")
	for i, value := range values {
		switch v := value.(type) {
		case nil:
		case string:
			w.text(i, 0, v)
		case bool:
			w.text(i, 0, yes(v))
		case int:
			w.number(i, 0, float64(v))
		case float64:
			w.number(i, 0, v)
		case time.Time:
			if !v.IsZero() {
				w.number(i, instantStyle, serial(v.In(french.Paris())))
			}
		case Day:
			day, err := time.Parse(time.DateOnly, string(v))
			if err == nil {
				w.number(i, dateStyle, serial(day))
			}
		default:
			return fmt.Errorf("spreadsheet: a cell cannot hold a %T", value)
		}
	}
	_, _ = w.WriteString("</row>")
	return nil
}

// text writes a cell of text, which no spreadsheet takes for a formula:
// whoever reads the file knows its type.
func (w *sheetWriter) text(column, style int, text string) {
	if text == "" {
		return
	}
	w.open(column, style, ` t="inlineStr"`)
	_, _ = w.WriteString(`<is><t xml:space="preserve">`)
	_ = xml.EscapeText(w, []byte(escapes.Replace(shortened(text))))
	_, _ = w.WriteString("</t></is></c>")
}

func (w *sheetWriter) number(column, style int, n float64) {
	w.open(column, style, "")
	_, _ = w.WriteString("<v>" + strconv.FormatFloat(n, 'f', -1, 64) + "</v></c>")
}

func (w *sheetWriter) open(column, style int, kind string) {
	for _, part := range [...]string{`<c r="`, letters(column), strconv.Itoa(w.rows), `" s="`, strconv.Itoa(style), `"`, kind, ">"} {
		_, _ = w.WriteString(part)
	}
}

// escapes writes "_x" so that it is not read as the escape of a character
// (ECMA-376, Part 1, §22.9.2.19).
var escapes = strings.NewReplacer("_x", "_x005F_x")

// longestText is how much text a cell may hold; beyond it a spreadsheet calls
// the file broken.
const longestText = 32_767

func shortened(text string) string {
	if len(text) <= longestText {
		return text
	}
	end := longestText - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// letters is the name of a column, counted from 0: A, B, … Z, AA.
func letters(column int) string {
	name := ""
	for column++; column > 0; column = (column - 1) / 26 {
		name = string(rune('A'+(column-1)%26)) + name
	}
	return name
}

// serial is how spreadsheets count time: days since 30 December 1899, by the
// clock on the wall (ECMA-376, Part 1, §18.17.4).
func serial(t time.Time) float64 {
	wall := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	return float64(wall.Unix()-time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Unix()) / (24 * 60 * 60)
}
