package function

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/personal"
	"github.com/fabrique-des-transitions/fabrique/shared/signin"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// Runtime is what a host gives to a function: everything that comes from
// outside, so that a test can give something exact instead.
type Runtime struct {
	AWS    aws.Config       // for clients of services that only one function calls
	Dynamo *dynamodb.Client // with its endpoint, deadlines and retries set
	// TableName is the physical name of a table; a table is named by its area when nil.
	TableName func(Table) string
	Now       func() time.Time
	Random    io.Reader // cryptographically secure outside of tests
	// ReadSecret fetches a secret; hosts cache it for a few minutes.
	ReadSecret func(context.Context, Secret) ([]byte, error)
	// RotateSecret changes a secret that the function declares in Rotates.
	// change is given what is kept now, from no cache, and returns what shall be;
	// when that is the same, nothing is written.
	RotateSecret func(ctx context.Context, s Secret, change func(kept []byte) ([]byte, error)) error
	// DeadLetters are those of all functions. They are nil for a function that
	// does not declare MindsDeadLetters.
	DeadLetters DeadLetters
	// ReadSetting reads an environment variable, empty when it is not set.
	ReadSetting func(name string) string
	Log         *slog.Logger
}

// Table is the store of one table.
func (rt Runtime) Table(t Table) dynamo.Table {
	name := string(t)
	if rt.TableName != nil {
		name = rt.TableName(t)
	}
	return dynamo.Table{Client: rt.Dynamo, Name: name}
}

// Setting is the value of a setting, or its default.
func (rt Runtime) Setting(s Setting) string {
	if value := rt.ReadSetting(s.Name); value != "" {
		return value
	}
	return s.Default
}

// Sessions are those of the team in browsers. The function must declare the
// table Members and the secrets LinkKey and IdentityKey; a route of the team
// declares them by itself.
func (rt Runtime) Sessions() signin.Sessions {
	return signin.Sessions{
		Links:    auth.Links{Key: rt.Key(LinkKey), Now: rt.Now},
		Identity: rt.Key(IdentityKey), Members: rt.Table(Members), Now: rt.Now,
	}
}

// Key reads a secret each time it is called, as packages auth and dynamo want it.
func (rt Runtime) Key(s Secret) auth.Key {
	return func(ctx context.Context) ([]byte, error) { return rt.ReadSecret(ctx, s) }
}

// ID makes an identifier with this prefix, sorted by time: "ally_01J…".
func (rt Runtime) ID(prefix string) string { return dynamo.ID(prefix, rt.Now(), rt.Random) }

// open makes the service and binds the declared methods to it.
func open[S any](spec Spec[S], f *Function, rt Runtime) (*Running, error) {
	if err := spec.complete(); err != nil {
		return nil, err
	}
	rt.Log = rt.Log.With("function", spec.Name)
	if !spec.MindsDeadLetters {
		rt.DeadLetters = nil
	}
	service, err := spec.Open(rt)
	if err != nil {
		return nil, err
	}
	running := &Running{
		Schedules: map[string]func(context.Context, time.Time) error{},
		Streams:   map[Table]func(context.Context, events.DynamoDBEventRecord) error{},
		Notices:   map[string]func(context.Context, events.EventBridgeEvent) error{},
	}
	answers := map[string]http.Handler{} // by method and path
	guard := newGuard(f, rt)
	for i, route := range spec.Routes {
		handle := guard.wrap(f.Routes[i], func(w http.ResponseWriter, r *http.Request) error {
			return route.Handle(service, w, r)
		})
		for _, method := range f.Routes[i].Methods() {
			answers[method+" "+route.Path] = web.Serve(handle, route.Doc.Page, rt.Log)
		}
	}
	mux := http.NewServeMux()
	for _, p := range f.Paths() {
		rest := web.Serve(p.refuse, p.Page, rt.Log)
		if p.Path == Default {
			rest = answers[p.Methods[0]+" "+Default]
		}
		mux.HandleFunc(p.muxPattern(), func(w http.ResponseWriter, r *http.Request) {
			if answer := answers[r.Method+" "+p.Path]; answer != nil {
				answer.ServeHTTP(w, r)
				return
			}
			rest.ServeHTTP(w, r)
		})
	}
	running.HTTP = web.Secure(mux, rt.Setting(CORSOrigins))
	for _, s := range spec.Schedules {
		running.Schedules[s.Name] = func(ctx context.Context, due time.Time) error { return s.Run(service, ctx, due) }
	}
	for _, s := range spec.Streams {
		running.Streams[s.Table] = func(ctx context.Context, record events.DynamoDBEventRecord) error {
			return s.Consume(service, ctx, record)
		}
	}
	if spec.Erase != nil {
		for _, u := range f.Streams {
			running.Streams[u.Table] = erasing(running.Streams[u.Table], func(ctx context.Context, person string, requested time.Time) error {
				if err := spec.Erase(service, ctx, person, requested); err != nil {
					return err
				}
				return noteErased(ctx, rt, rt.Table(u.Table), person, requested)
			})
		}
	}
	for _, n := range spec.Notices {
		running.Notices[n.Name] = func(ctx context.Context, event events.EventBridgeEvent) error {
			return n.Receive(service, ctx, event)
		}
	}
	return running, nil
}

// erasing takes requests to be erased out of what a consumer is given, which
// is nil when the function listens for nothing else.
func erasing(consume func(context.Context, events.DynamoDBEventRecord) error,
	erase func(context.Context, string, time.Time) error,
) func(context.Context, events.DynamoDBEventRecord) error {
	return func(ctx context.Context, record events.DynamoDBEventRecord) error {
		if person, requested, ok := personal.ErasureIn(record); ok {
			return erase(ctx, person, requested)
		}
		if consume == nil {
			return nil
		}
		return consume(ctx, record)
	}
}

// noteErased notes in a table that a request was carried out, unless it is
// gone or was made anew since.
func noteErased(ctx context.Context, rt Runtime, table dynamo.Table, person string, requested time.Time) error {
	var writes dynamo.Writes
	writes.Add(personal.Erased(table, person, requested, rt.Now()))
	err := writes.Commit(ctx, table.Client)
	var refused *dynamo.Refused
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// Default is the path of the route that answers whatever no other does
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html).
const Default = "$default"

// Methods are those that the route answers: a GET answers HEAD as well.
func (r RouteInfo) Methods() []string {
	if r.Method == http.MethodGet {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{r.Method}
}

// Path is a declared path with the methods of all its routes. It is what a
// gateway routes by: an API has 300 routes at most unless AWS is asked for
// more, and a stack 500 resources
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
type Path struct {
	Path    string
	Methods []string
	Page    bool // people see what one of its routes answers
}

// Key is the path as a gateway's route: "ANY /v1/me", or "$default".
func (p Path) Key() string {
	if p.Path == Default {
		return Default
	}
	return "ANY " + p.Path
}

func (p Path) muxPattern() string {
	switch p.Path {
	case Default:
		return "/"
	case "/":
		return "/{$}" // the home page alone, not all that is below
	}
	return p.Path
}

// Paths are those of the function's routes, each once.
func (f *Function) Paths() (paths []Path) {
	at := map[string]int{}
	for _, r := range f.Routes {
		i, known := at[r.Path]
		if !known {
			i, at[r.Path] = len(paths), len(paths)
			paths = append(paths, Path{Path: r.Path})
		}
		paths[i].Methods = append(paths[i].Methods, r.Methods()...)
		paths[i].Page = paths[i].Page || r.Doc.Page
	}
	return paths
}

// refuse answers what a path does not take. OPTIONS asks for what it does
// (https://www.rfc-editor.org/rfc/rfc9110#section-9.3.7); what browsers ask
// before a cross-origin call from an allowed origin is answered before.
func (p Path) refuse(w http.ResponseWriter, r *http.Request) error {
	allow := strings.Join(append(slices.Sorted(slices.Values(p.Methods)), http.MethodOptions), ", ")
	if r.Method == http.MethodOptions {
		w.Header().Set("Allow", allow)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	refused := fault.New(fault.NotAllowed, "method-not-allowed", "Cette adresse existe, mais ne prend pas cette méthode.")
	refused.Allow = allow
	return refused
}
