package booking

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// seen is one operation of a history: who did what, and what they were told.
type seen struct {
	do     string // "book", "cancel" or "look"
	person int
}

// unknown is what somebody was told whose call failed: it may have had its
// effect, or not, or have it later.
const unknown = "unknown"

// seatsModel is what a session is, seen from outside and one step at a time:
// so many seats, who has one, who waits. Between two operations, seats may go
// to people who wait; who of them is first, other tests look at.
func seatsModel(capacity int) porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{""} },
		Step: func(state, input, output any) (next []any) {
			op, told := input.(seen), output.(string)
			for _, before := range settle(parseHall(state.(string)), capacity) {
				for _, after := range before.step(op, told, capacity) {
					next = append(next, after.String())
				}
			}
			return next
		},
	}
	return model.ToModel()
}

// hall is a state of the model: the state of each person with a live booking.
type hall map[int]string

func (h hall) String() string {
	var parts []string
	for _, person := range slices.Sorted(maps.Keys(h)) {
		parts = append(parts, fmt.Sprint(person, " ", h[person]))
	}
	return strings.Join(parts, ",")
}

func parseHall(text string) hall {
	h := hall{}
	for part := range strings.SplitSeq(text, ",") {
		var person int
		var state string
		if n, _ := fmt.Sscan(part, &person, &state); n == 2 {
			h[person] = state
		}
	}
	return h
}

func (h hall) seated() (n int) {
	for _, state := range h {
		if state == confirmed {
			n++
		}
	}
	return n
}

func (h hall) with(person int, state string) hall {
	next := maps.Clone(h)
	if next[person] = state; state == cancelled {
		delete(next, person)
	}
	return next
}

// settle lists the states that a state may become by giving free seats away.
func settle(h hall, capacity int) []hall {
	all := []hall{h}
	for i := 0; i < len(all); i++ {
		if all[i].seated() == capacity {
			continue
		}
		for person, state := range all[i] {
			next := all[i].with(person, confirmed)
			if state == waiting && !slices.ContainsFunc(all, func(known hall) bool { return maps.Equal(known, next) }) {
				all = append(all, next)
			}
		}
	}
	return all
}

// step lists what a state may become by an operation that was answered so;
// none: it cannot have been.
func (h hall) step(op seen, told string, capacity int) (next []hall) {
	state, live := h[op.person]
	switch {
	case op.do == "look":
		if told == state || !live && told == cancelled {
			next = append(next, h)
		}
	case op.do == "cancel":
		next = append(next, h.with(op.person, cancelled))
	case told == unknown || told == "already-booked":
		if live || told == unknown {
			next = append(next, h)
		}
	}
	if op.do == "cancel" && told == unknown {
		next = append(next, h)
	}
	if op.do == "book" && !live && (told == confirmed || told == unknown) && h.seated() < capacity {
		next = append(next, h.with(op.person, confirmed))
	}
	if op.do == "book" && !live && (told == waiting || told == unknown) {
		next = append(next, h.with(op.person, waiting))
	}
	return next
}

// record lets people book, look and cancel at once, each for themselves, and
// returns what they were told and when.
func (w *world) record(session string, people, steps int) (history []porcupine.Operation) {
	var mu sync.Mutex
	var group sync.WaitGroup
	begun := time.Now()
	for person := range people {
		group.Go(func() {
			var mine *bookingAnswer
			for step := range steps {
				op := seen{[]string{"look", "cancel"}[rand.N(2)], person}
				if mine == nil {
					op.do = "book"
				}
				call := time.Since(begun).Nanoseconds()
				told := w.act(op, session, fmt.Sprint(person, "-", step), &mine)
				back := time.Since(begun).Nanoseconds()
				if told == unknown {
					back = time.Hour.Nanoseconds() // it may still happen
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: person, Input: op, Output: told, Call: call, Return: back})
				mu.Unlock()
				if told == unknown {
					return // who was told nothing does not know what to do next
				}
			}
		})
	}
	group.Wait()
	return history
}

func (w *world) act(op seen, session, key string, mine **bookingAnswer) string {
	ctx := context.Background()
	switch op.do {
	case "book":
		answer, err := w.tryBook(session, op.person, key)
		if err != nil {
			return unknown
		}
		*mine = &answer
		return answer.Status
	case "look":
		view, err := w.viewBooking(ctx, w.subject(**mine))
		if err != nil {
			return "" // no state: a look that failed says nothing, and changes nothing
		}
		return view.Status
	default:
		if w.giveUp(ctx, w.subject(**mine)) != nil {
			return unknown
		}
		*mine = nil
		return cancelled
	}
}

// linearizable tells whether a history could have happened one operation at
// a time, each between its call and its answer.
func linearizable(t *testing.T, history []porcupine.Operation, capacity int) bool {
	t.Helper()
	history = slices.DeleteFunc(history, func(op porcupine.Operation) bool { return op.Output == "" })
	switch porcupine.CheckOperationsTimeout(seatsModel(capacity), history, 20*time.Second) {
	case porcupine.Unknown:
		t.Fatal("a history was too long to check")
	case porcupine.Illegal:
		return false
	}
	return true
}

// sometimes befalls one call in so many with any fault: some before the
// commit, some after.
func sometimes(oneIn int) functiontest.Plan {
	return func(functiontest.Call) functiontest.Fault {
		if rand.N(oneIn) > 0 {
			return functiontest.None
		}
		return functiontest.AllFaults[rand.N(len(functiontest.AllFaults))]
	}
}

func TestHistoriesAreLinearizable(t *testing.T) {
	for round := range 12 {
		w := newWorld(t)
		s := w.newSession(2)
		if round%2 == 1 {
			w.Faults(sometimes(10))
		}
		history := w.record(s.ID, 5, 6)
		w.Faults(nil)
		if !linearizable(t, history, 2) {
			t.Fatalf("round %d: %v", round, history)
		}
	}
}

// TestHistoriesWithAFaultAtEachCall befalls the first calls of a history, one
// after another, with each fault, before their commit and after.
func TestHistoriesWithAFaultAtEachCall(t *testing.T) {
	w := newWorld(t)
	for _, kind := range functiontest.AllFaults {
		for number := 1; number <= 24; number++ {
			s := w.newSession(1)
			w.Faults(functiontest.At(number, kind))
			history := w.record(s.ID, 3, 3)
			w.Faults(nil)
			if !linearizable(t, history, 1) {
				t.Fatalf("%s at call %d: %v", kind, number, history)
			}
		}
	}
}

// TestHistoriesShowAMissingGuard sells seats twice, which a history must show.
func TestHistoriesShowAMissingGuard(t *testing.T) {
	for range 20 {
		w := newWorld(t)
		w.guards.seatFree = expression.AttributeNotExists(expression.Name("nowhere"))
		s := w.newSession(2)
		if !linearizable(t, w.record(s.ID, 6, 4), 2) {
			return
		}
	}
	t.Error("nothing was seen")
}
