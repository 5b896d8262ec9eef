package team

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// noted finds what functions write in the trail: the whole name of an action,
// or how it begins when a variable ends it.
var noted = regexp.MustCompile(`(?:audit\.Entry|changeMember|changeKeys|noteMember|noteLetter|s\.propose)\([^"\n]*, "([a-z_.-]+)"`)

// TestEveryActionOfTheTrailHasAName reads the sources of all functions: an
// action that the journal cannot name is shown raw, and its filter lacks it.
func TestEveryActionOfTheTrailHasAName(t *testing.T) {
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{"export": true} // of shared/spreadsheet
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file) //nolint:gosec // sources of this repository
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range noted.FindAllStringSubmatch(string(source), -1) {
			found[match[1]] = true
		}
	}
	for action := range found {
		if actions[action] == "" && !begins(action) {
			t.Errorf("the journal has no name for %s", action)
		}
	}
	for action := range actions {
		stem := action[:strings.LastIndex(action, ".")+1]
		if !found[action] && !found[stem] {
			t.Errorf("nothing writes %s in the trail", action)
		}
	}
	if len(found) < 20 {
		t.Errorf("only %d actions are found: %v", len(found), found)
	}
}

// sheet finds the names of the files that functions export, as far as they are
// written out: a variable may end one.
var sheet = regexp.MustCompile(`spreadsheet\.Sheet\{\s*Name: "([a-z-]+)"`)

// TestEveryExportHasAName: the journal calls each list as the team does.
func TestEveryExportHasAName(t *testing.T) {
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		source, err := os.ReadFile(file) //nolint:gosec // sources of this repository
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range sheet.FindAllStringSubmatch(string(source), -1) {
			found++
			name := match[1]
			if strings.HasSuffix(name, "-") {
				name += "2026"
			}
			if label, path := exported(name); label == "" || path == "" {
				t.Errorf("%s exports %q, which the journal cannot name", file, name)
			}
		}
	}
	if found < 9 {
		t.Errorf("only %d exports are found", found)
	}
}

// begins tells whether an action with a name begins so.
func begins(stem string) bool {
	for action := range actions {
		if strings.HasSuffix(stem, ".") && strings.HasPrefix(action, stem) {
			return true
		}
	}
	return false
}
