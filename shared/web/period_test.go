package web

import (
	"net/url"
	"testing"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
)

func TestAPeriodIsOfDaysInParis(t *testing.T) {
	day := func(y int, m time.Month, d, hour int) time.Time { return time.Date(y, m, d, hour, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		from, until string
		want        Period
		faults      []string
	}{
		"none":           {"", "", Period{}, nil},
		"one day":        {"2026-03-10", "2026-03-10", Period{day(2026, 3, 9, 23), day(2026, 3, 10, 23)}, nil},
		"across a shift": {"2026-03-29", "2026-03-29", Period{day(2026, 3, 28, 23), day(2026, 3, 29, 22)}, nil}, // 23 hours long
		"an open end":    {"2026-07-01", "", Period{From: day(2026, 6, 30, 22)}, nil},
		"backward":       {"2026-03-10", "2026-03-09", Period{day(2026, 3, 9, 23), day(2026, 3, 9, 23)}, []string{"query.until"}},
		"no dates":       {"x", "2026-02-30", Period{}, []string{"query.from", "query.until"}},
	} {
		var faults fault.Fields
		got := ReadPeriod(url.Values{"from": {c.from}, "until": {c.until}}, &faults)
		if !got.From.Equal(c.want.From) || !got.Until.Equal(c.want.Until) || len(faults) != len(c.faults) {
			t.Errorf("%s: %v, %+v", name, got, faults)
		}
		for _, location := range c.faults {
			if !faults.Has(location) {
				t.Errorf("%s: no fault of %s", name, location)
			}
		}
	}
}
