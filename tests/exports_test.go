package tests

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"io"
	"mime"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/fabrique-des-transitions/fabrique/functions"
)

// beginnings make a spreadsheet take a text for a formula
// (https://owasp.org/www-community/attacks/CSV_Injection).
var beginnings = []string{"=", "+", "-", "@", "\t=", "\r="}

// formula would send whoever presses it elsewhere.
const formula = `{p}HYPERLINK("https://evil.example/{n}";"Un lien")`

// exports are the addresses of all files for spreadsheets that are declared,
// each with the rest of its path.
func (l lived) exports() (all []string) {
	for _, f := range functions.All {
		for _, r := range f.Routes {
			session, slug, year := l.session, "occitanie", l.closed
			path := strings.NewReplacer("{id}", session, "{slug}", slug, "{year}", year, "{partner}", slug).Replace(r.Path)
			if strings.HasSuffix(path, ".csv") || strings.HasSuffix(path, ".xlsx") || strings.Contains(r.Doc.Type, "csv") || strings.Contains(r.Doc.Type, "spreadsheet") {
				all = append(all, path)
			}
			for _, form := range r.Doc.Forms {
				if form.Suffix == ".csv" || form.Suffix == ".xlsx" {
					all = append(all, path+form.Suffix)
				}
			}
		}
	}
	return all
}

// starts tells whether a cell may be taken for a formula; a number is none.
func starts(cell string) bool {
	_, err := strconv.ParseFloat(cell, 64)
	return cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) && err != nil
}

// TestNothingTypedIsAFormula types formulas into every field of every form, and
// reads every export that is declared, each by a reader of its own.
func TestNothingTypedIsAFormula(t *testing.T) {
	v := serve(t)
	l := v.stage()
	c := v.client()
	c.opensData(anAlly)
	c.enters(asMember, "/equipe")
	c.enters(asAdministrator, "/equipe")
	pollute(c, l, formula)
	v.settle()
	l.letsIn(c) // the other member, by whose token the API is called here
	v.asTeam(http.MethodPost, "/v1/bilans/"+l.closed+"/publish", nil, nil)
	for _, day := range []string{l.closed + "-06-02", time.Now().Format("2006") + "-01-01"} {
		v.fact("intervention.v1", map[string]any{"title": `=HYPERLINK("https://evil.example/0")`, "on": day, "form": "talk"})
	}
	v.settle()
	books, met := []string{}, map[string]string{}
	exports := l.exports()
	for i, address := range exports {
		answer := c.send(address, nil)
		if strings.HasPrefix(address, "/v1/") {
			answer = c.send(address, nil, "Authorization", "Bearer "+v.token())
		}
		_, parameters, err := mime.ParseMediaType(answer.header.Get("Content-Disposition"))
		if name := parameters["filename"]; answer.status != http.StatusOK || err != nil || name == "" || strings.ContainsAny(name, "=+@\"\\/\t\r\n") {
			t.Errorf("%s: %d, %q: %v", address, answer.status, answer.header.Get("Content-Disposition"), err)
			continue
		}
		if strings.HasSuffix(address, ".csv") {
			met[address] = inertCSV(t, address, answer.body)
			continue
		}
		met[address] = inertBook(t, address, answer.body)
		book := filepath.Join(t.TempDir(), strconv.Itoa(i)+".xlsx")
		if err := os.WriteFile(book, []byte(answer.body), 0o600); err != nil {
			t.Fatal(err)
		}
		books = append(books, book)
	}
	all := ""
	for _, address := range exports {
		// Those hold sentences of ours, and names of files that we wrote anew.
		people := !strings.Contains(address, "journal") && !strings.Contains(address, "/bilans/") && !strings.Contains(address, "/partenaires/") && !strings.Contains(address, "/fichiers") && !strings.Contains(address, "courriels")
		if all += met[address]; people && met[address] == "" {
			t.Errorf("%s holds nothing that was typed: nothing is proved", address)
		}
	}
	t.Logf("%d cells of %d files begin as a formula does", len(all), len(exports))
	for _, beginning := range "=+-@" { // no field takes a tabulator or a return at its beginning
		if !strings.ContainsRune(all, beginning) {
			t.Errorf("no cell begins with %q", beginning)
		}
	}
	if len(exports) < 12 {
		t.Errorf("%d exports were found: %q", len(exports), exports)
	}
	otherReader(t, books)
}

// token is that of the team for programs.
func (v *visitor) token() string {
	v.t.Helper()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	v.fetch(http.MethodGet, "/_dev/token?role=team", &token)
	return token.AccessToken
}

// inertCSV wants every cell to begin with something else, and returns how
// those began that were kept from it.
func inertCSV(t *testing.T, address, text string) (kept string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
	if err != nil {
		t.Errorf("%s: %v", address, err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if starts(cell) {
				t.Errorf("%s: a formula: %q", address, cell)
			}
			if after, quoted := strings.CutPrefix(cell, "'"); quoted && starts(after) {
				kept += after[:1]
			}
		}
	}
	return kept
}

// inertBook wants no formula nor link in any part of a workbook, and returns
// how the texts begin that look like one.
func inertBook(t *testing.T, address, file string) (texts string) {
	t.Helper()
	parts, err := zip.NewReader(strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	for _, part := range parts.File {
		opened, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(opened)
		if err != nil {
			t.Fatal(err)
		}
		for _, made := range []string{"<f>", "<f ", "<hyperlink", "<ddeLink", "<externalBook", `TargetMode="External"`} {
			if bytes.Contains(text, []byte(made)) {
				t.Errorf("%s: %s in %s", address, made, part.Name)
			}
		}
	}
	book, err := excelize.OpenReader(strings.NewReader(file))
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	for _, sheet := range book.GetSheetList() {
		rows, err := book.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for y, row := range rows {
			for x, cell := range row {
				if !starts(cell) {
					continue
				}
				texts += cell[:1]
				name, _ := excelize.CoordinatesToCellName(x+1, y+1)
				if kind, err := book.GetCellType(sheet, name); err != nil || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
					t.Errorf("%s: %s of %s is no text but %v, %v: %q", address, name, sheet, kind, err, cell)
				}
			}
		}
	}
	return texts
}

// otherReader asks openpyxl what it takes for a formula, or a link.
func otherReader(t *testing.T, books []string) {
	t.Helper()
	const program = "import sys, openpyxl\nfor name in sys.argv[1:]:\n  for sheet in openpyxl.load_workbook(name):\n    for row in sheet.iter_rows():\n      for cell in row:\n" +
		"        if cell.data_type == 'f' or cell.hyperlink: print(name, sheet.title, cell.coordinate, repr(cell.value))\nprint('read')"
	for _, command := range []string{filepath.Join("..", ".tools", "python", "bin", "python"), "python3"} {
		if exec.CommandContext(t.Context(), command, "-c", "import openpyxl").Run() != nil { //nolint:gosec // one of two
			continue
		}
		said, err := exec.CommandContext(t.Context(), command, append([]string{"-W", "ignore", "-c", program}, books...)...).CombinedOutput() //nolint:gosec // files of this test
		if err != nil || strings.TrimSpace(string(said)) != "read" {
			t.Errorf("%v: %s", err, said)
		}
		return
	}
	t.Log("no Python with openpyxl: continuous integration installs one")
}
