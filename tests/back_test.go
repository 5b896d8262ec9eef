package tests

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// TestBackChangedAndSent goes back in the browser to each form that was sent,
// changes what it says and sends it: a sentence for people says what became of
// the first, and the form is taken once it is sent again.
func TestBackChangedAndSent(t *testing.T) {
	v := serve(t)
	l := v.stage()
	c := v.client()
	c.opensData(anAlly)
	c.enters(asMember, "/equipe") // who is known can be kept out
	c.enters(asAdministrator, "/equipe")
	const told = "ce premier envoi a été traité"
	tried, number := map[string]bool{}, 0
	for _, f := range l.everyForm(c, c) {
		route := routeOf(f.method, f.action)
		if f.values.Get(web.KeyField) == "" || !slices.ContainsFunc(f.fields, field.typed) {
			continue // which nothing is typed into
		}
		first, changed := f.completed(&number, ""), f.completed(&number, "")
		for _, one := range f.fields {
			switch last := one.name[strings.LastIndex(one.name, ".")+1:]; {
			case one.kind == "textarea" || last == "title" || last == "name" || last == "family_name":
				changed.Set(one.name, "Autre chose.")
			case last == "form":
				changed.Set(one.name, one.choices[len(one.choices)-1])
			case last == "participants":
				changed.Set(one.name, "7")
			case last == "ended_on":
				changed.Set(one.name, "")
			}
		}
		if answer := c.send(f.action, first); answer.status != http.StatusSeeOther {
			t.Errorf("%s: %d", f.key(), answer.status)
			continue
		}
		answer := c.send(f.action, changed)
		switch route {
		case "/rejoindre": // answers the same whatever is known
			if answer.status != http.StatusSeeOther {
				t.Errorf("%s: %d", route, answer.status)
			}
			continue
		case "/equipe/agenda/{id}/pointer": // says that it was noted meanwhile
			continue
		}
		tried[route] = true
		if answer.status != http.StatusUnprocessableEntity || !strings.Contains(answer.body, told) || !strings.Contains(answer.body, "<title>Erreur") {
			t.Errorf("%s, back and changed: %d, %s", route, answer.status, answer.body)
			continue
		}
		for _, again := range readForms(t, f.page, answer.body) {
			if key := again.values.Get(web.KeyField); again.action == f.action && key != "" {
				changed.Set(web.KeyField, key)
			}
		}
		if answer = c.send(f.action, changed); strings.Contains(answer.body, told) {
			t.Errorf("%s, sent again: %d, %s", route, answer.status, answer.body)
		}
	}
	if len(tried) < 8 {
		t.Errorf("only these were tried: %v", tried)
	}
}
