package tests

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
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

// lived is a platform on which each kind of thing exists once.
type lived struct {
	ally, session, past, booking, application, media string
	confirm, unsubscribe, candidacy                  string // links of mails
}

// live signs, plans, books, applies, publishes and records by the API. It
// leaves the clock after one of two sessions.
func (v *visitor) live() (l lived) {
	v.t.Helper()
	const address = "ada@exemple.example"
	v.signs(address, "organisation")
	l.confirm = v.mailed(address, "/rejoindre/confirmer")
	v.confirms(l.confirm)
	l.unsubscribe = v.mailed(address, "/desinscription")

	v.asTeam(http.MethodPost, "/v1/series", map[string]any{"slug": "recits", "kind": "workshop", "name": "Récits de territoire", "active_from": "2026-01-05"}, nil)
	soon := time.Now().Add(time.Hour)
	for _, starts := range []time.Time{soon, soon.AddDate(0, 0, 20)} {
		l.past = l.session
		l.session = v.plans("Une rencontre du "+starts.Format(time.DateOnly), starts)
		var booked struct {
			ManageURL string `json:"manage_url"`
		}
		v.asTeam(http.MethodPost, "/v1/sessions/"+l.session+"/bookings", map[string]string{"given_name": "Ada", "family_name": "Martin", "email": address}, &booked)
		l.booking = strings.TrimPrefix(booked.ManageURL, v.origin)
	}
	v.asTeam(http.MethodPost, "/v1/cohorts", aCohort(), nil)
	l.application = v.applied("46102", "ada")
	l.candidacy = v.mailed("ada.state@territoire.example", "/candidatures/"+l.application)
	snapshot, err := os.ReadFile(filepath.Join("..", "events", "samples", "webhook-occitanie-snapshot.json"))
	if err != nil {
		v.t.Fatal(err)
	}
	v.post(v.key("occitanie"), "msg_1", snapshot)
	v.asTeam(http.MethodPost, "/v1/resources", map[string]any{"kind": "article", "title": "Une forêt, des voix", "summary": "Un article.", "body": "## Ici\n\nTexte.", "fundamentals": []int{2}}, nil)
	v.asTeam(http.MethodPost, "/v1/resources/une-foret-des-voix/publish", nil, nil)
	var announced struct {
		ID string `json:"media_id"`
	}
	v.asTeam(http.MethodPost, "/v1/media", map[string]string{"name": "affiche", "type": "image/png"}, &announced)
	l.media = announced.ID
	v.fact("intervention.v1", map[string]any{"title": "Conférence de rentrée", "on": time.Now().AddDate(-1, 0, 0).Format("2006") + "-05-02", "form": "talk", "representative": true})
	v.settle()
	v.setClock(soon.Add(3 * time.Hour))

	v.enterAs(administrator)
	v.open("/equipe/allies")
	l.ally = ask(v, chromedp.Evaluate[string](`document.querySelector("main tbody a").pathname.split("/").pop()`))
	v.open("/mes-donnees")
	v.fill("email", address)
	v.press("Recevoir un lien")
	v.open(v.mail(address, "données", "/mes-donnees"))
	v.press("Ouvrir mes données")
	return l
}

// bookingID is the number of the booking.
func (l lived) bookingID() string {
	path, _, _ := strings.Cut(l.booking, "?")
	return strings.TrimPrefix(path, "/reservations/")
}

// signs sends the form of someone who signs.
func (v *visitor) signs(address, kind string) {
	v.t.Helper()
	var charter struct{ Version string }
	v.fetch(http.MethodGet, "/v1/charter", &charter)
	body := map[string]any{
		"kind": kind, "person": map[string]string{"given_name": "Ada", "family_name": "Martin", "email": address},
		"charter": map[string]any{"version": charter.Version, "accepted": true}, "consents": map[string]bool{"newsletter": true, "directory": true},
	}
	if kind == "organisation" {
		body["organisation"] = map[string]string{"name": "Communauté du Vallon", "category": "local_authority", "territory": "46102"}
	}
	v.asTeam(http.MethodPost, "/v1/registrations", body, nil)
}

// confirms follows the link of the mail that asks to confirm a signature.
func (v *visitor) confirms(link string) {
	v.t.Helper()
	address, err := url.Parse(link)
	if err != nil {
		v.t.Fatal(err)
	}
	v.asTeam(http.MethodPost, "/v1/registrations/confirm", map[string]string{"token": address.Query().Get("token")}, nil)
}

// plans makes a session of two hours.
func (v *visitor) plans(title string, starts time.Time) (id string) {
	v.t.Helper()
	var made struct {
		ID string `json:"id"`
	}
	v.asTeam(http.MethodPost, "/v1/sessions", map[string]any{
		"kind": "initiation", "title": title, "starts_at": starts.UTC().Format(time.RFC3339), "ends_at": starts.Add(2 * time.Hour).UTC().Format(time.RFC3339),
		"mode": "hybrid", "place": "Mairie de Figeac", "join_url": "https://visio.example/salle", "capacity": 12,
		"description": "Une matinée pour découvrir les quatre fondamentaux.",
	}, &made)
	return made.ID
}

// mailed is a link to a page in the mails to an address, or in what their
// headers give mail programs to unsubscribe by.
func (v *visitor) mailed(to, page string) string {
	v.t.Helper()
	v.settle()
	var mails []struct {
		Links   []string
		Headers map[string]string
	}
	v.fetch(http.MethodGet, "/_dev/mail?to="+url.QueryEscape(to), &mails)
	for _, mail := range mails {
		for _, link := range append(mail.Links, strings.Trim(mail.Headers["List-Unsubscribe"], "<>")) {
			if path, ours := strings.CutPrefix(link, v.origin); ours && strings.HasPrefix(path, page+"?") {
				return path
			}
		}
	}
	v.t.Fatalf("no mail to %s links to %s: %+v", to, page, mails)
	return ""
}

// examples are the addresses at which each declared page is looked at.
func (l lived) examples() map[string][]string {
	year := fmt.Sprint(time.Now().Year() - 1)
	return map[string][]string{
		"/": {"/"}, "/charte": {"/charte"}, "/rejoindre": {"/rejoindre"}, "/rejoindre/merci": {"/rejoindre/merci"},
		"/rejoindre/confirmer":  {l.confirm, "/rejoindre/confirmer?token=faux"},
		"/allies":               {"/allies", "/allies?q=introuvable"},
		"/donnees-personnelles": {"/donnees-personnelles"}, "/desinscription": {l.unsubscribe},
		"/mes-donnees": {"/mes-donnees", "/mes-donnees?token=faux"}, "/mes-donnees/quitter": {"/mes-donnees/quitter"}, "/mes-donnees/export": {file + "/mes-donnees/export"},

		"/agenda": {"/agenda"}, "/agenda/{id}": {"/agenda/" + l.session, "/agenda/" + l.past}, "/reservations/{id}": {l.booking},
		"/cohortes": {"/cohortes"}, "/cohortes/{slug}": {"/cohortes/occitanie"}, "/cohortes/{slug}/candidater": {"/cohortes/occitanie/candidater"},
		"/candidatures/{id}": {l.candidacy},
		"/partenaires":       {"/partenaires"},
		"/ressources":        {"/ressources", "/ressources?q=foret"}, "/ressources/{slug}": {"/ressources/une-foret-des-voix"},
		"/bilans": {"/bilans"}, "/bilans/{year}": {"/bilans/" + year}, "/bilans/{year}/territoires": {"/bilans/" + year + "/territoires"},
		"/bilans/{year}/figures/{id}": {"/bilans/" + year + "/figures/interventions.all"},

		"/equipe": {"/equipe"}, "/equipe/connexion": {"/equipe/connexion", "/equipe/connexion?deconnexion=1"},
		"/equipe/connexion/depart": {file + "/equipe/connexion/depart"}, "/equipe/connexion/retour": {"/equipe/connexion/retour"},
		"/equipe/journal": {"/equipe/journal"}, "/equipe/journal.csv": {file + "/equipe/journal.csv"}, "/equipe/journal.xlsx": {file + "/equipe/journal.xlsx"},
		"/equipe/administration": {"/equipe/administration"},
		"/equipe/courriels":      {"/equipe/courriels", "/equipe/courriels?q=ada@exemple.example"}, "/equipe/courriels/suspensions": {"/equipe/courriels/suspensions"},

		"/equipe/allies": {"/equipe/allies"}, "/equipe/allies.csv": {file + "/equipe/allies.csv"}, "/equipe/allies.xlsx": {file + "/equipe/allies.xlsx"},
		"/equipe/allies/{id}": {"/equipe/allies/" + l.ally, "/equipe/allies/personne"}, "/equipe/allies/{id}/fusion": {"/equipe/allies/" + l.ally + "/fusion"},
		"/equipe/allies/{id}/effacer": {"/equipe/allies/" + l.ally + "/effacer"},

		"/equipe/agenda": {"/equipe/agenda"}, "/equipe/agenda/nouvelle": {"/equipe/agenda/nouvelle", "/equipe/agenda/nouvelle?copie=" + l.session},
		"/equipe/agenda/{id}": {"/equipe/agenda/" + l.session, "/equipe/agenda/" + l.past}, "/equipe/agenda/{id}/modifier": {"/equipe/agenda/" + l.session + "/modifier"},
		"/equipe/agenda/{id}/annuler": {"/equipe/agenda/" + l.session + "/annuler"}, "/equipe/agenda/{id}/inscriptions": {"/equipe/agenda/" + l.session + "/inscriptions"},
		"/equipe/agenda/{id}/inscrire":                       {"/equipe/agenda/" + l.session + "/inscrire"},
		"/equipe/agenda/{id}/inscriptions/{booking}/annuler": {"/equipe/agenda/" + l.session + "/inscriptions/" + l.bookingID() + "/annuler"},
		"/equipe/agenda/{id}/inscriptions.csv":               {file + "/equipe/agenda/" + l.session + "/inscriptions.csv"}, "/equipe/agenda/{id}/inscriptions.xlsx": {file + "/equipe/agenda/" + l.session + "/inscriptions.xlsx"},
		"/equipe/agenda/{id}/presences": {"/equipe/agenda/" + l.session + "/presences"}, "/equipe/agenda/{id}/pointer": {"/equipe/agenda/" + l.past + "/pointer"},
		"/equipe/series": {"/equipe/series"}, "/equipe/series/nouvelle": {"/equipe/series/nouvelle"}, "/equipe/series/{slug}": {"/equipe/series/recits"},

		"/equipe/cohortes": {"/equipe/cohortes"}, "/equipe/cohortes/nouvelle": {"/equipe/cohortes/nouvelle"}, "/equipe/cohortes/{slug}": {"/equipe/cohortes/occitanie"},
		"/equipe/cohortes/{slug}/modifier": {"/equipe/cohortes/occitanie/modifier"}, "/equipe/cohortes/{slug}/comparer": {"/equipe/cohortes/occitanie/comparer?c=" + l.application},
		"/equipe/cohortes/{slug}/candidatures.csv":          {file + "/equipe/cohortes/occitanie/candidatures.csv"},
		"/equipe/cohortes/{slug}/candidatures.xlsx":         {file + "/equipe/cohortes/occitanie/candidatures.xlsx"},
		"/equipe/cohortes/{slug}/candidatures/{id}":         {"/equipe/cohortes/occitanie/candidatures/" + l.application},
		"/equipe/cohortes/{slug}/candidatures/{id}/retirer": {"/equipe/cohortes/occitanie/candidatures/" + l.application + "/retirer"},
		"/equipe/partenaires":                               {"/equipe/partenaires"}, "/equipe/partenaires/{partner}": {"/equipe/partenaires/occitanie"},
		"/equipe/partenaires/{partner}/message": {"/equipe/partenaires/occitanie/message?id=msg_1"}, "/equipe/partenaires/{partner}/secret": {"/equipe/partenaires/occitanie/secret"},

		"/equipe/ressources": {"/equipe/ressources"}, "/equipe/ressources/nouvelle": {"/equipe/ressources/nouvelle"},
		"/equipe/ressources/{slug}": {"/equipe/ressources/une-foret-des-voix"}, "/equipe/ressources/{slug}/modifier": {"/equipe/ressources/une-foret-des-voix/modifier"},
		"/equipe/fichiers": {"/equipe/fichiers"}, "/equipe/fichiers/{id}": {"/equipe/fichiers/" + l.media},
		"/equipe/faits":  {"/equipe/faits", "/equipe/faits?type=intervention&year=" + year, "/equipe/faits?type=media.appearance", "/equipe/faits?type=support.one_off", "/equipe/faits?type=support.experimental", "/equipe/faits?type=thesis", "/equipe/faits?type=training"},
		"/equipe/bilans": {"/equipe/bilans"}, "/equipe/bilans/{year}": {"/equipe/bilans/" + year},

		function.Default: {"/nulle-part", "/equipe/nulle-part"},
	}
}

// structure lists what is wrong with the headings and fields of a page.
const structure = `(() => {
	const wrong = [], levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map(h => Number(h.tagName[1]));
	if (levels.filter(level => level === 1).length !== 1) wrong.push("not one h1: " + levels);
	levels.forEach((level, i) => { if (level > (levels[i - 1] || 0) + 1) wrong.push("a heading is skipped: " + levels); });
	for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
		if (![...field.labels].some(label => label.textContent.trim())) wrong.push("no label: " + field.outerHTML);
	if (document.title.trim() === "" || document.documentElement.lang !== "fr") wrong.push("no title or language");
	return wrong.join("\n");
})()`

// TestEveryPageIsForEveryone looks at each page that is declared, as a visitor
// who is an ally and an administrator at once, so that nothing is refused: with
// axe on two screens, and by its headings, labels, width and weight. A page
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
	// A large one in the light, a telephone in the dark: the journeys look at all four.
	v.lookOn("page"+strings.NewReplacer("/", "-", "?", "-", "{", "", "}", "").Replace(route)+fmt.Sprint(place), 0, 3)
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
