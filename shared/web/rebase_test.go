package web

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// TestRebase: what is typed meets what others have stored since the form was shown.
func TestRebase(t *testing.T) {
	fields := []string{"name", "text", "ticks", "box"}
	shown := func() url.Values {
		return Remember(url.Values{"name": {"Un"}, "text": {"a\nb"}, "ticks": {"2", "1"}, "box": {"true"}}, fields)
	}
	for _, c := range []struct {
		name              string
		typed, stored     url.Values // where they differ from what was shown
		values, meanwhile url.Values
		wins              string // the fields that are typed
	}{
		{"nothing", nil, nil, shown(), url.Values{}, ""},
		{"one types", url.Values{"name": {"Deux"}}, nil, url.Values{"name": {"Deux"}}, url.Values{}, "name"},
		{"the other stores", nil, url.Values{"name": {"Trois"}, "box": nil}, url.Values{"name": {"Trois"}, "box": nil}, url.Values{}, ""},
		{"not the same fields", url.Values{"name": {"Deux"}}, url.Values{"ticks": {"3"}}, url.Values{"name": {"Deux"}, "ticks": {"3"}}, url.Values{}, "name"},
		{"the same field", url.Values{"name": {"Deux"}}, url.Values{"name": {"Trois"}}, url.Values{"name": {"Deux"}}, url.Values{"name": {"Trois"}}, "name"},
		{"ticks of the same group", url.Values{"ticks": {"1"}}, url.Values{"ticks": {"2", "3"}}, url.Values{"ticks": {"1"}}, url.Values{"ticks": {"2", "3"}}, "ticks"},
		{"emptied", url.Values{"text": {"c"}}, url.Values{"text": nil}, url.Values{"text": {"c"}}, url.Values{"text": {}}, "text"},
		{"the same words", url.Values{"name": {"Deux"}, "ticks": {"1"}}, url.Values{"name": {"Deux"}, "ticks": {"1"}}, url.Values{"name": {"Deux"}, "ticks": {"1"}}, url.Values{}, "name ticks"},
		{"as browsers send lines", url.Values{"text": {"a\r\nb"}}, url.Values{"text": {"c"}}, url.Values{"text": {"c"}}, url.Values{}, ""},
		{"a form that does not say what it showed", url.Values{"name": {"Deux"}, "was.name": nil}, url.Values{"name": {"Trois"}}, url.Values{"name": {"Deux"}}, url.Values{}, "name"},
		{"nor that it is emptied", url.Values{"name": nil, "was.name": nil}, nil, url.Values{"name": nil}, url.Values{}, "name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			values, now := shown(), url.Values{"name": {"Un"}, "text": {"a\nb"}, "ticks": {"1", "2"}, "box": {"true"}}
			maps.Copy(values, c.typed)
			maps.DeleteFunc(values, func(name string, set []string) bool { return strings.HasPrefix(name, wasPrefix) && set == nil })
			maps.Copy(now, c.stored)
			got := Rebase(values, now, fields)
			for name, want := range c.values {
				if !strings.HasPrefix(name, wasPrefix) && whole(values, name) != whole(c.values, name) {
					t.Errorf("%s is %q, not %q", name, values[name], want)
				}
			}
			var wins []string
			for _, name := range fields {
				if got.Typed[name] {
					wins = append(wins, name)
				}
				if values.Get(wasPrefix+name) != whole(now, name) {
					t.Errorf("sent again, it does not know %s: %q", name, values.Get(wasPrefix+name))
				}
			}
			if !reflect.DeepEqual(got.Meanwhile, c.meanwhile) || strings.Join(wins, " ") != c.wins {
				t.Errorf("%q was typed, and meanwhile %v", wins, got.Meanwhile)
			}
			if again := Rebase(values, now, fields); len(again.Meanwhile) > 0 {
				t.Errorf("sent again, it is refused still: %v", again.Meanwhile)
			}
		})
	}
}

// TestAConflictShowsWhatTheOtherPut beside the field, and the whole of a long text.
func TestAConflictShowsWhatTheOtherPut(t *testing.T) {
	long := "Début\n" + strings.Repeat("suite ", 40) + "fin"
	fields := []string{"email", "motivation", "gone"}
	values := url.Values{"motivation": {"à moi"}, "email": {"b"}, "gone": {"là"}, "was.motivation": {"x"}, "was.email": {"a"}, "was.gone": {"avant"}}
	r := Rebase(values, url.Values{"motivation": {long}, "email": {"c"}}, fields)
	form := Form{Values: values, Faults: r.Faults(func(_, value string) string { return strings.ToUpper(value) }), Meanwhile: r.Meanwhile}
	page := render(t, pagesOf(map[string]string{"page": `{{define "content"}}<form>{{template "was" .Form}}{{template "text" field .Form "email" "E-mail"}}{{template "textarea" field .Form "motivation" "Motivation"}}{{template "text" field .Form "gone" "Vidé"}}</form>{{end}}`}),
		http.MethodGet, "/", 409, Page{Form: form}).Body.String()
	for _, want := range []string{
		"est devenue «\u00a0C\u00a0»", `id="email-fault"`, `value="b"`, `name="was.email" value="c"`,
		"«\u00a0DÉBUT SUITE", "…\u00a0»", "<pre>" + long + "</pre>", "à moi</textarea>", "cette réponse a été effacée",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	}
}
