package bilan

import "testing"

// TestWhoIsMergedCountsNoMore: a signature that is merged into another leaves
// the figure at once, unlike someone who goes, and a recount agrees.
func TestWhoIsMergedCountsNoMore(t *testing.T) {
	w := newWorld(t)
	for _, ally := range []string{"ally_1", "ally_2", "ally_3"} {
		w.append(w.told("ally.signed.v1", paris("2023-03-01 09:00"), map[string]any{"kind": "person", "ally_id": ally}))
	}
	w.append(
		w.told("ally.left.v2", paris("2023-05-01 09:00"), map[string]any{"kind": "person", "ally_id": "ally_2", "reason": "merged", "into": "ally_1"}),
		w.told("ally.left.v1", paris("2023-06-01 09:00"), map[string]any{"kind": "person", "ally_id": "ally_3"}))
	w.Drain()
	counted := map[string]int{}
	for _, chapter := range w.bilan(2023).Chapters {
		for _, figure := range chapter.Figures {
			counted[figure.ID] = figure.Value
		}
	}
	if counted["allies.persons"] != 2 {
		t.Errorf("%d persons, not the one that stays and the one who left in the year", counted["allies.persons"])
	}
	if err := w.compile(t.Context(), w.Clock.Now()); err != nil {
		t.Errorf("a recount differs: %v", err)
	}
}
