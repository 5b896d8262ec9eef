// Package host runs functions on a laptop as AWS would: it serves their routes
// behind a gateway, ticks their schedules, delivers the changes of tables to
// their streams, and gives them an engine, secrets, a mail server and an
// issuer of team tokens. All it knows of functions are their declarations.
package host

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"github.com/fabrique-des-transitions/fabrique/infra/local/gateway"
	"github.com/fabrique-des-transitions/fabrique/infra/local/mailbox"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/engine"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

// Options say what to run, and where.
type Options struct {
	Functions []*function.Function
	// PublicURL is the origin at which the host is reached.
	PublicURL string
	// DataDir keeps everything over restarts; empty: in memory.
	DataDir string
	// RateLimit is how many posts a client address may make a minute; 0: no limit.
	RateLimit int
	Log       *slog.Logger
}

// Host is a running host. It is an http.Handler: the gateway, and the calls
// under /_dev/ that exist on a laptop only.
type Host struct {
	options Options
	clock   *clock
	engine  *engine.Engine
	mailbox *mailbox.Mailbox
	issuer  *issuer
	secrets *secrets
	buckets *bucketServer

	routes    *gateway.Routes
	units     []*unit
	consumers []*consumer
	letters   *letters
	handler   http.Handler

	work     atomic.Int64 // batches begun and ended, for settle
	stopping context.CancelFunc
	running  sync.WaitGroup
}

// unit is an opened function behind the adapter that runs it on Lambda.
type unit struct {
	*function.Function
	handler *lambdahost.Handler
}

// Open starts everything but the listening for requests. Its error is one
// line that says what to do, when somebody can.
func Open(ctx context.Context, o Options) (*Host, error) {
	h := &Host{options: o, clock: newClock()}
	if err := h.open(ctx); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (h *Host) open(ctx context.Context) (err error) {
	if h.routes, err = gateway.NewRoutes(h.options.Functions); err != nil {
		return err
	}
	if err := h.prepareData(); err != nil {
		return err
	}
	if h.engine, err = engine.Start(ctx, engine.Options{DataFile: h.path(engineFile)}); err != nil {
		return err
	}
	client := dynamodb.NewFromConfig(h.engine.Config())
	if err := engine.CreateTables(ctx, client, function.Definitions, areaName); err != nil {
		return err
	}
	if h.secrets, err = openSecrets(h.path("secrets.json")); err != nil {
		return err
	}
	if h.letters, err = openLetters(h.path("dead-letters.json")); err != nil {
		return err
	}
	h.mailbox, err = mailbox.Open(mailbox.Options{File: h.path("mail.jsonl"), Now: h.clock.Now, ID: func() string { return h.id("mail") }})
	if err != nil {
		return err
	}
	secret, err := h.secrets.read(ctx, function.OIDCSecret)
	if err != nil {
		return err
	}
	if h.issuer, err = openIssuer(string(secret), h.clock.Now); err != nil {
		return err
	}
	credentials, err := h.engine.Config().Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	if h.buckets, err = openBuckets(h.path("files"), credentials.SecretAccessKey, time.Now); err != nil {
		return err
	}
	if err := h.openFunctions(); err != nil {
		return err
	}
	h.handler = h.mux()
	return h.start(ctx)
}

// engineFile holds the tables.
const engineFile = "tables.db"

// prepareData makes the data folder.
func (h *Host) prepareData() error {
	if h.options.DataDir == "" {
		return nil
	}
	if err := os.MkdirAll(h.options.DataDir, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}

// path is where a file of the data folder is, empty without one.
func (h *Host) path(name string) string {
	if h.options.DataDir == "" {
		return ""
	}
	return filepath.Join(h.options.DataDir, name)
}

func areaName(t function.Table) string { return string(t) }

func (h *Host) id(prefix string) string { return dynamo.ID(prefix, h.clock.Now(), rand.Reader) }

func (h *Host) openFunctions() error {
	cfg := h.engine.Config()
	streams := dynamodbstreams.NewFromConfig(cfg)
	runtime := function.Runtime{
		Dynamo: dynamodb.NewFromConfig(cfg), Now: h.clock.Now, Random: rand.Reader,
		ReadSecret: h.secrets.read, RotateSecret: h.secrets.rotate, DeadLetters: deadLetters{h},
		ReadSetting: h.setting, Log: h.options.Log,
	}
	cfg.BaseEndpoint = nil // the engine is DynamoDB, and no other service
	runtime.AWS = cfg
	for _, f := range h.options.Functions {
		opened, err := f.Open(runtime)
		if err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
		h.units = append(h.units, &unit{f, lambdahost.NewHandler(f, opened, streams, h.options.Log)})
	}
	return nil
}

// start begins to tick and to deliver.
func (h *Host) start(ctx context.Context) error {
	for _, u := range h.units {
		for _, stream := range u.Streams {
			c, err := h.newConsumer(ctx, u, stream)
			if err != nil {
				return err
			}
			h.consumers = append(h.consumers, c)
		}
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stopping = stop
	for _, c := range h.consumers {
		h.running.Go(func() { c.run(background) })
	}
	for _, u := range h.units {
		for _, s := range u.Schedules {
			h.running.Go(func() { h.tick(background, u, s) })
		}
	}
	return nil
}

// Failed is closed when the engine has ended, after which nothing works.
func (h *Host) Failed() <-chan struct{} { return h.engine.Exited() }

// ServeHTTP answers as the gateway does, and the calls under /_dev/.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.handler.ServeHTTP(w, r) }

// closeDeadline is how long running schedules and batches may take to end.
const closeDeadline = 5 * time.Second

// Close lets what runs finish, within seconds, and stops the engine last.
// Requests must have been answered before.
func (h *Host) Close() {
	if h.stopping != nil {
		h.stopping()
		ended := make(chan struct{})
		go func() { h.running.Wait(); close(ended) }()
		select {
		case <-ended:
		case <-time.After(closeDeadline):
			h.options.Log.Warn("something still runs and is given up; streams deliver it again")
		}
	}
	if h.issuer != nil {
		h.issuer.close()
	}
	if h.buckets != nil {
		h.buckets.close()
	}
	if h.mailbox != nil {
		if err := h.mailbox.Close(); err != nil {
			h.options.Log.Warn("mailbox", "error", err)
		}
	}
	if h.engine != nil {
		h.engine.Stop()
	}
}
