package booking

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/spreadsheet"
	"github.com/fabrique-des-transitions/fabrique/shared/territory"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// The team's pages of the agenda and of series.
const (
	teamAgenda = web.TeamRoot + "/agenda"
	teamSeries = web.TeamRoot + "/series"
)

// teamRoutes are the pages by which the team runs the agenda, each served by
// the same actions as the API.
var teamRoutes = []function.Route[service]{
	page(http.MethodGet, teamAgenda, function.Team, "The sessions that the team runs", (*service).teamAgendaPage),
	agendaSheetRoute(spreadsheet.CSV), agendaSheetRoute(spreadsheet.XLSX),
	page(http.MethodGet, teamAgenda+"/nouvelle", function.Team, "The form to plan a session, copied from another or not", (*service).planPage),
	page(http.MethodPost, teamAgenda+"/nouvelle", function.Team, "Plan a session", (*service).planPosted),
	page(http.MethodGet, teamAgenda+"/{id}", function.Team, "A session, and what can be done with it", (*service).teamSessionPage),
	page(http.MethodGet, teamAgenda+"/{id}/modifier", function.Team, "The form to change a session", (*service).changePage),
	page(http.MethodPost, teamAgenda+"/{id}/modifier", function.Team, "Change a session; who has booked is told", (*service).changePosted),
	page(http.MethodGet, teamAgenda+"/{id}/annuler", function.Team, "How many a cancellation would reach", (*service).cancelSessionPage),
	page(http.MethodPost, teamAgenda+"/{id}/annuler", function.Team, "Cancel a session; who has booked is told", (*service).cancelSessionPosted),
	page(http.MethodGet, teamAgenda+"/{id}/pas-eu-lieu", function.Team, "What it means that a session did not take place", (*service).missedPage),
	page(http.MethodPost, teamAgenda+"/{id}/pas-eu-lieu", function.Team, "Note that a session which is over did not take place", (*service).missedPosted),
	page(http.MethodGet, teamAgenda+"/{id}/inscriptions", function.Team, "Who comes, who waits, who has cancelled", (*service).bookingsPage),
	page(http.MethodGet, teamAgenda+"/{id}/inscrire", function.Team, "The form to book for someone who asked the team to", (*service).handPage),
	page(http.MethodPost, teamAgenda+"/{id}/inscrire", function.Team, "Book for someone who asked the team to", (*service).handPosted),
	page(http.MethodGet, teamAgenda+"/{id}/inscriptions/{booking}/annuler", function.Team, "Whose booking would be given up", (*service).handOffPage),
	page(http.MethodPost, teamAgenda+"/{id}/inscriptions/{booking}/annuler", function.Team, "Give up the booking of someone who asked the team to", (*service).handOffPosted),
	page(http.MethodGet, teamAgenda+"/{id}/inscriptions/{booking}/lien", function.Team, "To whom the link of a booking would be sent again", (*service).resendPage),
	page(http.MethodPost, teamAgenda+"/{id}/inscriptions/{booking}/lien", function.Team, "Send the link of a booking again", (*service).resendPosted),
	sheet(teamAgenda+"/{id}/inscriptions.csv", "The same for a spreadsheet", "text/csv", (*service).bookingsCSV),
	sheet(teamAgenda+"/{id}/inscriptions.xlsx", "The same as a workbook", workbookType, (*service).bookingsXLSX),
	page(http.MethodGet, teamAgenda+"/{id}/presences", function.Team, "The attendance sheet of a session, to be printed", (*service).sheetPage),
	page(http.MethodGet, teamAgenda+"/{id}/pointer", function.Team, "The form to note who came, with one thumb", (*service).attendancePage),
	page(http.MethodPost, teamAgenda+"/{id}/pointer", function.Team, "Note who came; again to correct", (*service).attendancePosted),
	page(http.MethodGet, teamSeries, function.Team, "Workshops and learning communities", (*service).seriesPage),
	sheet(teamSeries+".csv", "The same series for a spreadsheet", "text/csv", (*service).seriesCSV),
	sheet(teamSeries+".xlsx", "The same series as a workbook", workbookType, (*service).seriesXLSX),
	page(http.MethodGet, teamSeries+"/nouvelle", function.Team, "The form to make a series", (*service).newSeriesPage),
	page(http.MethodPost, teamSeries+"/nouvelle", function.Team, "Make a series", (*service).newSeriesPosted),
	page(http.MethodGet, teamSeries+"/{slug}", function.Team, "The form to change a series", (*service).changeSeriesPage),
	page(http.MethodPost, teamSeries+"/{slug}", function.Team, "Rename a series, or say when it begins and ends", (*service).changeSeriesPosted),
}

const workbookType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// sheet is a route that answers a file.
func sheet(path, summary, mediaType string, handle func(*service, http.ResponseWriter, *http.Request) error) function.Route[service] {
	route := page(http.MethodGet, path, function.Team, summary, handle)
	route.Doc.Type = mediaType
	return route
}

// The states by which the team narrows its agenda.
const (
	toCome = "a-venir"
	toNote = "a-pointer"
	over   = "tenues"
	off    = "annulees"
)

var stateLabels = []web.Option{
	{Value: toCome, Label: "À venir"}, {Value: toNote, Label: "Présences à noter"},
	{Value: over, Label: "Tenues, présences notées"}, {Value: off, Label: "Annulées"},
}

// teamSession is a session as the team's lists show it.
type teamSession struct {
	sessionView
	Taken   int  // seats, while it is planned
	Waits   bool // for its attendance
	Over    bool // it has ended
	Missed  bool // it did not take place
	Planned bool
}

type teamAgendaView struct {
	groups
	web.List
	Due                   []teamSession // begun, and nobody has said who came
	Sessions              []teamSession
	States, Months, Kinds []web.Option
}

// noticed is how far back the agenda looks for attendance that is missing.
const noticed = 120 * 24 * time.Hour

// maxDue is how many sessions without attendance the agenda puts first.
const maxDue = 10

func (s *service) teamAgendaPage(w http.ResponseWriter, r *http.Request) error {
	values, now := r.URL.Query(), s.now()
	offered, err := s.groups(r.Context())
	if err != nil {
		return err
	}
	query, faults := s.teamListing(values, offered)
	view := teamAgendaView{groups: offered, States: stateLabels, Months: months(now), Kinds: kindLabels}
	if web.SearchPath(teamAgenda, agendaFields, values, query.Cursor) == teamAgenda { // nothing is searched for, from the first page
		due := listing{agendaQuery: agendaQuery{Limit: maxDue}, from: now.Add(-noticed), to: now, states: []string{planned, closed}, latest: true}
		if view.Due, _, err = s.teamSessions(r.Context(), due); err != nil {
			return err
		}
	}
	form, status, next := web.Form{Values: values}, http.StatusOK, ""
	if err = faults.Err(); err == nil {
		view.Sessions, next, err = s.teamSessions(r.Context(), query)
	}
	if faults, wrong := web.SearchFaults(err, agendaFields); wrong {
		form.Faults, status = faults, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	view.List = web.NewList(teamAgenda, agendaFields, values, next)
	return s.pages.Render(w, r, status, "team_agenda", web.Page{Title: "Agenda", Form: form, Data: view})
}

// teamListing reads the filters of the team's agenda: what is to come, unless
// they say otherwise. Words are looked for at all times, the latest first.
func (s *service) teamListing(values url.Values, offered groups) (query listing, faults fault.Fields) {
	now := s.now()
	query.agendaQuery = agendaQuery{Kind: Kind(values.Get("kind")), Series: values.Get("series"), Cohort: values.Get("cohort"),
		Limit: defaultLimit, Cursor: values.Get("cursor")}
	query.words = territory.Words(values.Get("q"))
	if query.Kind != "" && !slices.Contains(kinds, query.Kind) {
		faults.Add("kind", "Choisissez une sorte de rencontre de la liste.")
	}
	if query.Series != "" && !web.Offers(offered.Series, query.Series) {
		faults.Add("series", "Choisissez un chantier ou une communauté de la liste.")
	}
	if query.Cohort != "" && !web.Offers(offered.Cohorts, query.Cohort) {
		faults.Add("cohort", "Choisissez une cohorte de la liste.")
	}
	switch values.Get("etat") {
	case toCome:
		query.states, query.from = []string{planned}, now
	case toNote:
		query.states, query.to, query.latest = []string{planned, closed}, now, true
	case over:
		query.states, query.latest = []string{held}, true
	case off:
		query.states, query.latest = []string{cancelled}, true
	case "":
	default:
		faults.Add("etat", "Choisissez un état de la liste.")
	}
	switch text := values.Get("mois"); {
	case text != "":
		month, err := time.ParseInLocation("2006-01", text, french.Paris())
		if err != nil {
			faults.Add("mois", "Choisissez un mois de la liste.")
			break
		}
		if query.from.Before(month) {
			query.from = month
		}
		if end := month.AddDate(0, 1, 0); query.to.IsZero() || query.to.After(end) {
			query.to = end
		}
	case values.Get("etat") == "" && len(query.words) > 0:
		query.latest = true
	case values.Get("etat") == "":
		query.from = now
	}
	return query, faults
}

// The months that the agenda can be narrowed to: back to the first year that it
// holds, half a year ahead.
const (
	firstYear   = 2023
	monthsAhead = 6
)

func months(now time.Time) (options []web.Option) {
	now = now.In(french.Paris())
	last := time.Date(now.Year(), now.Month()+monthsAhead, 1, 0, 0, 0, 0, french.Paris())
	for month := last; month.Year() >= firstYear; month = month.AddDate(0, -1, 0) {
		options = append(options, web.Option{Value: month.Format("2006-01"), Label: french.Month(month)})
	}
	return options
}

// teamSessions is a page of sessions, the seats of those that are planned counted.
func (s *service) teamSessions(ctx context.Context, query listing) (found []teamSession, next string, err error) {
	if !query.to.IsZero() && !query.from.Before(query.to) {
		return nil, "", nil // to come, in a month that is past
	}
	items, next, err := s.agenda(ctx, query)
	if err != nil {
		return nil, "", err
	}
	for _, item := range items {
		one, err := s.teamSession(ctx, item)
		if err != nil {
			return nil, "", err
		}
		found = append(found, one)
	}
	return found, next, nil
}

func (s *service) teamSession(ctx context.Context, item sessionItem) (one teamSession, err error) {
	shown, err := s.counted(ctx, item, false)
	if err != nil {
		return one, err
	}
	one.sessionView, one.Planned = viewSession(shown), item.bookable(s.now())
	one.Taken = shown.Capacity - shown.SeatsLeft
	one.Waits = !one.Planned && (item.State == planned || item.State == closed)
	one.Over, one.Missed = !s.now().Before(item.EndsAt), item.Missed
	return one, nil
}

type teamSessionView struct {
	teamSession
	JoinURL               string
	SeriesName            string
	CohortName            string
	FundamentalNames      []string
	DimensionNames        []string
	Trail                 string // address of what was done to it
	Booked, Waiting, Came int
	WalkIns, Gone         int    // who came without a booking; whose booking is no more
	Done                  string // what was just done, as the address says
}

// teamSessionPage shows a session with its numbers, and all that can be done.
func (s *service) teamSessionPage(w http.ResponseWriter, r *http.Request) error {
	item, err := s.session(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	var offered groups
	if item.Series+item.Cohort != "" {
		if offered, err = s.groups(r.Context()); err != nil {
			return err
		}
	}
	view := teamSessionView{
		JoinURL: item.JoinURL, SeriesName: web.LabelOf(offered.Series, item.Series), CohortName: web.LabelOf(offered.Cohorts, item.Cohort),
		FundamentalNames: namesOf(fundamentalOptions, item.Fundamentals), DimensionNames: namesOf(dimensionOptions, item.Dimensions),
		Trail: web.TrailPath(item.ID), Done: r.URL.Query().Get("fait"),
	}
	if view.teamSession, err = s.teamSession(r.Context(), item); err != nil {
		return err
	}
	records, err := s.bookings(r.Context(), item.ID)
	if err != nil {
		return err
	}
	for _, record := range records {
		switch record.State {
		case confirmed:
			view.Booked++
		case waiting:
			view.Waiting++
		}
		if record.Attended {
			view.Came++
		}
	}
	if item.State == held {
		if view.WalkIns, view.Gone, err = s.besides(r.Context(), item.ID, records); err != nil {
			return err
		}
	}
	return s.pages.Render(w, r, http.StatusOK, "team_session", web.Page{Title: item.Title, Data: view})
}

// reached is how many people a change of a session is told to: who has a
// seat, and who waits for one.
func (s *service) reached(ctx context.Context, item sessionItem) (int, error) {
	free, err := s.count(ctx, item.ID, seatPrefix, seatPrefix+"~", true)
	if err != nil {
		return 0, err
	}
	waits, err := s.count(ctx, item.ID, waitPrefix, waitPrefix+"~", true)
	return item.Capacity - free + waits, err
}

type cancelView struct {
	sessionView
	Reached int
}

// cancelSessionPage says whom a cancellation reaches before it is asked for.
func (s *service) cancelSessionPage(w http.ResponseWriter, r *http.Request) error {
	item, err := s.session(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !item.bookable(s.now()) {
		return item.past()
	}
	reached, err := s.reached(r.Context(), item)
	if err != nil {
		return err
	}
	return s.pages.Render(w, r, http.StatusOK, "team_cancel", web.Page{Title: "Annuler cette rencontre ?",
		Data: cancelView{viewSession(item.shown(0, 0, s.now())), reached}})
}

func (s *service) cancelSessionPosted(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := s.cancel(r.Context(), id); err != nil {
		return err
	}
	records, err := s.bookings(r.Context(), id)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(records, func(b bookingItem) bool { return b.State != cancelled }) {
		return done(w, r, teamAgenda+"/"+id, "annulee-sans-inscrits")
	}
	return done(w, r, teamAgenda+"/"+id, "annulee")
}

// done leads to a page that says what was done.
func done(w http.ResponseWriter, r *http.Request, path, what string) error {
	http.Redirect(w, r, path+"?fait="+what, http.StatusSeeOther) //nolint:gosec // a path of ours
	return nil
}
