package registration

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// filled opens the form to sign, takes the time that people take, and fills it.
func (b *browser) filled(fields map[string]string) url.Values {
	b.t.Helper()
	form := b.get(http.StatusOK, "/rejoindre").form("/rejoindre")
	b.Clock.Advance(time.Minute)
	for name, value := range fields {
		if form.Set(name, value); value == "" {
			form.Del(name)
		}
	}
	return form
}

var goodFields = map[string]string{
	"kind": "organisation", "organisation.name": "Les Colibris", "organisation.category": "association",
	"organisation.territory": "figeac", "person.given_name": "Zélie", "person.family_name": "Quincampoix",
	"person.email": "zelie@exemple.fr", "charter.accepted": "true", "consents.directory": "true",
}

// The whole way in, through pages alone.
func TestJoiningThroughPages(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	var thanks document
	sent := b.only("confirm-registration", func() {
		thanks = b.post(http.StatusOK, "/rejoindre", b.filled(goodFields))
	})
	if thanks.title() != "Encore une étape : confirmez votre adresse" || sent.To != "zelie@exemple.fr" {
		t.Errorf("%s %+v", thanks.title(), sent)
	}
	link := sent.Data["link"].(string)
	before := len(b.Dump(function.Allies))
	for range 3 { // programs that scan mails open links
		button := b.get(http.StatusOK, link)
		if button.form("/rejoindre/confirmer").Get("token") != sent.token() {
			t.Error("no button")
		}
	}
	if b.count() != (count{}) || len(b.Dump(function.Allies)) != before {
		t.Error("opening the link changes something")
	}
	form := b.get(http.StatusOK, link).form("/rejoindre/confirmer")
	for range 2 { // pressed twice
		if page := b.post(http.StatusOK, "/rejoindre/confirmer", form); page.title() != "Votre adresse est confirmée" {
			t.Error(page.title())
		}
	}
	if b.count() != (count{Organisations: 1}) {
		t.Errorf("%v", b.count())
	}
	if page := b.get(http.StatusOK, "/allies?region=76"); !page.says("Les Colibris") || !page.says("Figeac (Lot)") {
		t.Error("not in the directory")
	}
}

func TestJoiningAsAPersonThroughPages(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	fields := maps.Clone(goodFields)
	fields["kind"], fields["organisation.siret"], fields["consents.newsletter"] = "person", "123", "true" // left from the other choice
	token := b.only("confirm-registration", func() { b.post(http.StatusOK, "/rejoindre", b.filled(fields)) }).token()
	b.confirm(token)
	mine := read[me](b.world, b.call(http.StatusOK, http.MethodGet, "/v1/me", nil, b.session("zelie@exemple.fr")...))
	if mine.Kind != "person" || *mine.Organisation != (organisationInput{Name: "Les Colibris", Territory: "46102"}) || mine.Consents != (consents{true, true}) {
		t.Errorf("%+v %+v", mine, mine.Organisation)
	}
	if b.get(http.StatusOK, "/rejoindre?kind=person").form("/rejoindre").Get("kind") != "person" {
		t.Error("the link does not choose")
	}
}

// Faults stand beside their fields, and what was typed is kept, escaped.
func TestFaultsKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	typed := maps.Clone(goodFields)
	maps.Copy(typed, map[string]string{
		"organisation.name": `<script>alert("x")</script>` + strings.Repeat("é", 200), "organisation.siret": "123", "organisation.rna": "W",
		"organisation.territory": "Toulouze", "organisation.website": "ftp://x", "person.given_name": " ", "person.email": `zelie"@exemple`,
		"charter.accepted": "", "consents.newsletter": "true",
	})
	form := b.filled(typed)
	page := b.post(http.StatusUnprocessableEntity, "/rejoindre", form)
	page.summarised("organisation-name", "organisation-siret", "organisation-rna", "organisation-territory",
		"organisation-website", "person-given_name", "person-email", "charter-accepted")
	again := page.form("/rejoindre")
	for name := range form {
		if again.Get(name) != form.Get(name) {
			t.Errorf("%s: %q became %q", name, form.Get(name), again.Get(name))
		}
	}
	if again.Has("charter.accepted") {
		t.Error("accepted by itself")
	}
	if message := page.faults()["organisation-territory"]; !strings.Contains(message, "choisissez lequel") || !page.says("Toulouse, commune (Haute-Garonne)") {
		t.Error(message)
	}
	b.empty()
	b.post(http.StatusUnprocessableEntity, "/rejoindre", url.Values{}).summarised("kind", "person-given_name", "person-family_name", "person-email", "charter-accepted", "charter-version")
	b.empty()
}

// Of several territories with the same name, the person who signs chooses one.
func TestATerritoryIsChosen(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	typed := maps.Clone(goodFields)
	typed["organisation.territory"] = "Saint-Denis"
	page := b.post(http.StatusUnprocessableEntity, "/rejoindre", b.filled(typed))
	page.summarised("organisation-territory")
	again := page.form("/rejoindre")
	again.Set("organisation.territory_choice", "97411")
	token := b.only("confirm-registration", func() { b.post(http.StatusOK, "/rejoindre", again) }).token()
	b.confirm(token)
	if listed := b.listed("").Items; len(listed) != 1 || listed[0].Territory != "97411" {
		t.Errorf("%+v", listed)
	}
}

// A page opened before a new version of the charter: one reads it again.
func TestOldCharterIsShownAgain(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	form := b.filled(goodFields)
	form.Set("charter.version", "2020-1")
	page := b.post(http.StatusUnprocessableEntity, "/rejoindre", form)
	page.summarised("charter-version")
	b.empty()
	b.only("confirm-registration", func() { b.post(http.StatusOK, "/rejoindre", page.form("/rejoindre")) })
}

// Posted twice, by a double click or by going back, a form has one effect;
// with other words it is another demand.
func TestFormPostedTwiceSignsOnce(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	form := b.filled(goodFields)
	b.only("confirm-registration", func() {
		for range 3 {
			b.post(http.StatusOK, "/rejoindre", form)
		}
	})
	form.Set("person.email", "autre@exemple.fr")
	corrected := b.only("confirm-registration", func() {
		for range 3 {
			b.post(http.StatusOK, "/rejoindre", form)
		}
	})
	if corrected.To != "autre@exemple.fr" {
		t.Errorf("%+v", corrected)
	}
}

// Robots are told why, and people whom they resemble only send again.
func TestWhatNoPersonFills(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	trapped := b.filled(goodFields)
	trapped.Set(web.TrapField, "https://spam.example")
	page := b.post(http.StatusUnprocessableEntity, "/rejoindre", trapped)
	page.summarised("")
	again := page.form("/rejoindre")
	if again.Get(web.TrapField) != "" || !page.says("Un champ caché a été rempli") {
		t.Error("the trap is not emptied")
	}
	quick := b.filled(goodFields)
	b.Clock.Advance(-time.Minute + 1900*time.Millisecond)
	tooQuick := b.post(http.StatusUnprocessableEntity, "/rejoindre", quick)
	tooQuick.summarised("")
	if !tooQuick.says("revenu très vite") {
		t.Error("no reason")
	}
	b.empty()
	b.Clock.Advance(200 * time.Millisecond)
	b.post(http.StatusOK, "/rejoindre", tooQuick.form("/rejoindre"))
	b.Clock.Advance(time.Minute)
	b.post(http.StatusOK, "/rejoindre", again)
	if n := len(b.allMails()); n != 2 {
		t.Errorf("%d mails", n)
	}
}

func TestBadLinksShowAPage(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	token := b.sign(aPerson("a@exemple.fr"))
	if page := b.get(http.StatusOK, "/rejoindre/confirmer"); !page.says("Ouvrez cet e-mail et suivez son lien") {
		t.Error(page.title())
	}
	b.post(http.StatusUnauthorized, "/rejoindre/confirmer", url.Values{"token": {""}})
	for _, bad := range []string{"x", token + "A", b.link("a@exemple.fr")} {
		if page := b.get(http.StatusUnauthorized, "/rejoindre/confirmer?token="+bad); !page.says("Ce lien n’est pas valable") {
			t.Error(page.title())
		}
		b.post(http.StatusUnauthorized, "/rejoindre/confirmer", url.Values{"token": {bad}})
	}
	b.Clock.Advance(confirmFor)
	for _, page := range []document{
		b.get(http.StatusGone, "/rejoindre/confirmer?token="+token), b.post(http.StatusGone, "/rejoindre/confirmer", url.Values{"token": {token}}),
	} {
		if page.title() != "Ce lien n’est plus valable" {
			t.Error(page.title())
		}
	}
}
