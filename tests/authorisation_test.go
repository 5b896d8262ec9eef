package tests

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// office is every function, opened in one process on the same empty tables.
type office struct {
	*functiontest.Env
	running map[string]*function.Running
	ally    string // the session of someone who signed
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{Env: functiontest.New(t), running: map[string]*function.Running{}}
	o.Issuer()
	o.Secrets[function.PartnerSecret("occitanie")] = []byte(partnerSecret)
	o.Secrets[function.PartnerSecret("massif-central")] = []byte(otherSecret)
	o.Settings["MIN_FORM_MILLISECONDS"] = "0"
	for _, f := range functions.All {
		o.running[f.Name] = o.Open(f)
	}
	o.ally = o.signedIn(t)
	return o
}

// signedIn signs the charter as a person and returns a session on their data.
func (o *office) signedIn(t *testing.T) string {
	t.Helper()
	registration := o.running["registration"]
	call := func(method, path string, body any) []byte {
		answer := o.Do(registration, method, path, body)
		if answer.Code >= http.StatusBadRequest {
			t.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
		}
		return answer.Body.Bytes()
	}
	var charter struct{ Version string }
	if err := json.Unmarshal(call("GET", "/v1/charter", nil), &charter); err != nil {
		t.Fatal(err)
	}
	call("POST", "/v1/registrations", map[string]any{
		"kind":    "person",
		"person":  map[string]string{"given_name": "Camille", "family_name": "Durand", "email": "a@exemple.fr"},
		"charter": map[string]any{"version": charter.Version, "accepted": true},
	})
	call("POST", "/v1/registrations/confirm", map[string]string{"token": o.token(t, "confirm-registration")})
	call("POST", "/v1/me/links", map[string]string{"email": "a@exemple.fr"})
	var session struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(call("POST", "/v1/me/sessions", map[string]string{"token": o.token(t, "my-data-link")}), &session); err != nil {
		t.Fatal(err)
	}
	return session.AccessToken
}

// token is that of the link of a mail that was asked for.
func (o *office) token(t *testing.T, template string) string {
	t.Helper()
	for _, item := range o.Dump(function.Allies) {
		if item["template"] == template {
			address, err := url.Parse(fmt.Sprint(item["data"].(map[string]any)["link"]))
			if err != nil {
				t.Fatal(err)
			}
			return address.Query().Get("token")
		}
	}
	t.Fatalf("no mail %s", template)
	return ""
}

// caller is someone who calls, with the headers that say so.
type caller struct {
	headers []string
	token   string // of the forms of a session
}

// inBrowser ends the names of callers whose session is a cookie. Only pages
// know it: the API takes them for nobody.
const inBrowser = " in a browser"

// callers are who may call. None of them holds the link of a mail.
func (o *office) callers(t *testing.T) map[string]caller {
	t.Helper()
	forged := o.Bearer("admin")[1]
	forged = forged[:len(forged)-4] + "AAAA"
	team, admin := o.Browser(auth.RoleTeam), o.Browser(auth.RoleAdmin)
	return map[string]caller{
		"nobody":            {},
		"ally":              {headers: []string{"Authorization", "Bearer " + o.ally, "Cookie", "__Host-mes-donnees=" + o.ally}},
		"partner":           {headers: o.signed(t, partnerSecret)},
		"another partner":   {headers: o.signed(t, otherSecret)},
		"team":              {headers: o.Bearer("team")},
		"admin":             {headers: o.Bearer("admin")},
		"team" + inBrowser:  {team.Headers, team.Token},
		"admin" + inBrowser: {admin.Headers, admin.Token},
		"forger":            {headers: []string{"Authorization", forged, "Cookie", "__Host-equipe=" + o.ally + "; __Host-mes-donnees=" + strings.TrimPrefix(forged, "Bearer ")}},
	}
}

// partnerSecret is the example of the specification of Standard Webhooks.
const partnerSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// otherSecret is that of another partner, Massif central.
const otherSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

// signed are the headers of a partner with this secret over an empty body.
func (o *office) signed(t *testing.T, secret string) []string {
	t.Helper()
	hook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	now := o.Clock.Now()
	signature, err := hook.Sign("msg_1", now, nil)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"webhook-id", "msg_1", "webhook-timestamp", fmt.Sprint(now.Unix()), "webhook-signature", signature}
}

// rule says which callers a kind of access lets in. Whoever is let in is
// answered by the function: anything but 401 and 403.
type rule struct {
	in []string
	// refused is how everyone else is answered; some by another status.
	refused int
	others  map[string]int
}

var everybody = []string{"nobody", "ally", "partner", "another partner", "team", "admin", "team" + inBrowser, "admin" + inBrowser, "forger"}

// rules cover every kind of access: a new kind, and so its routes, fails until
// it has one. With a link, nobody here is let in.
var rules = map[function.Access]rule{
	function.Public:       {in: everybody},
	function.PublicOrTeam: {in: []string{"nobody", "partner", "another partner", "team", "admin"}, refused: http.StatusUnauthorized},
	function.Mine:         {in: []string{"ally"}, refused: http.StatusUnauthorized},
	function.Link:         {refused: http.StatusUnauthorized},
	function.Provider:     {refused: http.StatusUnauthorized},
	function.Partner:      {in: []string{"partner"}, refused: http.StatusUnauthorized},
	function.Team:         {in: []string{"team", "admin"}, refused: http.StatusUnauthorized},
	function.Admin:        {in: []string{"admin"}, refused: http.StatusUnauthorized, others: map[string]int{"team": http.StatusForbidden}},
}

// byBody are public routes whose token travels in the body: without it, they
// answer as a bad link does.
var byBody = []string{"POST /mes-donnees/ouvrir", "POST /rejoindre/confirmer", "GET /rejoindre/confirmer", "POST /rejoindre/contact", "GET /rejoindre/contact", "GET /equipe/connexion/retour"}

// harmless may be called by anyone, whatever the declaration says: ending a
// visit that is over is no fault.
var harmless = []string{"POST /mes-donnees/fermer"}

// target is a request that the route would take, for something that is not there.
func target(route function.RouteInfo) string {
	path := route.Path
	if path == function.Default {
		return "/nothing/here"
	}
	for strings.Contains(path, "{") {
		before, after, _ := strings.Cut(path, "{")
		name, rest, _ := strings.Cut(after, "}")
		value := map[string]string{"partner": "occitanie", "year": "2023"}[name]
		if value == "" {
			value = "x"
		}
		path = before + value + rest
	}
	return path
}

// TestWhoMayCallWhat asks every declared route as everybody, and compares the
// status with what the declaration says.
func TestWhoMayCallWhat(t *testing.T) {
	o := newOffice(t)
	callers, asked := o.callers(t), 0
	for _, f := range functions.All {
		for _, route := range f.Routes {
			allowed, known := rules[route.Access]
			if !known {
				t.Errorf("%s: no rule says who may call it", route.Pattern())
				continue
			}
			for _, name := range everybody {
				asked++
				answer := o.ask(o.running[f.Name], route, callers[name])
				who, browser := strings.CutSuffix(name, inBrowser)
				if browser && !route.Doc.Page {
					who = "nobody"
				}
				want := allowed.refused
				if other, set := allowed.others[who]; set {
					want = other
				}
				switch refused := answer.Code == http.StatusUnauthorized || answer.Code == http.StatusForbidden; {
				case answer.Code >= http.StatusInternalServerError:
					t.Errorf("%s as %s: %d %s", route.Pattern(), name, answer.Code, answer.Body)
				case slices.Contains(allowed.in, who):
					if refused && !slices.Contains(byBody, route.Pattern()) {
						t.Errorf("%s as %s: refused with %d: %.300s", route.Pattern(), name, answer.Code, answer.Body)
					}
				case slices.Contains(harmless, route.Pattern()):
				case toSignIn(answer) && route.Doc.Page && route.Method == http.MethodGet && want == http.StatusUnauthorized:
				case answer.Code != want && (route.Access != function.Link && route.Access != function.Provider || answer.Code < http.StatusBadRequest):
					t.Errorf("%s as %s: %d instead of %d: %.300s", route.Pattern(), name, answer.Code, want, answer.Body)
				}
			}
			if strings.Contains(route.Path, "/deconnexion") {
				o.Clock.Advance(time.Second) // whoever signs in now is in
				callers = o.callers(t)
			}
		}
	}
	t.Logf("%d requests", asked)
}

func toSignIn(answer *httptest.ResponseRecorder) bool {
	return answer.Code == http.StatusSeeOther && strings.HasPrefix(answer.Header().Get("Location"), web.SignInPath+"?retour=")
}

func (o *office) ask(running *function.Running, route function.RouteInfo, who caller) *httptest.ResponseRecorder {
	return o.askFor(running, route, target(route), who)
}

// askFor asks a route for what a path names.
func (o *office) askFor(running *function.Running, route function.RouteInfo, path string, who caller) *httptest.ResponseRecorder {
	var body any
	if route.Method != http.MethodGet {
		body = "{}"
		if route.Doc.Page {
			body = url.Values{"a": {"b"}, web.FormTokenField: {who.token}}
		}
		if route.Access == function.Partner {
			body = nil
		}
	}
	return o.Do(running, route.Method, path, body, append([]string{"Accept", "text/html", "Sec-Fetch-Site", "same-origin"}, who.headers...)...)
}

// openDoors are the routes by which anyone may change something. Whoever
// declares another says so here, and so has thought of it.
var openDoors = []string{
	"POST /v1/registrations", "POST /v1/registrations/confirm", "POST /rejoindre", "POST /rejoindre/confirmer", "POST /rejoindre/contact",
	"POST /v1/me/links", "POST /v1/me/sessions", "POST /mes-donnees", "POST /mes-donnees/ouvrir",
	"POST /v1/sessions/{id}/bookings", "POST /agenda/{id}", "POST /v1/cohorts/{slug}/applications", "POST /cohortes/{slug}/candidater",
	"POST /oai", // a way to read
}

// TestDoorsAreOpenOnPurpose: no declaration leaves a change, or a page of the
// team, to anyone by mistake.
func TestDoorsAreOpenOnPurpose(t *testing.T) {
	known := slices.Clone(openDoors)
	for _, f := range functions.All {
		for _, route := range f.Routes {
			open := route.Access == function.Public || route.Access == function.PublicOrTeam
			if open && route.Method != http.MethodGet && route.Path != function.Default {
				if !slices.Contains(known, route.Pattern()) {
					t.Errorf("anyone may call %s of %s", route.Pattern(), f.Name)
				}
				known = slices.DeleteFunc(known, func(door string) bool { return door == route.Pattern() })
			}
			teams := route.Path == web.TeamRoot || strings.HasPrefix(route.Path, web.TeamRoot+"/")
			if teams && !strings.HasPrefix(route.Path, web.SignInPath) && route.Access != function.Team && route.Access != function.Admin {
				t.Errorf("%s is a page of the team, and %s", route.Pattern(), route.Access)
			}
		}
	}
	for _, door := range known {
		t.Errorf("%s is no open door", door)
	}
}

// TestFormsOfTheTeamWantTheirToken posts every form of the team by a session,
// without the token of its forms, with that of another member, and with its own.
func TestFormsOfTheTeamWantTheirToken(t *testing.T) {
	o := newOffice(t)
	admin, other := o.Browser(auth.RoleAdmin), o.Browser(auth.RoleTeam)
	posts := 0
	for _, f := range functions.All {
		for _, route := range f.Routes {
			if route.Access != function.Team && route.Access != function.Admin || !route.Doc.Page || route.Method == http.MethodGet {
				continue
			}
			posts++
			for _, try := range []struct {
				token   string
				refused bool
			}{{"", true}, {other.Token, true}, {admin.Token, false}} {
				answer := o.Do(o.running[f.Name], route.Method, target(route), url.Values{web.FormTokenField: {try.token}}, admin.Headers...)
				if forged := answer.Code == http.StatusForbidden; forged != try.refused {
					t.Errorf("%s with the token %q: %d %.200s", route.Pattern(), try.token, answer.Code, answer.Body)
				}
			}
			o.Clock.Advance(time.Second) // one of them ends all sessions
			admin = o.Browser(auth.RoleAdmin)
		}
	}
	if posts < 5 {
		t.Errorf("%d forms were found", posts)
	}
}

// TestNoHeaderIsInjected sends line ends wherever a text of the caller comes
// back in a header.
func TestNoHeaderIsInjected(t *testing.T) {
	o := newOffice(t)
	team := o.Bearer("team")
	for _, f := range functions.All {
		for _, route := range f.Routes {
			if route.Method != http.MethodGet {
				continue
			}
			path := strings.ReplaceAll(target(route), "/x", "/x%0d%0aSet-Cookie:%20a=b") + "?retour=%2Fequipe%0d%0aSet-Cookie:%20a%3Db&q=%0d%0aX:%20y&signature=%0d%0aX:y"
			answer := o.Do(o.running[f.Name], route.Method, path, nil, append([]string{"Accept", "text/html"}, team...)...)
			for name, values := range answer.Header() {
				if strings.ContainsAny(name+strings.Join(values, ""), "\r\n") {
					t.Errorf("%s: %s: %q", route.Pattern(), name, values)
				}
			}
			if answer.Code >= http.StatusInternalServerError {
				t.Errorf("%s: %d", path, answer.Code)
			}
		}
	}
}
