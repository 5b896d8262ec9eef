// Package booking is the agenda: sessions that the team plans, seats that
// people book, wait for and give back, invitations for their calendars, who
// came, and what it gave them.
package booking

import (
	"embed"
	"fmt"
	"log/slog"
	"net/http"
	netmail "net/mail"
	"slices"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Function is the declaration.
var Function = function.Define(function.Spec[service]{
	Name:    "booking",
	Purpose: "Plan sessions, book seats and wait for them, invite, remind, note who came and what it gave them.",
	Memory:  512, // the geography, as in registration
	Timeout: 30 * time.Second,
	Tables: []function.Use{
		{Table: function.Agenda, Right: function.ReadWrite},
		{Table: function.Allies, Right: function.Read},  // who of those who came had signed
		{Table: function.Cohorts, Right: function.Read}, // those that a session may belong to
		{Table: function.Ledger, Right: function.Append},
		{Table: function.Audit, Right: function.Append},
	},
	Secrets:  []function.Secret{function.LinkKey, function.IdentityKey},
	Settings: []function.Setting{function.PublicURL, function.MailFrom},
	Open:     open,
	Erase:    (*service).erase,
	Streams: []function.Stream[service]{{
		Table: function.Agenda, Consume: (*service).follow,
		Prefixes: []function.KeyPrefix{
			{Attribute: "sk", Prefix: bookingPrefix}, {Attribute: "sk", Prefix: seatPrefix},
			{Attribute: "sk", Prefix: waitPrefix}, {Attribute: "sk", Prefix: "SESSION"},
		},
	}},
	Schedules: []function.Schedule[service]{
		{Name: "open-permanences", Purpose: "plans the permanences of the next three months",
			When: function.Daily(5, 0), Run: (*service).openPermanences},
		{Name: "send-reminders", Purpose: "reminds people of the session of the next day",
			When: function.Daily(9, 0), Run: (*service).sendReminders},
		{Name: "close-sessions", Purpose: "closes sessions that have begun, and seats whom a crash left waiting",
			When: function.Every(15 * time.Minute), Run: (*service).closeSessions},
	},
	Routes: slices.Concat([]function.Route[service]{
		{Method: http.MethodGet, Path: "/v1/sessions", Access: function.Public, Handle: (*service).getSessions,
			Doc: function.Doc{Summary: "Sessions in order of time, from today on unless from or to says otherwise", Query: agendaQuery{}, Answer: sessionPage{}}},
		{Method: http.MethodPost, Path: "/v1/sessions", Access: function.Team, Handle: (*service).postSession,
			Doc: function.Doc{Summary: "Plan a session", Body: sessionInput{}, Answer: session{}, Status: http.StatusCreated, Creates: true}},
		{Method: http.MethodGet, Path: "/v1/sessions/{id}", Access: function.Public, Handle: (*service).getSession,
			Doc: function.Doc{Summary: "One session, its seats counted now", Answer: session{}, Faults: []string{"unknown-session"}}},
		{Method: http.MethodPatch, Path: "/v1/sessions/{id}", Access: function.Team, Handle: (*service).patchSession,
			Doc: function.Doc{Summary: "Change a session; who has booked is told", Body: sessionChange{}, Answer: session{},
				Faults: []string{"unknown-session", "session-closed", "capacity-below-bookings", "changed-meanwhile"}}},
		{Method: http.MethodPost, Path: "/v1/sessions/{id}/cancel", Access: function.Team, Handle: (*service).cancelSession,
			Doc: function.Doc{Summary: "Cancel a session; who has booked is told", Answer: session{}, Faults: []string{"unknown-session", "session-closed", "changed-meanwhile"}}},
		{Method: http.MethodPost, Path: "/v1/sessions/{id}/bookings", Access: function.Public, Handle: (*service).postBooking,
			Doc: function.Doc{Summary: "Book a seat, or wait for one", Body: bookingInput{}, Answer: bookingAnswer{}, Status: http.StatusCreated, Creates: true,
				Faults: []string{"unknown-session", "session-closed", "already-booked"}}},
		{Method: http.MethodGet, Path: "/v1/sessions/{id}/bookings", Access: function.Team, Handle: (*service).getBookings,
			Doc: function.Doc{Summary: "Who comes, who waits, who has cancelled", Query: bookingsQuery{}, Answer: bookingList{}, Faults: []string{"unknown-session"}}},
		{Method: http.MethodGet, Path: "/v1/sessions/{id}/bookings.csv", Access: function.Team, Handle: (*service).getBookingsCSV,
			Doc: function.Doc{Summary: "The same for a spreadsheet", Type: "text/csv", Faults: []string{"unknown-session", "export-too-large"}}},
		{Method: http.MethodPut, Path: "/v1/sessions/{id}/attendance", Access: function.Team, Handle: (*service).putAttendance,
			Doc: function.Doc{Summary: "Note who came; again to correct", Body: attendanceInput{}, Answer: attendanceAnswer{},
				Faults: []string{"unknown-session", "session-not-begun", "changed-meanwhile"}}},
		{Method: http.MethodGet, Path: "/v1/sessions/{id}/event.ics", Access: function.Public, Handle: (*service).getEvent,
			Doc: function.Doc{Summary: "A session for a calendar", Type: "text/calendar", Faults: []string{"unknown-session"}}},
		{Method: http.MethodGet, Path: "/v1/agenda.ics", Access: function.Public, Handle: (*service).getFeed,
			Doc: function.Doc{Summary: "The whole agenda, to subscribe to", Type: "text/calendar"}},
		{Method: http.MethodGet, Path: "/v1/bookings/{id}", Access: function.Link, Handle: (*service).getBooking,
			Doc: function.Doc{Summary: "A booking, for who holds it", Answer: bookingView{}, Faults: []string{"unknown-booking", "other-booking"}}},
		{Method: http.MethodDelete, Path: "/v1/bookings/{id}", Access: function.Link, Handle: (*service).deleteBooking,
			Doc: function.Doc{Summary: "Give a booking up", Answer: releasedAnswer{}, Faults: []string{"unknown-booking", "other-booking", "session-closed"}}},
		{Method: http.MethodPost, Path: "/v1/bookings/{id}/feedback", Access: function.Link, Handle: (*service).postFeedback,
			Doc: function.Doc{Summary: "Say what the session gave", Body: feedbackInput{}, Answer: feedbackAnswer{}, Status: http.StatusCreated,
				Faults: []string{"unknown-booking", "not-attended", "feedback-given"}}},
		{Method: http.MethodGet, Path: "/v1/series", Access: function.Public, Handle: (*service).getSeries,
			Doc: function.Doc{Summary: "Workshops and learning communities, by the day on which they begin", Query: seriesQuery{}, Answer: seriesPage{}}},
		{Method: http.MethodPost, Path: "/v1/series", Access: function.Team, Handle: (*service).postSeries,
			Doc: function.Doc{Summary: "Make a workshop or a learning community", Body: series{}, Answer: series{}, Status: http.StatusCreated, Creates: true, Faults: []string{"series-exists"}}},
		{Method: http.MethodPatch, Path: "/v1/series/{slug}", Access: function.Team, Handle: (*service).patchSeries,
			Doc: function.Doc{Summary: "Rename a series, or say when it begins and ends", Body: seriesChange{}, Answer: series{}, Faults: []string{"unknown-series", "changed-meanwhile"}}},
	}, pageRoutes, teamRoutes),
})

// service is an opened booking function.
type service struct {
	table       dynamo.Table
	allies      dynamo.Table
	cohorts     dynamo.Table
	ledger      dynamo.Table
	audit       audit.Trail
	links       auth.Links
	identity    auth.Key
	now         func() time.Time
	newID       func(prefix string) string
	log         *slog.Logger
	origin      string
	mailAddress string
	mailDomain  string
	pages       *web.Templates
	guards      guards
}

func open(rt function.Runtime) (*service, error) {
	from, err := netmail.ParseAddress(rt.Setting(function.MailFrom))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", function.MailFrom.Name, err)
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	pages := web.NewTemplates(pageFiles)
	pages.Origin = rt.Setting(function.PublicURL)
	return &service{
		table: rt.Table(function.Agenda), allies: rt.Table(function.Allies), cohorts: rt.Table(function.Cohorts), ledger: rt.Table(function.Ledger),
		audit: audit.Trail{Table: rt.Table(function.Audit), Now: rt.Now, NewID: rt.ID},
		links: auth.Links{Key: rt.Key(function.LinkKey), Now: rt.Now}, identity: rt.Key(function.IdentityKey),
		now: rt.Now, newID: rt.ID, log: rt.Log, origin: rt.Setting(function.PublicURL),
		mailAddress: from.Address, mailDomain: domain, pages: pages, guards: newGuards(),
	}, nil
}

//go:embed pages/*.html
var pageFiles embed.FS
