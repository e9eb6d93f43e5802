package messenger

import (
	"context"
	"sync"
	"time"
)

// cache keeps values for some time. Several who want the same value at the same time
// cause one call.
type cache[K comparable, V comparable] struct {
	clock interface{ Now() time.Time }

	mu      sync.Mutex
	values  recent[K, entry[V]]
	flights map[K]*flight[V]
}

type entry[V any] struct {
	value V
	err   error
	until time.Time
}

type flight[V any] struct {
	done    chan struct{}
	entry   entry[V]
	stopped bool // by the one who asked, not by what was asked
}

func newCache[K comparable, V comparable](clock interface{ Now() time.Time }) *cache[K, V] {
	c := &cache[K, V]{clock: clock, flights: make(map[K]*flight[V])}
	c.values.max = keepPages
	return c
}

// load returns the value of k, from load if it is not there. load says for how long to
// keep it, or its error; 0 is not at all. It is called by one of those who wait, with its
// context.
func (c *cache[K, V]) load(ctx context.Context, k K, load func(context.Context) (V, time.Duration, error)) (V, error) {
	for {
		c.mu.Lock()
		if e, ok := c.values.find(k); ok && c.clock.Now().Before(e.until) {
			c.mu.Unlock()
			return e.value, e.err
		}
		f, flying := c.flights[k]
		if !flying {
			f = &flight[V]{done: make(chan struct{})}
			c.flights[k] = f
			c.mu.Unlock()
			return c.fly(ctx, k, f, load)
		}
		c.mu.Unlock()
		select {
		case <-f.done:
			if !f.stopped {
				return f.entry.value, f.entry.err
			}
		case <-ctx.Done():
			var zero V
			return zero, context.Cause(ctx)
		}
	}
}

func (c *cache[K, V]) fly(ctx context.Context, k K, f *flight[V], load func(context.Context) (V, time.Duration, error)) (V, error) {
	f.stopped = true
	defer func() { // also after a panic
		c.mu.Lock()
		delete(c.flights, k)
		c.mu.Unlock()
		close(f.done)
	}()
	v, keep, err := load(ctx)
	f.entry = entry[V]{value: v, err: err}
	f.stopped = err != nil && ctx.Err() != nil
	if keep > 0 && !f.stopped {
		c.mu.Lock()
		f.entry.until = c.clock.Now().Add(keep)
		c.values.put(k, f.entry)
		c.mu.Unlock()
	}
	return v, err
}

func (c *cache[K, V]) drop(k K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values.drop(k)
}

// dropValue drops what has the value.
func (c *cache[K, V]) dropValue(v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, e := range c.values.of {
		if e.value.value == v {
			c.values.drop(k)
		}
	}
}

// replace puts another value in the place of one, for some time.
func (c *cache[K, V]) replace(v, other V, keep time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	until := c.clock.Now().Add(keep)
	for k, e := range c.values.of {
		if e.value.value == v {
			c.values.put(k, entry[V]{value: other, until: until})
		}
	}
}
