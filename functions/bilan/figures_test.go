package bilan

import (
	"encoding/csv"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/yearly"
)

// golden are the figures of 2023 as the association published them: testdata/bilan-2023.csv.
func golden(t testing.TB) (rows []map[string]string) {
	t.Helper()
	file, err := os.Open("testdata/bilan-2023.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// Each published figure is declared, in its chapter and its section, shown in
// words where the association writes it so, and nothing else is declared.
func TestEveryPublishedFigureIsDeclared(t *testing.T) {
	declared := map[string]figure{}
	for _, f := range figures.of(2023) {
		if f.Chapter > 0 {
			declared[f.ID] = f
		}
	}
	for _, row := range golden(t) {
		f, known := declared[row["id"]]
		if !known {
			t.Errorf("%s is not declared", row["id"])
			continue
		}
		delete(declared, row["id"])
		if got := string(rune('0' + f.Chapter)); got != row["chapter"] || f.Section != row["section"] || f.Approximate != (row["approximate"] == "yes") {
			t.Errorf("%s is declared as %+v, and published as %v", f.ID, f, row)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(declared)) {
		t.Errorf("%s is declared and not published", id)
	}
}

// Declarations are whole: a label, a definition and a unit in French, one
// version of each number, and facts to count.
func TestDeclarationsAreWhole(t *testing.T) {
	keys := map[string]bool{}
	for _, f := range figures {
		if f.Label == "" || len(f.Definition) < 30 || f.Unit == "" || f.Version < 1 || f.Mentions == nil || keys[f.key()] {
			t.Errorf("%s is not whole, or declared twice", f.key())
		}
		keys[f.key()] = true
	}
}

// Each headline of the team's home is one declared figure, of the same name and
// counted alike. One that is declared in several versions needs headlines that
// know their year.
func TestHeadlinesAreDeclaredFigures(t *testing.T) {
	for _, h := range yearly.Headlines {
		var declared []figure
		for _, f := range figures {
			if f.ID == h.ID {
				declared = append(declared, f)
			}
		}
		if len(declared) != 1 {
			t.Errorf("%s is declared %d times", h.ID, len(declared))
			continue
		}
		f := declared[0]
		if h.Key() != f.key() || h.Label != f.Label || h.Sum != f.Sum || f.Spans {
			t.Errorf("the headline %+v is not the figure %+v", h, f)
		}
	}
}

// A changed definition is a new version from a year on: old years keep theirs.
func TestOldYearsKeepTheirDefinition(t *testing.T) {
	w := newWorld(t)
	changed, _ := figures.find(2023, "permanences.held")
	changed.Version, changed.Since, changed.Definition = 2, 2025, "Permanences de l’année, quelle que soit leur durée, comptées par jour."
	changed.Mentions = each(sessions("permanence", ""), byDay)
	w.figures = append(slices.Clone(figures), changed)
	for i, at := range []string{"2024-06-04 12:30", "2024-06-04 18:00", "2025-06-03 12:30", "2025-06-03 18:00"} {
		id := "ses_" + string(rune('a'+i))
		f := w.told("session.held.v2", paris(at), held(id, "permanence", "", paris(at), 60, nil, nil))
		w.append(f)
		w.projectAll(f)
	}
	for year, want := range map[int][2]int{2024: {2, 1}, 2025: {1, 2}} {
		bilan, err := w.report(t.Context(), year)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range bilan.Chapters[0].Figures {
			if f.ID == "permanences.held" && [2]int{f.Value, f.Version} != want {
				t.Errorf("%d: %d in version %d, not %v", year, f.Value, f.Version, want)
			}
		}
	}
}

// Two days from nine in the morning to five in the afternoon are two days; one
// that ends at midnight is one; clocks that change in between add none.
func TestDaysOfSessions(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     int
	}{
		{"2023-07-06 09:00", "2023-07-07 17:00", 2},
		{"2023-07-06 09:00", "2023-07-06 17:00", 1},
		{"2023-07-06 18:00", "2023-07-07 00:00", 1},
		{"2023-07-06 18:00", "2023-07-07 00:01", 2},
		{"2023-03-25 23:30", "2023-03-26 23:30", 2},
		{"2023-10-28 09:00", "2023-10-30 01:00", 3},
		{"2022-12-31 23:00", "2023-01-01 01:00", 2},
	} {
		at := paris(c.from)
		f := fact{Time: at, Data: said{StartsAt: at.UTC(), Minutes: int(paris(c.to).Sub(at) / time.Minute)}}
		if got := byDay(f); len(got) != c.want {
			t.Errorf("%s to %s: %v", c.from, c.to, got)
		}
	}
}
