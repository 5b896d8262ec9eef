// Package cohort is how territories are supported together: cohorts that the
// team or a partner opens, applications of territories with their four, what
// was decided, and the life of a cohort afterwards.
package cohort

import (
	"embed"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Function is the declaration.
var Function = function.Define(function.Spec[service]{
	Name:    "cohort",
	Purpose: "Open cohorts, let territories apply with their four, decide, and show what became of them.",
	Memory:  512, // the geography, as in registration
	Timeout: 20 * time.Second,
	Tables: []function.Use{
		{Table: function.Cohorts, Right: function.ReadWrite},
		{Table: function.Applications, Right: function.ReadWrite},
		{Table: function.Ledger, Right: function.Append},
		{Table: function.Audit, Right: function.Append},
		{Table: function.Mails, Right: function.Read},   // who of the four is not written to
		{Table: function.Members, Right: function.Read}, // who of the team wrote to them, by name
	},
	Secrets:  []function.Secret{function.LinkKey, function.IdentityKey},
	Settings: []function.Setting{function.PublicURL},
	Open:     open,
	Erase:    (*service).erase,
	Streams: []function.Stream[service]{{
		Table: function.Partners, Consume: (*service).follow,
		Prefixes: []function.KeyPrefix{{Attribute: "pk", Prefix: partnership.StatePrefix}},
	}, {
		Table: function.Cohorts, Consume: (*service).restated,
		Prefixes: []function.KeyPrefix{{Attribute: "sk", Prefix: partnership.CohortItemKey("").SK}},
	}},
	Routes: slices.Concat([]function.Route[service]{
		{Method: http.MethodGet, Path: "/v1/cohorts", Access: function.Public, Handle: (*service).getCohorts,
			Doc: function.Doc{Summary: "Cohorts with their territories, the latest start first", Query: pageQuery{}, Answer: cohortPage{}}},
		{Method: http.MethodPost, Path: "/v1/cohorts", Access: function.Team, Handle: (*service).postCohort,
			Doc: function.Doc{Summary: "Open a cohort", Body: cohortInput{}, Answer: cohort{}, Status: http.StatusCreated, Creates: true, Faults: []string{"cohort-exists"}}},
		{Method: http.MethodGet, Path: "/v1/cohorts/{slug}", Access: function.Public, Handle: (*service).getCohort,
			Doc: function.Doc{Summary: "One cohort", Answer: cohort{}, Faults: []string{"unknown-cohort"}}},
		{Method: http.MethodPatch, Path: "/v1/cohorts/{slug}", Access: function.Team, Handle: (*service).patchCohort,
			Doc: function.Doc{Summary: "Change a cohort; its seats never go under what is accepted", Body: cohortChange{}, Answer: cohort{},
				Faults: []string{"unknown-cohort", "seats-below-accepted"}}},
		{Method: http.MethodPost, Path: "/v1/cohorts/{slug}/applications", Access: function.Public, Handle: (*service).postApplication,
			Doc: function.Doc{Summary: "Apply for a territory, with the four as far as they are known", Body: applicationInput{}, Answer: applicationView{},
				Status: http.StatusCreated, Creates: true, Faults: []string{"unknown-cohort", "cohort-closed", "already-applied"}}},
		{Method: http.MethodGet, Path: "/v1/cohorts/{slug}/applications", Access: function.Team, Handle: (*service).getApplications,
			Doc: function.Doc{Summary: "Applications to a cohort, in order of arrival", Query: applicationsQuery{}, Answer: applicationPage{}, Faults: []string{"unknown-cohort"}}},
		{Method: http.MethodGet, Path: "/v1/cohorts/{slug}/applications.csv", Access: function.Team, Handle: (*service).getApplicationsCSV,
			Doc: function.Doc{Summary: "The same for a spreadsheet, all pages in one", Query: applicationsQuery{}, Type: "text/csv", Faults: []string{"unknown-cohort", "export-too-large"}}},
		{Method: http.MethodGet, Path: "/v1/applications/{id}", Access: function.Link, Handle: (*service).getApplication,
			Doc: function.Doc{Summary: "An application, for who holds its link", Answer: applicationView{}, Faults: linkFaults}},
		{Method: http.MethodPatch, Path: "/v1/applications/{id}", Access: function.Link, Handle: (*service).patchApplication,
			Doc: function.Doc{Summary: "Complete an application; whoever is named anew gets a mail", Body: applicationChange{}, Answer: applicationView{},
				Faults: append([]string{"application-decided", "application-lapsed", "asked-already", "asked-enough", "changed-meanwhile"}, linkFaults...)}},
		{Method: http.MethodPost, Path: "/v1/applications/{id}/confirm", Access: function.Link, Handle: (*service).postConfirmation,
			Doc: function.Doc{Summary: "Take part, as one of the four, with the token of the mail", Body: tokenBody{}, Answer: applicationView{},
				Faults: append([]string{"not-a-member", "already-applied", "application-withdrawn", "application-declined"}, linkFaults...)}},
		{Method: http.MethodPost, Path: "/v1/applications/{id}/reminders", Access: function.Link, Handle: (*service).postReminder,
			Doc: function.Doc{Summary: "Ask again those who have not confirmed, once an hour", Answer: applicationView{},
				Faults: append([]string{"reminded-already", "asked-already", "asked-enough", "application-decided", "application-lapsed"}, linkFaults...)}},
		{Method: http.MethodPost, Path: "/v1/applications/{id}/withdraw", Access: function.Link, Handle: (*service).postWithdrawal,
			Doc: function.Doc{Summary: "Withdraw an application; a seat that it had is free again", Answer: applicationView{}, Faults: linkFaults}},
		{Method: http.MethodPost, Path: "/v1/applications/{id}/decision", Access: function.Team, Handle: (*service).postDecision,
			Doc: function.Doc{Summary: "Accept, decline or let wait; the four are told", Body: decisionInput{}, Answer: applicationView{},
				Faults: []string{"unknown-application", "cohort-full", "cohort-ended", "application-incomplete", "application-withdrawn", "already-applied", "changed-meanwhile"}}},
	}, pageRoutes, teamRoutes),
})

var linkFaults = []string{"unknown-application", "other-application", "member-replaced", "expired-token"}

// service is an opened cohort function.
type service struct {
	cohorts  dynamo.Table
	table    dynamo.Table // Applications
	ledger   dynamo.Table
	mails    dynamo.Table
	sessions signin.Sessions // names members
	audit    audit.Trail
	links    auth.Links
	identity auth.Key
	now      func() time.Time
	newID    func(prefix string) string
	origin   string
	pages    *web.Templates
	// seatLeft holds for a cohort that has a seat for one more. A test takes it
	// away, to show that it would see one territory too many.
	seatLeft expression.ConditionBuilder
}

func open(rt function.Runtime) (*service, error) {
	pages := web.NewTemplates(pageFiles)
	pages.Origin = rt.Setting(function.PublicURL)
	return &service{
		cohorts: rt.Table(function.Cohorts), table: rt.Table(function.Applications), ledger: rt.Table(function.Ledger),
		mails: rt.Table(function.Mails), sessions: rt.Sessions(),
		audit: audit.Trail{Table: rt.Table(function.Audit), Now: rt.Now, NewID: rt.ID},
		links: auth.Links{Key: rt.Key(function.LinkKey), Now: rt.Now}, identity: rt.Key(function.IdentityKey),
		now: rt.Now, newID: rt.ID, origin: rt.Setting(function.PublicURL), pages: pages,
		seatLeft: expression.Name("accepted").LessThan(expression.Name("seats")),
	}, nil
}

//go:embed pages/*.html
var pageFiles embed.FS
