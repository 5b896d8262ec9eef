package web

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// elements are those of a page by their ids.
func elements(t *testing.T, page string) map[string]*html.Node {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*html.Node{}
	for node := range document.Descendants() {
		if id := attribute(node, "id"); id != "" {
			found[id] = node
		}
	}
	return found
}

func textOf(node *html.Node) (text string) {
	for child := range node.Descendants() {
		if child.Type == html.TextNode {
			text += child.Data
		}
	}
	return text
}

func TestEmptyFieldsSayWhatTheyWant(t *testing.T) {
	page := render(t, pagesOf(map[string]string{"page": everyField}), http.MethodGet, "/", 200, Page{Form: forms()["empty"], Data: choices}).Body.String()
	found := elements(t, page)
	for _, c := range []struct{ id, attributes string }{
		{"person-email", "name=person.email type=email value= autocomplete=email inputmode=email maxlength=254 aria-describedby=person-email-hint"},
		{"siret", "name=siret type=text value= class=short"},
		{"motivation", "name=motivation rows=8 aria-describedby=motivation-hint"},
		{"category", "name=category"},
		{"kind", "name=kind type=radio value=a"},
		{"kind-2", "name=kind type=radio value=b aria-describedby=kind-2-note"},
		{"charter-accepted", "name=charter.accepted type=checkbox value=true aria-describedby=charter-accepted-hint"},
		{TrapField, "name=" + TrapField + " type=text value= autocomplete=off tabindex=-1"},
	} {
		node := found[c.id]
		if node == nil {
			t.Errorf("no %s", c.id)
			continue
		}
		for pair := range strings.FieldsSeq(c.attributes) {
			name, value, _ := strings.Cut(pair, "=")
			if attribute(node, name) != value {
				t.Errorf("%s: %s is %q, not %q", c.id, name, attribute(node, name), value)
			}
		}
		for _, absent := range []string{"aria-invalid", "checked", "selected"} {
			if attribute(node, absent) != "" {
				t.Errorf("%s: %s", c.id, absent)
			}
		}
	}
	if strings.Count(page, "(facultatif)") != 1 || !strings.Contains(page, `SIRET <span class="optional">(facultatif)</span>`) {
		t.Error("what may be left out is not said")
	}
	if strings.Contains(page, "wrong") || strings.Contains(page, "alert") {
		t.Error("an empty form has faults")
	}
	if !strings.Contains(page, `<option value="">Choisissez une catégorie</option>`) || strings.Contains(page, "selected") || strings.Contains(page, "checked") {
		t.Error("something is chosen")
	}
}

// What was typed is kept, escaped, and each fault stands beside its field and
// in the summary, which leads to it.
func TestFieldsAtFaultKeepWhatWasTyped(t *testing.T) {
	form := forms()["wrong"]
	page := render(t, pagesOf(map[string]string{"page": everyField}), http.MethodPost, "/", 422, Page{Form: form, Data: choices}).Body.String()
	if strings.Contains(page, "<script") || strings.Contains(page, "<b>") || strings.Contains(page, "<Bureau>") {
		t.Error("what was typed is not escaped")
	}
	found := elements(t, page)
	if got := attribute(found["person-email"], "value"); got != form.Values.Get("person.email") {
		t.Errorf("e-mail: %q", got)
	}
	if got := textOf(found["motivation"]); got != form.Values.Get("motivation") {
		t.Errorf("motivation: %q", got)
	}
	for _, id := range []string{`id="kind-2" name="kind" type="radio" value="b" checked`, `value="true" checked`, `<option value="b" selected>`,
		`name="idempotency_key" value="k&#34;1"`, `name="ouvert_a" value="2026-03-10T09:00:00Z"`} {
		if !strings.Contains(page, id) {
			t.Errorf("no %s", id)
		}
	}
	for id, described := range map[string]string{
		"person-email": "person-email-hint person-email-fault", "siret": "siret-fault", "motivation": "motivation-hint motivation-fault",
		"category": "category-fault", "charter-accepted": "charter-accepted-hint charter-accepted-fault",
	} {
		if node := found[id]; attribute(node, "aria-invalid") != "true" || attribute(node, "aria-describedby") != described {
			t.Errorf("%s: %v", id, node.Attr)
		}
	}
	if group := found["kind"].Parent.Parent; group.Data != "fieldset" || attribute(group, "aria-invalid") != "true" || attribute(group, "aria-describedby") != "kind-hint kind-fault" {
		t.Errorf("group: %v", group.Attr)
	}
	for _, f := range form.Faults {
		if f.Location == "" {
			continue
		}
		id := fieldID(f.Location)
		if got := textOf(found[id+"-fault"]); got != "Erreur\u00a0: "+f.Message {
			t.Errorf("%s: %q", id, got)
		}
		if !strings.Contains(page, `<li><a href="#`+id+`">`+f.Message+`</a></li>`) {
			t.Errorf("the summary does not lead to %s", id)
		}
	}
	if !strings.Contains(page, "<li>Tout est à revoir.</li>") || !strings.Contains(page, "7 points sont à corriger") {
		t.Error("the summary is not whole")
	}
}

func TestFault(t *testing.T) {
	form := forms()["wrong"]
	if form.Fault("siret") != "À corriger : siret." || form.Fault("other") != "" {
		t.Errorf("%q %q", form.Fault("siret"), form.Fault("other"))
	}
}
