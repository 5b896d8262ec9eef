package lambdahost

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// What EventBridge sends.
const (
	nightly = `{"schedule":"nightly","due":"2026-03-10T03:00:00Z"}`
	news    = `{"id":"n1","source":"aws.ses","detail-type":"Email Bounced","detail":{}}`
)

// handling makes a handler whose only routes, GET and POST /v1/things/{id} and
// GET /, answer by this; its log goes to the buffer.
func handling(t testing.TB, handle web.Handler) (*Handler, *bytes.Buffer) {
	t.Helper()
	type service struct{}
	answer := func(_ *service, w http.ResponseWriter, r *http.Request) error { return handle(w, r) }
	spec := function.Spec[service]{
		Name: "essay", Purpose: "Tries.", Memory: 128, Timeout: time.Second,
		Open: func(function.Runtime) (*service, error) { return &service{}, nil },
		Streams: []function.Stream[service]{{Table: function.Allies, Consume: func(_ *service, ctx context.Context, _ events.DynamoDBEventRecord) error {
			return handle(nil, (&http.Request{}).WithContext(ctx))
		}}},
		Schedules: []function.Schedule[service]{{Name: "nightly", When: function.Daily(3, 0), Run: func(_ *service, ctx context.Context, _ time.Time) error {
			return handle(nil, (&http.Request{}).WithContext(ctx))
		}}},
	}
	spec.Notices = []function.Notice[service]{{Name: "news", Source: "aws.ses", DetailTypes: []string{"Email Bounced"},
		Receive: func(_ *service, ctx context.Context, _ events.EventBridgeEvent) error {
			return handle(nil, (&http.Request{}).WithContext(ctx))
		}}}
	for _, pattern := range []string{"GET /v1/things/{id}", "POST /v1/things/{id}", "GET /"} {
		method, path, _ := strings.Cut(pattern, " ")
		spec.Routes = append(spec.Routes, function.Route[service]{Method: method, Path: path, Access: function.Provider, Handle: answer, Doc: function.Doc{Summary: "Tries."}})
	}
	f := function.Define(spec)
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	running, err := f.Open(function.Runtime{Log: logger, Now: time.Now, ReadSetting: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	return NewHandler(f, running, nil, logger), &log
}

// whole is a request with all that API Gateway can put in one.
func whole(t testing.TB, change func(*events.APIGatewayV2HTTPRequest)) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/request.json")
	if err != nil {
		t.Fatal(err)
	}
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&event)
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func TestAWholeRequest(t *testing.T) {
	asked := false
	h, _ := handling(t, func(w http.ResponseWriter, r *http.Request) error {
		asked = true
		values, err := web.PostedForm(r)
		if err != nil || values.Get("nom") != "Ada Lovelace" || values.Get("motivation") != "été" {
			t.Errorf("form %v %v", values, err)
		}
		if r.PathValue("id") != "Saint-Étienne à 100%" {
			t.Errorf("path %q", r.PathValue("id"))
		}
		if q := r.URL.Query(); !slices.Equal(q["q"], []string{"b c", "d&e"}) || !q.Has("empty") || q.Get("accents") != "été" {
			t.Errorf("query %v", q)
		}
		for name, value := range map[string]string{"session": "abc", "seen": "1"} {
			if cookie, err := r.Cookie(name); err != nil || cookie.Value != value {
				t.Errorf("cookie %s: %v %v", name, cookie, err)
			}
		}
		if _, err := r.Cookie("forged"); err == nil {
			t.Error("cookies come from a header of that name too")
		}
		if web.ClientAddress(r) != "2001:db8::7" || r.Host != "fabrique.example" || web.RequestID(r.Context()) != "JKJaXmPLvHcESHA=" ||
			r.Header.Get("Idempotency-Key") != "5f0d2c1e" || r.ContentLength != 41 {
			t.Errorf("%+v", r)
		}
		http.SetCookie(w, &http.Cookie{Name: "__Host-a", Value: "1", Path: "/", Secure: true, HttpOnly: true})
		return web.Raw(w, http.StatusSeeOther, "text/html; charset=utf-8", []byte("<p>Été</p>"))
	})
	text, err := h.Invoke(t.Context(), whole(t, nil))
	if err != nil || !asked {
		t.Fatalf("%v, asked %v", err, asked)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	cookies, _ := answer["cookies"].([]any)
	headers, _ := answer["headers"].(map[string]any)
	if answer["statusCode"] != 303.0 || answer["body"] != "<p>Été</p>" || answer["isBase64Encoded"] == true ||
		len(cookies) != 1 || cookies[0] != "__Host-a=1; Path=/; HttpOnly; Secure" || headers["content-type"] != "text/html; charset=utf-8" {
		t.Errorf("%s", text)
	}
	for name := range headers {
		if name != strings.ToLower(name) || name == "set-cookie" {
			t.Errorf("header %s", name)
		}
	}
}

// A path is never taken for an address of somewhere else.
func TestPathsAreOnlyPaths(t *testing.T) {
	h, _ := handling(t, func(w http.ResponseWriter, r *http.Request) error {
		return web.JSON(w, http.StatusOK, r.URL.Path)
	})
	for path, want := range map[string]struct {
		status         int
		body, location string
	}{
		"/v1/things/a":                   {200, `"/v1/things/a"`, ""},
		"/v1/things/a?b#c":               {200, `"/v1/things/a?b#c"`, ""},
		"/v1/things/%2e%2e":              {200, `"/v1/things/%2e%2e"`, ""},
		"/v1/things/a\nSet-Cookie: b=1":  {200, `"/v1/things/a\nSet-Cookie: b=1"`, ""},
		"//ailleurs.example/v1/things/a": {307, "", "/ailleurs.example/v1/things/a"},
		"//ailleurs.example/":            {307, "", "/ailleurs.example/"},
		"/v1/things/../../":              {307, "", "/"},
		"/v1/nothing":                    {404, "", ""},
	} {
		answer := invoked(t, h, whole(t, func(r *events.APIGatewayV2HTTPRequest) {
			r.RawPath, r.RawQueryString, r.RequestContext.HTTP.Method = path, "", "GET"
		}))
		if answer.StatusCode != want.status || want.body != "" && answer.Body != want.body || answer.Headers["location"] != want.location {
			t.Errorf("%s: %+v", path, answer)
		}
	}
}

// What cannot be read is answered as every other fault is.
func TestUnreadableRequestsGetAProblem(t *testing.T) {
	h, log := handling(t, nil)
	answer := invoked(t, h, whole(t, func(r *events.APIGatewayV2HTTPRequest) { r.Body = "%" }))
	var problem web.Problem
	if err := json.Unmarshal([]byte(answer.Body), &problem); err != nil || answer.StatusCode != 400 || problem.Code != "unreadable-request" ||
		problem.RequestID != "JKJaXmPLvHcESHA=" || answer.Headers["content-type"] != web.ProblemType {
		t.Errorf("%+v %v", answer, err)
	}
	if !strings.Contains(log.String(), "JKJaXmPLvHcESHA=") {
		t.Errorf("log %s", log)
	}
}

func TestTextThatIsNoUTF8GoesInBase64(t *testing.T) {
	h, _ := handling(t, func(w http.ResponseWriter, _ *http.Request) error {
		return web.Raw(w, http.StatusOK, "text/csv; charset=windows-1252", []byte{'p', 'r', 0xe9})
	})
	if answer := invoked(t, h, whole(t, nil)); !answer.IsBase64Encoded || answer.Body != "cHLp" {
		t.Errorf("%+v", answer)
	}
}

func TestWhichTypesAreText(t *testing.T) {
	for mediaType, want := range map[string]bool{
		"text/html; charset=utf-8": true, "application/json": true, "application/problem+json": true, "image/svg+xml": true,
		"application/atom+xml": true, "text/calendar; charset=utf-8": true, "application/javascript": true,
		"image/png": false, "application/pdf": false, "application/octet-stream": false, "": false,
	} {
		if text(mediaType) != want {
			t.Errorf("%s: %v", mediaType, !want)
		}
	}
}

// Lambda says in the context when it ends the call: whoever calls AWS must know.
func TestTheDeadlineOfLambdaReachesEverything(t *testing.T) {
	var deadlines []time.Time
	h, _ := handling(t, func(w http.ResponseWriter, r *http.Request) error {
		deadline, _ := r.Context().Deadline()
		deadlines = append(deadlines, deadline)
		if w == nil {
			return nil
		}
		return web.JSON(w, http.StatusOK, "")
	})
	want := time.Now().Add(time.Hour)
	ctx, cancel := context.WithDeadline(t.Context(), want)
	defer cancel()
	for _, payload := range [][]byte{whole(t, nil), streamed("A"), []byte(nightly), []byte(news)} {
		if _, err := h.Invoke(ctx, payload); err != nil {
			t.Error(err)
		}
	}
	if len(deadlines) != 4 || slices.ContainsFunc(deadlines, func(d time.Time) bool { return !d.Equal(want) }) {
		t.Errorf("%v", deadlines)
	}
}

// A crash ends neither the process nor the other records, and is told with
// where it was.
func TestACrashIsAnError(t *testing.T) {
	h, log := handling(t, func(http.ResponseWriter, *http.Request) error { panic("out of order") })
	text, err := h.Invoke(t.Context(), streamed("A", "B"))
	if err != nil || string(text) != `{"batchItemFailures":[{"itemIdentifier":"100"}]}` {
		t.Errorf("%s %v", text, err)
	}
	for _, payload := range []string{nightly, news} {
		if _, err := h.Invoke(t.Context(), []byte(payload)); err == nil {
			t.Errorf("%s: it crashed and went well", payload)
		}
	}
	if strings.Count(log.String(), "TestACrashIsAnError.func1") != 3 || !strings.Contains(log.String(), "out of order") {
		t.Errorf("log %s", log)
	}
}

// What fails is told in the log with what operators need to find it, and
// returned, so that AWS calls again.
func TestFaultsAreLoggedAndReturned(t *testing.T) {
	for payload, name := range map[string]string{nightly: `"schedule":"nightly"`, news: `"event_id":"n1"`, string(streamed("A")): `"event_id":"0"`} {
		h, log := handling(t, func(http.ResponseWriter, *http.Request) error { return errors.New("cannot") })
		answer, err := h.Invoke(t.Context(), []byte(payload))
		if err == nil && !strings.Contains(string(answer), `"itemIdentifier":"100"`) {
			t.Errorf("%s: %s", payload, answer)
		}
		if !strings.Contains(log.String(), name) || !strings.Contains(log.String(), `"function":"essay"`) {
			t.Errorf("%s: log %s", payload, log)
		}
	}
}

// TestLogsHoldNobody whatever fails.
func TestLogsHoldNobody(t *testing.T) {
	personal := []string{"jeanne", "Delmas", "mairie-vallon", "203.0.113", "Bearer", "secret-token", "Vallon"}
	for name, handle := range map[string]web.Handler{
		"an error": func(http.ResponseWriter, *http.Request) error { return errors.New("cannot") },
		"a panic":  func(http.ResponseWriter, *http.Request) error { panic("cannot") },
		"read": func(w http.ResponseWriter, r *http.Request) error {
			if w == nil {
				return errors.New("cannot")
			}
			_, err := io.ReadAll(r.Body)
			return errors.Join(err, errors.New("cannot"))
		},
	} {
		h, log := handling(t, handle)
		invoked(t, h, request(t, func(r *events.APIGatewayV2HTTPRequest) {
			r.RawPath, r.RequestContext.HTTP.Method = "/v1/things/secret-token", "POST"
			r.RawQueryString = "token=secret-token"
			r.Headers["authorization"] = "Bearer secret-token"
			r.Body = string(sample(t, "apigateway-post-registration"))
		}))
		if _, err := h.Invoke(t.Context(), sample(t, "dynamodb-stream-mail-intent")); err != nil {
			t.Error(err)
		}
		if strings.Count(log.String(), "cannot") < 2 {
			t.Errorf("%s is not logged: %s", name, log)
		}
		for _, text := range personal {
			if strings.Contains(log.String(), text) {
				t.Errorf("%s: the log holds %s: %s", name, text, log)
			}
		}
	}
}

func BenchmarkChanges(b *testing.B) {
	h, _ := handling(b, func(http.ResponseWriter, *http.Request) error { return nil })
	names := make([]string, 100)
	for i := range names {
		names[i] = "MAIL#1"
	}
	payload := streamed(names...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Invoke(context.Background(), payload); err != nil {
			b.Fatal(err)
		}
	}
}
