package notify

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	smtpserver "github.com/emersion/go-smtp"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// opened opens the function for a member of the team in a browser.
func opened(t *testing.T) (*world, func(status int, path string, form url.Values) string) {
	t.Helper()
	w := newWorld(t)
	w.team("team")
	browser := w.Browser(auth.RoleTeam)
	return w, func(status int, path string, form url.Values) string {
		t.Helper()
		got, leads, page := w.Page(w.running, browser, path, form)
		if got != status {
			t.Fatalf("%s: %d instead of %d: %.500s", path, got, status, page)
		}
		return leads + page
	}
}

// askAs writes an intent for the person that an address stands for.
func (w *world) askAs(address string) mail.Intent {
	w.t.Helper()
	person, err := personal.Hash(w.t.Context(), w.Runtime().Key(function.IdentityKey), alliance.NormaliseEmail(address))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.ask(person, address, "my-data-link", map[string]string{"link": "/mes-donnees?token=abc", "minutes": "60"})
}

func (w *world) listed(query string) (found mailsAnswer) {
	w.t.Helper()
	answer := w.Do(w.running, "GET", "/v1/mails"+query, nil, "Authorization", "Bearer "+w.team("team"))
	if answer.Code != http.StatusOK {
		w.t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	if strings.Contains(answer.Body.String(), "@") {
		w.t.Errorf("an address is listed: %s", answer.Body)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &found); err != nil {
		w.t.Fatal(err)
	}
	return found
}

func TestTheTeamSeesWhatWasSentToWhomAndWhy(t *testing.T) {
	w, visit := opened(t)
	var asked []string
	for n := range 5 {
		asked = append(asked, w.askAs(fmt.Sprintf("p%d@exemple.fr", n)).ID)
		w.Clock.Advance(time.Minute)
	}
	w.Drain(w.running)
	var got []string
	for cursor := ""; ; {
		page := w.listed("?state=sent&limit=2&cursor=" + cursor)
		for _, entry := range page.Items {
			got = append([]string{entry.ID}, got...)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(asked) {
		t.Errorf("listed %v, asked %v", got, asked)
	}
	if page := visit(http.StatusOK, "/equipe/courriels?q=P1@exemple.fr", nil); strings.Count(page, ">Lien vers ses données</a>") != 1 || !strings.Contains(page, "Envoyé") {
		t.Errorf("%s", page)
	}
	if page := visit(http.StatusOK, "/equipe/courriels", nil); strings.Contains(page, "@exemple.fr") || strings.Count(page, `<th scope="row">`) != 5 {
		t.Errorf("%s", page)
	}
	if page := visit(http.StatusUnprocessableEntity, "/equipe/courriels?q=p1&state=x", nil); !strings.Contains(page, "2 points sont à corriger") {
		t.Errorf("%s", page)
	}
}

// TestAMailThatFailedIsSentAgain, once its provider takes it, and not after
// its content is gone.
func TestAMailThatFailedIsSentAgain(t *testing.T) {
	w, visit := opened(t)
	w.provider.set(func(p *provider) {
		p.refuse = &smtpserver.SMTPError{Code: 554, EnhancedCode: smtpserver.EnhancedCode{5, 7, 1}, Message: "No"}
	})
	link := w.askAs(camilleEmail)
	w.Drain(w.running)
	if page := visit(http.StatusOK, "/equipe/courriels?q="+url.QueryEscape(camilleEmail), nil); !strings.Contains(page, "Échec") || !strings.Contains(page, "/renvoyer") {
		t.Fatalf("%s", page)
	}
	w.provider.set(func(p *provider) { p.refuse = nil })
	path := "/equipe/courriels/" + link.Person() + "/" + link.ID + "/renvoyer"
	if leads := visit(http.StatusSeeOther, path, url.Values{}); !strings.Contains(leads, "renvoye") {
		t.Errorf("%s", leads)
	}
	w.round()
	w.mustSend(link)
	if held := w.Holding(camilleEmail); len(held) != 1 { // the intent, in Allies
		t.Errorf("held in %v", held)
	}
	if page := visit(http.StatusConflict, path, url.Values{}); !strings.Contains(page, "Ce message est déjà parti") || !strings.Contains(page, "Ce message n’est plus gardé.") {
		t.Errorf("%s", page)
	}
	if trail := fmt.Sprint(w.Dump(function.Audit)); strings.Count(trail, "mail.sent_again") != 1 || strings.Contains(trail, "@") {
		t.Errorf("trail: %s", trail)
	}
}

func TestTheTeamLiftsASuspension(t *testing.T) {
	w, visit := opened(t)
	w.provider.set(func(p *provider) {
		p.refuse = &smtpserver.SMTPError{Code: 550, EnhancedCode: smtpserver.EnhancedCode{5, 1, 1}, Message: "Unknown"}
	})
	link := w.askAs(camilleEmail)
	w.Drain(w.running)
	if page := visit(http.StatusOK, "/equipe/courriels?q="+url.QueryEscape(camilleEmail), nil); !strings.Contains(page, "Nous n’écrivons plus à cette personne") {
		t.Errorf("%s", page)
	}
	list := "/equipe/courriels/suspensions"
	if page := visit(http.StatusOK, list, nil); !strings.Contains(page, "L’adresse n’existe pas") {
		t.Errorf("%s", page)
	}
	visit(http.StatusSeeOther, list+"/"+link.Person()+"/lever", url.Values{})
	if page := visit(http.StatusOK, list, nil); !strings.Contains(page, "Nous écrivons à tout le monde") {
		t.Errorf("%s", page)
	}
	visit(http.StatusSeeOther, list+"/"+link.Person()+"/lever", url.Values{}) // twice is once
	visit(http.StatusNotFound, list+"/nobody/lever", url.Values{})
	if trail := fmt.Sprint(w.Dump(function.Audit)); strings.Count(trail, "suppression.lifted") != 1 {
		t.Errorf("trail: %s", trail)
	}
}

func TestEveryTemplateHasACause(t *testing.T) {
	for _, example := range examples {
		if of := causes[example.template]; of.Label == "" || of.Why == "" || of.Again == "" {
			t.Errorf("nothing says why %s is sent, or how again", example.template)
		}
	}
}
