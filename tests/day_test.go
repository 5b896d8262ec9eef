package tests

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// day is the long journey of TestADayOfTheTeam: a visitor who keeps pictures.
type day struct {
	*visitor
	album   string    // folder of the pictures
	today   time.Time // midnight of the day of the session
	booking string    // the page of the ally's seat
}

// who comes, and the session that they come to.
const (
	newAlly    = "jeanne.delmas@mairie-vallon.example"
	initiation = "Découvrir les fondamentaux"
)

// TestADayOfTheTeam follows what people and the team do to each other through
// pages only, from an empty platform to a published year and its correction:
// once in a browser that runs scripts, and once in one that runs none. What is
// shown in docs/a-day.md are its pictures.
func TestADayOfTheTeam(t *testing.T) {
	for name, scripts := range map[string]bool{"with JavaScript": true, "without JavaScript": false} {
		t.Run(name, func(t *testing.T) {
			d := &day{visitor: visit(t), today: time.Date(time.Now().Year()+1, time.June, 1, 0, 0, 0, 0, time.UTC)}
			d.album = d.folder(scripts)
			d.prefer("light")
			d.allow(scripts)
			d.setClock(d.today.Add(7*time.Hour - 7*24*time.Hour)) // a week before the session
			d.plans()
			d.adds("allies.organisations", 1, d.signs)
			d.books()
			d.applies()

			d.setClock(d.today.Add(15 * time.Hour)) // the session is over
			d.findsWork()
			d.adds("initiation.territories", 2, d.takesAttendance)
			d.adds("cohort.occitanie.territories", 1, d.decides)
			d.adds("resources.new", 1, d.publishes)
			d.adds("interventions.all", 1, d.recordsATalk)

			d.setClock(time.Date(d.today.Year()+1, time.January, 12, 9, 0, 0, 0, time.UTC))
			d.closesTheYear()
			d.learnsLater()
			d.looksBack()
		})
	}
}

// allow lets pages run scripts or not, and looks that it does.
func (d *day) allow(scripts bool) {
	d.t.Helper()
	call(d.visitor, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
	d.do(chromedp.Navigate(`data:text/html,<main>no</main><script>document.querySelector("main").textContent = "yes"</script>`))
	if ran := d.text() == "yes"; ran != scripts {
		d.t.Fatalf("a page runs scripts: %t", ran)
	}
}

// folder is where pictures go: for docs/a-day.md with FABRIQUE_PICTURES, a
// folder of this repository; beside those of the other journeys; else with
// what go test -artifacts keeps.
func (d *day) folder(scripts bool) string {
	d.t.Helper()
	folder := d.t.ArtifactDir()
	if d.shots != "" {
		folder = filepath.Join(d.shots, strings.ReplaceAll(d.t.Name(), "/", "-"))
	}
	if asked := os.Getenv("FABRIQUE_PICTURES"); asked != "" && scripts {
		folder = filepath.Join("..", asked)
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		d.t.Fatal(err)
	}
	return folder
}

// picture keeps what the window shows, scrolled to the element with this id or
// to the top.
func (d *day) picture(name, id string) {
	d.t.Helper()
	d.do(chromedp.EmulateViewport(1280, 900))
	d.snap(name, id)
}

// pocket is picture on a phone.
func (d *day) pocket(name, id string) {
	d.t.Helper()
	d.do(chromedp.EmulateViewport(390, 844))
	d.snap(name, id)
}

func (d *day) snap(name, id string) {
	d.t.Helper()
	ask(d.visitor, chromedp.Evaluate[bool](fmt.Sprintf(`(document.getElementById(%q) || document.body).scrollIntoView() === undefined`, id)))
	quality := int64(60)
	shot, err := chromedp.Call(d.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatWebp, Quality: &quality})
	if err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.album, name+".webp"), shot.Data, 0o600); err != nil {
		d.t.Fatal(err)
	}
}

// number is the one in the first element that a selector finds.
func (d *day) number(selector string) int {
	d.t.Helper()
	text := ask(d.visitor, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q)?.textContent || ""`, selector)))
	n, err := strconv.Atoi(text)
	if err != nil {
		d.t.Fatalf("%s is no number: %q\n%s", selector, text, d.text())
	}
	return n
}

// figure is what the public page of a year says of a figure.
func (d *day) figure(id string) int {
	d.t.Helper()
	d.settle()
	path := fmt.Sprintf("/bilans/%d", d.today.Year())
	d.open(path)
	return d.number(fmt.Sprintf(`a[href="%s/figures/%s"] strong`, path, id))
}

// adds does something, by which a figure of the year must grow by n.
func (d *day) adds(id string, n int, do func()) {
	d.t.Helper()
	before := d.figure(id)
	do()
	if after := d.figure(id); after != before+n {
		d.t.Errorf("%s went from %d to %d, not by %d", id, before, after, n)
	}
}

// follow opens the mailbox of someone, and the link of the last mail there.
func (d *day) follow(to, subject, path string) {
	d.t.Helper()
	link := d.mail(to, subject, path)
	d.open("/_dev/mail?to=" + url.QueryEscape(to))
	d.reads(subject)
	d.press(d.origin + link)
}

// lists wants texts in the table of the page, cells parted by tabs.
func (d *day) lists(texts ...string) {
	d.t.Helper()
	rows := d.textOf("main tbody")
	for _, text := range texts {
		if !strings.Contains(rows, text) {
			d.t.Errorf("the table does not say %q:\n%s", text, rows)
		}
	}
}

// leaves signs the member of the team out.
func (d *day) leaves() {
	d.t.Helper()
	if _, err := chromedp.RunResponse(d.ctx, chromedp.Click(`//header//button[.="Se déconnecter"]`)); err != nil {
		d.t.Fatal(err)
	}
	d.reads("Vous êtes déconnecté·e")
}
