package tests

import (
	"regexp"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

var slugged = regexp.MustCompile(`^[a-z0-9-]+$`)

// TestNoSlugHidesBehindAPage: where an address ends on the slug of a thing, or
// goes on after it, a page beside it with a name of its own would answer in
// place of the thing that has this name. So nothing may be called that.
func TestNoSlugHidesBehindAPage(t *testing.T) {
	words := map[string]string{}
	var paths []string
	for _, f := range functions.All {
		for _, p := range f.Paths() {
			paths = append(paths, p.Path)
		}
	}
	for _, path := range paths {
		parent, _, found := strings.Cut(path, "{slug}")
		if !found {
			continue
		}
		for _, other := range paths {
			rest, beside := strings.CutPrefix(other, parent)
			word, _, _ := strings.Cut(rest, "/")
			if beside && slugged.MatchString(word) {
				words[word] = other
			}
		}
	}
	for word, path := range words {
		var faults fault.Fields
		if alliance.CheckNewSlug(&faults, "slug", word); len(faults) == 0 {
			t.Errorf("something may be called %q, and %s would answer in its place: name it in alliance.pageNames", word, path)
		}
	}
	if words["nouvelle"] == "" {
		t.Errorf("the form of a cohort stands beside no cohort: %v", words)
	}
}
