package site

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// openSite opens the function with settings alone: no table, no secret.
func openSite(t *testing.T) http.Handler {
	t.Helper()
	running, err := Function.Open(function.Runtime{
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
		ReadSetting: func(string) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return running.HTTP
}

func ask(h http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestDeclaration(t *testing.T) {
	if len(Function.Tables)+len(Function.Secrets) > 0 {
		t.Errorf("site needs tables %v and secrets %v: it must answer while everything else is down", Function.Tables, Function.Secrets)
	}
}

func TestUnmatched(t *testing.T) {
	h := openSite(t)
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	for _, c := range []struct {
		name, method, path, accept string
		mediaType, says            string
	}{
		{"no such call", "GET", "/v1/nothing", "", web.ProblemType, `"code":"not-found"`},
		{"below a call", "GET", "/v1/charter/7", "", web.ProblemType, `"code":"not-found"`},
		{"below the home page", "POST", "/nothing", "", web.ProblemType, `"code":"not-found"`},
		{"a browser at a call", "GET", "/v1/nothing", browser, web.ProblemType, `"code":"not-found"`},
		{"a browser at no page", "GET", "/nulle-part", browser, "text/html; charset=utf-8", "Cette page n’existe pas"},
		{"head of nothing", "HEAD", "/v1/nothing", "", web.ProblemType, ""},
		{"unknown method of nothing", "BREW", "/v1/nothing", "", web.ProblemType, `"code":"not-found"`},
		{"the options of nothing", "OPTIONS", "/v1/nothing", "", web.ProblemType, `"code":"not-found"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := ask(h, c.method, c.path, "Accept", c.accept)
			header := answer.Header()
			if answer.Code != http.StatusNotFound || header.Get("Content-Type") != c.mediaType {
				t.Errorf("%s %s: %d %q, not 404 %q", c.method, c.path, answer.Code, header.Get("Content-Type"), c.mediaType)
			}
			if c.method != http.MethodHead && !strings.Contains(answer.Body.String(), c.says) {
				t.Errorf("%s %s says %s, not %s", c.method, c.path, answer.Body, c.says)
			}
			if header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("anybody may call from a browser")
			}
			if header.Get("Cache-Control") != "no-store" {
				t.Error("a fault may be cached")
			}
		})
	}
}

func TestFiles(t *testing.T) {
	h := openSite(t)
	for _, c := range []struct {
		path, mediaType, caching, says string
		status                         int
	}{
		{"/openapi.json", "application/json", "public, max-age=300", `"openapi": "3.1.0"`, 200},
		{"/healthz", "application/json", "no-store", `{"status":"ok"}`, 200},
		{"/robots.txt", "text/plain; charset=utf-8", "public, max-age=86400", "Disallow: /v1/", 200},
		{"/assets/fabrique.css", "text/css; charset=utf-8", "public, max-age=60", "font-family", 200},
		{"/assets/feuille.svg", "image/svg+xml", "public, max-age=60", "<svg", 200},
		{"/assets/nothing.css", web.ProblemType, "no-store", `"code":"asset-not-found"`, 404},
	} {
		t.Run(c.path, func(t *testing.T) {
			answer := ask(h, http.MethodGet, c.path)
			header := answer.Header()
			if answer.Code != c.status || header.Get("Content-Type") != c.mediaType || header.Get("Cache-Control") != c.caching {
				t.Errorf("%d %q %q; want %d %q %q", answer.Code, header.Get("Content-Type"), header.Get("Cache-Control"), c.status, c.mediaType, c.caching)
			}
			if !strings.Contains(answer.Body.String(), c.says) {
				t.Errorf("does not say %q", c.says)
			}
			if head := ask(h, http.MethodHead, c.path); head.Code != c.status || head.Header().Get("Content-Type") != c.mediaType {
				t.Errorf("HEAD: %d %q", head.Code, head.Header().Get("Content-Type"))
			}
		})
	}
}

func TestIconLeadsToAnImage(t *testing.T) {
	h := openSite(t)
	answer := ask(h, http.MethodGet, "/favicon.ico")
	if answer.Code != http.StatusFound {
		t.Fatalf("%d", answer.Code)
	}
	if image := ask(h, http.MethodGet, answer.Header().Get("Location")); image.Header().Get("Content-Type") != "image/svg+xml" {
		t.Errorf("leads to %q", image.Header().Get("Content-Type"))
	}
}

func TestDocumentIsReadOnceWhileItDoesNotChange(t *testing.T) {
	h := openSite(t)
	first := ask(h, http.MethodGet, "/openapi.json")
	tag := first.Header().Get("ETag")
	if tag == "" || !json.Valid(first.Body.Bytes()) {
		t.Fatalf("ETag %q, valid JSON: %t", tag, json.Valid(first.Body.Bytes()))
	}
	if again := ask(h, http.MethodGet, "/openapi.json", "If-None-Match", tag); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("again: %d with %d bytes", again.Code, again.Body.Len())
	}
	if changed := ask(h, http.MethodGet, "/openapi.json", "If-None-Match", `"older"`); changed.Code != http.StatusOK {
		t.Errorf("after a change: %d", changed.Code)
	}
}
