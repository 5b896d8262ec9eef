package function

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

type service struct{}

func handle(*service, http.ResponseWriter, *http.Request) error { return nil }

func consume(*service, context.Context, events.DynamoDBEventRecord) error { return nil }

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
			s.Streams = []Stream[service]{{Table: Allies, Consume: consume}, {Table: Allies, Consume: consume}}
		},
		"the same table": func(s *Spec[service]) { s.Tables = []Use{{Allies, Read}, {Allies, ReadWrite}} },
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
	posts := Define(spec(func(s *Spec[service]) {
		s.Routes = append(s.Routes, route("POST", "/v1/x", Public))
		s.Secrets = []Secret{IdentityKey}
	}))
	if !slices.Contains(posts.Tables, Use{Limits, Count}) || len(posts.Secrets) != 1 || names(posts.Settings) != "CORS_ORIGINS RATE_LIMIT_PER_MINUTE" {
		t.Errorf("%+v", posts)
	}
	for _, access := range []Access{Mine, Link, Provider, Team, Admin} {
		f := Define(spec(func(s *Spec[service]) { s.Routes = append(s.Routes, route("POST", "/v1/x", access)) }))
		team := access == Team || access == Admin
		if len(f.Tables) > 0 || strings.Contains(names(f.Settings), "OIDC_ISSUER") != team {
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
		s.Streams = []Stream[service]{{Table: Allies, Prefixes: []KeyPrefix{{"sk", "MAIL#"}}, Consume: consume}}
		s.Erase = erase
	}))
	if !f.Erases || len(f.Streams) != 2 || len(f.Streams[0].Prefixes) != 1 ||
		f.Streams[1].Table != Mails || !slices.Equal(f.Streams[1].Prefixes, []KeyPrefix{{"sk", "ERASURE"}}) {
		t.Errorf("%+v", f.Streams)
	}
	own := Define(spec(func(s *Spec[service]) {
		s.Tables = []Use{{Allies, ReadWrite}}
		s.Streams = []Stream[service]{{Table: Allies, Prefixes: []KeyPrefix{{"sk", "MAIL#"}}, Consume: consume}}
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
