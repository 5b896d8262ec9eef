package partner

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// What a list of messages may be narrowed to, besides the results of records.
const (
	statusWaiting = "waiting" // refused, in part or whole, and not dealt with
	statusUnread  = "unread"  // refused whole
	statusAside   = "aside"   // refused, and set aside
)

// statusOptions and codeOptions are in the order in which the page offers them.
var (
	statusOptions = []web.Option{
		{Value: statusWaiting, Label: "Refus à traiter"}, {Value: statusAside, Label: "Mis de côté"}, {Value: statusUnread, Label: "Refusé en entier"},
		{Value: rejected, Label: "Avec un refus"}, {Value: applied, Label: "Avec du nouveau"}, {Value: unchanged, Label: "Avec du déjà connu"}, {Value: stale, Label: "Avec du dépassé"},
	}
	codeOptions = []web.Option{
		{Value: "unknown-cohort", Label: "Cohorte inconnue"}, {Value: "other-partner", Label: "Cohorte d’un autre"},
		{Value: "unknown-territory", Label: "Territoire inconnu"}, {Value: "other-region", Label: "Hors de la région"},
		{Value: "duplicate-territory", Label: "Territoire répété"},
		{Value: "invalid-input", Label: "Champs à corriger"}, {Value: "malformed-json", Label: "JSON illisible"},
	}
	messageFields = []string{"status", "code", "cohort", "from", "until"}
)

// messagesQuery is what the list of a partner's messages is narrowed by.
type messagesQuery struct {
	receiptsQuery
	period               web.Period
	status, code, cohort string
}

func readMessagesQuery(values url.Values) (messagesQuery, error) {
	var faults fault.Fields
	query := messagesQuery{
		receiptsQuery: receiptsQuery{defaultLimit, values.Get("cursor")},
		status:        values.Get("status"), code: values.Get("code"), cohort: strings.TrimSpace(values.Get("cohort")),
	}
	offered := func(options []web.Option, value string) bool {
		return value == "" || slices.ContainsFunc(options, func(o web.Option) bool { return o.Value == value })
	}
	if !offered(statusOptions, query.status) {
		faults.Add("query.status", "Choisissez un état dans la liste.")
	}
	if !offered(codeOptions, query.code) {
		faults.Add("query.code", "Choisissez une raison dans la liste.")
	}
	if query.cohort != "" {
		alliance.CheckSlug(&faults, "query.cohort", query.cohort)
	}
	query.period = web.ReadPeriod(values, &faults)
	return query, faults.Err()
}

// keeps tells whether the list shows a message.
func (q messagesQuery) keeps(d delivery) bool {
	if q.cohort != "" && d.Cohort != q.cohort {
		return false
	}
	if q.code != "" && !slices.Contains(d.codes(), q.code) {
		return false
	}
	switch q.status {
	case "":
		return true
	case statusWaiting:
		return d.Open
	case statusUnread:
		return d.Unread != nil
	case statusAside:
		return d.Aside != nil
	}
	return slices.ContainsFunc(d.Counts, func(c countView) bool { return c.Status == q.status })
}

// codes are why it was refused, whole or in part, each once.
func (d delivery) codes() (codes []string) {
	for _, one := range d.Results {
		codes = append(codes, one.Code)
	}
	for _, one := range d.Unread {
		codes = append(codes, one.Code)
	}
	slices.Sort(codes)
	return slices.DeleteFunc(slices.Compact(codes), func(code string) bool { return code == "" })
}

// pagesRead bounds how far one page of what is rare looks back: then it is
// short, and leads on.
const pagesRead = 5

// messages are a page of what the query keeps, and the cursor of the next. A
// page may hold a few more than asked for, as it ends where a read does.
func (s *service) messages(r *http.Request, partner alliance.Partner, query messagesQuery) (found []delivery, next string, err error) {
	for range pagesRead {
		page, err := s.receipts(r.Context(), partner, query.receiptsQuery, query.period)
		if err != nil {
			return nil, "", err
		}
		for _, one := range page.Items {
			if d := viewDelivery(partner, one); query.keeps(d) {
				found = append(found, d)
			}
		}
		query.Cursor = page.NextCursor
		if query.Cursor == "" || len(found) >= query.Limit {
			break
		}
	}
	return found, query.Cursor, nil
}

type partnerView struct {
	alliance.Partner
	web.List
	Deliveries      []delivery
	Statuses, Codes []web.Option
	Cohorts         []web.Option
	Waiting         int       // as the list of partners and the home count them
	Tally           tallyItem // what was counted only, for thirty days
	Failed          string    // address of what waits
}

func (s *service) teamPartnerPage(w http.ResponseWriter, r *http.Request) error {
	partner, err := partnerOf(r)
	if err != nil {
		return err
	}
	values, path := r.URL.Query(), teamPartners+"/"+partner.Name
	view := partnerView{
		Partner: partner, Statuses: statusOptions, Codes: codeOptions, Failed: path + "?status=" + statusWaiting,
	}
	query, err := readMessagesQuery(values)
	next := ""
	if err == nil {
		view.Deliveries, next, err = s.messages(r, partner, query)
	}
	form, status := web.Form{Values: values}, http.StatusOK
	if faults, ok := web.SearchFaults(err, messageFields); ok {
		form.Faults, status = faults, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	view.List = web.NewList(path, messageFields, values, next).FilesAt(path+"/messages", messageFields, values)
	cohorts, err := partnership.CohortNames(r.Context(), s.cohorts)
	if err != nil {
		return err
	}
	for _, one := range cohorts {
		view.Cohorts = append(view.Cohorts, web.Option{Value: one.Slug, Label: one.Name})
	}
	for i, one := range view.Deliveries {
		if name := web.LabelOf(view.Cohorts, one.Cohort); name != one.Cohort {
			view.Deliveries[i].CohortName = name
		}
	}
	view.Cohorts = web.WithValue(view.Cohorts, query.cohort) // one that a message named, and that there is not
	waiting, err := partnership.Waiting(r.Context(), s.table)
	if err != nil {
		return err
	}
	view.Waiting = waiting[partner.Name]
	if view.Tally, err = s.tallies(r.Context(), partner); err != nil {
		return err
	}
	return s.pages.Render(w, r, status, "team_partner", web.Page{Title: partner.Label, Form: form, Data: view})
}

func messagesRoute(format spreadsheet.Format) function.Route[service] {
	return page(http.MethodGet, teamPartners+"/{partner}/messages."+string(format), function.Team, "The same messages as "+string(format),
		func(s *service, w http.ResponseWriter, r *http.Request) error { return s.messagesSheet(w, r, format) })
}

var messagesHeader = []string{"Reçu", "Identifiant du message", "Accusé de réception", "Ce qu’il dit", "Cohorte", "Notés", "Déjà connus", "Dépassés", "Refusés", "Refusés encore", "Refusé en entier", "Raisons", "À traiter", "Mis de côté"}

// messagesSheet is a line for each message that the search keeps.
func (s *service) messagesSheet(w http.ResponseWriter, r *http.Request, format spreadsheet.Format) error {
	partner, err := partnerOf(r)
	if err != nil {
		return err
	}
	query, err := readMessagesQuery(r.URL.Query())
	if _, wrong := web.SearchFaults(err, nil); wrong {
		return s.teamPartnerPage(w, r)
	}
	if err != nil {
		return err
	}
	query.Limit = maxLimit
	filter := map[string]string{}
	for _, name := range messageFields {
		if value := r.URL.Query().Get(name); value != "" {
			filter[name] = value
		}
	}
	sheet := spreadsheet.Sheet{
		Name: "messages-" + partner.Name, Header: messagesHeader, Filter: filter,
		Rows: spreadsheet.Pages(func(cursor string) ([]delivery, string, error) {
			query.Cursor = cursor
			return s.messages(r, partner, query)
		}, messageRow),
	}
	return sheet.Export(w, r, format, s.audit)
}

func messageRow(d delivery) []any {
	count := countOf(d.Results)
	var reasons []string
	for _, code := range d.codes() {
		for _, option := range codeOptions {
			if option.Value == code {
				code = option.Label
			}
		}
		reasons = append(reasons, code)
	}
	aside := ""
	if d.Aside != nil {
		aside = d.Aside.Reason
	}
	return []any{d.At, d.WebhookID, d.ReceiptID, d.TypeLabel, d.Cohort, count[applied], count[unchanged], count[stale], count[rejected], d.Rejected,
		d.Unread != nil, strings.Join(reasons, ", "), d.Open, aside}
}
