package bilan

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// teamRoutes are the pages of the team: what it records, and the life of years.
var teamRoutes = []function.Route[service]{
	{Method: http.MethodGet, Path: "/equipe/faits", Access: function.Team, Handle: (*service).factsPage,
		Doc: function.Doc{Summary: "What the team has recorded, and a form to record or correct", Page: true}},
	{Method: http.MethodPost, Path: "/equipe/faits", Access: function.Team, Handle: (*service).factPosted,
		Doc: function.Doc{Summary: "Record or correct a fact from the form", Page: true}},
	{Method: http.MethodGet, Path: "/equipe/bilans", Access: function.Team, Handle: (*service).teamYearsPage,
		Doc: function.Doc{Summary: "Where each year stands, and what the schedules tell", Page: true}},
	{Method: http.MethodGet, Path: "/equipe/bilans/{year}", Access: function.Team, Handle: (*service).teamYearPage,
		Doc: function.Doc{Summary: "The figures of a year to check, each with its records", Page: true}},
	{Method: http.MethodPost, Path: "/equipe/bilans/{year}/cloturer", Access: function.Team, Handle: (*service).closePosted,
		Doc: function.Doc{Summary: "Close a year from its page", Page: true}},
	{Method: http.MethodPost, Path: "/equipe/bilans/{year}/publier", Access: function.Team, Handle: (*service).publishPosted,
		Doc: function.Doc{Summary: "Publish a year from its page", Page: true}},
}

// formFields is where the names of a form's fields begin: where faults say
// that they are.
const formFields = "data."

// factsView is the page of facts: one type and year, and the form of the type.
type factsView struct {
	Types    []web.Option
	Type     string
	Label    string
	Year     int
	Years    []int
	Fields   []fieldView
	Corrects string
	Void     *postedFact // the one that is about to be made void
	Facts    []postedFact
	More     string
	Done     bool
	// Published are the years whose figures stay, whatever is recorded now.
	Published []int
}

// Frozen tells whether the year shown is one of these.
func (v factsView) Frozen() bool { return slices.Contains(v.Published, v.Year) }

// postedFact is a recorded fact in the list.
type postedFact struct {
	ID, Text string
	At       string // by which the ledger finds it
	Day      time.Time
	// Replaced and Cancelled say that it counts no more, for another or for nothing.
	Replaced, Cancelled bool
}

// viewPosted is a fact of the ledger in the list.
func viewPosted(told factView, by postedItem) postedFact {
	f, _ := formOf(told.Type)
	return postedFact{
		ID: told.ID, Text: cmp.Or(f.text(told.Data), told.Subject), At: told.Time.Format(time.RFC3339), Day: told.Time.In(french.Paris()),
		Replaced: by.CorrectedBy != "" && !by.Void, Cancelled: by.Void,
	}
}

// text names a fact for a person: its title, or what its other fields say.
func (f form) text(data map[string]any) string {
	var parts []string
	for _, field := range f.Fields {
		value, _ := data[field.Name].(string)
		switch {
		case value == "":
		case field.Name == "title":
			return value
		case field.Kind == choice:
			parts = append(parts, field.label(value))
		case field.Kind == slug:
			parts = append(parts, value)
		case field.Kind == code:
			parts = append(parts, placeName(value))
		}
	}
	return strings.Join(parts, ", ")
}

// label is that of one of its choices.
func (f field) label(value string) string {
	for _, o := range f.Choices {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

// factsFrom reads which facts a page is about: interventions of this year when
// nothing is said.
func (s *service) factsFrom(values url.Values, faults *fault.Fields) (factsQuery, form) {
	if values.Get("type") == "" {
		values.Set("type", kindOf(forms[0].Type))
	}
	return s.readFactsQuery(values, faults)
}

func (s *service) factsPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	given := url.Values{web.KeyField: {s.newID("form")}}
	if id := values.Get("annule"); id != "" {
		given.Set("type", voidedKind)
		given.Set("corrects", id)
		given.Set("le", values.Get("le"))
	}
	if id := values.Get("corrige"); id != "" {
		given.Set("corrects", id)
		told, err := s.told(r.Context(), values.Get("type"), id, values.Get("le"))
		if err != nil {
			return err
		}
		for name, value := range told.Data {
			if name != "corrects" {
				given.Set(formFields+name, fmt.Sprint(value))
			}
		}
	}
	return s.renderFacts(w, r, http.StatusOK, values, web.Form{Values: given})
}

// told reads a recorded fact of a kind. at is its place in its partition of
// the ledger: its time. For an address typed by hand, the fact is empty.
func (s *service) told(ctx context.Context, kind, id, at string) (view factView, err error) {
	f, known := formOf(kind)
	happened, readable := instantOf(at)
	if !readable || !known {
		return view, nil
	}
	var item struct {
		Event string `dynamodbav:"event"`
	}
	found, err := s.ledger.Get(ctx, ledgerKey(fact{ID: id, Type: f.Type, Time: happened}), &item)
	if err != nil || !found {
		return view, err
	}
	return readAnswer(item.Event, nil)
}

func (s *service) renderFacts(w http.ResponseWriter, r *http.Request, status int, values url.Values, form web.Form) error {
	var faults fault.Fields
	query, f := s.factsFrom(values, &faults)
	if err := faults.Err(); err != nil {
		return err
	}
	page, err := s.facts(r.Context(), f, query)
	if err != nil {
		return err
	}
	book, err := s.book(r.Context())
	if err != nil {
		return err
	}
	view := factsView{Published: book.published(), Type: kindOf(f.Type), Label: f.Label, Year: query.Year, Corrects: form.Values.Get("corrects"), Done: values.Get("fait") != ""}
	for _, other := range forms {
		view.Types = append(view.Types, web.Option{Value: kindOf(other.Type), Label: other.Label})
	}
	for year := s.thisYear(); year > s.thisYear()-6; year-- {
		view.Years = append(view.Years, year)
	}
	for _, field := range f.Fields {
		shown := fieldView{field: field, Form: form, Name: formFields + field.Name, latest: page.Items}
		for _, o := range field.Choices {
			shown.Options = append(shown.Options, web.Option{Value: o.Value, Label: o.Label})
		}
		view.Fields = append(view.Fields, shown)
	}
	if form.Values.Get("type") == voidedKind {
		told, err := s.told(r.Context(), f.Type, view.Corrects, form.Values.Get("le"))
		if err != nil {
			return err
		}
		void := viewPosted(told, postedItem{})
		void.ID, void.At = view.Corrects, form.Values.Get("le")
		view.Void = &void
	}
	if view.Facts, err = s.posted(r.Context(), page.Items); err != nil {
		return err
	}
	if page.NextCursor != "" {
		view.More = "?" + url.Values{"type": {view.Type}, "year": {strconv.Itoa(view.Year)}, "cursor": {page.NextCursor}}.Encode()
	}
	return s.pages.Render(w, r, status, "facts", web.Page{Title: "Faits", Private: true, Form: form, Data: view})
}

// posted is the list of facts, each with whether it counts still.
func (s *service) posted(ctx context.Context, items []factView) (list []postedFact, err error) {
	keys := make([]dynamo.Key, len(items))
	for i, told := range items {
		keys[i] = postedKey(told.ID)
	}
	by, err := read(ctx, s.table, keys, func(p postedItem) dynamo.Key { return p.Key })
	for _, told := range items {
		list = append(list, viewPosted(told, by[postedKey(told.ID)]))
	}
	return list, err
}

// ledgerKey is where a fact stands in the ledger.
func ledgerKey(f fact) dynamo.Key {
	return dynamo.Key{PK: fmt.Sprintf("%s#%d", f.Type, f.year()), SK: f.Time.UTC().Format(time.RFC3339) + "#" + f.ID}
}

func (s *service) factPosted(w http.ResponseWriter, r *http.Request) error {
	values, err := web.PostedForm(r)
	if err != nil {
		return err
	}
	var faults fault.Fields
	key := values.Get(web.KeyField)
	asked := url.Values{}
	for name, value := range values {
		if name != web.FormTokenField && name != web.KeyField {
			asked[name] = value
		}
	}
	told, err := s.recordFact(r.Context(), inputFrom(values, &faults), &faults, key, []byte(asked.Encode()))
	if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
		values.Set(web.KeyField, s.newID("form"))
		return s.renderFacts(w, r, http.StatusUnprocessableEntity, listOf(values), web.Form{Values: values, Faults: f.Fields})
	}
	if err != nil {
		return err
	}
	next := url.Values{"type": {kindOf(told.Type)}, "year": {strconv.Itoa(told.Time.In(french.Paris()).Year())}}
	if told.Type == voided.Type {
		next = listOf(values)
	}
	next.Set("fait", told.ID)
	http.Redirect(w, r, "/equipe/faits?"+next.Encode(), http.StatusSeeOther)
	return nil
}

// listOf is the list that a form was sent from.
func listOf(values url.Values) url.Values {
	if values.Get("type") != voidedKind {
		return url.Values{"type": {values.Get("type")}}
	}
	return url.Values{"type": {values.Get("list")}, "year": {values.Get("year")}}
}
