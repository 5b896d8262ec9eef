package notify

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// unsubscribeURL is the address that the last mail gives to mail programs.
func (w *world) unsubscribeURL() string {
	w.t.Helper()
	letters := w.provider.letters()
	if len(letters) == 0 {
		w.t.Fatal("no mail was sent")
	}
	field := letters[len(letters)-1].read(w.t).GetHeader("List-Unsubscribe")
	address, found := strings.CutPrefix(strings.Trim(field, "<>"), "https://fabrique.example")
	if !found {
		w.t.Fatalf("List-Unsubscribe: %q", field)
	}
	return address
}

var mainPart = regexp.MustCompile(`(?s)<main.*</main>`)

// button is where the only form of a page posts to, unescaped.
func button(t *testing.T, body string) string {
	t.Helper()
	found := regexp.MustCompile(`<form method="post" action="([^"]*)"`).FindAllStringSubmatch(body, -1)
	if len(found) != 1 {
		t.Fatalf("%d forms:\n%s", len(found), body)
	}
	return strings.ReplaceAll(found[0][1], "&amp;", "&")
}

var browser = []string{"Accept", "text/html", "Sec-Fetch-Site", "same-origin", "Origin", "null"}

// TestUnsubscribeByPageAndBack follows the link of a mail as a person does.
func TestUnsubscribeByPageAndBack(t *testing.T) {
	w := newWorld(t)
	first := w.askWelcome()
	w.Drain()
	address := w.unsubscribeURL()
	token := strings.TrimPrefix(address, "/desinscription?token=")

	page := func(method, target, name string) string {
		t.Helper()
		var body any
		if method == http.MethodPost {
			body = url.Values{}
		}
		answer := w.Do(w.running, method, target, body, browser...)
		if answer.Code != http.StatusOK || answer.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%s %s: %d %v", method, target, answer.Code, answer.Header())
		}
		if !strings.Contains(answer.Body.String(), `content="noindex"`) {
			t.Error("a page whose address holds a token may be indexed")
		}
		golden(t, "pages/"+name+".html", strings.ReplaceAll(mainPart.FindString(answer.Body.String()), token, "TOKEN")+"\n")
		return button(t, answer.Body.String())
	}
	ask := page(http.MethodGet, address, "unsubscribe")
	second := w.askWelcome() // a scanner opened the link, and nothing has changed
	w.Drain()
	undo := page(http.MethodPost, ask, "unsubscribed")
	page(http.MethodPost, ask, "unsubscribed") // pressed twice
	news, receipt := w.askWelcome(), w.askLink()
	w.Drain()
	if w.state(news) != unsubscribed {
		t.Errorf("news is %q", w.state(news))
	}
	w.mustSend(first, second, receipt)
	again := page(http.MethodPost, undo, "resubscribed")
	third := w.askWelcome()
	w.Drain()
	w.mustSend(first, second, receipt, third)
	if again != ask {
		t.Errorf("the page that undoes leads to %q, want %q", again, ask)
	}
}

// TestUnsubscribeByOneClick posts as mail programs do: RFC 8058 section 3.2.
func TestUnsubscribeByOneClick(t *testing.T) {
	for _, media := range []struct{ contentType, body string }{
		{"application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n"},
	} {
		w := newWorld(t)
		first := w.askWelcome()
		w.Drain()
		address := w.unsubscribeURL()
		for range 2 {
			if got := w.Do(w.running, "POST", address, media.body, "Content-Type", media.contentType); got.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", media.contentType, got.Code, got.Body)
			}
		}
		news := w.askWelcome()
		w.Drain()
		w.mustSend(first)
		if w.state(news) != unsubscribed {
			t.Errorf("news is %q", w.state(news))
		}
	}
}

func TestAnotherSiteCannotUnsubscribe(t *testing.T) {
	w := newWorld(t)
	w.askWelcome()
	w.Drain()
	got := w.Do(w.running, "POST", w.unsubscribeURL(), url.Values{}, "Accept", "text/html", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
	if got.Code != http.StatusForbidden || w.item("PERSON#"+camille, "UNSUBSCRIBED") != nil {
		t.Errorf("%d", got.Code)
	}
}

func TestBadTokensAreRefused(t *testing.T) {
	w := newWorld(t)
	w.askWelcome()
	w.Drain()
	_, good, _ := strings.Cut(w.unsubscribeURL(), "token=")
	s := w.service()
	other, err := s.links.Sign(t.Context(), "me-link", camille+"/"+stamp(w.Clock.Now()), w.Clock.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(token string, status int, code string) {
		t.Helper()
		for _, c := range []struct{ method, path string }{
			{"GET", "/desinscription"}, {"POST", "/desinscription"}, {"POST", "/desinscription/annuler"},
		} {
			got := w.Do(w.running, c.method, c.path+"?token="+token, nil)
			if got.Code != status || !strings.Contains(got.Body.String(), `"`+code+`"`) {
				t.Errorf("%s %s: %d %s", c.method, c.path, got.Code, got.Body)
			}
			page := w.Do(w.running, c.method, c.path+"?token="+token, nil, browser...)
			if page.Code != status || !strings.Contains(page.Body.String(), "<h1>") {
				t.Errorf("%s %s for a browser: %d", c.method, c.path, page.Code)
			}
		}
	}
	for _, token := range []string{"", "x", good[:len(good)-1], "B" + good[1:], strings.Replace(good, ".", "", 1), other} {
		refused(token, http.StatusUnauthorized, "invalid-token")
	}
	w.Clock.Advance(unsubscribeFor)
	refused(good, http.StatusGone, "expired-token")
	if w.item("PERSON#"+camille, "UNSUBSCRIBED") != nil {
		t.Error("a bad token unsubscribed someone")
	}
}

// TestTheTeamCannotLiftAChoice keeps the team from writing to who chose not to be.
func TestTheTeamCannotLiftAChoice(t *testing.T) {
	w := newWorld(t)
	w.askWelcome()
	w.Drain()
	w.Do(w.running, "POST", w.unsubscribeURL(), "List-Unsubscribe=One-Click")
	got := w.Do(w.running, "POST", "/v1/mails/suppressions/"+camille+"/lift", nil, "Authorization", "Bearer "+w.team("admin"))
	if got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), "unsubscribed-by-choice") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

// TestAnOldLinkAfterAnErasure must not bring back a trace of who is gone, and
// a new one must work for who came back.
func TestAnOldLinkAfterAnErasure(t *testing.T) {
	w := newWorld(t)
	w.askWelcome()
	w.Drain()
	old := w.unsubscribeURL()
	w.Clock.Advance(time.Hour)
	w.askErasure(camille)
	w.Drain()
	if got := w.Do(w.running, "POST", old, "List-Unsubscribe=One-Click"); got.Code != http.StatusOK {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got := w.held(); len(got) > 0 {
		t.Errorf("stored on who is erased: %v", got)
	}
	w.Clock.Advance(time.Hour)
	w.askWelcome()
	w.Drain()
	w.Do(w.running, "POST", w.unsubscribeURL(), "List-Unsubscribe=One-Click")
	news := w.askWelcome()
	w.Drain()
	if w.state(news) != unsubscribed {
		t.Errorf("who came back cannot unsubscribe: %q", w.state(news))
	}
}

// held lists what Mails holds in the partition of Camille.
func (w *world) held() (keys []any) {
	w.t.Helper()
	for _, item := range w.Dump(function.Mails) {
		if item["pk"] == "PERSON#"+camille && item["sk"] != personal.ErasureSK {
			keys = append(keys, item["sk"])
		}
	}
	return keys
}
