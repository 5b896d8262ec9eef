package function

import (
	"fmt"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// When is a recurrence: every so long, or at a time of day in Paris, possibly
// only on one day of one month.
type When struct {
	every        time.Duration
	hour, minute int
	day          int
	month        time.Month
}

// Every recurs after d, a whole number of minutes.
func Every(d time.Duration) When { return When{every: d} }

// Daily recurs each day at hour:minute in Paris.
func Daily(hour, minute int) When { return When{hour: hour, minute: minute} }

// Yearly recurs on one day of the year at hour:minute in Paris.
func Yearly(month time.Month, day, hour, minute int) When {
	return When{month: month, day: day, hour: hour, minute: minute}
}

// Expression is the recurrence as EventBridge Scheduler writes it
// (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html).
func (w When) Expression() string {
	switch {
	case w.every == time.Minute:
		return "rate(1 minute)"
	case w.every > 0:
		return fmt.Sprintf("rate(%d minutes)", int(w.every/time.Minute))
	case w.day > 0:
		return fmt.Sprintf("cron(%d %d %d %d ? *)", w.minute, w.hour, w.day, int(w.month))
	}
	return fmt.Sprintf("cron(%d %d * * ? *)", w.minute, w.hour)
}

// Next is the first instant after t at which it recurs.
func (w When) Next(t time.Time) time.Time {
	if w.every > 0 {
		return t.Truncate(w.every).Add(w.every)
	}
	local := t.In(french.Paris())
	for days := 0; ; days++ {
		due := time.Date(local.Year(), local.Month(), local.Day()+days, w.hour, w.minute, 0, 0, french.Paris())
		if due.After(t) && (w.day == 0 || due.Day() == w.day && due.Month() == w.month) {
			return due
		}
	}
}
