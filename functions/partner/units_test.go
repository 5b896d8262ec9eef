package partner

import (
	"os"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/alliance"
	"github.com/fabrique-des-transitions/fabrique/shared/auth"
)

// TestUnitsOfEachMessage asserts what docs/data-model.md says.
func TestUnitsOfEachMessage(t *testing.T) {
	w := newWorld(t)
	at := w.Clock.Now().Add(-time.Hour)
	snapshot := func(n, minute int) string {
		var records []any
		for _, code := range places(n) {
			records = append(records, map[string]any{"territory": code, "enrolled_on": "2026-03-01"})
		}
		return messageOf("cohort.snapshot", at.Add(time.Duration(minute)*time.Minute), map[string]any{"cohort": "occitanie", "territories": records})
	}
	large := snapshot(500, 2)
	elsewhere := messageOf("territory.enrolled", at, map[string]any{"cohort": "lot-2026", "territory": "46102", "enrolled_on": "2026-03-01"})
	elsewhereLater := messageOf("territory.enrolled", at, map[string]any{"cohort": "lot-2027", "territory": "46102", "enrolled_on": "2026-03-01"})
	bare, team := w.bare(), auth.WithMember(t.Context(), auth.Member{Subject: "member-1", Roles: []auth.Role{auth.RoleTeam}})
	judge := func(settled int) {
		if n, err := bare.judgeAgain(team, alliance.Partners[0], "refused"); err != nil || n != settled {
			t.Errorf("%v: %d settled, not %d", err, n, settled)
		}
	}
	w.Issuer()
	running := w.Open(Function)
	for _, action := range []struct {
		name        string
		do          func()
		read, write float64
	}{
		{"enrolled", func() { w.send(enrolledIn(at, "46102", "2026-03-01")) }, 3, 9},
		{"stale", func() { w.send(withdrawnFrom(at.Add(-time.Hour), "46102")) }, 3, 5},
		{"snapshot of 500", func() { w.receiptOf(w.post("large", large)) }, 502, 2097},
		{"the same again", func() { w.receiptOf(w.post("large", large)) }, 9, 0},
		{"another, nothing new", func() { w.receiptOf(w.post("later", snapshot(500, 3))) }, 502, 1065},
		{"refused, of a cohort that is not there", func() { w.receiptOf(w.post("refused", elsewhere)) }, 3, 4},
		{"judged again, in vain", func() { judge(0) }, 3, 0},
		{"judged again, once the cohort is there", func() { judge(1) }, 3, 12},
		{"refused anew", func() { w.receiptOf(w.post("aside", elsewhereLater)) }, 3, 4},
		{"set aside", func() {
			if err := bare.setAside(team, alliance.Partners[0], "aside", "vu"); err != nil {
				t.Error(err)
			}
		}, 1, 6},
		{"set aside again", func() { _ = bare.setAside(team, alliance.Partners[0], "aside", "vu") }, 1, 0},
		{"the team's list of partners", func() { w.Do(running, "GET", "/equipe/partenaires", nil, w.Bearer("team")...) }, 9.5, 0},
		{"the team's list of messages", func() { w.Do(running, "GET", "/equipe/partenaires/occitanie", nil, w.Bearer("team")...) }, 22.5, 0},
		{"refused whole", func() { w.post("unread", `{}`) }, 0, 4},
		{"refused whole, again", func() { w.post("unread", `{}`) }, 0, 1},
		{"not signed", func() { w.post("unsigned", "{}", "webhook-signature", "v1,x") }, 0, 1},
		{"not signed, again", func() { w.post("unsigned", "{}", "webhook-signature", "v1,x") }, 0, 0},
	} {
		if action.name == "judged again, once the cohort is there" {
			w.putCohort("lot-2026", "occitanie", "76")
		}
		read, write := w.Units(action.do)
		t.Logf("| %s | %v | %v |", action.name, read, write)
		local := os.Getenv("FABRIQUE_ENGINE") == "dynamodb-local"
		if !local && (read != action.read || write != action.write) {
			t.Errorf("%s: %v read, %v write, instead of %v and %v", action.name, read, write, action.read, action.write)
		}
	}
}
