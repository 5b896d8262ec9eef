package booking

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// TestMonthsAreLaidOutByWeeks, also those in which the clock changes.
func TestMonthsAreLaidOutByWeeks(t *testing.T) {
	for month, want := range map[string]struct{ before, days, weeks int }{
		"2026-03": {6, 31, 6}, "2027-02": {0, 28, 4}, "2028-02": {1, 29, 5}, "2026-10": {3, 31, 5}, "2026-05": {4, 31, 5},
	} {
		first, err := time.ParseInLocation("2006-01", month, french.Paris())
		if err != nil {
			t.Fatal(err)
		}
		weeks := weeksOf(first, nil, first.AddDate(0, 0, 9))
		before, days, today := 0, 0, 0
		for _, week := range weeks {
			if len(week) != 7 {
				t.Errorf("%s: a week of %d", month, len(week))
			}
			for place, day := range week {
				switch {
				case day.Day.IsZero() && days == 0:
					before++
				case !day.Day.IsZero():
					days++
					if day.Day.Day() != days || int(day.Day.Weekday()+6)%7 != place {
						t.Errorf("%s: %v in column %d", month, day.Day, place)
					}
				}
				if day.Today {
					today += day.Day.Day()
				}
			}
		}
		if before != want.before || days != want.days || len(weeks) != want.weeks || today != 10 {
			t.Errorf("%s: %d cells before, %d days, %d weeks, today %d", month, before, days, len(weeks), today)
		}
	}
}

// TestAMonthIsShownWhole as a table and as a list, each session on its day.
func TestAMonthIsShownWhole(t *testing.T) {
	w := newWorld(t)
	for n := range defaultLimit + 5 { // 12 March and the days after, some at midnight in Paris
		in := w.inTwoDays(2)
		in.Title = fmt.Sprintf("Rencontre %02d", n)
		starts := time.Date(2026, 3, 12+n%15, 0, 0, 0, 0, french.Paris())
		in.StartsAt, in.EndsAt = moment{starts.UTC()}, moment{starts.Add(time.Hour).UTC()}
		if _, err := w.plan(w.team(), in, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	see := func(query string) string {
		return w.Do(w.running, http.MethodGet, "/agenda"+query, nil, "Accept", "text/html").Body.String()
	}
	page := see("?mois=2026-03")
	if !strings.Contains(page, `<input type="hidden" name="mois" value="2026-03">`) {
		t.Error("the filter forgets the month")
	}
	table, list, _ := strings.Cut(page, "</table>")
	for n := range defaultLimit + 5 {
		cell := fmt.Sprintf(`datetime="2026-03-%02d"`, 12+n%15)
		_, cell, _ = strings.Cut(table, cell)
		cell, _, _ = strings.Cut(cell, "</td>")
		if title := fmt.Sprintf("Rencontre %02d", n); !strings.Contains(cell, title) || strings.Count(table, title) != 1 || strings.Count(list, title) != 1 {
			t.Errorf("%s is not on its day: %q", title, cell)
		}
	}
	if strings.Count(table, `<th scope="col">`) != 7 || !strings.Contains(table, `<td aria-current="date"><time datetime="2026-03-10">`) || strings.Contains(page, `rel="next">Page suivante`) {
		t.Error(table)
	}
	for _, query := range []string{"", "?mois=2026-07", "?mois=2026-03&limit=5", "?mois=mars"} {
		if strings.Contains(see(query), "<table") {
			t.Errorf("%s: a table of what is no whole month", query)
		}
	}
}
