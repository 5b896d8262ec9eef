package team

import (
	"context"
	"encoding/json"
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
	Month   string `query:"month" doc:"As 2026-11, this month by default"`
	Who     string `query:"who" doc:"The issuer's subject of a member"`
	Action  string `query:"action" doc:"As session.cancelled"`
	Subject string `query:"subject" doc:"Part of the id that was changed"`
	Limit   int    `query:"limit" doc:"At most 100, 20 by default"`
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

func (s *service) readTrailQuery(values url.Values) (audit.Filter, error) {
	var faults fault.Fields
	filter := audit.Filter{
		Month: values.Get("month"), Who: values.Get("who"), Action: values.Get("action"),
		Subject: strings.TrimSpace(values.Get("subject")), Limit: 20, Cursor: values.Get("cursor"),
	}
	if filter.Month == "" {
		filter.Month = s.now().In(french.Paris()).Format(month)
	}
	if _, err := time.Parse(month, filter.Month); err != nil {
		faults.Add("query.month", "Saisissez un mois comme 2026-11.")
	}
	if text := values.Get("limit"); text != "" {
		var err error
		if filter.Limit, err = strconv.Atoi(text); err != nil || filter.Limit < 1 || filter.Limit > 100 {
			faults.Add("query.limit", "Demandez de 1 à 100 éléments.")
		}
	}
	return filter, faults.Err()
}

const month = "2006-01"

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

var journalFields = []string{"month", "who", "action", "subject"}

func (s *service) journalPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	filter, err := s.readTrailQuery(values)
	form, status := web.Form{Values: url.Values{"month": {filter.Month}}}, http.StatusOK
	for _, name := range journalFields[1:] {
		form.Values.Set(name, values.Get(name))
	}
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
		Name: "journal-" + filter.Month, Header: []string{"at", "who", "name", "action", "subject", "before", "after"},
		Filter: map[string]string{"month": filter.Month, "who": filter.Who, "action": filter.Action, "subject": filter.Subject},
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
