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
		if err := h.runSchedule(ctx, u, s.Name, due); err != nil {
			h.options.Log.ErrorContext(ctx, "schedule failed", "function", u.Name, "schedule", s.Name, "error", err)
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
