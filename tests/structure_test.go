package tests

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// structure lists what is wrong with the headings and the names of fields,
// buttons and links of a page.
const structure = `(() => {
	const wrong = [], levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map(h => Number(h.tagName[1]));
	if (levels.filter(level => level === 1).length !== 1) wrong.push("not one h1: " + levels);
	levels.forEach((level, i) => { if (level > (levels[i - 1] || 0) + 1) wrong.push("a heading is skipped: " + levels); });
	for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
		if (![...field.labels].some(label => label.textContent.trim())) wrong.push("no label: " + field.outerHTML);
	for (const control of document.querySelectorAll("button, a[href], summary"))
		if (!control.textContent.trim() && !(control.getAttribute("aria-label") || "").trim()) wrong.push("no name: " + control.outerHTML);
	if (document.title.trim() === "" || document.documentElement.lang !== "fr") wrong.push("no title or language");
	return wrong.join("\n");
})()`

// focusOrder lists where the key Tab would lose who follows it with their
// eyes: it goes by the order of the page unless a tabindex says otherwise, and
// a page is read downwards, and from left to right. Only a column to the right
// may begin higher than the last one ended. What sticks to the foot of the
// window is taken where the page has it: scrolled to, it is there.
const focusOrder = `(() => {
	const wrong = [], name = e => e.outerHTML.slice(0, 120);
	for (const e of document.querySelectorAll(".stuck")) e.style.position = "static";
	for (const e of document.querySelectorAll("[tabindex]"))
		if (e.tabIndex > 0) wrong.push("out of turn: " + name(e));
	const stops = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, audio, video, [tabindex]")]
		.filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}));
	const skip = stops.shift();
	if (!skip || !skip.matches(".skip") || !document.querySelector(skip.getAttribute("href"))) wrong.push("the first stop does not lead to the content");
	const inside = (a, b) => a.contains(b);
	stops.forEach((e, i) => {
		const last = stops[i - 1];
		if (!last || inside(last, e)) return;
		const a = last.getBoundingClientRect(), b = e.getBoundingClientRect();
		if (b.bottom <= a.top && b.left < a.right) wrong.push("back up from " + name(last) + " to " + name(e));
		if (b.right <= a.left && b.top < a.bottom && a.top < b.bottom) wrong.push("back to the left from " + name(last) + " to " + name(e));
	});
	return wrong.join("\n");
})()`

// targets lists the links that stand alone and the buttons that a finger
// misses on a telephone: those of less than 44 pixels.
const targets = `(() => {
	const wrong = [];
	for (const e of document.querySelectorAll("main :is(.list a, .rows a, .ways a, .pages a, .button, button, summary)")) {
		const height = e.getBoundingClientRect().height;
		if (e.checkVisibility({visibilityProperty: true}) && height < 43.9) wrong.push("a small target, " + height + ": " + e.outerHTML.slice(0, 120));
	}
	return wrong.join("\n");
})()`

// TestWhatIsWrongInAPageIsFound breaks a page in one way after the other.
func TestWhatIsWrongInAPageIsFound(t *testing.T) {
	v := visit(t)
	v.open("/charte")
	const skip = `<a class="skip" href="#contenu">Aller</a><main id="contenu"><h1>Titre</h1>`
	for _, c := range []struct{ check, body, script, finds string }{
		{structure, skip, "", ""},
		{structure, skip + `<h3>Sous-titre</h3>`, "", "a heading is skipped"},
		{structure, skip + `<h1>Encore</h1>`, "", "not one h1"},
		{structure, skip + `<label for="b"></label><input id="b">`, "", "no label"},
		{structure, skip + `<button> </button>`, "", "no name"},
		{focusOrder, skip + `<p><a href="/">un</a></p><p><a href="/">deux</a> <a href="/">trois</a></p>`, "", ""},
		{focusOrder, `<main id="contenu"><a href="/">un</a>`, "", "does not lead to the content"},
		{focusOrder, skip + `<a href="/" tabindex="2">un</a>`, "", "out of turn"},
		{focusOrder, skip + `<p><a href="/">un</a></p><p><a href="/">deux</a></p>`, `document.querySelector("main").style.cssText = "display: flex; flex-direction: column-reverse"`, "back up"},
		{focusOrder, skip + `<a href="/">un</a><a href="/">deux</a>`, `document.querySelector("main").style.cssText = "display: flex; flex-direction: row-reverse"`, "back to the left"},
		{targets, skip + `<button>Envoyer</button><ul class="ways"><li><a href="/">un</a></li></ul><p>Voir <a href="/">deux</a>.</p>`, "", ""},
		{targets, skip + `<ul class="rows"><li><a href="/">un</a></li></ul>`, "", "a small target"}, // as on a large screen
	} {
		ask(v, chromedp.Evaluate[bool]("document.body.innerHTML = `"+c.body+"`; "+c.script+"; true"))
		if found := ask(v, chromedp.Evaluate[string](c.check)); c.finds == "" && found != "" || !strings.Contains(found, c.finds) {
			t.Errorf("%s: %q, not %q", c.body, found, c.finds)
		}
	}
}
