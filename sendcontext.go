package switchboard

import (
	"context"
	"sync"
	"time"
)

// sendContext is a context with a deadline whose timer is set only when somebody
// asks for Done: most transports that are quick never do, and the timer and the
// list of children that context.WithDeadline makes cost more than the rest of a
// send.
type sendContext struct {
	context.Context // which ends it early
	deadline        time.Time

	mu    sync.Mutex
	waits context.Context // made with the first Done
	stop  context.CancelFunc
	over  bool
}

func withDeadline(parent context.Context, deadline time.Time) *sendContext {
	return &sendContext{Context: parent, deadline: deadline}
}

// Deadline implements context.Context.
func (c *sendContext) Deadline() (time.Time, bool) { return c.deadline, true }

// Done implements context.Context.
func (c *sendContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waits == nil {
		c.waits, c.stop = context.WithDeadline(c.Context, c.deadline)
		if c.over {
			c.stop()
		}
	}
	return c.waits.Done()
}

// Err implements context.Context.
func (c *sendContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.waits != nil:
		return c.waits.Err()
	case c.Context.Err() != nil:
		return c.Context.Err()
	case c.over:
		return context.Canceled
	case !time.Now().Before(c.deadline):
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements context.Context. Contexts made from this one find by it that
// they need no goroutine of their own to end with it.
func (c *sendContext) Value(key any) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waits != nil {
		return c.waits.Value(key)
	}
	return c.Context.Value(key)
}

// cancel ends it.
func (c *sendContext) cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if c.stop != nil {
		c.stop()
	}
}
