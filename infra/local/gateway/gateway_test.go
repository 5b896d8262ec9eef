package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

type nothing struct{}

func answerNothing(*nothing, http.ResponseWriter, *http.Request) error { return nil }

func declare(name string, patterns ...string) *function.Function {
	spec := function.Spec[nothing]{
		Name: name, Purpose: "Tests.", Memory: 128, Timeout: time.Second,
		Open: func(function.Runtime) (*nothing, error) { return &nothing{}, nil },
	}
	for _, pattern := range patterns {
		method, path, found := strings.Cut(pattern, " ")
		if !found {
			method, path = "ANY", pattern
		}
		spec.Routes = append(spec.Routes, function.Route[nothing]{
			Method: method, Path: path, Access: function.Link, Doc: function.Doc{Summary: "Test"}, Handle: answerNothing,
		})
	}
	return function.Define(spec)
}

func TestMatchChoosesAsAPIGatewayDoes(t *testing.T) {
	routes, err := NewRoutes([]*function.Function{
		declare("a", "GET /", "GET /v1/things/{id}", "POST /v1/things", "GET /v1/things/count"),
		declare("b", "$default"),
		declare("c", "GET /v1/{kind}/first"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, key, parameter string }{
		{"/", "ANY /", ""},
		{"/v1/things", "ANY /v1/things", ""},
		{"/v1/things/count", "ANY /v1/things/count", ""},
		{"/v1/things/7", "ANY /v1/things/{id}", "7"},
		{"/v1/things/first", "ANY /v1/things/{id}", "first"},
		{"/v1/others/first", "ANY /v1/{kind}/first", ""},
		{"/v1/things/", "$default", ""},
		{"/v1/things/7/8", "$default", ""},
	} {
		route, parameters, found := routes.Match(c.path)
		if !found || route.Key != c.key || parameters["id"] != c.parameter {
			t.Errorf("%s: %q %v, want %q %q", c.path, route.Key, parameters, c.key, c.parameter)
		}
	}
}

func TestRouteOfTwoFunctionsIsRefused(t *testing.T) {
	for _, patterns := range [][2]string{{"GET /x", "GET /x"}, {"GET /x", "POST /x"}, {"$default", "$default"}} {
		if _, err := NewRoutes([]*function.Function{declare("a", patterns[0]), declare("b", patterns[1])}); err == nil {
			t.Errorf("%s: no error", patterns)
		}
	}
	routes, err := NewRoutes([]*function.Function{declare("a", "GET /x")})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, found := routes.Match("/y"); found {
		t.Error("a route was found that nobody declares")
	}
}

func TestEventIsThatOfAPIGateway(t *testing.T) {
	body := `{"nom":"Été"}`
	r := httptest.NewRequest("POST", "http://127.0.0.1:8080/v1/things/%C3%A9t%C3%A9?q=a&q=b%20c&empty=", strings.NewReader(body))
	r.RemoteAddr = "203.0.113.7:4711"
	r.Header = http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"curl/8"},
		"Accept-Language": {"fr", "en"}, "Cookie": {"a=1; b=2", "c=3"},
	}
	got, err := Event(Call{
		Request: r, Body: []byte(body), Route: Route{Key: "ANY /v1/things/{name}"},
		Parameters: map[string]string{"name": "été"}, RequestID: "request-1",
		Time: time.Date(2026, time.March, 10, 9, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, got, "", "  "); err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/event.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(golden)) != indented.String() {
		t.Errorf("got\n%s\nwant\n%s", indented.String(), golden)
	}
}

func TestBodiesThatAreNotTextComeInBase64(t *testing.T) {
	for contentType, encoded := range map[string]bool{
		"application/json; charset=utf-8": false, "text/plain": false, "application/problem+json": false,
		"application/x-www-form-urlencoded": true, "image/png": true, "": true,
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader("a=b"))
		r.Header.Set("Content-Type", contentType)
		payload, err := Event(Call{Request: r, Body: []byte("a=b")})
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(payload, []byte(`"isBase64Encoded":true`)); got != encoded {
			t.Errorf("%q: base64 %v, want %v", contentType, got, encoded)
		}
	}
}

func TestAnswerIsWrittenAsItIs(t *testing.T) {
	w := httptest.NewRecorder()
	err := Answer(w, []byte(`{"statusCode":201,"headers":{"content-type":"image/png"},"cookies":["a=1","b=2"],"body":"AQI=","isBase64Encoded":true}`))
	if err != nil {
		t.Fatal(err)
	}
	if w.Code != 201 || w.Body.String() != "\x01\x02" || len(w.Header().Values("Set-Cookie")) != 2 || w.Header().Get("Content-Type") != "image/png" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
	for _, bad := range []string{`nothing`, `{}`, `{"statusCode":200,"body":"*","isBase64Encoded":true}`} {
		if err := Answer(httptest.NewRecorder(), []byte(bad)); err == nil {
			t.Errorf("%s passed for an answer", bad)
		}
	}
}
