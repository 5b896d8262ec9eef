package registration

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func newBrowser(t *testing.T, settings ...string) *browser {
	t.Helper()
	return &browser{world: newWorld(t, settings...)}
}

// Every page that is declared renders, and answers HEAD.
func TestEveryPageRenders(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	ally := b.join(anOrganisation("Une", "a@exemple.fr")).AllyID
	b.visit("a@exemple.fr")
	for _, route := range Function.Routes {
		if !route.Doc.Page || route.Method != http.MethodGet || strings.HasSuffix(route.Path, "/export") || route.Access == function.Team || route.Access == function.Admin {
			continue
		}
		path := route.Path
		if path == "/rejoindre/confirmer" {
			path += "?token=" + b.sign(aPerson("b@exemple.fr"))
		}
		if path == "/rejoindre/contact" {
			path += "?token=" + b.propose(ally, successor)
		}
		page := b.get(http.StatusOK, path)
		head := b.Do(b.running, http.MethodHead, path, nil, "Cookie", b.cookie.Name+"="+b.cookie.Value)
		if head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("HEAD %s: %d, %d bytes", path, head.Code, head.Body.Len())
		}
		if page.title() == "" || !strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %q %v", path, page.title(), page.header)
		}
	}
}

// What is someone's is kept by nobody; what is everyone's, for a minute.
func TestWhichPagesMayBeKept(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.join(anOrganisation("Une", "a@exemple.fr"))
	for _, path := range []string{"/", "/charte", "/allies"} {
		if got := b.get(http.StatusOK, path).header.Get("Cache-Control"); got != "public, max-age=60" {
			t.Errorf("%s: %s", path, got)
		}
	}
	b.visit("a@exemple.fr")
	for _, path := range []string{"/rejoindre", "/mes-donnees", "/mes-donnees/quitter", "/rejoindre/merci"} {
		if got := b.get(http.StatusOK, path).header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestHomeAndDirectoryCount(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	if page := b.get(http.StatusOK, "/allies"); !page.says("La liste est encore vide") {
		t.Error("empty")
	}
	for n := range 25 {
		b.join(anOrganisation("Organisation <b>"+strings.Repeat("é", n+1), "a@exemple.fr"))
	}
	if page := b.get(http.StatusOK, "/"); !page.says("25 organisations alliées") || !page.says("0 personne alliée") {
		t.Error("home")
	}
	first := b.get(http.StatusOK, "/allies?q=organisation&category=association")
	if !first.says("Organisation <b>é") || !first.says("Toulouse (Haute-Garonne)") || !first.says("10 mars 2026") {
		t.Error("directory")
	}
	next := b.get(http.StatusOK, first.link("Page suivante"))
	if n := len(first.all("h3")) + len(next.all("h3")); n != 25 || next.form("/allies").Get("q") != "organisation" {
		t.Errorf("%d on two pages", n)
	}
	if back := next.link("Revenir au début"); back != "/allies?category=association&q=organisation" {
		t.Errorf("back to %s", back)
	}
	if page := b.get(http.StatusOK, "/allies?q=zzz"); !page.says("Aucune organisation ne correspond") {
		t.Error("nothing found")
	}
}

// link is where the link with this text leads.
func (d document) link(text string) string {
	d.t.Helper()
	for _, n := range d.all("a") {
		if textOf(n) == text {
			href, _ := attribute(n, "href")
			return href
		}
	}
	d.t.Fatalf("%s: no link %q", d.path, text)
	return ""
}

func TestFaultsOfASearchStandInThePage(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	page := b.get(http.StatusUnprocessableEntity, "/allies?category=club&region=99&cursor=x&limit=1000&q="+url.QueryEscape(strings.Repeat(`">`, 150)))
	page.summarised("category", "region", "q", "")
	b.get(http.StatusUnprocessableEntity, "/allies?cursor=x").summarised("")
}

func TestFormsFromOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.join(aPerson("a@exemple.fr"))
	b.visit("a@exemple.fr")
	before := len(b.Dump(function.Allies))
	for _, route := range Function.Routes {
		if !route.Doc.Page || route.Method != http.MethodPost {
			continue
		}
		for _, headers := range [][]string{{"Origin", "https://ailleurs.example"}, {"Sec-Fetch-Site", "cross-site"}, {"Origin", "null"}} {
			headers = append(headers, "Accept", "text/html", "Cookie", b.cookie.Name+"="+b.cookie.Value)
			answer := b.Do(b.running, route.Method, route.Path, url.Values{"email": {"a@exemple.fr"}}, headers...)
			if answer.Code != http.StatusForbidden || !strings.Contains(answer.Body.String(), "autre site") {
				t.Errorf("%s %v: %d", route.Path, headers, answer.Code)
			}
		}
	}
	if after := len(b.Dump(function.Allies)); after != before {
		t.Errorf("%d items became %d", before, after)
	}
}

func TestFourthPostInAMinuteIsSlowed(t *testing.T) {
	t.Parallel()
	b := newBrowser(t, function.RateLimit.Name, "3")
	for n := range 3 {
		b.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", aPerson("a@exemple.fr"), "Idempotency-Key", string(rune('a'+n)))
	}
	items := len(b.Dump(function.Allies))
	answer := b.call(http.StatusTooManyRequests, http.MethodPost, "/v1/registrations", aPerson("a@exemple.fr"))
	if answer.Header().Get("Retry-After") != "60" || read[problem](b.world, answer).Code != "too-many-requests" {
		t.Errorf("%v %s", answer.Header(), answer.Body)
	}
	page := b.post(http.StatusTooManyRequests, "/rejoindre", url.Values{})
	if !page.says("Trop d’envois depuis votre connexion") || page.title() != "Trop de demandes en peu de temps" {
		t.Error(page.title())
	}
	if now := len(b.Dump(function.Allies)); now != items {
		t.Errorf("%d items became %d", items, now)
	}
	b.get(http.StatusOK, "/allies") // reading is free
	request := b.from("198.51.100.7", http.MethodPost, "/v1/me/links", `{"email":"a@exemple.fr"}`)
	if request.Code != http.StatusAccepted {
		t.Errorf("another address: %d", request.Code)
	}
	b.Clock.Advance(60e9)
	b.call(http.StatusAccepted, http.MethodPost, "/v1/registrations", aPerson("a@exemple.fr"))
}

// from sends JSON from another address.
func (w *world) from(address, method, target, body string) *httptest.ResponseRecorder {
	w.t.Helper()
	request := httptest.NewRequestWithContext(w.t.Context(), method, target, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.RemoteAddr = address + ":1234"
	answer := httptest.NewRecorder()
	w.running.HTTP.ServeHTTP(answer, request)
	return answer
}
