package booking

import (
	"net/http"
	"os"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// TestUnitsOfEachAction asserts what docs/data-model.md says, in sessions of
// two sizes: what a booking costs does not grow with its session.
func TestUnitsOfEachAction(t *testing.T) {
	for _, seats := range []int{10, 1000} {
		w := newWorld(t)
		s, full := w.newSession(seats), w.newSession(1)
		b := w.bookMany(full.ID, 3)
		growing := w.newSession(1)
		w.bookMany(growing.ID, 2)
		for _, action := range []struct {
			name               string
			do                 func()
			read, write, local float64 // local: what DynamoDB Local says instead of write
		}{
			{"book", func() { w.bookAs(s.ID, 1) }, 4, 5, 6},
			{"book, with a key", func() { _, _ = w.tryBook(s.ID, 2, "k") }, 4, 6, 7},
			{"wait", func() { w.bookAs(full.ID, 4) }, 8, 6, 7},
			{"give up waiting", func() { w.cancel(b[2]) }, 2, 5, 6},
			{"cancel, and seat who waits", func() { w.cancel(b[0]) }, 9, 12, 12},
			{"see a booking", func() { w.status(b[1]) }, 5, 0, 0},
			{"add a seat for who waits", func() {
				if _, err := w.change(w.team(), growing.ID, sessionChange{Capacity: ptr(2)}, &fault.Fields{}); err != nil {
					t.Error(err)
				}
			}, 11, 17, 18},
			{"list three sessions", func() { w.call(http.StatusOK, "GET", "/v1/sessions", nil, nil) }, 3.5 + float64(seats)/150, 0, 0},
		} {
			used := w.UnitsByTable(action.do)
			write := action.write
			if os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" {
				write = action.local
			}
			t.Logf("%d seats, %s: read %v write %v", seats, action.name, used.Read, used.Write)
			if used.Read > action.read || used.Write != write {
				t.Errorf("%d seats, %s: read %v write %v, not %v and %v", seats, action.name, used.Read, used.Write, action.read, write)
			}
		}
	}
}
