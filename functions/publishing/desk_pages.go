package publishing

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// deskRoutes are the team's list of resources, and its files.
var deskRoutes = []function.Route[service]{
	page(http.MethodGet, teamPath, function.Team, "All resources, with drafts: search, filter, take away", (*service).deskPage),
	deskSheetRoute(spreadsheet.CSV), deskSheetRoute(spreadsheet.XLSX),
}

func deskSheetRoute(format spreadsheet.Format) function.Route[service] {
	return page(http.MethodGet, teamPath+"."+string(format), function.Team, "The same resources as "+string(format),
		func(s *service, w http.ResponseWriter, r *http.Request) error { return s.deskSheet(w, r, format) })
}

// deskRow is a resource of the list as people read it.
type deskRow struct {
	deskEntry
	KindLabel, StateLabel, SeriesName, CohortName, Signed, Day string
}

type deskView struct {
	Rows                           []deskRow
	Kinds, States, Series, Cohorts []web.Option
	web.List
}

// linkNames are the names of what resources are linked to.
type linkNames struct{ series, cohorts []web.Option }

func (s *service) linkNames(ctx context.Context) (names linkNames, err error) {
	if names.series, err = s.seriesOptions(ctx); err != nil {
		return names, err
	}
	names.cohorts, err = s.cohortOptions(ctx)
	return names, err
}

func (n linkNames) row(entry deskEntry) deskRow {
	row := deskRow{
		deskEntry: entry, KindLabel: kindLabels[entry.Kind], StateLabel: stateLabels[entry.Status], Signed: strings.Join(entry.Authors, ", "),
		SeriesName: web.LabelOf(n.series, entry.Series), CohortName: web.LabelOf(n.cohorts, entry.Cohort),
	}
	if day, err := time.ParseInLocation(time.DateOnly, entry.PublishedOn, french.Paris()); err == nil {
		row.Day = french.Date(day)
	}
	return row
}

func (s *service) deskPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	query, err := readDeskQuery(values)
	var found deskPage
	if err == nil {
		found, err = s.desk(r.Context(), query)
	}
	faults, wrong := web.SearchFaults(err, deskFields)
	if err != nil && !wrong {
		return err
	}
	names, err := s.linkNames(r.Context())
	if err != nil {
		return err
	}
	view := deskView{
		Kinds: optionsOf(kinds, kindLabels), States: optionsOf(states, stateLabels),
		Series: web.WithValue(names.series, query.Series), Cohorts: web.WithValue(names.cohorts, query.Cohort),
		List: web.NewList(teamPath, deskFields, values, found.NextCursor),
	}
	for _, entry := range found.Items {
		view.Rows = append(view.Rows, names.row(entry))
	}
	return s.pages.Render(w, r, statusOf(faults), "desk", web.Page{Title: "Ressources", Private: true, Form: web.Form{Values: values, Faults: faults}, Data: view})
}

// deskSheet answers all the resources that the list's filters keep; wrong ones
// are shown as the list does.
func (s *service) deskSheet(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	query, err := readDeskQuery(r.URL.Query())
	if _, wrong := web.SearchFaults(err, deskFields); wrong {
		return s.deskPage(w, r)
	}
	if err != nil {
		return err
	}
	names, err := s.linkNames(r.Context())
	if err != nil {
		return err
	}
	query.Limit = exported
	return spreadsheet.Sheet{
		Name: "ressources",
		Header: []string{"Ressource", "Titre", "Sorte", "État", "Auteur·ices", "Chantier ou communauté", "Cohorte", "Langue", "Licence",
			"Publiée le", "Modifiée le", "Version", "Adresse publique"},
		Filter: map[string]string{"searched": spreadsheet.Searched(query.Text), "kind": string(query.Kind), "status": query.Status, "series": query.Series, "cohort": query.Cohort, "year": query.Year},
		Rows: spreadsheet.Pages(func(cursor string) ([]deskEntry, string, error) {
			query.Cursor = cursor
			page, err := s.desk(r.Context(), query)
			return page.Items, page.NextCursor, err
		}, func(entry deskEntry) []any { return names.row(entry).cells(s.origin) }),
	}.Export(w, r, format, s.audit)
}

func (row deskRow) cells(origin string) []any {
	address := ""
	if row.Status == published {
		address = origin + "/ressources/" + row.Slug
	}
	return []any{
		row.Slug, row.Title, row.KindLabel, row.StateLabel, row.Signed, row.SeriesName, row.CohortName, languageName(row.Language), row.Licence,
		spreadsheet.Day(row.PublishedOn), row.UpdatedAt, row.Revision, address,
	}
}
