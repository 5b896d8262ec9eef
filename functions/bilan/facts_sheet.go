package bilan

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// factsSheetRoute is a file of the list of facts.
func factsSheetRoute(format spreadsheet.Format) function.Route[service] {
	return function.Route[service]{Method: http.MethodGet, Path: factsPath + "." + string(format), Access: function.Team,
		Doc: function.Doc{Summary: "What the team has recorded, as " + string(format), Page: true},
		Handle: func(s *service, w http.ResponseWriter, r *http.Request) error {
			var faults fault.Fields
			query := s.readFactsQuery(r.URL.Query(), &faults)
			if len(faults) > 0 { // the page of the list says what to mend
				return s.renderFacts(w, r, http.StatusUnprocessableEntity, r.URL.Query(), web.Form{})
			}
			return s.factsSheet(r.Context(), query).Export(w, r, format, s.audit)
		}}
}

// factColumns are the fields of all forms by the headings of the file. A thesis
// and a support begin on the day that dates them.
var factColumns = []struct {
	Heading string
	Fields  []string
}{
	{"Date", []string{"on", "started_on"}}, {"Fin", []string{"ended_on"}}, {"Titre", []string{"title"}}, {"Forme", []string{"form"}},
	{"Bénéficiaire", []string{"beneficiary"}}, {"Programme", []string{"programme"}}, {"Sujet", []string{"subject"}}, {"Média", []string{"outlet"}},
	{"Établissement", []string{"institution"}}, {"Territoire", []string{"territory"}}, {"Représentative", []string{"representative"}},
	{"Binômes", []string{"pairs"}}, {"Participant·es", []string{"participants"}}, {"Adresse web", []string{"url"}}, {"Raison", []string{"reason"}},
}

// exported is how many facts of each type an export reads at once.
const exported = 1000

// factsSheet is all that the search keeps.
func (s *service) factsSheet(ctx context.Context, query factsQuery) spreadsheet.Sheet {
	query.Limit, query.Cursor = exported, ""
	header := []string{"Numéro", "Type"}
	for _, column := range factColumns {
		header = append(header, column.Heading)
	}
	return spreadsheet.Sheet{
		Name: "faits-" + strconv.Itoa(query.Year), Header: append(header, "État", "Corrige", "Corrigé ou annulé par"),
		Filter: map[string]string{"type": query.typeLabel(), "year": strconv.Itoa(query.Year), "state": web.LabelOf(factStates, query.State), "searched": spreadsheet.Searched(query.Q)},
		Rows: spreadsheet.Pages(func(cursor string) ([]listedFact, string, error) {
			query.Cursor = cursor
			page, err := s.facts(ctx, query)
			return page.Items, page.NextCursor, err
		}, listedFact.row),
	}
}

// typeLabel is the French name of the type that the list is narrowed to.
func (q factsQuery) typeLabel() string {
	if q.Type == "" {
		return ""
	}
	return q.forms()[0].Label
}

// row is a fact in the file.
func (l listedFact) row() []any {
	f, _ := formOf(l.Type)
	row := []any{l.ID, cmp.Or(f.Label, l.Type)}
	for _, column := range factColumns {
		at := slices.IndexFunc(f.Fields, func(field field) bool { return slices.Contains(column.Fields, field.Name) })
		if at < 0 {
			row = append(row, nil)
			continue
		}
		row = append(row, f.Fields[at].cell(l.Data[f.Fields[at].Name]))
	}
	corrects, _ := l.Data["corrects"].(string)
	return append(row, web.LabelOf(factStates, l.State), corrects, l.CorrectedBy)
}

// cell is what a field says, for a spreadsheet.
func (f field) cell(value any) any {
	text, isText := value.(string)
	switch {
	case !isText: // nothing, a number, yes or no
		return value
	case f.Kind == past || f.Kind == day:
		return spreadsheet.Day(text)
	}
	return f.text(text)
}
