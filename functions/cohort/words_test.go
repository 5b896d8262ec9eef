package cohort

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// TestWhatIsWrittenStays with the application, for the team: with a decision and
// by itself, by whom and to whom. What reached nobody is no letter.
func TestWhatIsWrittenStays(t *testing.T) {
	d := newDesk(t)
	id := d.completed(1, 1)[0]
	draft := d.applyFor(1).ID
	one := teamCohorts + "/occitanie/candidatures/"
	form := url.Values{"message": {"Une question,\r\n<vite>."}, web.KeyField: {"form_1"}}
	for range 2 {
		d.says(303, one+id+"/message", form)
	}
	d.Clock.Advance(time.Minute)
	d.says(303, one+id+"/decision", url.Values{"decision": {"accepted"}, "note": {"Bienvenue à vous."}, "etape": {"envoyer"}})
	_, page := d.says(200, one+id, nil, "Ce que l’équipe leur a écrit", `<p class="typed">Une question,`+"\n"+`&lt;vite&gt;.</p>`,
		"Avec la décision « Acceptée »", "Bienvenue à vous.", "par Camille Dupré, à : Élu·e, ")
	if strings.Count(page, "Une question,") != 1 || strings.Index(page, "Bienvenue à vous.") > strings.Index(page, "Une question,") {
		t.Errorf("twice, or the oldest first: %s", page)
	}
	d.says(303, one+draft+"/decision", url.Values{"decision": {"waiting"}, "note": {"À bientôt."}, "etape": {"envoyer"}})
	if found := d.Holding("À bientôt."); len(found) > 0 {
		t.Errorf("sent to nobody, and kept: %v", found)
	}
}

// TestWhatIsWrittenGoesWithTheLastOfTheFour, whatever was decided.
func TestWhatIsWrittenGoesWithTheLastOfTheFour(t *testing.T) {
	w := newWorld(t)
	id := w.completed(1, 1)[0]
	item, err := w.decide(w.member(), id, decisionInput{Decision: accepted, Note: "Chère Élue0, bienvenue."})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.write(w.member(), item, "Chère Élue0, une question.", ""); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Minute)
	left := len(item.Members)
	for _, in := range item.Members {
		if words, err := w.words(t.Context(), id); err != nil || len(words) != 2 {
			t.Errorf("with %d of the four: %v %v", left, words, err)
		}
		for range 2 {
			if err := w.erase(t.Context(), in.Person, w.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
		left--
	}
	if found := w.Holding("Chère Élue0"); len(found) > 0 {
		t.Errorf("%v", found)
	}
	if err := w.write(w.member(), item, "Trop tard.", ""); err == nil {
		t.Error("written to nobody")
	}
}

// TestWhoIsSuspendedIsSaid: to whom nothing goes is said before and after a
// message, and how that is mended.
func TestWhoIsSuspendedIsSaid(t *testing.T) {
	d := newDesk(t)
	id, draft := d.completed(1, 1)[0], d.applyFor(1)
	item, err := d.application(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := d.application(t.Context(), draft.ID)
	if err != nil {
		t.Fatal(err)
	}
	person := item.Members["state"].Person
	d.suspends(person)
	d.suspends(asked.Members["state"].Person)
	d.says(200, teamCohorts+"/occitanie/candidatures/"+draft.ID, nil, "Rien ne part vers state1 Martin", "nommer la même personne avec une autre adresse")
	d.says(200, strings.TrimPrefix(draft.ManageURL, d.origin), nil, "Nommer quelqu’un d’autre, ou corriger une adresse", `name="quartet.state.email"`)
	one := teamCohorts + "/occitanie/candidatures/" + id
	const nothing = "Rien ne part vers state0 Martin : les envois y sont suspendus."
	_, page := d.says(200, one, nil, nothing, "Votre message ira à elected0 Martin, officer0 Martin, socioeconomic0 Martin.", "/equipe/courriels?person="+person,
		"Sinon, joignez la personne autrement.")
	if strings.Count(page, "Envois suspendus") != 1 {
		t.Errorf("not of one person: %s", page)
	}
	leads, _ := d.says(303, one+"/message", url.Values{"message": {"Bonjour."}})
	d.says(200, leads, nil, "Il est en route vers elected0 Martin, officer0 Martin, socioeconomic0 Martin.", nothing)
	d.says(200, one+"/decision", url.Values{"decision": {"accepted"}}, nothing)
}

// suspends says in Mails that a person is not written to, as notify does.
func (d desk) suspends(person string) {
	d.t.Helper()
	var writes dynamo.Writes
	writes.Add(d.Runtime().Table(function.Mails).Put(struct {
		dynamo.Key
		Listed string `dynamodbav:"suppressed"`
		At     string `dynamodbav:"suppressed_at"`
	}{mail.SuppressionKey(person), "SUPPRESSED", "2026-03-10T09:00:00.000000000Z"}))
	if err := writes.Commit(d.t.Context(), d.Client); err != nil {
		d.t.Fatal(err)
	}
}
