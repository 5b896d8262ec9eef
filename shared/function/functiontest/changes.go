package functiontest

import (
	"context"
	"fmt"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/engine"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// reader is how far one function has come in one table's stream, and what was
// read and not yet delivered.
type reader struct {
	changes *engine.Changes
	batch   engine.Batch
	waiting []events.DynamoDBEventRecord
}

// Drain delivers the changes of tables to the streams of the functions, or of
// all that Open has opened when none is given, until nothing is left: also
// what the consumers themselves write. It fails the test when one is refused.
func (e *Env) Drain(running ...*function.Running) {
	e.t.Helper()
	if err := e.TryDrain(running...); err != nil {
		e.t.Fatal(err)
	}
}

// TryDrain is Drain for consumers that may fail: it returns the error of the
// first change that a function refused. The next Drain delivers it again.
func (e *Env) TryDrain(running ...*function.Running) error {
	for {
		delivered := 0
		for _, o := range e.chosen(running) {
			for _, stream := range o.function.Streams {
				n, err := e.deliver(o, stream)
				if err != nil {
					return err
				}
				delivered += n
			}
		}
		if delivered == 0 {
			return nil
		}
	}
}

// Replay delivers all changes again, from the first: a consumer must take
// that and change nothing.
func (e *Env) Replay(running ...*function.Running) {
	e.t.Helper()
	for _, o := range e.chosen(running) {
		clear(o.readers)
	}
	e.Drain(running...)
}

func (e *Env) chosen(running []*function.Running) []*opened {
	if len(running) == 0 {
		return e.opened
	}
	var chosen []*opened
	for _, r := range running {
		for _, o := range e.opened {
			if o.running == r {
				chosen = append(chosen, o)
			}
		}
	}
	return chosen
}

// deliver hands on one batch and returns how many changes it had.
func (e *Env) deliver(o *opened, stream function.StreamInfo) (int, error) {
	ctx := context.Background()
	r := o.readers[stream.Table]
	if r == nil {
		changes, err := engine.ReadChanges(ctx, e.readFrom, stream.Table, e.TableName(stream.Table), nil)
		if err != nil {
			return 0, err
		}
		r = &reader{changes: changes}
		o.readers[stream.Table] = r
	}
	if len(r.waiting) == 0 {
		batch, err := r.changes.Next(ctx)
		if err != nil {
			return 0, err
		}
		r.batch, r.waiting = batch, stream.Wanted(batch.Records)
	}
	for len(r.waiting) > 0 {
		if err := consume(ctx, o, stream, r.waiting[0]); err != nil {
			return 0, fmt.Errorf("%s refuses a change of %s: %w", o.function.Name, stream.Table, err)
		}
		r.waiting = r.waiting[1:]
	}
	return len(r.batch.Records), nil
}

func consume(ctx context.Context, o *opened, stream function.StreamInfo, record events.DynamoDBEventRecord) error {
	ctx, cancel := context.WithTimeout(ctx, o.function.Timeout)
	defer cancel()
	return o.running.Streams[stream.Table](ctx, record)
}
