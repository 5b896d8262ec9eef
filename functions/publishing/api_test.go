package publishing

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// TestAResourceIsWrittenPublishedAndWithdrawn is its life, as each sees it.
func TestAResourceIsWrittenPublishedAndWithdrawn(t *testing.T) {
	w := newWorld(t)
	var made resource
	headers := w.team(201, "POST", "/v1/resources", article("L’été des récits"), &made)
	if made.Slug != "l-ete-des-recits" || made.Status != "draft" || made.Revision != 1 || headers.Get("ETag") != `"1"` ||
		headers.Get("Location") != "/v1/resources/l-ete-des-recits" || !strings.HasPrefix(made.ID, "res_") {
		t.Errorf("%+v %v", made, headers)
	}
	if fmt.Sprint(made.Fundamentals) != "[1 2]" || made.BodyHTML != "<h2>Un titre</h2>\n<p>Un <em>texte</em>.</p>\n" || made.Licence != "CC BY-SA 4.0" || made.Language != "fr" {
		t.Errorf("%+v", made)
	}
	path := "/v1/resources/" + made.Slug
	w.call(404, "GET", path, nil, nil)
	w.team(200, "GET", path, nil, &made)
	if made.Body == "" {
		t.Error("the team does not see its Markdown")
	}
	w.call(401, "GET", path, nil, nil, "Authorization", "Bearer x")
	var page resourcePage
	w.call(200, "GET", "/v1/resources", nil, &page)
	if len(page.Items) != 0 || len(w.facts("resource.published.v1")) != 0 {
		t.Errorf("a draft is listed: %+v", page)
	}

	w.team(200, "POST", path+"/publish", nil, &made)
	if made.Status != "published" || made.PublishedOn != "2026-03-10" {
		t.Errorf("%+v", made)
	}
	w.team(200, "POST", path+"/publish", nil, &made)
	if facts := w.facts("resource.published.v1"); len(facts) != 1 || made.Revision != 2 {
		t.Errorf("published twice: %v, revision %d", facts, made.Revision)
	}
	made = resource{}
	headers = w.call(200, "GET", path, nil, &made)
	if made.Body != "" || fmt.Sprint(made.Sessions) != "[ses_1]" || made.Series != "recits" || made.Cohort != "occitanie" {
		t.Errorf("%+v", made)
	}
	w.call(304, "GET", path, nil, nil, "If-None-Match", headers.Get("ETag"))
	w.call(200, "GET", path, nil, nil, "If-None-Match", `"1"`)
	for _, query := range []string{"", "?kind=article", "?fundamental=2", "?dimension=4", "?series=recits", "?cohort=occitanie", "?q=recit+d%27ete", "?q=recti", "?kind=article&q=texte"} {
		w.call(200, "GET", "/v1/resources"+query, nil, &page)
		if len(page.Items) != 1 || page.Items[0].Slug != made.Slug || page.Items[0].BodyHTML == "" {
			t.Errorf("%s: %+v", query, page)
		}
	}
	for _, query := range []string{"?kind=podcast", "?fundamental=3", "?series=autres", "?q=charbon"} {
		w.call(200, "GET", "/v1/resources"+query, nil, &page)
		if len(page.Items) != 0 {
			t.Errorf("%s: %+v", query, page)
		}
	}

	w.team(200, "POST", path+"/withdraw", nil, &made)
	w.call(410, "GET", path, nil, nil)
	w.call(200, "GET", "/v1/resources?q=recits", nil, &page)
	if facts := w.facts("resource.withdrawn.v1"); len(page.Items) != 0 || len(facts) != 1 {
		t.Errorf("withdrawn: %+v %v", page, facts)
	}
	w.team(200, "POST", path+"/publish", nil, &made)
	w.call(200, "GET", "/v1/resources?q=recits", nil, &page)
	if len(page.Items) != 1 {
		t.Error("published again, it is not found")
	}
	var versions versionPage
	w.team(200, "GET", path+"/versions", nil, &versions)
	var actions []string
	for _, v := range versions.Items {
		actions = append(actions, v.Action+" by "+v.By)
	}
	if fmt.Sprint(actions) != "[published by member-1 withdrawn by member-1 published by member-1 created by member-1]" {
		t.Error(actions)
	}
	w.call(401, "GET", path+"/versions", nil, nil)
	if trail := w.Dump(function.Audit); len(trail) != 4 {
		t.Errorf("%d entries in the trail", len(trail))
	}
	w.factsAreAsPublished()
}

// factsAreAsPublished holds each fact to its schema.
func (w *world) factsAreAsPublished() {
	w.t.Helper()
	compiler, seen := jsonschema.NewCompiler(), 0
	for _, item := range w.Dump(function.Ledger) {
		event, err := jsonschema.UnmarshalJSON(strings.NewReader(item["event"].(string)))
		if err != nil {
			w.t.Fatal(err)
		}
		schema, err := compiler.Compile("../../events/" + event.(map[string]any)["type"].(string) + ".schema.json")
		if err != nil {
			w.t.Fatal(err)
		}
		if err := schema.Validate(event); err != nil {
			w.t.Error(err)
		}
		seen++
	}
	if seen == 0 {
		w.t.Error("no fact was stated")
	}
}

// TestEveryFaultIsToldAtOnce and nothing is written.
func TestEveryFaultIsToldAtOnce(t *testing.T) {
	w := newWorld(t)
	got := w.locations("POST", "/v1/resources", map[string]any{
		"kind": "poème", "title": " ", "slug": "É", "body": strings.Repeat(">", 100), "authors": []string{"a@b.fr"}, "published_on": "hier",
		"language": "français", "fundamentals": []int{5}, "narrative_dimensions": []int{0}, "series": "inconnue", "cohort": "inconnue",
		"sessions": []string{"ses_9"}, "url": "javascript:alert(1)", "audio": map[string]any{"media": "med_9"}, "episode": -1,
	})
	want := []string{"body.audio.media", "body.audio.seconds", "body.authors", "body.body", "body.cohort", "body.episode", "body.fundamentals", "body.kind",
		"body.language", "body.narrative_dimensions", "body.published_on", "body.series", "body.sessions", "body.slug", "body.title", "body.url"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, not\n%v", got, want)
	}
	if items := w.Dump(function.Library); len(items) != 0 {
		t.Errorf("%v", items)
	}
	if got := w.locations("POST", "/v1/resources", `{"kind":"video","title":5,"authors":"x","audio":{"url":"https://ex.fr/a.mp3"}}`); !slices.Equal(got,
		[]string{"body.audio.bytes", "body.audio.mime", "body.audio.seconds", "body.authors", "body.title"}) {
		t.Error(got)
	}
	var empty resource
	w.team(201, "POST", "/v1/resources", map[string]any{"kind": "video", "title": "Vide", "published_on": "2026-03-11"}, &empty)
	if got := w.locations("POST", "/v1/resources/vide/publish", nil); !slices.Equal(got, []string{"body.body", "body.published_on"}) {
		t.Error(got)
	}
	for _, query := range []string{"?kind=x", "?fundamental=5", "?dimension=0", "?limit=101", "?cursor=x", "?series=É", "?q=" + strings.Repeat("a", 201), "?q=a&cursor=x"} {
		w.call(422, "GET", "/v1/resources"+query, nil, nil)
	}
}

// TestTheSameRequestMakesOneResource and slugs stay apart and stable.
func TestTheSameRequestMakesOneResource(t *testing.T) {
	w := newWorld(t)
	var first, again, other resource
	w.team(201, "POST", "/v1/resources", article("Un titre"), &first, "Idempotency-Key", "1")
	w.team(201, "POST", "/v1/resources", article("Un titre"), &again, "Idempotency-Key", "1")
	w.team(422, "POST", "/v1/resources", article("Un autre"), nil, "Idempotency-Key", "1")
	w.team(201, "POST", "/v1/resources", article("Un titre"), &other)
	if first.ID != again.ID || other.Slug != "un-titre-2" {
		t.Errorf("%s %s %s", first.ID, again.ID, other.Slug)
	}
	chosen := article("Un titre")
	chosen["slug"] = "un-titre"
	w.team(409, "POST", "/v1/resources", chosen, nil)
	w.team(201, "POST", "/v1/resources", article("Nouvelle"), &other)
	chosen["slug"] = "nouvelle" // as the page with the form of a resource
	if got := w.locations("POST", "/v1/resources", chosen); !slices.Equal(got, []string{"body.slug"}) || other.Slug != "nouvelle-2" {
		t.Errorf("%s %v", other.Slug, got)
	}
	w.team(200, "PATCH", "/v1/resources/un-titre", map[string]any{"title": "Tout autre chose"}, &again)
	if again.Slug != "un-titre" || again.Title != "Tout autre chose" {
		t.Errorf("%+v", again)
	}
}

// TestWhoReadSomethingElseIsToldWhatChanged by If-Match.
func TestWhoReadSomethingElseIsToldWhatChanged(t *testing.T) {
	w := newWorld(t)
	made := w.publishedArticle("Un titre")
	path := "/v1/resources/" + made.Slug
	w.Clock.Set(w.Clock.Now().Add(time.Minute))
	w.team(200, "PATCH", path, map[string]any{"summary": "Autre", "fundamentals": []int{3}}, &made, "If-Match", `"2"`)
	var problem web.Problem
	w.team(412, "PATCH", path, map[string]any{"title": "Perdu"}, &problem, "If-Match", `"2"`)
	var said []string
	for _, e := range problem.Errors {
		said = append(said, e.Location+" "+e.Message)
	}
	if problem.Code != "changed-meanwhile" || fmt.Sprint(said) != "[body.summary Vaut maintenant « Autre ». body.fundamentals A changé.]" {
		t.Errorf("%+v %v", problem, said)
	}
	w.team(412, "PATCH", path, map[string]any{"title": "Perdu"}, nil, "If-Match", `"abc"`)
	w.team(412, "POST", path+"/withdraw", nil, nil, "If-Match", `"1"`)
	w.team(200, "PATCH", path, map[string]any{"title": "Gagné"}, &made, "If-Match", `"9", "3"`)
	w.team(200, "PATCH", path, map[string]any{"title": "Gagné"}, &made, "If-Match", "*")
	if made.Revision != 4 || made.Title != "Gagné" {
		t.Errorf("the same again makes a version: %+v", made)
	}
	if facts := w.facts("resource.published.v1"); len(facts) != 2 || facts[1]["data"].(map[string]any)["corrects"] != facts[0]["id"] {
		t.Errorf("%v", facts)
	}
	w.team(200, "PATCH", path, map[string]any{"published_on": "2025-12-31"}, &made)
	w.factsAreAsPublished()
	facts := w.facts("resource.published.v1")
	if last := facts[slices.IndexFunc(facts, func(f map[string]any) bool { return f["data"].(map[string]any)["published_on"] == "2025-12-31" })]; last["time"] != "2025-12-31T11:00:00Z" {
		t.Errorf("%v", last)
	}
}

// TestChangesAtOnce: with the same tag, one wins; without, none is lost.
func TestChangesAtOnce(t *testing.T) {
	w := newWorld(t)
	made := w.publishedArticle("Un titre")
	path := "/v1/resources/" + made.Slug
	race := func(headers ...string) map[int]int {
		statuses, mu, group := map[int]int{}, sync.Mutex{}, sync.WaitGroup{}
		fields := []map[string]any{{"title": "A"}, {"summary": "B"}, {"body": "C"}, {"language": "en"}, {"licence": "CC0 1.0"}, {"authors": []string{"D"}}}
		for _, field := range fields {
			headers := append(append([]string{}, headers...), w.Bearer("team")...)
			group.Go(func() {
				answer := w.Do(w.running, "PATCH", path, field, headers...)
				mu.Lock()
				defer mu.Unlock()
				statuses[answer.Code]++
			})
		}
		group.Wait()
		return statuses
	}
	if got := race("If-Match", `"2"`); got[200] != 1 || got[412] != 5 {
		t.Errorf("with one tag: %v", got)
	}
	if got := race(); got[200] != 6 {
		t.Errorf("without: %v", got)
	}
	w.team(200, "GET", path, nil, &made)
	if made.Title != "A" || made.Summary != "B" || made.Body != "C" || made.Language != "en" || made.Licence != "CC0 1.0" || fmt.Sprint(made.Authors) != "[D]" {
		t.Errorf("something is lost: %+v", made)
	}
	// Every change is in the log once, in one order, and the index has followed.
	last, err := w.lastChange(t.Context())
	if err != nil || int(last) != made.Revision-1 {
		t.Errorf("%d in the log, revision %d: %v", last, made.Revision, err)
	}
	var page resourcePage
	w.call(200, "GET", "/v1/resources?q=C", nil, &page)
	if len(page.Items) != 1 {
		t.Errorf("%+v", page)
	}
}

// TestAPageIsReadToTheEnd by its cursor, each resource once.
func TestAPageIsReadToTheEnd(t *testing.T) {
	w := newWorld(t)
	for n := range 7 {
		w.publishedArticle(fmt.Sprintf("Récit %d", n))
		w.Clock.Set(w.Clock.Now().Add(24 * time.Hour))
	}
	for _, query := range []string{"?limit=3", "?limit=3&q=recit", "?limit=3&kind=article"} {
		var seen []string
		for cursor := ""; ; {
			var page resourcePage
			w.call(http.StatusOK, "GET", "/v1/resources"+query+cursor, nil, &page)
			for _, item := range page.Items {
				seen = append(seen, item.Slug)
			}
			if page.NextCursor == "" {
				break
			}
			cursor = "&cursor=" + page.NextCursor
		}
		if len(seen) != 7 || seen[0] != "recit-6" || seen[6] != "recit-0" {
			t.Errorf("%s: %v", query, seen)
		}
	}
}
