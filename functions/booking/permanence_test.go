package booking

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

func day(text string) time.Time {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return at
}

// The dates of Easter are those that the Bureau des longitudes publishes.
func TestHolidays(t *testing.T) {
	for _, text := range []string{
		"2026-01-01", "2026-04-06", "2026-05-01", "2026-05-08", "2026-05-14", "2026-05-25", "2026-07-14", "2026-08-15", "2026-11-01", "2026-11-11", "2026-12-25",
		"2024-04-01", "2024-05-09", "2024-05-20", "2025-04-21", "2025-05-29", "2025-06-09", "2027-03-29", "2038-04-26", "2008-03-24", "2000-04-24",
	} {
		if !holiday(day(text)) {
			t.Errorf("%s is a holiday", text)
		}
	}
	for _, text := range []string{"2026-04-05", "2026-04-03", "2026-12-26", "2026-05-24", "2026-01-02", "2026-11-12", "2026-07-13"} {
		if holiday(day(text)) {
			t.Errorf("%s is none", text)
		}
	}
	for year := 1900; year <= 2100; year++ {
		if e := easter(year); e.Weekday() != time.Sunday || e.Before(day("2000-03-22").AddDate(year-2000, 0, 0)) || e.After(day("2000-04-25").AddDate(year-2000, 0, 0)) {
			t.Errorf("Easter of %d: %s", year, e)
		}
	}
}

func TestFirstTuesdays(t *testing.T) {
	for month, want := range map[string]string{
		"2026-01": "2026-01-06", "2026-02": "2026-02-03", "2026-09": "2026-09-01",
		"2029-05": "2029-05-15", // 1 and 8 May are holidays, and Tuesdays
		"2030-01": "2030-01-08", // 1 January
		"2033-11": "2033-11-08", // 1 November
	} {
		at := day(month + "-01")
		if got := firstTuesday(at.Year(), at.Month()).Format(time.DateOnly); got != want {
			t.Errorf("%s: %s, not %s", month, got, want)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		year, month := rapid.IntRange(2020, 2100).Draw(r, "year"), time.Month(rapid.IntRange(1, 12).Draw(r, "month"))
		starts, ends := permanence(year, month)
		local := starts.In(french.Paris())
		if local.Weekday() != time.Tuesday || local.Hour() != 12 || local.Minute() != 30 || ends.Sub(starts) != time.Hour || holiday(local) ||
			local.Month() != month || local.Day() > 21 {
			r.Errorf("%s", local)
		}
	})
}

func TestPermanencesAreOpenedOnceAndLeftAlone(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	done := make(chan error)
	for range 2 {
		go func() { done <- w.openPermanences(ctx, w.Clock.Now()) }()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	read := func() []sessionItem {
		items, _, err := w.agenda(ctx, listing{agendaQuery: agendaQuery{Kind: Permanence, Limit: maxLimit}})
		if err != nil {
			t.Fatal(err)
		}
		return items
	}
	items := read()
	if len(items) != 3 {
		t.Fatalf("%d permanences", len(items))
	}
	for i, want := range []string{"2026-04-07T10:30:00Z", "2026-05-05T10:30:00Z", "2026-06-02T10:30:00Z"} {
		if got := items[i].StartsAt.Format(time.RFC3339); got != want {
			t.Errorf("%s, not %s", got, want)
		}
		w.sound(items[i].ID)
	}
	if _, err := w.change(w.team(), items[0].ID, sessionChange{Title: ptr("Permanence exceptionnelle")}, &fault.Fields{}); err != nil {
		t.Fatal(err)
	}
	if err := w.callOff(w.team(), items[1]); err != nil {
		t.Fatal(err)
	}
	w.Clock.Set(day("2026-04-08"))
	if err := w.openPermanences(ctx, w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	items = read()
	if len(items) != 4 || items[0].Title != "Permanence exceptionnelle" || items[1].State != cancelled || items[3].StartsAt.Format(time.RFC3339) != "2026-07-07T10:30:00Z" {
		t.Errorf("%+v", items)
	}
}
