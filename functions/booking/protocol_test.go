package booking

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// broken lists what is wrong with a session at rest.
func (w *world) broken(session string) (faults []string) {
	w.t.Helper()
	r := w.look(session)
	confirmedNow, waitingNow := r.in(confirmed), r.in(waiting)
	if len(confirmedNow) > r.session.Capacity {
		faults = append(faults, fmt.Sprintf("oversold: %d of %d", len(confirmedNow), r.session.Capacity))
	}
	if len(confirmedNow)+len(r.free) != r.session.Capacity {
		faults = append(faults, fmt.Sprintf("%d confirmed and %d free make no %d", len(confirmedNow), len(r.free), r.session.Capacity))
	}
	if len(r.free) > 0 && len(r.waits) > 0 {
		faults = append(faults, fmt.Sprintf("%d wait beside %d free seats", len(r.waits), len(r.free)))
	}
	if len(waitingNow) != len(r.waits) {
		faults = append(faults, fmt.Sprintf("%d records wait with %d tickets", len(waitingNow), len(r.waits)))
	}
	seats := map[string]bool{}
	for _, record := range confirmedNow {
		if seats[record.Seat] || slices.Contains(r.free, record.Seat) {
			faults = append(faults, "a seat is had twice: "+record.Seat)
		}
		seats[record.Seat] = true
	}
	return faults
}

func (w *world) sound(session string) {
	w.t.Helper()
	for _, f := range w.broken(session) {
		w.t.Error(f)
	}
}

func TestSeatsGoToWhoComesAndThenToWhoWaits(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(2)
	b := w.bookMany(s.ID, 5)
	states := func() (all []string) {
		for _, answer := range b {
			all = append(all, w.status(answer))
		}
		return all
	}
	check := func(step string, want ...string) {
		t.Helper()
		if got := states(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, not %q", step, got, want)
		}
		w.sound(s.ID)
	}
	check("booked", "confirmed", "confirmed", "waiting 1", "waiting 2", "waiting 3")
	w.cancel(b[0])
	check("one cancels", "cancelled", "confirmed", "confirmed", "waiting 1", "waiting 2")
	w.cancel(b[3])
	check("one gives up waiting", "cancelled", "confirmed", "confirmed", "cancelled", "waiting 1")
	b = append(b, w.bookAs(s.ID, 6))
	if _, err := w.change(w.team(), s.ID, sessionChange{Capacity: ptr(3)}, &fault.Fields{}); err != nil {
		t.Fatal(err)
	}
	check("it grows", "cancelled", "confirmed", "confirmed", "cancelled", "confirmed", "waiting 1")
	again := w.bookAs(s.ID, 1) // who cancelled comes back, behind who waits
	if got := w.status(again); got != "waiting 2" {
		t.Errorf("back: %s", got)
	}
	if got := w.status(b[0]); got != "cancelled" {
		t.Errorf("the first booking of who came back: %s", got)
	}
	w.cancel(b[0]) // a late repetition must not end the new booking
	if got := w.status(again); got != "waiting 2" {
		t.Errorf("after the late repetition: %s", got)
	}
	_, err := w.change(w.team(), s.ID, sessionChange{Capacity: ptr(2)}, &fault.Fields{})
	if !fault.Is(err, "capacity-below-bookings") {
		t.Errorf("under what is booked: %v", err)
	}
	w.sound(s.ID)
}

func ptr[T any](value T) *T { return &value }

func TestOneLiveBookingEach(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(3)
	first, err := w.tryBook(s.ID, 1, "k")
	if err != nil {
		t.Fatal(err)
	}
	in := guest(1)
	in.Email = "Camille.1+autre@Territoire.example"
	if _, err := w.bookSession(t.Context(), s.ID, in, "", []byte("x")); !fault.Is(err, "already-booked") {
		t.Errorf("by an alias: %v", err)
	}
	if again, err := w.tryBook(s.ID, 1, "k"); err != nil || again != first {
		t.Errorf("the same request: %+v %v", again, err)
	}
	if _, err := w.bookSession(t.Context(), s.ID, guest(2), "k", []byte("2")); !fault.Is(err, "idempotency-key-reused") {
		t.Errorf("the key with other words: %v", err)
	}
	w.cancel(first)
	late, err := w.tryBook(s.ID, 1, "k") // the first attempt arrives once more
	if err != nil || late.Status != cancelled {
		t.Errorf("a late attempt books again: %+v %v", late, err)
	}
	w.sound(s.ID)
}

func TestTheSameRequestAtOnceIsOneBooking(t *testing.T) {
	w := newWorld(t)
	for _, seats := range []int{3, 1} {
		s := w.newSession(seats)
		w.bookAs(s.ID, 100)
		answers := make([]bookingAnswer, 8)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() {
				answer, err := w.tryBook(s.ID, 1, "k"+s.ID)
				if err != nil {
					t.Error(err)
				}
				answers[i] = answer
			})
		}
		group.Wait()
		for _, answer := range answers {
			if answer != answers[0] {
				t.Errorf("%+v and %+v", answer, answers[0])
			}
		}
		w.sound(s.ID)
	}
}

func TestNobodyIsSeatedOnceItHasBegun(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(1)
	b := w.bookMany(s.ID, 2)
	w.Clock.Set(s.StartsAt)
	if _, err := w.tryBook(s.ID, 3, ""); !fault.Is(err, "session-closed") {
		t.Errorf("%v", err)
	}
	if err := w.giveUp(t.Context(), w.subject(b[0])); !fault.Is(err, "session-closed") {
		t.Errorf("%v", err)
	}
	if err := w.release(t.Context(), w.subject(b[0]).Person, s.ID, b[0].BookingID); err != nil {
		t.Fatal(err)
	}
	if err := w.closeSessions(t.Context(), w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	if got := w.status(b[1]); got != "waiting 1" {
		t.Errorf("seated after the start: %s", got)
	}
}

func TestACancelledSessionTakesNobody(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(120)
	w.bookAs(s.ID, 1)
	if err := w.callOff(w.team(), s); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryBook(s.ID, 2, ""); !fault.Is(err, "session-closed") {
		t.Errorf("%v", err)
	}
	// Who had read that it is open finds no seat.
	record, err := w.newRecord(t.Context(), s, guest(3))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.book(t.Context(), s, claim{record, "k"}); err == nil && got.State == confirmed {
		t.Error("someone got a seat in a cancelled session")
	}
	if r := w.look(s.ID); len(r.free) > 0 {
		t.Errorf("%d free seats", len(r.free))
	}
}

// storm lets many people book, cancel and repeat themselves at once, while
// the session grows, and leaves it at rest.
func (w *world) storm(session string, people, atOnce int) error {
	w.t.Helper()
	ctx := context.Background()
	places := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for n := range people {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			key := fmt.Sprint("key-", session, n)
			answer, err := w.tryBook(session, n, key)
			if rand.N(4) == 0 { // the answer was lost: the request comes again
				answer, err = w.tryBook(session, n, key)
			}
			if err != nil {
				return // busy: the caller would try again
			}
			if rand.N(3) == 0 {
				_ = w.giveUp(ctx, w.subject(answer))
			}
			if n == people/2 {
				_, _ = w.change(w.team(), session, sessionChange{Capacity: ptr(w.stored(session).Capacity + 7)}, &fault.Fields{})
			}
		})
	}
	group.Wait()
	return w.closeSessions(ctx, w.Clock.Now()) // the sweep
}

// oversold replays every change of the agenda, in the one order in which they
// happened, and tells whether more were confirmed than there were seats, at
// any instant, or somebody who waited was passed over.
func (w *world) oversold(session string, capacity int) (faults []string) {
	w.t.Helper()
	states := map[string]string{}
	seated, step := 0, 0
	joined, waits := map[string]int{}, map[string]bool{} // when each ticket joined the list; who is in it
	watch := function.Define(function.Spec[struct{}]{
		Name: "watch", Purpose: "Watches.", Memory: 128, Timeout: time.Second,
		Open: func(function.Runtime) (*struct{}, error) { return &struct{}{}, nil },
		Streams: []function.Stream[struct{}]{{Table: function.Agenda, Consume: func(_ *struct{}, _ context.Context, change events.DynamoDBEventRecord) error {
			step++
			pk, sk := text(change.Change.Keys["pk"]), text(change.Change.Keys["sk"])
			switch {
			case pk == sessionPartition(session) && sk == "SESSION":
				if n := change.Change.NewImage["seats"]; n.DataType() == events.DataTypeNumber {
					_, _ = fmt.Sscan(n.Number(), &capacity)
				}
			case pk == sessionPartition(session) && strings.HasPrefix(sk, waitPrefix):
				if waits[sk] = true; change.EventName == "REMOVE" {
					delete(waits, sk)
				} else {
					joined[sk] = step
				}
			case sk == bookingPrefix+session:
				before, after := states[pk], text(change.Change.NewImage["state"])
				states[pk] = after
				if before == waiting && after == confirmed {
					var ticket int
					_, _ = fmt.Sscan(change.Change.OldImage["ticket"].Number(), &ticket)
					first := waitKey(session, ticket).SK
					for other := range waits { // who joined before with a lower ticket was there for every matcher to see
						if other < first && joined[other] < joined[first] {
							faults = append(faults, fmt.Sprintf("change %d: %s is seated before %s", step, first, other))
						}
					}
				}
				if before != confirmed && after == confirmed {
					seated++
				} else if before == confirmed && after != confirmed {
					seated--
				}
				if seated > capacity {
					faults = append(faults, fmt.Sprintf("change %d: %d seated of %d", step, seated, capacity))
				}
			}
			return nil
		}}},
	})
	w.Drain(w.Open(watch))
	return faults
}

func TestAStormLeavesEverythingSound(t *testing.T) {
	people := 1000
	if testing.Short() {
		people = 300
	}
	w := newWorld(t)
	s := w.newSession(100)
	if err := w.storm(s.ID, people, 50); err != nil {
		t.Fatal(err)
	}
	w.sound(s.ID)
	for _, f := range w.oversold(s.ID, 100) {
		t.Error(f)
	}
	r := w.look(s.ID)
	if len(r.in(confirmed)) != 107 || r.mode != modeQueue {
		t.Errorf("%d confirmed, mode %s", len(r.in(confirmed)), r.mode)
	}
}

// TestTheReplayShowsWhoIsPassedOver seats the second who waits, which the
// replay of the changes must show.
func TestTheReplayShowsWhoIsPassedOver(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(1)
	b := w.bookMany(s.ID, 3)
	w.guards.matchAfterCancel = false
	w.cancel(b[0])
	r := w.look(s.ID)
	if err := w.seat(t.Context(), keyOf(s.ID, r.free[0]), r.waits[1]); err != nil {
		t.Fatal(err)
	}
	if faults := w.oversold(s.ID, 1); len(faults) != 1 || !strings.Contains(faults[0], "is seated before") {
		t.Errorf("%q", faults)
	}
}
