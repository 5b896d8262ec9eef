package publishing

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// another opens the function again on the same tables, as Lambda starts a
// second copy, and returns the slugs that it finds.
func (w *world) another(query string) (slugs []string) {
	w.t.Helper()
	copied := *w
	copied.running = w.Open(Function)
	var page resourcePage
	copied.call(200, "GET", "/v1/resources?"+query, nil, &page)
	for _, item := range page.Items {
		slugs = append(slugs, item.Slug)
	}
	slices.Sort(slugs)
	return slugs
}

// TestTheIndexIsBuiltAgain from the table when it is lost, torn, of another
// table or stale; a good snapshot spares the reading of the library.
func TestTheIndexIsBuiltAgain(t *testing.T) {
	w := newWorld(t)
	for n := range 5 {
		w.publishedArticle(fmt.Sprintf("Récit %d", n))
	}
	w.team(200, "POST", "/v1/resources/recit-4/withdraw", nil, nil)
	want := "[recit-0 recit-1 recit-2 recit-3]"
	if got := fmt.Sprint(w.another("q=recit")); got != want {
		t.Errorf("without a snapshot: %s", got)
	}
	if err := w.saveIndex(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	read, _ := w.Units(func() {
		if got := fmt.Sprint(w.another("q=recit&limit=1")); got == "[]" {
			t.Errorf("from the snapshot: %s", got)
		}
	})
	if read > 4 {
		t.Errorf("a good snapshot costs %v read units", read)
	}
	// Stale: what came since is followed.
	w.publishedArticle("Récit 5")
	w.team(200, "POST", "/v1/resources/recit-0/withdraw", nil, nil)
	w.team(200, "PATCH", "/v1/resources/recit-1", map[string]any{"title": "Conte un", "summary": "Rien.", "series": "", "body": ""}, nil)
	if got := fmt.Sprint(w.another("q=recit")); got != "[recit-2 recit-3 recit-5]" {
		t.Errorf("from a stale snapshot: %s", got)
	}
	if got := fmt.Sprint(w.another("q=conte")); got != "[recit-1]" {
		t.Errorf("from a stale snapshot: %s", got)
	}
	// Torn, and lost.
	if err := w.bucket.Write(t.Context(), snapshotKey, "application/zip", []byte("PK torn")); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(w.another("q=recit")); got != "[recit-2 recit-3 recit-5]" {
		t.Errorf("from a torn snapshot: %s", got)
	}
	if err := w.bucket.Delete(t.Context(), snapshotKey); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(w.another("q=recit")); got != "[recit-2 recit-3 recit-5]" {
		t.Errorf("from none: %s", got)
	}
	// Of another table: one that is ahead of the log.
	index, err := w.fresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := index.Put(); err != nil {
		t.Fatal(err)
	}
	if err := index.SetVersion(999); err != nil {
		t.Fatal(err)
	}
	if err := index.Remove("recit-2"); err != nil {
		t.Fatal(err)
	}
	if err := w.saveIndex(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(w.another("q=recit")); got != "[recit-2 recit-3 recit-5]" {
		t.Errorf("from a snapshot of another table: %s", got)
	}
}

// TestUnitsOfEachAction asserts what docs/data-model.md says.
func TestUnitsOfEachAction(t *testing.T) {
	w := newWorld(t)
	w.publishedArticle("Un titre")
	w.call(200, "GET", "/v1/resources?q=titre", nil, nil) // the index stands
	plain := map[string]any{"kind": "article", "title": "Simple", "summary": "Un résumé."}
	browser := w.Browser(auth.RoleTeam)
	page := func(path string) func() { return func() { w.Shows(w.running, browser, 200, path, nil) } }
	for _, action := range []struct {
		name        string
		do          func()
		read, write float64
	}{
		{"write a draft", func() { w.team(201, "POST", "/v1/resources", plain, nil) }, 0, 8},
		{"the same, linked to a series, a cohort and a session", func() { w.team(201, "POST", "/v1/resources", article("Lié"), nil) }, 3, 8},
		{"publish", func() { w.team(200, "POST", "/v1/resources/simple/publish", nil, nil) }, 2, 15},
		{"change what is published", func() {
			w.team(200, "PATCH", "/v1/resources/simple", map[string]any{"summary": "Autre."}, nil)
		}, 2, 14},
		{"withdraw", func() { w.team(200, "POST", "/v1/resources/simple/withdraw", nil, nil) }, 2, 16},
		{"see a resource", func() { w.call(200, "GET", "/v1/resources/un-titre", nil, nil) }, 1, 0},
		{"list all", func() { w.call(200, "GET", "/v1/resources", nil, nil) }, 0.5, 0},
		{"search, and follow two changes", func() { w.call(200, "GET", "/v1/resources?q=titre", nil, nil) }, 3, 0},
		{"search, nothing new", func() { w.call(200, "GET", "/v1/resources?q=titre", nil, nil) }, 2, 0},
		{"the team’s list", func() { w.team(200, "GET", "/v1/library", nil, nil) }, 0.5, 0},
		{"the team’s list, on its page", page("/equipe/ressources"), 1.5, 0},
		{"the form of a resource", page("/equipe/ressources/nouvelle"), 2, 0},
		{"a resource, with its versions", page("/equipe/ressources/simple"), 2, 0},
		{"one of its versions", page("/equipe/ressources/simple/versions/1"), 3.5, 0},
		{"announce a file", func() { w.announceFile("audio/wav", wav(1)) }, 0, 6},
		{"check it", func() { w.team(200, "POST", "/v1/media/"+w.lastFile()+"/complete", nil, nil) }, 1, 6},
		{"the list of files", page("/equipe/fichiers"), 1.5, 0},
	} {
		read, write := w.Units(action.do)
		t.Logf("| %s | %v | %v |", action.name, read, write)
		local := os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" && read <= action.read // it counts indexes twice
		if !local && (read != action.read || write != action.write) {
			t.Errorf("%s: %v read, %v write, instead of %v and %v", action.name, read, write, action.read, action.write)
		}
	}
}

// TestAPageCostsTheSameWhateverTheLibrarysSize: of 20 resources, listed or found.
func TestAPageCostsTheSameWhateverTheLibrarysSize(t *testing.T) {
	costs := map[string][]float64{}
	w := newWorld(t)
	library := 0
	for _, size := range []int{25, 250} {
		for ; library < size; library++ {
			item := resourceItem{ID: w.newID("res"), Slug: fmt.Sprintf("recit-%03d", library), State: published, Revision: 1, Fact: "fact", CreatedAt: w.Clock.Now(), UpdatedAt: w.Clock.Now()}
			item.take(resourceInput{Kind: Article, Title: "Récit", Summary: "Un résumé.", PublishedOn: "2026-03-01", Language: "fr", Fundamentals: []int{1}}, nil)
			item.Key = resourceKey(item.Slug)
			item.place()
			w.put(w.table, item)
			w.put(w.table, logItem{logKey(int64(library) + 1), item.Slug})
		}
		w.call(200, "GET", "/v1/resources?q=recit", nil, nil)
		for _, query := range []string{"", "?q=recit", "?fundamental=1", "?kind=article&fundamental=1"} {
			read, _ := w.Units(func() { w.call(200, "GET", "/v1/resources"+query, nil, nil) })
			costs[query] = append(costs[query], read)
		}
	}
	t.Log(costs)
	for query, both := range costs {
		if both[0] != both[1] || both[1] > 21 {
			t.Errorf("%s: %v read units", query, both)
		}
	}
	if n := len(w.Dump(function.Library)); n != 500 {
		t.Errorf("%d items: the test measures something else", n)
	}
}
