package team

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// trailQuery is what the trail may be narrowed by.
type trailQuery struct {
	From    string `query:"from" doc:"The first day, as 2026-11-01; thirty days ago by default, and as long ago as entries are kept for one subject"`
	Until   string `query:"until" doc:"The last day, today by default"`
	Month   string `query:"month" doc:"As 2026-11: its first and its last day, where they are not given"`
	Who     string `query:"who" doc:"The issuer's subject of a member"`
	Action  string `query:"action" doc:"As session.cancelled"`
	Subject string `query:"subject" doc:"The id that was changed"`
	Limit   int    `query:"limit" doc:"At most 100, 20 by default; a page may hold fewer and still have a next"`
	Cursor  string `query:"cursor"`
}

// trailEntry is an entry as it travels. It holds no personal data: a member is
// named by their account, whose name is read when a page shows it.
type trailEntry struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Who     string          `json:"who"`
	Action  string          `json:"action"`
	Subject string          `json:"subject"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
}

type trailAnswer struct {
	Items      []trailEntry `json:"items"`
	NextCursor string       `json:"next_cursor,omitempty"`
}

// latelyDays is how far back the trail goes when neither a period nor a subject
// is asked for.
const latelyDays = 30

func (s *service) readTrailQuery(values url.Values) (audit.Filter, error) {
	var faults fault.Fields
	filter := audit.Filter{
		Who: values.Get("who"), Action: values.Get("action"), Subject: strings.TrimSpace(values.Get("subject")),
		Limit: 20, Cursor: values.Get("cursor"),
	}
	if text := values.Get("month"); text != "" {
		first, err := time.ParseInLocation("2006-01", text, french.Paris())
		if err != nil {
			faults.Add("query.month", "Saisissez un mois comme 2026-11.")
		} else {
			filter.From, filter.Until = first, first.AddDate(0, 1, 0)
		}
	}
	if text := values.Get("from"); text != "" {
		filter.From = dayOf(text, "query.from", &faults)
	}
	if text := values.Get("until"); text != "" {
		filter.Until = dayOf(text, "query.until", &faults).AddDate(0, 0, 1)
	}
	if len(faults) == 0 && !filter.Until.IsZero() && !filter.From.Before(filter.Until) {
		faults.Add("query.until", "Choisissez un dernier jour qui ne vient pas avant le premier.")
	}
	if filter.From.IsZero() && filter.Until.IsZero() && filter.Subject == "" {
		now := s.now().In(french.Paris())
		filter.From = time.Date(now.Year(), now.Month(), now.Day()-latelyDays, 0, 0, 0, 0, now.Location())
	}
	if filter.Action != "" && actions[filter.Action] == "" {
		faults.Add("query.action", "Choisissez un changement dans la liste.")
	}
	if text := values.Get("limit"); text != "" {
		var err error
		if filter.Limit, err = strconv.Atoi(text); err != nil || filter.Limit < 1 || filter.Limit > 100 {
			faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
		}
	}
	return filter, faults.Err()
}

// dayOf is the start of a day in Paris.
func dayOf(text, field string, faults *fault.Fields) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, text, french.Paris())
	if err != nil {
		faults.Add(field, "Saisissez une date comme 2026-11-30.")
	}
	return day
}

func (s *service) getTrail(w http.ResponseWriter, r *http.Request) error {
	filter, err := s.readTrailQuery(r.URL.Query())
	if err != nil {
		return err
	}
	found, next, err := s.audit.Read(r.Context(), filter)
	if err != nil {
		return err
	}
	answer := trailAnswer{Items: []trailEntry{}, NextCursor: next}
	for _, e := range found {
		answer.Items = append(answer.Items, trailEntry{e.ID, e.At, e.Who, e.Action, e.Subject, raw(e.Before), raw(e.After)})
	}
	return web.JSON(w, http.StatusOK, answer)
}

func raw(text string) json.RawMessage {
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

// journalView is what the page of the trail shows.
type journalView struct {
	Entries     []entryView
	Members     []web.Option
	Actions     []web.Option
	Later       bool
	First, Next string
	CSV, XLSX   string
}

type entryView struct {
	audit.Entry
	Name, What string
	Changes    []changed
}

// changed is a field of what was changed, before and after; neither is known of
// one that is masked.
type changed struct {
	Label, Before, After string
	Masked               bool
}

var journalFields = []string{"from", "until", "month", "who", "action", "subject"}

func (s *service) journalPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	filter, err := s.readTrailQuery(values)
	form, status := web.Form{Values: shownPeriod(values, filter)}, http.StatusOK
	var found []audit.Entry
	var next string
	if err == nil {
		found, next, err = s.audit.Read(r.Context(), filter)
	}
	if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
		status = http.StatusUnprocessableEntity
		for _, field := range f.Fields {
			form.Faults.Add(strings.TrimPrefix(field.Location, "query."), field.Message)
		}
	} else if err != nil {
		return err
	}
	names, err := s.names(r.Context())
	if err != nil {
		return err
	}
	view := journalView{
		Actions: actionOptions(), Later: values.Get("cursor") != "", First: journalPath("", values, ""),
		CSV: journalPath(".csv", values, ""), XLSX: journalPath(".xlsx", values, ""),
	}
	for _, m := range names.members {
		view.Members = append(view.Members, web.Option{Value: m.Subject, Label: m.Name})
	}
	if next != "" {
		view.Next = journalPath("", values, next)
	}
	for _, e := range found {
		view.Entries = append(view.Entries, entryView{e, names.of(e.Who), actionLabel(e.Action), differences(e.Before, e.After)})
	}
	return s.pages.Render(w, r, status, "journal", web.Page{Title: "Journal", Private: true, Form: form, Data: view})
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

func journalPath(format string, values url.Values, cursor string) string {
	query := url.Values{}
	for _, name := range journalFields {
		if value := values.Get(name); value != "" {
			query.Set(name, value)
		}
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	return strings.TrimSuffix(web.TeamRoot+"/journal"+format+"?"+query.Encode(), "?")
}

// journalSheet answers all that the filter keeps, as a file.
func (s *service) journalSheet(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	filter, err := s.readTrailQuery(r.URL.Query())
	if err != nil {
		return err
	}
	names, err := s.names(r.Context())
	if err != nil {
		return err
	}
	filter.Limit = 1000
	sheet := spreadsheet.Sheet{
		Name: "journal", Header: []string{"at", "who", "name", "action", "subject", "before", "after"},
		Filter: map[string]string{"from": firstDay(filter), "until": lastDay(filter), "who": filter.Who, "action": filter.Action, "subject": filter.Subject},
		Rows: spreadsheet.Pages(func(cursor string) ([]audit.Entry, string, error) {
			filter.Cursor = cursor
			return s.audit.Read(r.Context(), filter)
		}, func(e audit.Entry) []any {
			return []any{e.At, e.Who, names.of(e.Who), e.Action, e.Subject, e.Before, e.After}
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

// of is the name of an account; that of someone who was erased is gone.
func (n names) of(subject string) string {
	for _, m := range n.members {
		if m.Subject == subject {
			return m.Name
		}
	}
	return "Ancien compte"
}

// differences are the fields that differ between two JSON values, by name.
func differences(before, after string) (found []changed) {
	old, now := flat(before), flat(after)
	var fields []string
	for name := range old {
		fields = append(fields, name)
	}
	for name := range now {
		if _, known := old[name]; !known {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	for _, name := range fields {
		switch masked := old[name] == audit.Masked && now[name] == audit.Masked; {
		case masked:
			found = append(found, changed{Label: fieldLabel(name), Masked: true})
		case old[name] != now[name] || before == "" || after == "":
			found = append(found, changed{Label: fieldLabel(name), Before: valueLabel(name, old[name]), After: valueLabel(name, now[name])})
		}
	}
	return found
}

// flat is a JSON value as its fields, dots between names.
func flat(text string) map[string]string {
	fields := map[string]string{}
	if text == "" {
		return fields
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return map[string]string{"": text}
	}
	flatten(fields, "", value)
	return fields
}

func flatten(fields map[string]string, name string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			flatten(fields, strings.TrimPrefix(name+"."+key, "."), inner)
		}
	case nil:
	case bool:
		fields[name] = "non"
		if v {
			fields[name] = "oui"
		}
	case string:
		if v != "" { // an empty text says nothing
			fields[name] = v
		}
	default:
		text, _ := json.Marshal(v) // it was JSON
		fields[name] = string(text)
	}
}
