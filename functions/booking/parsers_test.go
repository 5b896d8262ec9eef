package booking

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

// reading is what a parser reads in a calendar.
type reading struct {
	Method string      `json:"method"`
	Zones  []string    `json:"zones"`
	Events []readEvent `json:"events"`
}

type readEvent struct {
	UID      string `json:"uid"`
	Sequence int    `json:"sequence"`
	Status   string `json:"status"`
	Summary  string `json:"summary"`
	Location string `json:"location"`
	Attendee string `json:"attendee"`
	Start    int64  `json:"start"` // Unix seconds
	End      int64  `json:"end"`
}

// TestOtherParsersReadOurCalendars: Python's icalendar and ical.js, which have
// nothing in common with the library that writes them, read in invitations and
// feeds what we meant, on both sides of each change of clocks.
func TestOtherParsersReadOurCalendars(t *testing.T) {
	w := newWorld(t)
	var texts []string
	var want []reading
	feed := reading{Method: "PUBLISH", Zones: []string{timezone}}
	for n, starts := range []time.Time{
		time.Date(2026, time.July, 7, 12, 30, 0, 0, french.Paris()), time.Date(2026, time.October, 25, 1, 30, 0, 0, french.Paris()),
		time.Date(2026, time.October, 25, 0, 30, 0, 0, time.UTC), time.Date(2026, time.October, 25, 1, 30, 0, 0, time.UTC), // half past two, twice
		time.Date(2026, time.October, 25, 4, 0, 0, 0, french.Paris()), time.Date(2027, time.January, 12, 9, 0, 0, 0, french.Paris()),
		time.Date(2027, time.March, 28, 1, 0, 0, 0, french.Paris()), time.Date(2027, time.March, 28, 9, 0, 0, 0, french.Paris()),
	} {
		in := w.inTwoDays(1)
		in.StartsAt, in.EndsAt = moment{starts.UTC()}, moment{starts.Add(90 * time.Minute).UTC()}
		in.Title = fmt.Sprint("Été ; coopérer, \\ ensemble ", strings.Repeat("très ", 20), "fort ", n)
		made, err := w.plan(w.team(), in, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		booked := w.bookAs(made.ID, n)
		w.Drain()
		if _, err := w.change(w.team(), made.ID, sessionChange{Place: ptr("12, rue de l’Église ; Figeac"), Mode: ptr(Hybrid)}, &fault.Fields{}); err != nil {
			t.Fatal(err)
		}
		w.Drain()
		w.cancel(booked)
		w.Drain()
		intents := w.mails(n)
		slices.SortFunc(intents, func(a, b mail.Intent) int { return sequenceOf(t, a) - sequenceOf(t, b) })
		said := readEvent{UID: booked.BookingID + "@fabrique.example", Summary: in.Title, Attendee: "mailto:" + guestAddress(n), Start: starts.Unix(), End: starts.Add(90 * time.Minute).Unix()}
		for i, m := range intents {
			texts = append(texts, m.Calendar.Text)
			said.Sequence = i
			said.Status, said.Location = "CONFIRMED", "12, rue de l’Église ; Figeac"
			method := "REQUEST"
			switch m.Template {
			case "booking-confirmed":
				said.Location = "En ligne"
			case "booking-cancelled":
				method, said.Status = "CANCEL", "CANCELLED"
			}
			want = append(want, reading{method, []string{timezone}, []readEvent{said}})
		}
		said.UID, said.Attendee, said.Status, said.Sequence = made.ID+"@fabrique.example", "", "CONFIRMED", 1
		if n == 5 {
			if err := w.callOff(w.team(), w.stored(made.ID)); err != nil {
				t.Fatal(err)
			}
			said.Status, said.Sequence = "CANCELLED", 2
		}
		texts = append(texts, w.Do(w.running, "GET", "/v1/sessions/"+made.ID+"/event.ics", nil).Body.String())
		want = append(want, reading{"PUBLISH", []string{timezone}, []readEvent{said}})
		feed.Events = append(feed.Events, said)
	}
	texts, want = append(texts, w.Do(w.running, "GET", "/v1/agenda.ics", nil).Body.String()), append(want, feed)
	if len(texts) != 8*4+1 {
		t.Fatalf("%d calendars", len(texts))
	}
	var files []string
	for i, text := range texts {
		files = append(files, filepath.Join(t.TempDir(), fmt.Sprint(i, ".ics")))
		if err := os.WriteFile(files[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, command := range map[string][]string{
		"ical.js":   {"node", "testdata/read_calendars.mjs"},
		"icalendar": {python(t), "testdata/read_calendars.py"},
	} {
		t.Run(name, func(t *testing.T) {
			if command[0] == "" {
				t.Skip("no Python with the package icalendar: continuous integration installs one")
			}
			program := exec.CommandContext(t.Context(), command[0], append(command[1:], files...)...) //nolint:gosec // programs of this repository
			var faults bytes.Buffer
			program.Stderr = &faults
			said, err := program.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, &faults)
			}
			decoder := json.NewDecoder(bytes.NewReader(said))
			for i := range want {
				var got reading
				if err := decoder.Decode(&got); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, want[i]) {
					t.Errorf("%s is read as\n%+v, not\n%+v", texts[i], got, want[i])
				}
			}
		})
	}
}

// python is one that has the package, or empty.
func python(t *testing.T) string {
	t.Helper()
	for _, command := range []string{filepath.Join("..", "..", ".tools", "python", "bin", "python"), "python3"} {
		if exec.CommandContext(t.Context(), command, "-c", "import icalendar").Run() == nil { //nolint:gosec // one of two
			return command
		}
	}
	return ""
}
