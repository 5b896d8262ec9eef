package booking

import (
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// monthDay is a cell of the table of a month.
type monthDay struct {
	Day      time.Time // noon in Paris; zero for a cell before or after the month
	Today    bool
	Sessions []sessionView
}

// weekDays are the columns of a month.
var weekDays = []string{"Lundi", "Mardi", "Mercredi", "Jeudi", "Vendredi", "Samedi", "Dimanche"}

// weeksOf lays the sessions of a month out by weeks, which begin on Monday
// (ISO 8601). month is its first day in Paris.
func weeksOf(month time.Time, days []dayView, now time.Time) (weeks [][]monthDay) {
	today := french.Date(now.In(french.Paris()))
	sessions := map[string][]sessionView{}
	for _, day := range days {
		sessions[french.Date(day.Day)] = day.Sessions
	}
	week := make([]monthDay, (int(month.Weekday())+6)%7, len(weekDays))
	for day := month.Add(12 * time.Hour); day.Month() == month.Month(); day = day.AddDate(0, 0, 1) {
		name := french.Date(day)
		week = append(week, monthDay{day, name == today, sessions[name]})
		if len(week) == len(weekDays) {
			weeks, week = append(weeks, week), nil
		}
	}
	if len(week) > 0 {
		weeks = append(weeks, append(week, make([]monthDay, len(weekDays)-len(week))...))
	}
	return weeks
}
