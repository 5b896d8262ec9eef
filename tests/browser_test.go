package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/infra/local/host"
)

// browsers are the commands that chromedp may find chromium under: first the
// one without windows, which takes half of the processor time.
var browsers = []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome"}

// visitor is someone in front of a browser that runs no script of pages.
type visitor struct {
	t      *testing.T
	ctx    context.Context
	origin string
	axe    string
	weight atomic.Int64 // bytes that the page weighs
	shots  string       // folder for pictures, empty for none
}

// serve runs a platform without any data, for a visitor who has no browser. It
// is the test's own: tests with one run beside each other, as each waits for
// its browser most of the time.
func serve(t *testing.T) *visitor {
	t.Helper()
	t.Parallel()
	return serveAlone(t)
}

// serveAlone is serve for a test that changes what all others would see.
func serveAlone(t *testing.T) *visitor {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	origin := "http://" + server.Listener.Addr().String()
	h, err := host.Open(t.Context(), host.Options{Functions: functions.All, PublicURL: origin, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	server.Config.Handler = h
	server.Start()
	t.Cleanup(server.Close)
	return &visitor{t: t, origin: origin}
}

// visit opens a browser on a platform without any data. It skips the test
// where there is no browser: continuous integration installs one.
func visit(t *testing.T) *visitor {
	t.Helper()
	command := ""
	for _, name := range browsers {
		if found, err := exec.LookPath(name); err == nil {
			command = found
			break
		}
	}
	if command == "" {
		t.Skip("no chromium on PATH: the journeys through a browser are left out")
	}
	v := serve(t)
	axe, err := os.ReadFile(filepath.Join("..", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("axe-core is not installed, run npm ci: %v", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(command), chromedp.NoSandbox)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, stopTab := chromedp.NewContext(allocator)
	t.Cleanup(stopTab)
	ctx, stopInTime := context.WithTimeout(ctx, 15*time.Minute) // on a busy machine
	t.Cleanup(stopInTime)
	v.ctx, v.axe, v.shots = ctx, string(axe), os.Getenv("FABRIQUE_SCREENSHOTS")
	v.do(chromedp.Navigate("about:blank"))
	err = chromedp.Listen(ctx, func(event any) {
		if finished, ok := event.(*network.EventLoadingFinished); ok {
			v.weight.Add(int64(finished.EncodedDataLength))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	call(v, network.Enable, network.EnableParams{})
	v.onto(0) // before the first page: a button that glides into view may be missed
	return v
}

// call sends a command of the protocol, whose answer says nothing.
func call[P, R any](v *visitor, command cdp.Command[P, R], params P) {
	v.t.Helper()
	if _, err := chromedp.Call(v.ctx, command, params); err != nil {
		v.t.Fatal(err)
	}
}

func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, steps...); err != nil {
		v.t.Fatal(err)
	}
}

// ask runs an action for what it finds.
func ask[T any](v *visitor, action chromedp.Action[T]) T {
	v.t.Helper()
	found, err := chromedp.Run(v.ctx, action)
	if err != nil {
		v.t.Fatal(err)
	}
	return found
}

// open goes to a path, with nothing in the browser's cache.
func (v *visitor) open(path string) {
	v.t.Helper()
	call(v, network.ClearBrowserCache, cdp.Empty{})
	v.weight.Store(0)
	v.do(chromedp.Navigate(v.origin+path), chromedp.WaitReady(chromedp.CSS("main")))
	if weight := v.weight.Load(); weight == 0 || weight > maxWeight {
		v.t.Errorf("%s weighs %d bytes", path, weight)
	}
}

// maxWeight of a page with all that it loads, in bytes.
const maxWeight = 60_000

// press follows a link or presses the button with this text, and waits for the page.
func (v *visitor) press(text string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 15*time.Second)
	defer cancel()
	path := fmt.Sprintf(`//main//*[self::button or self::a][normalize-space()=%q]`, text)
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(path)); err != nil {
		v.t.Fatalf("press %q: %v\n%s", text, err, v.text())
	}
	v.do(chromedp.WaitReady(chromedp.CSS("main")))
}

// fill types into the field with this label.
func (v *visitor) fill(id, text string) {
	v.t.Helper()
	ask(v, chromedp.Evaluate[string](fmt.Sprintf(`document.getElementById(%q).value = ""`, id)))
	v.do(chromedp.SendKeys(chromedp.ID(id), text))
}

// choose takes the option with this value.
func (v *visitor) choose(id, value string) {
	v.t.Helper()
	v.do(chromedp.SetValue(chromedp.ID(id), value))
}

func (v *visitor) tick(id string) { v.t.Helper(); v.do(chromedp.Click(chromedp.ID(id))) }

// text is what the page says, spaces as people see them.
func (v *visitor) text() string { v.t.Helper(); return v.textOf("main") }

// textOf is what an element says.
func (v *visitor) textOf(selector string) string {
	v.t.Helper()
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(ask(v, chromedp.Text(chromedp.CSS(selector))))
}

func (v *visitor) reads(texts ...string) {
	v.t.Helper()
	page := v.text()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			v.t.Errorf("the page does not say %q:\n%s", text, page)
		}
	}
}

// screen is a way in which a page is looked at.
type screen struct {
	name          string
	width, height int64
	scheme        string
}

// screens are the ways in which each page is looked at.
var screens = []screen{
	{"large", 1280, 900, "light"}, {"phone", 390, 844, "light"}, {"dark", 1280, 900, "dark"}, {"phone-dark", 390, 844, "dark"},
}

// look checks the page that is open with axe on each screen, and that it fits
// its width: by all rules in light, then, where only colours differ, by those
// that depend on them. With FABRIQUE_SCREENSHOTS it keeps a picture of each.
func (v *visitor) look(name string) {
	v.t.Helper()
	for place := range screens {
		screen := v.onto(place)
		if ask(v, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`)) {
			v.t.Errorf("%s is wider than the screen %s", name, screen.name)
		}
		where := name + " on " + screen.name
		if screen.scheme == "light" {
			v.audit(where)
		} else if v.runs(where, colours...) == 0 {
			v.t.Errorf("%s: no rule was tried", where)
		}
		if v.shots == "" {
			continue
		}
		shot := ask(v, chromedp.FullScreenshot(100))
		if err := os.WriteFile(filepath.Join(v.shots, name+"-"+screen.name+".png"), shot, 0o600); err != nil {
			v.t.Fatal(err)
		}
	}
	v.do(chromedp.EmulateViewport(1280, 900))
}

// colours are the rules of axe that depend on them.
var colours = []string{"color-contrast", "link-in-text-block"}

// prefer sets the colours that the system asks pages for, "light" or "dark",
// and asks for no motion: nothing is caught on its way.
func (v *visitor) prefer(scheme string) {
	v.t.Helper()
	call(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
}

// onto shows the page that is open on one of the screens, by its place in the list.
func (v *visitor) onto(place int) (s screen) {
	v.t.Helper()
	s = screens[place]
	v.do(chromedp.EmulateViewport(s.width, s.height))
	v.prefer(s.scheme)
	return s
}

// audit runs the rules of axe for WCAG 2.2 AA and its good practices.
func (v *visitor) audit(name string) {
	v.t.Helper()
	if rules := v.runs(name, "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"); rules < 10 {
		v.t.Errorf("%s: only %d rules were tried", name, rules)
	}
}

// runs runs the rules of axe with these names or tags on the page that is
// open, and returns how many hold.
func (v *visitor) runs(name string, only ...string) (rules int) {
	v.t.Helper()
	if !ask(v, chromedp.Evaluate[bool](`"axe" in window`)) {
		ask(v, chromedp.Evaluate[bool](v.axe+"; true"))
	}
	list, err := json.Marshal(only)
	if err != nil {
		v.t.Fatal(err)
	}
	found := ask(v, chromedp.Evaluate[string](fmt.Sprintf(`axe.run(document, {runOnly: %s, resultTypes: ["violations"]})
		.then(r => JSON.stringify({rules: r.passes.length, violations: r.violations.map(f => f.id + ": " + f.help + " " + f.nodes.map(n => n.html).join(" "))}))`, list),
		chromedp.EvalAwaitPromise))
	var result struct {
		Rules      int
		Violations []string
	}
	if err := json.Unmarshal([]byte(found), &result); err != nil {
		v.t.Fatal(err)
	}
	for _, violation := range result.Violations {
		v.t.Errorf("%s: %s", name, violation)
	}
	return result.Rules
}

// mail opens the last mail to an address in the mailbox and returns the path
// of its link to a page of this path.
func (v *visitor) mail(to, subject, page string) string {
	v.t.Helper()
	v.settle()
	var mails []struct {
		Subject string
		Links   []string
	}
	v.fetch("GET", "/_dev/mail?to="+url.QueryEscape(to), &mails)
	if len(mails) == 0 {
		v.t.Fatalf("no mail came to %s", to)
	}
	last := mails[len(mails)-1]
	if !strings.Contains(last.Subject, subject) {
		v.t.Fatalf("the last mail is %q, not %q", last.Subject, subject)
	}
	for _, link := range last.Links {
		if path, ours := strings.CutPrefix(link, v.origin); ours && strings.HasPrefix(path, page+"?") {
			return path
		}
	}
	if page != "" {
		v.t.Fatalf("the mail %q has no link to %s: %q", last.Subject, page, last.Links)
	}
	return ""
}

// lastPart is the end of the path of the page that is open.
func (v *visitor) lastPart() string {
	v.t.Helper()
	return ask(v, chromedp.Evaluate[string](`location.pathname.split("/").pop()`))
}

func (v *visitor) settle() { v.t.Helper(); v.fetch("POST", "/_dev/settle", nil) }
