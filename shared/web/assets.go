package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

//go:embed assets
var assetFiles embed.FS

// assetPrefix begins the path of every file that pages load.
const assetPrefix = "/assets/"

var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}

type asset struct {
	content []byte
	hash    string // of the content, in its address: a change of one is a change of the other
}

// assets reads the embedded files, once.
var assets = sync.OnceValue(func() map[string]asset {
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err) // they are embedded above
	}
	all := map[string]asset{}
	for _, entry := range entries {
		content, err := assetFiles.ReadFile("assets/" + entry.Name())
		if err != nil {
			panic(err)
		}
		if path.Ext(entry.Name()) == ".css" {
			content = minified(content)
		}
		sum := sha256.Sum256(content)
		all[entry.Name()] = asset{content, hex.EncodeToString(sum[:6])}
	}
	return all
})

// minified is a stylesheet without its comments and white space, which are for
// those who change it.
func minified(stylesheet []byte) []byte {
	m := minify.New()
	m.AddFunc("text/css", css.Minify)
	short, err := m.Bytes("text/css", stylesheet)
	if err != nil {
		panic(err) // it is embedded, and a test reads it
	}
	return short
}

// assetPath is the address of an embedded file, with the hash of its content
// before its extension: "/assets/fabrique.9c1f0a2b3d4e.css".
func assetPath(name string) (string, error) {
	file, ok := assets()[name]
	if !ok {
		return "", fmt.Errorf("no asset %s", name)
	}
	extension := path.Ext(name)
	return assetPrefix + strings.TrimSuffix(name, extension) + "." + file.hash + extension, nil
}

// Assets answers GET /assets/{file}. A file at its current address never
// changes, so browsers keep it for a year. One asked for with another hash
// comes from a page made by an older version: it gets the current content,
// for a minute only. It returns a NotFound fault for a file that is not there.
func Assets(w http.ResponseWriter, r *http.Request) error {
	asked := r.PathValue("file")
	extension := path.Ext(asked)
	stem, hash, _ := strings.Cut(strings.TrimSuffix(asked, extension), ".")
	file, ok := assets()[stem+extension]
	if !ok {
		return fault.New(fault.NotFound, "asset-not-found", "Ce fichier n’existe pas.")
	}
	header := w.Header()
	header.Set("Content-Type", assetTypes[extension])
	header.Set("ETag", `"`+file.hash+`"`)
	header.Set("Cache-Control", "public, max-age=60")
	if hash == file.hash {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.content))
	return nil
}
