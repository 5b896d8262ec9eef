package team

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/audit"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// note writes an entry of a member, as another function would.
func (w *world) note(subject, action, about string, before, after any) {
	w.t.Helper()
	w.noteMany(1, subject, action, about, before, after)
}

// noteMany writes as many entries at once, 100 at most.
func (w *world) noteMany(count int, subject, action, about string, before, after any) {
	w.t.Helper()
	s, err := open(w.Runtime())
	if err != nil {
		w.t.Fatal(err)
	}
	ctx := auth.WithMember(context.Background(), auth.Member{Subject: subject})
	var writes dynamo.Writes
	for range count {
		writes.Add(s.audit.Entry(ctx, action, about, before, after))
	}
	if err := writes.Commit(ctx, w.Client); err != nil {
		w.t.Fatal(err)
	}
}

func TestTheTrailIsReadable(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	w.note("member-camille", "session.changed", "ses_1", map[string]any{"title": "Avant", "capacity": 20, "place": "Figeac"}, map[string]any{"title": "Après <b>", "capacity": 20, "place": "Figeac"})
	w.Clock.Advance(time.Minute)
	w.note("member-gone", "unheard.of", "x_1", nil, map[string]bool{"consents.newsletter": true})
	page := w.page(http.StatusOK, "/equipe/journal")
	for _, want := range []string{
		"Rencontre modifiée", "Camille Dupré", "Titre : <del>Avant</del> → <ins>Après &lt;b&gt;</ins>", "Ancien compte", "unheard.of", "Nouvelles : <ins>oui</ins>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the journal does not say %q: %s", want, page)
		}
	}
	if strings.Contains(page, "Figeac") || strings.Contains(page, "Places :") {
		t.Error("what has not changed is shown as changed")
	}
	if strings.Index(page, "unheard.of") > strings.Index(page, "Rencontre modifiée</th>") && strings.Contains(page, "Rencontre modifiée</th>") {
		t.Error("not the latest first")
	}
}

// TestTheTrailSaysWhatWasCorrected: a field whose values are not kept, and
// states in French; what people wrote stays as it is.
func TestTheTrailSaysWhatWasCorrected(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	hidden := map[string]string{"person.given_name": audit.Masked}
	w.note("member-camille", "ally.corrected", "ally_1", hidden, hidden)
	w.note("member-camille", "application.accepted", "app_1", map[string]string{"status": "complete"}, map[string]string{"status": "accepted", "note": "waiting"})
	w.note("member-camille", "export", "inscriptions", nil, map[string]any{"filter": map[string]string{"etat": "waiting"}})
	page := w.page(http.StatusOK, "/equipe/journal")
	for _, want := range []string{
		"Prénom : modifié</li>", "État : <del>complet</del> → <ins>accepté</ins>", "Mot : <ins>waiting</ins>", "État : <ins>en attente</ins>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the journal does not say %q: %s", want, page)
		}
	}
}

// TestAMonthOfTheTrailIsThatOfParis: what is noted just after midnight stands
// in the month, and on the day, that has begun.
func TestAMonthOfTheTrailIsThatOfParis(t *testing.T) {
	w := newWorld(t)
	w.Clock.Set(time.Date(2026, time.March, 31, 22, 30, 0, 0, time.UTC))
	w.note("member-camille", "ally.merged", "ally_1", nil, nil)
	for query, want := range map[string]int{
		"": 1, "month=2026-04": 1, "month=2026-03": 0, "from=2026-04-01": 1, "until=2026-03-31": 0, "from=2026-04-01&until=2026-04-01": 1,
		"from=2026-04-02&until=2026-04-02": 0, "subject=ally_1&until=2026-03-31": 0, "subject=ally_1": 1,
	} {
		if got := len(w.trail(query).Items); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

// tryTrail reads a page of the trail, and trail one that must be there.
func (w *world) tryTrail(query string) (answer trailAnswer, err error) {
	s, err := open(w.Runtime())
	if err != nil {
		return answer, err
	}
	recorded := httptest.NewRecorder()
	if err := s.getTrail(recorded, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, "/v1/audit?"+query, nil)); err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(recorded.Body.Bytes(), &answer)
}

func (w *world) trail(query string) trailAnswer {
	w.t.Helper()
	answer, err := w.tryTrail(query)
	if err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return answer
}

// TestThreeYearsOfTheTrail: a subject is read whole by one query, and a period
// month by month, pages going on from one month into another.
func TestThreeYearsOfTheTrail(t *testing.T) {
	w := newWorld(t)
	begun := time.Date(2023, time.December, 15, 12, 0, 0, 0, time.UTC)
	for n := range 36 {
		w.Clock.Set(begun.AddDate(0, n, 0))
		w.note("member-camille", "session.changed", "ses_1", nil, nil)
		w.note("member-sacha", "ally.merged", fmt.Sprint("ally_", n), nil, nil)
		w.note("member-camille", "export", "ses_10", nil, nil) // which begins as another does
	}
	all := func(query string) (found []trailEntry, pages int) {
		for cursor := ""; ; pages++ {
			answer := w.trail(query + "&cursor=" + cursor)
			found = append(found, answer.Items...)
			if cursor = answer.NextCursor; cursor == "" {
				return found, pages + 1
			}
		}
	}
	for query, want := range map[string]int{
		"subject=ses_1": 36, "subject=ses_1&limit=7": 36, "subject=ses_1&from=2025-01-01&until=2025-12-31&limit=5": 12, "subject=ses_1&who=member-sacha": 0,
		"from=2023-01-01": 108, "from=2023-01-01&limit=7": 108, "from=2025-11-15&until=2026-02-15&limit=2": 12, "from=2023-01-01&who=member-sacha&limit=5": 36,
		"from=2023-01-01&action=export&limit=36": 36, "until=2024-01-31": 6,
	} {
		found, pages := all(query)
		if len(found) != want || !slices.IsSortedFunc(found, func(a, b trailEntry) int { return b.At.Compare(a.At) }) {
			t.Errorf("%s: %d in order over %d pages, want %d", query, len(found), pages, want)
		}
	}
	if read, _ := w.Units(func() { w.trail("subject=ses_1&limit=100") }); read > 2 { // all 36 entries
		t.Errorf("one subject costs %v read units", read)
	}
	since := w.Faults(nil)
	w.trail("from=1000-01-01&who=member-nobody")
	if calls, _ := since(); calls > 40 { // as many months as are kept, and the names of members
		t.Errorf("all of the trail takes %d calls", calls)
	}
}

// TestAPageThatFindsLittleGoesOn: it looks at so many entries and no more, and
// its cursor leads to the rest.
func TestAPageThatFindsLittleGoesOn(t *testing.T) {
	w := newWorld(t)
	w.note("member-camille", "ally.merged", "ally_1", nil, nil)
	w.Clock.Advance(time.Second)
	for range 51 {
		w.noteMany(100, "member-camille", "session.changed", "ses_1", nil, nil)
	}
	page := w.trail("action=ally.merged")
	if len(page.Items) > 0 || page.NextCursor == "" {
		t.Fatalf("%d found at once", len(page.Items))
	}
	if page = w.trail("action=ally.merged&cursor=" + page.NextCursor); len(page.Items) != 1 || page.NextCursor != "" {
		t.Errorf("%+v", page)
	}
}

// TestACursorOfAnotherListIsRefused, and one that was made up: as a page, with
// the form that narrows the list.
func TestACursorOfAnotherListIsRefused(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	for n := range 4 {
		w.note("member-camille", "session.changed", fmt.Sprint("ses_", n/2), nil, nil)
	}
	of := func(query string) string { return url.QueryEscape(w.trail(query + "&limit=1").NextCursor) }
	month, subject := of(""), of("subject=ses_1")
	for _, query := range []string{
		"cursor=x", "cursor=" + subject, "subject=ses_1&cursor=" + month, "subject=ses_0&cursor=" + subject,
		"month=2024-02&cursor=" + month, "until=2024-03-14&cursor=" + month, "subject=ses_1&until=2024-03-14&cursor=" + subject,
	} {
		if _, err := w.tryTrail(query); fault.As(err) == nil || fault.As(err).Kind != fault.Invalid {
			t.Errorf("%s: %v", query, err)
		}
		if page := w.page(http.StatusUnprocessableEntity, "/equipe/journal?"+query); !strings.Contains(page, `id="until"`) || !strings.Contains(page, "repartez du début") {
			t.Errorf("%s: %s", query, page)
		}
	}
}

func TestTheTrailIsFilteredAndPaged(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	for n := range 25 {
		w.note(fmt.Sprintf("member-%d", n%2), []string{"export", "ally.merged"}[n%2], fmt.Sprintf("ally_%d", n), nil, nil)
		w.Clock.Advance(time.Second)
	}
	seen := 0
	for path := "/equipe/journal"; path != ""; {
		page := w.page(http.StatusOK, path)
		seen += strings.Count(page, `<th scope="row">`)
		before, _, more := strings.Cut(page, `" rel="next"`)
		if path = ""; more {
			path = strings.ReplaceAll(before[strings.LastIndex(before, `href="`)+len(`href="`):], "&amp;", "&")
		}
	}
	if seen != 25 {
		t.Errorf("%d entries over all pages", seen)
	}
	for query, want := range map[string]int{
		"action=export": 13, "who=member-1": 12, "subject=ally_24": 1, "who=member-0&action=ally.merged": 0, "subject=ally_2": 1, "month=2020-01": 0, "limit=100": 25,
	} {
		if got := strings.Count(w.page(http.StatusOK, "/equipe/journal?limit=100&"+query), `<th scope="row">`); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	if page := w.page(http.StatusUnprocessableEntity, "/equipe/journal?month=novembre"); !strings.Contains(page, "Saisissez un mois comme 2026-11.") {
		t.Errorf("%s", page)
	}
	rows, err := csv.NewReader(strings.NewReader(w.page(http.StatusOK, "/equipe/journal.csv?action=export"))).ReadAll()
	if err != nil || len(rows) != 14 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if got := strings.Count(w.page(http.StatusOK, "/equipe/journal?action=export&who=member-camille"), `<th scope="row">`); got != 1 {
		t.Errorf("the export is noted %d times", got)
	}
}

// TestTheTrailDoesNotKeepWhatWasSearchedFor: someone may type an address in
// place of a number, and the trail is kept for years.
func TestTheTrailDoesNotKeepWhatWasSearchedFor(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	w.page(http.StatusOK, "/equipe/journal.csv?subject=ada@exemple.fr&action=export")
	if held := w.Holding("ada@exemple.fr"); len(held) > 0 {
		t.Errorf("what was searched for is held by %v", held)
	}
	if page := w.page(http.StatusOK, "/equipe/journal?action=export"); !strings.Contains(page, "Recherche") || !strings.Contains(page, "oui") {
		t.Errorf("that something was searched for is not noted: %s", page)
	}
}

// TestTheTrailForgetsWhoIsErased: entries name an account; its name goes with
// the record of the member, and nothing personal is in the table.
func TestTheTrailForgetsWhoIsErased(t *testing.T) {
	w := newWorld(t)
	w.signIn(camille("team"), "/equipe")
	w.note("member-camille", "ally.merged", "ally_1", nil, nil)
	w.Clock.Advance(time.Minute)
	w.erase("camille@fabrique.example")
	if w.signedIn() {
		t.Error("an erased member is signed in")
	}
	for _, private := range []string{"Camille Dupré", "camille@"} {
		if held := w.Holding(private); len(held) > 0 {
			t.Errorf("%s is held by %v", private, held)
		}
	}
	w.signIn(sacha(), "/equipe")
	if page := w.page(http.StatusOK, "/equipe/journal"); !strings.Contains(page, "Ancien compte") || strings.Contains(page, "Camille") {
		t.Errorf("%s", page)
	}
	if page := w.page(http.StatusOK, adminPath); !strings.Contains(page, "Sacha Nguyen") || strings.Contains(page, "Camille") {
		t.Errorf("%s", page)
	}
	for _, entry := range w.Dump(function.Audit) {
		kept := time.Unix(int64(entry["expires_at"].(float64)), 0)
		if years := kept.Sub(w.Clock.Now()).Hours() / 24 / 365; years < 2.9 || years > 3.1 {
			t.Errorf("kept for %.1f years", years)
		}
	}
}
