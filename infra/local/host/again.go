package host

import (
	"context"
	"encoding/json"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/lambdahost"
)

// deadLetters are what functions are given for the queues of AWS.
type deadLetters struct{ host *Host }

// Count is how many there are.
func (d deadLetters) Count(context.Context) (int, error) { return len(d.host.letters.all()), nil }

// List has the oldest first, as they came.
func (d deadLetters) List(context.Context) (list []function.Letter, err error) {
	for _, l := range d.host.letters.all() {
		one := function.Letter{ID: l.ID, Function: l.Function, Table: l.Table, Schedule: l.Schedule, Due: l.Due, Reason: l.Reason, At: l.At}
		if l.Table != "" {
			one.Changes = 1
		}
		if !l.Changed.IsZero() {
			one.Until = l.Changed.Add(function.StreamKeeps)
		}
		list = append(list, one)
	}
	return list, nil
}

// RunAgain runs the function at once, as there is no queue to hand it to.
func (d deadLetters) RunAgain(ctx context.Context, id string) error {
	for _, l := range d.host.letters.all() {
		if l.ID != id {
			continue
		}
		u, known := d.host.unit(l.Function)
		if !known {
			return fault.New(fault.Conflict, "no-function", "Cette fonction n’existe plus : rien ne peut être relancé.")
		}
		payload, err := l.payload()
		if err != nil {
			return err
		}
		_, failed := d.host.invoke(ctx, u, payload)
		if err := d.Forget(ctx, id); err != nil {
			return err
		}
		if failed != nil {
			l.Reason = failed.Error()
			d.host.bury(l)
		}
		return nil
	}
	return function.ErrNoLetter
}

// Forget takes a letter away.
func (d deadLetters) Forget(_ context.Context, id string) error {
	there, err := d.host.letters.remove(id)
	if err == nil && !there {
		return function.ErrNoLetter
	}
	return err
}

// payload is what the function is given once more, as on AWS.
func (l letter) payload() ([]byte, error) {
	if l.Schedule != "" {
		return json.Marshal(lambdahost.ScheduleEvent{Schedule: l.Schedule, Due: l.Due})
	}
	return json.Marshal(lambdahost.GivenUp{Batch: lambdahost.Batch{Shard: l.Shard, First: l.Sequence, Last: l.Sequence, Size: 1, Stream: l.Stream}})
}
