package host

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// dead are the dead letters as a developer reads them; functions must be given
// the same number.
func dead(t *testing.T, h *Host, g *guestbook) (list []letter) {
	t.Helper()
	if err := json.Unmarshal(call(t, h, "GET", "/_dev/dead-letters", "").Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if n, err := g.rt.DeadLetters.Count(t.Context()); err != nil || n != len(list) {
		t.Errorf("%d are counted (%v), and there are %d", n, err, len(list))
	}
	return list
}

// hourly lets the schedule come due, and waits until it has run so often.
func hourly(t *testing.T, h *Host, g *guestbook, hour string, runs int) {
	t.Helper()
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/clock", `{"now":"2031-05-04T`+hour+`:59:59.9Z"}`))
	waitFor(t, "the schedule", func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return len(g.due) == runs
	})
}

// A run that fails is tried again, as on AWS, and what goes on failing is kept.
func TestSchedulesThatGoOnFailingAreDeadLetters(t *testing.T) {
	h, g := open(t, Options{})
	g.fails = scheduleRuns - 1
	hourly(t, h, g, "10", scheduleRuns)
	if list := dead(t, h, g); len(list) != 0 {
		t.Errorf("it went well at last, and is given up: %+v", list)
	}
	g.mu.Lock()
	g.fails = 1000
	g.mu.Unlock()
	hourly(t, h, g, "12", 2*scheduleRuns)
	waitFor(t, "the letter", func() bool { return len(h.letters.all()) > 0 })
	list := dead(t, h, g)
	if len(list) != 1 || list[0].Function != "guestbook" || list[0].Schedule != "hourly" || list[0].Due.Format(time.RFC3339) != "2031-05-04T13:00:00Z" || list[0].Table != "" {
		t.Errorf("%+v", list)
	}
}

// Letters stay over a restart, as the change does not come again, until
// somebody has dealt with them.
func TestDeadLettersStayUntilTheyAreDealtWith(t *testing.T) {
	data := t.TempDir()
	h, g := open(t, Options{DataDir: data})
	g.refuses["jamais"] = 1000
	must(t, http.StatusCreated, call(t, h, "POST", "/v1/notes", `{"text":"jamais"}`))
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/settle", ""))
	before := dead(t, h, g)
	h.Close()

	h, g = open(t, Options{DataDir: data})
	after := dead(t, h, g)
	if len(before) != 1 || len(after) != 1 || !after[0].At.Equal(before[0].At) || after[0].EventID != before[0].EventID {
		t.Errorf("before %+v, after %+v", before, after)
	}
	must(t, http.StatusNoContent, call(t, h, "DELETE", "/_dev/dead-letters", ""))
	h.Close()

	h, g = open(t, Options{DataDir: data})
	if list := dead(t, h, g); len(list) != 0 {
		t.Errorf("they are back: %+v", list)
	}
}
