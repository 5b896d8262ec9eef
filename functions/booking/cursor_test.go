package booking

import (
	"net/http"
	"slices"
	"testing"
)

// TestCursorsOfListsBegun: a list goes on days later, from where it was; it
// takes neither the cursor of another nor one out of its days. What the engine
// of tests lets pass, Amazon's does not.
func TestCursorsOfListsBegun(t *testing.T) {
	w := newWorld(t)
	for n := range 4 {
		in := w.inTwoDays(2)
		in.StartsAt, in.EndsAt = moment{in.StartsAt.AddDate(0, 0, n-2)}, moment{in.EndsAt.AddDate(0, 0, n-2)}
		if _, err := w.plan(w.team(), in, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, slug := range []string{"a", "b"} {
		if err := w.openSeries(w.team(), series{Workshop, slug, "Série", "2026-02-01", ""}, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	var first, rest sessionPage
	var all seriesPage
	w.call(http.StatusOK, "GET", "/v1/sessions?limit=1", nil, &first)
	w.call(http.StatusOK, "GET", "/v1/series?limit=1", nil, &all)
	w.Clock.Set(w.Clock.Now().AddDate(0, 0, 3))
	w.call(http.StatusOK, "GET", "/v1/sessions?cursor="+first.NextCursor, nil, &rest)
	if len(rest.Items) != 3 {
		t.Errorf("three days later the list goes on with %d sessions, not 3", len(rest.Items))
	}
	w.call(http.StatusOK, "GET", "/agenda?cursor="+first.NextCursor, nil, nil, "Accept", "text/html")
	for _, path := range []string{
		"/v1/sessions?cursor=" + all.NextCursor,
		"/v1/series?cursor=" + first.NextCursor,
		"/v1/sessions?from=2027-01-01&cursor=" + first.NextCursor,
		"/v1/sessions?to=2026-01-01&cursor=" + first.NextCursor,
	} {
		if got := w.locations("GET", path, nil); !slices.Equal(got, []string{"query.cursor"}) {
			t.Errorf("%s: %v", path, got)
		}
	}
	if got := w.locations("GET", "/v1/sessions?from=2026-03-02&to=2026-03-01", nil); !slices.Equal(got, []string{"query.to"}) {
		t.Errorf("days the wrong way round: %v", got)
	}
	w.call(http.StatusOK, "GET", "/v1/sessions?from=2026-03-02&to=2026-03-02", nil, nil)
}
