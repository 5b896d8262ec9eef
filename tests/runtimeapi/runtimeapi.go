// Package runtimeapi is the side of AWS Lambda that a bootstrap speaks to: the
// Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
// Tests run the real binaries against it.
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// FunctionARN is the ARN that bootstraps are told to be.
const FunctionARN = "arn:aws:lambda:eu-west-3:123456789012:function:fabrique-test"

// Lambda is one running bootstrap.
type Lambda struct {
	payloads chan []byte
	answers  chan answer
	polled   chan struct{} // closed at the first poll
	exited   chan error
	output   *output
	began    time.Time
	// FirstPoll is how long the process took to ask for its first payload.
	FirstPoll time.Duration
}

type answer struct {
	body   []byte
	failed bool
}

// deadline is how long a payload may take, generous as machines are busy.
const deadline = 30 * time.Second

// Start runs a bootstrap with Lambda's own environment variables and those
// given ("NAME=value"), and nothing of this process's. It returns once the
// bootstrap polls, and stops it when the test ends.
func Start(t testing.TB, bootstrap string, environment ...string) *Lambda {
	t.Helper()
	l := &Lambda{
		payloads: make(chan []byte), answers: make(chan answer, 1),
		polled: make(chan struct{}), exited: make(chan error, 1), output: &output{},
	}
	server := httptest.NewServer(l.api())
	cmd := exec.Command(bootstrap)
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
	cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(server.URL, "http://"),
		"AWS_REGION=eu-west-3", "AWS_DEFAULT_REGION=eu-west-3",
		"AWS_ACCESS_KEY_ID=AKIDTEST", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token",
		"AWS_LAMBDA_FUNCTION_NAME=fabrique-test", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/fabrique-test", "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"LAMBDA_TASK_ROOT=/var/task", "LAMBDA_RUNTIME_DIR=/var/runtime", "_HANDLER=bootstrap", "LANG=en_US.UTF-8", "TZ=:UTC",
	}, environment...)
	cmd.Stdout, cmd.Stderr = l.output, l.output
	l.began = time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { l.exited <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		server.CloseClientConnections()
		server.Close()
	})
	select {
	case <-l.polled:
	case err := <-l.exited:
		t.Fatalf("the bootstrap ended before its first poll: %v\n%s", err, l.output)
	case <-time.After(deadline):
		t.Fatalf("the bootstrap does not poll\n%s", l.output)
	}
	return l
}

// Invoke sends a payload and returns what the function answers. The error
// holds what the function reported instead.
func (l *Lambda) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	select {
	case l.payloads <- payload:
	case err := <-l.exited:
		return nil, fmt.Errorf("the bootstrap has ended: %w\n%s", err, l.output)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case a := <-l.answers:
		if a.failed {
			return nil, errors.New(string(a.body))
		}
		return a.body, nil
	case err := <-l.exited:
		return nil, fmt.Errorf("the bootstrap ended on a payload: %w\n%s", err, l.output)
	case <-ctx.Done():
		return nil, fmt.Errorf("%w\n%s", ctx.Err(), l.output)
	}
}

// Output is all that the bootstrap has printed.
func (l *Lambda) Output() string { return l.output.String() }

func (l *Lambda) api() http.Handler {
	const invocation = "/2018-06-01/runtime/invocation/"
	mux := http.NewServeMux()
	var once sync.Once
	number := 0
	mux.HandleFunc("GET "+invocation+"next", func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() {
			l.FirstPoll = time.Since(l.began)
			close(l.polled)
		})
		select {
		case payload := <-l.payloads:
			number++
			header := w.Header()
			header.Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprintf("8476a536-e9f4-11e8-9739-%012d", number))
			header.Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			header.Set("Lambda-Runtime-Invoked-Function-Arn", FunctionARN)
			header.Set("Content-Type", "application/json")
			_, _ = w.Write(payload)
		case <-r.Context().Done():
		}
	})
	take := func(failed bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(http.StatusAccepted)
			l.answers <- answer{body, failed}
		}
	}
	mux.HandleFunc("POST "+invocation+"{id}/response", take(false))
	mux.HandleFunc("POST "+invocation+"{id}/error", take(true))
	return mux
}

// output is what a process prints, readable while it runs.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Build compiles a bootstrap for this machine, as make build does for Lambda's.
func Build(t testing.TB, folder, into string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-tags", "lambda.norpc", "-o", into, folder)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", folder, err, out)
	}
}
