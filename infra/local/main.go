// Command local runs the whole platform on one computer: every function of
// package functions, behind a gateway, with an engine, a mailbox, a clock that
// can be set and demo data.
//
//	go run ./infra/local [--addr HOST:PORT] [--data DIR] [--empty] [--fresh] [--rate-limit N]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/infra/local/demo"
	"github.com/fabrique-des-transitions/fabrique/infra/local/host"
	"github.com/fabrique-des-transitions/fabrique/infra/local/prepared"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/engine"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

func main() {
	stopWithGoRun()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], functions.All, os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil && ctx.Err() == nil:
		fmt.Fprintln(os.Stderr, "fabrique:", err)
		os.Exit(1)
	}
}

// settings are what the command line says.
type settings struct {
	address   string
	data      string
	empty     bool
	fresh     bool
	prepared  string // where the demo year is kept
	rateLimit int
}

func parse(args []string, stderr io.Writer) (s settings, err error) {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.address, "addr", "127.0.0.1:8080", "`HOST:PORT` to listen on; port 0 for any free one")
	flags.StringVar(&s.data, "data", "", "`folder` that keeps the data; empty: memory")
	flags.BoolVar(&s.empty, "empty", false, "start without demo data")
	flags.BoolVar(&s.fresh, "fresh", false, "replay the demo year again, even if it was prepared before")
	flags.IntVar(&s.rateLimit, "rate-limit", 0, "posts that one client may make a minute; 0: no limit")
	err = flags.Parse(args)
	s.prepared = preparedRoot()
	return s, err
}

// Deadlines of requests. API Gateway gives a function 30 seconds to answer.
const (
	headerDeadline = 10 * time.Second
	stopDeadline   = 5 * time.Second
)

// run serves functions until ctx ends.
func run(ctx context.Context, args []string, all []*function.Function, stdout, stderr io.Writer) error {
	began := time.Now()
	s, err := parse(args, stderr)
	if err != nil {
		return flag.ErrHelp // the flag set has said what is wrong
	}
	listener, err := listen(s.address)
	if err != nil {
		return err
	}
	defer listener.Close()
	origin := originOf(listener.Addr().(*net.TCPAddr))
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	o := host.Options{Functions: all, PublicURL: origin, DataDir: s.data, RateLimit: s.rateLimit, Log: log}
	h, forget, err := open(ctx, o, s, stdout)
	if err != nil {
		return err
	}
	defer forget()
	defer h.Close()
	return serve(ctx, listener, h, func() { greet(stdout, origin, s, time.Since(began)) })
}

// open opens the host on its data, with those of the demo where there are none
// yet. forget removes what is not to be kept, once the host is closed.
func open(ctx context.Context, o host.Options, s settings, stdout io.Writer) (h *host.Host, forget func(), err error) {
	forget = func() {}
	load := func(h *host.Host) error { return demo.Today(ctx, h) }
	_, others := engine.Elsewhere()
	used := false
	if s.data != "" {
		if used, err = prepared.Used(s.data); err != nil {
			return nil, nil, err
		}
	}
	switch {
	case s.empty, used:
		load = func(*host.Host) error { return nil }
	case others: // no folder of ours holds its data
		load = func(h *host.Host) error {
			return errors.Join(demo.Load(ctx, h, bar(stdout)), demo.Today(ctx, h))
		}
	default:
		year, err := preparedYear(ctx, o, s, stdout)
		if err != nil {
			return nil, nil, err
		}
		if s.data == "" {
			work, err := engine.Scratch()
			if err != nil {
				return nil, nil, err
			}
			o.DataDir, forget = work.Path, work.Remove
		}
		if err := prepared.Copy(year, o.DataDir); err != nil {
			forget()
			return nil, nil, err
		}
	}
	if h, err = host.Open(ctx, o); err == nil {
		if err = load(h); err == nil {
			return h, forget, nil
		}
		h.Close()
		err = fmt.Errorf("demo data: %w (start with --empty to do without)", err)
	}
	forget()
	return nil, nil, err
}

func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken: stop the program that listens there, or choose another port with --addr 127.0.0.1:8081", address)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q: %w", address, err)
	}
	return listener, nil
}

// originOf is what people type; 0.0.0.0 and [::] are no place to go to.
func originOf(address *net.TCPAddr) string {
	name := address.IP.String()
	if address.IP.IsUnspecified() {
		name = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(name, fmt.Sprint(address.Port))
}

// serve answers requests until ctx ends or the engine does, then lets those
// that run finish.
func serve(ctx context.Context, listener net.Listener, h *host.Host, ready func()) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: headerDeadline}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if ctx.Err() == nil {
		ready()
	}
	select {
	case err := <-failed:
		return err
	case <-h.Failed():
		return errors.New("the DynamoDB engine has stopped; start again")
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopDeadline)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return server.Close()
	}
	return nil
}

func greet(w io.Writer, origin string, s settings, took time.Duration) {
	kept := "in memory, gone when this stops (--data DIR keeps them)"
	if s.data != "" {
		kept = "in " + s.data
	}
	fmt.Fprintf(w, `
  La Fabrique des transitions, ready in %.1f s

    site      %s/
    mailbox   %s/_dev/mail
    API       %s/openapi.json
    data      %s

  Ctrl-C stops it.

`, took.Seconds(), origin, origin, origin, kept)
}
