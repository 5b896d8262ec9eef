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
		// Between 2 and 3 a clock skips an hour a year: no schedule is declared there.
		hour := rapid.SampledFrom([]int{0, 1, 3, 5, 9, 12, 18, 23}).Draw(r, "hour")
		minute := rapid.IntRange(0, 59).Draw(r, "minute")
		at := time.Date(2026, time.January, 1, 0, 0, 0, 0, french.Paris()).Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(r, "from")) * time.Minute)
		when := Daily(hour, minute)
		for range 400 {
			next := when.Next(at)
			local := next.In(french.Paris())
			if !next.After(at) || local.Hour() != hour || local.Minute() != minute || next.Sub(at) > 25*time.Hour {
				r.Fatalf("after %s comes %s", at, local)
			}
			at = next
		}
	})
}
