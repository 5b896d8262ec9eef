package booking

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

const recits = `{"kind":"workshop","slug":"recits","name":"Récits","active_from":"2026-01-01"}`

// openings are the facts about series, in the order of the ledger.
func (w *world) openings() (found []openedFact) {
	w.t.Helper()
	for _, item := range w.Dump(function.Ledger) {
		_, id, _ := strings.Cut(item["sk"].(string), "#")
		found = append(found, fact[openedFact](w, id))
	}
	return found
}

// TestASeriesIsOpenedOnce however often it is asked for, and its fact is of
// the morning of its first day in Paris.
func TestASeriesIsOpenedOnce(t *testing.T) {
	w := newWorld(t)
	team := w.Bearer("team")
	w.call(http.StatusCreated, "POST", "/v1/series", recits, nil, append(team, "Idempotency-Key", "k")...)
	w.call(http.StatusCreated, "POST", "/v1/series", recits, nil, append(team, "Idempotency-Key", "k")...)
	w.call(http.StatusCreated, "POST", "/v1/series", recits, nil, team...)
	w.call(http.StatusUnprocessableEntity, "POST", "/v1/series", strings.Replace(recits, "Récits", "R", 1), nil, append(team, "Idempotency-Key", "k")...)
	w.call(http.StatusConflict, "POST", "/v1/series", strings.Replace(recits, "2026", "2025", 1), nil, team...)
	w.call(http.StatusConflict, "POST", "/v1/series", strings.Replace(recits, "}", `,"active_to":"2026-12-31"}`, 1), nil, team...)
	facts := w.Dump(function.Ledger)
	if len(facts) != 1 || facts[0]["pk"] != "series.opened.v1#2026" || !strings.HasPrefix(facts[0]["sk"].(string), "2025-12-31T23:00:00Z#") {
		t.Errorf("%v", facts)
	}
	w.checkFacts()
}

func TestASeriesChanges(t *testing.T) {
	w := newWorld(t)
	team := w.Bearer("team")
	w.call(http.StatusCreated, "POST", "/v1/series", recits, nil, append(team, "Idempotency-Key", "k")...)
	w.call(http.StatusNotFound, "PATCH", "/v1/series/nulle-part", `{}`, nil, team...)
	w.call(http.StatusUnauthorized, "PATCH", "/v1/series/recits", `{}`, nil)
	w.call(http.StatusForbidden, "PATCH", "/v1/series/recits", `{}`, nil, w.Bearer("readers")...)
	if got := w.locations("PATCH", "/v1/series/recits", `{"name":" ","active_to":"2025-12-31"}`, team...); !slices.Equal(got, []string{"body.active_to", "body.name"}) {
		t.Errorf("%v", got)
	}
	var changed series
	w.call(http.StatusOK, "PATCH", "/v1/series/recits", `{"name":"Récits de territoire"}`, &changed, team...)
	if n := len(w.openings()); n != 1 || changed.Name != "Récits de territoire" || changed.ActiveFrom != "2026-01-01" {
		t.Errorf("%d facts, %+v", n, changed)
	}
	for range 2 {
		w.call(http.StatusOK, "PATCH", "/v1/series/recits", `{"active_to":"2026-06-30"}`, &changed, team...)
	}
	w.call(http.StatusCreated, "POST", "/v1/series", recits, nil, append(team, "Idempotency-Key", "k")...) // as it was answered then
	w.call(http.StatusConflict, "POST", "/v1/series", recits, nil, team...)
	facts := w.openings()
	if len(facts) != 2 || facts[0].ActiveTo+facts[1].ActiveTo != "2026-06-30" || facts[0].Corrects+facts[1].Corrects == "" {
		t.Errorf("%+v", facts)
	}
	changed = series{}
	w.call(http.StatusOK, "PATCH", "/v1/series/recits", `{"active_to":""}`, &changed, team...)
	if changed.ActiveTo != "" || len(w.openings()) != 3 || len(w.Dump(function.Audit)) != 4 {
		t.Errorf("%+v, %d facts, %d entries", changed, len(w.openings()), len(w.Dump(function.Audit)))
	}
	w.checkFacts()
}

// TestTwoChangesOfASeriesAtOnce leave one line of facts, each correcting the
// one before.
func TestTwoChangesOfASeriesAtOnce(t *testing.T) {
	w := newWorld(t)
	if err := w.openSeries(w.team(), series{Workshop, "recits", "Récits", "2026-01-01", ""}, "", nil); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			day := time.Date(2026, time.June, n+1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
			_, err := w.changeSeries(w.team(), "recits", seriesChange{ActiveTo: &day}, &fault.Fields{})
			if err != nil && !fault.Is(err, "changed-meanwhile") {
				t.Error(err)
			}
		})
	}
	group.Wait()
	corrected := map[string]bool{}
	for _, f := range w.openings() {
		if corrected[f.Corrects] {
			t.Errorf("two facts correct %q", f.Corrects)
		}
		corrected[f.Corrects] = true
	}
	if len(corrected) < 2 {
		t.Error("nothing changed")
	}
}

// TestAFormOfASeriesChangesOnlyWhatWasTyped: two who opened the same form do
// not undo each other, and learn of it when they typed into the same field.
func TestAFormOfASeriesChangesOnlyWhatWasTyped(t *testing.T) {
	d := newDesk(t)
	stands := series{Workshop, "recits", "Récits", "2026-01-01", ""}
	if err := d.openSeries(d.team(), stands, "", nil); err != nil {
		t.Fatal(err)
	}
	const path = teamSeries + "/recits"
	d.says(200, path, nil, `name="was.name" value="Récits"`, `name="was.active_to" value=""`)
	opened := func(name, value string) url.Values {
		values := seriesShown(stands)
		values.Set(name, value)
		return values
	}
	now := func() series {
		of, err := d.storedSeries(t.Context(), "recits")
		if err != nil {
			t.Fatal(err)
		}
		return of
	}
	d.says(303, path, opened("name", "Récits de territoire"))
	d.says(303, path, opened("active_to", "2026-06-30"))
	if got := now(); got.Name != "Récits de territoire" || got.ActiveTo != "2026-06-30" {
		t.Errorf("%+v", got)
	}
	mine := opened("name", "Récits et mises en récit")
	_, page := d.says(409, path, mine, `id="name-fault"`, "« Récits de territoire »", `value="Récits et mises en récit"`, `name="was.name" value="Récits de territoire"`, `value="2026-06-30"`)
	if got := now(); got.Name != "Récits de territoire" || strings.Contains(page, `id="active_to-fault"`) {
		t.Errorf("%+v", got)
	}
	mine.Set("was.name", "Récits de territoire")
	d.says(303, path, mine)
	if got := now(); got.Name != "Récits et mises en récit" || got.ActiveTo != "2026-06-30" {
		t.Errorf("%+v", got)
	}
}

func TestSeriesAreListedInPages(t *testing.T) {
	w := newWorld(t)
	for _, in := range []series{{Workshop, "b", "B", "2026-02-01", ""}, {Community, "a", "A", "2026-03-01", "2026-04-01"}, {Workshop, "c", "C", "2025-01-01", ""}} {
		if err := w.openSeries(w.team(), in, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	order, cursor := "", ""
	for range 4 {
		var page seriesPage
		w.call(http.StatusOK, "GET", "/v1/series?limit=1&cursor="+cursor, nil, &page)
		for _, item := range page.Items {
			order += item.Slug
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if order != "cba" {
		t.Error(order)
	}
	if got := w.locations("GET", "/v1/series?limit=0", nil); len(got) != 1 {
		t.Errorf("%v", got)
	}
}
