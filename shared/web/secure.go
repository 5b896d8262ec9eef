package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

var crossSite = fault.New(fault.Forbidden, "cross-site-form",
	"Ce formulaire a été envoyé depuis un autre site. Ouvrez la page sur notre site et recommencez.")

// contentPolicy lets a page load its own stylesheet and images and post to
// itself, and nothing else: no script at all (https://www.w3.org/TR/CSP3/).
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; media-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// AllowStorage lets a page post a form to another origin, and show what it
// keeps: that of the bucket of files, which its handler knows.
func AllowStorage(header http.Header, origin string) {
	header.Set("Content-Security-Policy", strings.NewReplacer("img-src 'self'", "img-src 'self' "+origin,
		"media-src 'self'", "media-src 'self' "+origin, "form-action 'self'", "form-action 'self' "+origin).Replace(contentPolicy))
}

// Secure adds the headers that keep browsers safe, answers cross-origin
// browsers that are on the list (origins, spaces between), and refuses forms
// posted from other sites.
func Secure(next http.Handler, origins string) http.Handler {
	allowed := strings.Fields(origins)
	forgery := http.NewCrossOriginProtection()
	forgery.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answerFault(w, r, crossSite, true)
	}))
	protected := forgery.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer") // addresses of pages carry tokens
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		header.Add("Vary", "Origin")
		// The API takes bearer tokens, never cookies, so there is nothing to forge.
		if !strings.HasPrefix(r.URL.Path, "/v1/") {
			protected.ServeHTTP(w, r)
			return
		}
		if origin := r.Header.Get("Origin"); slices.Contains(allowed, origin) {
			header.Set("Access-Control-Allow-Origin", origin)
			header.Set("Access-Control-Expose-Headers", "ETag, Retry-After")
			if r.Method == http.MethodOptions {
				header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
				header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-Match")
				header.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
