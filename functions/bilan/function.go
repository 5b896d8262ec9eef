// Package bilan is the yearly report: figures declared over the dated facts of
// the ledger, which follow it within seconds, open onto what they count, and
// are frozen when a year is published.
package bilan

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// teamMail is where mails to the team as a whole go.
var teamMail = function.Setting{Name: "TEAM_MAIL",
	Purpose: "address of the team, told when a year is closed and when a figure had to be repaired; empty: only its pages tell"}

// Function is the declaration.
var Function = function.Define(function.Spec[service]{
	Name:    "bilan",
	Purpose: "Count the year from the ledger, open each figure onto its records, and freeze what is published.",
	Memory:  512,             // the geography, as in registration; a recount of a million facts
	Timeout: 5 * time.Minute, // of a recount; a request ends with the gateway's thirty seconds
	Tables: []function.Use{
		{Table: function.Bilans, Right: function.ReadWrite},
		{Table: function.Ledger, Right: function.ReadAppend},
		{Table: function.Allies, Right: function.Read}, // here and below: the names of what the records of a figure speak of
		{Table: function.Agenda, Right: function.Read},
		{Table: function.Cohorts, Right: function.Read},
		{Table: function.Library, Right: function.Read},
		{Table: function.Audit, Right: function.Append},
	},
	Settings: []function.Setting{function.PublicURL, teamMail},
	Secrets:  []function.Secret{function.IdentityKey},
	Open:     open,
	Schedules: []function.Schedule[service]{
		{Name: "compile-bilan", Purpose: "Count all years anew from the ledger, compare, and repair what differs.",
			When: function.Daily(3, 30), Run: (*service).compile},
		{Name: "close-year", Purpose: "Close the year before, and tell the team.",
			When: function.Yearly(time.January, 15, 8, 0), Run: (*service).closeYear},
	},
	Streams: []function.Stream[service]{{Table: function.Ledger, Consume: (*service).follow}},
	Routes: append([]function.Route[service]{
		{Method: http.MethodGet, Path: "/v1/bilans", Access: function.Public, Handle: (*service).getYears,
			Doc: function.Doc{Summary: "The years that have a bilan, the latest first", Query: yearsQuery{}, Answer: report.Years{}}},
		{Method: http.MethodGet, Path: "/v1/bilans/{year}", Access: function.Public, Handle: (*service).getYear,
			Doc: function.Doc{Summary: "The bilan of a year: its figures, the five effects, corrections since publication", Answer: report.Report{}, Forms: yearForms, Faults: []string{"unknown-year", "unknown-format"}}},
		{Method: http.MethodGet, Path: "/v1/bilans/{year}/figures/{id}", Access: function.PublicOrTeam, Handle: (*service).getFigure,
			Doc: function.Doc{Summary: "A figure and how many records make it; for the team also the records", Query: recordsQuery{}, Answer: figureView{}, Faults: []string{"unknown-year", "unknown-figure"}}},
		{Method: http.MethodPost, Path: "/v1/bilans/{year}/close", Access: function.Team, Handle: (*service).postClose,
			Doc: function.Doc{Summary: "Close a year that is over, once its figures are checked", Answer: report.Report{}, Faults: []string{"unknown-year", "year-not-over", "year-published"}}},
		{Method: http.MethodPost, Path: "/v1/bilans/{year}/publish", Access: function.Team, Handle: (*service).postPublish,
			Doc: function.Doc{Summary: "Publish a closed year: its figures are frozen", Answer: report.Report{}, Faults: []string{"unknown-year", "year-not-closed", "figures-differ"}}},
		{Method: http.MethodGet, Path: "/v1/bilans/notices", Access: function.Team, Handle: (*service).getNotices,
			Doc: function.Doc{Summary: "What the team should know of the bilan, the latest first: years closed, counts repaired", Answer: notices{}}},
		{Method: http.MethodPost, Path: "/v1/facts", Access: function.Team, Handle: (*service).postFact,
			Doc: function.Doc{Summary: "Record what happened elsewhere, or correct what was recorded", Body: factInput{}, Answer: factView{}, Status: http.StatusCreated, Creates: true}},
		{Method: http.MethodGet, Path: "/v1/facts", Access: function.Team, Handle: (*service).getFacts,
			Doc: function.Doc{Summary: "What the team recorded of a type and a year, the latest first", Query: factsQuery{}, Answer: factPage{}}},
	}, slices.Concat(pageRoutes, teamRoutes)...),
})

// service is an opened bilan function.
type service struct {
	table   dynamo.Table // Bilans
	ledger  dynamo.Table
	keepers map[function.Table]dynamo.Table // of what facts speak of
	audit   audit.Trail
	figures register
	log     *slog.Logger
	// teamMail is the address of the team, empty for none.
	teamMail string
	identity auth.Key
	now      func() time.Time
	newID    func(prefix string) string
	origin   string
	pages    *web.Templates
}

func open(rt function.Runtime) (*service, error) {
	pages := web.NewTemplates(pageFiles)
	pages.Origin = rt.Setting(function.PublicURL)
	keepers := map[function.Table]dynamo.Table{}
	for _, table := range []function.Table{function.Allies, function.Agenda, function.Cohorts, function.Library} {
		keepers[table] = rt.Table(table)
	}
	return &service{
		keepers: keepers,
		table:   rt.Table(function.Bilans), ledger: rt.Table(function.Ledger),
		audit:   audit.Trail{Table: rt.Table(function.Audit), Now: rt.Now, NewID: rt.ID},
		figures: figures, log: rt.Log, teamMail: rt.Setting(teamMail), identity: rt.Key(function.IdentityKey), now: rt.Now, newID: rt.ID, origin: pages.Origin, pages: pages,
	}, nil
}
