package registration

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// TestWhoIsProposedOwnsTheirData: they read it before they accept anything, and
// all of it goes when they ask, before or afterwards.
func TestWhoIsProposedOwnsTheirData(t *testing.T) {
	t.Parallel()
	for _, accepted := range []bool{false, true} {
		w := newWorld(t)
		id := w.join(anOrganisation("Une", "old@exemple.fr")).AllyID
		token := w.propose(id, successor)
		if accepted {
			w.accept(token, consents{})
		}
		mine := w.session(successor.Email)
		export := w.call(http.StatusOK, http.MethodGet, "/v1/me/export", nil, mine...).Body.String()
		if !strings.Contains(export, "Quincampoix") || strings.Contains(export, handoverPrefix) == accepted {
			t.Errorf("accepted %v: %s", accepted, export)
		}
		w.Clock.Advance(time.Second)
		w.call(http.StatusAccepted, http.MethodDelete, "/v1/me", nil, mine...)
		w.Drain()
		for _, text := range []string{"Quincampoix", w.personOf(successor.Email)} {
			held := w.Holding(text)
			if slices.ContainsFunc(held, func(item string) bool {
				return !strings.HasSuffix(item, personal.ErasureSK) && (!accepted || !strings.Contains(item, "MAIL#")) // the farewell
			}) {
				t.Errorf("accepted %v: %s is held by %v", accepted, text, held)
			}
		}
		if left := w.count().Organisations == 0; left != accepted {
			t.Errorf("accepted %v, left %v", accepted, left)
		}
	}
}

// TestWhatAPageShowedBefallsNobodyElse: a page of the former contact, left
// open, neither corrects nor erases the new one.
func TestWhatAPageShowedBefallsNobodyElse(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleAdmin)
	id := d.join(anOrganisation("Une", "old@exemple.fr")).AllyID
	path := "/equipe/allies/" + id
	shown := d.personOf("old@exemple.fr")
	for _, page := range []string{d.page(http.StatusOK, path), d.page(http.StatusOK, path+"/effacer")} {
		if !strings.Contains(page, `name="contact" value="`+shown+`"`) {
			t.Errorf("the page does not keep whom it shows: %s", page)
		}
	}
	d.accept(d.propose(id, successor), consents{})
	form := url.Values{"contact": {shown}, "person.given_name": {"Paul"}, "person.family_name": {"Ancien"}}
	for _, action := range []string{"/corriger", "/effacer"} {
		if _, page := d.post(http.StatusConflict, path+action, form); !strings.Contains(page, "Le contact de cette organisation a été remplacé") {
			t.Errorf("%s: %s", action, page)
		}
	}
	d.Drain(d.running)
	if p := d.signed(id).signatory; p.GivenName != "Zélie" {
		t.Errorf("%+v", p)
	}
	form.Set("contact", d.personOf(successor.Email))
	form.Set("person.given_name", "Zoé")
	d.post(http.StatusSeeOther, path+"/corriger", form)
}

// TestAHandoverIsNoSilence: the years begin with who accepts, even when the
// erasure of the former contact was announced.
func TestAHandoverIsNoSilence(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	id := d.join(anOrganisation("Une", "old@exemple.fr")).AllyID
	began := d.Clock.Now()
	d.inYears(began, 3, -1, 0)
	d.applied() // the former contact is told
	d.inYears(began, 3, 0, -1)
	d.accept(d.propose(id, successor), consents{})
	d.inYears(began, 3, 0, 1)
	d.applied()
	d.Drain(d.running)
	if d.count() != (count{Organisations: 1}) {
		t.Fatal("erased, although it has just got a contact")
	}
	d.inYears(began, 6, -1, -1)
	got := templates(d.mails(d.applied))
	if !slices.Contains(got, "retention-notice "+successor.Email) || slices.Contains(got, "retention-notice old@exemple.fr") {
		t.Errorf("the years do not run again: %v", got)
	}
}

// TestAnotherAddressIsToldTheWay: a person signs anew, and an organisation
// stays.
func TestAnotherAddressIsToldTheWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.join(anOrganisation("Une", "a@exemple.fr"))
	w.join(aPerson("b@exemple.fr"))
	for email, want := range map[string]string{"a@exemple.fr": "écrivez à l’équipe", "b@exemple.fr": "signez à nouveau"} {
		got := read[problem](w, w.call(http.StatusUnprocessableEntity, http.MethodPatch, "/v1/me", `{"person":{"email":"c@exemple.fr"}}`, w.session(email)...))
		if len(got.Errors) != 1 || !strings.Contains(got.Errors[0].Message, want) {
			t.Errorf("%s: %+v", email, got.Errors)
		}
	}
}
