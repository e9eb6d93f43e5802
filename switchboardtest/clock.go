package switchboardtest

import (
	"strconv"
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

func itoa(n int) string { return strconv.Itoa(n) }

// changes tells whoever waits that something has changed.
type changes struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns a channel that is closed at the next change.
func (c *changes) wait() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ch == nil {
		c.ch = make(chan struct{})
	}
	return c.ch
}

func (c *changes) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ch != nil {
		close(c.ch)
		c.ch = nil
	}
}

// notingClock notes for when timers are set, so that time can be moved from one
// to the next: what a timer leads to may set another, at an instant that one
// long leap would pass over.
type notingClock struct {
	clock.Clock
	changes *changes

	mu     sync.Mutex
	set    map[int64]bool // instants of all timers
	timers []time.Time    // of those that a goroutine waits for
}

// AfterFunc implements clock.Clock.
func (c *notingClock) AfterFunc(d time.Duration, f func()) *clock.Timer {
	c.note(d, false)
	return c.Clock.AfterFunc(d, f)
}

// Timer implements clock.Clock.
func (c *notingClock) Timer(d time.Duration) *clock.Timer {
	t := c.Clock.Timer(d)
	c.note(d, true)
	c.changes.tell()
	return t
}

func (c *notingClock) note(d time.Duration, waited bool) {
	at := c.Clock.Now().Add(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.set == nil {
		c.set = make(map[int64]bool)
	}
	c.set[at.UnixNano()] = true
	if waited {
		c.timers = append(c.timers, at)
	}
}

// next returns the first instant after now and not after the limit for which a
// timer was set.
func (c *notingClock) next(now, limit time.Time) (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, found := int64(0), false
	for at := range c.set {
		switch {
		case at <= now.UnixNano():
			delete(c.set, at)
		case at <= limit.UnixNano() && (!found || at < first):
			first, found = at, true
		}
	}
	return time.Unix(0, first).UTC(), found
}

// waiting returns how many goroutines wait for the clock.
func (c *notingClock) waiting() int {
	now := c.Clock.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, at := range c.timers {
		if at.After(now) {
			c.timers[n] = at
			n++
		}
	}
	c.timers = c.timers[:n]
	return n
}

// forget drops what was noted: nobody waits any longer.
func (c *notingClock) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set, c.timers = nil, nil
}
