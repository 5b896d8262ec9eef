package booking

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
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
	d.cancel(b[1])
	d.says(409, path(1), nil, "Cette inscription est annulée")
	d.says(409, path(1), url.Values{}, "Cette inscription est annulée")
	d.Clock.Set(s.StartsAt) // when it begins, one looks for it
	if err := d.closeSessions(t.Context(), s.StartsAt); err != nil || d.stored(s.ID).State != closed {
		t.Error(err)
	}
	d.browser = d.Browser(auth.RoleTeam)
	if _, page := d.says(200, list, nil, `href="`+path(0)+`"`); strings.Contains(page, path(1)) || strings.Contains(page, "/annuler") {
		t.Error("the list offers what is over")
	}
	d.says(303, path(0), url.Values{})
	d.Clock.Set(s.EndsAt)
	d.browser = d.Browser(auth.RoleTeam)
	d.says(409, path(0), nil, "Cette rencontre est terminée")
	d.says(409, path(0), url.Values{}, "Cette rencontre est terminée")
	if _, page := d.says(200, list, nil); strings.Contains(page, "/lien") {
		t.Error("the list offers what is over")
	}
	d.told(1, "booking-confirmed", "booking-confirmed", "booking-confirmed", "booking-confirmed")
}
