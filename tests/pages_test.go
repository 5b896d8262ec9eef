package tests

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// file marks the example of a route that people press and whose good answer is
// no page to look at: a file to keep, or the way to another page.
const file = "file:"

// bookingID is the number of the booking.
func (l lived) bookingID() string {
	path, _, _ := strings.Cut(l.booking, "?")
	return strings.TrimPrefix(path, "/reservations/")
}

// examples are the addresses at which each declared page is looked at.
func (l lived) examples() map[string][]string {
	year := fmt.Sprint(time.Now().Year() - 1)
	return map[string][]string{
		"/": {"/"}, "/charte": {"/charte"}, "/rejoindre": {"/rejoindre"}, "/rejoindre/merci": {"/rejoindre/merci"},
		"/rejoindre/confirmer":  {l.confirm, "/rejoindre/confirmer?token=faux"},
		"/rejoindre/contact":    {l.offer, "/rejoindre/contact?token=faux"},
		"/allies":               {"/allies", "/allies?q=introuvable"},
		"/donnees-personnelles": {"/donnees-personnelles"}, "/desinscription": {l.unsubscribe},
		"/mes-donnees": {"/mes-donnees", "/mes-donnees?token=faux"}, "/mes-donnees/quitter": {"/mes-donnees/quitter"}, "/mes-donnees/export": {file + "/mes-donnees/export"},

		"/agenda": {"/agenda"}, "/agenda/{id}": {"/agenda/" + l.session, "/agenda/" + l.past}, "/reservations/{id}": {l.booking, l.visit},
		"/cohortes": {"/cohortes"}, "/cohortes/{slug}": {"/cohortes/occitanie"}, "/cohortes/{slug}/candidater": {"/cohortes/occitanie/candidater"},
		"/candidatures/{id}": {l.candidacy, l.completion, l.asked},
		"/partenaires":       {"/partenaires"},
		"/ressources":        {"/ressources", "/ressources?q=foret"}, "/ressources/{slug}": {"/ressources/une-foret-des-voix"},
		"/bilans": {"/bilans"}, "/bilans/{year}": {"/bilans/" + year}, "/bilans/{year}/territoires": {"/bilans/" + year + "/territoires"}, "/bilans/{year}/corrections": {"/bilans/" + year + "/corrections"},
		"/bilans/{year}/figures/{id}": {"/bilans/" + year + "/figures/interventions.all"},

		"/equipe": {"/equipe"}, "/equipe/connexion": {"/equipe/connexion", "/equipe/connexion?deconnexion=1"},
		"/equipe/connexion/depart": {file + "/equipe/connexion/depart"}, "/equipe/connexion/retour": {"/equipe/connexion/retour"},
		"/equipe/journal": {"/equipe/journal"}, "/equipe/journal.csv": {file + "/equipe/journal.csv"}, "/equipe/journal.xlsx": {file + "/equipe/journal.xlsx"},
		"/equipe/administration": {"/equipe/administration"}, "/equipe/administration/messages": {"/equipe/administration/messages"},
		"/equipe/courriels": {"/equipe/courriels", "/equipe/courriels?q=" + l.suspended}, "/equipe/courriels/suspensions": {"/equipe/courriels/suspensions"},
		"/equipe/courriels.csv": {file + "/equipe/courriels.csv"}, "/equipe/courriels.xlsx": {file + "/equipe/courriels.xlsx"},
		"/equipe/courriels/suspensions.csv": {file + "/equipe/courriels/suspensions.csv"}, "/equipe/courriels/suspensions.xlsx": {file + "/equipe/courriels/suspensions.xlsx"},
		"/equipe/courriels/{person}/{id}": {"/equipe/courriels/" + l.sent, "/equipe/courriels/" + l.returned, "/equipe/courriels/personne/mail_0"},

		"/equipe/allies": {"/equipe/allies"}, "/equipe/allies.csv": {file + "/equipe/allies.csv"}, "/equipe/allies.xlsx": {file + "/equipe/allies.xlsx"},
		"/equipe/allies/{id}": {"/equipe/allies/" + l.ally, "/equipe/allies/personne", "/equipe/allies/" + l.double}, "/equipe/signatures/{person}/{registration}": {l.waiting, "/equipe/signatures/personne/reg_1"},
		"/equipe/allies/{id}/fusion":  {"/equipe/allies/" + l.ally + "/fusion", "/equipe/allies/" + l.ally + "/fusion?avec=" + l.double},
		"/equipe/allies/{id}/effacer": {"/equipe/allies/" + l.ally + "/effacer"}, "/equipe/allies/{id}/contact": {"/equipe/allies/" + l.ally + "/contact", "/equipe/allies/" + l.double + "/contact"},

		"/equipe/agenda": {"/equipe/agenda"}, "/equipe/agenda.csv": {file + "/equipe/agenda.csv"}, "/equipe/agenda.xlsx": {file + "/equipe/agenda.xlsx"},
		"/equipe/agenda/nouvelle": {"/equipe/agenda/nouvelle", "/equipe/agenda/nouvelle?copie=" + l.session},
		"/equipe/agenda/{id}":     {"/equipe/agenda/" + l.session, "/equipe/agenda/" + l.past, "/equipe/agenda/" + l.held}, "/equipe/agenda/{id}/modifier": {"/equipe/agenda/" + l.session + "/modifier"},
		"/equipe/agenda/{id}/annuler": {"/equipe/agenda/" + l.session + "/annuler"}, "/equipe/agenda/{id}/inscriptions": {"/equipe/agenda/" + l.session + "/inscriptions"},
		"/equipe/agenda/{id}/pas-eu-lieu":                    {"/equipe/agenda/" + l.past + "/pas-eu-lieu", "/equipe/agenda/" + l.held + "/pas-eu-lieu"},
		"/equipe/agenda/{id}/inscrire":                       {"/equipe/agenda/" + l.session + "/inscrire"},
		"/equipe/agenda/{id}/inscriptions/{booking}/annuler": {"/equipe/agenda/" + l.session + "/inscriptions/" + l.bookingID() + "/annuler"},
		"/equipe/agenda/{id}/inscriptions/{booking}/lien":    {"/equipe/agenda/" + l.session + "/inscriptions/" + l.bookingID() + "/lien"},
		"/equipe/agenda/{id}/inscriptions.csv":               {file + "/equipe/agenda/" + l.session + "/inscriptions.csv"}, "/equipe/agenda/{id}/inscriptions.xlsx": {file + "/equipe/agenda/" + l.session + "/inscriptions.xlsx"},
		"/equipe/agenda/{id}/presences": {"/equipe/agenda/" + l.session + "/presences"}, "/equipe/agenda/{id}/pointer": {"/equipe/agenda/" + l.past + "/pointer"},
		"/equipe/series": {"/equipe/series"}, "/equipe/series.csv": {file + "/equipe/series.csv"}, "/equipe/series.xlsx": {file + "/equipe/series.xlsx"}, "/equipe/series/nouvelle": {"/equipe/series/nouvelle"}, "/equipe/series/{slug}": {"/equipe/series/recits"},

		"/equipe/cohortes": {"/equipe/cohortes"}, "/equipe/cohortes.csv": {file + "/equipe/cohortes.csv"}, "/equipe/cohortes.xlsx": {file + "/equipe/cohortes.xlsx"}, "/equipe/cohortes/nouvelle": {"/equipe/cohortes/nouvelle"}, "/equipe/cohortes/{slug}": {"/equipe/cohortes/occitanie"},
		"/equipe/cohortes/{slug}/modifier": {"/equipe/cohortes/occitanie/modifier"}, "/equipe/cohortes/{slug}/comparer": {"/equipe/cohortes/occitanie/comparer?c=" + l.application},
		"/equipe/cohortes/{slug}/candidatures.csv":          {file + "/equipe/cohortes/occitanie/candidatures.csv"},
		"/equipe/cohortes/{slug}/candidatures.xlsx":         {file + "/equipe/cohortes/occitanie/candidatures.xlsx"},
		"/equipe/cohortes/{slug}/candidatures/{id}":         {"/equipe/cohortes/occitanie/candidatures/" + l.application, "/equipe/cohortes/occitanie/candidatures/" + l.draft},
		"/equipe/cohortes/{slug}/candidatures/{id}/retirer": {"/equipe/cohortes/occitanie/candidatures/" + l.application + "/retirer"},
		"/equipe/partenaires":                               {"/equipe/partenaires"}, "/equipe/partenaires/{partner}": {"/equipe/partenaires/occitanie"},
		"/equipe/partenaires/{partner}/messages.csv": {file + "/equipe/partenaires/occitanie/messages.csv"}, "/equipe/partenaires/{partner}/messages.xlsx": {file + "/equipe/partenaires/occitanie/messages.xlsx"},
		"/equipe/partenaires/{partner}/message": {"/equipe/partenaires/occitanie/message?id=msg_1"}, "/equipe/partenaires/{partner}/secret": {"/equipe/partenaires/occitanie/secret"},

		"/equipe/ressources": {"/equipe/ressources", "/equipe/ressources?q=introuvable"}, "/equipe/ressources/nouvelle": {"/equipe/ressources/nouvelle"},
		"/equipe/ressources.csv": {file + "/equipe/ressources.csv"}, "/equipe/ressources.xlsx": {file + "/equipe/ressources.xlsx"},
		"/equipe/ressources/{slug}": {"/equipe/ressources/une-foret-des-voix", "/equipe/ressources/un-brouillon"}, "/equipe/ressources/{slug}/modifier": {"/equipe/ressources/une-foret-des-voix/modifier", "/equipe/ressources/une-foret-des-voix/modifier?version=1"},
		"/equipe/ressources/{slug}/versions/{revision}": {"/equipe/ressources/une-foret-des-voix/versions/1", "/equipe/ressources/une-foret-des-voix/versions/2", "/equipe/ressources/une-foret-des-voix/versions/9"},
		"/equipe/fichiers": {"/equipe/fichiers", "/equipe/fichiers?q=introuvable"}, "/equipe/fichiers/nouveau": {"/equipe/fichiers/nouveau"}, "/equipe/fichiers/{id}": {"/equipe/fichiers/" + l.media},
		"/equipe/fichiers.csv": {file + "/equipe/fichiers.csv"}, "/equipe/fichiers.xlsx": {file + "/equipe/fichiers.xlsx"},
		"/equipe/faits":     {"/equipe/faits", "/equipe/faits?q=intervention&state=counted&year=" + year, "/equipe/faits?type=intervention&year=" + year, "/equipe/faits?type=media.appearance", "/equipe/faits?type=support.one_off", "/equipe/faits?type=support.experimental", "/equipe/faits?type=thesis", "/equipe/faits?type=training"},
		"/equipe/faits.csv": {file + "/equipe/faits.csv"}, "/equipe/faits.xlsx": {file + "/equipe/faits.xlsx?year=" + year},
		"/equipe/bilans": {"/equipe/bilans"}, "/equipe/bilans/{year}": {"/equipe/bilans/" + year, "/equipe/bilans/" + l.closed},

		function.Default: {"/nulle-part", "/equipe/nulle-part"},
	}
}

// TestEveryPageIsForEveryone looks at each page that is declared, as a visitor
// who is an ally and an administrator at once, so that nothing is refused: with
// axe on four screens, and by its headings, labels, order, width and weight. A page
// without an example fails: whoever declares one adds where it is seen.
func TestEveryPageIsForEveryone(t *testing.T) {
	v := visit(t)
	l := v.live()
	examples := l.examples()
	for _, f := range functions.All {
		for _, route := range f.Routes {
			if route.Method != http.MethodGet && route.Path != function.Default || !route.Doc.Page {
				continue
			}
			addresses := examples[route.Path]
			delete(examples, route.Path)
			if len(addresses) == 0 {
				t.Errorf("%s of %s: no example of this page", route.Path, f.Name)
			}
			for i, address := range addresses {
				v.seen(route.Path, address, i)
			}
		}
	}
	for path := range examples {
		t.Errorf("%s is no declared page", path)
	}
}

// neverGood are routes whose page, opened alone, tells of a fault.
var neverGood = []string{"/equipe/connexion/retour", function.Default}

// seen opens one address of a route and looks at it. The first of a route is
// a good one; others may show how a fault is told.
func (v *visitor) seen(route, address string, place int) {
	v.t.Helper()
	if path, ok := strings.CutPrefix(address, file); ok {
		v.download(path)
		return
	}
	v.open(address)
	if at := ask(v, chromedp.Evaluate[string](`location.pathname`)); !matches(route, at) {
		v.t.Errorf("%s leads to %s", address, at)
	}
	status := ask(v, chromedp.Evaluate[int](`performance.getEntriesByType("navigation")[0].responseStatus`))
	if place == 0 && status != http.StatusOK && !slices.Contains(neverGood, route) {
		v.t.Errorf("%s answers %d", address, status)
	}
	if wrong := ask(v, chromedp.Evaluate[string](structure)); wrong != "" {
		v.t.Errorf("%s: %s", address, wrong)
	}
	v.look("page" + strings.NewReplacer("/", "-", "?", "-", "{", "", "}", "").Replace(route) + fmt.Sprint(place))
	for _, size := range []int{0, 1} { // a large screen and a telephone
		screen := v.onto(size)
		if wrong := ask(v, chromedp.Evaluate[string](focusOrder)); wrong != "" {
			v.t.Errorf("%s on %s: %s", address, screen.name, wrong)
		}
	}
	if wrong := ask(v, chromedp.Evaluate[string](targets)); wrong != "" {
		v.t.Errorf("%s: %s", address, wrong)
	}
}

// download gets what the browser would: a file, or a way to somewhere else.
func (v *visitor) download(path string) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.ctx, http.MethodGet, v.origin+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Accept", "text/html")
	held, err := chromedp.Call(v.ctx, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range held.Cookies {
		request.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	media := answer.Header.Get("Content-Type")
	leads := answer.StatusCode == http.StatusSeeOther || answer.StatusCode == http.StatusFound
	if !leads && (answer.StatusCode != http.StatusOK || strings.HasPrefix(media, "text/html")) ||
		leads && strings.HasPrefix(answer.Header.Get("Location"), "/equipe/connexion?") {
		v.t.Errorf("%s answers %d %s", path, answer.StatusCode, media)
	}
}

// matches tells whether a path is one of a route.
func matches(route, path string) bool {
	pattern := regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(route), `[^/]+`)
	return route == function.Default || regexp.MustCompile("^"+pattern+"$").MatchString(path)
}
