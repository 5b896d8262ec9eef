package web

import (
	"net/url"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// Period is some days in Paris: from the instant at which the first begins,
// until that at which the day after the last does. A zero instant is an open
// end.
type Period struct{ From, Until time.Time }

// ReadPeriod reads the days "from" and "until" of a query, both included, and
// notes what is wrong with them.
func ReadPeriod(values url.Values, faults *fault.Fields) (p Period) {
	p.From = readDay(values, "from", faults)
	if last := readDay(values, "until", faults); !last.IsZero() {
		p.Until = last.AddDate(0, 0, 1)
	}
	if !p.From.IsZero() && !p.Until.IsZero() && !p.From.Before(p.Until) {
		faults.Add("query.until", "Choisissez un dernier jour qui ne vient pas avant le premier.")
	}
	return p
}

// readDay is the start of a day, zero when none is given.
func readDay(values url.Values, name string, faults *fault.Fields) time.Time {
	text := values.Get(name)
	if text == "" {
		return time.Time{}
	}
	day, err := time.ParseInLocation(time.DateOnly, text, french.Paris())
	if err != nil {
		faults.Add("query."+name, "Saisissez une date comme 2026-11-30.")
	}
	return day
}
