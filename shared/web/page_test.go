package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// pagesOf makes templates of what stands between "content" and its end.
func pagesOf(contents map[string]string) *Templates {
	files := fstest.MapFS{}
	for name, content := range contents {
		if !strings.Contains(content, "{{define") {
			content = `{{define "content"}}` + content + `{{end}}`
		}
		files["pages/"+name+".html"] = &fstest.MapFile{Data: []byte(content)}
	}
	return NewTemplates(files)
}

func render(t *testing.T, pages *Templates, method, path string, status int, page Page, before ...func(http.Header)) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	for _, set := range before {
		set(w.Header())
	}
	if err := pages.Render(w, httptest.NewRequest(method, path, nil), status, "page", page); err != nil {
		t.Fatal(err)
	}
	return w
}

// everyField is a page with one of each field.
const everyField = `<form method="post" novalidate>
{{template "key" .Form}}{{template "trap" .Form}}
{{template "text" field .Form "person.email" "Adresse e-mail" "type" "email" "autocomplete" "email" "inputmode" "email" "maxlength" 254 "hint" "Pour vous écrire."}}
{{template "text" field .Form "siret" "SIRET" "optional" true "short" true}}
{{template "textarea" field .Form "motivation" "Votre motivation" "rows" 8 "hint" "En quelques mots."}}
{{template "select" field .Form "category" "Catégorie" "options" .Data "empty" "Choisissez une catégorie"}}
{{template "radio" field .Form "kind" "Vous êtes" "options" .Data "hint" "Un choix."}}
{{template "checkbox" field .Form "charter.accepted" "J’adhère" "hint" "À la charte."}}
<button>Envoyer</button></form>`

var choices = []Option{{Value: "a", Label: "Association"}, {Value: "b", Label: "<Bureau>", Hint: "Une note."}}

func forms() map[string]Form {
	names := []string{"person.email", "siret", "motivation", "category", "kind", "charter.accepted"}
	wrong := Form{Values: url.Values{
		"person.email": {`"><script>alert(1)</script>`}, "motivation": {"\n</textarea><b>"}, "category": {"b"}, "kind": {"b"},
		"charter.accepted": {"true"}, KeyField: {`k"1`}, OpenedField: {"2026-03-10T09:00:00Z"},
	}}
	for _, name := range names {
		wrong.Faults.Add(name, "À corriger : "+name+".")
	}
	wrong.Faults.Add("", "Tout est à revoir.")
	return map[string]Form{"empty": {}, "wrong": wrong}
}

func TestPagesAreWellFormed(t *testing.T) {
	pages := pagesOf(map[string]string{"page": everyField})
	for name, form := range forms() {
		t.Run(name, func(t *testing.T) {
			wellFormed(t, render(t, pages, http.MethodGet, "/rejoindre", 200, Page{Title: "Signer <la> charte", Form: form, Data: choices}).Body.String())
		})
	}
	for kind, status := range statuses {
		t.Run(fmt.Sprint("fault ", status), func(t *testing.T) {
			f := &fault.Error{Kind: kind, Code: "a-code", Detail: "Une phrase.", Fields: []fault.Field{{Location: "a", Message: "Un point."}}}
			w, _ := answer(t, failing(f), true, "/page", "Accept", "text/html")
			wellFormed(t, w.Body.String())
		})
	}
}

func wellFormed(t *testing.T, page string) {
	t.Helper()
	for _, mistake := range mistakes(t, page) {
		t.Error(mistake)
	}
}

// mistakes walks a page: every element closed, one h1, French, ids that are
// unique and there, a label for each control, and no style nor script, which
// the content policy would refuse.
func mistakes(t *testing.T, page string) (found []string) {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	found = unbalanced(page)
	ids, labelled, counts := map[string]bool{}, map[string]bool{}, map[string]int{}
	var controls, references []string
	for node := range document.Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		counts[node.Data]++
		id := attribute(node, "id")
		if id != "" && ids[id] {
			found = append(found, "two elements are called "+id)
		}
		ids[id] = id != ""
		switch {
		case node.Data == "html" && attribute(node, "lang") != "fr":
			found = append(found, "the page does not say that it is French")
		case node.Data == "script" || node.Data == "style":
			found = append(found, "the page holds a "+node.Data)
		case node.Data == "label":
			labelled[attribute(node, "for")] = true
		case slices.Contains([]string{"input", "select", "textarea"}, node.Data) && attribute(node, "type") != "hidden":
			controls = append(controls, id)
		}
		for _, a := range node.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				found = append(found, node.Data+" has "+a.Key)
			}
			if fragment, inside := strings.CutPrefix(a.Val, "#"); a.Key == "href" && inside {
				references = append(references, fragment)
			}
			if slices.Contains([]string{"for", "aria-describedby", "aria-labelledby"}, a.Key) {
				references = append(references, strings.Fields(a.Val)...)
			}
		}
	}
	if counts["h1"] != 1 {
		found = append(found, fmt.Sprint("headings of the first level: ", counts["h1"]))
	}
	for _, control := range controls {
		if !labelled[control] {
			found = append(found, "nothing says what the control is: "+control)
		}
	}
	for _, id := range references {
		if !ids[id] {
			found = append(found, "nothing is called "+id)
		}
	}
	return found
}

// void are the elements that have no end (https://html.spec.whatwg.org/#void-elements).
var void = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

// unbalanced are the elements that end out of turn, or never.
func unbalanced(page string) (found []string) {
	var open []string
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := tokens.Next()
		name, _ := tokens.TagName()
		switch {
		case kind == html.ErrorToken && len(open) > 0:
			return append(found, fmt.Sprint("never closed: ", open))
		case kind == html.ErrorToken:
			return found
		case kind == html.StartTagToken && !slices.Contains(void, string(name)):
			open = append(open, string(name))
		case kind == html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != string(name) {
				return append(found, fmt.Sprint(open, " is closed by ", string(name)))
			}
			open = open[:len(open)-1]
		}
	}
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func TestTheWalkFindsMistakes(t *testing.T) {
	good := `<html lang="fr"><body><h1>A</h1><label for="a">A</label><input id="a"></body></html>`
	if found := mistakes(t, good); len(found) > 0 {
		t.Errorf("%v", found)
	}
	for old, replaced := range map[string]string{
		` lang="fr"`: "", "<h1>A</h1>": "", "<label": "<h1>B</h1><label", `for="a"`: `for="b"`, `<label for="a">A</label>`: "",
		"<h1>": `<h1 id="a">`, "</h1>": `</h1><p style="color:red"></p>`, "</label>": "", "<body>": "<body><script>1</script>",
		"</body>": `<a href="#nowhere">B</a></body>`, "</html>": "", "<body": `<body onload="f()"`, "A</h1>": "<b>A</h1></b>",
	} {
		if len(mistakes(t, strings.Replace(good, old, replaced, 1))) == 0 {
			t.Errorf("%q in place of %q is not found", replaced, old)
		}
	}
}

func TestWhoMayKeepAPage(t *testing.T) {
	pages := pagesOf(map[string]string{"page": "<p>Bonjour.</p>"})
	const shared, never = "public, max-age=60", "no-store"
	cookie := func(h http.Header) { h.Set("Set-Cookie", "a=1") }
	longer := func(h http.Header) { h.Set("Cache-Control", "public, max-age=3600") }
	for _, c := range []struct {
		name, method string
		status       int
		page         Page
		before       []func(http.Header)
		caching      string
	}{
		{"a public page", "GET", 200, Page{}, nil, shared},
		{"its head", "HEAD", 200, Page{}, nil, shared},
		{"as the function says", "GET", 200, Page{}, []func(http.Header){longer}, "public, max-age=3600"},
		{"someone's page", "GET", 200, Page{Private: true}, nil, never},
		{"someone's page, whatever was said", "GET", 200, Page{Private: true}, []func(http.Header){longer}, never},
		{"with a cookie", "GET", 200, Page{}, []func(http.Header){cookie}, never},
		{"with a form's key", "GET", 200, Page{Form: Form{Values: url.Values{KeyField: {"k"}}}}, nil, never},
		{"after a post", "POST", 200, Page{}, nil, never},
		{"a fault", "GET", 422, Page{}, nil, never},
		{"a fault, whatever was said", "GET", 503, Page{}, []func(http.Header){longer}, never},
	} {
		w := render(t, pages, c.method, "/charte", c.status, c.page, c.before...)
		if got := w.Header().Get("Cache-Control"); got != c.caching || w.Code != c.status || w.Header().Get("Content-Type") != htmlType {
			t.Errorf("%s: %d %s", c.name, w.Code, got)
		}
		if (w.Body.Len() == 0) != (c.method == "HEAD") {
			t.Errorf("%s: %d bytes", c.name, w.Body.Len())
		}
	}
}

// What search engines and links to the page are told.
func TestHead(t *testing.T) {
	pages := pagesOf(map[string]string{"page": "<p>Bonjour.</p>"})
	pages.Origin = "https://fabrique.example"
	for _, c := range []struct {
		name      string
		page      Page
		has, lack []string
	}{
		{"public", Page{Title: "La charte", Description: "Dix engagements."}, []string{
			`<title>La charte – La Fabrique des transitions</title>`, `<link rel="canonical" href="https://fabrique.example/allies">`,
			`<meta name="description" content="Dix engagements.">`}, []string{"noindex"}},
		{"another address", Page{Canonical: "/allies?page=2"}, []string{`href="https://fabrique.example/allies?page=2"`}, nil},
		{"private", Page{Private: true, Description: "Dix engagements."}, []string{`content="noindex"`}, []string{"canonical", "Dix engagements"}},
		{"with faults", Page{Title: "Signer", Form: Form{Faults: fault.Fields{{Message: "Non."}}}}, []string{"<title>Erreur : Signer", "Un point est à corriger"}, nil},
	} {
		body := render(t, pages, http.MethodGet, "/allies?q=x", 200, c.page).Body.String()
		for _, text := range c.has {
			if !strings.Contains(body, text) {
				t.Errorf("%s: no %s", c.name, text)
			}
		}
		for _, text := range c.lack {
			if strings.Contains(body, text) {
				t.Errorf("%s: %s", c.name, text)
			}
		}
	}
}

func TestTheMenuSaysWhereOneIs(t *testing.T) {
	for path, want := range map[string]string{
		"/": "/ page", "/charte": "/charte page", "/allies/ally_1": "/allies true", "/rejoindre": "", "/alliesetc": "",
	} {
		var current []string
		for _, link := range (view{Path: path}).Nav() {
			if link.Current != "" {
				current = append(current, link.Path+" "+link.Current)
			}
		}
		if got := strings.Join(current, ", "); got != want {
			t.Errorf("on %s: %q", path, got)
		}
	}
}

// A page is sent whole or not at all.
func TestAMistakeInAPageSendsNothing(t *testing.T) {
	for name, content := range map[string]string{
		"no such page":         "",
		"no template":          "{{if}}",
		"an attribute unknown": `<p>Début</p>{{template "text" field .Form "a" "A" "colour" "red"}}`,
		"of another type":      `<p>Début</p>{{template "text" field .Form "a" "A" "maxlength" "many"}}`,
		"without a value":      `<p>Début</p>{{template "text" field .Form "a" "A" "hint"}}`,
		"no such asset":        `<p>Début</p>{{asset "nothing.css"}}`,
		"no such data":         `<p>Début</p>{{.Data.Nothing}}`,
	} {
		files := map[string]string{"page": content}
		if content == "" {
			files = nil
		}
		w := httptest.NewRecorder()
		err := pagesOf(files).Render(w, httptest.NewRequest(http.MethodGet, "/", nil), 200, "page", Page{Data: map[string]string{}})
		if err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s: %v, %q", name, err, w.Body)
		}
	}
}

func TestPagesShareTheirParts(t *testing.T) {
	pages := pagesOf(map[string]string{
		"_ally": `{{define "ally"}}<b>{{.}}</b>{{end}}`,
		"page":  `{{define "heading"}}<h1>Autre titre</h1>{{end}}{{define "content"}}{{template "ally" "Ada"}} {{number 1410}} {{plural 2 "an" "ans"}}{{end}}`,
	})
	for range 2 { // parsed, then kept
		body := render(t, pages, http.MethodGet, "/", 200, Page{Title: "Titre"}).Body.String()
		if !strings.Contains(body, "<b>Ada</b> 1\u202f410 ans") || !strings.Contains(body, "<h1>Autre titre</h1>") || strings.Contains(body, "<h1>Titre") {
			t.Error(body)
		}
	}
}
