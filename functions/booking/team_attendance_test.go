package booking

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// held is the data of the last fact about a session.
func (d desk) held(id string) (data heldFact) {
	d.t.Helper()
	for _, item := range d.Dump(function.Ledger) {
		var event struct {
			ID   string
			Data heldFact
		}
		if err := json.Unmarshal([]byte(item["event"].(string)), &event); err != nil {
			d.t.Fatal(err)
		}
		if event.ID == d.stored(id).HeldFact {
			data = event.Data
		}
	}
	return data
}

func TestAttendanceIsNotedAndCorrectedByPage(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(2)
	b := d.bookMany(s.ID, 3)
	path := teamAgenda + "/" + s.ID + "/pointer"
	d.says(409, path, nil, "les présences se notent à partir de son début")
	d.Clock.Set(s.StartsAt.Add(time.Hour))
	d.browser = d.Browser(auth.RoleTeam) // the session of two days ago is over
	d.says(200, teamAgenda, nil, "Présences à noter", `href="`+path+`"`)
	_, page := d.says(200, path, nil, "Martin Camille1", "En attente ou désistées", `id="walk_ins-0-email"`)
	if strings.Contains(page, "walk_ins.1.email") {
		t.Error("there are more lines than one")
	}
	form := url.Values{"came": {b[0].BookingID}, "walk_ins.0.email": {"Passante@territoire.example"}, "walk_ins.0.territory": {"99999"}, "lines": {"1"}, web.KeyField: {"form_1"}}
	form.Set("more", "1")
	d.says(200, path, form, `value="Passante@territoire.example"`, `id="walk_ins-3-email"`, `value="`+b[0].BookingID+`" checked`)
	form.Del("more")
	form.Set("lines", "4")
	form.Set("walk_ins.2.quartet_role", "state")
	form.Set("walk_ins.3.email", "pas une adresse")
	d.says(422, path, form, `id="walk_ins-0-territory-fault"`, `id="walk_ins-0-territory_choice"`, `id="walk_ins-3-email-fault"`, `value="pas une adresse"`)
	form.Set("walk_ins.0.territory", "46102")
	form.Set("walk_ins.3.email", "")
	form.Set("others", "beaucoup")
	d.says(422, path, form, "Saisissez un nombre de 0 à 500.")
	form.Set("others", "2")
	form.Set("walk_ins.0.territory", "Paris")
	d.says(422, path, form, `id="walk_ins-0-territory-fault"`, `<option value="75056">Paris, commune (Paris)</option>`, `<option value="75">Paris, département</option>`, `value="Paris"`)
	form.Set("walk_ins.0.territory_choice", "46102") // of what was offered, whatever was typed
	leads, _ := d.says(303, path, form)
	d.says(200, leads, nil, "Les présences sont notées")
	d.says(303, path, form) // sent twice
	first := d.held(s.ID)
	if first.Attended != 5 || first.WalkIns != 4 || first.Territories["46102"] != 1 || len(first.Participants) != 2 || first.Corrects != "" {
		t.Errorf("%+v", first)
	}
	for _, item := range d.Dump(function.Agenda) {
		if strings.Contains(strings.ToLower(fmt.Sprint(item)), "passante") {
			t.Errorf("the address of who had not booked is kept: %v", item)
		}
	}

	_, page = d.says(200, path, nil, "Personne 1, Figeac, adresse donnée", "Personne 2, Service de l’État", `value="`+b[0].BookingID+`" checked`)
	_, of, _ := strings.Cut(page, `name="of" value="`)
	of, _, _ = strings.Cut(of, `"`)
	correction := url.Values{"came": {b[1].BookingID, b[2].BookingID}, "kept": {"0", "2", "3"}, "of": {of}, web.KeyField: {"form_2"}}
	d.says(303, path, correction)
	second := d.held(s.ID)
	if second.Attended != 5 || second.WalkIns != 3 || second.QuartetRoles["state"] != 0 || len(second.Participants) != 3 || second.Corrects != of {
		t.Errorf("%+v", second)
	}
	correction.Set(web.KeyField, "form_3")
	d.says(409, path, correction, "vient de changer")
	if got := d.Audited(s.ID); !slices.Equal(got, []string{"session.held", "session.held", "session.planned"}) {
		t.Errorf("%v", got)
	}
	said := func(people, walkIns int, bookings ...string) string {
		text, _ := json.Marshal(attendanceNoted{people, walkIns, slices.Sorted(slices.Values(bookings))})
		return string(text)
	}
	was, is := said(5, 4, b[0].BookingID), said(5, 3, b[1].BookingID, b[2].BookingID)
	trail := map[any]any{}
	for _, item := range d.Dump(function.Audit) {
		if item["action"] == "session.held" {
			trail[item["after"]] = item["before"]
		}
	}
	if trail[was] != nil || trail[is] != was {
		t.Errorf("the trail does not say what was noted before and after: %v", trail)
	}
	came := 0
	for _, record := range d.look(s.ID).records {
		if record.Attended {
			came++
		}
	}
	if came != 2 {
		t.Errorf("%d bookings say that they came", came)
	}
	d.says(200, teamAgenda+"?etat=tenues", nil, "Présences notées")
	d.says(200, teamAgenda+"?etat=a-pointer", nil, "Aucune rencontre")
	d.says(200, teamAgenda+"?etat=a-venir&mois=2026-01", nil, "Aucune rencontre")
	d.says(200, teamAgenda+"?mois=2026-03&kind=initiation", nil, "Découvrir les fondamentaux")
	d.says(422, teamAgenda+"?mois=mars", nil, "Choisissez un mois de la liste.")
}

// TestAFormSentAgainWithOtherTicksCorrects: Back, other ticks, and saved again
// is no second copy of what was sent before. What the bookings say is what the
// fact says.
func TestAFormSentAgainWithOtherTicksCorrects(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(3)
	b := d.bookMany(s.ID, 3)
	path := teamAgenda + "/" + s.ID + "/pointer"
	d.Clock.Set(s.StartsAt.Add(time.Hour))
	d.browser = d.Browser(auth.RoleTeam)
	agree := func(came, walkIns int) {
		t.Helper()
		marked := 0
		for _, record := range d.look(s.ID).records {
			if record.Attended {
				marked++
			}
		}
		if fact := d.held(s.ID); marked != came || fact.Attended != came+walkIns || fact.WalkIns != walkIns {
			t.Errorf("%d bookings say that they came, the fact says %d with %d walk-ins", marked, fact.Attended, fact.WalkIns)
		}
	}
	form := url.Values{"came": {b[0].BookingID, b[1].BookingID}, "walk_ins.0.email": {"passante@territoire.example"}, "lines": {"1"}, "of": {""}, web.KeyField: {"form_1"}}
	d.says(303, path, form)
	d.says(303, path, form)
	agree(2, 1)
	form["came"] = []string{b[0].BookingID}
	d.says(303, path, form)
	agree(1, 1)
	form["walk_ins.0.email"] = []string{"autre@territoire.example"}
	d.says(303, path, form)
	d.says(303, path, form)
	agree(1, 1)
	if got := d.Audited(s.ID); !slices.Equal(got, []string{"session.held", "session.held", "session.held", "session.planned"}) {
		t.Errorf("%v", got)
	}

	correction := url.Values{"came": {b[0].BookingID, b[2].BookingID}, "shown": {b[0].BookingID}, "kept": {"0"}, "of": {d.stored(s.ID).HeldFact}, web.KeyField: {"form_2"}}
	d.says(303, path, correction)
	d.says(303, path, correction)
	agree(2, 1)
	correction["came"] = []string{b[2].BookingID} // who was kept is no more at the same place, perhaps
	_, page := d.says(409, path, correction, "vient de changer", `value="`+b[2].BookingID+`" checked`, `name="of" value="`+d.stored(s.ID).HeldFact+`"`)
	if strings.Contains(page, `value="`+b[0].BookingID+`" checked`) || strings.Contains(page, `value="form_2"`) {
		t.Error("the ticks are not kept, or the form is the same")
	}
	agree(2, 1)
	correction.Set("of", d.stored(s.ID).HeldFact)
	correction.Set(web.KeyField, "form_3")
	d.says(303, path, correction)
	agree(1, 1)
	form["came"] = []string{b[1].BookingID} // the first form, after others have corrected
	d.says(409, path, form, "vient de changer", `value="autre@territoire.example"`)
	agree(1, 1)
}

// TestTwoWhoNoteAttendanceLoseNothing: whoever saves last is shown what the
// other has noted, with their own ticks, and saves both.
func TestTwoWhoNoteAttendanceLoseNothing(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(5)
	b := d.bookMany(s.ID, 5)
	path := teamAgenda + "/" + s.ID + "/pointer"
	d.Clock.Set(s.StartsAt.Add(time.Hour))
	d.browser = d.Browser(auth.RoleTeam)
	came := func(want ...int) {
		t.Helper()
		var got []int
		for i := range b {
			if slices.ContainsFunc(d.look(s.ID).records, func(r bookingItem) bool { return r.ID == b[i].BookingID && r.Attended }) {
				got = append(got, i)
			}
		}
		if fact := d.held(s.ID); !slices.Equal(got, want) || fact.Attended != len(want) {
			t.Errorf("%v came, not %v, and the fact says %d", got, want, fact.Attended)
		}
	}
	ids := func(places ...int) (all []string) {
		for _, i := range places {
			all = append(all, b[i].BookingID)
		}
		return all
	}
	// Both opened the first form.
	d.says(303, path, url.Values{"came": ids(0, 1), "of": {""}, web.KeyField: {"camille"}})
	sacha := url.Values{"came": ids(1, 2), "of": {""}, web.KeyField: {"sacha"}}
	d.saves(path, sacha, []string{
		`value="` + b[0].BookingID + `" checked`, `value="` + b[1].BookingID + `" checked`, `value="` + b[2].BookingID + `" checked`,
		"Camille1</strong> <span class=\"tag\">Cochée entre-temps", "Camille3</strong> <span class=\"tag waiting\">Cochée par vous",
	})
	came(0, 1, 2)
	// Both correct: one takes away the first and adds the fourth, the other takes away the second and adds the fifth.
	of := d.stored(s.ID).HeldFact
	d.says(303, path, url.Values{"came": ids(1, 2, 3), "shown": ids(0, 1, 2), "of": {of}, web.KeyField: {"camille-2"}})
	sacha = url.Values{"came": ids(0, 2, 4), "shown": ids(0, 1, 2), "of": {of}, web.KeyField: {"sacha-2"}}
	d.saves(path, sacha, []string{
		"Camille1</strong> <span class=\"tag\">Décochée entre-temps", "Camille2</strong> <span class=\"tag waiting\">Décochée par vous",
		"Camille4</strong> <span class=\"tag\">Cochée entre-temps", "Camille5</strong> <span class=\"tag waiting\">Cochée par vous",
	})
	came(2, 3, 4)
}

// saves posts a form that is out of date, wants texts in the form that is shown
// again, and saves that one as it is.
func (d desk) saves(path string, form url.Values, texts []string) {
	d.t.Helper()
	_, page := d.says(409, path, form, texts...)
	again := url.Values{}
	for _, input := range strings.Split(page, "<input ")[1:] {
		input, _, _ = strings.Cut(input, ">")
		attribute := func(name string) string {
			_, rest, _ := strings.Cut(input, name+`="`)
			value, _, _ := strings.Cut(rest, `"`)
			return value
		}
		if name := attribute("name"); strings.Contains(" "+input, " checked") || slices.Contains([]string{"of", "shown", "lines", web.KeyField}, name) {
			again.Add(name, attribute("value"))
		}
	}
	d.says(303, path, again)
}

// TestNobodyCameIsAskedOnce: a press too early does not end a session.
func TestNobodyCameIsAskedOnce(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(3)
	b := d.bookMany(s.ID, 1)
	path := teamAgenda + "/" + s.ID + "/pointer"
	d.Clock.Set(s.StartsAt.Add(time.Hour))
	d.browser = d.Browser(auth.RoleTeam)
	form := url.Values{"of": {""}, "others": {"0"}, web.KeyField: {"form_1"}}
	_, page := d.says(200, path, nil)
	if strings.Contains(page, "Personne n’est venu") {
		t.Error("it is asked before anything was said")
	}
	d.says(200, path, form, "Personne n’est venu ?", `name="personne" value="oui"`, `name="idempotency_key" value="form_1"`)
	if got := d.stored(s.ID); got.State == held || len(d.Dump(function.Ledger)) > 0 {
		t.Errorf("it is held before it was confirmed: %+v", got)
	}
	form.Set("personne", "oui")
	for range 2 {
		d.says(303, path, form)
	}
	if fact := d.held(s.ID); d.stored(s.ID).State != held || fact.Attended != 0 || fact.Booked != 1 || len(d.Dump(function.Ledger)) != 1 {
		t.Errorf("%+v", fact)
	}
	some := url.Values{"of": {d.stored(s.ID).HeldFact}, "came": {b[0].BookingID}, web.KeyField: {"form_2"}}
	d.says(303, path, some)
	none := url.Values{"of": {d.stored(s.ID).HeldFact}, web.KeyField: {"form_3"}}
	d.says(200, path, none, "Personne n’est venu ?")
	if fact := d.held(s.ID); fact.Attended != 1 {
		t.Errorf("%+v", fact)
	}
}
