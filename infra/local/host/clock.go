package host

import (
	"sync"
	"time"
)

// clock is real time, or a time that somebody set and that runs on from there.
type clock struct {
	mu      sync.Mutex
	offset  time.Duration
	changed chan struct{}
}

func newClock() *clock { return &clock{changed: make(chan struct{})} }

// Now is the time that all functions read, in UTC.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset).Round(0).UTC()
}

func (c *clock) set(now time.Time) { c.shift(time.Until(now)) }

func (c *clock) reset() { c.shift(0) }

func (c *clock) shift(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = offset
	close(c.changed)
	c.changed = make(chan struct{})
}

// next is closed when the clock is set the next time.
func (c *clock) next() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}
