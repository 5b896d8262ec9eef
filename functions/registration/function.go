// Package registration is how one enters the alliance, and leaves it: the
// charter and its signatures, their confirmation by mail, the directory and
// the count of allies, what each person may see, change, take away and erase,
// and the official territories that forms ask for.
package registration

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// MinFormTime is the least time in which a person fills the form; what comes
// sooner comes from a robot.
var MinFormTime = function.Setting{
	Name: "MIN_FORM_MILLISECONDS", Default: "2000",
	Purpose: "milliseconds under which a posted page was not filled by a person; 0 to accept all",
}

// Function is the declaration.
var Function = function.Define(function.Spec[service]{
	Name:    "registration",
	Purpose: "Sign the charter, confirm, find allies and territories, see and erase one's data.",
	Memory:  512,              // the geography takes some 30 MB, and CPU follows memory
	Timeout: 30 * time.Second, // apply-retention reads the whole list of allies
	Tables: []function.Use{
		{Table: function.Allies, Right: function.ReadWrite},
		{Table: function.Ledger, Right: function.Append},
		{Table: function.Audit, Right: function.Append},
		{Table: function.Agenda, Right: function.ReadAppend}, // a person's export and erasure reach every personal table
		{Table: function.Applications, Right: function.ReadAppend},
		{Table: function.Mails, Right: function.ReadAppend},
		{Table: function.Members, Right: function.ReadAppend},
	},
	Secrets:  []function.Secret{function.LinkKey, function.IdentityKey},
	Settings: []function.Setting{function.PublicURL, MinFormTime, RetentionYears},
	Open:     open,
	Erase:    (*service).erase,
	Schedules: []function.Schedule[service]{{
		Name: "apply-retention", Purpose: "tells who was silent for years that their data will go, and erases it a month later",
		When: function.Daily(3, 40), Run: (*service).applyRetention,
	}},
	Routes: slices.Concat([]function.Route[service]{
		{Method: http.MethodGet, Path: "/v1/charter", Access: function.Public, Handle: (*service).getCharter,
			Doc: function.Doc{Summary: "The charter in force", Answer: charter{}}},
		{Method: http.MethodPost, Path: "/v1/registrations", Access: function.Public, Handle: (*service).postRegistration,
			Doc: function.Doc{Summary: "Sign the charter; the answer never tells whether the address is known",
				Body: signing{}, Answer: signingAnswer{}, Status: http.StatusAccepted, Creates: true}},
		{Method: http.MethodPost, Path: "/v1/registrations/confirm", Access: function.Public, Handle: (*service).postConfirmation,
			Doc: function.Doc{Summary: "Confirm a signature with the token of the mail", Body: tokenBody{}, Answer: confirmation{},
				Faults: []string{"invalid-token", "expired-token"}}},
		{Method: http.MethodGet, Path: "/v1/allies", Access: function.Public, Handle: (*service).getAllies,
			Doc: function.Doc{Summary: "Organisations that agreed to the directory, by name", Query: directoryQuery{}, Answer: directoryPage{}}},
		{Method: http.MethodGet, Path: "/v1/allies/count", Access: function.Public, Handle: (*service).getCount,
			Doc: function.Doc{Summary: "How many organisations and persons are allies", Answer: count{}}},
		{Method: http.MethodPost, Path: "/v1/me/links", Access: function.Public, Handle: (*service).postLink,
			Doc: function.Doc{Summary: "Ask for a mail with a link to one's data", Body: emailBody{}, Answer: linkAnswer{}, Status: http.StatusAccepted}},
		{Method: http.MethodPost, Path: "/v1/me/sessions", Access: function.Public, Handle: (*service).postSession,
			Doc: function.Doc{Summary: "Exchange the token of the mail for an access token", Body: tokenBody{}, Answer: session{},
				Faults: []string{"invalid-token", "expired-token"}}},
		{Method: http.MethodGet, Path: "/v1/me", Access: function.Mine, Handle: (*service).getMe,
			Doc: function.Doc{Summary: "What the alliance knows of me", Answer: me{}}},
		{Method: http.MethodPatch, Path: "/v1/me", Access: function.Mine, Handle: (*service).patchMe,
			Doc: function.Doc{Summary: "Change it; what is not named stays", Body: change{}, Answer: me{}}},
		{Method: http.MethodDelete, Path: "/v1/me", Access: function.Mine, Handle: (*service).deleteMe,
			Doc: function.Doc{Summary: "Leave the alliance, and be erased from every table", Answer: leaving{}, Status: http.StatusAccepted}},
		{Method: http.MethodGet, Path: "/v1/me/export", Access: function.Mine, Handle: (*service).getExport,
			Doc: function.Doc{Summary: "All that every table holds on me", Answer: export{}}},
		{Method: http.MethodGet, Path: "/v1/territories", Access: function.Public, Handle: (*service).getTerritories,
			Doc: function.Doc{Summary: "Search the official geography by name or code", Query: territoryQuery{}, Answer: territoryPage{}}},
		{Method: http.MethodGet, Path: "/v1/territories/{code}", Access: function.Public, Handle: (*service).getTerritory,
			Doc: function.Doc{Summary: "One territory; REG-76 and DEP-76 tell a region and a département apart", Query: levelQuery{}, Answer: territoryAnswer{}}},
	}, pageRoutes, teamRoutes, handoverRoutes),
})

// service is an opened registration function.
type service struct {
	allies    dynamo.Table
	ledger    dynamo.Table
	personal  map[function.Table]dynamo.Table
	links     auth.Links
	identity  auth.Key
	audit     audit.Trail
	retention int // years
	now       func() time.Time
	newID     func(prefix string) string
	minFilled time.Duration
	pages     *web.Templates
}

func open(rt function.Runtime) (*service, error) {
	s := &service{
		allies: rt.Table(function.Allies), ledger: rt.Table(function.Ledger),
		personal: map[function.Table]dynamo.Table{},
		links:    auth.Links{Key: rt.Key(function.LinkKey), Now: rt.Now},
		identity: rt.Key(function.IdentityKey),
		audit:    audit.Trail{Table: rt.Table(function.Audit), Now: rt.Now, NewID: rt.ID},
		now:      rt.Now,
		newID:    rt.ID,
		pages:    web.NewTemplates(pageFiles),
	}
	s.pages.Origin = rt.Setting(function.PublicURL)
	for _, d := range function.Definitions {
		if d.Personal {
			s.personal[d.Table] = rt.Table(d.Table)
		}
	}
	milliseconds, err := strconv.Atoi(rt.Setting(MinFormTime))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", MinFormTime.Name, err)
	}
	if s.retention, err = strconv.Atoi(rt.Setting(RetentionYears)); err != nil || s.retention < 1 {
		return nil, fmt.Errorf("%s: %q is no number of years", RetentionYears.Name, rt.Setting(RetentionYears))
	}
	s.minFilled = time.Duration(milliseconds) * time.Millisecond
	return s, nil
}

// person is the keyed hash that stands for an address.
func (s *service) person(ctx context.Context, normalised string) (string, error) {
	return personal.Hash(ctx, s.identity, normalised)
}

//go:embed pages/*.html
var pageFiles embed.FS
