package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

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

type addressed struct {
	City string `json:"city"`
	Code int    `json:"code"`
}

type wide struct {
	addressed
	Size   uint8              `json:"size"`
	Rate   float64            `json:"rate"`
	Big    int64              `json:"big"`
	Note   *string            `json:"note"`
	People []person           `json:"people"`
	Extra  map[string]float64 `json:"extra"`
}

// TestDecodeLeavesWhatIsWrongAsItWas and reads the rest as it is written.
func TestDecodeLeavesWhatIsWrongAsItWas(t *testing.T) {
	for _, c := range []struct {
		name, body string
		faults     string // locations and what is expected there
		left       string // what was read, as JSON
	}{
		{"a number that no float64 holds", `{"big":9007199254740993,"size":"x"}`, "size nombre entier", `{"big":9007199254740993}`},
		{"half a list", `{"people":[{"name":"Ada","age":36},{"name":5}],"rate":1.5}`, "people.name texte", `{"rate":1.5}`},
		{"a pointer", `{"note":5,"city":"Albi"}`, "note texte", `{"city":"Albi"}`},
		{"an embedded object", `{"city":7,"code":"x","rate":2}`, "city texte, code nombre entier", `{"rate":2}`},
		{"names in capitals", `{"SIZE":"x","Rate":true,"City":"Albi"}`, "rate nombre, size nombre entier", `{"city":"Albi"}`},
		{"twice", `{"size":"x","size":3,"SIZE":[]}`, "size nombre entier", `{}`},
		{"a map", `{"extra":[1],"people":{}}`, "extra objet, people liste", `{}`},
		{"a value of a map", `{"extra":{"a":"x","b":2}}`, "extra nombre", `{}`},
		{"too small a type", `{"size":256}`, "size nombre entier", `{}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var in wide
			var faults fault.Fields
			if _, err := Decode(post(c.body, "application/json"), &in, &faults); err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, f := range faults {
				_, kind, _ := strings.Cut(f.Message, "(")
				found = append(found, f.Location+" "+strings.TrimSuffix(kind, ")."))
			}
			slices.Sort(found)
			var want wide
			if err := json.Unmarshal([]byte(c.left), &want); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(found, ", "); got != c.faults || !reflect.DeepEqual(in, want) {
				t.Errorf("%s; %+v, not %+v", got, in, want)
			}
		})
	}
}

// A body in which everything is wrong costs no more than it may.
func TestDecodeEndsWithABodyThatIsAllWrong(t *testing.T) {
	for count, good := range map[int]bool{maxWrongTypes - 1: true, maxWrongTypes + 1: false} {
		var fields []reflect.StructField
		var members []string
		for i := range count {
			fields = append(fields, reflect.StructField{Name: fmt.Sprint("M", i), Type: reflect.TypeFor[int]()})
			members = append(members, fmt.Sprintf(`"M%d":""`, i))
		}
		var faults fault.Fields
		in := reflect.New(reflect.StructOf(fields)).Interface()
		_, err := Decode(post("{"+strings.Join(members, ",")+"}", "application/json"), in, &faults)
		if good && (err != nil || len(faults) != count) || !good && !fault.Is(err, "malformed-json") {
			t.Errorf("%d wrong fields: %d faults, %v", count, len(faults), err)
		}
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
	for body, mediaType := range map[string]string{"a=%zz": "application/x-www-form-urlencoded", "a=b": "application/json",
		"a=%ff": "application/x-www-form-urlencoded", "%e9=a": "application/x-www-form-urlencoded", "a=b;c=d": "application/x-www-form-urlencoded",
		strings.Repeat("a", MaxBody+1): "application/x-www-form-urlencoded"} {
		if _, err := PostedForm(post(body, mediaType)); fault.As(err) == nil {
			t.Errorf("%s as %s: %v", body, mediaType, err)
		}
	}
}

// A body whose end does not arrive is asked for again, and is no fault of ours.
func TestABodyCutShort(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(errors.New("connection reset")))
	r.Header.Set("Content-Type", "application/json")
	var in asked
	var faults fault.Fields
	if _, err := Decode(r, &in, &faults); !fault.Is(err, "unreadable-body") {
		t.Errorf("%v", err)
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
