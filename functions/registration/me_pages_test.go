package registration

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// visit opens one's data with the link of the mail.
func (b *browser) visit(email string) document {
	b.t.Helper()
	form := b.get(http.StatusOK, "/mes-donnees").form("/mes-donnees")
	form.Set("email", email)
	b.Clock.Advance(time.Minute)
	link := b.only("my-data-link", func() { b.post(http.StatusAccepted, "/mes-donnees", form) }).Data["link"].(string)
	return b.post(http.StatusOK, "/mes-donnees/ouvrir", b.get(http.StatusOK, link).form("/mes-donnees/ouvrir"))
}

// The whole visit, through pages alone.
func TestMyDataThroughPages(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.join(anOrganisation("Les Colibris", "a@exemple.fr", withSIRET(siret(1))))
	page := b.visit("a@exemple.fr")
	if page.title() != "Mes données" || !page.says("Toulouse (Haute-Garonne)") || !page.says("a@exemple.fr") || !page.says("signée le 10 mars 2026") {
		t.Error("what is held is not shown")
	}
	var hints []string
	for _, input := range page.all("input") {
		if hint, has := attribute(input, "autocomplete"); has {
			hints = append(hints, hint)
		}
	}
	if want := []string{"given-name", "family-name", "organization-title", "organization", "off"}; !slices.Equal(hints, want) {
		t.Errorf("browsers fill in %v, not %v", hints, want)
	}
	form := page.form("/mes-donnees/modifier")
	form.Set("person.role", "présidente")
	form.Set("organisation.territory", "Figeac")
	form.Del("consents.directory")
	for range 2 { // pressed twice
		page = b.post(http.StatusOK, "/mes-donnees/modifier", form)
	}
	if !page.says("Vos changements sont enregistrés") || page.form("/mes-donnees/modifier").Get("person.role") != "présidente" || !page.says("Figeac (Lot)") {
		t.Error("not changed")
	}
	if len(b.listed("").Items) != 0 {
		t.Error("still listed")
	}
	b.checkDownload()
	b.post(http.StatusAccepted, "/mes-donnees/quitter", b.get(http.StatusOK, page.link("Quitter l’alliance")).form("/mes-donnees/quitter"))
	if b.cookie != nil {
		t.Error("the visit goes on")
	}
	b.Drain()
	if found := b.Holding("a@exemple.fr"); len(found) > 0 || b.count() != (count{}) {
		t.Errorf("%v", found)
	}
}

func (b *browser) checkDownload() {
	b.t.Helper()
	answer := b.call(http.StatusOK, http.MethodGet, "/mes-donnees/export", nil, "Cookie", b.cookie.Name+"="+b.cookie.Value)
	var all export
	if err := json.Unmarshal(answer.Body.Bytes(), &all); err != nil || len(all.Signatures) != 1 {
		b.t.Errorf("%v %s", err, answer.Body)
	}
	if answer.Header().Get("Content-Disposition") != `attachment; filename="mes-donnees.json"` || answer.Header().Get("Cache-Control") != "no-store" {
		b.t.Errorf("%v", answer.Header())
	}
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.join(aPerson("a@exemple.fr"))
	b.visit("a@exemple.fr")
	c := b.cookie
	if c.Name != "__Host-mes-donnees" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 1800 {
		t.Errorf("%+v", c)
	}
	if page := b.post(http.StatusOK, "/mes-donnees/fermer", url.Values{}); b.cookie != nil || len(page.form("/mes-donnees")) == 0 {
		t.Error("the visit does not end")
	}
}

// Known or not, the page after asking for a link is the same.
func TestAskingForALinkTellsNothing(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.join(aPerson("connue@exemple.fr"))
	ask := func(email string) string {
		answer := b.call(http.StatusAccepted, http.MethodPost, "/mes-donnees", url.Values{"email": {email}}, "Accept", "text/html")
		return answer.Body.String()
	}
	if ask("connue@exemple.fr") != ask("inconnue@exemple.fr") {
		t.Error("the pages differ")
	}
}

func TestFaultsOfTheLinkForm(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	form := b.get(http.StatusOK, "/mes-donnees").form("/mes-donnees")
	form.Set("email", `nom"@`)
	page := b.post(http.StatusUnprocessableEntity, "/mes-donnees", form)
	page.summarised("email", "") // and too quick
	if page.form("/mes-donnees").Get("email") != `nom"@` {
		t.Error("not kept")
	}
	b.empty()
}

func TestFaultsOfAChangeKeepWhatWasTyped(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.join(anOrganisation("Une", "a@exemple.fr", withSIRET(siret(1))))
	b.join(anOrganisation("Deux", "b@exemple.fr", withSIRET(siret(2))))
	form := b.visit("a@exemple.fr").form("/mes-donnees/modifier")
	form.Set("person.given_name", "")
	form.Set("organisation.siret", "12<3")
	form.Set("organisation.territory", "Toulouze")
	page := b.post(http.StatusUnprocessableEntity, "/mes-donnees/modifier", form)
	page.summarised("person-given_name", "organisation-siret", "organisation-territory")
	if got := page.form("/mes-donnees/modifier"); got.Get("organisation.siret") != "12<3" || got.Get("organisation.territory") != "Toulouze" || got.Get("organisation.name") != "Une" {
		t.Errorf("%v", got)
	}
	form = b.get(http.StatusOK, "/mes-donnees").form("/mes-donnees/modifier")
	form.Set("organisation.siret", siret(2))
	page = b.post(http.StatusUnprocessableEntity, "/mes-donnees/modifier", form)
	page.summarised("organisation-name")
	if !page.says("porte déjà ce numéro ou ce nom") {
		t.Error("no reason")
	}
	if got := b.get(http.StatusOK, "/mes-donnees").form("/mes-donnees/modifier"); got.Get("organisation.siret") != siret(1) {
		t.Errorf("%v", got)
	}
}

func TestSeveralSignaturesHaveAPageEach(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.join(anOrganisation("Une", "a@exemple.fr"))
	b.Clock.Advance(time.Second)
	b.join(aPerson("a@exemple.fr"))
	page := b.visit("a@exemple.fr")
	person := b.get(http.StatusOK, page.link("En votre nom"))
	form := person.form("/mes-donnees/modifier")
	if form.Has("organisation.category") || !person.says("Signée en tant quePersonne") {
		t.Error("not the other signature")
	}
	form.Set("organisation.name", "Ma ville")
	form.Set("consents.newsletter", "true")
	changed := b.post(http.StatusOK, "/mes-donnees/modifier", form)
	if got := changed.form("/mes-donnees/modifier"); got.Get("organisation.name") != "Ma ville" || got.Get("consents.newsletter") != "true" {
		t.Errorf("%v", got)
	}
	if first := b.get(http.StatusOK, changed.link("Une")).form("/mes-donnees/modifier"); first.Get("organisation.name") != "Une" || first.Has("consents.newsletter") {
		t.Errorf("%v", first)
	}
}

// Without a visit, or when it has ended, nothing is shown nor done.
func TestPagesOfMyDataWantAVisit(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.join(aPerson("a@exemple.fr", named("Zélie", "Quincampoix")))
	link := b.link("a@exemple.fr")
	for _, cookie := range []*http.Cookie{nil, {Name: sessionCookie, Value: link}, {Name: sessionCookie, Value: "x"}} {
		b.cookie = cookie
		for path, method := range map[string]string{
			"/mes-donnees/modifier": http.MethodPost, "/mes-donnees/export": http.MethodGet,
			"/mes-donnees/quitter": http.MethodGet, "/mes-donnees/quitter?": http.MethodPost,
		} {
			if page := b.send(http.StatusUnauthorized, method, path, url.Values{}); page.says("Quincampoix") {
				t.Errorf("%s %s", method, path)
			}
		}
		b.get(http.StatusOK, "/mes-donnees").form("/mes-donnees") // asks for the address
	}
	b.visitAndWait("a@exemple.fr")
	b.send(http.StatusGone, http.MethodPost, "/mes-donnees/quitter", url.Values{})
	b.get(http.StatusOK, "/mes-donnees").form("/mes-donnees")
	b.get(http.StatusGone, "/mes-donnees?token="+link)
	b.get(http.StatusUnauthorized, "/mes-donnees?token="+strings.ToLower(link))
	b.Drain()
	if b.count() != (count{Persons: 1}) {
		t.Errorf("%v", b.count())
	}
}

func (b *browser) visitAndWait(email string) {
	b.t.Helper()
	b.cookie = nil
	b.visit(email)
	b.Clock.Advance(linkFor)
}

func TestUnknownVisitorLearnsThatNothingIsHeld(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	if page := b.visit("inconnue@exemple.fr"); !page.says("Aucune signature à votre nom") {
		t.Error(page.title())
	}
}
