package booking

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// noted is an entry of the trail about a change of a session.
type noted struct{ Before, After sessionInput }

// changesNoted are the entries on changes of a session.
func (w *world) changesNoted(id string) (all []noted) {
	w.t.Helper()
	for _, item := range w.Dump(function.Audit) {
		if item["subject"] != id || item["action"] != "session.changed" {
			continue
		}
		var one noted
		for name, side := range map[string]*sessionInput{"before": &one.Before, "after": &one.After} {
			if err := json.Unmarshal([]byte(item[name].(string)), side); err != nil {
				w.t.Fatal(err)
			}
		}
		all = append(all, one)
	}
	return all
}

// beforeCommit does something once, just before the next transaction.
func (w *world) beforeCommit(do func()) {
	w.Faults(func(c functiontest.Call) functiontest.Fault {
		if c.Operation == "TransactWriteItems" {
			w.Faults(nil)
			do()
		}
		return functiontest.None
	})
}

// TestTheTrailTellsEachCapacity, wherever a change breaks off: what its entries
// say adds up to what stands, and they say it of nothing else.
func TestTheTrailTellsEachCapacity(t *testing.T) {
	for name, c := range map[string]struct{ from, to int }{"larger": {3, 120}, "smaller": {120, 3}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			title := "Un autre titre"
			for number := 1; ; number++ {
				s := w.newSession(c.from)
				ctx, crash := context.WithCancel(w.team())
				since := w.Faults(func(call functiontest.Call) functiontest.Fault {
					if call.Number < number {
						return functiontest.None
					}
					crash()
					return functiontest.Reset
				})
				_, _ = w.change(ctx, s.ID, sessionChange{Capacity: &c.to, Title: &title}, &fault.Fields{})
				crash()
				calls, _ := since()
				w.Faults(nil)
				capacity, titled := c.from, 0
				for _, one := range w.changesNoted(s.ID) {
					capacity += one.After.Capacity - one.Before.Capacity
					if one.Before.Title != one.After.Title {
						titled++
					}
				}
				now := w.stored(s.ID)
				if capacity != now.Capacity || (titled == 1) != (now.Title == title) || titled > 1 {
					t.Errorf("call %d: %d seats titled %q, and the trail says %d and %d titles", number, now.Capacity, now.Title, capacity, titled)
				}
				for _, f := range w.broken(s.ID) {
					t.Errorf("call %d: %s", number, f)
				}
				if calls < number {
					if now.Capacity != c.to || titled != 1 {
						t.Errorf("%+v", now)
					}
					return
				}
			}
		})
	}
}

// TestAChangeThatChangesNothingIsNone.
func TestAChangeThatChangesNothingIsNone(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(3)
	in := s.input()
	_, write := w.Units(func() {
		for _, change := range []sessionChange{
			{}, {Title: &in.Title}, {Fundamentals: &in.Fundamentals, Dimensions: &[]int{}}, {Capacity: &in.Capacity, StartsAt: &in.StartsAt, EndsAt: &in.EndsAt},
		} {
			if _, err := w.change(w.team(), s.ID, change, &fault.Fields{}); err != nil {
				t.Error(err)
			}
		}
	})
	if write != 0 || len(w.changesNoted(s.ID)) != 0 {
		t.Errorf("%v write units, %d entries", write, len(w.changesNoted(s.ID)))
	}
}

// TestTwoChangesAtOnceBothStand, of the session and of its capacity too, and
// each entry says what it found.
func TestTwoChangesAtOnceBothStand(t *testing.T) {
	for name, c := range map[string]struct{ first, other sessionChange }{
		"what nobody is told of": {sessionChange{Description: ptr("Apportez un carnet.")}, sessionChange{Fundamentals: &[]int{2}}},
		"what guests are told":   {sessionChange{Title: ptr("Un autre titre")}, sessionChange{JoinURL: ptr("https://visio.example/autre")}},
		"a larger capacity":      {sessionChange{Description: ptr("Apportez un carnet.")}, sessionChange{Capacity: ptr(20)}},
		"while it grows":         {sessionChange{Capacity: ptr(20)}, sessionChange{Description: ptr("Apportez un carnet.")}},
		"while it shrinks":       {sessionChange{Capacity: ptr(5)}, sessionChange{Description: ptr("Apportez un carnet.")}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.newSession(10)
			change := func(in sessionChange) {
				if _, err := w.change(w.team(), s.ID, in, &fault.Fields{}); err != nil {
					t.Error(err)
				}
			}
			w.beforeCommit(func() { change(c.other) })
			change(c.first)
			want := s.input()
			c.first.apply(&want)
			c.other.apply(&want)
			if got := w.stored(s.ID).input(); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%+v instead of %+v", got, want)
			}
			notes := w.changesNoted(s.ID)
			follows := slices.ContainsFunc(notes, func(n noted) bool { return fmt.Sprint(n.After) == fmt.Sprint(notes[0].Before) }) ||
				slices.ContainsFunc(notes, func(n noted) bool { return fmt.Sprint(n.Before) == fmt.Sprint(notes[0].After) })
			if len(notes) != 2 || !follows {
				t.Errorf("the trail has a gap: %+v", notes)
			}
		})
	}
}
