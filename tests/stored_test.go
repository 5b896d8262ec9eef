package tests

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	nethtml "golang.org/x/net/html"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// poison is typed into every field, {n} being the number of the field: it
// leaves attributes, fields, titles and scripts, and runs.
const poison = `"></textarea></title></script><svg/onload=alert({n})>'{{7*7}}`

var poisoned = regexp.MustCompile(`alert\((\d+)\)`)

// poisonedText is Markdown whose links and HTML would run.
const poisonedText = "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,<script>alert(1)</script>) [d](vbscript:x) [e]\n\n" +
	"[e]: javascript:alert(1)\n\n<javascript:alert(1)> <data:text/html;base64,PHNjcmlwdD4=> https://exemple.example/\"onmouseover=alert(1)\n\n" +
	"![f](javascript:alert(1)) ![g](x\"onerror=alert(1)) <img src=x onerror=alert(1)>\n\n<svg/onload=alert(1)>\n\n<script>alert(1)</script>\n\n" +
	"<a href=\"javascript:alert(1)\">h</a>\n\n<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>\n\n```html\n<script>alert(1)</script>\n```\n\n| <b onclick=alert(1)>i</b> |\n| --- |\n\n[^1]\n\n[^1]: <i onclick=alert(1)>j</i>\n"

// live says what a browser could run of a text that it takes for HTML, or
// send elsewhere: nothing of it belongs into a page or a mail of ours.
func live(text string) string {
	root, err := nethtml.Parse(strings.NewReader(text))
	if err != nil {
		return err.Error()
	}
	for n := range root.Descendants() {
		if n.Type != nethtml.ElementNode {
			continue
		}
		switch n.Data {
		case "iframe", "object", "embed", "base", "applet", "foreignobject", "animate", "set":
			return "element " + n.Data
		case "script":
			if attribute(n, "type") != "application/ld+json" || !json.Valid([]byte(content(n))) {
				return "script " + content(n)
			}
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "srcdoc", a.Key == "http-equiv", strings.ContainsAny(a.Key, `"'<{(`):
				return "attribute " + a.Key + " of " + n.Data
			case slices.Contains([]string{"href", "src", "action", "formaction", "poster", "data"}, a.Key) && !goodAddress.MatchString(strings.TrimSpace(a.Val)):
				return "address " + a.Val + " of " + n.Data
			}
		}
	}
	return ""
}

var goodAddress = regexp.MustCompile(`(?i)^(https?:|mailto:|[^:]*$|[^:/?#]*[/?#])`)

// TestLiveFindsWhatRuns, each time one thing.
func TestLiveFindsWhatRuns(t *testing.T) {
	for _, bad := range []string{"<script>1</script>", `<script type="application/ld+json">{"a":"</script><b>`, "<svg/onload=1>", "<a href=' javascript:1'>x</a>", "<form action=data:x>",
		"<iframe>", "<base href=/x>", `<meta http-equiv="refresh">`, `<p "{{7*7}}>`} {
		if live(bad) == "" {
			t.Errorf("%s passes", bad)
		}
	}
	if found := live(`<p>"&gt;&lt;svg/onload=1&gt; <a href="/a?b=c:d">x</a> <a href="mailto:a@b.fr">y</a><script type="application/ld+json">{"a":"\u003c/script\u003e"}</script>`); found != "" {
		t.Error(found)
	}
}

// pollution is what was typed where, and where it came out.
type pollution struct {
	v      *visitor
	text   string // what is typed into each field
	number int
	taken  map[string]bool   // whether each form was, by its route and fields
	typed  map[string]string // the route and the name of each field, by its number
	met    map[string]bool
	pages  map[string]string // an address of each route that shows some of it
	seen   map[string]bool
}

// look judges one text that a browser would show.
func (p *pollution) look(where, text string) {
	p.v.t.Helper()
	if found := live(text); found != "" {
		p.v.t.Errorf("%s: what was typed is alive: %.200s", where, found)
	}
	p.meet(text)
}

func (p *pollution) meet(text string) {
	for _, number := range poisoned.FindAllStringSubmatch(text, -1) {
		p.met[number[1]] = true
	}
}

// fill types the poison into every field of a form and posts it, first with
// all that is no text poisoned too, then with a good value where one is said
// to be wrong, until it is taken. It tells whether it was.
func (p *pollution) fill(c *client, f form) bool {
	p.v.t.Helper()
	values := f.completed(&p.number, p.text)
	for name, given := range values {
		if number := poisoned.FindStringSubmatch(given[0]); number != nil {
			p.typed[number[1]] = routeOf(f.method, f.action) + " " + name
		}
	}
	all := url.Values{}
	for name := range values {
		if all.Set(name, p.text); name == web.FormTokenField || name == "token" {
			all.Set(name, values.Get(name))
		}
	}
	p.look(f.action, c.send(f.action, all).body)
	answer := c.send(f.action, values)
	for range 4 {
		if answer.page() {
			p.look(f.action, answer.body)
		}
		again := readForms(p.v.t, f.page, answer.body)
		var wrong int
		switch {
		case answer.status == http.StatusSeeOther, answer.status == http.StatusAccepted, answer.status == http.StatusOK && len(steps(again, f)) == 0:
			return true
		case answer.status == http.StatusOK: // it shows what it would do, and asks once more
			values = steps(again, f)[0].values
		case answer.status == http.StatusConflict: // another form has changed the same: again, knowing it
			values = f.knowing(values, again)
		case answer.status == http.StatusUnprocessableEntity:
			if values, wrong = f.mended(&p.number, values, again); wrong == 0 {
				return false
			}
		default:
			return false
		}
		answer = c.send(f.action, values)
	}
	return answer.status == http.StatusSeeOther || answer.status == http.StatusOK
}

func steps(again []form, f form) (next []form) {
	for _, one := range again {
		if one.action == f.action && one.method == f.method {
			next = append(next, one)
		}
	}
	return next
}

// perKind bounds how many addresses of one page are looked at: lists can be
// narrowed in a thousand ways.
const perKind = 8

// walk looks at every page that links lead to, from these on.
func (p *pollution) walk(c *client, from []string) {
	p.v.t.Helper()
	kinds := map[string]int{}
	for len(from) > 0 {
		address := from[0]
		from = from[1:]
		key, _, _ := strings.Cut(address, "#")
		kind, _, _ := strings.Cut(key, "?")
		if route := routeOf(http.MethodGet, key); route != "" {
			kind = route
		}
		if key == "" || p.seen[key] || strings.HasPrefix(key, web.SignInPath) || kinds[kind] == perKind {
			continue
		}
		p.seen[key] = true
		kinds[kind]++
		answer := c.send(key, nil)
		switch media := answer.header.Get("Content-Type"); {
		case answer.page():
			before := len(p.met)
			p.look(key, answer.body)
			if route := routeOf(http.MethodGet, key); len(p.met) > before || p.pages[route] == "" && strings.Contains(answer.body, "alert(") {
				p.pages[route] = key
			}
			from = append(from, p.v.links(answer.body)...)
		case strings.Contains(media, "/xml"), strings.HasSuffix(media, "+xml") && !strings.HasPrefix(media, "image/"):
			p.feed(key, answer.body)
		}
	}
}

// links are the paths of the platform that a page leads to.
func (v *visitor) links(text string) (paths []string) {
	root, err := nethtml.Parse(strings.NewReader(text))
	if err != nil {
		v.t.Fatal(err)
	}
	for n := range root.Descendants() {
		for _, name := range []string{"href", "src"} {
			if at := strings.TrimPrefix(attribute(n, name), v.origin); strings.HasPrefix(at, "/") && !strings.HasPrefix(at, "//") {
				paths = append(paths, at)
			}
		}
	}
	return paths
}

// feed judges the HTML that readers of a feed will show.
func (p *pollution) feed(where, text string) {
	p.v.t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			p.v.t.Errorf("%s: %v", where, err)
			return
		}
		switch part := token.(type) {
		case xml.StartElement:
			if part.Name.Local == "svg" || part.Name.Local == "script" {
				p.v.t.Errorf("%s: element %s", where, part.Name.Local)
			}
		case xml.CharData:
			if text := string(part); strings.HasPrefix(strings.TrimSpace(text), "<") {
				p.look(where, text)
			}
		}
	}
}

// mails judges all mails, and returns where they lead.
func (p *pollution) mails() (links []string) {
	p.v.t.Helper()
	p.v.settle()
	var all []struct {
		Subject, Text, HTML string
		Links               []string
	}
	p.v.fetch(http.MethodGet, "/_dev/mail", &all)
	for _, mail := range all {
		p.look("the mail "+mail.Subject, mail.HTML)
		for _, link := range mail.Links {
			if path, ours := strings.CutPrefix(link, p.v.origin); ours {
				links = append(links, path)
			}
		}
	}
	if len(all) < 20 {
		p.v.t.Errorf("only %d mails were sent", len(all))
	}
	return links
}

// TestNothingTypedRunsAnywhere types what would run into every field of every
// form of every page, then looks at all that links lead to, at feeds and at
// mails: by a parser that judges what a browser would make of them, and in a
// browser that is told to forget the policy that would stop it.
func TestNothingTypedRunsAnywhere(t *testing.T) {
	v := visit(t)
	l := v.stage()
	c := v.client()
	c.opensData(anAlly)
	c.enters(asMember, "/equipe")
	c.enters(asAdministrator, "/equipe")
	p := pollute(c, l, poison)
	l.letsIn(c) // the other member, by whose token the API is called here
	v.asTeam(http.MethodPost, "/v1/resources", map[string]any{"kind": "article", "title": "Un texte", "summary": poison, "body": poisonedText, "licence": "CC-BY-SA-4.0"}, nil)
	v.publishAll()
	p.walk(c, append(l.addresses(), p.mails()...))
	shown := 0
	for n, where := range p.typed {
		if p.met[n] {
			shown++
		} else {
			t.Logf("no page nor mail shows %s", where)
		}
	}
	t.Logf("%d forms, %d fields, %d of which are shown somewhere, on %d pages of %d kinds", len(p.taken), len(p.typed), shown, len(p.seen), len(p.pages))
	if len(p.taken) < 25 || len(p.typed) < 150 || shown < 140 || len(p.pages) < 25 {
		t.Error("these are too few: nothing is proved")
	}
	p.inBrowser(c)
}

// pollute types a text into every field of every form that a browser shows to
// who is signed in as an ally and an administrator. A form that is not taken is
// a fault of the test: whoever adds one says what good values are.
func pollute(c *client, l lived, text string) *pollution {
	c.v.t.Helper()
	p := &pollution{v: c.v, text: text, taken: map[string]bool{}, typed: map[string]string{}, met: map[string]bool{}, pages: map[string]string{}, seen: map[string]bool{}}
	for _, f := range l.everyForm(c, c) {
		if !slices.ContainsFunc(f.fields, field.typed) {
			continue
		}
		key := strings.Replace(f.key(), f.action, routeOf(f.method, f.action), 1)
		p.taken[key] = p.fill(c, f) || p.taken[key]
	}
	for _, key := range slices.Sorted(maps.Keys(p.taken)) {
		if !p.taken[key] {
			p.v.t.Errorf("the form %s could not be tried: what is a good value of its fields (goodValues)?", key)
		}
	}
	return p
}

// publishAll publishes every draft.
func (v *visitor) publishAll() {
	v.t.Helper()
	team := v.client()
	team.enters(asAdministrator, "/equipe/ressources")
	for _, path := range v.links(team.send("/equipe/ressources", nil).body) {
		if routeOf(http.MethodGet, path) != "/equipe/ressources/{slug}" {
			continue
		}
		for _, f := range team.forms(path) {
			if strings.HasSuffix(f.action, "/publier") {
				team.send(f.action, f.values)
			}
		}
	}
	v.settle()
}

// inBrowser opens a page of each kind that shows what was typed, without the
// policy that forbids scripts, and looks whether any ran.
func (p *pollution) inBrowser(c *client) {
	v := p.v
	v.t.Helper()
	call(v, cdppage.SetBypassCSP, cdppage.SetBypassCSPParams{Enabled: true})
	if _, err := chromedp.Call(v.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: `window.ran = []; window.alert = n => ran.push(n)`}); err != nil {
		v.t.Fatal(err)
	}
	yes := true
	for name, value := range c.cookies {
		if _, err := chromedp.Call(v.ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: v.origin + "/", Path: "/", Secure: &yes, HTTPOnly: &yes}); err != nil {
			v.t.Fatal(err)
		}
	}
	const ran = `new Promise(done => setTimeout(() => done(ran.join()), 20))`
	for _, route := range slices.Sorted(maps.Keys(p.pages)) {
		v.do(chromedp.Navigate(v.origin+p.pages[route]), chromedp.WaitReady(chromedp.CSS("main")))
		if which := ask(v, chromedp.Evaluate[string](ran, chromedp.EvalAwaitPromise)); which != "" {
			v.t.Errorf("%s runs what was typed into %s", p.pages[route], which)
		}
	}
	// Were it on a page as it was typed, it would have run.
	typed := strings.ReplaceAll(poison, "{n}", "7")
	if which := ask(v, chromedp.Evaluate[string](fmt.Sprintf("document.open(); document.write(%q); document.close(); ", `<input value="`+typed+`">`)+ran, chromedp.EvalAwaitPromise)); which != "7" {
		v.t.Errorf("what is typed does not run where it should: %q", which)
	}
}
