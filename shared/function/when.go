package function

import (
	"fmt"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// When is a recurrence: every so long, or at a time of day in Paris, possibly
// only on one day of one month.
type When struct {
	every        time.Duration // 0 for those at a time of day
	daily        bool
	hour, minute int
	day          int // of the month; 0: each day
	month        time.Month
}

// Every recurs after d, a whole number of minutes.
func Every(d time.Duration) When { return When{every: d} }

// Daily recurs each day at hour:minute in Paris.
func Daily(hour, minute int) When { return When{daily: true, hour: hour, minute: minute} }

// Yearly recurs on one day of the year at hour:minute in Paris.
func Yearly(month time.Month, day, hour, minute int) When {
	return When{daily: true, month: month, day: day, hour: hour, minute: minute}
}

// check returns an error for a recurrence that never comes, or that
// EventBridge Scheduler cannot write.
func (w When) check() error {
	switch {
	case !w.daily && (w.every < time.Minute || w.every%time.Minute != 0):
		return fmt.Errorf("it recurs every %s, not after whole minutes", w.every)
	case w.hour < 0 || w.hour > 23 || w.minute < 0 || w.minute > 59:
		return fmt.Errorf("%d:%d is no time of day", w.hour, w.minute)
	case w.day != 0 || w.month != 0:
		const leap = 2024 // 29 February recurs too
		if day := time.Date(leap, w.month, w.day, 0, 0, 0, 0, time.UTC); day.Day() != w.day || day.Month() != w.month {
			return fmt.Errorf("no month %d has a day %d", w.month, w.day)
		}
	}
	return nil
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

// Next is the first instant after t at which it recurs. An hour that the
// clocks skip in spring has no instant, and one that they repeat in autumn has
// one, as EventBridge Scheduler has it (same page).
func (w When) Next(t time.Time) time.Time {
	if w.every > 0 {
		return t.Truncate(w.every).Add(w.every)
	}
	local := t.In(french.Paris())
	for days := 0; ; days++ {
		due := time.Date(local.Year(), local.Month(), local.Day()+days, w.hour, w.minute, 0, 0, french.Paris())
		skipped := due.Hour() != w.hour || due.Minute() != w.minute
		if due.After(t) && !skipped && (w.day == 0 || due.Day() == w.day && due.Month() == w.month) {
			return due
		}
	}
}
