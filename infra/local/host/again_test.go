package host

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// What was given up is run again from where it was in the stream, as often as
// it takes, and then no longer waits; what was told to the function meanwhile
// is not told again.
func TestDeadLettersAreRunAgain(t *testing.T) {
	h, g := open(t, Options{})
	g.refuses["jamais"] = maxAttempts + 1
	for _, text := range []string{"avant", "jamais", "après"} {
		must(t, http.StatusCreated, call(t, h, "POST", "/v1/notes", `{"text":"`+text+`"}`))
	}
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/settle", ""))
	letters := g.rt.DeadLetters
	first, err := letters.List(t.Context())
	if err != nil || len(first) != 1 || first[0].Table != function.Allies || first[0].Until.IsZero() {
		t.Fatalf("%+v, %v", first, err)
	}
	if err := letters.RunAgain(t.Context(), first[0].ID); err != nil {
		t.Fatal(err)
	}
	second, err := letters.List(t.Context())
	if err != nil || len(second) != 1 || second[0].ID == first[0].ID || slices.Contains(g.all(), "jamais") {
		t.Fatalf("it failed again, and there are %+v, %v", second, err)
	}
	if err := letters.RunAgain(t.Context(), first[0].ID); !errors.Is(err, function.ErrNoLetter) {
		t.Errorf("the first letter again: %v", err)
	}
	if err := letters.RunAgain(t.Context(), second[0].ID); err != nil {
		t.Fatal(err)
	}
	heard := slices.DeleteFunc(g.all(), func(s string) bool { return len(s) > 6 && s[:6] == "ledger" })
	if want := []string{"avant", "après", "jamais"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	if n, err := letters.Count(t.Context()); n != 0 || err != nil {
		t.Errorf("%d still wait, %v", n, err)
	}
}

func TestSchedulesAreRunAgain(t *testing.T) {
	h, g := open(t, Options{})
	g.fails = scheduleRuns
	hourly(t, h, g, "10", scheduleRuns)
	waitFor(t, "the letter", func() bool { return len(h.letters.all()) > 0 })
	list, err := g.rt.DeadLetters.List(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := g.rt.DeadLetters.RunAgain(t.Context(), list[0].ID); err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.due) != scheduleRuns+1 || !g.due[scheduleRuns].Equal(g.due[0]) || len(h.letters.all()) != 0 {
		t.Errorf("ran for %v, and %+v wait", g.due, h.letters.all())
	}
}
