package booking

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// TestASessionThatDidNotTakePlaceCountsNowhere: no fact, no mail, no seat, and
// nothing left to note. It is noted once it is over, and only while nobody has
// said who came.
func TestASessionThatDidNotTakePlaceCountsNowhere(t *testing.T) {
	d := newDesk(t)
	s, noted := d.newSession(2), d.newSession(2)
	d.bookMany(s.ID, 1)
	title := "Découvrir, plus tard"
	if _, err := d.change(d.team(), s.ID, sessionChange{Title: &title}, &fault.Fields{}); err != nil {
		t.Fatal(err) // nobody has been told of it yet
	}
	path := teamAgenda + "/" + s.ID
	d.says(409, path+"/pas-eu-lieu", nil, "Cette rencontre n’est pas terminée", `href="`+path+`"`)
	d.Clock.Set(s.StartsAt.Add(time.Minute))
	d.browser = d.Browser(auth.RoleTeam)
	d.says(409, path+"/pas-eu-lieu", url.Values{}, "Cette rencontre n’est pas terminée")
	if _, page := d.says(200, path, nil); strings.Contains(page, "pas-eu-lieu") {
		t.Error("it is offered before the end")
	}
	d.Clock.Set(s.EndsAt)
	d.says(303, teamAgenda+"/"+noted.ID+"/pointer", url.Values{"personne": {"oui"}, web.KeyField: {"form_1"}})
	d.says(409, teamAgenda+"/"+noted.ID+"/pas-eu-lieu", nil, "Les présences de cette rencontre sont notées")
	d.says(409, teamAgenda+"/"+noted.ID+"/pas-eu-lieu", url.Values{}, "Les présences de cette rencontre sont notées")
	if got := d.stored(noted.ID).State; got != held {
		t.Errorf("what was held is %s", got)
	}

	d.says(200, path, nil, `href="`+path+`/pas-eu-lieu"`)
	d.says(200, path+"/pas-eu-lieu", nil, "1 personne était inscrite", `href="`+path+`/pointer"`)
	facts := len(d.Dump(function.Ledger))
	for range 2 {
		leads, _ := d.says(303, path+"/pas-eu-lieu", url.Values{})
		d.says(200, leads, nil, "C’est noté", "N’a pas eu lieu")
	}
	if err := d.tellAll(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	for _, item := range d.Dump(function.Agenda) {
		if strings.HasPrefix(item["sk"].(string), "MAIL#") {
			t.Errorf("a mail leaves: %v", item)
		}
	}
	if room := d.look(s.ID); room.session.State != cancelled || len(room.free) > 0 || len(d.Dump(function.Ledger)) != facts {
		t.Errorf("it counts still: %+v", room)
	}
	if got := d.Audited(s.ID); !slices.Equal(got, []string{"session.changed", "session.not_held", "session.planned"}) {
		t.Errorf("%v", got)
	}
	d.says(409, path+"/pointer", nil, "Cette rencontre est annulée")
	d.says(200, teamAgenda+"?etat=a-pointer", nil, "Aucune rencontre")
	d.says(200, teamAgenda+"?etat=annulees", nil, title)
	d.says(200, "/agenda/"+s.ID, nil, "Cette rencontre n’a pas eu lieu")
}

// TestAttendanceAndItsAbsenceAreNotBothNoted, however close together they come.
func TestAttendanceAndItsAbsenceAreNotBothNoted(t *testing.T) {
	d := newDesk(t)
	for range 5 {
		s := d.newSession(2)
		d.Clock.Set(s.EndsAt)
		d.browser = d.Browser(auth.RoleTeam)
		var group sync.WaitGroup
		path, codes := teamAgenda+"/"+s.ID, [2]int{}
		group.Go(func() { codes[0], _, _ = d.Page(d.running, d.browser, path+"/pas-eu-lieu", url.Values{}) })
		group.Go(func() {
			codes[1], _, _ = d.Page(d.running, d.browser, path+"/pointer", url.Values{"personne": {"oui"}, web.KeyField: {"form_" + s.ID}})
		})
		group.Wait()
		stored := d.stored(s.ID)
		if stored.State != held && stored.State != cancelled || (stored.State == held) != (stored.HeldFact != "") || (codes[0] == 303) == (codes[1] == 303) {
			t.Errorf("%v, and it is %s with the fact %q", codes, stored.State, stored.HeldFact)
		}
	}
}
