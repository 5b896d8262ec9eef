package notify

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	smtpserver "github.com/emersion/go-smtp"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
)

// contains fails unless a page says each of these, all spaces being one.
func contains(t *testing.T, page string, parts ...string) {
	t.Helper()
	page = strings.ReplaceAll(page, "\u00a0", " ")
	for _, part := range parts {
		if !strings.Contains(page, part) {
			t.Errorf("the page does not say %q:\n%s", part, page)
		}
	}
}

// TestThePageOfAMailSaysWhatWhyAndWhatBecameOfIt: what it was, which action
// caused it, how it ended, and where to do that anew, as it is not kept.
func TestThePageOfAMailSaysWhatWhyAndWhatBecameOfIt(t *testing.T) {
	w, visit := opened(t)
	thanks := w.ask(camille, camilleEmail, "booking-cancelled", map[string]string{
		"title": "Permanence", "when": "mardi", "place": "", "agenda": "/agenda", mail.About: "/equipe/agenda/ses_1"})
	w.Drain(w.running)
	path := "/equipe/courriels/" + thanks.Person() + "/" + thanks.ID
	page := visit(http.StatusOK, path, nil)
	contains(t, page, "<h1>Réservation annulée</h1>", "a annulé son inscription", `<span class="tag success">Envoyé</span>`, "son adresse n’est plus gardée",
		`<a href="/equipe/agenda/ses_1">voir la rencontre</a>`, "Ce message n’est plus gardé.", `<a class="button" href="/equipe/agenda/ses_1">`,
		`href="/equipe/journal?subject=`+thanks.ID+`"`, "1 essai d’envoi")
	if strings.Contains(page, camilleEmail) || strings.Contains(page, "Renvoyer ce message") {
		t.Errorf("it is kept: %s", page)
	}
	contains(t, visit(http.StatusOK, "/equipe/courriels?person="+thanks.Person(), nil), `<a href="`+path+`">Réservation annulée</a>`)
	w.hear(w.notice("ses-bounce", thanks))
	contains(t, visit(http.StatusOK, path, nil), "Revenu : l’adresse ne reçoit pas", "Les envois à cette personne sont suspendus", `name="retour" value="`+path+`?leve"`,
		`href="/equipe/journal?subject=`+thanks.Person()+`"`)
	w.hear(w.notice("ses-complaint", thanks))
	w.hear(w.notice("ses-bounce", thanks)) // late: it has been received, so the complaint stays
	contains(t, visit(http.StatusOK, "/equipe/courriels?state=reported", nil), "Signalé comme indésirable", "Réservation annulée")
	back := visit(http.StatusSeeOther, "/equipe/courriels/suspensions/"+thanks.Person()+"/lever", url.Values{"retour": {path + "?leve"}})
	if !strings.HasPrefix(back, path+"?leve") {
		t.Errorf("it leads to %s", back)
	}
	contains(t, visit(http.StatusOK, path+"?leve", nil), "Nous écrivons à nouveau à cette personne")
	if elsewhere := visit(http.StatusSeeOther, "/equipe/courriels/suspensions/"+thanks.Person()+"/lever", url.Values{"retour": {"https://evil.example/"}}); strings.Contains(elsewhere, "evil") {
		t.Errorf("it leads to %s", elsewhere)
	}
	visit(http.StatusNotFound, "/equipe/courriels/"+thanks.Person()+"/mail_none", nil)
	visit(http.StatusNotFound, "/equipe/courriels/nobody/"+thanks.ID, nil)
}

// TestASuspendedMailIsNotLost: sent again before the suspension is lifted, it
// would end unsent and be forgotten.
func TestASuspendedMailIsNotLost(t *testing.T) {
	w, visit := opened(t)
	w.provider.set(func(p *provider) {
		p.refuse = &smtpserver.SMTPError{Code: 550, EnhancedCode: smtpserver.EnhancedCode{5, 1, 1}, Message: "Unknown"}
	})
	link := w.askAs(camilleEmail)
	w.Drain(w.running)
	path := "/equipe/courriels/" + link.Person() + "/" + link.ID
	page := visit(http.StatusOK, path, nil)
	contains(t, page, "Échec", camilleEmail, "Les envois à cette personne sont suspendus", "/equipe/allies?q=camille.martin%40exemple.fr")
	if strings.Contains(page, "Renvoyer ce message") {
		t.Error("it may be sent to nobody")
	}
	contains(t, visit(http.StatusConflict, path+"/renvoyer", url.Values{}), "Un point est à corriger", "reprenez-les d’abord")
	w.round()
	if w.state(link) != failed {
		t.Fatalf("it is %s", w.state(link))
	}
	w.provider.set(func(p *provider) { p.refuse = nil })
	visit(http.StatusSeeOther, "/equipe/courriels/suspensions/"+link.Person()+"/lever", url.Values{})
	contains(t, visit(http.StatusOK, path, nil), "Nous gardons encore ce message", "Renvoyer ce message")
	contains(t, visit(http.StatusSeeOther, path+"/renvoyer", url.Values{}), path+"?renvoye")
	contains(t, visit(http.StatusOK, path+"?renvoye", nil), "Il part dans les cinq minutes.")
	w.round()
	w.mustSend(link)
	if trail := fmt.Sprint(w.Dump(function.Audit)); strings.Count(trail, "mail.sent_again") != 1 || strings.Contains(trail, "@") {
		t.Errorf("trail: %s", trail)
	}
}
