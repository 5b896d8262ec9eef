package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// guestbook is a function made for these tests: it keeps notes and copies
// each into the ledger when it hears of it.
type guestbook struct {
	rt function.Runtime

	mu      sync.Mutex
	heard   []string
	due     []time.Time
	refuses map[string]int // how many more times a note is refused
	slow    time.Duration  // how long it takes to hear of a note
	fails   int            // how many more runs of the schedule fail
}

type note struct {
	dynamo.Key
	Text string `dynamodbav:"text"`
}

func (g *guestbook) write(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Text string }
	var faults fault.Fields
	if _, err := web.Decode(r, &in, &faults); err != nil {
		return err
	}
	put, err := g.rt.Table(function.Allies).Put(note{dynamo.Key{PK: "BOOK", SK: "NOTE#" + in.Text}, in.Text})
	if err != nil {
		return err
	}
	if err := dynamo.Transact(r.Context(), g.rt.Dynamo, put); err != nil {
		return err
	}
	return web.JSON(w, http.StatusCreated, in)
}

func (g *guestbook) show(w http.ResponseWriter, r *http.Request) error {
	deadline, limited := r.Context().Deadline()
	http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
	http.SetCookie(w, &http.Cookie{Name: "b", Value: "2"})
	return web.JSON(w, http.StatusOK, map[string]any{
		"name": r.PathValue("name"), "q": r.URL.Query().Get("q"), "client": web.ClientAddress(r),
		"limited": limited && time.Until(deadline) <= 5*time.Second, "origin": g.rt.Setting(function.PublicURL),
		"request_id": web.RequestID(r.Context()), "now": g.rt.Now(),
	})
}

func (g *guestbook) size(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, len(body))
}

func (g *guestbook) team(w http.ResponseWriter, r *http.Request) error {
	member, _ := auth.MemberOf(r.Context())
	return web.JSON(w, http.StatusOK, member)
}

func (g *guestbook) copy(ctx context.Context, record events.DynamoDBEventRecord) error {
	time.Sleep(g.slow)
	text := record.Change.NewImage["text"].String()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refuses[text] > 0 {
		g.refuses[text]--
		return errors.New("refused")
	}
	g.heard = append(g.heard, text)
	put, err := g.rt.Table(function.Ledger).Put(note{dynamo.Key{PK: "COPY", SK: text}, text})
	if err != nil {
		return err
	}
	return dynamo.Transact(ctx, g.rt.Dynamo, put)
}

func (g *guestbook) hear(_ context.Context, record events.DynamoDBEventRecord) error {
	time.Sleep(g.slow)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.heard = append(g.heard, "ledger "+record.Change.NewImage["text"].String())
	return nil
}

func (g *guestbook) tick(_ context.Context, due time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.due = append(g.due, due)
	if g.fails > 0 {
		g.fails--
		return errors.New("it fails")
	}
	return nil
}

func (g *guestbook) all() (heard []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.heard)
}

func (g *guestbook) function() *function.Function {
	route := func(method, path string, access function.Access, handle func(*guestbook, http.ResponseWriter, *http.Request) error) function.Route[guestbook] {
		return function.Route[guestbook]{Method: method, Path: path, Access: access, Doc: function.Doc{Summary: "Test"}, Handle: handle}
	}
	return function.Define(function.Spec[guestbook]{
		Name: "guestbook", Purpose: "Keeps notes.", Memory: 128, Timeout: 5 * time.Second, MindsDeadLetters: true,
		Tables: []function.Use{{Table: function.Allies, Right: function.ReadWrite}, {Table: function.Ledger, Right: function.Append}},
		Open:   func(rt function.Runtime) (*guestbook, error) { g.rt = rt; return g, nil },
		Routes: []function.Route[guestbook]{
			route("POST", "/v1/notes", function.Public, (*guestbook).write),
			route("GET", "/v1/notes/{name}", function.Public, (*guestbook).show),
			route("POST", "/v1/size", function.Link, (*guestbook).size),
			route("GET", "/v1/team", function.Team, (*guestbook).team),
		},
		Schedules: []function.Schedule[guestbook]{{Name: "hourly", Purpose: "Test.", When: function.Every(time.Hour), Run: (*guestbook).tick}},
		Streams: []function.Stream[guestbook]{
			{Table: function.Allies, Prefixes: []function.KeyPrefix{{Attribute: "sk", Prefix: "NOTE#"}}, Consume: (*guestbook).copy},
			{Table: function.Ledger, Consume: (*guestbook).hear},
		},
	})
}

// open starts a host with a guestbook, and maybe other functions.
func open(t *testing.T, o Options, others ...*function.Function) (*Host, *guestbook) {
	t.Helper()
	g := &guestbook{refuses: map[string]int{}}
	o.Functions = append([]*function.Function{g.function()}, others...)
	o.PublicURL, o.Log = "http://127.0.0.1:8080", slog.New(slog.DiscardHandler)
	h, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h, g
}

func call(t *testing.T, h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func must(t *testing.T, status int, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
	out := map[string]any{}
	_ = json.Unmarshal(w.Body.Bytes(), &out) // lists and empty answers are read elsewhere
	return out
}

func TestGatewayTakesRequestsToTheirFunction(t *testing.T) {
	h, _ := open(t, Options{})
	w := call(t, h, "GET", "/v1/notes/%C3%A9t%C3%A9?q=a%20b", "")
	out := must(t, http.StatusOK, w)
	if out["name"] != "été" || out["q"] != "a b" || out["client"] != "192.0.2.1" || out["limited"] != true || out["origin"] != "http://127.0.0.1:8080" {
		t.Errorf("got %v", out)
	}
	if id, _ := out["request_id"].(string); !strings.HasPrefix(id, "req_") {
		t.Errorf("request id %q", id)
	}
	if cookies := w.Result().Cookies(); len(cookies) != 2 {
		t.Errorf("cookies %v", cookies)
	}
	if head := call(t, h, "HEAD", "/v1/notes/x", ""); head.Code != http.StatusOK || head.Body.Len() != 0 {
		t.Errorf("HEAD: %d %q", head.Code, head.Body)
	}
	must(t, http.StatusOK, call(t, h, "GET", "/healthz", ""))
	for _, r := range [][2]string{{"GET", "/nothing"}, {"DELETE", "/v1/notes/x/y"}, {"GET", "/_dev/nothing"}} {
		w := call(t, h, r[0], r[1], "")
		if out := must(t, http.StatusNotFound, w); out["code"] != "not-found" || w.Header().Get("Content-Type") != web.ProblemType {
			t.Errorf("%v: %v", r, out)
		}
	}
	if w := call(t, h, "DELETE", "/v1/notes", ""); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST, OPTIONS" {
		t.Errorf("a method that a path does not take: %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}

func TestBodiesOverTheGatewaysLimitAreRefused(t *testing.T) {
	h, _ := open(t, Options{})
	body := strings.Repeat("x", 10<<20)
	if w := call(t, h, "POST", "/v1/size", body); w.Body.String() != "10485760" {
		t.Errorf("10 MiB: %d %s", w.Code, w.Body)
	}
	must(t, http.StatusRequestEntityTooLarge, call(t, h, "POST", "/v1/size", body+"x"))
}

type fallback struct{}

func TestDefaultTakesWhatNobodyElseDoes(t *testing.T) {
	rest := function.Define(function.Spec[fallback]{
		Name: "rest", Purpose: "Takes the rest.", Memory: 128, Timeout: time.Second,
		Open: func(function.Runtime) (*fallback, error) { return &fallback{}, nil },
		Routes: []function.Route[fallback]{{
			Method: "ANY", Path: function.Default, Access: function.Link, Doc: function.Doc{Summary: "Rest"},
			Handle: func(*fallback, http.ResponseWriter, *http.Request) error {
				return fault.New(fault.Gone, "rest", "Il n’y a plus rien.")
			},
		}},
	})
	h, _ := open(t, Options{}, rest)
	for _, method := range []string{"GET", "DELETE", "BREW"} {
		must(t, http.StatusGone, call(t, h, method, "/v1/nothing", ""))
	}
	must(t, http.StatusOK, call(t, h, "GET", "/healthz", ""))
}

func TestSettleWaitsForWhatConsumersWrite(t *testing.T) {
	h, g := open(t, Options{})
	g.slow = 20 * time.Millisecond // one consumer finds nothing while the other still writes for it
	for _, text := range []string{"un", "deux", "trois"} {
		must(t, http.StatusCreated, call(t, h, "POST", "/v1/notes", `{"text":"`+text+`"}`))
	}
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/settle", ""))
	if heard := g.all(); len(heard) != 6 || !slices.Contains(heard, "ledger trois") {
		t.Errorf("settled after %v", heard)
	}
}

func TestRefusedChangesAreRetriedInOrderThenGivenUp(t *testing.T) {
	h, g := open(t, Options{})
	g.refuses["passe"], g.refuses["jamais"] = 2, 1000
	for _, text := range []string{"avant", "passe", "jamais", "après"} {
		must(t, http.StatusCreated, call(t, h, "POST", "/v1/notes", `{"text":"`+text+`"}`))
	}
	must(t, http.StatusOK, call(t, h, "POST", "/_dev/settle", ""))
	heard := slices.DeleteFunc(g.all(), func(s string) bool { return strings.HasPrefix(s, "ledger") })
	if want := []string{"avant", "passe", "après"}; !slices.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	if left := 1000 - g.refuses["jamais"]; left != maxAttempts {
		t.Errorf("%d attempts, want %d", left, maxAttempts)
	}
	w := call(t, h, "GET", "/_dev/dead-letters", "")
	var dead []letter
	if err := json.Unmarshal(w.Body.Bytes(), &dead); err != nil || len(dead) != 1 || dead[0].Function != "guestbook" || dead[0].Table != function.Allies {
		t.Errorf("dead letters %s (%v)", w.Body, err)
	}
	if bytes.Contains(w.Body.Bytes(), []byte("jamais")) {
		t.Error("a dead letter shows what the change holds")
	}
}
