package team

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
)

// given are dead letters of each kind; the clock of tests stands at 9:00 UTC.
func given(at time.Time) []function.Letter {
	return []function.Letter{
		{ID: "notify/1", Function: "notify", Table: function.Mails, Changes: 3, Reason: "RetryAttemptsExhausted", At: at.Add(-time.Hour), Until: at.Add(time.Hour)},
		{ID: "bilan/2", Function: "bilan", Schedule: "compile-bilan", Due: at.Add(-6 * time.Hour), Reason: "figures <differed>", At: at.Add(-5 * time.Hour)},
		{ID: "cohort/3", Function: "cohort", Table: function.Allies, Changes: 1, At: at.Add(-30 * time.Hour), Until: at},
		{ID: "notify/4", Function: "notify", Notice: "Email Bounced", At: at},
		{ID: "essay/5", Function: "essay", At: at},
	}
}

func TestDeadLettersAreShown(t *testing.T) {
	env := functiontest.New(t)
	env.DeadLetters.Waiting = given(env.Clock.Now())
	running := env.Open(Function)
	status, _, page := env.Page(running, env.Browser(auth.RoleAdmin), lettersPath, nil)
	if status != http.StatusOK {
		t.Fatalf("%d: %s", status, page)
	}
	for _, text := range []string{
		"Courriels : 3 changements de la table <code>Mails</code>", "À relancer avant le 10 mars 2026 à 11 h", "RetryAttemptsExhausted",
		"Bilan : tâche <code>compile-bilan</code>", "pour l’échéance du 10 mars 2026 à 4 h", "figures &lt;differed&gt;",
		"1 changement de la table <code>Allies</code>", "Trop tard pour relancer", "avis <code>Email Bounced</code>", "essay : message illisible",
	} {
		if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(page, "\u00a0", " "), "\u202f", " "), text) {
			t.Errorf("it does not say %q: %s", text, page)
		}
	}
	if n := strings.Count(page, "/messages/relancer"); n != 4 {
		t.Errorf("%d can be run again, want all but the one that left its stream", n)
	}
	if status, _, _ := env.Page(running, env.Browser(auth.RoleTeam), lettersPath, nil); status != http.StatusForbidden {
		t.Errorf("a member of the team: %d", status)
	}
}

func TestDeadLettersAreDealtWithOnce(t *testing.T) {
	env := functiontest.New(t)
	env.DeadLetters.Waiting = given(env.Clock.Now())
	running, browser := env.Open(Function), env.Browser(auth.RoleAdmin)
	for _, c := range []struct{ path, id, to string }{
		{"/relancer", "bilan/2", lettersPath + "?fait=relance"}, {"/oublier", "notify/4", lettersPath + "?fait=oubli"},
	} {
		status, location, page := env.Page(running, browser, lettersPath+c.path, url.Values{"id": {c.id}})
		if status != http.StatusSeeOther || location != c.to {
			t.Fatalf("%s: %d to %s: %s", c.path, status, location, page)
		}
		if status, _, page = env.Page(running, browser, lettersPath+c.path, url.Values{"id": {c.id}}); status != http.StatusGone || !strings.Contains(page, "quelqu’un l’a déjà relancé ou oublié") {
			t.Errorf("%s again: %d %s", c.path, status, page)
		}
	}
	if !slices.Equal(env.DeadLetters.Again, []string{"bilan/2"}) || len(env.DeadLetters.Waiting) != 3 {
		t.Errorf("run again %v, and waiting %+v", env.DeadLetters.Again, env.DeadLetters.Waiting)
	}
	_, _, journal := env.Page(running, browser, "/equipe/journal", nil)
	for _, text := range []string{"Message relancé", "Message oublié", "compile-bilan", "Email Bounced"} {
		if !strings.Contains(journal, text) {
			t.Errorf("the journal does not say %q", text)
		}
	}
	if strings.Contains(journal, "differed") {
		t.Error("the journal says what a service answered, which may hold a name")
	}
}
