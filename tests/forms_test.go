package tests

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	nethtml "golang.org/x/net/html"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// form is one of a page, with what a browser would send of it untouched.
type form struct {
	page, action, method string
	values               url.Values
	fields               []field
}

// field is what somebody fills, or chooses.
type field struct {
	name, kind string // kind is the type of an input, or the element
	longest    string // the attribute maxlength
	choices    []string
	wrong      bool // said to hold a fault
}

// typed tells whether people may write into it: what browsers keep to a date or
// an address, others send as they like.
func (f field) typed() bool {
	return !slices.Contains([]string{"hidden", "checkbox", "radio", "select", "file"}, f.kind) && f.name != web.TrapField
}

// key tells forms apart: those of one address may ask for different things.
func (f form) key() string {
	key := f.action
	for _, one := range f.fields {
		key += " " + one.name
	}
	return key
}

// goodValues are what a person types into fields that want something special,
// by the last part of their name; {n} is replaced by a number of its own.
func goodValues() map[string]string {
	day := func(in int) string { return time.Now().AddDate(0, 0, in).Format(time.DateOnly) }
	year := time.Now().Year() - 1
	return map[string]string{
		"email": "p{n}@exemple.example", "slug": "essai-{n}", "territory": "12202", "siret": "", "rna": "",
		"website": "https://exemple.example/", "join_url": "https://visio.example/salle", "url": "", "link": "https://exemple.example/",
		"capacity": "12", "seats": "8", "others": "2", "episode": "", "seconds": "", "media": "", "cohort": "", "series": "", "sessions": "", "language": "fr",
		"day": day(9), "last_day": "", "starts_at": "10:00", "ends_at": "12:00",
		"opens_on": day(-1), "closes_on": day(20), "starts_on": day(30), "ends_on": day(300), "active_from": "2026-01-05", "active_to": "",
		"published_on": "", "on": fmt.Sprint(year, "-05-03"), "started_on": fmt.Sprint(year, "-03-01"), "ended_on": fmt.Sprint(year, "-11-30"),
		"programme": "respir", "subject": "cooperer", "pairs": "6", "participants": "12", web.TrapField: "", web.OpenedField: "", "name": "Un nom {n}", "title": "Un titre {n}",
	}
}

// completed is the form as a person fills it; text is what they type wherever
// they may, {n} in it being the number of the field and {p} one of beginnings.
func (f form) completed(number *int, text string) url.Values {
	good, values := goodValues(), url.Values{}
	maps.Copy(values, f.values)
	for _, one := range f.fields {
		*number++
		n := strings.NewReplacer("{n}", fmt.Sprint(*number), "{p}", beginnings[*number%len(beginnings)])
		last := one.name[strings.LastIndex(one.name, ".")+1:]
		special, known := good[last]
		switch {
		case one.typed() && text != "":
			values.Set(one.name, n.Replace(text))
		case f.values.Get(one.name) != "" && one.name != web.OpenedField: // as it was
		case known:
			values.Set(one.name, n.Replace(special))
		case one.typed():
			values.Set(one.name, "Un texte.")
		default:
			for _, choice := range one.choices {
				if choice != "" && values.Get(one.name) == "" {
					values.Set(one.name, choice)
				}
			}
		}
	}
	return values
}

// mended is the form with a good value in each field that a reply says is
// wrong, and how many these are.
func (f form) mended(number *int, values url.Values, answer []form) (good url.Values, wrong int) {
	good = url.Values{}
	maps.Copy(good, values)
	plain := f.completed(number, "")
	for _, again := range answer {
		for _, one := range again.fields {
			if one.wrong && again.action == f.action && good.Get(one.name) != plain.Get(one.name) {
				good[one.name] = plain[one.name]
				wrong++
			}
		}
	}
	return good, wrong
}

// knowing is the form with the same values, sent by someone who has seen what a
// reply says that others have put there meanwhile.
func (f form) knowing(values url.Values, answer []form) url.Values {
	seen := maps.Clone(values)
	for _, again := range answer {
		for name, now := range again.values {
			if again.action == f.action && strings.HasPrefix(name, "was.") {
				seen[name] = now
			}
		}
	}
	return seen
}

// forms reads those of a page.
func (c *client) forms(page string) []form {
	c.v.t.Helper()
	return readForms(c.v.t, page, c.send(page, nil).body)
}

// readForms reads the forms of a page, whose address they are posted to unless
// they say where.
func readForms(t testing.TB, page, text string) (all []form) {
	t.Helper()
	root, err := nethtml.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != nethtml.ElementNode || n.Data != "form" {
			continue
		}
		f := form{page: page, action: attribute(n, "action"), method: strings.ToUpper(attribute(n, "method")), values: url.Values{}}
		if f.action == "" {
			f.action = page
		}
		plain := false // a button without a name, which people press rather than those that do something else
		for e := range n.Descendants() {
			f.read(e)
			plain = plain || e.Data == "button" && attribute(e, "name") == ""
		}
		f.fields = slices.DeleteFunc(f.fields, func(one field) bool {
			if plain && one.kind == "button" {
				delete(f.values, one.name)
			}
			return one.kind == "button"
		})
		all = append(all, f)
	}
	return all
}

// read takes one element of the form.
func (f *form) read(e *nethtml.Node) {
	if e.Type != nethtml.ElementNode || attribute(e, "name") == "" {
		return
	}
	read := field{name: attribute(e, "name"), kind: e.Data, longest: attribute(e, "maxlength"), wrong: attribute(e, "aria-invalid") == "true"}
	value := attribute(e, "value")
	switch e.Data {
	case "input":
		if read.kind = attribute(e, "type"); read.kind == "" {
			read.kind = "text"
		}
		if read.kind == "radio" || read.kind == "checkbox" {
			read.choices = []string{value}
			if !has(e, "checked") {
				break
			}
		}
		f.values.Add(read.name, value)
	case "textarea":
		f.values.Add(read.name, strings.TrimPrefix(content(e), "\n"))
	case "select":
		chosen := ""
		for option := range e.Descendants() {
			if option.Data == "option" {
				read.choices = append(read.choices, attribute(option, "value"))
				if has(option, "selected") {
					chosen = attribute(option, "value")
				}
			}
		}
		f.values.Add(read.name, chosen)
	case "button":
		if _, pressed := f.values[read.name]; !pressed { // the first
			f.values.Add(read.name, value)
		}
	default:
		return
	}
	f.fields = append(f.fields, read)
}

func attribute(n *nethtml.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *nethtml.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a nethtml.Attribute) bool { return a.Key == name })
}

func content(n *nethtml.Node) string {
	var text strings.Builder
	for inner := range n.Descendants() {
		if inner.Type == nethtml.TextNode {
			text.WriteString(inner.Data)
		}
	}
	return text.String()
}

// formless are routes to which no form of a page leads: programs post a
// request to harvest, a mail waits for minutes before it can be sent again, and
// whom the door is closed to has not been erased.
var formless = []string{"/oai", "/equipe/courriels/{person}/{id}/renvoyer", "/equipe/administration/acces/{account}/rouvrir"}

// everyForm is each form of each declared page that posts, as nobody, an ally
// and an administrator see them, and one for each route that none leads to.
// It fails for a declared route whose form it does not find.
func (l lived) everyForm(ally, admin *client) (all []form) {
	t := admin.v.t
	t.Helper()
	seen, reached := map[string]bool{}, map[string]bool{}
	collect := func(page, text string) {
		for _, f := range readForms(t, page, text) {
			if f.method == http.MethodPost && !seen[f.key()] && routeOf(f.method, f.action) != "" {
				seen[f.key()], reached[routeOf(f.method, f.action)] = true, true
				all = append(all, f)
			}
		}
	}
	nobody := admin.v.client()
	for _, who := range []*client{nobody, ally, admin} {
		for _, address := range l.addresses() {
			collect(address, who.send(address, nil).body)
		}
	}
	collect("/mes-donnees", nobody.send(ally.v.asksData(nobody, anAlly), nil).body)
	collect("/desinscription", nobody.send(l.unsubscribe, url.Values{}).body)
	l.keepsOut(admin)
	collect("/equipe/administration", admin.send("/equipe/administration", nil).body)

	for _, r := range pageRoutes(http.MethodPost) {
		switch {
		case slices.Contains(formless, r.Path):
			own := admin.forms(web.TeamRoot)[0].values
			all = append(all, form{page: r.Path, action: target(r), method: http.MethodPost, values: own})
		case !reached[r.Path]:
			t.Errorf("%s: no page with a form for it is among the examples", r.Path)
		}
	}
	return all
}
