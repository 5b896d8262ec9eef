package web

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

func TestAListKeepsItsSearchInTheAddress(t *testing.T) {
	fields := []string{"q", "kind"}
	for name, c := range map[string]struct {
		values, next string
		want         List
	}{
		"the first page of all": {"", "", List{First: "/l", CSV: "/l.csv", XLSX: "/l.xlsx"}},
		"a search, with more":   {"q=%C3%A9t%C3%A9&kind=&other=x", "c", List{Narrowed: true, First: "/l?q=%C3%A9t%C3%A9", Next: "/l?cursor=c&q=%C3%A9t%C3%A9", CSV: "/l.csv?q=%C3%A9t%C3%A9", XLSX: "/l.xlsx?q=%C3%A9t%C3%A9"}},
		"the last page":         {"kind=a&cursor=b", "", List{Narrowed: true, Later: true, First: "/l?kind=a", CSV: "/l.csv?kind=a", XLSX: "/l.xlsx?kind=a"}},
	} {
		values, err := url.ParseQuery(c.values)
		if err != nil {
			t.Fatal(err)
		}
		if got := NewList("/l", fields, values, c.next); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	list := NewList("/l", fields, url.Values{"q": {"a"}}, "").Awaited()
	if list.CSV != "/l.csv?patienter=oui&q=a" || NewList("/l", fields, nil, "").Awaited().XLSX != "/l.xlsx?patienter=oui" {
		t.Errorf("%+v", list)
	}
	if elsewhere := list.FilesAt("/m", fields, url.Values{"q": {"b"}}); elsewhere.CSV != "/m.csv?q=b" || elsewhere.First != "/l?q=a" {
		t.Errorf("%+v", elsewhere)
	}
}

// The page to wait on asks for the file without asking to wait again, and not
// for more than the list shows.
func TestAnAwaitedFileComesByItself(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/l.csv?q=a&cursor=b&patienter=oui", nil)
	if !IsAwaited(r.URL.Query()) {
		t.Error("it does not see that the file is awaited")
	}
	if err := Await(w, r, "/l", []string{"q"}, "csv"); err != nil {
		t.Fatal(err)
	}
	if w.Header().Get("Refresh") != "0; url=/l.csv?q=a" || !strings.Contains(w.Body.String(), `href="/l?q=a"`) || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
}

func TestFaultsOfASearchStandBesideItsFields(t *testing.T) {
	var faults fault.Fields
	faults.Add("query.q", "un")
	faults.Add("query.cursor", "deux")
	faults.Add("query.kind", "trois")
	found, ok := SearchFaults(faults.Err(), []string{"q"})
	if !ok || !found.Has("q") || len(found) != 3 || found[1].Location != "" {
		t.Errorf("%+v %v", found, ok)
	}
	for _, err := range []error{nil, errors.New("x"), fault.New(fault.NotFound, "none", "Rien.")} {
		if _, ok := SearchFaults(err, nil); ok {
			t.Errorf("%v is no fault of a search", err)
		}
	}
}

func TestWhatIsChosenStays(t *testing.T) {
	options := []Option{{Value: "a", Label: "A"}}
	if !Offers(options, "a") || Offers(options, "b") || LabelOf(options, "a") != "A" || LabelOf(options, "b") != "b" {
		t.Error("it does not know its choices")
	}
	if got := WithValue(options, "b"); len(got) != 2 || got[1].Value != "b" || len(options) != 1 || len(WithValue(options, "a")) != 1 || len(WithValue(options, "")) != 1 {
		t.Errorf("%+v", got)
	}
}
