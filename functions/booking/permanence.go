package booking

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo"
	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// The permanences: every first Tuesday of the month, on line.
const (
	permanenceMonths   = 3
	permanenceCapacity = seatsAtOnce // one transaction makes it
)

// firstTuesday is the day of the permanence of a month: its first Tuesday, or
// a week later when that is a public holiday.
func firstTuesday(year int, month time.Month) time.Time {
	day := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	for day.Weekday() != time.Tuesday {
		day = day.AddDate(0, 0, 1)
	}
	for holiday(day) {
		day = day.AddDate(0, 0, 7)
	}
	return day
}

// permanence is when that of a month begins and ends: 12:30 to 13:30 in Paris,
// summer and winter.
func permanence(year int, month time.Month) (starts, ends time.Time) {
	day := firstTuesday(year, month)
	at := func(hour int) time.Time {
		return time.Date(day.Year(), day.Month(), day.Day(), hour, 30, 0, 0, french.Paris()).UTC()
	}
	return at(12), at(13)
}

// openPermanences plans those of the next three months that are still to
// come. Each has an id that follows from its month, so a second run adds
// nothing, even at the same time, and one that the team has changed or
// cancelled is left as it is.
func (s *service) openPermanences(ctx context.Context, due time.Time) error {
	var failed error
	from := due.In(french.Paris())
	opened := 0
	for offset := 0; opened < permanenceMonths; offset++ {
		month := time.Date(from.Year(), from.Month()+time.Month(offset), 1, 0, 0, 0, 0, time.UTC)
		starts, ends := permanence(month.Year(), month.Month())
		if !starts.After(due) {
			continue
		}
		opened++
		failed = errors.Join(failed, s.openPermanence(ctx, month, starts, ends))
	}
	return failed
}

func (s *service) openPermanence(ctx context.Context, month, starts, ends time.Time) error {
	sum := sha256.Sum256([]byte("permanence " + month.Format("2006-01")))
	id := dynamo.ID("ses", month, bytes.NewReader(sum[:]))
	item := newSessionItem(id, sessionInput{
		Kind: Permanence, Title: "Permanence de l’alliance", Mode: Online, Capacity: permanenceCapacity,
		Description: "Une heure en visioconférence pour faire connaissance, poser vos questions et partager ce que vous vivez.",
		StartsAt:    moment{starts}, EndsAt: moment{ends},
	}, s.now())
	var writes dynamo.Writes
	writes.Add(s.table.Put(item, dynamo.Absent))
	writes.Add(s.table.Put(metaItem{metaKey(id), modeOpen, 0}, dynamo.Absent))
	for number := 1; number <= permanenceCapacity; number++ {
		writes.Add(s.table.Put(seatItem{seatKey(id, number)}, dynamo.Absent))
	}
	return refusedAsDone(writes.Commit(ctx, s.table.Client))
}
