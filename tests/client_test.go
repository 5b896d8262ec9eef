package tests

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// client is a browser without a window: it keeps cookies, and posts forms as
// pages hold them. It follows nothing by itself.
type client struct {
	v       *visitor
	cookies map[string]string
}

func (v *visitor) client() *client { return &client{v, map[string]string{}} }

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

// leads is the address that a reply sends the browser to, empty for none.
func (r reply) leads() string { return r.header.Get("Location") }

// page tells whether it is one that people see.
func (r reply) page() bool { return strings.HasPrefix(r.header.Get("Content-Type"), "text/html") }

var withoutFollowing = http.Client{
	Timeout:       time.Minute,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send asks for a page, or posts a form when it is not nil, as a browser does
// from the site itself. headers are names and values in turn; an empty value
// takes one away.
func (c *client) send(address string, posted url.Values, headers ...string) (r reply) {
	t := c.v.t
	t.Helper()
	if strings.HasPrefix(address, "/") {
		address = c.v.origin + address
	}
	method, body := http.MethodGet, io.Reader(nil)
	if posted != nil {
		method, body = http.MethodPost, strings.NewReader(posted.Encode())
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	given := []string{"Accept", "text/html", "Sec-Fetch-Site", "same-origin"}
	if posted != nil {
		given = append(given, "Content-Type", "application/x-www-form-urlencoded", "Origin", c.v.origin)
	}
	for pair := range slices.Chunk(append(given, headers...), 2) {
		if request.Header.Set(pair[0], pair[1]); pair[1] == "" {
			request.Header.Del(pair[0])
		}
	}
	if cookie := c.cookie(); cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	answer, err := withoutFollowing.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(address, c.v.origin) {
		c.keep(answer.Cookies())
	}
	return reply{answer.StatusCode, answer.Header, string(text)}
}

// cookie is the header of that name.
func (c *client) cookie() string {
	pairs := []string{}
	for name, value := range c.cookies {
		pairs = append(pairs, name+"="+value)
	}
	return strings.Join(pairs, "; ")
}

func (c *client) keep(set []*http.Cookie) {
	for _, cookie := range set {
		if c.cookies[cookie.Name] = cookie.Value; cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		}
	}
}

// The people whom the issuer of the laptop knows, by their role.
const (
	asMember        = "member-team"
	asAdministrator = "member-admin"
)

// consents goes to the issuer from an address of its own, names somebody there,
// and returns the way back.
func (c *client) consents(issuer, who string) (back string) {
	c.v.t.Helper()
	answer := c.v.client().send(issuer+"&who="+who, nil)
	if answer.leads() == "" {
		c.v.t.Fatalf("the issuer answers %d: %s", answer.status, answer.body)
	}
	return answer.leads()
}

// enters signs somebody of the team in, through the issuer, and returns where
// this leads.
func (c *client) enters(who, back string) (leads string) {
	c.v.t.Helper()
	away := c.send(web.SignInPath+"/depart?retour="+url.QueryEscape(back), nil)
	return c.send(c.consents(away.leads(), who), nil).leads()
}

// opensData opens the data of who has this address, by the mail.
func (c *client) opensData(address string) {
	c.v.t.Helper()
	at, err := url.Parse(c.v.asksData(c.v.client(), address))
	if err != nil {
		c.v.t.Fatal(err)
	}
	if opened := c.send("/mes-donnees/ouvrir", url.Values{"token": {at.Query().Get("token")}}); opened.status != http.StatusSeeOther {
		c.v.t.Fatalf("my data: %d %s", opened.status, opened.body)
	}
}

// now is the time of the platform.
func (v *visitor) now() time.Time {
	v.t.Helper()
	var clock struct{ Now time.Time }
	v.fetch(http.MethodGet, "/_dev/clock", &clock)
	return clock.Now
}

// route is the declared page that an address is answered by, empty for none.
func routeOf(method, address string) string {
	at, err := url.Parse(address)
	if err != nil {
		return ""
	}
	best := ""
	for _, r := range pageRoutes(method) {
		if matches(r.Path, at.Path) && (best == "" || strings.Count(r.Path, "{") < strings.Count(best, "{")) {
			best = r.Path
		}
	}
	return best
}

// pageRoutes are the declared routes that people see.
func pageRoutes(method string) (all []function.RouteInfo) {
	for _, f := range functions.All {
		for _, r := range f.Routes {
			if r.Doc.Page && r.Method == method && r.Path != function.Default {
				all = append(all, r)
			}
		}
	}
	return all
}

// addresses are the examples of all pages, in order.
func (l lived) addresses() (all []string) {
	examples := l.examples()
	for _, route := range slices.Sorted(maps.Keys(examples)) {
		for _, address := range examples[route] {
			if !strings.HasPrefix(address, file) {
				all = append(all, address)
			}
		}
	}
	return all
}
