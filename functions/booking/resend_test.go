package booking

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// TestTheTeamSendsTheLinkOfABookingAgain, to who booked and as long as it is good
// for something.
func TestTheTeamSendsTheLinkOfABookingAgain(t *testing.T) {
	d := newDesk(t)
	s, other := d.newSession(1), d.newSession(1)
	b := d.bookMany(s.ID, 2)
	d.Drain(d.running)
	list := teamAgenda + "/" + s.ID + "/inscriptions"
	path := func(n int) string { return list + "/" + b[n].BookingID + "/lien" }
	d.says(200, list, nil, `href="`+path(0)+`"`, `href="`+path(1)+`"`)
	d.says(200, path(0), nil, "recevra de nouveau l’invitation", "à l’adresse de l’inscription, "+guest(1).Email, web.KeyField)
	d.says(200, path(1), nil, "sa place sur la liste d’attente")
	for range 2 { // a double click
		leads, _ := d.says(303, path(0), url.Values{web.KeyField: {"form_1"}})
		d.says(200, leads, nil, "Le lien repart", "le recevra à "+guest(1).Email)
	}
	d.told(1, "booking-confirmed", "booking-confirmed")
	d.says(303, path(0), url.Values{web.KeyField: {"form_2"}})
	d.says(303, path(1), url.Values{web.KeyField: {"form_1"}})
	d.told(1, "booking-confirmed", "booking-confirmed", "booking-confirmed")
	d.told(2, "booking-waiting", "booking-waiting")
	if got := d.Audited(b[0].BookingID); !slices.Equal(got, []string{"booking.link_sent", "booking.link_sent"}) {
		t.Errorf("%v", got)
	}
	if trail := fmt.Sprint(d.Dump(function.Audit)); strings.Contains(trail, "@") || !strings.Contains(trail, s.ID) {
		t.Errorf("%s", trail)
	}
	mails := d.mails(1)
	link, err := url.Parse(mails[len(mails)-1].Data["manage"])
	if err != nil {
		t.Fatal(err)
	}
	if subject, err := d.holder(t.Context(), b[0].BookingID, link.Query().Get("token")); err != nil || subject.Session != s.ID {
		t.Errorf("%v %+v", err, subject)
	}

	d.says(404, teamAgenda+"/"+other.ID+"/inscriptions/"+b[0].BookingID+"/lien", url.Values{})
	d.says(404, list+"/bok_none/lien", nil)
	forged := url.Values{web.FormTokenField: {"x"}}
	if answer := d.Do(d.running, "POST", path(0), forged, d.browser.Headers...); answer.Code != 403 {
		t.Errorf("a forged form: %d", answer.Code)
	}

	off := d.bookAs(other.ID, 3)
	d.says(303, teamAgenda+"/"+other.ID+"/annuler", url.Values{})
	d.says(409, teamAgenda+"/"+other.ID+"/inscriptions/"+off.BookingID+"/lien", url.Values{}, "Cette rencontre est annulée")
	gone := d.bookAs(s.ID, 4)
	d.cancel(gone)
	leads := list + "/" + gone.BookingID + "/lien"
	d.says(409, leads, nil, "Cette inscription est annulée")
	d.says(409, leads, url.Values{}, "Cette inscription est annulée")

	d.Clock.Set(s.StartsAt.Add(time.Minute)) // once it has begun, one looks for it
	if err := d.closeSessions(t.Context(), s.StartsAt); err != nil || d.stored(s.ID).State != closed {
		t.Error(err)
	}
	d.browser = d.Browser(auth.RoleTeam)
	if _, page := d.says(200, list, nil, `href="`+path(0)+`"`); strings.Contains(page, path(1)) || strings.Contains(page, "/annuler") {
		t.Error("the list offers what is over")
	}
	d.says(409, path(1), url.Values{}, "la liste d’attente n’a plus d’effet")
	if _, page := d.says(200, path(0), nil, "ce qu’il faut pour rejoindre"); strings.Contains(page, "annuler son inscription") {
		t.Error("it promises what is over")
	}
	d.call(http.StatusOK, "PUT", "/v1/sessions/"+s.ID+"/attendance", `{"attended":["`+b[0].BookingID+`"]}`, nil, d.Bearer("team")...)
	d.says(303, path(0), url.Values{}) // noted early, it goes on all the same
	d.told(1, "booking-confirmed", "booking-confirmed", "booking-confirmed", "booking-confirmed")

	d.Clock.Set(s.EndsAt)
	d.browser = d.Browser(auth.RoleTeam)
	d.says(200, list, nil, `href="`+path(0)+`"`)
	d.says(200, path(0), nil, "le lien pour donner son avis")
	d.says(303, path(0), url.Values{web.KeyField: {"form_3"}})
	d.told(1, "booking-confirmed", "booking-confirmed", "booking-confirmed", "booking-confirmed", "session-thanks")
	d.Clock.Set(s.EndsAt.Add(tokenAfter))
	d.browser = d.Browser(auth.RoleTeam)
	d.says(409, path(0), nil, "Cette rencontre est terminée")
	d.says(409, path(0), url.Values{}, "Cette rencontre est terminée")
	if _, page := d.says(200, list, nil); strings.Contains(page, "/lien") {
		t.Error("the list offers what is over")
	}
}

// TestALinkIsSentOfTheBookingAsItIs: what changes meanwhile is read again
// before anything leaves, and nothing leaves twice.
func TestALinkIsSentOfTheBookingAsItIs(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(1)
	b := w.bookMany(s.ID, 2)
	read := func(n int) (record bookingItem) {
		subject := w.subject(b[n])
		if found, err := w.table.Get(t.Context(), bookingKey(subject.Person, s.ID), &record); err != nil || !found {
			t.Fatal(err)
		}
		return record
	}
	first, second := read(0), read(1)
	w.cancel(b[0])
	w.Drain()
	if read(1).State != confirmed {
		t.Fatal("nobody moved up")
	}
	for _, stale := range []bookingItem{first, second} {
		if err := w.resend(w.team(), s, stale, "k"); !fault.Is(err, errMoved.Code) {
			t.Errorf("%s: %v", stale.State, err)
		}
	}
	again := w.bookAs(s.ID, 1)
	if err := w.resend(w.team(), s, first, "k"); !fault.Is(err, errMoved.Code) {
		t.Errorf("booked anew: %v", err)
	}
	if again.BookingID == first.ID {
		t.Error("it is the same booking")
	}
	if n := len(w.Audited(first.ID)) + len(w.Audited(second.ID)); n > 0 {
		t.Errorf("%d entries of what was not sent", n)
	}
}
