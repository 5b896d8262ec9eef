package web

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// TeamRoot is the path of the team's home; its other pages stand below it.
const TeamRoot = "/equipe"

// SignInPath is the page to sign in, which leads back to the path of its
// parameter "retour".
const SignInPath = TeamRoot + "/connexion"

// Team is who looks at a page of the team.
type Team struct {
	Name  string
	Admin bool
	// FormToken goes with every form, in the field FormTokenField:
	// {{template "csrf" $}}.
	FormToken string
}

// FormTokenField is the hidden field that proves that a form of the team
// comes from one of our pages.
const FormTokenField = "csrf"

type teamKey struct{}

// withTeam makes room in a request for who looks at the page, so that what
// answers a fault knows it as well as what the guard lets through.
func withTeam(ctx context.Context) context.Context {
	return context.WithValue(ctx, teamKey{}, new(*Team))
}

// SetTeam says who looks at the page of this request, within Serve.
func SetTeam(ctx context.Context, t Team) {
	if who, ok := ctx.Value(teamKey{}).(**Team); ok {
		*who = &t
	}
}

// teamOf is who looks, nil when it is not a member of the team.
func teamOf(ctx context.Context) *Team {
	if who, ok := ctx.Value(teamKey{}).(**Team); ok {
		return *who
	}
	return nil
}

// teamNavigation is the one list of the links in the head of the team's
// pages; administrators see those for them too.
var teamNavigation = []struct {
	Path, Label string
	Admin       bool
}{
	{Path: TeamRoot, Label: "Aujourd’hui"},
	{Path: TeamRoot + "/agenda", Label: "Agenda"},
	{Path: TeamRoot + "/allies", Label: "Allié·es"},
	{Path: TeamRoot + "/cohortes", Label: "Cohortes"},
	{Path: TeamRoot + "/ressources", Label: "Ressources"},
	{Path: TeamRoot + "/faits", Label: "Faits"},
	{Path: TeamRoot + "/bilans", Label: "Bilans"},
	{Path: TeamRoot + "/partenaires", Label: "Partenaires"},
	{Path: TeamRoot + "/courriels", Label: "Courriels"},
	{Path: TeamRoot + "/journal", Label: "Journal"},
	{Path: TeamRoot + "/administration", Label: "Administration", Admin: true},
}

// TrailPath is the page of what was done to a subject, as entries of the trail
// name it.
func TrailPath(subject string) string {
	return TeamRoot + "/journal?" + url.Values{"subject": {subject}}.Encode()
}

// PostedField reads one field of a posted form and leaves the body to be read
// again. It returns the faults of PostedForm.
func PostedField(r *http.Request, name string) (string, error) {
	body, err := Body(r, formType)
	if err != nil {
		return "", err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	values, err := PostedForm(r)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return values.Get(name), err
}

// SignIn sends a browser to sign in and to come back to where it was.
func SignIn(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, signInFrom(r), http.StatusSeeOther) //nolint:gosec // a path of ours
}

// signInFrom is the address to sign in at, and to come back from to what a
// browser asked for.
func signInFrom(r *http.Request) string {
	return SignInPath + "?retour=" + url.QueryEscape(r.URL.RequestURI())
}

// TeamPath is the path within the team's pages that a text from outside
// names, or the team's home when it names anything else: nobody is led to
// another site.
func TeamPath(text string) string {
	at, err := url.Parse(text)
	if err != nil || at.IsAbs() || at.Host != "" || at.Opaque != "" || strings.ContainsAny(text, "\\\r\n\t") {
		return TeamRoot
	}
	if path.Clean(at.Path) != at.Path || at.Path != TeamRoot && !strings.HasPrefix(at.Path, TeamRoot+"/") || strings.HasPrefix(at.Path, SignInPath) {
		return TeamRoot
	}
	return at.RequestURI()
}
