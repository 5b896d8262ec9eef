package search

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// three are documents small enough to reason about.
var three = []Document{
	{Slug: "eau", Kind: "article", Title: "Partager l’eau", Summary: "La nappe <b>baisse</b> & l’été dure.", Body: "Les habitant·es mesurent la nappe. La mise en récit vient après.",
		PublishedOn: "2024-05-01", Fundamentals: []int{1, 2}, Dimensions: []int{3}, Cohort: "occitanie-2024", Series: "recits", Authors: []string{"Nadia Le Goff"}, Places: []string{"Alès"}},
	{Slug: "sols", Kind: "podcast", Title: "Des sols vivants", Summary: "Sous nos pieds.", Body: "Un récit, puis la mise en œuvre de l’éco-quartier.",
		PublishedOn: "2025-01-01", Fundamentals: []int{2}, Dimensions: []int{3, 4}, Cohort: "occitanie-2024", Places: []string{"Saint-Étienne"}},
	{Slug: "forets", Kind: "article", Title: "Forêts", Summary: "La futaie.", Body: "Rien sur le reste.", PublishedOn: "2023-01-01", Fundamentals: []int{4}},
}

func slugs(t *testing.T, x *Index, q Query) []string {
	t.Helper()
	result, err := x.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	found := []string{}
	for _, hit := range result.Hits {
		found = append(found, hit.Slug)
	}
	return found
}

func TestSearch(t *testing.T) {
	x := newIndex(t, three)
	for _, test := range []struct {
		why   string
		query Query
		want  []string
	}{
		{"all, the newest first", Query{}, []string{"sols", "eau", "forets"}},
		{"a page of all", Query{Limit: 1, Offset: 1}, []string{"eau"}},
		{"stop words alone ask for all", Query{Text: "le la d’ à"}, []string{"sols", "eau", "forets"}},
		{"elision and capitals", Query{Text: "L'EAU"}, []string{"eau"}},
		{"inclusive writing", Query{Text: "habitantes"}, []string{"eau"}},
		{"a phrase", Query{Text: `"mise en récit"`}, []string{"eau"}},
		{"the same words without quotes", Query{Text: "récit mise"}, []string{"eau", "sols"}},
		{"French quotes", Query{Text: "«mise en oeuvre»"}, []string{"sols"}},
		{"a quote that does not close", Query{Text: `"mise en oeuvre`}, []string{"sols"}},
		{"hyphens in one word", Query{Text: "écoquartier"}, []string{"sols"}},
		{"hyphens apart", Query{Text: "eco quartiers"}, []string{"sols"}},
		{"short for Saint", Query{Text: "St Etienne"}, []string{"sols"}},
		{"a letter for another", Query{Text: "nalpe"}, []string{"eau"}},
		{"two letters swapped", Query{Text: "foerts"}, []string{"forets"}},
		{"short words are not guessed", Query{Text: "eae"}, []string{}},
		{"the name of a kind", Query{Text: "podcasts"}, []string{"sols"}},
		{"by kind", Query{Kind: "article"}, []string{"eau", "forets"}},
		{"by fundamental", Query{Fundamental: 2}, []string{"sols", "eau"}},
		{"by dimension", Query{Dimension: 4}, []string{"sols"}},
		{"by series", Query{Series: "recits"}, []string{"eau"}},
		{"by cohort and word", Query{Cohort: "occitanie-2024", Text: "futaie récit"}, []string{"sols", "eau"}},
		{"by what is of nothing", Query{Cohort: "ailleurs"}, []string{}},
		{"words that are nowhere", Query{Text: "zzzzzz"}, []string{}},
	} {
		got := slugs(t, x, test.query)
		if test.why == "the same words without quotes" || test.why == "by cohort and word" {
			slices.Sort(got) // which of them is better is no matter here
			slices.Sort(test.want)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q finds %v, not %v", test.why, test.query.Text, got, test.want)
		}
	}
}

func TestExactBeforeNear(t *testing.T) {
	x := newIndex(t, []Document{
		{Slug: "a", Title: "Dupont", Summary: "Dupont, Dupont et Dupont."},
		{Slug: "b", Title: "Un mot", Summary: "De Dupond."},
	})
	if got := slugs(t, x, Query{Text: "dupond"}); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("found %v", got)
	}
}

func TestFacets(t *testing.T) {
	x := newIndex(t, three)
	result, err := x.Search(t.Context(), Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := Facets{
		Kind:        map[string]int{"article": 2, "podcast": 1},
		Fundamental: map[int]int{1: 1, 2: 2, 4: 1},
		Dimension:   map[int]int{3: 2, 4: 1},
		Cohort:      map[string]int{"occitanie-2024": 2},
	}
	if !reflect.DeepEqual(result.Facets, want) || result.Total != 3 {
		t.Errorf("%d, %+v", result.Total, result.Facets)
	}
	result, err = x.Search(t.Context(), Query{Text: "récit", Kind: "podcast"})
	if err != nil || result.Total != 1 || !reflect.DeepEqual(result.Facets.Dimension, map[int]int{3: 1, 4: 1}) {
		t.Errorf("%v, %+v", err, result)
	}
}

func TestSnippet(t *testing.T) {
	x := newIndex(t, three)
	for text, want := range map[string]string{
		"nappes":       "La <mark>nappe</mark> &lt;b&gt;baisse&lt;/b&gt; &amp; l’été dure. Les habitant·es mesurent la <mark>nappe</mark>. La mise en récit vient après.",
		"ete":          "La nappe &lt;b&gt;baisse&lt;/b&gt; &amp; l’<mark>été</mark> dure. Les habitant·es mesurent la nappe. La mise en récit vient après.",
		"habitant eau": "La nappe &lt;b&gt;baisse&lt;/b&gt; &amp; l’été dure. Les <mark>habitant·es</mark> mesurent la nappe. La mise en récit vient après.",
	} {
		result, err := x.Search(t.Context(), Query{Text: text})
		if err != nil || len(result.Hits) != 1 || string(result.Hits[0].Snippet) != want {
			t.Errorf("%q: %v %+v", text, err, result.Hits)
		}
	}
	long := Document{Slug: "long", Summary: "Le début.", Body: strings.Repeat("Des phrases sans rien. ", 60) + "La loutre est là. " + strings.Repeat("Encore des phrases. ", 60)}
	if err := x.Put(long); err != nil {
		t.Fatal(err)
	}
	result, err := x.Search(t.Context(), Query{Text: "loutres"})
	if err != nil || len(result.Hits) != 1 {
		t.Fatal(err, result.Hits)
	}
	snippet := string(result.Hits[0].Snippet)
	if !strings.Contains(snippet, "La <mark>loutre</mark> est là.") || !strings.HasPrefix(snippet, "… ") || !strings.HasSuffix(snippet, " …") || len(snippet) > 300 {
		t.Errorf("%q", snippet)
	}
}

func TestPutAndRemove(t *testing.T) {
	x := newIndex(t, three)
	changed := three[2]
	changed.Title, changed.Summary = "Haies", "Le bocage."
	if err := x.Put(changed); err != nil {
		t.Fatal(err)
	}
	if got := slugs(t, x, Query{Text: "futaie"}); len(got) > 0 {
		t.Errorf("what was replaced is found: %v", got)
	}
	if got := slugs(t, x, Query{Text: "bocages"}); !slices.Equal(got, []string{"forets"}) {
		t.Errorf("what replaces is not found: %v", got)
	}
	for range 2 {
		if err := x.Remove("forets"); err != nil {
			t.Fatal(err)
		}
	}
	if got := slugs(t, x, Query{}); !slices.Equal(got, []string{"sols", "eau"}) {
		t.Errorf("left: %v", got)
	}
}

func TestSnapshot(t *testing.T) {
	x := newIndex(t, demo(t))
	if err := x.SetVersion(42); err != nil {
		t.Fatal(err)
	}
	var kept bytes.Buffer
	if err := x.Snapshot(&kept); err != nil {
		t.Fatal(err)
	}
	y, err := Open(bytes.NewReader(kept.Bytes()), int64(kept.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if version, err := y.Version(); err != nil || version != 42 {
		t.Errorf("version %d, %v", version, err)
	}
	for _, q := range benchQueries {
		if a, b := slugs(t, x, q), slugs(t, y, q); !slices.Equal(a, b) {
			t.Errorf("%+v: %v before, %v after", q, a, b)
		}
	}
	if err := y.Put(three...); err != nil {
		t.Fatal(err)
	}
	if n, err := y.Len(); err != nil || n != demoLibrary+len(three) {
		t.Errorf("%d documents, %v", n, err)
	}
	folder := y.folder
	if err := y.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder is left: %v", err)
	}
}

// TestOpenStaysInItsFolder holds that no name in an archive leads out.
func TestOpenStaysInItsFolder(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	if _, err := w.Create("../../escaped"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(bytes.NewReader(archive.Bytes()), int64(archive.Len())); !errors.Is(err, ErrSnapshot) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(os.TempDir(), "escaped")); err == nil {
		t.Error("a file was written elsewhere")
	}
}

func TestOpenRefuses(t *testing.T) {
	x := newIndex(t, three)
	var kept bytes.Buffer
	if err := x.Snapshot(&kept); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	whole := kept.Bytes()
	altered := bytes.Clone(whole)
	altered[len(altered)/2] ^= 0xff
	for name, data := range map[string][]byte{"nothing": nil, "text": []byte("bonjour"), "half": whole[:len(whole)/2], "altered": altered} {
		if y, err := Open(bytes.NewReader(data), int64(len(data))); !errors.Is(err, ErrSnapshot) {
			t.Errorf("%s: %v", name, err)
			if y != nil {
				_ = y.Close()
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "*")); len(left) > 0 {
		t.Errorf("folders are left: %v", left)
	}
}

// TestHostile asks what no person would; it must be answered like any query.
func TestHostile(t *testing.T) {
	x := newIndex(t, demo(t))
	for _, text := range []string{
		strings.Repeat("transition ", 10_000), strings.Repeat("a", 100_000), strings.Repeat(`"eau" `, 1000), strings.Repeat("é-", 5000),
		`+title:eau -body:* ~2 ^1e999 {[(/.*/)]} AND OR NOT`, "\x00\x01\x1f\x7f", "\xff\xfe\xfd", "e\u0301te\u0301", `"`, `""`, `"""`, "«»", "* ? ~ \\", "\u202e\u200b", "0", "l’", "·", "-", "- -", "<script>alert(1)</script>", "'; DROP TABLE",
	} {
		if _, err := x.Search(t.Context(), Query{Text: text, Limit: -5, Offset: -5, Kind: text, Cohort: text}); err != nil {
			t.Errorf("%.40q: %v", text, err)
		}
		if result, err := x.Search(t.Context(), Query{Text: text, Limit: 1 << 30}); err != nil || len(result.Hits) > maxLimit {
			t.Errorf("%.40q: %d hits, %v", text, len(result.Hits), err)
		}
	}
	if _, err := x.Search(t.Context(), Query{Fundamental: -3, Dimension: 99, Offset: 1 << 40}); err != nil {
		t.Error(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := x.Search(stopped, Query{Text: "eau"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a search that nobody waits for: %v", err)
	}
}

// FuzzSearch holds that no text is an error, nor escapes its snippet.
func FuzzSearch(f *testing.F) {
	x := newIndex(f, append([]Document{{Slug: "x", Title: "x", Summary: "<script>x & y</script>", Body: "l’été «a-t-il» éco-quartier"}}, three...))
	for _, w := range asPeopleType {
		f.Add(w.text, w.text)
	}
	f.Fuzz(func(t *testing.T, text, body string) {
		if err := x.Put(Document{Slug: "fuzzed", Body: body}); err != nil {
			t.Fatal(err)
		}
		result, err := x.Search(t.Context(), Query{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		for _, hit := range result.Hits {
			plain := strings.NewReplacer("<mark>", "", "</mark>", "").Replace(string(hit.Snippet))
			if strings.ContainsAny(plain, `<>"'`) {
				t.Errorf("%q: %q", text, hit.Snippet)
			}
		}
	})
}

// TestDeterministic holds that replicas that learnt the same in another order
// answer alike.
func TestDeterministic(t *testing.T) {
	docs := demo(t)
	reversed := slices.Clone(docs)
	slices.Reverse(reversed)
	x, y := newIndex(t, docs), newIndex(t, reversed)
	for _, w := range asPeopleType {
		a, b := slugs(t, x, Query{Text: w.text}), slugs(t, y, Query{Text: w.text})
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%s: %v and %v", w.text, a, b)
		}
	}
}
