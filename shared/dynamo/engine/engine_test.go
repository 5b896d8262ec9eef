package engine

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// endpointOf tells a child of this test process to start an engine, print
// its endpoint and wait to be killed.
const endpointOf = "ENGINE_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(endpointOf) != "" {
		e, err := Start(context.Background(), Options{})
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString(e.Endpoint() + "\n")
		select {}
	}
	os.Exit(m.Run())
}

func start(t *testing.T, o Options) *Engine {
	t.Helper()
	e, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

func TestStopLeavesNothingListening(t *testing.T) {
	e := start(t, Options{})
	e.Stop()
	e.Stop()
	if answers(t.Context(), e.Endpoint()) {
		t.Error("it still answers")
	}
}

func TestEngineDiesWithItsKilledParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux kills a child with its parent")
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), endpointOf+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	endpoint, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	endpoint = strings.TrimSpace(endpoint)
	if !answers(t.Context(), endpoint) {
		t.Fatal("no engine to kill")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed: it has no good end
	for deadline := time.Now().Add(5 * time.Second); answers(t.Context(), endpoint); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the engine outlives its parent")
		}
	}
}

func TestMissingEngineSaysWhatToDo(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("PATH", t.TempDir())
	t.Setenv("DYNAMODB_ENDPOINT", "")
	t.Setenv("DYNAMODB_LOCAL_DIR", "")
	for engine, advice := range map[string]string{
		"": "npm ci", "dynoxide": "npm ci", "dynamodb-local": "make tools", "mysql": "dynoxide",
	} {
		t.Setenv("FABRIQUE_ENGINE", engine)
		_, err := Start(t.Context(), Options{})
		if err == nil || !strings.Contains(err.Error(), advice) || strings.Contains(err.Error(), "\n") {
			t.Errorf("engine %q: %v, want one line with %q", engine, err, advice)
		}
	}
}

func TestEndpointOfTheEnvironmentStartsNothing(t *testing.T) {
	t.Setenv("DYNAMODB_ENDPOINT", "http://127.0.0.1:9/")
	t.Setenv("PATH", "")
	e := start(t, Options{})
	if e.Endpoint() != "http://127.0.0.1:9" || e.process != nil {
		t.Errorf("endpoint %s", e.Endpoint())
	}
}

func TestTakenPortIsAnError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() { _ = http.Serve(listener, http.NotFoundHandler()) }() // ends with the listener
	build, err := chosen(Options{})
	if err != nil {
		t.Skip(err)
	}
	cmd := build(listener.Addr().(*net.TCPAddr).Port)
	exited := make(chan struct{})
	if err := startChild(cmd, exited); err != nil {
		t.Fatal(err)
	}
	select {
	case <-exited:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		t.Error("an engine shares a taken port")
	}
}
