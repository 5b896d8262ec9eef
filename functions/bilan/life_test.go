package bilan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/functions/bilan/report"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// year2023 puts some facts of 2022 and 2023 in the figures.
func (w *world) year2023() []ledger.Fact {
	w.t.Helper()
	facts := []ledger.Fact{
		w.told("ally.signed.v1", paris("2022-05-04 09:00"), map[string]any{"kind": "person", "ally_id": "ally_1"}),
		w.told("ally.signed.v1", paris("2023-05-04 09:00"), map[string]any{"kind": "person", "ally_id": "ally_2"}),
		w.told("session.held.v2", paris("2023-06-06 12:30"), held("ses_1", "permanence", "", paris("2023-06-06 12:30"), 60, pseudonymsOfTest, pseudonymsOfTest[:3])),
		w.told("session.feedback.v1", paris("2023-06-07 12:30"), map[string]any{"session_id": "ses_1", "kind": "permanence", "effects": map[string]int{"trust": 4, "alliance": 5}}),
		w.told("session.feedback.v1", paris("2023-06-08 12:30"), map[string]any{"session_id": "ses_1", "kind": "permanence", "effects": map[string]int{"trust": 3}}),
		w.told("intervention.v1", paris("2023-06-09 00:00"), map[string]any{"title": "Congrès des maires", "on": "2023-06-09", "form": "talk", "representative": true}),
		w.told("training.v1", paris("2023-06-10 00:00"), map[string]any{"subject": "sensitive-diagnosis", "on": "2023-06-10", "pairs": 8}),
	}
	w.append(facts...)
	w.Drain()
	return facts
}

// code sends a request of the team and returns the status and the fault's code.
func (w *world) code(method, path string) (int, string) {
	w.t.Helper()
	answer := w.Do(w.running, method, path, nil, w.Bearer("team")...)
	var problem web.Problem
	_ = json.Unmarshal(answer.Body.Bytes(), &problem) // of a good answer, nothing
	return answer.Code, problem.Code
}

// TestLifeOfAYear: open, closed, published, and no other way.
func TestLifeOfAYear(t *testing.T) {
	w := newWorld(t)
	w.year2023()
	for _, step := range []struct {
		method, path string
		status       int
		code         string
	}{
		{"POST", "/v1/bilans/2026/close", http.StatusConflict, "year-not-over"},
		{"POST", "/v1/bilans/2023/publish", http.StatusConflict, "year-not-closed"},
		{"POST", "/v1/bilans/2023/close", http.StatusOK, ""},
		{"POST", "/v1/bilans/2023/close", http.StatusOK, ""},
		{"POST", "/v1/bilans/2023/publish", http.StatusOK, ""},
		{"POST", "/v1/bilans/2023/publish", http.StatusOK, ""},
		{"POST", "/v1/bilans/2023/close", http.StatusConflict, "year-published"},
		{"POST", "/v1/bilans/2027/close", http.StatusNotFound, "unknown-year"},
		{"POST", "/v1/bilans/2005/close", http.StatusNotFound, "unknown-year"},
		{"POST", "/v1/bilans/2005/publish", http.StatusNotFound, "unknown-year"},
		{"GET", "/v1/bilans/2005", http.StatusNotFound, "unknown-year"},
		{"GET", "/v1/bilans/1789", http.StatusNotFound, "unknown-year"},
		{"GET", "/v1/bilans/bientot", http.StatusNotFound, "unknown-year"},
		{"GET", "/v1/bilans/2023/figures/nothing", http.StatusNotFound, "unknown-figure"},
		{"GET", "/v1/bilans/2023/figures/allies.persons?limit=101", http.StatusUnprocessableEntity, "invalid-input"},
		{"GET", "/v1/bilans/2023/figures/allies.persons?cursor=abc", http.StatusUnprocessableEntity, "invalid-input"},
	} {
		if status, code := w.code(step.method, step.path); status != step.status || code != step.code {
			t.Errorf("%s %s: %d %q, not %d %q", step.method, step.path, status, code, step.status, step.code)
		}
	}
	if status, _ := w.code("POST", "/v1/bilans/2023/close"); w.Do(w.running, "POST", "/v1/bilans/2022/close", nil).Code != http.StatusUnauthorized {
		t.Errorf("anyone closes a year, %d", status)
	}
	var years report.Years
	w.call(http.StatusOK, "GET", "/v1/bilans", nil, &years)
	var standing []string
	for _, y := range years.Items {
		standing = append(standing, string(y.Status))
	}
	if want := []string{"open", "open", "open", "published", "open"}; !slices.Equal(standing, want) || years.Items[3].Year != 2023 {
		t.Errorf("%v", years.Items)
	}
	var paged []report.Year
	for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
		var page report.Years
		w.call(http.StatusOK, "GET", "/v1/bilans?limit=2&cursor="+cursor, nil, &page)
		if len(page.Items) == 0 || len(page.Items) > 2 || pages > 9 {
			t.Fatalf("%d years on a page of two", len(page.Items))
		}
		paged, cursor = append(paged, page.Items...), page.NextCursor
	}
	if !slices.Equal(paged, years.Items) || years.NextCursor != "" {
		t.Errorf("in pages of two: %v, not %v", paged, years.Items)
	}
	for _, query := range []string{"?limit=0", "?limit=101", "?cursor=abc", "?cursor=eyJwbGFjZSI6IngifQ"} {
		if status, code := w.code("GET", "/v1/bilans"+query); status != http.StatusUnprocessableEntity || code != "invalid-input" {
			t.Errorf("%s: %d %q", query, status, code)
		}
	}
	if entries := w.Dump(function.Audit); len(entries) != 2 {
		t.Errorf("%d entries in the trail", len(entries))
	}
}

// close-year has nothing to close when nothing is known of the year, and says so to nobody.
func TestCloseYearWithoutABilan(t *testing.T) {
	w := newWorld(t)
	if err := w.closeYear(t.Context(), paris("2026-01-15 08:00")); err != nil {
		t.Error(err)
	}
	if list, err := w.notices(t.Context()); err != nil || len(list.Items) != 0 {
		t.Errorf("%v %+v", err, list)
	}
}

// frozen is the published report, without what may come to it.
func frozen(t testing.TB, r report.Report) string {
	t.Helper()
	r.Corrections = nil
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPublishedIsFrozen: late facts, corrections and people who leave change no
// byte of what was published; they are listed beside it, dated, with a reason.
func TestPublishedIsFrozen(t *testing.T) {
	w := newWorld(t)
	facts := w.year2023()
	if before := w.bilan(2023); before.Status != report.Open || before.Effects["trust"] != (report.Effect{Mean: 3.5, Answers: 2}) {
		t.Errorf("%+v", before.Effects)
	}
	w.code("POST", "/v1/bilans/2023/close")
	w.code("POST", "/v1/bilans/2023/publish")
	published := w.bilan(2023)
	sealed, err := published.Seal()
	if err != nil || published.Hash != sealed || len(published.Corrections) != 0 || published.Status != report.Published {
		t.Fatalf("%v: %+v", err, published)
	}
	var before figureView
	w.call(http.StatusOK, "GET", "/v1/bilans/2023/figures/interventions.all", nil, &before, w.Bearer("team")...)

	w.Clock.Advance(48 * time.Hour)
	late := w.told("intervention.v1", paris("2023-09-09 00:00"), map[string]any{"title": "Retrouvée dans un tiroir", "on": "2023-09-09", "form": "talk"})
	again := w.told("session.held.v2", paris("2023-06-06 12:30"), held("ses_1", "permanence", "", paris("2023-06-06 12:30"), 60, pseudonymsOfTest, pseudonymsOfTest[:2]))
	again.Data.(map[string]any)["corrects"] = facts[2].ID
	moved := w.told("training.v1", paris("2022-06-10 00:00"), map[string]any{"subject": "sensitive-diagnosis", "on": "2022-06-10", "pairs": 8, "corrects": facts[6].ID})
	w.append(late, again, moved,
		w.told("ally.left.v1", w.Clock.Now(), map[string]any{"kind": "person", "ally_id": "ally_2"}),
		w.told("ally.signed.v1", paris("2022-07-04 09:00"), map[string]any{"kind": "person", "ally_id": "ally_3"}))
	w.Drain()
	w.Replay()
	now := w.bilan(2023)
	if frozen(t, now) != frozen(t, published) {
		t.Errorf("it moved:\n%s\n%s", frozen(t, published), frozen(t, now))
	}
	if seal, _ := now.Seal(); seal != published.Hash || now.Hash != published.Hash {
		t.Error("the hash moved")
	}
	want := map[string][2]int{"interventions.all": {1, 2}, "permanences.participants": {3, 2}, "training.sensitive-diagnosis.pairs": {8, 0}, "allies.persons": {2, 3}}
	for _, c := range now.Corrections {
		if want[c.Figure] != [2]int{c.Published, c.Now} || c.On != "2026-03-12" || c.Reason == "" || c.FactID == "" {
			t.Errorf("%+v", c)
		}
		delete(want, c.Figure)
	}
	if len(want) > 0 {
		t.Errorf("no correction of %v in %+v", want, now.Corrections)
	}
	if next := w.bilan(2024); next.Chapters[3].Figures[1].Previous == nil || *next.Chapters[3].Figures[1].Previous != 1 {
		t.Errorf("the year after compares with something else than what was published: %+v", next.Chapters[3].Figures[1])
	}
	var after figureView
	w.call(http.StatusOK, "GET", "/v1/bilans/2023/figures/interventions.all", nil, &after, w.Bearer("team")...)
	if len(after.Facts) != 1 || after.FactsCount != 1 || after.Facts[0].Facts[0].ID != before.Facts[0].Facts[0].ID {
		t.Errorf("%+v, then %+v", before, after)
	}
	// A late fact that is itself corrected leaves no trace but its own two lines.
	w.append(w.told("intervention.v1", paris("2024-09-09 00:00"), map[string]any{"title": "C’était l’année d’après", "on": "2024-09-09", "form": "talk", "corrects": late.ID}))
	w.Drain()
	end := w.bilan(2023)
	if last := end.Corrections[len(end.Corrections)-1]; last.Figure != "interventions.all" || last.Now != 1 || frozen(t, end) != frozen(t, published) {
		t.Errorf("%+v", end.Corrections)
	}
}

// Anyone can compute the hash from what anyone can get, with other tools.
func TestAnyoneCanComputeTheHash(t *testing.T) {
	w := newWorld(t)
	w.year2023()
	w.code("POST", "/v1/bilans/2023/close")
	w.code("POST", "/v1/bilans/2023/publish")
	body := w.Do(w.running, "GET", "/v1/bilans/2023", nil).Body.Bytes()
	script := `import hashlib, json, sys
year = json.load(sys.stdin)
del year["corrections"], year["hash"]
print(hashlib.sha256(json.dumps(year, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()).hexdigest())`
	command := exec.Command("python3", "-c", script)
	command.Stdin = bytes.NewReader(body)
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(output)); got != w.bilan(2023).Hash {
		t.Errorf("Python computes %s", got)
	}
	var r report.Report
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatal(err)
	}
	r.Chapters[0].Figures[0].Value++
	text, err := r.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) == r.Hash {
		t.Error("another value has the same hash")
	}
}
