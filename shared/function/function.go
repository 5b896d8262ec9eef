// Package function says what a function of the platform is: one declaration
// of its routes, tables, schedules, streams and size, from which two hosts are
// built. The CDK app (infra/aws) makes Lambdas, grants, routes, schedules,
// stream mappings and alarms from it; the local host (infra/local) mounts the
// same handlers, ticks the same schedules and polls the same streams.
// What is not declared exists in neither.
package function

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fabrique-des-transitions/fabrique/shared/personal"
)

// Spec declares a function. S is the function's own service type: routes,
// schedules, streams and notices name its methods, so that a declaration and
// the code that it runs cannot part.
type Spec[S any] struct {
	Name    string        // one word, as its folder: "registration"
	Purpose string        // one English sentence, for operators
	Memory  int           // MiB; on Lambda, CPU follows memory
	Timeout time.Duration // of one invocation
	Tables  []Use
	Secrets []Secret
	// Rotates are those of the secrets that it may also change.
	Rotates []Secret
	Buckets []Bucket
	// Settings are the environment variables that it reads, with their defaults.
	Settings []Setting
	// SendsMail lets it send through the mail provider.
	SendsMail bool
	// MindsDeadLetters lets it count what all functions failed at for good, and
	// hand it to them again.
	MindsDeadLetters bool

	// Open makes the service. It must be quick: it runs before the first poll.
	Open func(Runtime) (*S, error)

	Routes    []Route[S]
	Schedules []Schedule[S]
	Streams   []Stream[S]
	Notices   []Notice[S]

	// Erase removes what the function's own tables hold on a person, for
	// every function that writes a table with personal data: items made
	// until the instant of the request, not those of someone who came back
	// since. It may run twice. The spine calls it for each request to leave.
	Erase func(s *S, ctx context.Context, person string, requested time.Time) error
}

// Route is one method and path, and the method of the service that answers.
type Route[S any] struct {
	Method string
	Path   string // as net/http's ServeMux and API Gateway write it: /v1/territories/{code}
	Access Access
	Doc    Doc
	Handle func(*S, http.ResponseWriter, *http.Request) error
}

// Schedule runs a method at set times, in Europe/Paris.
type Schedule[S any] struct {
	Name    string // "send-reminders"
	Purpose string
	When    When
	// Run gets the instant for which it was due. It may run twice or late.
	Run func(*S, context.Context, time.Time) error
}

// Stream delivers the changes of a table, at least once, in order for one
// item and in any order across items.
type Stream[S any] struct {
	Table Table
	// Prefixes keep only changes of items whose pk or sk begins so; the
	// filter runs before the function is invoked. Empty: all.
	Prefixes []KeyPrefix
	Consume  func(*S, context.Context, events.DynamoDBEventRecord) error
}

// KeyPrefix is a beginning of a key attribute, "pk" or "sk".
type KeyPrefix struct{ Attribute, Prefix string }

// Notice delivers events of another AWS service from the default event bus
// (a mail provider's bounces, say).
type Notice[S any] struct {
	Name   string
	Source string // "aws.ses"
	// DetailTypes are the events' names: "Email Bounced".
	DetailTypes []string
	Receive     func(*S, context.Context, events.EventBridgeEvent) error
}

// Setting is an environment variable with its default.
type Setting struct{ Name, Default, Purpose string }

// Function is a declaration whose service type is no longer visible: what
// hosts read. Make one with Define.
type Function struct {
	Name      string
	Purpose   string
	Memory    int
	Timeout   time.Duration
	Tables    []Use
	Secrets   []Secret
	Rotates   []Secret
	Buckets   []Bucket
	Settings  []Setting
	SendsMail bool
	// MindsDeadLetters: it is given what all functions failed at for good.
	MindsDeadLetters bool

	Routes    []RouteInfo
	Schedules []ScheduleInfo
	Streams   []StreamInfo
	Notices   []NoticeInfo
	Erases    bool // it removes a person's data on request
	// Open starts the function: a host calls it once.
	Open func(Runtime) (*Running, error)
}

// RouteInfo is a declared route as hosts and documents read it.
type RouteInfo struct {
	Method, Path string
	Access       Access
	Doc          Doc
}

// Pattern is the route as net/http's ServeMux wants it: "GET /v1/charter".
func (r RouteInfo) Pattern() string { return r.Method + " " + r.Path }

// ScheduleInfo is a declared schedule as hosts read it.
type ScheduleInfo struct {
	Name, Purpose string
	When          When
}

// StreamInfo is a declared stream as hosts read it.
type StreamInfo struct {
	Table    Table
	Prefixes []KeyPrefix
}

// NoticeInfo is a declared notice as hosts read it.
type NoticeInfo struct {
	Name, Source string
	DetailTypes  []string
}

// Running is an opened function, ready for a host's calls.
type Running struct {
	// HTTP answers the declared routes, and only them.
	HTTP http.Handler
	// Schedules, by name.
	Schedules map[string]func(context.Context, time.Time) error
	// Streams, by table.
	Streams map[Table]func(context.Context, events.DynamoDBEventRecord) error
	// Notices, by name.
	Notices map[string]func(context.Context, events.EventBridgeEvent) error
}

// Define checks a declaration and hides its service type. It panics on a
// declaration that contradicts itself, which a programmer must see at once.
func Define[S any](spec Spec[S]) *Function {
	f := &Function{
		Name: spec.Name, Purpose: spec.Purpose, Memory: spec.Memory, Timeout: spec.Timeout,
		// Clipped, so that what is added below never ends in a list that a declaration shares.
		Tables: slices.Clip(spec.Tables), Secrets: slices.Clip(spec.Secrets), Settings: slices.Clip(spec.Settings),
		Rotates: spec.Rotates, Buckets: spec.Buckets, SendsMail: spec.SendsMail, MindsDeadLetters: spec.MindsDeadLetters,
	}
	for _, r := range spec.Routes {
		f.Routes = append(f.Routes, RouteInfo{r.Method, r.Path, r.Access, r.Doc})
	}
	for _, s := range spec.Schedules {
		f.Schedules = append(f.Schedules, ScheduleInfo{s.Name, s.Purpose, s.When})
	}
	for _, s := range spec.Streams {
		f.Streams = append(f.Streams, StreamInfo{s.Table, s.Prefixes})
	}
	for _, n := range spec.Notices {
		f.Notices = append(f.Notices, NoticeInfo{n.Name, n.Source, n.DetailTypes})
	}
	for _, b := range f.Buckets {
		f.Settings = append(f.Settings, b.Setting())
	}
	if len(f.Buckets) > 0 {
		f.Settings = append(f.Settings, StorageEndpoint)
	}
	if f.MindsDeadLetters {
		f.Settings = append(f.Settings, DeadLetterQueues)
	}
	if len(f.Routes) > 0 {
		f.Settings = append(f.Settings, CORSOrigins)
	}
	if f.limitsPosts() {
		f.Tables = append(f.Tables, Use{Limits, Count})
		if !slices.Contains(f.Secrets, IdentityKey) {
			f.Secrets = append(f.Secrets, IdentityKey)
		}
		f.Settings = append(f.Settings, RateLimit)
	}
	if f.guardsTeam() {
		f.Settings = append(f.Settings, OIDCIssuer, OIDCAudience, OIDCRoleClaim)
		f.readMembers()
	}
	if spec.Erase != nil {
		f.listenForErasures()
	}
	if err := f.check(); err != nil {
		panic("function " + spec.Name + ": " + err.Error())
	}
	f.Open = func(rt Runtime) (*Running, error) { return open(spec, f, rt) }
	return f
}

// listenForErasures adds requests to be erased to what the function hears of
// the personal tables that it owns.
func (f *Function) listenForErasures() {
	f.Erases = true
	request := KeyPrefix{"sk", personal.ErasureSK}
	for _, u := range f.Tables {
		if definition, err := u.Table.Define(); err == nil && definition.Personal && u.Right == ReadWrite {
			f.listen(u.Table, request)
		}
	}
}

// listen adds a prefix to the stream of a table, or the stream.
func (f *Function) listen(table Table, prefix KeyPrefix) {
	for i, s := range f.Streams {
		if s.Table == table {
			if len(s.Prefixes) > 0 { // none means that it hears everything already
				f.Streams[i].Prefixes = append(s.Prefixes[:len(s.Prefixes):len(s.Prefixes)], prefix)
			}
			return
		}
	}
	f.Streams = append(f.Streams, StreamInfo{table, []KeyPrefix{prefix}})
}

// limitsPosts tells whether a visitor may post here without an account.
func (f *Function) limitsPosts() bool {
	for _, r := range f.Routes {
		if r.RateLimited() {
			return true
		}
	}
	return false
}

func (f *Function) guardsTeam() bool {
	for _, r := range f.Routes {
		if r.Access == Team || r.Access == Admin || r.Access == PublicOrTeam {
			return true
		}
	}
	return false
}

// readMembers adds what a session is checked with, and whoever holds a token
// of the issuer, unless it is declared.
func (f *Function) readMembers() {
	if !slices.ContainsFunc(f.Tables, func(u Use) bool { return u.Table == Members }) {
		f.Tables = append(f.Tables, Use{Members, Read})
	}
	for _, secret := range []Secret{LinkKey, IdentityKey} {
		if !slices.Contains(f.Secrets, secret) {
			f.Secrets = append(f.Secrets, secret)
		}
	}
}

// RateLimited tells whether a client address may only call this route so many
// times a minute: every public route that changes something, and every one by a
// link, which anyone can ask us for.
func (r RouteInfo) RateLimited() bool {
	return (r.Access == Public || r.Access == Link) && r.Method != http.MethodGet && r.Method != http.MethodHead
}
