package tests

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// loose finds an ordinary space where French wants one that does not break:
// before : ; ! ? », and after «.
var loose = regexp.MustCompile(`[\p{L}\p{N})»”] [:;!?»](\s|$|[^\w:=/])|« `)

// TestFrenchSpacesDoNotBreak reads what people are shown: templates, and the
// texts in the code that have an accent or a French quotation mark.
func TestFrenchSpacesDoNotBreak(t *testing.T) {
	for _, folder := range []string{"functions", "shared"} {
		err := filepath.WalkDir(filepath.Join("..", folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.Contains(path, "testdata") || strings.Contains(path, "/examples/") {
				return err
			}
			switch {
			case strings.HasSuffix(path, ".html"), strings.HasSuffix(path, ".txt"), strings.HasSuffix(path, ".tmpl"):
				return looseInTemplate(t, path)
			case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
				return looseInCode(t, path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// markup is what a template has besides its text.
var markup = regexp.MustCompile(`(?s)\{\{.*?\}\}|<style.*?</style>|<!--.*?-->|<pre.*?</pre>|<code.*?</code>`)

func looseInTemplate(t *testing.T, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for n, line := range strings.Split(markup.ReplaceAllStringFunc(string(text), func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) + "x" }), "\n") {
		if found := loose.FindString(line); found != "" {
			t.Errorf("%s:%d: an ordinary space in %q", path, n+1, found)
		}
	}
	return nil
}

func looseInCode(t *testing.T, path string) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(node ast.Node) bool {
		literal, is := node.(*ast.BasicLit)
		if !is || literal.Kind != token.STRING {
			return true
		}
		if text, err := strconv.Unquote(literal.Value); err == nil && strings.ContainsAny(text, "éèêàçùâîôûœ’«É") && loose.MatchString(text) {
			t.Errorf("%s: an ordinary space in %q", files.Position(literal.Pos()), loose.FindString(text))
		}
		return true
	})
	return nil
}
