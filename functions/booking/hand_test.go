package booking

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// handForm is someone as the team types them, who asked to be booked.
func handForm(n int, key string) url.Values {
	in := guest(n)
	return url.Values{"given_name": {in.GivenName}, "family_name": {in.FamilyName}, "email": {in.Email}, askedField: {"true"}, web.KeyField: {key}}
}

func TestTheTeamBooksForSomeone(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(1)
	path := teamAgenda + "/" + s.ID
	d.says(200, path, nil, `href="`+path+`/inscrire"`)
	d.says(200, path+"/inscrire", nil, "Cette personne nous a demandé de l’inscrire", "1 place libre sur 1", `autocomplete="off"`)
	_, page := d.says(422, path+"/inscrire", url.Values{"given_name": {"<Ada>"}, "email": {"ada"}, "territory": {"00000"}, "quartet_role": {"x"}},
		`value="&lt;Ada&gt;"`, `id="family_name-fault"`, `id="email-fault"`, `id="territory-fault"`, `id="quartet_role-fault"`, `id="asked-fault"`, "Saisissez son nom.")
	if strings.Contains(page, "votre") || len(d.look(s.ID).records) > 0 {
		t.Error("the form speaks to the person, or something was booked")
	}

	var made string
	for range 2 { // a double click
		leads, _ := d.says(303, path+"/inscrire", handForm(1, "form_1"))
		if made != "" && leads != made {
			t.Errorf("sent twice: %s and %s", made, leads)
		}
		made = leads
	}
	d.says(200, made, nil, "Camille1 Martin a une place", "1 personne", path+"/inscriptions/bok_")
	d.says(200, path+"/inscrire", nil, "Toutes les places sont prises", "Inscrire sur la liste d’attente")
	leads, _ := d.says(303, path+"/inscrire", handForm(2, "form_2"))
	d.says(200, leads, nil, "Camille2 Martin est sur la liste d’attente, en position 1")
	_, page = d.says(422, path+"/inscrire", handForm(1, "form_3"), `id="email-fault"`, errAlreadyBooked.Detail)
	if strings.Contains(page, `value="form_3"`) {
		t.Error("the next attempt has the key of the refused one")
	}
	if _, page = d.says(422, path+"/inscrire", handForm(3, "form_2"), "déjà été envoyé", "<title>Erreur"); strings.Contains(page, `value="form_2"`) {
		t.Error("sent again, it is refused again")
	}
	r := d.look(s.ID)
	if len(r.records) != 2 || len(r.in(confirmed)) != 1 || len(r.in(waiting)) != 1 || !r.records[0].ByHand || !r.records[1].ByHand {
		t.Errorf("%+v", r.records)
	}
	confirmedID, waitingID := r.in(confirmed)[0].ID, r.in(waiting)[0].ID
	d.Drain(d.running)
	for n, want := range map[int]string{1: "booking-confirmed", 2: "booking-waiting"} {
		d.told(n, want)
		for _, m := range d.mails(n) {
			if m.Data["by_hand"] != "true" {
				t.Errorf("%s does not say that the team booked", m.Template)
			}
		}
	}
	for _, id := range []string{confirmedID, waitingID} {
		if got := d.Audited(id); !slices.Equal(got, []string{"booking.made"}) {
			t.Errorf("%v", got)
		}
	}
	if found := d.Holding("territoire.example"); slices.ContainsFunc(found, func(where string) bool { return strings.Contains(where, "Audit") }) {
		t.Errorf("the trail holds an address: %v", found)
	}
}

func TestTheTeamGivesUpForSomeone(t *testing.T) {
	d := newDesk(t)
	s, other := d.newSession(1), d.newSession(1)
	b := d.bookMany(s.ID, 2)
	list := teamAgenda + "/" + s.ID + "/inscriptions"
	path := list + "/" + b[0].BookingID + "/annuler"
	d.says(200, list, nil, `href="`+path+`"`)
	d.says(200, path, nil, "Camille1 Martin n’aura plus de place", "Annuler son inscription")
	d.says(404, teamAgenda+"/"+other.ID+"/inscriptions/"+b[0].BookingID+"/annuler", url.Values{})
	d.says(404, list+"/bok_none/annuler", nil)
	forged := url.Values{web.FormTokenField: {"x"}}
	if answer := d.Do(d.running, "POST", path, forged, d.browser.Headers...); answer.Code != 403 || d.status(b[0]) != confirmed {
		t.Errorf("a forged form: %d", answer.Code)
	}
	for range 2 {
		leads, _ := d.says(303, path, url.Values{})
		d.says(200, leads, nil, "Camille1 Martin ne vient plus")
	}
	d.says(303, path, nil)
	if got := d.status(b[0]) + ", " + d.status(b[1]); got != "cancelled, confirmed" {
		t.Error(got)
	}
	if got := d.Audited(b[0].BookingID); !slices.Equal(got, []string{"booking.cancelled"}) {
		t.Errorf("%v", got)
	}
	if got := d.Audited(b[1].BookingID); len(got) > 0 {
		t.Errorf("who gave the seat on, and who came by the list: %v", got)
	}
	d.Clock.Set(s.StartsAt)
	d.browser = d.Browser(auth.RoleTeam) // the session of two days ago is over
	d.says(409, list+"/"+b[1].BookingID+"/annuler", url.Values{}, "")
	d.says(409, teamAgenda+"/"+s.ID+"/inscrire", nil)
	d.says(409, teamAgenda+"/"+s.ID+"/inscrire", handForm(3, "form_1"))
	if _, page := d.says(200, list, nil); strings.Contains(page, "/annuler") || strings.Contains(page, "/inscrire") {
		t.Error("the list offers what is over")
	}
}

// TestWhoBooksForThemselvesIsNotInTheTrail, and is asked in words of their own.
func TestWhoBooksForThemselvesIsNotInTheTrail(t *testing.T) {
	w := newWorld(t)
	s := w.newSession(1)
	w.cancel(w.bookAs(s.ID, 1))
	if n := len(w.Dump(function.Audit)); n != 1 { // the session was planned
		t.Errorf("%d entries", n)
	}
	// Who gave up what the team had booked, and books again, asked nobody.
	ctx, in := w.team(), guest(2)
	in.byHand = true
	if _, err := w.bookSession(ctx, s.ID, in, "k", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.tryBook(s.ID, 2, ""); !errors.Is(err, errAlreadyBooked) {
		t.Errorf("%v", err)
	}
	record := w.look(s.ID).in(confirmed)[0]
	if err := w.release(t.Context(), personIn(record.PK), s.ID, record.ID); err != nil {
		t.Fatal(err)
	}
	w.bookAs(s.ID, 2)
	if now := w.look(s.ID).in(confirmed)[0]; now.ByHand {
		t.Error("the booking of their own says that the team made it")
	}
}
