package registration

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// browser visits pages as one without JavaScript does: it keeps the session's
// cookie, follows redirects, fills the forms that it is shown, and checks on
// each page what people rely on.
type browser struct {
	*world
	cookie *http.Cookie
}

// document is a page as it came.
type document struct {
	t      testing.TB
	root   *html.Node
	header http.Header
	path   string
}

func (b *browser) get(status int, path string) document {
	b.t.Helper()
	return b.send(status, http.MethodGet, path, nil)
}

func (b *browser) post(status int, path string, form url.Values) document {
	b.t.Helper()
	return b.send(status, http.MethodPost, path, form)
}

func (b *browser) send(status int, method, path string, body any) document {
	b.t.Helper()
	headers := []string{"Accept", "text/html,*/*", "Sec-Fetch-Site", "same-origin"}
	if b.cookie != nil {
		headers = append(headers, "Cookie", b.cookie.Name+"="+b.cookie.Value)
	}
	if form, ok := body.(url.Values); !ok || form == nil {
		body = nil
	}
	answer := b.Do(b.running, method, path, body, headers...)
	for _, cookie := range answer.Result().Cookies() {
		if b.cookie = cookie; cookie.MaxAge < 0 {
			b.cookie = nil
		}
	}
	if answer.Code == http.StatusSeeOther {
		return b.send(status, http.MethodGet, answer.Header().Get("Location"), nil)
	}
	if answer.Code != status {
		b.t.Fatalf("%s %s: %d instead of %d: %s", method, path, answer.Code, status, answer.Body)
	}
	root, err := html.Parse(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	page := document{b.t, root, answer.Header(), path}
	page.walk()
	return page
}

// all are the elements of these names, in order; every element without a name.
func (d document) all(names ...string) (found []*html.Node) {
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && (len(names) == 0 || slices.Contains(names, n.Data)) {
			found = append(found, n)
		}
	}
	return found
}

func attribute(n *html.Node, name string) (value string, has bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func textOf(n *html.Node) string {
	var text strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(text.String())
}

// says tells whether a page shows a text.
func (d document) says(text string) bool { return strings.Contains(textOf(d.root), text) }

func (d document) title() string {
	d.t.Helper()
	return textOf(d.all("h1")[0])
}

// walk checks the markup: one h1, a label for each field, ids that are there
// once and wherever they are named, and nothing that the policy refuses.
func (d document) walk() {
	d.t.Helper()
	if n := len(d.all("h1")); n != 1 {
		d.t.Errorf("%s: %d h1", d.path, n)
	}
	ids, labelled := map[string]int{}, map[string]bool{}
	for _, n := range d.all() {
		if id, ok := attribute(n, "id"); ok {
			ids[id]++
		}
		if target, ok := attribute(n, "for"); ok && n.Data == "label" && textOf(n) != "" {
			labelled[target] = true
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				d.t.Errorf("%s: %s has %s", d.path, n.Data, a.Key)
			}
		}
		if n.Data == "script" || n.Data == "style" {
			d.t.Errorf("%s: inline %s", d.path, n.Data)
		}
	}
	for id, n := range ids {
		if n > 1 || id == "" {
			d.t.Errorf("%s: id %q stands there %d times", d.path, id, n)
		}
	}
	for _, n := range d.all("input", "select", "textarea") {
		kind, _ := attribute(n, "type")
		if id, _ := attribute(n, "id"); kind != "hidden" && !labelled[id] {
			d.t.Errorf("%s: field %q has no label", d.path, id)
		}
	}
	d.checkReferences(ids)
}

func (d document) checkReferences(ids map[string]int) {
	d.t.Helper()
	for _, n := range d.all() {
		for _, name := range []string{"aria-describedby", "aria-labelledby", "for"} {
			value, _ := attribute(n, name)
			for _, id := range strings.Fields(value) {
				if ids[id] == 0 {
					d.t.Errorf("%s: %s names %q, which is not there", d.path, name, id)
				}
			}
		}
		if target, _ := attribute(n, "href"); strings.HasPrefix(target, "#") && ids[target[1:]] == 0 {
			d.t.Errorf("%s: a link leads to %s, which is not there", d.path, target)
		}
	}
}

// form is what a browser would post of the form with this action.
func (d document) form(action string) url.Values {
	d.t.Helper()
	for _, form := range d.all("form") {
		if to, _ := attribute(form, "action"); to == action {
			return (document{d.t, form, nil, d.path}).values()
		}
	}
	d.t.Fatalf("%s: no form to %s", d.path, action)
	return nil
}

func (d document) values() url.Values {
	values := url.Values{}
	for _, n := range d.all("input", "select") {
		name, _ := attribute(n, "name")
		kind, _ := attribute(n, "type")
		value, _ := attribute(n, "value")
		_, checked := attribute(n, "checked")
		switch {
		case n.Data == "select":
			values.Set(name, "")
			for _, option := range (document{d.t, n, nil, d.path}).all("option") {
				if _, selected := attribute(option, "selected"); selected {
					value, _ := attribute(option, "value")
					values.Set(name, value)
				}
			}
		case kind != "radio" && kind != "checkbox" || checked:
			values.Set(name, value)
		}
	}
	return values
}

// faults are the messages beside fields, by id of the field.
func (d document) faults() map[string]string {
	found := map[string]string{}
	for _, n := range d.all("p") {
		if class, _ := attribute(n, "class"); class == "error" {
			id, _ := attribute(n, "id")
			found[strings.TrimSuffix(id, "-fault")] = strings.TrimPrefix(textOf(n), "Erreur\u00a0: ")
		}
	}
	return found
}

// summary is where the links of the summary of faults lead, "" for those that
// are not about a field.
func (d document) summary() (targets []string) {
	for _, n := range d.all("div") {
		if role, _ := attribute(n, "role"); role != "alert" {
			continue
		}
		for _, item := range (document{d.t, n, nil, d.path}).all("li") {
			target := ""
			for _, link := range (document{d.t, item, nil, d.path}).all("a") {
				href, _ := attribute(link, "href")
				target = strings.TrimPrefix(href, "#")
			}
			targets = append(targets, target)
		}
	}
	return targets
}

// summarised fails the test unless exactly these fields are at fault, each
// beside itself and in the summary.
func (d document) summarised(want ...string) {
	d.t.Helper()
	got := d.summary()
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		d.t.Errorf("%s: the summary leads to %v instead of %v", d.path, got, want)
	}
	beside := d.faults()
	for _, id := range want {
		if id != "" && beside[id] == "" {
			d.t.Errorf("%s: no fault beside %s", d.path, id)
		}
	}
	if title := textOf(d.all("title")[0]); len(want) > 0 && !strings.HasPrefix(title, "Erreur\u00a0: ") {
		d.t.Errorf("%s: %s", d.path, title)
	}
}
