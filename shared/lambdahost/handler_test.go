package lambdahost

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// echo notes what reaches it.
type echo struct {
	request *http.Request
	body    string
	changes []string
	due     time.Time
	notice  string
}

func (e *echo) answer(w http.ResponseWriter, r *http.Request) error {
	e.request = r
	body, err := io.ReadAll(r.Body)
	e.body = string(body)
	http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
	http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
	w.Header().Add("Vary", "Accept")
	if r.URL.Query().Has("image") {
		return errors.Join(err, web.Raw(w, http.StatusOK, "image/png", []byte{0x89, 'P', 0, 0xff}))
	}
	return errors.Join(err, web.JSON(w, http.StatusCreated, "é"))
}

func (e *echo) crash(http.ResponseWriter, *http.Request) error { panic("out of order") }

func (e *echo) consume(_ context.Context, record events.DynamoDBEventRecord) error {
	name := record.Change.Keys["sk"].String()
	if strings.HasPrefix(name, "BAD") {
		return errors.New("cannot")
	}
	e.changes = append(e.changes, name)
	return nil
}

func (e *echo) run(_ context.Context, due time.Time) error { e.due = due; return nil }

func (e *echo) fail(context.Context, time.Time) error { return errors.New("failed") }

func (e *echo) receive(_ context.Context, event events.EventBridgeEvent) error {
	e.notice = event.ID
	return nil
}

func newHandler(t testing.TB) (*Handler, *echo) {
	t.Helper()
	e := &echo{}
	route := func(method, path string, handle func(*echo, http.ResponseWriter, *http.Request) error) function.Route[echo] {
		return function.Route[echo]{Method: method, Path: path, Access: function.Provider, Handle: handle, Doc: function.Doc{Summary: "Echo."}}
	}
	f := function.Define(function.Spec[echo]{
		Name: "echo", Purpose: "Echoes.", Memory: 128, Timeout: time.Second,
		Open: func(function.Runtime) (*echo, error) { return e, nil },
		Routes: []function.Route[echo]{
			route("GET", "/v1/charter", (*echo).answer), route("POST", "/v1/registrations", (*echo).answer),
			route("GET", "/v1/things/{id}", (*echo).answer), route("GET", "/v1/crash", (*echo).crash),
		},
		Schedules: []function.Schedule[echo]{
			{Name: "nightly", Purpose: "Runs.", When: function.Daily(3, 0), Run: (*echo).run},
			{Name: "failing", Purpose: "Fails.", When: function.Daily(3, 0), Run: (*echo).fail},
		},
		Streams: []function.Stream[echo]{{Table: function.Allies, Consume: (*echo).consume}},
		Notices: []function.Notice[echo]{{Name: "news", Source: "aws.ses", DetailTypes: []string{"Email Bounced"}, Receive: (*echo).receive}},
	})
	log := slog.New(slog.DiscardHandler)
	running, err := f.Open(function.Runtime{Log: log, Now: time.Now, ReadSetting: func(string) string { return "" }})
	if err != nil {
		t.Fatal(err)
	}
	return NewHandler(f, running, nil, log), e
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../events/samples/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func request(t testing.TB, change func(*events.APIGatewayV2HTTPRequest)) []byte {
	t.Helper()
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(sample(t, "apigateway-get-charter"), &event); err != nil {
		t.Fatal(err)
	}
	change(&event)
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func invoked(t *testing.T, h *Handler, payload []byte) events.APIGatewayV2HTTPResponse {
	t.Helper()
	text, err := h.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var answer events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestRequestsArriveAsTheyWereSent(t *testing.T) {
	h, e := newHandler(t)
	answer := invoked(t, h, sample(t, "apigateway-post-registration"))
	if answer.StatusCode != http.StatusCreated || answer.Body != `"é"` || answer.IsBase64Encoded ||
		answer.Headers["content-type"] != "application/json" || !strings.Contains(answer.Headers["vary"], "Origin, Accept") {
		t.Errorf("%+v", answer)
	}
	if len(answer.Cookies) != 2 || answer.Cookies[0] != "a=1" || answer.Headers["set-cookie"] != "" {
		t.Errorf("cookies %v", answer.Cookies)
	}
	if e.request.Method != http.MethodPost || e.request.URL.Path != "/v1/registrations" || e.request.Host != "fabrique.example" ||
		e.request.Header.Get("Idempotency-Key") == "" || !strings.Contains(e.body, "mairie-vallon") ||
		web.ClientAddress(e.request) != "203.0.113.24" || web.RequestID(e.request.Context()) == "" {
		t.Errorf("%+v %s", e.request, e.body)
	}
	invoked(t, h, request(t, func(r *events.APIGatewayV2HTTPRequest) {
		r.RawPath, r.RawQueryString = "/v1/things/ét/é %2", "q=a%20b&q=c&empty="
		r.Cookies = []string{"x=1", "y=2"}
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte{0, 0xff}), true
	}))
	if e.request.URL.Path == "/v1/things/ét/é %2" { // one variable takes no slash
		t.Error("a slash is taken for part of a name")
	}
	invoked(t, h, request(t, func(r *events.APIGatewayV2HTTPRequest) {
		r.RawPath, r.RawQueryString = "/v1/things/été %2", "q=a%20b&q=c&empty="
		r.Cookies = []string{"x=1", "y=2"}
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte{0, 0xff}), true
	}))
	cookie, err := e.request.Cookie("y")
	if e.request.PathValue("id") != "été %2" || strings.Join(e.request.URL.Query()["q"], "|") != "a b|c" || err != nil || cookie.Value != "2" || e.body != "\x00\xff" {
		t.Errorf("%s %v %q", e.request.URL, e.request.Header, e.body)
	}
}

func TestAnswersThatAreNotTextGoInBase64(t *testing.T) {
	h, _ := newHandler(t)
	answer := invoked(t, h, request(t, func(r *events.APIGatewayV2HTTPRequest) { r.RawQueryString = "image" }))
	body, err := base64.StdEncoding.DecodeString(answer.Body)
	if err != nil || !answer.IsBase64Encoded || string(body) != "\x89P\x00\xff" {
		t.Errorf("%+v %v", answer, err)
	}
	head := invoked(t, h, request(t, func(r *events.APIGatewayV2HTTPRequest) { r.RequestContext.HTTP.Method = http.MethodHead }))
	if head.StatusCode != http.StatusCreated || head.Body != "" {
		t.Errorf("HEAD: %+v", head)
	}
}

// An HTTP request is always answered: an error would make AWS answer 500 of
// its own, and say nothing.
func TestRequestsAreAlwaysAnswered(t *testing.T) {
	h, _ := newHandler(t)
	for name, c := range map[string]struct {
		change func(*events.APIGatewayV2HTTPRequest)
		status int
	}{
		"a crash":           {func(r *events.APIGatewayV2HTTPRequest) { r.RawPath = "/v1/crash" }, 500},
		"a body cut in two": {func(r *events.APIGatewayV2HTTPRequest) { r.Body, r.IsBase64Encoded = "%%%", true }, 400},
		"a strange method":  {func(r *events.APIGatewayV2HTTPRequest) { r.RequestContext.HTTP.Method = "B A D" }, 400},
		"no such route":     {func(r *events.APIGatewayV2HTTPRequest) { r.RawPath = "/v1/none" }, 404},
	} {
		if answer := invoked(t, h, request(t, c.change)); answer.StatusCode != c.status {
			t.Errorf("%s: %+v", name, answer)
		}
	}
}

func streamed(names ...string) []byte {
	var records []string
	for i, name := range names {
		records = append(records, fmt.Sprintf(`{"eventID":"%d","eventName":"INSERT","eventSource":"aws:dynamodb",
			"eventSourceARN":"arn:aws:dynamodb:eu-west-3:123456789012:table/Allies/stream/2026-01-01T00:00:00.000",
			"dynamodb":{"SequenceNumber":"%d","Keys":{"pk":{"S":"P"},"sk":{"S":%q}},"NewImage":{}}}`, i, 100+i, name))
	}
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

// What follows a change that fails is not consumed before it: Lambda delivers
// the batch again from there.
func TestABatchStopsAtTheChangeThatFails(t *testing.T) {
	h, e := newHandler(t)
	for _, c := range []struct {
		names    []string
		consumed int
		answer   string
	}{
		{[]string{"A", "B", "C"}, 3, `{"batchItemFailures":[]}`},
		{[]string{"A", "BAD", "C"}, 1, `{"batchItemFailures":[{"itemIdentifier":"101"}]}`},
		{nil, 0, `{"batchItemFailures":[]}`},
	} {
		e.changes = nil
		text, err := h.Invoke(t.Context(), streamed(c.names...))
		if err != nil || string(text) != c.answer || len(e.changes) != c.consumed {
			t.Errorf("%v: %s %v, consumed %v", c.names, text, err, e.changes)
		}
	}
}

func TestSchedulesAndNotices(t *testing.T) {
	h, e := newHandler(t)
	due := time.Date(2026, time.March, 10, 3, 0, 0, 0, time.UTC)
	if _, err := h.Invoke(t.Context(), []byte(`{"schedule":"nightly","due":"2026-03-10T03:00:00Z"}`)); err != nil || !e.due.Equal(due) {
		t.Errorf("%v %s", err, e.due)
	}
	if _, err := h.Invoke(t.Context(), sample(t, "ses-bounce")); err != nil || e.notice == "" {
		t.Errorf("%v %q", err, e.notice)
	}
	// What nobody takes must end where operators see it.
	for name, payload := range map[string]string{
		"a schedule that fails": `{"schedule":"failing","due":"2026-03-10T03:00:00Z"}`,
		"an unknown schedule":   `{"schedule":"none","due":"2026-03-10T03:00:00Z"}`,
		"an unknown notice":     `{"detail-type":"Something","source":"aws.ses","detail":{}}`,
		"an unknown source":     `{"detail-type":"Email Bounced","source":"aws.ec2","detail":{}}`,
		"nothing known":         `{}`,
		"no JSON":               `nothing`,
	} {
		if _, err := h.Invoke(t.Context(), []byte(payload)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestChangesOfAnUndeclaredTableAreNotDropped(t *testing.T) {
	h, _ := newHandler(t)
	text, err := h.Invoke(t.Context(), []byte(strings.ReplaceAll(string(streamed("A")), "table/Allies", "table/Others")))
	if err != nil || string(text) != `{"batchItemFailures":[{"itemIdentifier":"100"}]}` {
		t.Errorf("%s %v", text, err)
	}
}

func BenchmarkInvoke(b *testing.B) {
	h, _ := newHandler(b)
	payload := sample(b, "apigateway-get-charter")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Invoke(context.Background(), payload); err != nil {
			b.Fatal(err)
		}
	}
}
