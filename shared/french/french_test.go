package french

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestDatesAndHoursAreThoseOfParis(t *testing.T) {
	for _, c := range []struct{ at, day, hour string }{
		{"2026-02-03T11:30:00Z", "mardi 3 février 2026", "12\u00a0h\u00a030"},
		{"2026-08-04T10:30:00Z", "mardi 4 août 2026", "12\u00a0h\u00a030"},
		{"2026-03-01T08:00:00Z", "dimanche 1er mars 2026", "9\u00a0h"},
		{"2026-12-31T23:05:00Z", "vendredi 1er janvier 2027", "0\u00a0h\u00a005"},
		{"2026-06-30T22:00:00Z", "mercredi 1er juillet 2026", "0\u00a0h"},
		{"2026-06-30T21:59:59Z", "mardi 30 juin 2026", "23\u00a0h\u00a059"},
		// Clocks go forward on 29 March 2026 at 2 h, back on 25 October at 3 h.
		{"2026-03-29T00:59:00Z", "dimanche 29 mars 2026", "1\u00a0h\u00a059"},
		{"2026-03-29T01:00:00Z", "dimanche 29 mars 2026", "3\u00a0h"},
		{"2026-10-25T00:30:00Z", "dimanche 25 octobre 2026", "2\u00a0h\u00a030"},
		{"2026-10-25T01:30:00Z", "dimanche 25 octobre 2026", "2\u00a0h\u00a030"},
		{"2026-10-25T02:00:00Z", "dimanche 25 octobre 2026", "3\u00a0h"},
		{"2026-02-03T21:30:00+10:00", "mardi 3 février 2026", "12\u00a0h\u00a030"},
	} {
		at := instant(t, c.at)
		if got := Day(at); got != c.day {
			t.Errorf("Day(%s) = %q, want %q", c.at, got, c.day)
		}
		if got := Hour(at); got != c.hour {
			t.Errorf("Hour(%s) = %q, want %q", c.at, got, c.hour)
		}
		if got, want := Moment(at), c.day+", "+c.hour+" (heure de Paris)"; got != want {
			t.Errorf("Moment(%s) = %q, want %q", c.at, got, want)
		}
	}
}

func TestPeriod(t *testing.T) {
	for _, c := range []struct{ start, end, want string }{
		{"2026-02-03T11:30:00Z", "2026-02-03T12:30:00Z",
			"mardi 3 février 2026, 12\u00a0h\u00a030 – 13\u00a0h\u00a030 (heure de Paris)"},
		{"2026-03-31T12:00:00Z", "2026-04-01T10:00:00Z",
			"du mardi 31 mars 2026, 14\u00a0h, au mercredi 1er avril 2026, 12\u00a0h (heure de Paris)"},
		{"2026-02-03T22:30:00Z", "2026-02-03T23:30:00Z", // two days in Paris, one in UTC
			"du mardi 3 février 2026, 23\u00a0h\u00a030, au mercredi 4 février 2026, 0\u00a0h\u00a030 (heure de Paris)"},
		{"2026-03-28T23:30:00Z", "2026-03-29T21:30:00Z", // one day in Paris, two in UTC, one hour short
			"dimanche 29 mars 2026, 0\u00a0h\u00a030 – 23\u00a0h\u00a030 (heure de Paris)"},
	} {
		if got := Period(instant(t, c.start), instant(t, c.end)); got != c.want {
			t.Errorf("Period(%s, %s) = %q, want %q", c.start, c.end, got, c.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", 7: "7", 999: "999", 1000: "1\u202f000", 1410: "1\u202f410", 34969: "34\u202f969",
		123456: "123\u202f456", 1234567: "1\u202f234\u202f567",
		-1: "-1", -999: "-999", -1410: "-1\u202f410", -123456: "-123\u202f456",
		math.MinInt64: "-9\u202f223\u202f372\u202f036\u202f854\u202f775\u202f808",
	} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{-2: "allié·es", -1: "allié·e", 0: "allié·e", 1: "allié·e", 2: "allié·es", 1410: "allié·es"} {
		if got := Plural(n, "allié·e", "allié·es"); got != want {
			t.Errorf("Plural(%d) = %q, want %q", n, got, want)
		}
	}
}

// Whatever the instant, a date says the day of Paris and nothing else.
func TestDatesSayEveryDayOnce(t *testing.T) {
	seen := map[string]string{}
	for hours := range 24 * 366 * 2 {
		at := time.Date(2027, time.December, 1, 0, 30, 0, 0, time.UTC).Add(time.Duration(hours) * time.Hour)
		day := at.In(Paris()).Format(time.DateOnly)
		if known, ok := seen[Date(at)]; ok && known != day {
			t.Fatalf("%s is %s and %s", Date(at), known, day)
		}
		seen[Date(at)] = day
	}
	if len(seen) < 2*366 {
		t.Errorf("%d days", len(seen))
	}
}

func TestNumbersReadBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.Int().Draw(r, "n")
		text := Number(n)
		back, err := strconv.Atoi(strings.ReplaceAll(text, NarrowNoBreak, ""))
		if err != nil || back != n {
			r.Fatalf("%d reads %q", n, text)
		}
		for i, group := range strings.Split(strings.TrimPrefix(text, "-"), NarrowNoBreak) {
			if len(group) > 3 || i > 0 && len(group) != 3 {
				r.Errorf("%q", text)
			}
		}
	})
}
