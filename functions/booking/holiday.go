package booking

import "time"

// easter is Easter Sunday of a year of the Gregorian calendar, by the
// anonymous algorithm that Nature published in 1876 (Meeus, Astronomical
// Algorithms, chapter 8).
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	month := (h + l - 7*m + 90) / 25
	day := (h + l - 7*m + 33*month + 19) % 32
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

// holiday tells whether a day is a public holiday in France, Alsace-Moselle
// aside (Code du travail, article L3133-1).
func holiday(day time.Time) bool {
	year, month, date := day.Date()
	switch month {
	case time.January, time.November:
		if date == 1 || month == time.November && date == 11 {
			return true
		}
	case time.May:
		if date == 1 || date == 8 {
			return true
		}
	case time.July:
		if date == 14 {
			return true
		}
	case time.August:
		if date == 15 {
			return true
		}
	case time.December:
		if date == 25 {
			return true
		}
	}
	// Easter Monday, Ascension Day and Whit Monday.
	since := int(time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Sub(easter(year)) / (24 * time.Hour))
	return since == 1 || since == 39 || since == 50
}
