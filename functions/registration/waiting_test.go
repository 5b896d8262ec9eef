package registration

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/mail"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// A signature that waits has a page: of who signed, and of the link, which is
// sent again once for each form and ends when it first would have.
func TestASignatureThatWaitsHasAPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	first := d.only("confirm-registration", func() {
		d.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", anOrganisation("Zèbre vert", "z@exemple.fr", named("Nour", "Benali")))
	})
	path := first.Data[mail.About].(string)
	if list := d.page(http.StatusOK, "/equipe/allies"); !strings.Contains(list, `href="`+path+`"`) {
		t.Errorf("the list does not lead to %s", path)
	}
	page := d.page(http.StatusOK, path)
	for _, want := range []string{"Zèbre vert", "Nour Benali", "z@exemple.fr", "17 mars 2026"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	form := url.Values{web.KeyField: {"form_1"}}
	again := d.only("confirm-registration", func() {
		for range 2 {
			if leads, _ := d.post(http.StatusSeeOther, path, form); !strings.Contains(d.page(http.StatusOK, leads), "Le lien est parti") {
				t.Error("it is not said")
			}
		}
	})
	if again.To != first.To || again.Data["expires"] != first.Data["expires"] {
		t.Errorf("%+v, not as %+v", again, first)
	}
	noted := 0
	for _, item := range d.Dump(function.Audit) {
		if item["action"] == "registration.link_sent" {
			noted++
		}
	}
	if noted != 1 {
		t.Errorf("noted %d times", noted)
	}
	ally := d.confirm(again.token()).AllyID
	if got, leads, _ := d.Page(d.running, d.browser, path, nil); got != http.StatusSeeOther || leads != "/equipe/allies/"+ally {
		t.Errorf("once confirmed: %d %s", got, leads)
	}
	if asked := d.mails(func() { d.post(http.StatusSeeOther, path, url.Values{web.KeyField: {"form_2"}}) }); len(asked) != 0 {
		t.Errorf("a confirmed signature is asked to confirm: %v", asked)
	}
}

// Whoever confirms while the link is sent again is not asked to confirm.
func TestNobodyIsAskedToConfirmTwice(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	in := aPerson("a@exemple.fr")
	token := d.sign(in)
	var read pendingItem
	line := d.lines("status=pending_confirmation")[0]
	if found, err := d.service.allies.Get(t.Context(), pendingKey(d.personOf("a@exemple.fr"), line), &read); !found || err != nil {
		t.Fatal(found, err)
	}
	asked := d.mails(func() {
		d.confirm(token)
		err := d.service.askAgain(auth.WithMember(t.Context(), d.browser.Member), d.personOf("a@exemple.fr"), read, in, "form_1")
		var refused *dynamo.Refused
		if !errors.As(err, &refused) {
			t.Error(err)
		}
	})
	if got := templates(asked); !slices.Equal(got, []string{"welcome a@exemple.fr"}) {
		t.Errorf("%v", got)
	}
}

func TestASignatureThatLapsedHasNoPage(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	path := d.only("confirm-registration", func() {
		d.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", aPerson("a@exemple.fr"))
	}).Data[mail.About].(string)
	d.page(http.StatusNotFound, "/equipe/signatures/personne/reg_1")
	d.Clock.Advance(confirmFor)
	d.browser = d.Browser(auth.RoleTeam)
	d.page(http.StatusNotFound, path)
	d.post(http.StatusNotFound, path, url.Values{})
}

// A call or a meeting is a contact too, once somebody of the team says so.
func TestTheTeamNotesAContact(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	one := d.join(anOrganisation("Une", "a@exemple.fr")).AllyID
	d.join(aPerson("a@exemple.fr"))
	began := d.Clock.Now()
	if page := d.page(http.StatusOK, "/equipe/allies/"+one); !strings.Contains(page, "Ses données s’effacent le 10 mars 2029") {
		t.Error("the page does not say until when the data are kept")
	}
	d.inYears(began, 3, 0, -2)
	d.browser = d.Browser(auth.RoleTeam)
	d.only("retention-notice", d.applied)
	if page := d.page(http.StatusOK, "/equipe/allies/"+one); !strings.Contains(page, "annoncé le 8 mars 2029 : ses données s’effacent le 8 avril 2029") {
		t.Errorf("the page does not say what was announced: %s", page)
	}
	leads, _ := d.post(http.StatusSeeOther, "/equipe/allies/"+one+"/echange", url.Values{})
	if page := d.page(http.StatusOK, leads); !strings.Contains(page, "L’échange est noté") || !strings.Contains(page, "Ses données s’effacent le 8 mars 2032") {
		t.Error("the contact is not shown")
	}
	d.inYears(began, 3, 1, 1)
	if asked := d.mails(d.applied); len(asked) != 0 || d.count() != (count{1, 1}) {
		t.Errorf("%v, %+v", asked, d.count())
	}
	d.browser = d.Browser(auth.RoleTeam)
	d.post(http.StatusNotFound, "/equipe/allies/ally_none/echange", url.Values{})
}
