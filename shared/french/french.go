// Package french writes dates, times, numbers and plurals as French readers
// expect them, in pages and in mails. Every instant is shown in Europe/Paris.
//
// The rules are those of the Imprimerie nationale (Lexique des règles
// typographiques en usage): "1er" for the first of a month, "12 h 30" with
// no-break spaces, groups of three digits parted by a narrow one.
package french

import (
	"fmt"
	"strconv"
	"sync"
	"time"
	_ "time/tzdata" // Lambda's provided.al2023 image has no time zone data
)

// The spaces that do not break a line.
const (
	// NoBreak stands before a colon, inside « » and between a number and its unit.
	NoBreak = "\u00a0"
	// NarrowNoBreak parts groups of digits and stands before ; ? and !.
	NarrowNoBreak = "\u202f"
)

// Paris returns Europe/Paris, the zone of every date that people read.
var Paris = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err) // the zone data is embedded above
	}
	return zone
})

var days = [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}

var months = [...]string{
	"janvier", "février", "mars", "avril", "mai", "juin",
	"juillet", "août", "septembre", "octobre", "novembre", "décembre",
}

// Date is the day of an instant, without its name: "1er mars 2026".
func Date(t time.Time) string {
	t = t.In(Paris())
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = "1er"
	}
	return fmt.Sprintf("%s %s %d", day, months[t.Month()-1], t.Year())
}

// Day is the day of an instant, with its name: "mardi 3 février 2026".
func Day(t time.Time) string {
	return days[t.In(Paris()).Weekday()] + " " + Date(t)
}

// Hour is the time of day of an instant: "12 h 30", "9 h" on the hour.
func Hour(t time.Time) string {
	t = t.In(Paris())
	hour := strconv.Itoa(t.Hour()) + NoBreak + "h"
	if t.Minute() == 0 {
		return hour
	}
	return fmt.Sprintf("%s%s%02d", hour, NoBreak, t.Minute())
}

// Moment is an instant to the minute: "mardi 3 février 2026, 12 h 30 (heure de Paris)".
func Moment(t time.Time) string {
	return Day(t) + ", " + Hour(t) + " (heure de Paris)"
}

// Period is the time between two instants, on one day ("mardi 3 février
// 2026, 12 h 30 – 13 h 30 (heure de Paris)") or on several ("du … au …").
func Period(start, end time.Time) string {
	if Date(start) == Date(end) {
		return Day(start) + ", " + Hour(start) + " – " + Hour(end) + " (heure de Paris)"
	}
	return "du " + Day(start) + ", " + Hour(start) + ", au " + Day(end) + ", " + Hour(end) + " (heure de Paris)"
}

// Number writes a whole number in groups of three digits: "1 410".
func Number(n int) string {
	digits := strconv.Itoa(n)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(digits) - 3; i > first; i -= 3 {
		digits = digits[:i] + NarrowNoBreak + digits[i:]
	}
	return digits
}

// Plural picks the word that goes with n: French has the singular for 0 and
// 1, and for what is counted below zero alike.
func Plural(n int, singular, plural string) string {
	if -2 < n && n < 2 {
		return singular
	}
	return plural
}

// Month is the month of an instant: "février 2026".
func Month(t time.Time) string {
	t = t.In(Paris())
	return months[t.Month()-1] + " " + strconv.Itoa(t.Year())
}
