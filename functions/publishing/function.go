// Package publishing is what the alliance learns, written down: resources that
// the team writes and publishes, that readers find and reuse, and that feed
// readers, podcast players and libraries' harvesters follow.
package publishing

import (
	"embed"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/storage"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Function is the declaration.
var Function = function.Define(function.Spec[service]{
	Name:    "publishing",
	Purpose: "Write, publish, find and reuse resources; feeds, harvesting and files.",
	Memory:  1024, // the search index is mapped from a temporary folder
	Timeout: 25 * time.Second,
	Tables: []function.Use{
		{Table: function.Library, Right: function.ReadWrite},
		{Table: function.Agenda, Right: function.Read},  // which sessions and series exist
		{Table: function.Cohorts, Right: function.Read}, // and a cohort
		{Table: function.Members, Right: function.Read}, // who made a version, by name
		{Table: function.Ledger, Right: function.Append},
		{Table: function.Audit, Right: function.Append},
	},
	Buckets:  []function.Bucket{function.Media},
	Settings: []function.Setting{function.PublicURL},
	Open:     open,
	Schedules: []function.Schedule[service]{{
		Name: "save-search-index", Purpose: "Keep a snapshot of the search index, for copies of the function that start.",
		When: function.Every(time.Hour), Run: (*service).saveIndex,
	}},
	Routes: slices.Concat([]function.Route[service]{
		{Method: http.MethodGet, Path: "/v1/resources", Access: function.Public, Handle: (*service).getResources,
			Doc: function.Doc{Summary: "What is published, the newest first; what is sought, the best first", Query: resourcesQuery{}, Answer: resourcePage{}}},
		{Method: http.MethodPost, Path: "/v1/resources", Access: function.Team, Handle: (*service).postResource,
			Doc: function.Doc{Summary: "Write a draft, which the team alone sees", Body: resourceInput{}, Answer: resource{}, Status: http.StatusCreated, Creates: true,
				Faults: []string{"resource-exists"}}},
		{Method: http.MethodGet, Path: "/v1/resources/{slug}", Access: function.Public, Handle: (*service).getResource,
			Doc: function.Doc{Summary: "One resource; with a token of the team, whatever its status, and its Markdown", Answer: resource{},
				Faults: []string{"unknown-resource", "resource-withdrawn"}}},
		{Method: http.MethodPatch, Path: "/v1/resources/{slug}", Access: function.Team, Handle: (*service).patchResource,
			Doc: function.Doc{Summary: "Change a resource; with If-Match, only the one that was read", Body: resourceChange{}, Answer: resource{}, Conditional: true,
				Faults: []string{"unknown-resource"}}},
		{Method: http.MethodPost, Path: "/v1/resources/{slug}/publish", Access: function.Team, Handle: (*service).postPublication,
			Doc: function.Doc{Summary: "Let everyone read it", Answer: resource{}, Conditional: true, Faults: []string{"unknown-resource"}}},
		{Method: http.MethodPost, Path: "/v1/resources/{slug}/withdraw", Access: function.Team, Handle: (*service).postWithdrawal,
			Doc: function.Doc{Summary: "Take it away from readers; harvesters learn that it was deleted", Answer: resource{}, Conditional: true,
				Faults: []string{"unknown-resource"}}},
		{Method: http.MethodGet, Path: "/v1/resources/{slug}/versions", Access: function.Team, Handle: (*service).getVersions,
			Doc: function.Doc{Summary: "What it was, who made it so and when, the latest first", Query: versionsQuery{}, Answer: versionPage{}, Faults: []string{"unknown-resource"}}},
		{Method: http.MethodGet, Path: "/v1/library", Access: function.Team, Handle: (*service).getLibrary,
			Doc: function.Doc{Summary: "All resources with drafts and withdrawn ones, the latest change first", Query: deskQuery{}, Answer: deskPage{}}},
		{Method: http.MethodPost, Path: "/v1/media", Access: function.Team, Handle: (*service).postMedia,
			Doc: function.Doc{Summary: "Announce a file; the answer has the form that sends it to the bucket", Body: mediaInput{}, Answer: media{}, Status: http.StatusCreated}},
		{Method: http.MethodPost, Path: "/v1/media/{id}/complete", Access: function.Team, Handle: (*service).postMediaComplete,
			Doc: function.Doc{Summary: "Check by its content a file that was sent, and serve it from then on", Answer: media{},
				Faults: []string{"unknown-media", "media-awaited", "media-refused"}}},
		{Method: http.MethodGet, Path: "/media/{id}/{name}", Access: function.Public, Handle: (*service).getMedia,
			Doc: function.Doc{Summary: "Where a file is for the next hours", Status: http.StatusFound}},
	}, feedRoutes, pageRoutes, deskRoutes, teamRoutes, fileRoutes),
})

// service is an opened publishing function.
type service struct {
	table     dynamo.Table // Library
	agenda    dynamo.Table
	cohorts   dynamo.Table
	ledger    dynamo.Table
	audit     audit.Trail
	team      *auth.Verifier
	sessions  signin.Sessions // names members
	bucket    *storage.Bucket
	catalogue catalogue
	saved     int64 // version of the snapshot that this copy has written
	now       func() time.Time
	newID     func(prefix string) string
	log       *slog.Logger
	origin    string
	pages     *web.Templates
}

func open(rt function.Runtime) (*service, error) {
	pages := web.NewTemplates(pageFiles)
	pages.Origin = rt.Setting(function.PublicURL)
	return &service{
		table: rt.Table(function.Library), agenda: rt.Table(function.Agenda), cohorts: rt.Table(function.Cohorts), ledger: rt.Table(function.Ledger),
		audit: audit.Trail{Table: rt.Table(function.Audit), Now: rt.Now, NewID: rt.ID},
		team: auth.NewVerifier(auth.Issuer{
			URL: rt.Setting(function.OIDCIssuer), Audience: rt.Setting(function.OIDCAudience), RoleClaim: rt.Setting(function.OIDCRoleClaim),
		}, rt.Now),
		sessions: rt.Sessions(),
		bucket:   storage.Open(rt.AWS, rt.Setting(function.Media.Setting()), rt.Setting(function.StorageEndpoint)),
		now:      rt.Now, newID: rt.ID, log: rt.Log, origin: rt.Setting(function.PublicURL), pages: pages,
	}, nil
}

//go:embed pages/*.html
var pageFiles embed.FS
