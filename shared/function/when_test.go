package function

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

func paris(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, french.Paris())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestNextAndExpression(t *testing.T) {
	for _, c := range []struct {
		when             When
		expression       string
		after, next, two string
	}{
		{Every(time.Minute), "rate(1 minute)", "2026-03-10 09:00", "2026-03-10 09:01", "2026-03-10 09:02"},
		{Every(5 * time.Minute), "rate(5 minutes)", "2026-03-10 09:03", "2026-03-10 09:05", "2026-03-10 09:10"},
		{Daily(3, 5), "cron(5 3 * * ? *)", "2026-03-10 03:05", "2026-03-11 03:05", "2026-03-12 03:05"},
		{Daily(3, 5), "cron(5 3 * * ? *)", "2026-03-10 03:04", "2026-03-10 03:05", "2026-03-11 03:05"},
		{Daily(9, 0), "cron(0 9 * * ? *)", "2026-03-28 09:00", "2026-03-29 09:00", "2026-03-30 09:00"}, // clocks go on
		{Daily(9, 0), "cron(0 9 * * ? *)", "2026-10-24 09:00", "2026-10-25 09:00", "2026-10-26 09:00"}, // and back
		{Yearly(time.January, 15, 6, 0), "cron(0 6 15 1 ? *)", "2026-01-15 06:00", "2027-01-15 06:00", "2028-01-15 06:00"},
		{Yearly(time.January, 15, 6, 0), "cron(0 6 15 1 ? *)", "2026-01-01 00:00", "2026-01-15 06:00", "2027-01-15 06:00"},
	} {
		if got := c.when.Expression(); got != c.expression {
			t.Errorf("%s, not %s", got, c.expression)
		}
		next := c.when.Next(paris(t, c.after))
		if !next.Equal(paris(t, c.next)) || !c.when.Next(next).Equal(paris(t, c.two)) {
			t.Errorf("%s after %s: %s, then %s", c.expression, c.after, next, c.when.Next(next))
		}
	}
}

// TestDailyKeepsItsHourAllYear through both changes of the clocks, once a day.
func TestDailyKeepsItsHourAllYear(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		hour := rapid.IntRange(0, 23).Draw(r, "hour")
		minute := rapid.IntRange(0, 59).Draw(r, "minute")
		at := time.Date(2026, time.January, 1, 0, 0, 0, 0, french.Paris()).Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(r, "from")) * time.Minute)
		when := Daily(hour, minute)
		for range 400 {
			next := when.Next(at)
			local := next.In(french.Paris())
			most := 25 * time.Hour
			if hour == 2 {
				most = 48 * time.Hour // once a year the clocks skip that hour
			}
			if !next.After(at) || local.Hour() != hour || local.Minute() != minute || next.Sub(at) > most {
				r.Fatalf("after %s comes %s", at, local)
			}
			at = next
		}
	})
}

// TestTheHoursThatChange are skipped in spring and come once in autumn.
func TestTheHoursThatChange(t *testing.T) {
	when := Daily(2, 30)
	at := time.Date(2026, time.January, 1, 0, 0, 0, 0, french.Paris())
	days := map[string]int{}
	for at.Year() == 2026 {
		at = when.Next(at)
		days[at.In(french.Paris()).Format(time.DateOnly)]++
	}
	if days["2026-03-28"] != 1 || days["2026-03-29"] != 0 || days["2026-03-30"] != 1 || days["2026-10-25"] != 1 || len(days) != 365 {
		t.Errorf("%d days, %v", len(days), []int{days["2026-03-28"], days["2026-03-29"], days["2026-03-30"], days["2026-10-25"]})
	}
	leap := Yearly(time.February, 29, 6, 0)
	if next := leap.Next(paris(t, "2026-01-01 00:00")); !next.Equal(paris(t, "2028-02-29 06:00")) {
		t.Errorf("29 February comes on %s", next)
	}
}

// TestEveryKeepsItsStep whatever the clocks do.
func TestEveryKeepsItsStep(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		step := time.Duration(rapid.IntRange(1, 24*60).Draw(r, "minutes")) * time.Minute
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(r, "from"), 0)
		first := Every(step).Next(at)
		if !first.After(at) || first.Sub(at) > step || Every(step).Next(first).Sub(first) != step {
			r.Errorf("every %s after %s: %s", step, at, first)
		}
	})
}

func TestRecurrencesThatNeverComeAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		when When
		good bool
	}{
		"none":             {When{}, false},
		"every nothing":    {Every(0), false},
		"half a minute":    {Every(30 * time.Second), false},
		"a minute, a half": {Every(90 * time.Second), false},
		"backwards":        {Every(-time.Minute), false},
		"24 h":             {Daily(24, 0), false},
		"60 min":           {Daily(0, 60), false},
		"30 February":      {Yearly(time.February, 30, 0, 0), false},
		"no day":           {Yearly(time.March, 0, 0, 0), false},
		"no month":         {Yearly(13, 1, 0, 0), false},
		"29 February":      {Yearly(time.February, 29, 0, 0), true},
		"midnight":         {Daily(0, 0), true},
		"the last minute":  {Daily(23, 59), true},
		"a minute":         {Every(time.Minute), true},
	} {
		if err := c.when.check(); c.good != (err == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
