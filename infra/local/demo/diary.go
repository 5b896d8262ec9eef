package demo

import (
	"fmt"
	"slices"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/french"
)

// act is what some people do at one time.
type act struct {
	at time.Time
	do func(c caller) error
}

// diary is what everyone does, in any order.
type diary []act

func (d *diary) note(at time.Time, do func(c caller) error) { *d = append(*d, act{at, do}) }

// live does everything in the order of time, each with the clock at its time.
func (c caller) live(d diary, step func(done, all int)) error {
	slices.SortStableFunc(d, func(a, b act) int { return a.at.Compare(b.at) })
	for i, a := range d {
		if err := c.at(a.at); err != nil {
			return err
		}
		if err := a.do(c); err != nil {
			return fmt.Errorf("%s: %w", a.at.Format(time.DateOnly), err)
		}
		step(i+1, len(d))
	}
	return nil
}

// moment is an hour of a day in Paris. The days are those of embedded files,
// which a test reads.
func moment(day string, hour int) time.Time {
	morning, err := time.ParseInLocation(time.DateOnly, day, french.Paris())
	if err != nil {
		panic("demo: " + err.Error())
	}
	return time.Date(morning.Year(), morning.Month(), morning.Day(), hour, 0, 0, 0, french.Paris())
}
