package function

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

type service struct{}

func handle(*service, http.ResponseWriter, *http.Request) error { return nil }

func (*service) consume(context.Context, events.DynamoDBEventRecord) error { return nil }

func spec(change func(*Spec[service])) Spec[service] {
	s := Spec[service]{
		Name: "essay", Purpose: "Tries.", Memory: 128, Timeout: time.Second,
		Open: func(Runtime) (*service, error) { return &service{}, nil },
		Routes: []Route[service]{
			{Method: http.MethodGet, Path: "/v1/x", Access: Public, Handle: handle, Doc: Doc{Summary: "Reads."}},
		},
	}
	if change != nil {
		change(&s)
	}
	return s
}

func route(method, path string, access Access) Route[service] {
	return Route[service]{Method: method, Path: path, Access: access, Handle: handle, Doc: Doc{Summary: "Does."}}
}

func notice(source string, detailTypes ...string) Notice[service] {
	return Notice[service]{Name: "news", Source: source, DetailTypes: detailTypes,
		Receive: func(*service, context.Context, events.EventBridgeEvent) error { return nil }}
}

func stream(prefixes ...KeyPrefix) Stream[service] {
	return Stream[service]{Table: Allies, Prefixes: prefixes, Consume: (*service).consume}
}

func TestADeclarationThatContradictsItselfPanics(t *testing.T) {
	for name, change := range map[string]func(*Spec[service]){
		"no name":             func(s *Spec[service]) { s.Name = "" },
		"no purpose":          func(s *Spec[service]) { s.Purpose = "" },
		"too little memory":   func(s *Spec[service]) { s.Memory = 64 },
		"no time":             func(s *Spec[service]) { s.Timeout = 0 },
		"more than Lambda's":  func(s *Spec[service]) { s.Timeout = 16 * time.Minute },
		"the same route":      func(s *Spec[service]) { s.Routes = append(s.Routes, route("GET", "/v1/x", Public)) },
		"a route for nobody":  func(s *Spec[service]) { s.Routes = append(s.Routes, route("GET", "/v1/y", 0)) },
		"a route unexplained": func(s *Spec[service]) { s.Routes[0].Doc.Summary = "" },
		"the same schedule": func(s *Spec[service]) {
			s.Schedules = []Schedule[service]{{Name: "a", When: Daily(1, 0)}, {Name: "a", When: Daily(2, 0)}}
		},
		"the same stream": func(s *Spec[service]) {
			s.Streams = []Stream[service]{{Table: Allies, Consume: (*service).consume}, {Table: Allies, Consume: (*service).consume}}
		},
		"a secret changed and not declared": func(s *Spec[service]) { s.Rotates = []Secret{PartnerSecret("x")} },
		"too much memory":                   func(s *Spec[service]) { s.Memory = 20_000 },
		"access unknown":                    func(s *Spec[service]) { s.Routes[0].Access = PublicOrTeam + 1 },
		"no path":                           func(s *Spec[service]) { s.Routes[0].Path = "v1/x" },
		"a method in small":                 func(s *Spec[service]) { s.Routes[0].Method = "get" },
		"HEAD, which GET answers": func(s *Spec[service]) {
			s.Routes[0].Method = http.MethodHead
		},
		"a path cut in two": func(s *Spec[service]) { s.Routes[0].Path = "/v1/{x" },
		"routes alike": func(s *Spec[service]) {
			s.Routes = append(s.Routes, route("GET", "/{a}/x", Public), route("GET", "/v1/{b}", Public))
		},
		"the same notice":           func(s *Spec[service]) { s.Notices = []Notice[service]{notice("aws.ses", "A"), notice("aws.ses", "B")} },
		"a notice of anybody":       func(s *Spec[service]) { s.Notices = []Notice[service]{notice("", "A")} },
		"a notice of anything":      func(s *Spec[service]) { s.Notices = []Notice[service]{notice("aws.ses")} },
		"a notice of something":     func(s *Spec[service]) { s.Notices = []Notice[service]{notice("aws.ses", "")} },
		"a filter of no key":        func(s *Spec[service]) { s.Streams = []Stream[service]{stream(KeyPrefix{"name", "A"})} },
		"a filter of everything":    func(s *Spec[service]) { s.Streams = []Stream[service]{stream(KeyPrefix{"pk", ""})} },
		"no right":                  func(s *Spec[service]) { s.Tables = []Use{{Allies, 0}} },
		"a right unknown":           func(s *Spec[service]) { s.Tables = []Use{{Allies, Count + 1}} },
		"a setting that it has":     func(s *Spec[service]) { s.Settings = []Setting{CORSOrigins} },
		"a setting without a name":  func(s *Spec[service]) { s.Settings = []Setting{{}} },
		"a schedule without time":   func(s *Spec[service]) { s.Schedules = []Schedule[service]{{Name: "a"}} },
		"a schedule at no hour":     func(s *Spec[service]) { s.Schedules = []Schedule[service]{{Name: "a", When: Daily(24, 0)}} },
		"a schedule without a name": func(s *Spec[service]) { s.Schedules = []Schedule[service]{{When: Daily(1, 0)}} },
		"the same table":            func(s *Spec[service]) { s.Tables = []Use{{Allies, Read}, {Allies, ReadWrite}} },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if reason, _ := recover().(string); !strings.HasPrefix(reason, "function ") {
					t.Errorf("panic %q", reason)
				}
			}()
			Define(spec(change))
			t.Error("it is taken")
		})
	}
}

// TestWhatFollowsIsDerived from what is declared, and only then.
func TestWhatFollowsIsDerived(t *testing.T) {
	plain := Define(spec(nil))
	if len(plain.Tables)+len(plain.Secrets) > 0 || plain.Erases || len(plain.Streams) > 0 || names(plain.Settings) != "CORS_ORIGINS" {
		t.Errorf("%+v", plain)
	}
	for _, access := range []Access{Public, Link} {
		posts := Define(spec(func(s *Spec[service]) {
			s.Routes = append(s.Routes, route("POST", "/v1/x", access))
			s.Secrets = []Secret{IdentityKey}
		}))
		if !slices.Contains(posts.Tables, Use{Limits, Count}) || len(posts.Secrets) != 1 || names(posts.Settings) != "CORS_ORIGINS RATE_LIMIT_PER_MINUTE" {
			t.Errorf("%s: %+v", access, posts)
		}
	}
	for _, access := range []Access{Mine, Provider, Team, Admin} {
		f := Define(spec(func(s *Spec[service]) { s.Routes = append(s.Routes, route("POST", "/v1/x", access)) }))
		team := access == Team || access == Admin
		if slices.Contains(f.Tables, Use{Members, Read}) != team || slices.Contains(f.Secrets, IdentityKey) != team ||
			strings.Contains(names(f.Settings), "OIDC_ISSUER") != team {
			t.Errorf("%s: %+v", access, f)
		}
	}
	queued := Define(Spec[service]{Name: "q", Purpose: "Q.", Memory: 128, Timeout: time.Second})
	if len(queued.Settings) > 0 {
		t.Errorf("no route: %v", queued.Settings)
	}
}

func names(settings []Setting) string {
	var all []string
	for _, s := range settings {
		all = append(all, s.Name)
	}
	return strings.Join(all, " ")
}

// An eraser hears of requests in the personal tables that it owns.
func TestErasersListenToTheirOwnTables(t *testing.T) {
	erase := func(*service, context.Context, string, time.Time) error { return nil }
	f := Define(spec(func(s *Spec[service]) {
		s.Tables = []Use{{Allies, ReadAppend}, {Mails, ReadWrite}, {Ledger, Append}}
		s.Streams = []Stream[service]{{Table: Allies, Prefixes: []KeyPrefix{{"sk", "MAIL#"}}, Consume: (*service).consume}}
		s.Erase = erase
	}))
	if !f.Erases || len(f.Streams) != 2 || len(f.Streams[0].Prefixes) != 1 ||
		f.Streams[1].Table != Mails || !slices.Equal(f.Streams[1].Prefixes, []KeyPrefix{{"sk", "ERASURE"}}) {
		t.Errorf("%+v", f.Streams)
	}
	own := Define(spec(func(s *Spec[service]) {
		s.Tables = []Use{{Allies, ReadWrite}}
		s.Streams = []Stream[service]{{Table: Allies, Prefixes: []KeyPrefix{{"sk", "MAIL#"}}, Consume: (*service).consume}}
		s.Erase = erase
	}))
	if len(own.Streams) != 1 || !slices.Equal(own.Streams[0].Prefixes, []KeyPrefix{{"sk", "MAIL#"}, {"sk", "ERASURE"}}) {
		t.Errorf("%+v", own.Streams)
	}
}

// No right may do more than it says: the roles on AWS are made of these.
func TestRightsAreNarrow(t *testing.T) {
	for right, forbidden := range map[Right][]string{
		Read:       {"Put", "Update", "Delete", "Scan", "*"},
		ReadAppend: {"Update", "Delete", "Scan", "*"},
		ReadWrite:  {"Scan", "*", "Table"},
		Append:     {"Get", "Query", "Update", "Delete", "Scan", "*"},
		Count:      {"Get", "Query", "Put", "Delete", "Scan", "*"},
	} {
		actions := right.Actions()
		if len(actions) == 0 {
			t.Errorf("right %d does nothing", right)
		}
		for _, action := range actions {
			for _, word := range forbidden {
				if strings.Contains(action, word) {
					t.Errorf("right %d may %s", right, action)
				}
			}
		}
	}
}

func TestGETAnswersHEADToo(t *testing.T) {
	if got := (RouteInfo{Method: "GET"}).Methods(); !slices.Equal(got, []string{"GET", "HEAD"}) {
		t.Errorf("%v", got)
	}
	if got := (RouteInfo{Method: "POST"}).Methods(); !slices.Equal(got, []string{"POST"}) {
		t.Errorf("%v", got)
	}
}

// What a function adds to its lists never ends in one that declarations share.
func TestDeclarationsShareTheirListsUnharmed(t *testing.T) {
	settings := append(make([]Setting, 0, 8), PublicURL)
	tables := append(make([]Use, 0, 8), Use{Allies, Read})
	secrets := append(make([]Secret, 0, 8), LinkKey)
	posts := func(path string) *Function {
		return Define(spec(func(s *Spec[service]) {
			s.Settings, s.Tables, s.Secrets = settings, tables, secrets
			s.Routes = []Route[service]{route("POST", path, Public)}
		}))
	}
	posts("/v1/a")
	if settings[:2][1] != (Setting{}) || tables[:2][1] != (Use{}) || secrets[:2][1] != "" {
		t.Errorf("%v %v %v", settings[:2], tables[:2], secrets[:2])
	}
}

// A declaration that has no code to run does not open.
func TestWhatIsDeclaredHasCodeToRun(t *testing.T) {
	for name, change := range map[string]func(*Spec[service]){
		"no service": func(s *Spec[service]) { s.Open = nil },
		"a route":    func(s *Spec[service]) { s.Routes[0].Handle = nil },
		"a schedule": func(s *Spec[service]) { s.Schedules = []Schedule[service]{{Name: "a", When: Daily(1, 0)}} },
		"a stream":   func(s *Spec[service]) { s.Streams = []Stream[service]{{Table: Allies}} },
		"a notice": func(s *Spec[service]) {
			s.Notices = []Notice[service]{{Name: "n", Source: "aws.ses", DetailTypes: []string{"A"}}}
		},
	} {
		if running, err := Define(spec(change)).Open(Runtime{}); err == nil {
			t.Errorf("%s: %+v", name, running)
		}
	}
}

func opened(t *testing.T, change func(*Spec[service])) *Running {
	t.Helper()
	done := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	t.Cleanup(done.Close)
	running, err := Define(spec(change)).Open(Runtime{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, ReadSetting: func(string) string { return "" },
		Dynamo: dynamodb.New(dynamodb.Options{Region: "local", BaseEndpoint: &done.URL, Credentials: aws.AnonymousCredentials{}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return running
}

// TestOnlyWhatIsDeclaredIsAnswered by the route that fits best.
func TestOnlyWhatIsDeclaredIsAnswered(t *testing.T) {
	named := func(name string) func(*service, http.ResponseWriter, *http.Request) error {
		return func(_ *service, w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Route", name+" "+r.PathValue("id"))
			return nil
		}
	}
	running := opened(t, func(s *Spec[service]) {
		s.Routes = nil
		for method, paths := range map[string][]string{"GET": {"/", "/v1/things/{id}", "/v1/things/count", Default}, "DELETE": {"/v1/things/{id}"}} {
			for _, path := range paths {
				r := route(method, path, Provider)
				r.Handle = named(method + " " + path)
				s.Routes = append(s.Routes, r)
			}
		}
	})
	for _, c := range []struct{ method, path, route string }{
		{"GET", "/", "GET / "},
		{"HEAD", "/", "GET / "},
		{"GET", "/v1/things/7", "GET /v1/things/{id} 7"},
		{"HEAD", "/v1/things/7", "GET /v1/things/{id} 7"},
		{"GET", "/v1/things/a%2Fb", "GET /v1/things/{id} a/b"},
		{"GET", "/v1/things/count", "GET /v1/things/count "},
		{"DELETE", "/v1/things/7", "DELETE /v1/things/{id} 7"},
		{"GET", "/elsewhere", "GET $default "},
	} {
		w := httptest.NewRecorder()
		running.HTTP.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if got := w.Header().Get("Route"); got != c.route {
			t.Errorf("%s %s is answered by %q, not %q", c.method, c.path, got, c.route)
		}
	}
}

// TestAPathSaysWhichMethodsItTakes, as a gateway sends it every request to it.
func TestAPathSaysWhichMethodsItTakes(t *testing.T) {
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	running := opened(t, func(s *Spec[service]) {
		s.Routes = []Route[service]{
			route("GET", "/v1/me", Provider), route("PATCH", "/v1/me", Provider), route("POST", "/v1/things", Provider),
			route("GET", "/v1/things/{id}", Provider), route("GET", "/", Public), route("GET", Default, Public),
		}
		s.Routes[4].Doc.Page = true
	})
	for _, c := range []struct {
		name, method, path, accept string
		status                     int
		allow, mediaType, says     string
	}{
		{"a call that only posts", "GET", "/v1/things", "", 405, "POST, OPTIONS", web.ProblemType, `"code":"method-not-allowed"`},
		{"head of a call that only posts", "HEAD", "/v1/things", "", 405, "POST, OPTIONS", web.ProblemType, ""},
		{"a call of several methods", "PUT", "/v1/me", "", 405, "GET, HEAD, PATCH, OPTIONS", web.ProblemType, `"status":405`},
		{"a path with a variable", "DELETE", "/v1/things/7", "", 405, "GET, HEAD, OPTIONS", web.ProblemType, `"code":"method-not-allowed"`},
		{"an unknown method", "BREW", "/v1/me", "", 405, "GET, HEAD, PATCH, OPTIONS", web.ProblemType, `"code":"method-not-allowed"`},
		{"a browser at a call", "DELETE", "/v1/me", browser, 405, "GET, HEAD, PATCH, OPTIONS", web.ProblemType, `"code":"method-not-allowed"`},
		{"a browser at a page", "POST", "/", browser, 405, "GET, HEAD, OPTIONS", "text/html; charset=utf-8", "Cette action n’est pas possible ici"},
		{"a program at a page", "POST", "/", "", 405, "GET, HEAD, OPTIONS", web.ProblemType, `"code":"method-not-allowed"`},
		{"the options of a call", "OPTIONS", "/v1/me", "", 204, "GET, HEAD, PATCH, OPTIONS", "", ""},
		{"the options of a page", "OPTIONS", "/", "", 204, "GET, HEAD, OPTIONS", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.path, nil)
			r.Header.Set("Accept", c.accept)
			w := httptest.NewRecorder()
			running.HTTP.ServeHTTP(w, r)
			if w.Code != c.status || w.Header().Get("Allow") != c.allow || w.Header().Get("Content-Type") != c.mediaType {
				t.Errorf("%d, Allow %q, %q; want %d, %q, %q", w.Code, w.Header().Get("Allow"), w.Header().Get("Content-Type"), c.status, c.allow, c.mediaType)
			}
			if c.method != http.MethodHead && !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("says %s, not %s", w.Body, c.says)
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "" || w.Code >= 400 && w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

func TestPathsGatherRoutes(t *testing.T) {
	f := Define(spec(func(s *Spec[service]) {
		s.Routes = []Route[service]{route("GET", "/x", Public), route("GET", Default, Public), route("POST", "/x", Public)}
		s.Routes[2].Doc.Page = true
	}))
	want := []Path{{"/x", []string{"GET", "HEAD", "POST"}, true}, {Default, []string{"GET", "HEAD"}, false}}
	if got := f.Paths(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, not %+v", got, want)
	}
	if keys := f.Paths()[0].Key() + ", " + f.Paths()[1].Key(); keys != "ANY /x, $default" {
		t.Error(keys)
	}
}

// A request to be erased goes to the eraser, and all else to the consumer.
func TestRequestsToBeErasedGoToTheEraser(t *testing.T) {
	requested := time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC)
	var erased, consumed []string
	running := opened(t, func(s *Spec[service]) {
		s.Tables = []Use{{Allies, ReadWrite}, {Mails, ReadWrite}}
		s.Streams = []Stream[service]{{Table: Allies, Consume: func(_ *service, _ context.Context, r events.DynamoDBEventRecord) error {
			consumed = append(consumed, r.Change.Keys["sk"].String())
			return nil
		}}}
		s.Erase = func(_ *service, _ context.Context, person string, at time.Time) error {
			if !at.Equal(requested) {
				t.Errorf("requested %s", at)
			}
			erased = append(erased, person)
			return nil
		}
	})
	record := func(sk string) events.DynamoDBEventRecord {
		return events.DynamoDBEventRecord{EventName: "INSERT", Change: events.DynamoDBStreamRecord{
			Keys:     map[string]events.DynamoDBAttributeValue{"pk": events.NewStringAttribute("PERSON#abc"), "sk": events.NewStringAttribute(sk)},
			NewImage: map[string]events.DynamoDBAttributeValue{"requested_at": events.NewStringAttribute(requested.Format(time.RFC3339Nano))},
		}}
	}
	for _, table := range []Table{Allies, Mails} { // Mails for erasures alone
		for _, sk := range []string{"ERASURE", "ALLY#1"} {
			if err := running.Streams[table](t.Context(), record(sk)); err != nil {
				t.Error(err)
			}
		}
	}
	if !slices.Equal(erased, []string{"abc", "abc"}) || !slices.Equal(consumed, []string{"ALLY#1"}) {
		t.Errorf("erased %v, consumed %v", erased, consumed)
	}
}
