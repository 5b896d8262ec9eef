package registration

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// successor is whom handovers are proposed to in these tests.
var successor = personInput{GivenName: "Zélie", FamilyName: "Quincampoix", Email: "new@exemple.fr", Role: "élue"}

func (p personInput) form() url.Values {
	return url.Values{"person.given_name": {p.GivenName}, "person.family_name": {p.FamilyName}, "person.email": {p.Email}, "person.role": {p.Role}}
}

// propose proposes a handover as the team does, and returns the token of its
// mail.
func (w *world) propose(ally string, to personInput) (token string) {
	w.t.Helper()
	return w.only("contact-proposed", func() {
		ctx := auth.WithMember(w.t.Context(), auth.Member{Subject: "member-team"})
		if err := w.service.propose(ctx, ally, to, "ally.contact_proposed"); err != nil {
			w.t.Fatal(err)
		}
	}).token()
}

// accept follows the link.
func (w *world) accept(token string, chosen consents) {
	w.t.Helper()
	if _, err := w.service.accept(w.t.Context(), token, chosen); err != nil {
		w.t.Fatal(err)
	}
}

// TestAnOrganisationGetsAnotherContact: through the pages, from the team's form
// to the mail that tells the former contact. The organisation stays what it
// was, and no fact says otherwise.
func TestAnOrganisationGetsAnotherContact(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	b := &browser{world: d.world}
	id := d.join(anOrganisation("Une", "old@exemple.fr", withSIRET(siret(1)), named("Paul", "Ancien"), func(in *signing) { in.Consents.Newsletter = true })).AllyID
	other := d.join(aPerson("old@exemple.fr", named("Paul", "Ancien"))).AllyID
	path := "/equipe/allies/" + id
	facts, before := d.Dump(function.Ledger), d.signed(id)
	d.Clock.Advance(24 * time.Hour)
	d.browser = d.Browser(auth.RoleTeam)

	if page := d.page(http.StatusOK, path+"/contact"); !strings.Contains(page, "Paul Ancien, old@exemple.fr") {
		t.Errorf("the page does not say who is the contact: %s", page)
	}
	var leads string
	asked := d.only("contact-proposed", func() { leads, _ = d.post(http.StatusSeeOther, path+"/contact", successor.form()) })
	if page := d.page(http.StatusOK, leads); !strings.Contains(page, "Un lien est parti le 11 mars 2026 à 10 h à Zélie Quincampoix, new@exemple.fr") ||
		!strings.Contains(page, "Le lien est parti") || !strings.Contains(page, "Paul Ancien") {
		t.Errorf("%s", page)
	}
	if asked.To != successor.Email || asked.Name != "Zélie Quincampoix" || asked.Data["organisation"] != "Une" {
		t.Errorf("asked %+v", asked)
	}
	stored := d.Dump(function.Allies)
	for range 2 { // programs that scan mails open links
		offer := b.get(http.StatusOK, asked.Data["link"].(string))
		if !offer.says("être le contact de «") || !offer.says("Zélie Quincampoix") || !offer.says("élue") || !offer.says("Elle y figure aujourd’hui") {
			t.Errorf("the offer does not say what it is: %s", textOf(offer.root))
		}
	}
	if !reflect.DeepEqual(d.Dump(function.Allies), stored) {
		t.Error("opening the link changes something")
	}
	form := b.get(http.StatusOK, asked.Data["link"].(string)).form("/rejoindre/contact")
	if form.Get("consents.newsletter")+form.Get("consents.directory") != "" {
		t.Error("a consent is given beforehand")
	}
	form.Set("consents.directory", "true")
	told := d.only("contact-replaced", func() {
		for range 2 { // pressed twice
			if page := b.post(http.StatusOK, "/rejoindre/contact", form); !page.says("Vous êtes désormais le contact de «") {
				t.Error(page.title())
			}
		}
	})
	if told.To != "old@exemple.fr" || told.Name != "Paul Ancien" || told.Data["contact"] != "Zélie Quincampoix" {
		t.Errorf("told %+v", told)
	}

	after := d.signed(id)
	want := before.ally
	want.Person, want.Version = d.personOf(successor.Email), before.ally.Version+1
	if !reflect.DeepEqual(after.ally, want) {
		t.Errorf("the organisation is %+v instead of %+v", after.ally, want)
	}
	if p := after.signatory; p.GivenName != "Zélie" || p.Role != "élue" || p.Newsletter || !p.Directory || !p.CreatedAt.Equal(d.Clock.Now()) || !p.LastContactAt.Equal(d.Clock.Now()) {
		t.Errorf("the contact is %+v", p)
	}
	if got := d.Dump(function.Ledger); !reflect.DeepEqual(got, facts) || d.count() != (count{1, 1}) {
		t.Errorf("facts %v, %v", got, d.count())
	}
	d.claimsAre("CLAIM#SIRET#" + siret(1))
	if got := d.lines("q=old@exemple.fr"); !slices.Equal(got, []string{other}) {
		t.Errorf("the former contact is that of %v", got)
	}
	if got := d.lines("q=une"); !slices.Equal(got, []string{id}) || !slices.Equal(d.lines("q=new@exemple.fr"), []string{id}) {
		t.Errorf("the list has %v", got)
	}
	if mine := read[me](d.world, d.call(http.StatusOK, http.MethodGet, "/v1/me", nil, d.session("old@exemple.fr")...)); mine.AllyID != other || len(mine.Others) > 0 {
		t.Errorf("the former contact has %+v", mine)
	}
	if mine := read[me](d.world, d.call(http.StatusOK, http.MethodGet, "/v1/me", nil, d.session(successor.Email)...)); mine.AllyID != id || mine.JoinedOn != "2026-03-10" {
		t.Errorf("the contact has %+v", mine)
	}
	trail := fmt.Sprint(d.Dump(function.Audit))
	if got := d.Audited(id); !slices.Equal(got, []string{"ally.contact_proposed"}) || strings.Contains(trail, "Quincampoix") || strings.Contains(trail, "exemple.fr") || !strings.Contains(trail, "person.email") {
		t.Errorf("trail: %v %s", got, trail)
	}
	if left := d.Holding("HANDOVER"); len(left) > 0 {
		t.Errorf("left of the handover: %v", left)
	}
}

// signed is a signature that is there.
func (w *world) signed(ally string) signature {
	w.t.Helper()
	g, err := w.service.signatureOf(w.t.Context(), ally)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// TestAnOrganisationThatIsNotListedAnyMore: the public list is for its contact
// to agree to.
func TestAnOrganisationThatIsNotListedAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.join(anOrganisation("Une", "old@exemple.fr")).AllyID
	w.accept(w.propose(id, successor), consents{Newsletter: true})
	if g := w.signed(id); len(w.listed("").Items) != 0 || g.signatory.Directory || !g.signatory.Newsletter {
		t.Errorf("%+v is listed: %v", g.signatory, w.listed(""))
	}
}

// TestWhatIsWrongStandsInTheForm, and nothing is sent.
func TestWhatIsWrongStandsInTheForm(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	id := d.join(anOrganisation("Une", "c.amille@gmail.com")).AllyID
	person := d.join(aPerson("p@exemple.fr")).AllyID
	path := "/equipe/allies/" + id + "/contact"
	asked := d.mails(func() {
		for want, change := range map[string]url.Values{
			"Saisissez le prénom de la personne.":                            {"person.given_name": {" "}},
			"Saisissez le nom de la personne.":                               {"person.family_name": {""}},
			"Saisissez une adresse e-mail comme nom@exemple.fr":              {"person.email": {"camille"}},
			"Saisissez une fonction de 100 caractères au plus.":              {"person.role": {strings.Repeat("a", 101)}},
			"Cette adresse est déjà celle du contact de cette organisation.": {"person.email": {"camille+fabrique@googlemail.com"}},
		} {
			form := successor.form()
			for name, value := range change {
				form[name] = value
			}
			_, page := d.post(http.StatusUnprocessableEntity, path, form)
			if !strings.Contains(page, want) || !strings.Contains(page, "Un point est à corriger") || !strings.Contains(page, `aria-invalid="true"`) {
				t.Errorf("%s: %s", want, page)
			}
		}
		d.page(http.StatusConflict, "/equipe/allies/"+person+"/contact")
		d.post(http.StatusConflict, "/equipe/allies/"+person+"/contact", successor.form())
		d.page(http.StatusNotFound, "/equipe/allies/ally_0/contact")
		d.post(http.StatusNotFound, "/equipe/allies/ally_0/contact", successor.form())
		for _, action := range []string{"/renvoyer", "/retirer"} {
			d.post(http.StatusConflict, path+action, url.Values{})
		}
	})
	if len(asked) > 0 || len(d.Holding("HANDOVER")) > 0 || len(d.Dump(function.Audit)) > 0 {
		t.Errorf("asked %v", asked)
	}
	if page := d.page(http.StatusOK, "/equipe/allies/"+person); strings.Contains(page, "Remplacer le contact") || !strings.Contains(page, "signe à nouveau") {
		t.Error("a person has no contact to replace")
	}
	if page := d.page(http.StatusOK, "/equipe/allies/"+id); !strings.Contains(page, "Remplacer le contact") || strings.Contains(page, "signe à nouveau") {
		t.Error("the page of an organisation says what does not help")
	}
}

// TestOneLinkIsGood: the last that was sent, to whomever it was.
func TestOneLinkIsGood(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	id := d.join(anOrganisation("Une", "old@exemple.fr")).AllyID
	path := "/equipe/allies/" + id
	first := d.propose(id, successor)
	if twice := d.mails(func() { d.post(http.StatusSeeOther, path+"/contact", successor.form()) }); len(twice) > 0 {
		t.Errorf("the same form, sent twice: %v", twice)
	}
	d.Clock.Advance(justSent)
	again := d.only("contact-proposed", func() { d.post(http.StatusSeeOther, path+"/contact/renvoyer", url.Values{}) }).token()
	d.refuses("offer-over", first)
	another := successor
	another.Email = "third@exemple.fr"
	third := d.propose(id, another)
	d.refuses("offer-over", again)
	if held := d.Holding(successor.Email); slices.ContainsFunc(held, func(item string) bool { return strings.Contains(item, handoverPrefix) }) {
		t.Errorf("what was typed of somebody else stays: %v", held)
	}
	leads, _ := d.post(http.StatusSeeOther, path+"/contact/retirer", url.Values{})
	if page := d.page(http.StatusOK, leads); !strings.Contains(page, "La proposition est retirée") || strings.Contains(page, "en attente") {
		t.Errorf("%s", page)
	}
	d.refuses("offer-over", third)
	if got := d.Audited(id); !slices.Equal(got, []string{"ally.contact_proposed", "ally.contact_proposed", "ally.contact_proposed_again", "ally.contact_withdrawn"}) {
		t.Errorf("trail: %v", got)
	}
	last := d.propose(id, successor)
	d.accept(last, consents{})
	d.accept(last, consents{Newsletter: true}) // changes nothing
	if g := d.signed(id); g.ally.Person != d.personOf(successor.Email) || g.signatory.Newsletter {
		t.Errorf("%+v", g)
	}
	d.accept(d.propose(id, personInput{GivenName: "Paul", FamilyName: "Ancien", Email: "old@exemple.fr"}), consents{})
	d.refuses("offer-over", last) // although it was good once
}

// refuses fails the test unless a link is refused by this code, by page and
// button alike, on a page that people see.
func (w *world) refuses(code string, token string) {
	w.t.Helper()
	if _, err := w.service.accept(w.t.Context(), token, consents{}); !fault.Is(err, code) {
		w.t.Errorf("refused with %v instead of %s", err, code)
		return
	}
	b := &browser{world: w}
	status := http.StatusGone
	if code == "invalid-token" {
		status = http.StatusUnauthorized
	}
	b.get(status, "/rejoindre/contact?token="+url.QueryEscape(token))
	b.post(status, "/rejoindre/contact", url.Values{"token": {token}})
}

// TestALinkThatLeadsNowhereSaysWhy, whatever happened meanwhile.
func TestALinkThatLeadsNowhereSaysWhy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, code string
		meanwhile  func(d *desk, id, token string) (followed string)
	}{
		{"the organisation has left", "offer-left", func(d *desk, _, token string) string {
			d.leave("old@exemple.fr")
			d.Drain(d.running)
			return token
		}},
		{"it was merged", "offer-merged", func(d *desk, id, token string) string {
			d.merge(d.join(anOrganisation("Une aussi", "kept@exemple.fr", withSIRET(siret(2)))).AllyID, id)
			return token
		}},
		{"whom it is proposed to is erased", "offer-over", func(d *desk, _, token string) string {
			d.leave(successor.Email)
			d.Drain(d.running)
			return token
		}},
		{"it has lapsed", "expired-token", func(d *desk, _, token string) string {
			d.Clock.Advance(handoverFor)
			return token
		}},
		{"a link of another purpose", "invalid-token", func(d *desk, _, _ string) string { return d.link("old@exemple.fr") }},
		{"none", "invalid-token", func(*desk, string, string) string { return "" }},
		{"altered", "invalid-token", func(_ *desk, _, token string) string { return token + "A" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, auth.RoleTeam)
			id := d.join(anOrganisation("Une", "old@exemple.fr", withSIRET(siret(1)))).AllyID
			token := d.propose(id, successor)
			d.Clock.Advance(time.Second)
			d.refuses(c.code, c.meanwhile(d, id, token))
			if c.code == "expired-token" {
				d.browser = d.Browser(auth.RoleTeam) // a week later
				if page := d.page(http.StatusOK, "/equipe/allies/"+id); strings.Contains(page, "en attente") || !strings.Contains(page, "Remplacer le contact") {
					t.Errorf("what has lapsed still waits: %s", page)
				}
				d.accept(d.propose(id, successor), consents{})
			}
		})
	}
}

// TestAMergerKeepsWhatWaits: the signature that stays is still handed over.
func TestAMergerKeepsWhatWaits(t *testing.T) {
	t.Parallel()
	d := newDesk(t, auth.RoleTeam)
	kept := d.join(anOrganisation("Une", "old@exemple.fr", withSIRET(siret(1)))).AllyID
	token := d.propose(kept, successor)
	d.merge(kept, d.join(anOrganisation("Une aussi", successor.Email, withSIRET(siret(2)))).AllyID)
	d.accept(token, consents{})
	if g := d.signed(kept); g.ally.Person != d.personOf(successor.Email) || d.count() != (count{Organisations: 1}) {
		t.Errorf("%+v", g)
	}
	d.claimsAre("CLAIM#SIRET#"+siret(1), "CLAIM#SIRET#"+siret(2))
}
