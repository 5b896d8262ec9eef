// Package web is how functions speak HTTP: it reads JSON and forms, answers
// JSON and French pages, turns every fault into one problem document or one
// page, and sets the headers that keep browsers safe.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

// Handler answers a request, or returns why not. It must not have written
// anything when it returns an error.
type Handler func(http.ResponseWriter, *http.Request) error

// Serve runs a handler and answers its faults: as a page when people see the
// route, else as a problem document. What is not a fault, and a panic, is
// logged with the request id and answered without internals.
func Serve(handle Handler, page bool, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(withTeam(r.Context()))
		defer func() {
			if reason := recover(); reason != nil {
				log.ErrorContext(r.Context(), "panic", "reason", fmt.Sprint(reason),
					"request_id", RequestID(r.Context()), "stack", string(debug.Stack()))
				answerFault(w, r, unexpected, page)
			}
		}()
		err := handle(w, r)
		if err == nil {
			return
		}
		answer := fault.As(err)
		if answer == nil {
			answer = unexpected
		}
		if answer == unexpected || answer.Kind == fault.Unavailable {
			log.ErrorContext(r.Context(), "request failed", "error", err, "route", r.Pattern, "request_id", RequestID(r.Context()))
		}
		answerFault(w, r, answer, page)
	})
}

func answerFault(w http.ResponseWriter, r *http.Request, f *fault.Error, page bool) {
	setFaultHeaders(w, f)
	if page && WantsPage(r) {
		if err := renderFault(w, r, f); err == nil {
			return
		}
	}
	writeProblem(w, r, f)
}

// WantsPage tells whether a person is looking: a browser asks for HTML, and
// whatever stands under /v1/ is for programs.
func WantsPage(r *http.Request) bool {
	return !strings.HasPrefix(r.URL.Path, "/v1/") && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// JSON answers a value. Private data must not be cached, so nothing is unless
// the handler has said otherwise before.
func JSON(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return Raw(w, status, "application/json", body)
}

// Raw answers bytes of this media type.
func Raw(w http.ResponseWriter, status int, mediaType string, body []byte) error {
	header := w.Header()
	header.Set("Content-Type", mediaType)
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, err := w.Write(body)
	if errors.Is(err, http.ErrBodyNotAllowed) { // HEAD
		return nil
	}
	return err
}

// ClientAddress is the IP address of the caller, as the gateway saw it.
func ClientAddress(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// BearerToken is the token of the Authorization header, or empty
// (https://www.rfc-editor.org/rfc/rfc6750#section-2.1).
func BearerToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

type requestIDKey struct{}

// WithRequestID keeps the gateway's id of a request for the log and for faults.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID is the id of the request, empty outside of one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
