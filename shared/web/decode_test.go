package web

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

type person struct {
	Name string `json:"name"`
	Age  int    `json:"age"`
}

type asked struct {
	Kind   string   `json:"kind"`
	Person person   `json:"person"`
	Tags   []string `json:"tags"`
	Flag   bool     `json:"flag"`
}

func post(body, mediaType string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", mediaType)
	return r
}

func TestDecodeNotesEveryWrongTypeAtOnce(t *testing.T) {
	for _, c := range []struct {
		name, body string
		locations  []string
		kind       string // what is read all the same
	}{
		{"good", `{"kind":"a","person":{"name":"Ada","age":36},"tags":["x"],"flag":true}`, nil, "a"},
		{"null is nothing", `{"kind":null,"person":null,"tags":null}`, nil, ""},
		{"unknown names are let be", `{"kind":"a","more":{"deep":[1]}}`, nil, "a"},
		{"one", `{"kind":5}`, []string{"kind"}, ""},
		{"all", `{"kind":"a","person":{"name":[],"age":"x"},"tags":"x","flag":"yes"}`, []string{"person.name", "person.age", "tags", "flag"}, "a"},
		{"in a list", `{"kind":"a","tags":["x",5]}`, []string{"tags"}, "a"},
		{"an object's place taken", `{"kind":"a","person":"Ada"}`, []string{"person"}, "a"},
		{"no whole number", `{"person":{"age":1.5}}`, []string{"person.age"}, ""},
		{"too large a number", `{"person":{"age":1e30}}`, []string{"person.age"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in asked
			var faults fault.Fields
			body, err := Decode(post(c.body, "application/json; charset=utf-8"), &in, &faults)
			if err != nil || string(body) != c.body {
				t.Fatalf("%s %v", body, err)
			}
			var locations []string
			for _, f := range faults {
				locations = append(locations, f.Location)
			}
			slices.Sort(locations)
			slices.Sort(c.locations)
			if !slices.Equal(locations, c.locations) || in.Kind != c.kind {
				t.Errorf("%v, kind %q", locations, in.Kind)
			}
		})
	}
}

func TestDecodeRefusesWhatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		name, body, mediaType string
		kind                  fault.Kind
	}{
		{"nothing", "", "application/json", fault.Malformed},
		{"half", `{"kind":`, "application/json", fault.Malformed},
		{"a list", `[]`, "application/json", fault.Malformed},
		{"null", `null`, "application/json", fault.Malformed},
		{"two", `{}{}`, "application/json", fault.Malformed},
		{"no UTF-8", "{\"kind\":\"\xff\"}", "application/json", fault.Malformed},
		{"too deep", strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), "application/json", fault.Malformed},
		{"text", `{}`, "text/plain", fault.WrongType},
		{"no type", `{}`, "", fault.WrongType},
		{"a form", `a=b`, "application/x-www-form-urlencoded", fault.WrongType},
		{"one byte over", `{"kind":"` + strings.Repeat("a", MaxBody-10) + `"}`, "application/json", fault.TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in asked
			var faults fault.Fields
			_, err := Decode(post(c.body, c.mediaType), &in, &faults)
			if f := fault.As(err); f == nil || f.Kind != c.kind {
				t.Errorf("%v", err)
			}
		})
	}
	var in asked
	var faults fault.Fields
	whole := `{"kind":"` + strings.Repeat("a", MaxBody-11) + `"}`
	if _, err := Decode(post(whole, "application/json"), &in, &faults); err != nil || len(whole) != MaxBody {
		t.Errorf("%d bytes: %v", len(whole), err)
	}
}

func TestPostedForm(t *testing.T) {
	values, err := PostedForm(post("person.name=Ada+L&x=%C3%A9&x=2", "application/x-www-form-urlencoded"))
	if err != nil || values.Get("person.name") != "Ada L" || values.Get("x") != "é" {
		t.Errorf("%v %v", values, err)
	}
	for body, mediaType := range map[string]string{"a=%zz": "application/x-www-form-urlencoded", "a=b": "application/json"} {
		if _, err := PostedForm(post(body, mediaType)); fault.As(err) == nil {
			t.Errorf("%s as %s: %v", body, mediaType, err)
		}
	}
}

// FuzzDecode must never panic, and never take what it could not read for read.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{}`, `{"kind":5,"person":{"age":"x"}}`, `{"tags":[1,"a",{}]}`, `{"person":[]}`, "{\"\":1}", `{"kind":"a","kind":5}`, `[`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var in asked
		var faults fault.Fields
		if _, err := Decode(post(body, "application/json"), &in, &faults); err != nil && fault.As(err) == nil {
			t.Errorf("%q: %v", body, err)
		}
	})
}
