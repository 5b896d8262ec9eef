package registration

import (
	"embed"
	"encoding/json"
	"net/http"
	"path"
	"sync"

	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// charter is one version of what allies commit to.
type charter struct {
	Version     string   `json:"version"`
	PublishedOn string   `json:"published_on" format:"date"`
	Title       string   `json:"title"`
	Commitments []string `json:"commitments"`
}

//go:embed charter/*.json
var charterFiles embed.FS

// currentCharter is the newest version. A version is a file that never changes
// once published: signatures name it. A new version is a new file.
var currentCharter = sync.OnceValue(func() charter {
	var newest charter
	files, err := charterFiles.ReadDir("charter")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	for _, file := range files {
		var c charter
		text, err := charterFiles.ReadFile(path.Join("charter", file.Name()))
		if err == nil {
			err = json.Unmarshal(text, &c)
		}
		if err != nil {
			panic(err) // a test reads every version
		}
		if c.PublishedOn > newest.PublishedOn {
			newest = c
		}
	}
	return newest
})

func (s *service) getCharter(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=300")
	return web.JSON(w, http.StatusOK, currentCharter())
}
