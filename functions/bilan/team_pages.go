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
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const factsPath = web.TeamRoot + "/faits"

// teamRoutes are the pages of the team: what it records, and the life of years.
var teamRoutes = []function.Route[service]{
	{Method: http.MethodGet, Path: factsPath, Access: function.Team, Handle: (*service).factsPage,
		Doc: function.Doc{Summary: "What the team has recorded, and a form to record or correct", Page: true}},
	{Method: http.MethodPost, Path: factsPath, Access: function.Team, Handle: (*service).factPosted,
		Doc: function.Doc{Summary: "Record or correct a fact from the form", Page: true}},
	factsSheetRoute(spreadsheet.CSV), factsSheetRoute(spreadsheet.XLSX),
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

// factsView is the page of facts: the list, what narrows it, and the form of
// the type that it is narrowed to.
type factsView struct {
	Search        web.Form     // of the list
	Types         []web.Option // that may be recorded
	Listed        []web.Option // that the list may be narrowed to
	States, Years []web.Option
	Type, Label   string // empty for all types
	Year          int
	Fields        []fieldView
	Corrects      string
	Successor     string      // address of the form that corrects what stands in the place of that
	Void          *postedFact // the one that is about to be made void
	Facts         []postedFact
	Done          bool
	// List is narrowed by more than a type and a year: then there is no form.
	web.List
	// Published are the years whose figures stay, whatever is recorded now.
	Published []int
}

// Frozen tells whether the year shown is one of these.
func (v factsView) Frozen() bool { return slices.Contains(v.Published, v.Year) }

// postedFact is a recorded fact in the list.
type postedFact struct {
	ID, Text, Label string
	Details         []string // what its other fields say
	At              string   // by which the ledger finds it
	Day             time.Time
	Type            string
	Year            int
	State           string // French
	Counted         bool
}

// Link leads to the fact with a word that says what to do with it.
func (p postedFact) Link(word string) string {
	return factsPath + "?" + url.Values{"type": {p.Type}, "year": {strconv.Itoa(p.Year)}, word: {p.ID}, "le": {p.At}}.Encode()
}

// viewPosted is a fact of the ledger in the list.
func viewPosted(told listedFact) postedFact {
	f, _ := formOf(told.Type)
	day := told.Time.In(french.Paris())
	posted := postedFact{
		ID: told.ID, Label: f.Label, Text: cmp.Or(f.text(told.Data), f.Label), At: told.Time.Format(time.RFC3339), Day: day, Type: kindOf(f.Type), Year: day.Year(),
		State: web.LabelOf(factStates, told.State), Counted: told.State == stateCounted && !f.voids(),
	}
	for _, field := range f.Fields {
		text := field.text(told.Data[field.Name])
		if text == "" || field.Kind == flag || strings.Contains(posted.Text, text) || text == told.Time.In(french.Paris()).Format(time.DateOnly) {
			continue
		}
		posted.Details = append(posted.Details, field.Label+french.NoBreak+": "+text)
	}
	return posted
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
		case field.Kind == choice, field.Kind == slug, field.Kind == code:
			parts = append(parts, field.text(value))
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

// factsFields are those of the search.
var factsFields = []string{"q", "type", "year", "state"}

// renderFacts shows the list that values ask for, with form as its type's form
// is filled.
func (s *service) renderFacts(w http.ResponseWriter, r *http.Request, status int, values url.Values, form web.Form) error {
	var faults fault.Fields
	query := s.readFactsQuery(values, &faults)
	found, err := factPage{}, faults.Err()
	if err == nil {
		found, err = s.facts(r.Context(), query)
	}
	faults, wrong := web.SearchFaults(err, factsFields)
	switch {
	case wrong:
		status = http.StatusUnprocessableEntity
	case err != nil:
		return err
	}
	book, err := s.book(r.Context())
	if err != nil {
		return err
	}
	view := factsView{Published: book.published(), Year: query.Year, Corrects: form.Values.Get("corrects"), Done: values.Get("fait") != "",
		Search: web.Form{Values: searchShown(values, query), Faults: faults}, Types: typeOptions(forms...), Listed: typeOptions(append(slices.Clone(forms), voided)...), States: factStates, Years: s.yearOptions(),
		List: web.NewList(factsPath, factsFields, values, found.NextCursor),
	}
	view.Narrowed = query.Q+query.State+query.Cursor != ""
	if query.Type != "" && !faults.Has("type") {
		latest, err := s.latest(r.Context(), query, found.Items)
		if err != nil {
			return err
		}
		s.addForm(&view, query.forms()[0], form, latest)
	}
	if form.Faults.Has("corrects") {
		if view.Successor, err = s.successor(r.Context(), view.Corrects); err != nil {
			return err
		}
	}
	if form.Values.Get("type") == voidedKind {
		told, err := s.told(r.Context(), view.Type, view.Corrects, form.Values.Get("le"))
		if err != nil {
			return err
		}
		void := viewPosted(listedFact{factView: told})
		void.ID, void.At, void.Type, void.Year = view.Corrects, form.Values.Get("le"), view.Type, query.Year
		view.Void = &void
	}
	for _, told := range found.Items {
		view.Facts = append(view.Facts, viewPosted(told))
	}
	form.Faults = append(form.Faults, faults...)
	return s.pages.Render(w, r, status, "facts", web.Page{Title: "Faits", Private: true, Form: form, Data: view})
}

// latest are the facts of the year and of the one before from which the form of
// their type suggests: in January, those of the year are few.
func (s *service) latest(ctx context.Context, query factsQuery, ofYear []listedFact) ([]listedFact, error) {
	query.Year--
	before, _, err := s.factsOf(ctx, query.forms()[0], query, "")
	return slices.Concat(ofYear, before), err
}

// mostCorrections is how often a fact is corrected, at most, for its page to
// lead to the last correction.
const mostCorrections = 20

// successor is the address of the form that corrects the fact which stands in
// the place of another, empty for none. It costs a read unit for each
// correction, and one.
func (s *service) successor(ctx context.Context, id string) (string, error) {
	var last postedItem
	for range mostCorrections {
		var posted postedItem
		if found, err := s.table.Get(ctx, postedKey(id), &posted); err != nil || !found || posted.Void {
			return "", err
		}
		if last = posted; posted.CorrectedBy == "" {
			break
		}
		id = posted.CorrectedBy
	}
	var seen factItem
	if _, err := s.table.Get(ctx, factKey(kindOf(last.Type), id), &seen); err != nil {
		return "", err
	}
	at, _, _ := strings.Cut(seen.LedgerSK, "#")
	happened, readable := instantOf(at)
	if !readable { // the figures have not seen it yet
		return "", nil
	}
	return postedFact{ID: id, Type: kindOf(last.Type), Year: happened.In(french.Paris()).Year(), At: at}.Link("corrige"), nil
}

// addForm adds the type that the list is narrowed to, and its form, which suggests what the latest facts say.
func (s *service) addForm(view *factsView, f form, filled web.Form, latest []listedFact) {
	view.Type, view.Label = kindOf(f.Type), f.Label
	if f.voids() { // from the list of what it makes void only
		return
	}
	for _, field := range f.Fields {
		shown := fieldView{field: field, Form: filled, Name: formFields + field.Name, latest: latest}
		for _, o := range field.Choices {
			shown.Options = append(shown.Options, web.Option{Value: o.Value, Label: o.Label})
		}
		view.Fields = append(view.Fields, shown)
	}
}

// searchShown are the values of the search as its form shows them: a type
// without its version, and the year that is meant when none is said.
func searchShown(values url.Values, query factsQuery) url.Values {
	shown := url.Values{"q": {query.Q}, "type": {kindOf(query.Type)}, "state": {query.State}, "year": {values.Get("year")}}
	if values.Get("year") == "" {
		shown.Set("year", strconv.Itoa(query.Year))
	}
	return shown
}

func typeOptions(forms ...form) (options []web.Option) {
	for _, f := range forms {
		options = append(options, web.Option{Value: kindOf(f.Type), Label: f.Label})
	}
	return options
}

// yearOptions are the years of which something may be recorded, the latest first.
func (s *service) yearOptions() (options []web.Option) {
	for year := s.thisYear(); year >= firstYear; year-- {
		options = append(options, web.Option{Value: strconv.Itoa(year), Label: strconv.Itoa(year)})
	}
	return options
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
	in := inputFrom(values)
	told, err := s.recordFact(r.Context(), in, &faults, key, []byte(asked.Encode()))
	if shown, ok := web.FormFaults(err); ok {
		in.advise(values, shown)
		values.Set(web.KeyField, s.newID("form"))
		return s.renderFacts(w, r, http.StatusUnprocessableEntity, listOf(values), web.Form{Values: values, Faults: shown})
	}
	if err != nil {
		return err
	}
	next := url.Values{"type": {kindOf(told.Type)}, "year": {strconv.Itoa(told.Time.In(french.Paris()).Year())}}
	if told.Type == voided.Type {
		next = listOf(values)
	}
	next.Set("fait", told.ID)
	http.Redirect(w, r, factsPath+"?"+next.Encode(), http.StatusSeeOther)
	return nil
}

// listOf is the list that a form was sent from.
func listOf(values url.Values) url.Values {
	if values.Get("type") != voidedKind {
		return url.Values{"type": {values.Get("type")}}
	}
	return url.Values{"type": {values.Get("list")}, "year": {values.Get("year")}}
}
