package team

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/yearly"
)

// TestTheHomeCountsDeadLetters as work: whoever administers the platform is
// led to them, a member is told whom to tell, and nobody is told that all is
// well when the count has failed.
func TestTheHomeCountsDeadLetters(t *testing.T) {
	const card, upToDate, unknown = "messages que personne n’a pu traiter", "Aucun message que personne n’a pu traiter", "Nombre inconnu pour l’instant"
	for _, c := range []struct {
		name    string
		letters int
		err     error
		role    auth.Role
		says    []string
		silent  []string
	}{
		{"none, admin", 0, nil, auth.RoleAdmin,
			[]string{"Rien n’attend : tout est à jour.", `<a href="` + lettersPath + `">` + upToDate + `</a>`}, []string{unknown, "à relancer"}},
		{"none, member", 0, nil, auth.RoleTeam,
			[]string{"Rien n’attend : tout est à jour.", `<li>` + upToDate + `</li>`}, []string{unknown, lettersPath}},
		{"some, admin", 3, nil, auth.RoleAdmin,
			[]string{"Voici ce qui attend un coup de main.", `<h2><a href="` + lettersPath + `">3 ` + card + `</a></h2>`, "à relancer dans la journée"}, []string{upToDate, unknown, "À signaler"}},
		{"some, member", 3, nil, auth.RoleTeam,
			[]string{"Voici ce qui attend un coup de main.", `<h2>3 ` + card + `</h2>`, "À signaler aujourd’hui à une personne qui administre la plateforme."}, []string{upToDate, unknown, lettersPath}},
		{"one, admin", 1, nil, auth.RoleAdmin,
			[]string{`">1 message que personne n’a pu traiter</a></h2>`}, nil},
		{"failing, admin", 0, errors.New("SQS is down"), auth.RoleAdmin,
			[]string{"Rien n’attend, de ce qui a pu être compté.", unknown, `<a href="` + lettersPath + `">`, "Permanences tenues"}, []string{upToDate, "tout est à jour", "SQS"}},
		{"failing, member", 0, errors.New("SQS is down"), auth.RoleTeam,
			[]string{"Rien n’attend, de ce qui a pu être compté.", unknown, "prévenez une personne qui administre la plateforme", "Permanences tenues"}, []string{upToDate, "tout est à jour", "SQS", lettersPath}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := functiontest.New(t)
			env.DeadLetters.Waiting, env.DeadLetters.Err = make([]function.Letter, c.letters), c.err
			env.DeadLetters.Asked = func(ctx context.Context) {
				if deadline, bounded := ctx.Deadline(); !bounded || time.Until(deadline) > givenUpWithin {
					t.Errorf("the count may take until %v", deadline)
				}
			}
			var log bytes.Buffer
			runtime := env.Runtime()
			runtime.Log = slog.New(slog.NewJSONHandler(&log, nil))
			running, err := Function.Open(runtime)
			if err != nil {
				t.Fatal(err)
			}
			status, _, page := env.Page(running, env.Browser(c.role), "/equipe", nil)
			if status != http.StatusOK {
				t.Fatalf("%d: %s", status, page)
			}
			for _, text := range c.says {
				if !strings.Contains(page, text) {
					t.Errorf("it does not say %q: %s", text, page)
				}
			}
			for _, text := range c.silent {
				if strings.Contains(page, text) {
					t.Errorf("it says %q: %s", text, page)
				}
			}
			if logged := strings.Contains(log.String(), "SQS is down") && strings.Contains(log.String(), "test-request"); logged != (c.err != nil) {
				t.Errorf("logged: %s", &log)
			}
		})
	}
}

// TestUnitsOfTheHome asserts what docs/data-model.md says, and that the figures
// are those of the year that runs in Paris.
func TestUnitsOfTheHome(t *testing.T) {
	env := functiontest.New(t)
	running, browser := env.Open(Function), env.Browser(auth.RoleTeam)
	bilans := dynamo.Table{Client: env.Client, Name: env.TableName(function.Bilans)}
	counters := map[string]any{"pk": yearly.Key(2026).PK, "sk": yearly.Key(2026).SK, "status": "open"}
	for i, h := range yearly.Headlines {
		counters[h.Attribute()] = 1100 + i
		for other := range 6 { // as many as a year has
			counters[fmt.Sprint(yearly.Elements(h.Key()), other)] = other
		}
	}
	var writes dynamo.Writes
	writes.Add(bilans.Put(counters))
	if err := writes.Commit(t.Context(), env.Client); err != nil {
		t.Fatal(err)
	}
	var page string
	used := env.UnitsByTable(func() { _, _, page = env.Page(running, browser, "/equipe", nil) })
	local := os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local" && used.Read <= 4.5 && used.Door <= 2 // it counts no read that finds nothing
	if (used.Read != 4.5 || used.Door != 2) && !local || used.Write != 0 {
		t.Errorf("%v read, %v at the door, %v write, instead of 4.5, 2 and 0", used.Read, used.Door, used.Write)
	}
	for i, h := range yearly.Headlines {
		if want := fmt.Sprintf(`<a href="/bilans/2026/figures/%s"><strong>1 1%02d</strong> %s</a>`, h.ID, i, h.Label); !strings.Contains(page, want) {
			t.Errorf("it does not say %s: %s", want, page)
		}
	}
	env.Clock.Set(time.Date(2026, time.December, 31, 23, 30, 0, 0, time.UTC))
	if _, _, page = env.Page(running, env.Browser(auth.RoleTeam), "/equipe", nil); !strings.Contains(page, "2027, jusqu’ici") || strings.Contains(page, "1 100") {
		t.Errorf("the year does not change at midnight in Paris: %s", page)
	}
}
