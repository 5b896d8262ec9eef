package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func secured(method, path string, headers ...string) *httptest.ResponseRecorder {
	handler := Secure(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }),
		"https://partenaire.example https://autre.example")
	r := httptest.NewRequest(method, "https://fabrique.example"+path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func TestEveryAnswerCarriesTheHeadersThatKeepBrowsersSafe(t *testing.T) {
	for _, path := range []string{"/", "/v1/charter"} {
		header := secured(http.MethodGet, path).Header()
		for name, value := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Security-Policy": contentPolicy,
			"Strict-Transport-Security": "max-age=63072000; includeSubDomains", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if header.Get(name) != value {
				t.Errorf("%s: %s: %q", path, name, header.Get(name))
			}
		}
	}
}

// Forms come from our own pages; the API has no cookie that could be abused.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	for _, c := range []struct {
		method, path string
		headers      []string
		status       int
	}{
		{"POST", "/rejoindre", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"POST", "/rejoindre", []string{"Sec-Fetch-Site", "none"}, 200},
		{"POST", "/rejoindre", nil, 200}, // no browser
		{"POST", "/rejoindre", []string{"Origin", "https://fabrique.example"}, 200},
		{"POST", "/rejoindre", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "/rejoindre", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"POST", "/rejoindre", []string{"Origin", "https://ailleurs.example"}, 403},
		{"POST", "/rejoindre", []string{"Origin", "null"}, 403},
		{"GET", "/rejoindre", []string{"Sec-Fetch-Site", "cross-site"}, 200}, // a link from elsewhere
		{"POST", "/v1/registrations", []string{"Sec-Fetch-Site", "cross-site"}, 200},
	} {
		if got := secured(c.method, c.path, c.headers...); got.Code != c.status {
			t.Errorf("%s %s %v: %d", c.method, c.path, c.headers, got.Code)
		}
	}
}

func TestOnlyListedOriginsMayCall(t *testing.T) {
	for _, c := range []struct {
		method, path, origin, allowed string
		status                        int
	}{
		{"GET", "/v1/x", "https://partenaire.example", "https://partenaire.example", 200},
		{"OPTIONS", "/v1/x", "https://autre.example", "https://autre.example", 204},
		{"GET", "/v1/x", "https://ailleurs.example", "", 200},
		{"OPTIONS", "/v1/x", "https://ailleurs.example", "", 200},
		{"GET", "/page", "https://partenaire.example", "", 200},
		{"GET", "/v1/x", "", "", 200},
		{"GET", "/v1/x", "https://partenaire.example.evil.example", "", 200},
	} {
		got := secured(c.method, c.path, "Origin", c.origin)
		if got.Header().Get("Access-Control-Allow-Origin") != c.allowed || got.Code != c.status || got.Header().Get("Vary") != "Origin" {
			t.Errorf("%+v: %d %v", c, got.Code, got.Header())
		}
		if got.Header().Get("Access-Control-Allow-Credentials") != "" {
			t.Error("cookies may be sent from elsewhere")
		}
	}
}
