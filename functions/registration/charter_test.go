package registration

import (
	"encoding/json"
	"net/http"
	"path"
	"reflect"
	"testing"
	"time"
)

func TestCharterIsTheNewestVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	answer := w.call(http.StatusOK, http.MethodGet, "/v1/charter", nil)
	if got := read[charter](w, answer); !reflect.DeepEqual(got, currentCharter()) || got.Version != "2024-1" {
		t.Errorf("%+v", got)
	}
	if answer.Header().Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("%v", answer.Header())
	}
}

// Each version is complete, and its file is named by it.
func TestEveryVersionOfTheCharterCanBeRead(t *testing.T) {
	t.Parallel()
	files, err := charterFiles.ReadDir("charter")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := charterFiles.ReadFile(path.Join("charter", file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var c charter
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatalf("%s: %v", file.Name(), err)
		}
		if _, err := time.Parse(time.DateOnly, c.PublishedOn); err != nil || c.Version+".json" != file.Name() || c.Title == "" || len(c.Commitments) == 0 {
			t.Errorf("%s: %+v", file.Name(), c)
		}
		if c.PublishedOn > currentCharter().PublishedOn {
			t.Errorf("%s is newer than the one in force", file.Name())
		}
	}
}
