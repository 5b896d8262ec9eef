// Package engine starts a DynamoDB-compatible engine beside the program, for
// the laptop and for tests, creates the platform's tables in it and reads
// their streams. No Lambda binary contains it.
//
// Two engines serve: dynoxide, one small binary over SQLite, and Amazon's
// DynamoDB Local, the reference, which needs Java.
package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Options say how to start an engine.
type Options struct {
	// DataFile keeps the data over restarts; empty: they are gone with the
	// engine.
	DataFile string
}

// Engine is a running engine.
type Engine struct {
	endpoint string
	process  *os.Process // nil when somebody else runs it
	exited   chan struct{}
	output   *printed
	scratch  *ScratchFolder // of data that nobody keeps; nil when they are in no folder
	stop     sync.Once
}

// startDeadline bounds the start of an engine: dynoxide takes some
// milliseconds, Java a few seconds on a busy machine.
const startDeadline = 30 * time.Second

// portAttempts is how many ports are tried when others keep taking them.
const portAttempts = 5

// Start starts the engine that the environment asks for and waits until it
// answers. With DYNAMODB_ENDPOINT it starts nothing. The error of a missing
// engine is one line that says what to install.
//
// The engine dies with this program, killed or not (on Linux), but not of a
// Ctrl-C in the terminal: its host stops it last.
func Start(ctx context.Context, o Options) (*Engine, error) {
	if endpoint, others := Elsewhere(); others {
		return &Engine{endpoint: strings.TrimRight(endpoint, "/")}, nil
	}
	scratch, err := scratchFor(&o)
	if err != nil {
		return nil, err
	}
	build, err := chosen(o)
	if err != nil {
		scratch.Remove()
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startDeadline)
	defer cancel()
	for attempt := 1; ; attempt++ {
		e, err := startOn(ctx, freePort(), build)
		switch {
		case err == nil:
			e.scratch = scratch
			return e, nil
		case attempt == portAttempts || ctx.Err() != nil:
			scratch.Remove()
			return nil, err
		}
	}
}

// scratchFor gives dynoxide a file in memory when it is to keep nothing: only
// in a file do streams have their index (seed), without which a write takes
// the longer the more there were before it.
func scratchFor(o *Options) (*ScratchFolder, error) {
	if _, inMemory := memoryFolder(); !inMemory || o.DataFile != "" || named() != dynoxideName {
		return nil, nil
	}
	scratch, err := Scratch()
	if err == nil {
		o.DataFile = filepath.Join(scratch.Path, "engine.db")
	}
	return scratch, err
}

// Elsewhere tells whether DYNAMODB_ENDPOINT names an engine that somebody else
// runs, whose data are not in any folder of ours.
func Elsewhere() (endpoint string, others bool) {
	endpoint = os.Getenv("DYNAMODB_ENDPOINT")
	return endpoint, endpoint != ""
}

func startOn(ctx context.Context, port int, build func(port int) *exec.Cmd) (*Engine, error) {
	cmd := build(port)
	e := &Engine{
		endpoint: fmt.Sprintf("http://127.0.0.1:%d", port),
		exited:   make(chan struct{}), output: &printed{},
	}
	cmd.Stdout, cmd.Stderr = e.output, e.output
	if err := startChild(cmd, e.exited); err != nil {
		return nil, fmt.Errorf("the DynamoDB engine does not start: %w", err)
	}
	e.process = cmd.Process
	if err := e.ready(ctx); err != nil {
		e.Stop()
		return nil, err
	}
	return e, nil
}

// ready waits until the engine answers a call, whatever it says: it then
// serves, and it is ours, as one whose port was taken has exited.
func (e *Engine) ready(ctx context.Context) error {
	for {
		select {
		case <-e.exited:
			return fmt.Errorf("the DynamoDB engine stopped at once: %s", e.output.last())
		case <-ctx.Done():
			return fmt.Errorf("the DynamoDB engine does not answer: %s", e.output.last())
		case <-time.After(5 * time.Millisecond):
		}
		if answers(ctx, e.endpoint) {
			select {
			case <-e.exited:
			default:
				return nil
			}
		}
	}
}

func answers(ctx context.Context, endpoint string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return answer.Body.Close() == nil
}

// freePort picks a port that nobody listens on. It stays below the range
// from which systems give ports to outgoing connections, so that one of
// these does not take it before the engine does.
func freePort() int {
	for {
		port := 20000 + rand.N(12000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil && listener.Close() == nil {
			return port
		}
	}
}

// Endpoint is the URL at which the engine answers.
func (e *Engine) Endpoint() string { return e.endpoint }

// Config is what the SDK's clients of DynamoDB and of its streams need to
// speak to the engine.
func (e *Engine) Config() aws.Config {
	return aws.Config{
		Region:       "eu-west-3",
		BaseEndpoint: aws.String(e.endpoint),
		// Engines keep data apart by key id and region; they check no signature.
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:  &http.Client{Timeout: callDeadline, Transport: transport},
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff = 100 * time.Millisecond })
		},
	}
}

// callDeadline bounds one call to the engine.
const callDeadline = 10 * time.Second

// transport keeps as many connections as a busy laptop uses at once: with the
// default of two a host, a burst would run out of ports.
var transport = &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute}

// stopDeadline is how long an engine may take to stop before it is killed.
const stopDeadline = 3 * time.Second

// Stop stops the engine and returns once its process is gone. It leaves an
// engine alone that somebody else started.
func (e *Engine) Stop() {
	e.stop.Do(func() {
		if e.process == nil {
			return
		}
		defer e.scratch.Remove()
		if err := e.process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			_ = e.process.Kill() // nothing gentler is left
		}
		select {
		case <-e.exited:
		case <-time.After(stopDeadline):
			_ = e.process.Kill()
			<-e.exited
		}
	})
}

// Exited is closed when the engine has ended, by itself or by Stop; it never
// is for an engine that somebody else started.
func (e *Engine) Exited() <-chan struct{} { return e.exited }

// printed keeps the end of what an engine prints, to say why it stopped.
type printed struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 2048

func (p *printed) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = append(p.text, text...)
	if extra := len(p.text) - tailBytes; extra > 0 {
		p.text = p.text[extra:]
	}
	return len(text), nil
}

func (p *printed) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := bytes.TrimSpace(p.text)
	return string(text[bytes.LastIndexByte(text, '\n')+1:])
}
