package bilan

import (
	"context"
	"encoding/json"
	flags "flag" // a rule of facts is called flag
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
)

// TestMain draws fewer histories on Amazon's engine, where all hundred take
// five minutes and the rules are the same.
func TestMain(m *testing.M) {
	flags.Parse()
	if os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" {
		if err := flags.Set("rapid.checks", "8"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// world is one test's tables, with the function opened on them twice: as a
// host runs it, and bare, so that a test can call what no route does.
type world struct {
	*functiontest.Env
	*service
	running *function.Running
	t       testing.TB
	made    int
}

// newWorld makes a world without any fact. Its clock stands on Tuesday 10
// March 2026 at 10:00 in Paris.
func newWorld(t testing.TB) *world {
	t.Helper()
	env := functiontest.New(t)
	env.Issuer()
	bare, err := open(env.Runtime())
	if err != nil {
		t.Fatal(err)
	}
	return &world{Env: env, service: bare, running: env.Open(Function), t: t}
}

// member is the context of a request of the team.
func (w *world) member() context.Context {
	return auth.WithMember(w.t.Context(), auth.Member{Subject: "member-1", Roles: []auth.Role{auth.RoleTeam}})
}

// call sends a request and reads the JSON that comes back into out, unless nil.
func (w *world) call(status int, method, path string, body, out any, headers ...string) {
	w.t.Helper()
	answer := w.Do(w.running, method, path, body, headers...)
	if answer.Code != status {
		w.t.Fatalf("%s %s: %d, not %d: %s", method, path, answer.Code, status, answer.Body)
	}
	if out != nil {
		if err := json.Unmarshal(answer.Body.Bytes(), out); err != nil {
			w.t.Fatalf("%v: %s", err, answer.Body)
		}
	}
}

// paris is an instant by the clocks of Paris: "2023-05-04 09:00".
func paris(text string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04", text, french.Paris())
	if err != nil {
		panic(err)
	}
	return at
}

// told makes a fact without appending it. data is what it says, by name.
func (w *world) told(kind string, at time.Time, data map[string]any) ledger.Fact {
	w.made++
	return ledger.New(fmt.Sprintf("fact_%026d", w.made), "test", kind, "subject", at, data)
}

// append adds facts to the ledger.
func (w *world) append(facts ...ledger.Fact) {
	w.t.Helper()
	for _, f := range facts {
		var writes dynamo.Writes
		writes.Add(ledger.Append(w.ledger, f, w.Clock.Now()))
		if err := writes.Commit(w.t.Context(), w.table.Client); err != nil {
			w.t.Fatal(err)
		}
	}
}

// bilan is the bilan of a year, as anyone gets it.
func (w *world) bilan(year int) (out report.Report) {
	w.t.Helper()
	w.call(http.StatusOK, "GET", fmt.Sprintf("/v1/bilans/%d", year), nil, &out)
	return out
}

// values are those of the figures of a bilan.
func values(r report.Report) map[string]int {
	found := map[string]int{}
	for _, chapter := range r.Chapters {
		for _, f := range chapter.Figures {
			found[f.ID] = f.Value
		}
	}
	return found
}

// held is what booking says of a session that was held.
func held(session, kind, series string, at time.Time, minutes int, participants, allies []string) map[string]any {
	data := map[string]any{
		"session_id": session, "kind": kind, "mode": "online", "starts_at": at.UTC(), "minutes": minutes,
		"territories": map[string]int{}, "participants": participants, "allies": allies,
	}
	if series != "" {
		data["series"] = series
	}
	return data
}

// projectAll brings facts of the ledger into the figures of the bare service.
func (w *world) projectAll(facts ...ledger.Fact) {
	w.t.Helper()
	for _, f := range facts {
		read, key := w.read(f)
		if err := w.project(w.t.Context(), read, key); err != nil {
			w.t.Fatal(err)
		}
	}
}

// read is a fact as the stream brings it, and where it stands in the ledger.
func (w *world) read(f ledger.Fact) (fact, dynamo.Key) {
	w.t.Helper()
	text, err := json.Marshal(f)
	if err != nil {
		w.t.Fatal(err)
	}
	read, err := readFact(string(text), w.Clock.Now().Format(time.RFC3339))
	if err != nil {
		w.t.Fatal(err)
	}
	return read, dynamo.Key{PK: fmt.Sprintf("%s#%d", f.Type, read.year()), SK: f.Time.UTC().Format(time.RFC3339) + "#" + f.ID}
}
