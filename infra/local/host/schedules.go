package host

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

// tick runs a schedule whenever it is due by the clock. When the clock is
// set, what lies between is not caught up.
func (h *Host) tick(ctx context.Context, u *unit, s function.ScheduleInfo) {
	for ctx.Err() == nil {
		set := h.clock.next()
		due := s.When.Next(h.clock.Now())
		if !h.await(ctx, set, due) {
			continue
		}
		h.runDue(ctx, u, s.Name, due)
	}
}

// scheduleRuns is how often a run that fails is tried in all: as often as on
// AWS, and sooner.
const scheduleRuns = 3

// runDue runs a schedule that nobody waits for; one that goes on failing is a
// dead letter.
func (h *Host) runDue(ctx context.Context, u *unit, name string, due time.Time) {
	for attempt := 1; ; attempt++ {
		err := h.runSchedule(ctx, u, name, due)
		if err == nil {
			return
		}
		h.options.Log.ErrorContext(ctx, "schedule failed", "function", u.Name, "schedule", name, "attempt", attempt, "error", err)
		if attempt == scheduleRuns {
			h.bury(letter{Function: u.Name, Schedule: name, Due: due, Reason: err.Error()})
			return
		}
		if !pause(ctx, attempt) {
			return
		}
	}
}

// await waits for an instant; it returns false when the clock is set before,
// or the host is to stop.
func (h *Host) await(ctx context.Context, set <-chan struct{}, due time.Time) bool {
	for h.clock.Now().Before(due) {
		timer := time.NewTimer(h.due(due))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-set:
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
	return true
}

func (h *Host) runSchedule(ctx context.Context, u *unit, name string, due time.Time) error {
	payload, err := json.Marshal(lambdahost.ScheduleEvent{Schedule: name, Due: due})
	if err != nil {
		return err
	}
	_, err = h.invoke(ctx, u, payload)
	return err
}
