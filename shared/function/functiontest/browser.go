package functiontest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Browser is the browser of a member of the team who has signed in.
type Browser struct {
	Member auth.Member
	// Headers are those of its requests, the cookie of the session included.
	Headers []string
	// Token is what its forms carry in the field "csrf".
	Token string
}

// Browser signs a member with this role in, as the function team does.
func (e *Env) Browser(role auth.Role) Browser {
	e.t.Helper()
	sessions := e.Runtime().Sessions()
	member := auth.Member{Subject: "member-" + string(role), Name: "Camille Dupré", Email: string(role) + "@fabrique.example", Roles: []auth.Role{role}}
	ctx := e.t.Context()
	key, err := sessions.RecordKey(ctx, member)
	if err != nil {
		e.t.Fatal(err)
	}
	members := dynamo.Table{Client: e.Client, Name: e.TableName(function.Members)}
	var writes dynamo.Writes
	writes.Add(members.Put(signin.Record{Key: key, Subject: member.Subject, Name: member.Name, Email: member.Email, Roles: member.Roles,
		FirstAt: e.Clock.Now(), LastAt: e.Clock.Now(), EndedAt: time.Time{}, List: signin.List, ListAt: member.Name}))
	if err := writes.Commit(ctx, e.Client); err != nil {
		e.t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	if err := sessions.Begin(ctx, answer, "sign_"+string(role), member); err != nil {
		e.t.Fatal(err)
	}
	cookie := answer.Result().Cookies()[0]
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/equipe", nil)
	request.AddCookie(cookie)
	session, err := sessions.Read(request)
	if err != nil {
		e.t.Fatal(err)
	}
	token, err := sessions.FormToken(ctx, session)
	if err != nil {
		e.t.Fatal(err)
	}
	return Browser{member, []string{"Cookie", cookie.Name + "=" + cookie.Value, "Accept", "text/html", "Sec-Fetch-Site", "same-origin"}, token}
}

// Page asks for a page, or posts a form with the token of the session when
// form is not nil. It returns the status, the address that it leads to if any,
// and the page with its spaces as people see them.
func (e *Env) Page(running *function.Running, b Browser, path string, form url.Values) (status int, leads, page string) {
	e.t.Helper()
	method, body := http.MethodGet, any(nil)
	if form != nil {
		posted := url.Values{web.FormTokenField: {b.Token}}
		for name, values := range form {
			posted[name] = values
		}
		method, body = http.MethodPost, posted
	}
	answer := e.Do(running, method, path, body, b.Headers...)
	return answer.Code, answer.Header().Get("Location"), strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(answer.Body.String())
}

// Shows is Page that wants this status, or ends the test, and these texts in
// the page.
func (e *Env) Shows(running *function.Running, b Browser, status int, path string, form url.Values, texts ...string) (leads, page string) {
	e.t.Helper()
	got, leads, page := e.Page(running, b, path, form)
	if got != status {
		e.t.Fatalf("%s: %d, not %d: %s", path, got, status, page)
	}
	for _, text := range texts {
		if !strings.Contains(page, text) {
			e.t.Errorf("%s does not say %q:\n%s", path, text, page)
		}
	}
	return leads, page
}

// Audited are the actions that the trail notes on a subject, or on all when it
// is empty, sorted.
func (e *Env) Audited(subject string) (actions []string) {
	e.t.Helper()
	for _, item := range e.Dump(function.Audit) {
		if subject == "" || item["subject"] == subject {
			actions = append(actions, item["action"].(string))
		}
	}
	slices.Sort(actions)
	return actions
}
