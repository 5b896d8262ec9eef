package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// typist is a visitor who has a keyboard and nothing else: Tab, Shift and Tab,
// Space, Enter, arrows, and what is typed.
type typist struct {
	*visitor
	stops int
}

// stop is where the focus is.
type stop struct {
	ID, Name string
	Wrong    []string // with how it is shown
}

// focused tells where the focus is. The ring is drawn by the element, by what
// stands for it, or by the card that it opens; and no longer by what had the
// focus before. A stop is wholly on the screen, nothing covers it, and it comes
// after the one before in the document, or before it on the way back.
const focused = `(back => {
	const at = document.activeElement, before = window.stopBefore, wrong = [];
	const ring = e => [getComputedStyle(e), getComputedStyle(e, "::before"), e.closest("li") && getComputedStyle(e.closest("li"))].some(style =>
		style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && !/^rgba\(.*, 0\)$/.test(style.outlineColor));
	if (!ring(at)) wrong.push("nothing shows the focus");
	const box = at.getClientRects()[0] || at.getBoundingClientRect();
	if (!box.width || !box.height || box.top < 0 || box.left < 0 || box.bottom > innerHeight || box.right > innerWidth)
		wrong.push("it is off the screen: " + JSON.stringify(box));
	else if (!at.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)))
		wrong.push("something covers it");
	if (before && before !== at) {
		if (ring(before)) wrong.push("what had the focus before looks as if it still had");
		if (!(before.compareDocumentPosition(at) & (back ? Node.DOCUMENT_POSITION_PRECEDING : Node.DOCUMENT_POSITION_FOLLOWING)))
			wrong.push("it is out of order, after " + before.outerHTML);
	}
	window.stopBefore = at;
	const label = at.labels && at.labels.length ? at.labels[0] : at;
	return JSON.stringify({id: at.id, name: label.textContent.replace("(facultatif)", "").replace(/\s+/g, " ").trim().slice(0, 80), wrong});
})`

// typing opens a page with a keyboard in hand.
func typing(t *testing.T, path string) *typist {
	t.Helper()
	k := &typist{visitor: visit(t)}
	k.prefer("light")
	k.do(chromedp.EmulateViewport(1280, 900))
	call(k.visitor, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // a window in front
	k.open(path)
	return k
}

// struck presses keys as a keyboard does: what a page does with a key that goes
// down keeps it from typing its character, into whatever has the focus by then.
func struck(keys string, held ...chromedp.Modifier) chromedp.Action[chromedp.Void] {
	raw := func(event *input.DispatchKeyEventParams) {
		if event.Type == input.DispatchKeyEventTypeKeyDown {
			event.Type = input.DispatchKeyEventTypeRawKeyDown
		}
	}
	return chromedp.KeyEvent(keys, raw, chromedp.KeyModifiers(held...))
}

// keys presses keys that lead to no other page.
func (k *typist) keys(keys string, held ...chromedp.Modifier) {
	k.t.Helper()
	k.do(struck(keys, held...))
}

// at is where the focus is, whatever is wrong with it.
func (k *typist) at(back bool) (s stop) {
	k.t.Helper()
	if err := json.Unmarshal([]byte(ask(k.visitor, chromedp.Evaluate[string](fmt.Sprintf("%s(%t)", focused, back)))), &s); err != nil {
		k.t.Fatal(err)
	}
	k.stops++
	return s
}

// stands wants nothing to be wrong where the focus is.
func (k *typist) stands(back bool) stop {
	k.t.Helper()
	s := k.at(back)
	for _, wrong := range s.Wrong {
		k.t.Errorf("the focus on %q %s: %s", s.Name, s.ID, wrong)
	}
	return s
}

// tab goes to the next stop.
func (k *typist) tab() stop {
	k.t.Helper()
	k.keys(kb.Tab)
	return k.stands(false)
}

// back goes to the stop before.
func (k *typist) back() stop {
	k.t.Helper()
	k.keys(kb.Tab, chromedp.ModifierShift)
	return k.stands(true)
}

// tabTo goes on to the field, link or button of this name.
func (k *typist) tabTo(name string) {
	k.t.Helper()
	var passed []string
	for range 50 {
		s := k.tab()
		if s.Name == name {
			return
		}
		passed = append(passed, s.Name)
	}
	k.t.Fatalf("no %q by Tab, after %q", name, passed)
}

// write goes on to a field and types.
func (k *typist) write(name, text string) { k.t.Helper(); k.tabTo(name); k.keys(text) }

// leads presses a key that leads to another page.
func (k *typist) leads(key string) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.ctx, 15*time.Second)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, struck(key)); err != nil {
		k.t.Fatalf("the key leads nowhere: %v\n%s", err, k.text())
	}
	k.do(chromedp.WaitReady(chromedp.CSS("main")))
}

// skips takes the first stop of a page, which leads over its menu.
func (k *typist) skips() {
	k.t.Helper()
	if s := k.tab(); s.Name != "Aller au contenu" {
		k.t.Fatalf("the first stop of the page is %q", s.Name)
	}
	k.keys(kb.Enter)
	if id := k.id(); id != "contenu" {
		k.t.Fatalf("the link over the menu leads to %q", id)
	}
}

// id is that of the element that has the focus.
func (k *typist) id() string {
	k.t.Helper()
	return ask(k.visitor, chromedp.Evaluate[string](`document.activeElement.id`))
}

// value is what the field that has the focus holds; of a box or a button to
// choose, whether it is chosen.
func (k *typist) value() string {
	k.t.Helper()
	return ask(k.visitor, chromedp.Evaluate[string](`(at => at.matches("[type=radio], [type=checkbox]") ? String(at.checked) : at.value)(document.activeElement)`))
}

// mends finds the focus on the summary of the one fault, follows its link to
// the field, and types there.
func (k *typist) mends(field, text string) {
	k.t.Helper()
	k.reads("Un point est à corriger")
	if s := k.stands(false); !strings.HasPrefix(s.Name, "Un point est à corriger") {
		k.t.Fatalf("after a fault the focus is on %q", s.Name)
	}
	k.tab()
	k.keys(kb.Enter)
	if s := k.stands(false); s.ID != field {
		k.t.Fatalf("the summary leads to %q, not to %q", s.ID, field)
	}
	k.keys(text)
}

// TestSomeoneSignsByKeyboard signs the charter for an organisation.
func TestSomeoneSignsByKeyboard(t *testing.T) {
	const address = "jeanne@vallon.example"
	k := typing(t, "/")
	k.skips()
	k.tabTo("Signer la charte")
	k.leads(kb.Enter)
	k.skips()
	k.tabTo("Une organisation")
	k.keys(" ")
	k.keys(kb.ArrowDown)
	if s := k.stands(false); s.Name != "Moi, à titre personnel" || k.value() != "true" {
		t.Errorf("the arrow leads to %q, chosen: %s", s.Name, k.value())
	}
	k.keys(kb.ArrowUp)
	if s := k.stands(true); s.Name != "Une organisation" || k.value() != "true" {
		t.Errorf("the arrow leads back to %q, chosen: %s", s.Name, k.value())
	}
	k.write("Nom de l’organisation", "Communauté du Vallon")
	k.tabTo("Type d’organisation")
	k.keys(kb.ArrowDown)
	if k.value() == "" {
		t.Error("the arrow takes no option of a list")
	}
	k.write("Prénom", "Jeanne")
	k.write("Nom", "Delmas")
	k.tabTo("Fonction")
	if s := k.back(); s.Name != "Adresse e-mail" {
		t.Errorf("before the last field comes %q", s.Name)
	}
	k.tabTo("Relire les engagements de la charte")
	k.keys(kb.Enter)
	k.tabTo("J’ai lu la charte et je m’engage à la respecter")
	k.keys(" ")
	if k.value() != "true" {
		t.Error("Space does not tick a box")
	}
	k.tabTo("Signer la charte")
	k.leads(kb.Enter)
	k.mends("person-email", address)
	k.tabTo("Signer la charte")
	k.leads(kb.Enter)
	k.reads("Votre signature attend votre confirmation")
	k.open(k.mail(address, "Confirmez votre signature", "/rejoindre/confirmer"))
	k.skips()
	k.tabTo("Confirmer ma signature")
	k.leads(" ")
	k.reads("Merci, c’est enregistré")
	t.Logf("%d stops", k.stops)
}

// TestSomeoneBooksByKeyboard takes a seat in a session.
func TestSomeoneBooksByKeyboard(t *testing.T) {
	const title = "Découvrir les fondamentaux"
	k := typing(t, "/")
	k.plan(title, time.Now().AddDate(0, 0, 9), 12)
	k.tab()
	k.tabTo("Agenda") // through the menu this time
	k.leads(kb.Enter)
	k.skips()
	k.tabTo(title)
	k.leads(kb.Enter)
	k.skips()
	k.write("Prénom", "Ada")
	k.write("Nom", "Martin")
	k.tabTo("Votre rôle")
	k.keys(kb.ArrowDown)
	if k.value() == "" {
		t.Error("the arrow takes no option of a list")
	}
	k.write("Ce qui vous aiderait à participer", "Une place près de la porte.")
	k.tabTo("Réserver ma place")
	k.leads(" ")
	k.mends("email", "ada@exemple.example")
	k.tabTo("Réserver ma place")
	k.leads(kb.Enter)
	k.reads("À bientôt, Ada")
	k.mail("ada@exemple.example", "Votre place", "/reservations/"+k.lastPart())
	var list struct {
		Items []struct {
			Left int `json:"seats_left"`
		}
	}
	k.fetch(http.MethodGet, "/v1/sessions", &list)
	if len(list.Items) != 1 || list.Items[0].Left != 11 {
		t.Errorf("after a seat of 12 is taken: %+v", list.Items)
	}
	t.Logf("%d stops", k.stops)
}

// TestAFocusThatIsLostIsNoticed spoils a page in each way that the journeys by
// keyboard look for, and wants them to notice.
func TestAFocusThatIsLostIsNoticed(t *testing.T) {
	k := typing(t, "/")
	for name, spoilt := range map[string]struct{ style, script, wrong string }{
		"no outline":         {":focus-visible { outline: none !important }", "", "nothing shows the focus"},
		"a clear one":        {":focus-visible { outline-color: transparent !important }", "", "nothing shows the focus"},
		"one for all":        {"a { outline: 3px solid red !important }", "", "as if it still had"},
		"off the screen":     {".brand:focus { position: absolute; left: -100vw }", "", "off the screen"},
		"under another":      {"main { position: fixed !important; inset: 0; z-index: 2 }", "", "covers it"},
		"in another order":   {"", `document.querySelector(".bottom a").tabIndex = 1; document.querySelector(".brand").tabIndex = 2`, "out of order"},
		"as it should be":    {"", "", ""},
		"with a shadow only": {":focus-visible { outline: none !important; box-shadow: 0 0 0 3px red }", "", "nothing shows the focus"},
	} {
		k.open("/")
		ask(k.visitor, chromedp.Evaluate[bool](fmt.Sprintf(`(() => { const sheet = new CSSStyleSheet(); sheet.replaceSync(%q); document.adoptedStyleSheets = [sheet]; %s; return true })()`, spoilt.style, spoilt.script)))
		var wrong []string
		for range 3 {
			k.keys(kb.Tab)
			wrong = append(wrong, k.at(false).Wrong...)
		}
		if all := strings.Join(wrong, "; "); spoilt.wrong == "" && all != "" || !strings.Contains(all, spoilt.wrong) {
			t.Errorf("%s: found %q, wanted %q", name, all, spoilt.wrong)
		}
	}
}
