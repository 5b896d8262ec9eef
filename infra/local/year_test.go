package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions"
	"github.com/fabrique-des-transitions/fabrique/infra/local/host"
)

// yearOfTest starts the host as the program does, on years kept under root.
func yearOfTest(t *testing.T, s settings, stdout io.Writer) *host.Host {
	t.Helper()
	o := host.Options{Functions: functions.All, PublicURL: "http://127.0.0.1:8080", DataDir: s.data, Log: slog.New(slog.DiscardHandler)}
	h, forget, err := open(t.Context(), o, s, stdout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close(); forget() })
	return h
}

func get(t *testing.T, h http.Handler, target string, out any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		t.Fatalf("%s: %v", target, err)
	}
}

// One replay serves all that is to be seen of the demo: it takes most of a minute.
//
// Amazon's engine needs more than ten minutes for it, so there it is left out:
// it shows the demo data right, which do not depend on the engine.
func TestDemoYear(t *testing.T) {
	if os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" {
		t.Skip("the replay of a year takes Amazon's engine more than ten minutes")
	}
	root := t.TempDir()
	var first, second, third bytes.Buffer
	h := yearOfTest(t, settings{prepared: root}, &first)
	if !strings.Contains(first.String(), "100 %") {
		t.Errorf("no progress is shown: %q", first.String())
	}
	t.Run("34 of 34", func(t *testing.T) { mustShowThe34(t, h) })
	t.Run("today", func(t *testing.T) { mustShowToday(t, h) })
	t.Run("second start", func(t *testing.T) {
		kept := filepath.Join(t.TempDir(), "data")
		h := yearOfTest(t, settings{prepared: root, data: kept}, &second)
		if second.Len() > 0 {
			t.Errorf("replayed again: %s", second.String())
		}
		mustShowThe34(t, h)
		mustShowToday(t, h)
		h.Close()
		h = yearOfTest(t, settings{prepared: root, data: kept}, &third)
		mustShowToday(t, h) // a folder that has data is left alone
	})
}

// mustShowThe34 compares with a copy of the bilan that the association
// published: the same numbers, those too that it tells in words.
func mustShowThe34(t *testing.T, h http.Handler) {
	t.Helper()
	var bilan struct {
		Chapters []struct {
			Figures []struct {
				ID              string
				Value, Previous int
			}
		}
	}
	get(t, h, "/v1/bilans/2023", &bilan)
	shown, previous := map[string]int{}, map[string]int{}
	for _, chapter := range bilan.Chapters {
		for _, f := range chapter.Figures {
			shown[f.ID], previous[f.ID] = f.Value, f.Previous
		}
	}
	file, err := os.Open(filepath.Join("testdata", "bilan-2023.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil || len(lines) != 35 {
		t.Fatalf("%d lines (%v)", len(lines), err)
	}
	for _, line := range lines[1:] {
		id := line[2]
		want, err := strconv.Atoi(line[3])
		if err != nil {
			t.Fatal(err)
		}
		if value, there := shown[id]; !there || value != want {
			t.Errorf("%s: %d (%v), want %d", id, value, there, want)
		}
	}
	if len(shown) != 34 {
		t.Errorf("%d figures, want 34", len(shown))
	}
	for _, id := range []string{"allies.organisations", "interventions.all", "workshops.active"} {
		if previous[id] == 0 || previous[id] >= shown[id] {
			t.Errorf("%s: %d the year before", id, previous[id])
		}
	}
}

func mustShowToday(t *testing.T, h http.Handler) {
	t.Helper()
	var count struct{ Organisations, Persons int }
	get(t, h, "/v1/allies/count", &count)
	if count.Organisations != 1410+40 || count.Persons != 1020+25 {
		t.Errorf("%+v, want 1450 organisations and 1045 persons", count)
	}
	var agenda struct {
		Items []struct {
			Kind, Status string
			Waiting      int
		}
	}
	get(t, h, "/v1/sessions", &agenda)
	kinds, waiting := map[string]int{}, 0
	for _, item := range agenda.Items {
		kinds[item.Kind]++
		waiting += item.Waiting
	}
	if kinds["permanence"] < 2 || kinds["initiation"] != 2 || kinds["workshop"] != 2 || kinds["community"] != 1 || kinds["assembly"] != 1 || waiting != 2 {
		t.Errorf("%v, %d wait", kinds, waiting)
	}
	var cohort struct{ Territories []any }
	if get(t, h, "/v1/cohorts/massif-central", &cohort); len(cohort.Territories) != 4 {
		t.Errorf("%+v", cohort)
	}
	var resources struct{ Items []any }
	if get(t, h, "/v1/resources?limit=100", &resources); len(resources.Items) < 12 {
		t.Errorf("%d resources", len(resources.Items))
	}
	var mails []any
	if get(t, h, "/_dev/mail", &mails); len(mails) != 0 {
		t.Errorf("%d mails are left", len(mails))
	}
	var clock struct{ Now time.Time }
	if get(t, h, "/_dev/clock", &clock); time.Since(clock.Now) > time.Minute {
		t.Errorf("clock at %v", clock.Now)
	}
	var dead []any
	if get(t, h, "/_dev/dead-letters", &dead); len(dead) != 0 {
		t.Errorf("%d changes were given up", len(dead))
	}
}

func TestReplayThatIsStoppedLeavesNothing(t *testing.T) {
	root := filepath.Join(t.TempDir(), "demo")
	ctx, stop := context.WithCancel(t.Context())
	o := host.Options{Functions: functions.All, PublicURL: "http://127.0.0.1:8080", Log: slog.New(slog.DiscardHandler)}
	_, _, err := open(ctx, o, settings{prepared: root}, stopper(stop))
	if err == nil {
		t.Fatal("it opens")
	}
	if _, err := os.Stat(root); !os.IsNotExist(err) {
		t.Errorf("something is left (%v)", err)
	}
}

// stopper stops the program at the first sign of progress, as Ctrl-C does.
type stopper func()

func (s stopper) Write(text []byte) (int, error) {
	s()
	return len(text), nil
}
