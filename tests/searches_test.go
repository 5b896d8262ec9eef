package tests

import (
	"html"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// searchLink is a link that leads to a list of the team, narrowed to what a
// page speaks of.
var searchLink = regexp.MustCompile(`(?:TeamRoot \+ "|` + web.TeamRoot + `)(/[a-z/-]+\?[a-z_]+=[\w.&;=-]+)["'` + "`]")

// searchLinks are those in the sources and the pages of all functions, by
// where each was found.
func searchLinks(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, root := range []string{"../functions", "../shared"} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".html" {
				return err
			}
			text, err := os.ReadFile(path)
			for _, match := range searchLink.FindAllStringSubmatch(string(text), -1) {
				found[web.TeamRoot+html.UnescapeString(match[1])] = path
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// TestSearchesThatPagesLeadToAreTaken by the lists that they narrow: a value
// that a list no longer knows is a dead link.
func TestSearchesThatPagesLeadToAreTaken(t *testing.T) {
	o := newOffice(t)
	admin := o.Browser(auth.RoleAdmin)
	links := searchLinks(t)
	if len(links) < 5 {
		t.Errorf("only %d links are found: %v", len(links), links)
	}
	for link, source := range links {
		answered := http.StatusNotFound // by every function that does not own the path
		for _, running := range o.running {
			if status, _, _ := o.Page(running, admin, link, nil); status != http.StatusNotFound {
				answered = status
			}
		}
		if answered != http.StatusOK {
			t.Errorf("%s, of %s: %d", link, source, answered)
		}
	}
}
