package booking

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
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
		w := newWorld(t)
		w.guards.matchAfterCancel = false
		s := w.newSession(1)
		b := w.bookMany(s.ID, 2)
		w.cancel(b[0])
		if len(w.broken(s.ID)) == 0 {
			t.Error("nothing was seen")
		}
		w.Drain() // the stream's consumer runs the matcher too
		w.sound(s.ID)
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

func keyOf(session, sk string) dynamo.Key { return dynamo.Key{PK: sessionPartition(session), SK: sk} }
