package booking

import (
	"net/url"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// TestWhoIsToldIsSaid: whoever waited and got a seat gets a mail, and nobody
// gets one of a session that nobody booked.
func TestWhoIsToldIsSaid(t *testing.T) {
	d := newDesk(t)
	s, empty := d.newSession(1), d.newSession(1)
	d.bookMany(s.ID, 2)
	path := teamAgenda + "/" + s.ID
	d.says(200, path+"/inscriptions", nil, "En attente, 1<sup>re</sup>")
	grown := shownNow(s)
	grown.Set("capacity", "2")
	leads, _ := d.says(303, path+"/modifier", grown)
	if _, page := d.says(200, leads, nil, "aux personnes qui attendaient"); strings.Contains(page, "Personne n’avait") {
		t.Error("it says that nobody is told")
	}
	grown = shownNow(d.stored(s.ID))
	grown.Set("capacity", "3")
	leads, _ = d.says(303, path+"/modifier", grown)
	d.says(200, leads, nil, "Personne n’avait à être prévenu")
	leads, _ = d.says(303, teamAgenda+"/"+empty.ID+"/annuler", url.Values{})
	if _, page := d.says(200, leads, nil, "aucun e-mail ne part"); strings.Contains(page, "Un e-mail part") {
		t.Error("it says that people are told")
	}
	d.says(409, teamAgenda+"/"+empty.ID+"/inscrire", nil, "Cette rencontre est annulée", `href="/equipe/agenda/`+empty.ID+`"`)
	leads, _ = d.says(303, path+"/annuler", url.Values{})
	d.says(200, leads, nil, "Un e-mail part à chaque personne")
}

// TestWhoCameWithoutABookingIsShown on the page of the session and in the file
// of its bookings, and these are narrowed by who came.
func TestWhoCameWithoutABookingIsShown(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(5)
	b := d.bookMany(s.ID, 3)
	path := teamAgenda + "/" + s.ID
	d.Clock.Set(s.EndsAt)
	d.browser = d.Browser(auth.RoleTeam)
	d.says(303, path+"/pointer", url.Values{"came": {b[0].BookingID, b[1].BookingID}, "walk_ins.0.territory": {"46102"}, "walk_ins.0.quartet_role": {"state"}, "lines": {"1"}, "others": {"3"}, web.KeyField: {"form_1"}})
	d.says(200, path, nil, "<dt>Présentes parmi les inscrites</dt><dd>2</dd>", "<dt>Venues sans inscription</dt><dd>4</dd>")
	for query, want := range map[string]int{"": 7, "?etat=presentes": 6, "?etat=absentes": 1, "?etat=confirmed": 3, "?q=camille1": 1} {
		rows := d.rows(path + "/inscriptions.csv" + query)
		if len(rows) != want {
			t.Errorf("%q: %d rows, not %d: %q", query, len(rows), want, rows)
		}
		if last := rows[len(rows)-1]; query == "" && (last[1] != "Sans inscription" || rows[3][8] != "Figeac" || rows[3][9] != "Service de l’État") {
			t.Errorf("%q", rows)
		}
	}
	if _, page := d.says(200, path+"/inscriptions?etat=absentes", nil, "1 personne", "Camille3", "Inscrites, absentes"); strings.Contains(page, "Camille1") {
		t.Error("who came is among the absent")
	}
}

// TestASessionIsOfACohortThatThereIs, whatever was posted.
func TestASessionIsOfACohortThatThereIs(t *testing.T) {
	d := newDesk(t)
	d.cohortNamed("occitanie", "Occitanie")
	form := planForm()
	form.Set("cohort", "zzz")
	d.says(422, teamAgenda+"/nouvelle", form, `id="cohort-fault"`, "Choisissez une cohorte de la liste.")
	form.Set("cohort", "occitanie")
	d.says(303, teamAgenda+"/nouvelle", form)
	change := shownNow(d.newSession(2))
	change.Set("cohort", "zzz")
	d.says(422, teamAgenda+"/"+d.newSession(2).ID+"/modifier", change, `id="cohort-fault"`)
}

// TestTheAgendaIsSearchedByWords, in what is past as well.
func TestTheAgendaIsSearchedByWords(t *testing.T) {
	d := newDesk(t)
	for _, title := range []string{"Récits de la forêt", "Évaluer la coopération"} {
		in := d.inTwoDays(2)
		in.Title, in.Mode, in.Place = title, Onsite, "Mairie de "+strings.ToUpper(title[:1])+"igeac"
		if _, err := d.plan(d.team(), in, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	d.Clock.Set(d.Clock.Now().AddDate(0, 0, 10))
	d.browser = d.Browser(auth.RoleTeam)
	_, page := d.says(200, teamAgenda+"?q=foret+recits", nil, "Récits de la forêt", `href="/equipe/agenda.csv?q=foret&#43;recits"`)
	if strings.Contains(page, "Évaluer") {
		t.Error("it finds everything")
	}
	d.says(200, teamAgenda+"?q=mairie", nil, "Récits de la forêt", "Évaluer la coopération")
	d.says(200, teamAgenda+"?q=foret&etat=a-venir", nil, "Aucune rencontre")
	if rows := d.rows(teamAgenda + ".csv?q=evaluer"); len(rows) != 1 {
		t.Errorf("%q", rows)
	}
}
