// Package demo fills a local host with people and organisations who do not
// exist, so that pages have something to show. They sign, book, come and apply
// through the public calls, as visitors do: nothing is written behind their
// back.
package demo

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

//go:embed allies.json
var allies []byte

// Load replays the past, the part that is the same whenever it is replayed:
// who signed up to 2023, the year 2023, and who signed since. step is told of
// each piece of work done, out of all of them. It does nothing when no
// function takes signatures.
func Load(ctx context.Context, host http.Handler, step func(done, all int)) error {
	c := newCaller(ctx, host)
	var charter struct{ Version string }
	if err := c.get("/v1/charter", &charter); err != nil {
		if status(err) == http.StatusNotFound {
			return nil
		}
		return err
	}
	past, err := past(charter.Version)
	if err != nil {
		return err
	}
	if err := c.live(past, step); err != nil {
		return err
	}
	return c.now()
}

// past is the diary until the end of what is dated once and for all.
func past(charter string) (diary, error) {
	var since []ally
	if err := json.Unmarshal(allies, &since); err != nil {
		return nil, err
	}
	crowd, err := newCrowd()
	if err != nil {
		return nil, err
	}
	var d diary
	signed := crowd.signatories()
	d.sign(signed, charter)
	d.sign(since, charter)
	if err := errors.Join(d.meet(crowd, signed), d.accompany(crowd), d.publish(), d.recordElsewhere()); err != nil {
		return nil, err
	}
	for _, day := range []string{"2023-01-15", "2024-01-15"} { // as every year
		d.note(moment(day, 8), func(c caller) error { return c.post("/_dev/schedules/close-year", nil, nil) })
	}
	return d, nil
}

// Today adds what is dated from now on: sessions to come that some have
// booked, cohorts that take applications, what was published lately.
func Today(ctx context.Context, host http.Handler) error {
	c := newCaller(ctx, host)
	now := time.Now()
	if err := c.planAgenda(now); err != nil {
		return err
	}
	if err := c.openCohorts(now); err != nil {
		return err
	}
	if err := c.publishLibrary(now); err != nil {
		return err
	}
	return c.now()
}

// now ends a replay: consequences are waited for, the clock tells the time of
// today again, and the mailbox is empty.
func (c caller) now() error {
	if err := c.settle(); err != nil {
		return err
	}
	if err := c.call(http.MethodDelete, "/_dev/clock", nil, nil); err != nil {
		return err
	}
	return c.forgetMails()
}
