package spreadsheet

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// asked writes the sheet for a client that accepts these encodings.
func asked(t testing.TB, s Sheet, format Format, accept string) (*httptest.ResponseRecorder, error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/v1/list", nil)
	r.Header.Set("Accept-Encoding", accept)
	w := httptest.NewRecorder()
	return w, s.Write(w, r, format)
}

func sheetOf(rows ...[]any) Sheet {
	return Sheet{Name: "essai", Header: []string{"a", "b", "c"}, Rows: List(rows, func(row []any) []any { return row })}
}

func answered(t testing.TB, s Sheet, format Format) []byte {
	t.Helper()
	w, err := asked(t, s, format, "")
	if err != nil {
		t.Fatal(err)
	}
	return w.Body.Bytes()
}

func TestCSVIsWhatSpreadsheetsRead(t *testing.T) {
	at := time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC)
	sheet := sheetOf([]any{"é\"b", 3, 0.5}, []any{true, at, Day("2026-07-02")}, []any{nil, false, time.Time{}})
	for utc, instant := range map[bool]string{false: "2026-07-02T00:30:00+02:00", true: "2026-07-01T22:30:00Z"} {
		sheet.UTC = utc
		got := string(answered(t, sheet, CSV))
		want := "\ufeffa,b,c\r\n\"é\"\"b\",3,0.5\r\noui," + instant + ",2026-07-02\r\n,,\r\n"
		if got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestNothingTypedIsAFormula(t *testing.T) {
	typed := []string{"=1+1", "+33 1", "-2", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"}
	for _, text := range typed {
		s := sheetOf([]any{text, "", ""})
		line := strings.Split(string(answered(t, s, CSV)), "\r\n")[1]
		if !strings.HasPrefix(strings.TrimPrefix(line, `"`), "'") {
			t.Errorf("CSV of %q: %q", text, line)
		}
		book := opened(t, answered(t, s, XLSX))
		formula, err := book.GetCellFormula("Données", "A2")
		if err != nil || formula != "" {
			t.Errorf("XLSX of %q: formula %q, %v", text, formula, err)
		}
		kind, err := book.GetCellType("Données", "A2")
		if err != nil || kind != excelize.CellTypeInlineString {
			t.Errorf("XLSX of %q: type %v, %v", text, kind, err)
		}
	}
}

func opened(t testing.TB, file []byte) *excelize.File {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// TestXLSXIsWhatAnotherProgramReads opens the file with a library that knows
// the whole format.
func TestXLSXIsWhatAnotherProgramReads(t *testing.T) {
	at := time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC) // 00:30 on 2 July in Paris
	long := strings.Repeat("é", longestText)
	book := opened(t, answered(t, sheetOf([]any{"l’été\n_x0041_ <b>", 3, 0.5}, []any{true, at, Day("2026-07-02")}, []any{nil, long, time.Time{}}), XLSX))
	for cell, want := range map[string]string{
		"A1": "a", "A2": "l’été\n_x0041_ <b>", "B2": "3", "C2": "0.5", "A3": "oui", "A4": "", "C4": "",
		"B3": "46205.020833333336", "C3": "46205", "B4": shortened(long),
	} {
		got, err := book.GetCellValue("Données", cell, excelize.Options{RawCellValue: true})
		if err != nil || got != want {
			t.Errorf("%s: %.80q, want %.80q, %v", cell, got, want, err)
		}
	}
	shown, err := book.GetCellValue("Données", "B3")
	if err != nil || shown != "7/2/26 00:30" {
		t.Errorf("an instant is shown as %q, %v", shown, err)
	}
}

func TestEveryTextComesBackFromBothFormats(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		// Line ends and what XML cannot hold are changed by the formats themselves.
		text := rapid.StringMatching(`[ -~é’_\n]{0,40}`).Draw(rt, "text")
		s := sheetOf([]any{text, "", "fin"})
		read, err := csv.NewReader(bytes.NewReader(answered(t, s, CSV))).ReadAll()
		if err != nil || len(read) != 2 || strings.TrimPrefix(read[1][0], "'") != strings.TrimPrefix(text, "'") {
			rt.Fatalf("CSV of %q: %q, %v", text, read, err)
		}
		got, err := opened(t, answered(t, s, XLSX)).GetCellValue("Données", "A2")
		if err != nil || got != text {
			rt.Fatalf("XLSX of %q: %q, %v", text, got, err)
		}
	})
}

func TestColumnsHaveTheirLetters(t *testing.T) {
	for column, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := letters(column); got != want {
			t.Errorf("%d: %s", column, got)
		}
	}
}

func TestGzipOnlyForWhoAcceptsIt(t *testing.T) {
	for accept, want := range map[string]bool{"": false, "gzip": true, "br, gzip;q=0.5": true, "deflate, gzip;q=0": false, "identity": false} {
		w, err := asked(t, sheetOf([]any{"x", "", ""}), CSV, accept)
		if err != nil || (w.Header().Get("Content-Encoding") == "gzip") != want || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %v %v", accept, w.Header(), err)
		}
	}
	if w, err := asked(t, sheetOf(), XLSX, "gzip"); err != nil || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("XLSX is compressed already: %v %v", w.Header(), err)
	}
}

func TestAFaultHalfWayIsAnswered(t *testing.T) {
	lost := errors.New("lost")
	for _, format := range []Format{CSV, XLSX} {
		s := sheetOf()
		s.Rows = func(yield func([]any, error) bool) {
			if yield([]any{"a", "b", "c"}, nil) {
				yield(nil, lost)
			}
		}
		if w, err := asked(t, s, format, ""); !errors.Is(err, lost) || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s: %v, %d bytes, %v", format, err, w.Body.Len(), w.Header())
		}
		if _, err := asked(t, sheetOf([]any{struct{}{}}), format, ""); err == nil {
			t.Errorf("%s: a cell of an unknown kind is written", format)
		}
	}
}

func TestPagesAreReadToTheEnd(t *testing.T) {
	pages := map[string][]int{"": {1, 2}, "b": {}, "c": {3}}
	after := map[string]string{"": "b", "b": "c"}
	rows := Pages(func(cursor string) ([]int, string, error) { return pages[cursor], after[cursor], nil }, func(n int) []any { return []any{n} })
	got := string(answered(t, Sheet{Name: "x", Header: []string{"n"}, Rows: rows}, CSV))
	if got != "\ufeffn\r\n1\r\n2\r\n3\r\n" {
		t.Errorf("%q", got)
	}
}

// allies are rows as the largest list has them: no two alike.
func allies(n int) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for i := range n {
			row := []any{
				fmt.Sprintf("ally_%026d", i*7919), "Association des transitions n° " + fmt.Sprint(i), "association", "commune:" + fmt.Sprintf("%05d", i%35000),
				"Camille", fmt.Sprintf("Dupré-%d", i*31), fmt.Sprintf("camille.dupre.%d@organisation-%d.example", i*17, i%977), "Chargée de mission",
				time.Date(2023, 1, 1, 0, i, 0, 0, time.UTC), i%2 == 0,
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// TestFiftyThousandRowsFitInALambda: 6 MB of answer, four bytes for three.
func TestFiftyThousandRowsFitInALambda(t *testing.T) {
	const rows, lambda = 50_000, 6 * 1024 * 1024
	s := Sheet{Name: "allies", Header: strings.Split("id nom categorie territoire prenom nom_famille courriel fonction depuis annuaire", " "), Rows: allies(rows)}
	for _, format := range []Format{CSV, XLSX} {
		began := time.Now()
		w, err := asked(t, s, format, "gzip")
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.2f MB in %s", format, float64(w.Body.Len())/1e6, time.Since(began).Round(time.Millisecond))
		if w.Body.Len()*4/3 > lambda {
			t.Errorf("%s: %d bytes", format, w.Body.Len())
		}
		if format == CSV {
			unpacked, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(unpacked)
			if err != nil || bytes.Count(text, []byte("\r\n")) != rows+1 {
				t.Errorf("%d lines, %v", bytes.Count(text, []byte("\r\n")), err)
			}
		}
	}
	if w, err := asked(t, s, CSV, ""); !fault.Is(err, "export-too-large") || w.Body.Len() > 0 {
		t.Errorf("what a Lambda cannot answer is sent: %v, %d bytes", err, w.Body.Len())
	}
}

func BenchmarkFiftyThousandRows(b *testing.B) {
	s := Sheet{Name: "allies", Header: strings.Split("id nom categorie territoire prenom nom_famille courriel fonction depuis annuaire", " "), Rows: allies(50_000)}
	for _, format := range []Format{CSV, XLSX} {
		b.Run(string(format), func(b *testing.B) {
			for b.Loop() {
				if _, err := asked(b, s, format, "gzip"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
