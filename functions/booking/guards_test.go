package booking

import (
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// TestEachGuardIsNeeded takes them away one at a time: what they prevent must
// then be seen, or the tests above would see nothing either.
func TestEachGuardIsNeeded(t *testing.T) {
	always := expression.AttributeNotExists(expression.Name("nowhere"))
	for name, remove := range map[string]func(*guards){
		"the seat's condition":   func(g *guards) { g.seatFree = always },
		"the person's condition": func(g *guards) { g.personFree = func(string) expression.ConditionBuilder { return always } },
	} {
		t.Run(name, func(t *testing.T) {
			for range 10 {
				w := newWorld(t)
				remove(&w.guards)
				s := w.newSession(20)
				if w.storm(s.ID, 120, 50) != nil || len(w.broken(s.ID)) > 0 || len(w.oversold(s.ID, 20)) > 0 {
					return
				}
			}
			t.Error("nothing was seen")
		})
	}
	t.Run("the matcher after a cancellation", func(t *testing.T) {
		for _, guarded := range []bool{true, false} {
			w := newWorld(t)
			w.guards.matchAfterCancel = guarded
			s := w.newSession(1)
			first := w.bookAs(s.ID, 1)
			// Someone cancels; just before their seat is free, another person
			// joins the list, runs the matcher and finds nothing to give.
			w.Faults(before("TransactWriteItems", func() { w.bookAs(s.ID, 2) }))
			w.cancel(first)
			w.Faults(nil)
			if stranded := len(w.broken(s.ID)) > 0; stranded == guarded {
				t.Errorf("guarded %v: stranded %v", guarded, stranded)
			}
			w.Drain() // the stream's consumer runs the matcher too
			w.sound(s.ID)
		}
	})
	t.Run("the consistent read of the mode", func(t *testing.T) {
		for _, guarded := range []bool{true, false} {
			w := newWorld(t)
			w.guards.freshMode = guarded
			w.guards.matchAfterCancel = false // a crash right after a cancellation
			w.Lag()
			s := w.newSession(1)
			b := w.bookMany(s.ID, 2)
			w.cancel(b[0])
			late := w.bookAs(s.ID, 3)
			if passedOver := w.status(b[1]) != confirmed; passedOver == guarded {
				t.Errorf("guarded %v: who waited is %s, who came later %s", guarded, w.status(b[1]), w.status(late))
			}
		}
	})
	t.Run("the ticket's condition", func(t *testing.T) {
		for _, guarded := range []bool{true, false} {
			w := newWorld(t)
			s := w.newSession(1)
			b := w.bookMany(s.ID, 2)
			// A matcher has read who waits; before it seats them they give up.
			read := w.look(s.ID).waits[0]
			w.cancel(b[1])
			w.cancel(b[0])
			if !guarded {
				w.guards.ticketHeld = always
				w.guards.waitingWith = func(int) expression.ConditionBuilder { return always }
			}
			err := w.seat(t.Context(), keyOf(s.ID, w.look(s.ID).free[0]), read)
			if got := w.status(b[1]); guarded != (got == cancelled) || guarded != (err != nil) {
				t.Errorf("guarded %v: %s, %v", guarded, got, err)
			}
		}
	})
}

// before is the plan that does something just before the first call of this
// operation, which waits for it. What it does itself is not held back.
func before(operation string, do func()) functiontest.Plan {
	var held atomic.Bool
	return func(c functiontest.Call) functiontest.Fault {
		if c.Operation == operation && held.CompareAndSwap(false, true) {
			do()
		}
		return functiontest.None
	}
}

func keyOf(session, sk string) dynamo.Key { return dynamo.Key{PK: sessionPartition(session), SK: sk} }
