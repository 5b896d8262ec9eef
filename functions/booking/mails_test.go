package booking

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// mailsTo are the templates asked for the person of this number, in any order.
func (w *world) mailsTo(n int) (templates []string) {
	w.t.Helper()
	for _, m := range w.mails(n) {
		templates = append(templates, m.Template)
	}
	slices.Sort(templates)
	return templates
}

func (w *world) mails(n int) (found []mail.Intent) {
	w.t.Helper()
	for _, item := range w.Dump(function.Agenda) {
		if item["to"] == guestAddress(n) && strings.HasPrefix(item["sk"].(string), mail.IntentPrefix) {
			found = append(found, as[mail.Intent](w.t, map[string]any{
				"template": item["template"], "to": item["to"], "data": item["data"], "calendar": item["calendar"], "mail_id": item["mail_id"],
			}))
		}
	}
	return found
}

func (w *world) told(n int, templates ...string) {
	w.t.Helper()
	slices.Sort(templates)
	if got := w.mailsTo(n); !slices.Equal(got, templates) {
		w.t.Errorf("person %d is told %q, not %q", n, got, templates)
	}
}

// TestEveryChangeIsToldOnce through the life of a session, and again nothing
// more when the stream is delivered a second time.
func TestEveryChangeIsToldOnce(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(2)
	b := w.bookMany(s.ID, 4)
	w.Drain()
	w.told(1, "booking-confirmed")
	w.told(3, "booking-waiting")
	w.cancel(b[0])
	w.Drain()
	w.told(1, "booking-confirmed", "booking-cancelled")
	w.told(3, "booking-waiting", "booking-promoted")
	starts, ends := moment{s.StartsAt.Add(24 * time.Hour)}, moment{s.EndsAt.Add(24 * time.Hour)}
	if _, err := w.change(w.team(), s.ID, sessionChange{StartsAt: &starts, EndsAt: &ends}, &fault.Fields{}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.change(w.team(), s.ID, sessionChange{Description: ptr("Plus de détails.")}, &fault.Fields{}); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	w.told(1, "booking-confirmed", "booking-cancelled") // who has left hears no more
	w.told(2, "booking-confirmed", "session-moved")     // and a description is no news
	w.told(4, "booking-waiting", "session-moved")
	w.Clock.Set(dayBefore(starts.Time).Add(9 * time.Hour))
	for range 2 {
		if err := w.sendReminders(t.Context(), w.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	w.Drain()
	w.told(2, "booking-confirmed", "session-moved", "booking-reminder")
	w.told(4, "booking-waiting", "session-moved") // who only waits is not reminded
	if err := w.callOff(w.team(), w.stored(s.ID)); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	w.told(2, "booking-confirmed", "session-moved", "booking-reminder", "session-cancelled")
	w.told(4, "booking-waiting", "session-moved", "session-cancelled")
	w.Replay()
	w.told(1, "booking-confirmed", "booking-cancelled")
	w.told(2, "booking-confirmed", "session-moved", "booking-reminder", "session-cancelled")
	w.told(3, "booking-waiting", "booking-promoted", "session-moved", "booking-reminder", "session-cancelled")
}

func TestRemindersAreSentOnceWhenTheJobRunsTwiceOrLate(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(5)
	w.bookMany(s.ID, 2)
	w.Drain()
	w.Clock.Set(dayBefore(s.StartsAt).Add(10 * time.Hour)) // an hour late
	done := make(chan error)
	for range 2 {
		go func() { done <- w.sendReminders(t.Context(), w.Clock.Now()) }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	w.bookAs(s.ID, 3)
	w.Clock.Set(s.StartsAt.Add(-2 * time.Hour)) // the day itself: who booked before today is caught up with
	if err := w.sendReminders(t.Context(), w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.bookAs(s.ID, 4)
	if err := w.sendReminders(t.Context(), w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	for n := 1; n <= 3; n++ {
		w.told(n, "booking-confirmed", "booking-reminder")
	}
	w.told(4, "booking-confirmed") // who books on the day needs no reminder
}

func TestWhoIsErasedLeavesTheirSeatAndNoTrace(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(1)
	b := w.bookMany(s.ID, 2)
	w.Drain()
	put, err := w.table.Put(personal.NewErasure(w.subject(b[0]).Person, w.Clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	if err := transact(w, put); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	w.Replay()
	for _, text := range []string{guestAddress(1), "Camille1"} {
		if found := w.Holding(text); len(found) > 0 {
			t.Errorf("%s: %v", text, found)
		}
	}
	if got := w.status(b[1]); got != "confirmed" {
		t.Errorf("who waited: %s", got)
	}
	w.sound(s.ID)
}

// TestInvitationsFollowTheBooking with one UID and a SEQUENCE that rises, and
// are read back by a parser.
func TestInvitationsFollowTheBooking(t *testing.T) {
	w := newWorld(t)
	for _, starts := range []time.Time{ // winter, summer, and the days on which clocks change
		time.Date(2027, time.January, 12, 9, 0, 0, 0, french.Paris()), time.Date(2026, time.July, 7, 9, 0, 0, 0, french.Paris()),
		time.Date(2027, time.March, 28, 9, 0, 0, 0, french.Paris()), time.Date(2026, time.October, 25, 9, 0, 0, 0, french.Paris()),
	} {
		in := w.inTwoDays(1)
		in.StartsAt, in.EndsAt = moment{starts.UTC()}, moment{starts.Add(90 * time.Minute).UTC()}
		in.Title = "Été ; coopérer, \\ ensemble " + strings.Repeat("très ", 20) + "fort"
		made, err := w.plan(w.team(), in, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		b := w.bookAs(made.ID, 1)
		w.Drain()
		if _, err := w.change(w.team(), made.ID, sessionChange{Place: ptr("Mairie de Figeac"), Mode: ptr(Hybrid)}, &fault.Fields{}); err != nil {
			t.Fatal(err)
		}
		w.Drain()
		w.cancel(b)
		w.Drain()
		methods, last := []string{}, -1
		intents := w.mails(1)
		slices.SortFunc(intents, func(a, b mail.Intent) int { return sequenceOf(t, a) - sequenceOf(t, b) })
		for _, m := range intents {
			if !strings.Contains(m.Calendar.Text, b.BookingID) {
				continue
			}
			methods = append(methods, m.Calendar.Method)
			event := parse(t, m.Calendar.Text).Events()[0]
			at, err := event.GetStartAt()
			if err != nil || !at.Equal(starts) || event.GetProperty(ics.ComponentPropertySummary).Value != in.Title {
				t.Errorf("%s is read as %s %v, %q", starts, at, err, event.GetProperty(ics.ComponentPropertySummary).Value)
			}
			if event.Id() != b.BookingID+"@fabrique.example" || sequenceOf(t, m) <= last {
				t.Errorf("UID %s, SEQUENCE %d after %d", event.Id(), sequenceOf(t, m), last)
			}
			last = sequenceOf(t, m)
		}
		if !slices.Equal(methods, []string{"REQUEST", "REQUEST", "CANCEL"}) {
			t.Errorf("%v", methods)
		}
	}
}

func parse(t *testing.T, text string) *ics.Calendar {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.Contains(line, "\n") {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
	}
	calendar, err := ics.ParseCalendar(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return calendar
}

func sequenceOf(t *testing.T, m mail.Intent) (n int) {
	t.Helper()
	if m.Calendar.Text == "" {
		return -1
	}
	_, _ = fmt.Sscan(parse(t, m.Calendar.Text).Events()[0].GetProperty(ics.ComponentPropertySequence).Value, &n)
	return n
}
