package booking

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// TestACorrectionStillCountsWhoWasErased, with their territory, their role and
// whether they were an ally then; and takes out who was noted by mistake.
func TestACorrectionStillCountsWhoWasErased(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(5)
	in := guest(1)
	in.Territory, in.QuartetRole = "46102", "elected"
	erased, err := w.bookSession(t.Context(), s.ID, in, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	stays, mistaken := w.bookAs(s.ID, 2), w.bookAs(s.ID, 3)
	w.bookAs(s.ID, 4)
	w.signs(guestAddress(1))
	w.Clock.Set(s.EndsAt)
	take := func(walkIns []walkIn, came ...bookingAnswer) heldFact {
		t.Helper()
		body := attendanceInput{WalkIns: walkIns, Attended: []string{}}
		for _, b := range came {
			body.Attended = append(body.Attended, b.BookingID)
		}
		var answer attendanceAnswer
		w.call(http.StatusOK, "PUT", "/v1/sessions/"+s.ID+"/attendance", body, &answer, w.Bearer("team")...)
		data := fact[heldFact](w, answer.FactID)
		if data.Attended != answer.Attended {
			t.Errorf("the answer says that %d came, and the fact %d", answer.Attended, data.Attended)
		}
		return data
	}
	first := take(nil, erased, stays, mistaken)
	gone := w.pseudonym(guestAddress(1))
	w.eraseNow(1)
	w.eraseNow(4) // who did not come

	second := take(nil, stays)
	if want := sorted([]string{gone, w.pseudonym(guestAddress(2))}); !slices.Equal(second.Participants, want) || second.Attended != 2 || second.WalkIns != 0 {
		t.Errorf("%+v", second)
	}
	if second.Booked != first.Booked || second.Territories["46102"] != 1 || second.QuartetRoles["elected"] != 1 ||
		!slices.Equal(second.ParticipantsByRole["elected"], []string{gone}) || !slices.Equal(second.Allies, []string{gone}) {
		t.Errorf("%+v", second)
	}
	third := take([]walkIn{{Email: strings.ToUpper(guestAddress(1))}, {Email: guestAddress(5)}}) // who was erased is said to have come
	if want := sorted([]string{gone, w.pseudonym(guestAddress(5))}); !slices.Equal(third.Participants, want) || third.Attended != 2 {
		t.Errorf("%+v", third)
	}
	w.eraseNow(2)
	fourth := take(nil, mistaken) // person 2 was taken out before they were erased
	if want := sorted([]string{gone, w.pseudonym(guestAddress(3))}); !slices.Equal(fourth.Participants, want) || fourth.Attended != 2 || fourth.Territories["46102"] != 1 {
		t.Errorf("%+v", fourth)
	}
	for _, n := range []int{1, 2, 4} {
		for _, item := range w.Dump(function.Agenda) {
			if text := fmt.Sprint(item); strings.Contains(text, guestAddress(n)) || strings.Contains(text, w.person(guestAddress(n))) {
				t.Errorf("person %d: %v", n, item)
			}
		}
	}
	w.checkFacts()
}

// eraseNow erases all that Agenda holds on the person of this number.
func (w *world) eraseNow(n int) {
	w.t.Helper()
	if err := w.erase(w.t.Context(), w.person(guestAddress(n)), w.Clock.Now()); err != nil {
		w.t.Fatal(err)
	}
}

// TestThePageStillCountsWhoWasErased without a box for them: their name is gone.
func TestThePageStillCountsWhoWasErased(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(5)
	b := d.bookMany(s.ID, 3)
	d.Clock.Set(s.EndsAt)
	d.browser = d.Browser(auth.RoleTeam)
	path := teamAgenda + "/" + s.ID + "/pointer"
	d.says(303, path, url.Values{"came": {b[0].BookingID, b[1].BookingID}, "walk_ins.0.territory": {"46102"}, web.KeyField: {"form_1"}})
	d.eraseNow(1)
	_, page := d.says(200, path, nil, "Camille2", "1 personne effacée depuis reste comptée")
	if strings.Contains(page, "Camille1") {
		t.Error("the page names who was erased")
	}
	d.says(303, path, url.Values{"came": {b[2].BookingID}, "kept": {"0"}, "of": {d.stored(s.ID).HeldFact}, web.KeyField: {"form_2"}})
	now := d.held(s.ID)
	if want := sorted([]string{d.pseudonym(guestAddress(1)), d.pseudonym(guestAddress(3))}); !slices.Equal(now.Participants, want) ||
		now.Attended != 3 || now.WalkIns != 1 || now.Booked != 3 {
		t.Errorf("%+v", now)
	}
	if n := len(d.Dump(function.Ledger)); n != 2 {
		t.Errorf("%d facts", n)
	}
}
