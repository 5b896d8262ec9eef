package notify

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/membership"
)

// signed writes the signature of a person, as registration does.
func (w *world) signed(person, ally, given, family string) {
	w.t.Helper()
	w.put(function.Allies, struct {
		dynamo.Key
		GivenName  string `dynamodbav:"given_name"`
		FamilyName string `dynamodbav:"family_name"`
	}{membership.SignatureKey(person, ally), given, family})
}

// TestWhoWasWrittenToAndWhatAbout: who signed is called by name, with their
// page; of everyone, the page that the mail is about is a link away, on the list
// of mails, on that of who is not written to, and on the page of a mail. Nothing
// of it is kept in Mails.
func TestWhoWasWrittenToAndWhatAbout(t *testing.T) {
	w, visit := opened(t)
	w.signed(camille, "ally_1", "Camille", "Martin")
	const application = "/equipe/cohortes/occitanie/candidatures/app_1"
	told := func(person, about string) mail.Intent {
		return w.ask(person, camilleEmail, "booking-cancelled", map[string]string{"title": "T", "when": "mardi", "place": "", "agenda": "/agenda", mail.About: about})
	}
	booked := told(camille, "/equipe/agenda/ses_1")
	told(sacha, "/equipe/agenda/ses_2")
	w.Clock.Advance(1e9)
	applied := told(sacha, application)
	w.Drain(w.running)

	contains(t, visit(http.StatusOK, "/equipe/courriels", nil), `<a href="/equipe/allies/ally_1">Camille Martin</a>`,
		`<a href="/equipe/agenda/ses_1">voir la rencontre</a>`, `<a href="`+application+`">voir la candidature</a>`)
	contains(t, visit(http.StatusOK, "/equipe/courriels?person="+sacha, nil), "cette personne", `<a href="`+application+`">voir la candidature</a>`)
	contains(t, visit(http.StatusOK, "/equipe/courriels?person="+camille, nil), `<td data-label="À">Camille Martin</td>`)

	for _, intent := range []mail.Intent{booked, applied} {
		w.hear(w.notice("ses-bounce", intent))
	}
	page := visit(http.StatusOK, "/equipe/courriels/suspensions", nil)
	contains(t, page, `<a href="/equipe/allies/ally_1">Camille Martin</a>`, `<a href="/equipe/agenda/ses_1">voir la rencontre<`, `<a href="`+application+`">voir la candidature<`)
	if strings.Contains(page, "ses_2") {
		t.Error("not the latest mail")
	}
	contains(t, visit(http.StatusOK, "/equipe/courriels?person="+camille, nil), "Nous n’écrivons plus à Camille Martin", `<a href="/equipe/allies/ally_1">la page de la signature dit comment en changer</a>`)
	contains(t, visit(http.StatusOK, mailPath(camille, booked.ID), nil), `<a href="/equipe/allies/ally_1">Camille Martin</a>`,
		`Sinon, <a href="/equipe/allies/ally_1">la page de la signature dit comment en changer</a>`)
	contains(t, visit(http.StatusOK, mailPath(sacha, applied.ID), nil), `Sinon, <a href="`+application+`">la page de la candidature dit comment en changer</a>`)
	for _, item := range w.Dump(function.Mails) {
		if item["name"] != nil {
			t.Errorf("a name is kept: %v", item)
		}
	}
}

// TestAListOfMailsReadsLittleMore than its index: half a unit for each mail and
// for each person.
func TestAListOfMailsReadsLittleMore(t *testing.T) {
	w, visit := opened(t)
	for range 20 {
		w.askLink()
		w.Clock.Advance(1e9)
	}
	w.signed(camille, "ally_1", "Camille", "Martin")
	w.Drain(w.running)
	read, _ := w.Units(func() { visit(http.StatusOK, "/equipe/courriels", nil) })
	if read != 11.5 { // as docs/data-model.md says
		t.Errorf("%v units", read)
	}
}
