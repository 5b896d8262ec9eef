package booking

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// desk is a member of the team in front of the pages.
type desk struct {
	*world
	browser functiontest.Browser
}

func newDesk(t *testing.T) desk {
	t.Helper()
	w := newWorld(t)
	return desk{w, w.Browser(auth.RoleTeam)}
}

// says asks for a page, or posts a form, and wants texts in what comes back.
func (d desk) says(status int, path string, form url.Values, texts ...string) (leads, page string) {
	d.t.Helper()
	return d.Shows(d.running, d.browser, status, path, form, texts...)
}

// planForm is a session as the team types it.
func planForm() url.Values {
	return url.Values{
		"kind": {"initiation"}, "title": {"Découvrir <ensemble>"}, "mode": {"onsite"}, "place": {"Mairie de Figeac"}, "capacity": {"12"},
		"day": {"2026-04-14"}, "starts_at": {"09:30"}, "ends_at": {"12:00"}, "fundamentals": {"1", "3"}, web.KeyField: {"form_1"},
	}
}

func TestTheTeamPlansSessionsByPage(t *testing.T) {
	d := newDesk(t)
	d.says(200, teamAgenda, nil, "Rien n’est planifié")
	d.says(200, teamAgenda+"/nouvelle", nil, `name="csrf"`, "S’engager ici et maintenant")
	d.says(422, teamAgenda+"/nouvelle", url.Values{"title": {"À <garder>"}, "capacity": {"x"}},
		"Choisissez une sorte de rencontre.", "Choisissez comment on y prend part.", "Indiquez le jour, comme 2026-02-03.", "Indiquez l’heure, comme 12:30.",
		"Saisissez un nombre de places de 1 à 2 000.", `value="À &lt;garder&gt;"`, `id="day-fault"`)
	past := planForm()
	past.Set("day", "2026-03-01")
	d.says(422, teamAgenda+"/nouvelle", past, "Cette date est passée")
	forged := planForm()
	forged.Set(web.FormTokenField, "x")
	if answer := d.Do(d.running, "POST", teamAgenda+"/nouvelle", forged, d.browser.Headers...); answer.Code != 403 || len(d.Dump(function.Agenda)) > 0 {
		t.Errorf("a forged form: %d", answer.Code)
	}
	made, _ := d.says(303, teamAgenda+"/nouvelle", planForm())
	if twice, _ := d.says(303, teamAgenda+"/nouvelle", planForm()); twice != made {
		t.Errorf("sent twice: %s and %s", made, twice)
	}
	d.says(200, made, nil, "La rencontre est créée", "mardi 14 avril 2026, 9 h 30 – 12 h", "0 place prise sur 12", "Découvrir &lt;ensemble&gt;", "1. S’engager ici et maintenant", "3. Agir de façon systémique et élargir")
	path, _, _ := strings.Cut(made, "?")
	id := strings.TrimPrefix(path, teamAgenda+"/")
	if stored := d.stored(id); stored.StartsAt.Format(time.RFC3339) != "2026-04-14T07:30:00Z" || stored.EndsAt.Sub(stored.StartsAt) != 150*time.Minute {
		t.Errorf("%v %v", stored.StartsAt, stored.EndsAt)
	}
	if got := d.Audited(id); !slices.Equal(got, []string{"session.planned"}) {
		t.Errorf("%v", got)
	}
	_, copied := d.says(200, teamAgenda+"/nouvelle?copie="+id, nil, "Tout vient de", `value="Mairie de Figeac"`, `value="09:30"`, `id="fundamentals-3" name="fundamentals" type="checkbox" value="3" checked`)
	if strings.Contains(copied, `value="2026-04-14"`) {
		t.Error("the copy has the day of the original")
	}
	other := planForm()
	other.Set("title", "Une autre")
	d.says(422, teamAgenda+"/nouvelle", other, "Une autre") // the key of the first
	d.says(404, teamAgenda+"/nouvelle?copie=ses_none", nil)
}

func TestAChangeSaysFirstWhomItReaches(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(2)
	d.bookMany(s.ID, 3)
	path := teamAgenda + "/" + s.ID
	_, page := d.says(200, path+"/modifier", nil, "3 personnes seront prévenues par e-mail", "1 personne attend")
	if strings.Contains(page, "Enregistrer et prévenir") {
		t.Error("it asks for what was not changed")
	}
	form := formOf(s.input())
	form.Set("description", "Apportez\r\nun carnet.")
	leads, _ := d.says(303, path+"/modifier", form)
	if leads != path+"?fait=modifiee" || d.stored(s.ID).Description != "Apportez\nun carnet." {
		t.Error(leads)
	}
	form.Set("day", "2026-03-20")
	d.says(200, path+"/modifier", form, "Enregistrer et prévenir 3 personnes", `value="2026-03-20"`)
	if !d.stored(s.ID).StartsAt.Equal(s.StartsAt) {
		t.Error("it was moved before it was confirmed")
	}
	form.Set("prevenir", "oui")
	leads, _ = d.says(303, path+"/modifier", form)
	d.says(200, leads, nil, "Un e-mail part à chaque personne")
	if got := d.stored(s.ID); got.Sequence != 1 || got.StartsAt.Format(time.DateOnly) != "2026-03-20" {
		t.Errorf("%+v", got)
	}
	form.Set("capacity", "1")
	d.says(422, path+"/modifier", form, `id="capacity-fault"`, "la capacité ne peut pas descendre en dessous")
	form.Set("capacity", "5")
	d.says(303, path+"/modifier", form)
	if free := len(d.look(s.ID).free); free != 2 {
		t.Errorf("%d seats are free", free)
	}
	d.says(422, path+"/modifier", url.Values{"title": {""}}, "Saisissez un titre.")
	d.says(200, path+"/inscriptions", nil, "Camille1", "camille.3@territoire.example", "3 personnes")
	d.says(200, path+"/inscriptions?etat=waiting", nil, "Aucune inscription ne correspond.")

	d.says(200, path+"/inscriptions.csv?etat=confirmed", nil, "Adresse e-mail", "camille.1@territoire.example,")
	if _, _, file := d.Page(d.running, d.browser, path+"/inscriptions.xlsx", nil); !strings.HasPrefix(file, "PK") {
		t.Error("it is no workbook")
	}

	d.says(200, path+"/annuler", nil, "Annuler et prévenir 3 personnes")
	leads, _ = d.says(303, path+"/annuler", url.Values{})
	d.says(200, leads, nil, "La rencontre est annulée", "Annulée")
	d.says(303, path+"/annuler", url.Values{})
	d.says(409, path+"/annuler", nil)
	d.says(409, path+"/modifier", nil)
	if got := d.Audited(s.ID); !slices.Equal(got, []string{"export", "export", "session.cancelled", "session.changed", "session.changed", "session.changed", "session.planned"}) {
		t.Errorf("%v", got)
	}
}

// TestAFormOfASessionChangesOnlyWhatWasTyped: two who opened the same form do
// not undo each other.
func TestAFormOfASessionChangesOnlyWhatWasTyped(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(30)
	path := teamAgenda + "/" + s.ID + "/modifier"
	_, page := d.says(200, path, nil, `name="was.capacity" value="30"`, `name="was.fundamentals" value="1"`, `name="was.last_day" value=""`)
	opened := func(name, value string) url.Values {
		form := formOf(s.input())
		for _, field := range planFields {
			was := strings.Join(form[field], ",")
			if want := `name="was.` + field + `" value="` + was + `"`; !strings.Contains(page, want) {
				t.Errorf("the form does not say %s", want)
			}
			form.Set("was."+field, was)
		}
		form.Set(name, value)
		return form
	}
	d.says(303, path, opened("capacity", "40"))
	d.says(303, path, opened("day", "2026-03-20"))
	both := opened("description", "Deux\r\nlignes")
	both["fundamentals"] = []string{"2", "3"}
	d.says(303, path, both)
	d.says(422, path, opened("ends_at", "x"), `name="was.capacity" value="40"`, `name="capacity" type="text" value="40"`, `value="2026-03-20"`)
	d.says(303, path, opened("ends_at", "18:30"))
	got := formOf(d.stored(s.ID).input())
	for name, want := range map[string]string{"capacity": "40", "day": "2026-03-20", "description": "Deux\nlignes", "fundamentals": "2", "ends_at": "18:30", "last_day": ""} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, not %q", name, got.Get(name), want)
		}
	}
	if free := len(d.look(s.ID).free); free != 40 {
		t.Errorf("%d seats", free)
	}
}

// TestTwoWhoChangeTheSameOfASession: the second is told what the first has
// written, and wins by sending again. Who changes something else is not asked.
func TestTwoWhoChangeTheSameOfASession(t *testing.T) {
	d := newDesk(t)
	s := d.newSession(30)
	path := teamAgenda + "/" + s.ID + "/modifier"
	opened := func(name string, values ...string) url.Values {
		form := shownNow(s)
		form[name] = values
		return form
	}
	d.says(303, path, opened("description", "De Camille,\r\nen deux lignes."))
	d.says(303, path, opened("fundamentals", "2", "3"))
	d.says(303, path, opened("day", "2026-03-20"))
	mine := opened("description", "De Sacha")
	mine.Set("starts_at", "x")
	_, page := d.says(409, path, mine, `id="description-fault"`, "est devenue « De Camille, en deux lignes. »", "<pre>De Camille,\nen deux lignes.</pre>",
		"De Sacha</textarea>", `id="starts_at-fault"`, `value="2026-03-20"`, `name="was.description" value="De Camille,`)
	if strings.Contains(page, `id="fundamentals-fault"`) {
		t.Error("what only the other has changed is called a conflict")
	}
	d.says(409, path, opened("fundamentals", "4"), "est devenue « 2. Coopérer et tenir le cap, 3. Agir de façon systémique et élargir »")
	d.says(409, path, opened("day", "2026-03-21"), "est devenue « 20 mars 2026 »")
	if got := d.stored(s.ID).Description; got != "De Camille,\nen deux lignes." {
		t.Errorf("it was overwritten: %q", got)
	}
	mine = opened("description", "De Sacha")
	mine.Set("was.description", "De Camille,\r\nen deux lignes.") // as it was shown again
	d.says(303, path, mine)
	if got := d.stored(s.ID); got.Description != "De Sacha" || len(got.Fundamentals) != 2 || formOf(got.input()).Get("day") != "2026-03-20" {
		t.Errorf("%+v", got)
	}
}

// TestASessionThatTookPlaceSaysWhyItStays as it is: whoever wants to change or
// cancel it is not told of bookings.
func TestASessionThatTookPlaceSaysWhyItStays(t *testing.T) {
	d := newDesk(t)
	s, off := d.newSession(2), d.newSession(2)
	b := d.bookMany(s.ID, 1)
	d.says(303, teamAgenda+"/"+off.ID+"/annuler", url.Values{})
	d.says(409, teamAgenda+"/"+off.ID+"/modifier", nil, "Cette rencontre est annulée")
	d.Clock.Set(s.StartsAt.Add(time.Minute))
	if err := d.closeSessions(t.Context(), d.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	d.browser = d.Browser(auth.RoleTeam)
	path := teamAgenda + "/" + s.ID
	for _, told := range []string{"Cette rencontre a commencé", "Cette rencontre a eu lieu"} {
		for _, page := range []string{"/modifier", "/annuler"} {
			d.says(409, path+page, nil, told)
			d.says(409, path+page, formOf(s.input()), told)
		}
		d.says(303, path+"/pointer", url.Values{"came": {b[0].BookingID}, web.KeyField: {"form_1"}})
	}
}

func TestTheAgendaOfTheTeamHasPages(t *testing.T) {
	d := newDesk(t)
	for range defaultLimit + 1 {
		d.newSession(1)
	}
	_, page := d.says(200, teamAgenda+"?kind=initiation", nil, "Page suivante")
	_, more, _ := strings.Cut(page, `<a href="/equipe/agenda?cursor=`)
	more, _, _ = strings.Cut(more, `"`)
	_, page = d.says(200, teamAgenda+"?cursor="+strings.ReplaceAll(more, "&amp;", "&"), nil)
	if n := strings.Count(page, "Découvrir les fondamentaux"); n != 1 {
		t.Errorf("%d on the second page", n)
	}
}

// TestTheAgendaIsTakenAsAFile: all pages of what the filters keep, and nothing else.
func TestTheAgendaIsTakenAsAFile(t *testing.T) {
	d := newDesk(t)
	for range maxLimit + 1 {
		d.newSession(3)
	}
	other := d.inTwoDays(5)
	other.Kind, other.Title = Assembly, "=Assemblée"
	made, err := d.plan(d.team(), other, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	d.bookMany(made.ID, 2)
	d.says(200, teamAgenda+"?kind=initiation&cursor=", nil, `href="/equipe/agenda.csv?kind=initiation"`, `href="/equipe/agenda.xlsx?kind=initiation"`)
	_, _, file := d.Page(d.running, d.browser, teamAgenda+".csv?kind=initiation", nil)
	if n := strings.Count(file, "Découvrir les fondamentaux"); n != maxLimit+1 || strings.Contains(file, "Assemblée") {
		t.Errorf("%d of %d, or what was filtered away", n, maxLimit+1)
	}
	_, _, file = d.Page(d.running, d.browser, teamAgenda+".csv?kind=assembly", nil)
	for _, want := range []string{made.ID, "Assemblée des allié·es", "'=Assemblée", "Ouverte", ",5,2,0,"} {
		if !strings.Contains(file, want) {
			t.Errorf("no %q in %s", want, file)
		}
	}
	if _, _, file := d.Page(d.running, d.browser, teamAgenda+".xlsx", nil); !strings.HasPrefix(file, "PK") {
		t.Error("it is no workbook")
	}
	if _, _, file := d.Page(d.running, d.browser, teamAgenda+".csv?etat=annulees", nil); strings.Contains(file, "ses_") {
		t.Error("none was cancelled")
	}
	d.says(422, teamAgenda+".csv?mois=mars", nil)
	if got := d.Audited("agenda"); !slices.Equal(got, []string{"export", "export", "export", "export"}) {
		t.Errorf("%v", got)
	}
	d.says(200, teamAgenda, nil, `<option value="2023-01">janvier 2023</option>`, `<option value="2026-09">`)
}

func TestSeriesAreMadeAndChangedByPage(t *testing.T) {
	d := newDesk(t)
	form := url.Values{"kind": {"workshop"}, "slug": {"recits"}, "name": {"Récits"}, "active_from": {"2026-01-05"}, web.KeyField: {"form_1"}}
	d.says(200, teamSeries, nil, "Rien encore")
	d.says(422, teamSeries+"/nouvelle", url.Values{"name": {"Récits"}}, "Choisissez entre chantier et communauté apprenante.", "Indiquez le premier jour.", `value="Récits"`)
	for range 2 {
		leads, _ := d.says(303, teamSeries+"/nouvelle", form)
		d.says(200, leads, nil, "Récits", "Depuis le 5 janvier 2026")
	}
	taken := url.Values{"kind": {"community"}, "slug": {"recits"}, "name": {"Autre"}, "active_from": {"2026-01-05"}, web.KeyField: {"form_2"}}
	d.says(422, teamSeries+"/nouvelle", taken, `id="slug-fault"`, "porte déjà cet identifiant")
	d.says(200, teamSeries+"/recits", nil, `value="2026-01-05"`, "Chantier")
	d.says(422, teamSeries+"/recits", url.Values{"name": {"Récits"}, "active_from": {"2026-01-05"}, "active_to": {"2025-01-01"}}, "La fin doit venir après le début.")
	d.says(303, teamSeries+"/recits", url.Values{"name": {"Récits"}, "active_from": {"2026-01-05"}, "active_to": {"2026-02-01"}})
	d.says(200, teamSeries, nil, "Du 5 janvier 2026 au 1er février 2026", "Terminé")
	d.says(404, teamSeries+"/nulle-part", nil)
	if got := d.Audited("recits"); !slices.Equal(got, []string{"series.changed", "series.created"}) {
		t.Errorf("%v", got)
	}
}
