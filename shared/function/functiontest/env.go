// Package functiontest opens functions on a real DynamoDB engine, with a clock
// that a test sets, ids that repeat from run to run, a count of the capacity
// that calls consume, and faults that a test asks for. Only tests import it.
package functiontest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/engine"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// Env is one test's world: its own empty tables in the engine that the test
// process shares, and everything else that a function gets from its host.
type Env struct {
	// Clock is what functions read; it stands still until the test moves it.
	Clock *Clock
	// Settings are the environment variables that functions read. The limit
	// of posts per minute is off unless the test sets it.
	Settings map[string]string
	// Secrets are given to functions; one that is not set is made from its name.
	Secrets map[function.Secret][]byte
	// DeadLetters are what was given up; there is nothing unless the test adds it.
	DeadLetters *Letters
	// Client reaches the tables directly: it counts nothing and meets no fault.
	Client *dynamodb.Client

	t        testing.TB
	prefix   string
	counted  *dynamodb.Client // the one that functions get
	calls    *calls
	random   *random
	opened   []*opened
	readFrom aws.Config
}

type opened struct {
	function *function.Function
	running  *function.Running
	readers  map[function.Table]*reader
}

// started is the one engine of this test process; it dies with the process.
var started = sync.OnceValues(func() (*engine.Engine, error) {
	return engine.Start(context.Background(), engine.Options{})
})

var made atomic.Int64

// New makes a world with empty tables, removed when the test ends. The first
// in a process starts the engine.
func New(t testing.TB) *Env {
	t.Helper()
	shared, err := started()
	if err != nil {
		t.Fatal(err)
	}
	cfg := shared.Config()
	e := &Env{
		Clock:       &Clock{now: time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC)},
		Settings:    map[string]string{function.RateLimit.Name: "0"},
		Secrets:     map[function.Secret][]byte{},
		DeadLetters: &Letters{},
		Client:      dynamodb.NewFromConfig(cfg),
		t:           t, prefix: fmt.Sprintf("t%d-%06x-", made.Add(1), rand.N(1<<24)),
		random: newRandom(t.Name()), readFrom: cfg,
	}
	e.calls = &calls{next: cfg.HTTPClient.(*http.Client).Transport, prefix: e.prefix}
	e.counted = dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.HTTPClient = &http.Client{Transport: e.calls, Timeout: 10 * time.Second}
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = 4, 5*time.Millisecond // as on Lambda, but quick
		})
	})
	if err := engine.CreateTables(t.Context(), e.Client, withoutExpiry(), e.TableName); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.deleteTables)
	return e
}

// withoutExpiry are the tables without their time to live: the clock of a test
// stands in the past, and an engine that goes by its own would take away what
// the test has just written.
func withoutExpiry() []function.Definition {
	definitions := slices.Clone(function.Definitions)
	for i := range definitions {
		definitions[i].TTL = false
	}
	return definitions
}

func (e *Env) deleteTables() {
	for _, d := range function.Definitions {
		if _, err := e.Client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: aws.String(e.TableName(d.Table))}); err != nil {
			e.t.Errorf("delete table: %v", err)
		}
	}
}

// TableName is the name of a table in the engine.
func (e *Env) TableName(t function.Table) string { return e.prefix + string(t) }

// Runtime is what functions of this world are opened with.
func (e *Env) Runtime() function.Runtime {
	cfg := e.readFrom.Copy()
	cfg.BaseEndpoint = nil // other services are not there: a test gives its own client
	return function.Runtime{
		AWS: cfg, Dynamo: e.counted, TableName: e.TableName,
		Now: e.Clock.Now, Random: e.random,
		ReadSecret: func(_ context.Context, s function.Secret) ([]byte, error) { return e.secret(s), nil },
		RotateSecret: func(_ context.Context, s function.Secret, change func([]byte) ([]byte, error)) error {
			next, err := change(e.secret(s))
			if err == nil {
				e.Secrets[s] = next
			}
			return err
		},
		DeadLetters: e.DeadLetters,
		ReadSetting: func(name string) string { return e.Settings[name] },
		Log:         slog.New(slog.NewTextHandler(output{e.t}, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// Open opens a function in this world. Drain delivers the changes of tables to it.
func (e *Env) Open(f *function.Function) *function.Running {
	e.t.Helper()
	running, err := f.Open(e.Runtime())
	if err != nil {
		e.t.Fatalf("open %s: %v", f.Name, err)
	}
	e.opened = append(e.opened, &opened{f, running, map[function.Table]*reader{}})
	return running
}

func (e *Env) secret(s function.Secret) []byte {
	if value, set := e.Secrets[s]; set {
		return value
	}
	sum := sha256.Sum256([]byte("secret of tests: " + string(s)))
	return []byte(hex.EncodeToString(sum[:]))
}

// Clock is a clock that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the instant at which the clock stands.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to an instant.
func (c *Clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// random repeats from run to run and never within one; many may read it.
type random struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func newRandom(name string) *random {
	return &random{source: rand.NewChaCha8(sha256.Sum256([]byte(name)))}
}

func (r *random) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(p)
}

// output writes what functions log into the log of the test.
type output struct{ t testing.TB }

func (o output) Write(line []byte) (int, error) {
	o.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}
