package booking

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// TestFaultsLeaveOneEffect befalls each call of booking and of cancelling with
// each fault; the caller then tries again with the same key.
func TestFaultsLeaveOneEffect(t *testing.T) {
	for _, kind := range functiontest.AllFaults {
		t.Run(kind.String(), func(t *testing.T) {
			w := newWorld(t)
			for number := 1; ; number++ {
				s := w.newSession(2)
				w.bookAs(s.ID, 9)
				since := w.Faults(functiontest.At(number, kind))
				var last bookingAnswer
				for n := 1; n <= 2; n++ {
					key := fmt.Sprintf("call-%d-person-%d", number, n)
					answer, err := w.tryBook(s.ID, n, key)
					if err != nil {
						answer, err = w.tryBook(s.ID, n, key)
					}
					if err != nil {
						t.Fatalf("call %d: %v", number, err)
					}
					last = answer
				}
				if err := w.giveUp(t.Context(), w.subject(last)); err != nil {
					if err := w.giveUp(t.Context(), w.subject(last)); err != nil {
						t.Fatalf("call %d: %v", number, err)
					}
				}
				calls, _ := since()
				w.Faults(nil)
				if err := w.closeSessions(t.Context(), w.Clock.Now()); err != nil {
					t.Fatal(err)
				}
				for _, f := range w.broken(s.ID) {
					t.Errorf("call %d: %s", number, f)
				}
				if r := w.look(s.ID); len(r.in(confirmed)) != 2 || len(r.in(waiting)) != 0 {
					t.Errorf("call %d: %d confirmed", number, len(r.in(confirmed)))
				}
				if calls < number {
					return
				}
			}
		})
	}
}

// TestFaultsOfGrowthLoseNobody befalls each call of a growth, which also seats
// who waits, with each fault; the team then tries again.
func TestFaultsOfGrowthLoseNobody(t *testing.T) {
	for _, kind := range functiontest.AllFaults {
		t.Run(kind.String(), func(t *testing.T) {
			w := newWorld(t)
			for number := 1; ; number++ {
				s := w.newSession(1)
				w.bookMany(s.ID, 4)
				since := w.Faults(functiontest.At(number, kind))
				grow := func() error {
					_, err := w.change(w.team(), s.ID, sessionChange{Capacity: ptr(3)}, &fault.Fields{})
					return err
				}
				if err := grow(); err != nil {
					if err := grow(); err != nil {
						t.Fatalf("call %d: %v", number, err)
					}
				}
				calls, _ := since()
				w.Faults(nil)
				if err := w.closeSessions(t.Context(), w.Clock.Now()); err != nil {
					t.Fatal(err)
				}
				for _, f := range w.broken(s.ID) {
					t.Errorf("call %d: %s", number, f)
				}
				if r := w.look(s.ID); r.session.Capacity != 3 || len(r.in(confirmed)) != 3 || r.in(waiting)[0].GivenName != guest(4).GivenName {
					t.Errorf("call %d: %d of %d confirmed", number, len(r.in(confirmed)), r.session.Capacity)
				}
				if calls < number {
					return
				}
			}
		})
	}
}

func transact(w *world, item types.TransactWriteItem) error {
	return dynamo.Transact(w.t.Context(), w.table.Client, item)
}
