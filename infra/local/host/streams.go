package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fabrique-des-transitions/fabrique/shared/dynamo/engine"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
)

// How changes are delivered. On AWS a change is retried for an hour; a
// developer wants to see it fail sooner.
const (
	pollEvery   = time.Second           // when idle; an invocation wakes it at once
	gatherFor   = 10 * time.Millisecond // after it is woken, so that changes come in batches
	maxAttempts = 8
	firstRetry  = 50 * time.Millisecond // then twice as long each time
	lastRetry   = time.Second
)

// consumer delivers the changes of one table to one function, in order.
type consumer struct {
	host      *Host
	unit      *unit
	stream    function.StreamInfo
	changes   *engine.Changes
	file      string                    // where the position is kept; empty: nowhere
	woken     chan struct{}             // there may be changes
	hurried   chan struct{}             // somebody waits for them
	idleSince atomic.Pointer[time.Time] // when the last poll began that found nothing
}

func (h *Host) newConsumer(ctx context.Context, u *unit, s function.StreamInfo) (*consumer, error) {
	c := &consumer{host: h, unit: u, stream: s, woken: make(chan struct{}, 1), hurried: make(chan struct{}, 1)}
	c.file = h.path(filepath.Join("positions", u.Name+"-"+string(s.Table)+".json"))
	from, err := readPosition(c.file)
	if err != nil {
		return nil, err
	}
	c.changes, err = engine.ReadChanges(ctx, h.engine.Config(), s.Table, areaName(s.Table), from)
	return c, err
}

// run delivers until the host stops.
func (c *consumer) run(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		batch, err := c.changes.Next(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			c.host.options.Log.ErrorContext(ctx, "stream not read", "function", c.unit.Name, "table", c.stream.Table, "error", err)
			c.rest(ctx, time.Second)
		case len(batch.Records) == 0:
			c.idleSince.Store(&began)
			c.rest(ctx, pollEvery)
		default:
			c.host.work.Add(1)
			c.consume(ctx, batch)
			c.host.work.Add(1)
		}
	}
}

// consume delivers a batch as AWS does: again from the first change that
// failed, a bounded number of times, after which that one is a dead letter.
func (c *consumer) consume(ctx context.Context, batch engine.Batch) {
	waiting := c.stream.Wanted(batch.Records)
	for attempt := 1; len(waiting) > 0; {
		taken, reason := c.deliver(ctx, waiting)
		if taken == len(waiting) {
			break
		}
		if taken > 0 {
			attempt = 1
			c.delivered(batch, waiting[taken-1].Change.SequenceNumber)
			waiting = waiting[taken:]
		}
		if attempt == maxAttempts {
			c.host.bury(letter{
				Function: c.unit.Name, Table: c.stream.Table, EventID: waiting[0].EventID, Sequence: waiting[0].Change.SequenceNumber,
				Stream: c.changes.Stream(), Shard: batch.Shard(), Changed: waiting[0].Change.ApproximateCreationDateTime.Time, Reason: reason.Error(),
			})
			waiting, attempt = waiting[1:], 1
			continue
		}
		if !pause(ctx, attempt) {
			return // the next start delivers it again
		}
		attempt++
	}
	c.delivered(batch, batch.Last())
}

// pause waits before the next attempt; it returns false when the host is to stop.
func pause(ctx context.Context, attempt int) bool {
	timer := time.NewTimer(min(firstRetry<<(attempt-1), lastRetry))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// deliver invokes the function and returns how many changes it took.
func (c *consumer) deliver(ctx context.Context, records []events.DynamoDBEventRecord) (taken int, reason error) {
	payload, err := json.Marshal(events.DynamoDBEvent{Records: records})
	if err != nil {
		return 0, err
	}
	out, err := c.host.invoke(ctx, c.unit, payload)
	if err != nil {
		return 0, err
	}
	var answer events.DynamoDBEventResponse
	if err := json.Unmarshal(out, &answer); err != nil {
		return 0, err
	}
	if len(answer.BatchItemFailures) == 0 {
		return len(records), nil
	}
	for i, r := range records {
		if r.Change.SequenceNumber == answer.BatchItemFailures[0].ItemIdentifier {
			return i, errors.New("the function refused it")
		}
	}
	return 0, errors.New("the function refused a change that it did not get")
}

func (c *consumer) delivered(b engine.Batch, sequence string) {
	position := c.changes.Delivered(b, sequence)
	if err := writePosition(c.file, position); err != nil { // it would be delivered again
		c.host.options.Log.Error("position not kept", "function", c.unit.Name, "table", c.stream.Table, "error", err)
	}
}

func (c *consumer) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-c.hurried:
	case <-timer.C:
	case <-c.woken:
		timer.Reset(gatherFor)
		select {
		case <-ctx.Done():
		case <-c.hurried:
		case <-timer.C:
		}
	}
}

// wake makes idle consumers look at once, those of the tables that a function
// may have changed.
func (h *Host) wake(f *function.Function) {
	for _, c := range h.consumers {
		if slices.ContainsFunc(f.Tables, func(u function.Use) bool { return u.Table == c.stream.Table && u.Right != function.Read }) {
			signal(c.woken)
		}
	}
}

// signal sends to a channel of one place; when that is taken, who receives
// will look anyway.
func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// settle returns when every consumer has found nothing while none of them
// worked, so that nothing they wrote is left either.
func (h *Host) settle(ctx context.Context) error {
	for {
		work, asked := h.work.Load(), time.Now()
		for _, c := range h.consumers {
			signal(c.hurried)
		}
		for _, c := range h.consumers {
			for idle := c.idleSince.Load(); idle == nil || idle.Before(asked); idle = c.idleSince.Load() {
				select {
				case <-ctx.Done():
					return fmt.Errorf("function %s still works on changes of %s", c.unit.Name, c.stream.Table)
				case <-time.After(time.Millisecond):
				}
			}
		}
		if h.work.Load() == work {
			return nil
		}
	}
}

func readPosition(file string) (position engine.Position, err error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &position); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return position, nil
}

func writePosition(file string, position engine.Position) error {
	if file == "" {
		return nil
	}
	text, err := json.Marshal(position)
	if err != nil {
		return err
	}
	return writeFile(file, text)
}

// writeFile replaces a file whole: who is killed leaves the one before.
func writeFile(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	fresh := file + ".new"
	if err := os.WriteFile(fresh, text, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, file)
}
