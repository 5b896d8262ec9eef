package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// asProgram makes this test binary be the program, with the ledgerbook as its
// only function; deaf makes that function refuse all changes.
const (
	asProgram = "LOCAL_TEST_PROGRAM"
	deaf      = "LOCAL_TEST_DEAF"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], []*function.Function{ledgerbook()}, os.Stdout, os.Stderr)
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "fabrique:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// book keeps notes; its stream copies each into the ledger.
type book struct{ rt function.Runtime }

type note struct {
	dynamo.Key
	Text string `dynamodbav:"text"`
}

func ledgerbook() *function.Function {
	return function.Define(function.Spec[book]{
		Name: "book", Purpose: "Keeps notes.", Memory: 128, Timeout: 5 * time.Second,
		Tables: []function.Use{{Table: function.Allies, Right: function.ReadWrite}, {Table: function.Ledger, Right: function.Append}},
		Open:   func(rt function.Runtime) (*book, error) { return &book{rt}, nil },
		Routes: []function.Route[book]{
			{Method: "PUT", Path: "/v1/notes/{name}", Access: function.Link, Doc: function.Doc{Summary: "Write"}, Handle: (*book).write},
			{Method: "GET", Path: "/v1/notes/{name}", Access: function.Public, Doc: function.Doc{Summary: "Read"}, Handle: (*book).show},
		},
		Streams: []function.Stream[book]{{Table: function.Allies, Consume: (*book).copy}},
	})
}

func (b *book) put(ctx context.Context, table function.Table, name string) error {
	item, err := b.rt.Table(table).Put(note{dynamo.Key{PK: "NOTE", SK: name}, name})
	if err != nil {
		return err
	}
	return dynamo.Transact(ctx, b.rt.Dynamo, item)
}

func (b *book) write(w http.ResponseWriter, r *http.Request) error {
	if err := b.put(r.Context(), function.Allies, r.PathValue("name")); err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, true)
}

func (b *book) show(w http.ResponseWriter, r *http.Request) error {
	key := dynamo.Key{PK: "NOTE", SK: r.PathValue("name")}
	written, err := b.rt.Table(function.Allies).Get(r.Context(), key, &note{})
	if err != nil {
		return err
	}
	copied, err := b.rt.Table(function.Ledger).Get(r.Context(), key, &note{})
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, map[string]bool{"written": written, "copied": copied})
}

func (b *book) copy(ctx context.Context, record events.DynamoDBEventRecord) error {
	if os.Getenv(deaf) != "" {
		return fault.New(fault.Unavailable, "deaf", "")
	}
	return b.put(ctx, function.Ledger, record.Change.Keys["sk"].String())
}

// program is a started host.
type program struct {
	*exec.Cmd
	origin  string
	stderr  *bytes.Buffer
	engines []string // their process ids
}

var siteLine = regexp.MustCompile(`site +(http://[^/]+)/`)

func command(environment []string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), asProgram+"=1"), environment...)
	return cmd
}

func start(t *testing.T, environment []string, args ...string) *program {
	t.Helper()
	p := &program{Cmd: command(environment, append([]string{"--addr", "127.0.0.1:0"}, args...)...), stderr: &bytes.Buffer{}}
	p.Stderr = p.stderr
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() }) // most have ended before
	printed := &strings.Builder{}
	for buffer := make([]byte, 1024); ; {
		n, err := out.Read(buffer)
		printed.Write(buffer[:n])
		if strings.Contains(printed.String(), "Ctrl-C") {
			break
		}
		if err != nil {
			t.Fatalf("it does not start: %s%s", printed, p.stderr)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	p.origin = siteLine.FindStringSubmatch(printed.String())[1]
	p.engines = children(t, p.Process.Pid)
	if os.Getenv("DYNAMODB_ENDPOINT") == "" && runtime.GOOS == "linux" && len(p.engines) != 1 {
		t.Fatalf("%d child processes, want one engine", len(p.engines))
	}
	return p
}

// children lists the processes whose parent this is (proc_pid_stat(5)).
func children(t *testing.T, parent int) (list []string) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has just ended
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if fields[1] == fmt.Sprint(parent) {
			list = append(list, filepath.Base(filepath.Dir(file)))
		}
	}
	return list
}

func (p *program) mustLeaveNoEngine(t *testing.T) {
	t.Helper()
	for _, engine := range p.engines {
		for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			state, err := os.ReadFile("/proc/" + engine + "/stat")
			if err != nil || strings.Contains(string(state), ") Z ") {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("engine %s is left", engine)
			}
		}
	}
}

func (p *program) call(t *testing.T, method, path string) map[string]bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.origin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, text)
	}
	out := map[string]bool{}
	_ = json.NewDecoder(answer.Body).Decode(&out) // some answers are no objects
	return out
}

func TestNothingIsLostWhenTheHostIsKilled(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, []string{deaf + "=1"}, "--empty", "--data", data)
	p.call(t, "PUT", "/v1/notes/un")
	if got := p.call(t, "GET", "/v1/notes/un"); !got["written"] || got["copied"] {
		t.Fatalf("before: %v", got)
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // killed
	p.mustLeaveNoEngine(t)

	p = start(t, nil, "--empty", "--data", data)
	p.call(t, "PUT", "/v1/notes/deux")
	p.call(t, "POST", "/_dev/settle")
	for _, name := range []string{"un", "deux"} {
		if got := p.call(t, "GET", "/v1/notes/"+name); !got["written"] || !got["copied"] {
			t.Errorf("%s after the restart: %v, want written and copied", name, got)
		}
	}
}

func TestSignalsStopItAndItsEngine(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := start(t, nil, "--empty")
		began := time.Now()
		if err := p.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(); err != nil {
			t.Errorf("%v: %v, want exit 0", signal, err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%v: took %v", signal, took)
		}
		p.mustLeaveNoEngine(t)
		if p.stderr.Len() > 0 {
			t.Errorf("%v: printed %s", signal, p.stderr)
		}
	}
}

func TestWhatIsWrongIsSaidInOneLine(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	nowhere := t.TempDir()
	for _, c := range []struct {
		name, advice string
		args         []string
		without      bool // an engine
	}{
		{"taken port", "--addr", []string{"--addr", listener.Addr().String()}, true},
		{"no engine", "npm ci", []string{"--addr", "127.0.0.1:0"}, true},
		{"no such address", "cannot listen", []string{"--addr", "nowhere"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := command(nil, c.args...)
			if c.without {
				cmd.Dir = nowhere
				cmd.Env = append(cmd.Env, "PATH="+nowhere, "DYNAMODB_ENDPOINT=", "FABRIQUE_ENGINE=")
			}
			out, err := cmd.CombinedOutput()
			if err == nil || cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("exit %d, want 1", cmd.ProcessState.ExitCode())
			}
			if text := string(out); strings.Count(text, "\n") != 1 || !strings.Contains(text, c.advice) {
				t.Errorf("printed %q, want one line with %q", text, c.advice)
			}
		})
	}
}

func TestOriginIsAPlaceToGoTo(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:80": "http://127.0.0.1:80", "127.0.0.1:8080": "http://127.0.0.1:8080", "[::1]:8080": "http://[::1]:8080",
	} {
		tcp, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if got := originOf(tcp); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
