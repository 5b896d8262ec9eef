// Package demo fills a local host with people and organisations who do not
// exist, so that pages have something to show. They sign, book, come and apply
// through the public calls, as visitors do: nothing is written behind their
// back.
package demo

import (
	"context"
	_ "embed"
	"encoding/json"
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
	if err := c.get("/v1/charter", nil); status(err) == http.StatusNotFound {
		return nil
	}
	var since []ally
	if err := json.Unmarshal(allies, &since); err != nil {
		return err
	}
	crowd, err := newCrowd()
	if err != nil {
		return err
	}
	before := crowd.signatories()
	done, all := 0, len(before)+len(since)
	did := func(n int) { done += n; step(done, all) }
	if err := c.signAll(before, did); err != nil {
		return err
	}
	if err := c.signAll(since, did); err != nil {
		return err
	}
	return c.now()
}

// Today adds what is dated from now on: sessions to come that some have
// booked, and cohorts that take applications.
func Today(ctx context.Context, host http.Handler) error {
	c := newCaller(ctx, host)
	now := time.Now()
	if err := c.planAgenda(now); err != nil {
		return err
	}
	if err := c.openCohorts(now); err != nil {
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
