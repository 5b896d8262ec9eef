package cohort

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// breakable is a space at which a line must not break, left ordinary.
var breakable = regexp.MustCompile(`« | »|[^ ] [:;!?]([ <"«.)]|$)|^ [:;!?] `)

// TestFrenchTextsDoNotBreakBeforeTheirSigns, in the templates and in the words
// of the program.
func TestFrenchTextsDoNotBreakBeforeTheirSigns(t *testing.T) {
	err := fs.WalkDir(pageFiles, "pages", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		page, err := fs.ReadFile(pageFiles, path)
		for _, line := range strings.Split(strings.ReplaceAll(string(page), ":=", ""), "\n") {
			if found := breakable.FindString(line); found != "" {
				t.Errorf("%s: %q in %s", path, found, line)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if text, ok := node.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if found := breakable.FindString(strings.Trim(text.Value, "\"`")); found != "" {
					t.Errorf("%s: %q in %s", entry.Name(), found, text.Value)
				}
			}
			return true
		})
	}
}
