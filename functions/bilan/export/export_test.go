package export

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/thedatashed/xlsxreader"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// expected is every number of the year, by id, as an export must say it.
func expected(r report.Report) map[string]string {
	numbers := map[string]string{}
	for _, chapter := range r.Chapters {
		for _, f := range chapter.Figures {
			numbers[f.ID] = strconv.Itoa(f.Value)
		}
	}
	for _, e := range r.NamedEffects() {
		numbers[e.Figure()] = decimal(e.Mean)
	}
	return numbers
}

func TestCSVSaysEveryNumber(t *testing.T) {
	r := sample(t)
	text, err := CSV(r)
	if err != nil {
		t.Fatal(err)
	}
	plain, marked := bytes.CutPrefix(text, []byte("\ufeff"))
	if !marked || bytes.Count(plain, []byte("\n")) != bytes.Count(plain, []byte("\r\n")) {
		t.Error("not as spreadsheets want it")
	}
	rows, err := csv.NewReader(bytes.NewReader(plain)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := func(row []string, column string) string { return row[slices.Index(rows[0], column)] }
	numbers := map[string]string{}
	for _, row := range rows[1:] {
		numbers[at(row, "id")] = at(row, "value")
		f, chapter, found := r.Figure(at(row, "id"))
		if !found {
			continue
		}
		if at(row, "chapter") != strconv.Itoa(chapter.Number) || at(row, "section") != f.Section || at(row, "definition") != f.Definition ||
			at(row, "version") != strconv.Itoa(f.Version) || at(row, "previous") != optional(f.Previous) || at(row, "rounded") != f.Rounded || at(row, "unit") != f.Unit {
			t.Errorf("%v is not %+v", row, f)
		}
	}
	if want := expected(r); !maps.Equal(numbers, want) {
		t.Errorf("got  %v\nwant %v", numbers, want)
	}
	if label := at(rows[1], "label"); label[0] != '\'' {
		t.Errorf("a formula: %s", label)
	}
	last := map[string]report.Correction{}
	for _, c := range r.Corrections {
		last[c.Figure] = c
	}
	for _, row := range rows[1:] {
		c, there := last[at(row, "id")]
		if at(row, "corrected_on") != c.On || strings.TrimPrefix(at(row, "correction_reason"), "'") != c.Reason || (at(row, "corrected") == "") == there {
			t.Errorf("%v does not say the correction %+v", row, c)
		}
		if e, effect := strings.CutPrefix(at(row, "id"), report.EffectPrefix); effect && at(row, "answers") != strconv.Itoa(r.Effects[e].Answers) {
			t.Errorf("%v does not say how many answered", row)
		}
	}
	if len(last) == 0 || !slices.Equal(rows[0][10:], []string{"corrected", "answers", "corrected_on", "correction_reason"}) {
		t.Errorf("%v, %v", rows[0], last)
	}
}

// cells reads a workbook with another library than the one that wrote it: the
// values by sheet and place, and whether each is a number.
func cells(t *testing.T, book []byte) (values map[string]map[string]string, numbers map[string]bool) {
	t.Helper()
	file, err := xlsxreader.NewReader(book)
	if err != nil {
		t.Fatal(err)
	}
	values, numbers = map[string]map[string]string{}, map[string]bool{}
	for _, name := range file.Sheets {
		values[name] = map[string]string{}
		for row := range file.ReadRows(name) {
			if row.Error != nil {
				t.Fatal(row.Error)
			}
			for _, cell := range row.Cells {
				place := cell.Column + strconv.Itoa(cell.Row)
				values[name][place] = cell.Value
				numbers[name+place] = cell.Type == xlsxreader.TypeNumerical
			}
		}
	}
	return values, numbers
}

func TestXLSXSaysEveryNumberAsANumber(t *testing.T) {
	r := sample(t)
	book, err := XLSX(r)
	if err != nil {
		t.Fatal(err)
	}
	values, isNumber := cells(t, book)
	numbers := map[string]string{}
	for _, s := range []struct{ sheet, id, value string }{{"Chiffres", "C", "E"}, {"Effets", "A", "D"}} {
		for row := 2; values[s.sheet][s.id+strconv.Itoa(row)] != ""; row++ {
			place := s.value + strconv.Itoa(row)
			if !isNumber[s.sheet+place] {
				t.Errorf("%s of %s is no number", place, s.sheet)
			}
			numbers[values[s.sheet][s.id+strconv.Itoa(row)]] = values[s.sheet][place]
		}
	}
	if want := expected(r); !maps.Equal(numbers, want) {
		t.Errorf("got  %v\nwant %v", numbers, want)
	}
	if values["Chiffres"]["D2"] != "=1+1, un libellé qui serait une formule" || bytes.Contains(unzipped(t, book, "xl/worksheets/sheet1.xml"), []byte("<f>")) {
		t.Errorf("a formula: %v", values["Chiffres"]["D2"])
	}
	if c := values["Corrections"]; c["E3"] != "33" || c["F2"] != r.Corrections[0].Reason || !isNumber["CorrectionsE3"] {
		t.Errorf("corrections: %v", c)
	}
	definition := values["Définitions"]
	for i, f := range slices.Concat(r.Chapters[0].Figures, r.Chapters[1].Figures, r.Chapters[2].Figures, r.Chapters[3].Figures) {
		if row := strconv.Itoa(i + 2); definition["A"+row] != f.ID || definition["C"+row] != f.Definition || definition["D"+row] != strconv.Itoa(f.Version) {
			t.Errorf("definition of %s: %s", f.ID, definition["C"+row])
		}
	}
}

// unzipped is one file of a workbook.
func unzipped(t *testing.T, book []byte, name string) []byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	file, err := archive.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(file)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	return content
}

// space is any white space: lines of a PDF end anywhere.
var space = regexp.MustCompile(`[\s\x{a0}\x{202f}]+`)

func TestPDFSaysEveryNumber(t *testing.T) {
	r := sample(t)
	document, err := PDF(r, "https://fabrique.example/bilans/2023")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bilan.pdf")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("FABRIQUE_SCREENSHOTS"); keep != "" {
		_ = os.WriteFile(filepath.Join(keep, "bilan.pdf"), document, 0o600)
	}
	read, err := exec.CommandContext(t.Context(), "pdftotext", "-raw", path, "-").Output()
	if err != nil {
		t.Fatalf("pdftotext (Debian: poppler-utils): %v", err)
	}
	text := space.ReplaceAllString(string(read), " ")
	last := 0
	for _, chapter := range r.Chapters {
		for _, f := range chapter.Figures {
			said := f.Exact() + " " + f.Label
			if f.Rounded != "" {
				said = f.Rounded + " " + f.Exact() + " exactement " + f.Label
			}
			if change := f.Change(r.Year); change != "" {
				said += " " + change
			}
			said = space.ReplaceAllString(said+" "+f.Definition+" ("+f.ID, " ")
			at := strings.Index(text[last:], said)
			if at < 0 {
				t.Fatalf("the PDF does not say %q after\n%s", said, text[last:min(len(text), last+400)])
			}
			last += at
		}
	}
	for _, e := range r.NamedEffects() {
		if said := space.ReplaceAllString(e.Name+" : "+e.Shown()+" sur 5", " "); !strings.Contains(text, said) {
			t.Errorf("the PDF does not say %q", said)
		}
	}
	for _, said := range []string{"Publié le 12 mars 2024", "Lot (46) : Figeac", "La Réunion (974) : Saint-Denis", "2 avril 2024, Interventions : 31 publié, 32 avec cette correction", "« L’œuvre commune »", "5f0c",
		french.Number(r.Count()) + " chiffres", "https://fabrique.example/bilans/2023"} {
		if !strings.Contains(text, said) {
			t.Errorf("the PDF does not say %q", said)
		}
	}
}

// TestSameReportSameBytes: an export can be kept, compared and cached.
func TestSameReportSameBytes(t *testing.T) {
	r := sample(t)
	for name, write := range map[string]func() ([]byte, error){
		"csv": func() ([]byte, error) { return CSV(r) }, "xlsx": func() ([]byte, error) { return XLSX(r) },
		"pdf": func() ([]byte, error) { return PDF(r, "https://fabrique.example/bilans/2023") },
	} {
		one, err1 := write()
		two, err2 := write()
		if err1 != nil || err2 != nil || !bytes.Equal(one, two) {
			t.Errorf("%s: %d and %d bytes, %v %v", name, len(one), len(two), err1, err2)
		}
		if most := 4 << 20; len(one) > most { // 6 MB of base64 is what Lambda answers
			t.Errorf("%s has %d bytes", name, len(one))
		}
	}
}

// TestPythonReadsTheSame opens CSV and XLSX with Python's own csv and openpyxl,
// in the Python that continuous integration installs.
func TestPythonReadsTheSame(t *testing.T) {
	python := filepath.Join("..", "..", "..", ".tools", "python", "bin", "python")
	if exec.CommandContext(t.Context(), python, "-c", "import openpyxl").Run() != nil { //nolint:gosec // of this repository
		t.Skip("no Python with openpyxl: make .tools/python installs one")
	}
	r, folder := sample(t), t.TempDir()
	for name, write := range map[string]func(report.Report) ([]byte, error){"bilan.csv": CSV, "bilan.xlsx": XLSX} {
		content, err := write(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		said, err := exec.CommandContext(t.Context(), python, "testdata/read.py", path).CombinedOutput() //nolint:gosec // of this repository
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		var numbers map[string]json.Number
		if err := json.Unmarshal(said, &numbers); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		got := map[string]string{}
		for id, number := range numbers {
			got[id] = number.String()
		}
		if want := expected(r); !maps.Equal(got, want) {
			t.Errorf("%s\ngot  %v\nwant %v", name, got, want)
		}
	}
}

// BenchmarkExports says what each file costs and how long it is.
func BenchmarkExports(b *testing.B) {
	r := sample(b)
	for _, export := range []struct {
		name string
		make func(report.Report) ([]byte, error)
	}{{"csv", CSV}, {"xlsx", XLSX}, {"pdf", func(r report.Report) ([]byte, error) { return PDF(r, "https://fabrique.example/bilans/2023") }}} {
		b.Run(export.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				file, err := export.make(r)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(file)), "bytes")
			}
		})
	}
}
