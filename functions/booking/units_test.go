package booking

import (
	"net/http"
	"os"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// TestUnitsOfEachAction asserts what docs/data-model.md says, in sessions of
// two sizes: what a booking costs does not grow with its session. Attendance
// does, by half a read unit for each who came and two write units for their mark.
func TestUnitsOfEachAction(t *testing.T) {
	for _, seats := range []int{10, 1000} {
		w := newWorld(t)
		s, full := w.newSession(seats), w.newSession(1)
		b := w.bookMany(full.ID, 3)
		growing := w.newSession(1)
		held := w.bookMany(growing.ID, 2)
		attendance := attendanceInput{WalkIns: []walkIn{{Email: "passante@territoire.example"}}}
		for _, answer := range held {
			attendance.Attended = append(attendance.Attended, answer.BookingID)
		}
		page := func(path string) { w.call(http.StatusOK, "GET", path, nil, nil, w.Bearer("team")...) }
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
			}, 12, 15, 16},
			{"list three sessions", func() { w.call(http.StatusOK, "GET", "/v1/sessions", nil, nil) }, 3.5 + float64(seats)/150, 0, 0},
			{"make a series", func() { w.call(http.StatusCreated, "POST", "/v1/series", recits, nil, w.Bearer("team")...) }, 0, 8, 10},
			{"end a series", func() {
				w.call(http.StatusOK, "PATCH", "/v1/series/recits", `{"active_to":"2026-06-30"}`, nil, w.Bearer("team")...)
			}, 1, 8, 10},
			{"list series", func() { w.call(http.StatusOK, "GET", "/v1/series", nil, nil) }, 0.5, 0, 0},
			{"the team's agenda, three sessions", func() { page("/equipe/agenda") }, 5 + float64(seats)/160, 0, 0},
			{"the team's page of a session of three", func() { page("/equipe/agenda/" + full.ID) }, 2.5, 0, 0},
			{"the form to book for someone", func() { page("/equipe/agenda/" + full.ID + "/inscrire") }, 3, 0, 0},
			{"book for someone by hand", func() { _, _ = w.bookSession(w.team(), s.ID, guest(3), "k3", nil) }, 4, 9, 11},
			{"the page to send a link again", func() { page("/equipe/agenda/" + s.ID + "/inscriptions/" + w.look(s.ID).records[0].ID + "/lien") }, 2.5, 0, 0},
			{"send a link again", func() { _ = w.resend(w.team(), s, w.look(s.ID).records[0], "k4") }, 0, 9, 10},
			{"the team gives a booking up", func() { _ = w.giveUp(w.team(), w.subject(b[1])) }, 9, 15, 16},
			{"the form to change it", func() { page("/equipe/agenda/" + full.ID + "/modifier") }, 6, 0, 0},
			{"take the attendance of three", func() {
				w.Clock.Set(growing.EndsAt)
				w.call(http.StatusOK, "PUT", "/v1/sessions/"+growing.ID+"/attendance", attendance, nil, w.Bearer("team")...)
			}, 4, 16, 20},
			{"note that a session did not take place", func() {
				if err := w.miss(w.team(), full.ID); err != nil {
					t.Error(err)
				}
			}, 2, 6, 8},
			{"the form to correct it", func() { page("/equipe/agenda/" + growing.ID + "/pointer") }, 6, 0, 0},
			{"plan a session of two", func() { _, _ = w.plan(w.team(), w.inTwoDays(2), "", nil) }, 0, 12, 10},
			{"record a session that is over", func() {
				in := w.inTwoDays(2)
				in.past = true
				_, _ = w.plan(w.team(), in, "", nil)
			}, 0, 8, 10},
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
