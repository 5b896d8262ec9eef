package site

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"sync"
	"time"

	"github.com/fabrique-des-transitions/fabrique/events"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

//go:embed openapi.json
var document []byte

// documentTag changes with the document (https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3).
var documentTag = sync.OnceValue(func() string {
	sum := sha256.Sum256(document)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
})

func (s *service) getDocument(w http.ResponseWriter, r *http.Request) error {
	return serve(w, r, "application/json", "public, max-age=300", document, documentTag())
}

// robots keeps crawlers out of the API. It names no private page: these say
// "noindex" themselves, which a crawler only sees when it may read them
// (https://developers.google.com/search/docs/crawling-indexing/block-indexing).
const robots = "User-agent: *\nDisallow: /v1/\n"

// getRobots also says where the list of pages is, in full as crawlers want it
// (https://www.sitemaps.org/protocol.html#submit_robots).
func (s *service) getRobots(w http.ResponseWriter, r *http.Request) error {
	content := robots + "Sitemap: " + s.origin + "/sitemap.xml\n"
	return serve(w, r, "text/plain; charset=utf-8", "public, max-age=86400", []byte(content), "")
}

// serve answers a file, or that the caller has it already.
func serve(w http.ResponseWriter, r *http.Request, mediaType, caching string, content []byte, tag string) error {
	header := w.Header()
	header.Set("Content-Type", mediaType)
	header.Set("Cache-Control", caching)
	if tag != "" {
		header.Set("ETag", tag)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	return nil
}

// getSchema answers one of the published schemas, which never change
// (https://www.iana.org/assignments/media-types/application/schema+json).
func (s *service) getSchema(w http.ResponseWriter, r *http.Request) error {
	text, err := events.Schemas.ReadFile(r.PathValue("file"))
	if err != nil {
		return fault.New(fault.NotFound, "unknown-schema", "Aucun schéma n’a ce nom.")
	}
	return serve(w, r, "application/schema+json", "public, max-age=86400", text, "")
}

func (s *service) getAsset(w http.ResponseWriter, r *http.Request) error { return web.Assets(w, r) }

// getIcon is for browsers that ask for the icon without having read a page.
func (s *service) getIcon(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=86400")
	http.Redirect(w, r, "/assets/feuille.svg", http.StatusFound)
	return nil
}
