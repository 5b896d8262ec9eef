package team

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

const journalPath = web.TeamRoot + "/journal"

// journalFields are those of the page's search. A month may be asked for in its
// place: the form shows it as a period.
var (
	journalFields = []string{"from", "until", "who", "action", "subject"}
	journalQuery  = append([]string{"month"}, journalFields...)
)

// journalView is what the page of the trail shows.
type journalView struct {
	Entries []entryView
	Members []web.Option
	Actions []web.Option
	web.List
}

func (s *service) journalPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	filter, err := s.readTrailQuery(values)
	var found []audit.Entry
	var next string
	if err == nil {
		found, next, err = s.audit.Read(r.Context(), filter)
	}
	form, status := web.Form{Values: shownPeriod(values, filter)}, http.StatusOK
	if faults, ok := web.SearchFaults(err, journalQuery); ok {
		for i := range faults {
			if faults[i].Location == "month" {
				faults[i].Location = "from" // which the form has in its place
			}
		}
		form.Faults, status = faults, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	names, err := s.names(r.Context())
	if err != nil {
		return err
	}
	view := journalView{
		Actions: actionOptions(), Members: names.options(filter.Who), List: web.NewList(journalPath, journalQuery, values, next),
	}
	if view.Entries, err = s.viewEntries(r.Context(), names, found); err != nil {
		return err
	}
	return s.pages.Render(w, r, status, "journal", web.Page{Title: "Journal", Private: true, Form: form, Data: view})
}

// viewEntries are entries as people read them.
func (s *service) viewEntries(ctx context.Context, names names, entries []audit.Entry) (views []entryView, err error) {
	records := records{service: s, names: names, cohorts: map[string]string{}}
	for _, e := range entries {
		view := entryView{Entry: e, Name: names.of(e.Who), What: actionLabel(e.Action), Changes: names.differences(e),
			History: journalPath + "?" + url.Values{"subject": {e.Subject}}.Encode()}
		if view.Record, view.Path, err = records.of(ctx, e); err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

// shownPeriod are the values of the form, with the period that was read.
func shownPeriod(values url.Values, filter audit.Filter) url.Values {
	shown := maps.Clone(values)
	for name, day := range map[string]string{"from": firstDay(filter), "until": lastDay(filter)} {
		if shown.Get(name) == "" {
			shown.Set(name, day)
		}
	}
	return shown
}

// firstDay and lastDay are those of the period, empty where it has no end.
func firstDay(filter audit.Filter) string {
	if filter.From.IsZero() {
		return ""
	}
	return filter.From.In(french.Paris()).Format(time.DateOnly)
}

func lastDay(filter audit.Filter) string {
	if filter.Until.IsZero() {
		return ""
	}
	return filter.Until.In(french.Paris()).AddDate(0, 0, -1).Format(time.DateOnly)
}

// journalSheet answers all that the filter keeps, as a file; a search that
// cannot be read is answered by the page, which has its form.
func (s *service) journalSheet(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	filter, err := s.readTrailQuery(r.URL.Query())
	if _, wrong := web.SearchFaults(err, nil); wrong {
		return s.journalPage(w, r)
	}
	if err != nil {
		return err
	}
	names, err := s.names(r.Context())
	if err != nil {
		return err
	}
	filter.Limit = 1000
	sheet := spreadsheet.Sheet{
		Name: "journal", Header: []string{"Quand", "Qui", "Compte", "Quoi", "Numéro", "Avant", "Après"},
		Filter: map[string]string{"from": firstDay(filter), "until": lastDay(filter), "who": filter.Who, "action": filter.Action, "searched": spreadsheet.Searched(filter.Subject)},
		Rows: spreadsheet.Pages(func(cursor string) ([]audit.Entry, string, error) {
			filter.Cursor = cursor
			return s.audit.Read(r.Context(), filter)
		}, func(e audit.Entry) []any {
			before, after := sides(names.differences(e))
			return []any{e.At, names.of(e.Who), e.Who, actionLabel(e.Action), e.Subject, before, after}
		}),
	}
	return sheet.Export(w, r, format, s.audit)
}

// names are the members that are known, to say who did something.
type names struct{ members []member }

func (s *service) names(ctx context.Context) (names, error) {
	members, err := s.everyone(ctx)
	return names{members}, err
}

// formerAccount is who did something and is no longer known.
const formerAccount = "Ancien compte"

// of is the name of an account; that of someone who was erased is gone.
func (n names) of(subject string) string {
	for _, m := range n.members {
		if m.Subject == subject {
			return m.Name
		}
	}
	return formerAccount
}

// options are the members to choose from, and whoever is chosen already.
func (n names) options(chosen string) (options []web.Option) {
	for _, m := range n.members {
		options = append(options, web.Option{Value: m.Subject, Label: m.Name})
	}
	if chosen != "" && !slices.ContainsFunc(options, func(o web.Option) bool { return o.Value == chosen }) {
		options = append(options, web.Option{Value: chosen, Label: formerAccount})
	}
	return options
}
