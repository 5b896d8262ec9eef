package tests

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/fabrique-des-transitions/fabrique/shared/auth"
	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/ledger"
	"github.com/fabrique-des-transitions/fabrique/shared/yearly"
)

// happens appends a fact of today to the ledger, as its owner does, and lets
// the figures follow.
func (o *office) happens(t *testing.T, id, kind string, data map[string]any) {
	t.Helper()
	table := dynamo.Table{Client: o.Client, Name: o.TableName(function.Ledger)}
	var writes dynamo.Writes
	writes.Add(ledger.Append(table, ledger.New("fact_"+id, "test", kind, "subject", o.Clock.Now(), data), o.Clock.Now()))
	if err := writes.Commit(t.Context(), o.Client); err != nil {
		t.Fatal(err)
	}
	o.Drain()
}

// held is what booking says of a session that was held.
func (o *office) held(id, kind string, allies ...string) map[string]any {
	return map[string]any{
		"session_id": id, "kind": kind, "mode": "online", "starts_at": o.Clock.Now().UTC(), "minutes": 60,
		"territories": map[string]int{"46102": 1, "35238": 1}, "participants": allies, "allies": allies,
	}
}

var headlineOnPage = regexp.MustCompile(`<a href="(/bilans/\d+/figures/([a-z.-]+))"><strong>(\d+)</strong> ([^<]+)</a>`)

// headlines are the figures on the team's home, by id; each must lead to its
// records, under its label.
func (o *office) headlines(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	for _, match := range headlineOnPage.FindAllStringSubmatch(o.home(t), -1) {
		path, id, label := match[1], match[2], match[4]
		found[id], _ = strconv.Atoi(match[3])
		status, _, page := o.Page(o.running["bilan"], o.Browser(auth.RoleTeam), path, nil)
		if status != http.StatusOK || !strings.Contains(page, label) || strings.Contains(page, "réservée à l’équipe") {
			t.Errorf("%s leads to %s: %d, without %q or the records", id, path, status, label)
		}
	}
	return found
}

// answered are the same figures as the API answers them.
func (o *office) answered(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	year := o.call(t, "bilan", "GET", fmt.Sprintf("/v1/bilans/%d", o.Clock.Now().Year()), nil)
	for _, chapter := range year["chapters"].([]any) {
		for _, figure := range chapter.(map[string]any)["figures"].([]any) {
			f := figure.(map[string]any)
			for _, h := range yearly.Headlines {
				if h.ID == f["id"] {
					found[h.ID] = int(f["value"].(float64))
				}
			}
		}
	}
	return found
}

// TestTheHomeShowsTheYear as the bilan counts it: a fact that is projected
// moves its number on the home, to the one that the API answers.
func TestTheHomeShowsTheYear(t *testing.T) {
	o := newOffice(t)
	want := map[string]int{}
	shows := func(when string) {
		t.Helper()
		for _, h := range yearly.Headlines {
			want[h.ID] += 0 // each is shown, were it 0
		}
		if shown, answered := o.headlines(t), o.answered(t); !maps.Equal(shown, want) || !maps.Equal(answered, want) {
			t.Errorf("%s: the home shows %v, the API answers %v, and there are %v", when, shown, answered, want)
		}
	}
	shows("an empty year")
	o.happens(t, "1", "session.held.v2", o.held("ses_1", "permanence", "a", "b"))
	o.happens(t, "2", "session.held.v2", o.held("ses_2", "permanence", "b"))
	o.happens(t, "3", "session.held.v2", o.held("ses_3", "community", "a", "b", "c"))
	o.happens(t, "4", "session.held.v2", o.held("ses_4", "workshop", "d", "e", "f", "g"))
	o.happens(t, "5", "session.held.v2", o.held("ses_5", "initiation"))
	o.happens(t, "6", "training.v1", map[string]any{"subject": "sensitive-diagnosis", "pairs": 8})
	o.happens(t, "7", "resource.published.v1", map[string]any{"resource_id": "res_1"})
	o.happens(t, "8", "intervention.v1", map[string]any{"title": "Une"})
	want = map[string]int{
		"permanences.held": 2, "permanences.participants": 2, "communities.participants": 3, "workshops.participants": 4,
		"initiation.territories": 2, "training.sensitive-diagnosis.pairs": 8, "resources.new": 1, "interventions.all": 1,
	}
	shows("a year with something in each figure")
	o.call(t, "bilan", "POST", "/v1/facts", map[string]any{"type": "training", "data": map[string]any{
		"subject": "sensitive-diagnosis", "on": o.Clock.Now().Format(time.DateOnly), "pairs": 3,
	}})
	o.Drain()
	want["training.sensitive-diagnosis.pairs"] = 11
	shows("one fact more")
	o.Clock.Advance(366 * 24 * time.Hour)
	want = map[string]int{}
	shows("the year after")
}

// TestTheHomeCountsDifferencesOnly among what the bilan tells the team.
func TestTheHomeCountsDifferencesOnly(t *testing.T) {
	o := newOffice(t)
	o.happens(t, "1", "intervention.v1", map[string]any{"title": "Une"})
	o.Clock.Set(time.Date(2027, time.January, 15, 8, 0, 0, 0, french.Paris()))
	if err := o.running["bilan"].Schedules["close-year"](t.Context(), o.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if notices := o.call(t, "bilan", "GET", "/v1/bilans/notices", nil)["items"].([]any); len(notices) != 1 {
		t.Fatalf("the year was not closed: %v", notices)
	}
	o.says(t, "Aucun écart trouvé dans un bilan")
	bilans := dynamo.Table{Client: o.Client, Name: o.TableName(function.Bilans)}
	var writes dynamo.Writes
	writes.Add(bilans.Update(yearly.Key(2026), expression.Add(expression.NameNoDotSplit(yearly.Elements("interventions.all")), expression.Value(2))))
	if err := writes.Commit(t.Context(), o.Client); err != nil {
		t.Fatal(err)
	}
	if err := o.running["bilan"].Schedules["compile-bilan"](t.Context(), o.Clock.Now()); err == nil {
		t.Fatal("the recount finds no difference")
	}
	o.says(t, "1 écart trouvé dans un bilan")
}

// TestTheTeamSeesItsDay looks at the home, and follows a figure to its records.
func TestTheTeamSeesItsDay(t *testing.T) {
	v := visit(t)
	v.fact("intervention.v1", map[string]any{"title": "Congrès des maires", "on": time.Now().Format(time.DateOnly), "form": "talk"})
	v.settle()
	v.enterAs(member)
	v.open("/equipe")
	v.reads("Rien n’attend : tout est à jour.", "Aucun message que personne n’a pu traiter", "Interventions publiques")
	v.look("team-home")
	v.press("1 Interventions publiques")
	v.reads("Ce qui est compté", "Congrès des maires")
}
