package function_test

import (
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

type guarded struct{}

func (*guarded) answer(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, "in")
}

var guardedFunction = function.Define(function.Spec[guarded]{
	Name: "guarded", Purpose: "Stands behind the guard.", Memory: 128, Timeout: time.Second,
	Open: func(function.Runtime) (*guarded, error) { return &guarded{}, nil },
	Routes: []function.Route[guarded]{
		{Method: "GET", Path: "/v1/open", Access: function.Public, Handle: (*guarded).answer, Doc: function.Doc{Summary: "Open."}},
		{Method: "POST", Path: "/v1/open", Access: function.Public, Handle: (*guarded).answer, Doc: function.Doc{Summary: "Open."}},
		{Method: "POST", Path: "/v1/linked", Access: function.Link, Handle: (*guarded).answer, Doc: function.Doc{Summary: "By a link."}},
		{Method: "POST", Path: "/v1/team", Access: function.Team, Handle: (*guarded).answer, Doc: function.Doc{Summary: "For the team."}},
		{Method: "GET", Path: "/v1/admin", Access: function.Admin, Handle: (*guarded).answer, Doc: function.Doc{Summary: "For administrators."}},
	},
})

// TestPostsAreLimited: public ones, and those by a link, together.
func TestPostsAreLimited(t *testing.T) {
	for _, c := range []struct {
		setting string
		passes  int // posts of 40
	}{{"2", 2}, {"0", 40}, {"", 30}, {"many", 30}, {"-1", 30}} {
		env := functiontest.New(t)
		env.Settings[function.RateLimit.Name] = c.setting
		running := env.Open(guardedFunction)
		passed := 0
		for n := range 40 {
			answer := env.Do(running, http.MethodPost, []string{"/v1/open", "/v1/linked"}[n%2], "{}")
			if answer.Code == http.StatusOK {
				passed++
			} else if answer.Code != http.StatusTooManyRequests || answer.Header().Get("Retry-After") == "" {
				t.Fatalf("%d %s", answer.Code, answer.Body)
			}
		}
		if passed != c.passes {
			t.Errorf("limit %q: %d of 40 pass", c.setting, passed)
		}
		if answer := env.Do(running, http.MethodGet, "/v1/open", nil); answer.Code != http.StatusOK {
			t.Errorf("limit %q: reading: %d", c.setting, answer.Code)
		}
	}
}

func TestTeamRoutesTellWhoIsUnknownFromWhoMayNot(t *testing.T) {
	server, err := mockoidc.NewServer(nil)
	if err != nil {
		t.Fatal(err)
	}
	server.ClientID = function.OIDCAudience.Default
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(listener, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Shutdown() })
	env := functiontest.New(t)
	env.Settings[function.OIDCIssuer.Name] = server.Issuer()
	running := env.Open(guardedFunction)
	token := func(groups ...string) string {
		session, err := server.SessionStore.NewSession("openid groups", "", &mockoidc.MockUser{Subject: "m", Groups: groups}, "", "")
		if err != nil {
			t.Fatal(err)
		}
		signed, err := session.IDToken(server.Config(), server.Keypair, env.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + signed
	}
	for _, c := range []struct {
		name, authorization string
		team, admin         int
	}{
		{"nobody", "", 401, 401},
		{"garbage", "Bearer x", 401, 401},
		{"a person's session", "Bearer AAAA.BBBB", 401, 401},
		{"a member", token("team"), 200, 403},
		{"an administrator", token("admin"), 200, 200},
		{"someone of the house", token("readers"), 403, 403},
	} {
		if got := env.Do(running, http.MethodPost, "/v1/team", "{}", "Authorization", c.authorization); got.Code != c.team {
			t.Errorf("%s at a team's call: %d", c.name, got.Code)
		}
		if got := env.Do(running, http.MethodGet, "/v1/admin", nil, "Authorization", c.authorization); got.Code != c.admin {
			t.Errorf("%s at an administrators' call: %d", c.name, got.Code)
		}
	}
}
