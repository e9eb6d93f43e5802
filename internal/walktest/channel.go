package walktest

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// channel is what is beyond the transports: it knows what has really arrived.
type channel struct {
	w  *world
	mu sync.Mutex
	of map[string]*sent // by key
}

// sent is what became of one message.
type sent struct {
	flights   []flight
	ambiguous bool // an attempt ended so that its node could not know
}

// flight is one attempt on its way: whether it lands is decided when it starts.
type flight struct {
	life     *life
	at       time.Time // when it is over
	lands    bool
	survives bool // if the node crashes before
}

// landed counts the attempts that have arrived by now, and those of which it is
// not decided yet.
func (s *sent) landed(now time.Time) (arrived, flying int) {
	for _, f := range s.flights {
		switch {
		case f.at.After(now):
			flying++
		case f.lands:
			arrived++
		}
	}
	return arrived, flying
}

// doubtful reports whether a message that was settled then may have been sent
// without its node knowing: an attempt ended so, or the process did before it
// could put the result into the log.
func (s *sent) doubtful(settled time.Time) bool {
	return s.ambiguous || slices.ContainsFunc(s.flights, func(f flight) bool {
		end := f.life.ended
		return !end.IsZero() && !settled.Before(end)
	})
}

func (c *channel) start(key string, f flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of[key]
	if s == nil {
		s = &sent{}
		c.of[key] = s
	}
	now := time.Now()
	if arrived, flying := s.landed(now); arrived+flying > 0 {
		c.w.fail("message %s is sent again by %s: it has arrived %d times, and %d attempts are on their way", key, f.life, arrived, flying)
	}
	if s.ambiguous && !c.w.c.Settles {
		c.w.fail("message %s is sent again by %s, and nobody knows whether it has arrived", key, f.life)
	}
	s.flights = append(s.flights, f)
}

// doubt notes that the node will not know what became of its attempt.
func (c *channel) doubt(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[key].ambiguous = true
}

// crash decides what becomes of the attempts of a process that is gone.
func (c *channel) crash(l *life) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	l.ended = now
	for _, key := range sortedKeys(c.of) {
		s := c.of[key]
		for i := range s.flights {
			if f := &s.flights[i]; f.life == l && f.at.After(now) {
				s.ambiguous = true
				if !f.survives {
					f.lands, f.at = false, now
				}
			}
		}
	}
}

func (c *channel) ask(key string) (arrived, flying int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.of[key]
	if s == nil {
		return 0, 0
	}
	return s.landed(time.Now())
}

// transport is a process's way to the channel. What happens to a message depends
// on the seed, the message and the attempt alone.
type transport struct {
	channel *channel
	life    *life
	at      class
}

var errDropped = errors.New("walktest: the connection broke")

// Send implements switchboard.Transport.
func (t *transport) Send(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	if t.life.dead() { // a process that is gone sends nothing
		<-ctx.Done()
		return switchboard.Receipt{}, ctx.Err()
	}
	r := t.random("send ", m)
	f := flight{life: t.life, at: time.Now().Add(between(r, time.Millisecond, 300*time.Millisecond)), survives: r.IntN(2) == 0}
	took := time.Until(f.at) + between(r, 0, 300*time.Millisecond)
	fate := r.IntN(100)
	if t.channel.w.calm.Load() {
		fate = 99
	}
	var err error
	switch {
	case fate < 8:
		err = &switchboard.SendError{Why: conversation.FailRateLimited, Temporary: true, After: between(r, time.Second, 9*time.Second)}
	case fate < 11:
		err = &switchboard.SendError{Why: conversation.FailContent}
	case fate < 15: // the answer is lost
		f.lands, err = true, &switchboard.SendError{Ambiguous: true, Err: errDropped}
	case fate < 19: // the message is lost, and nobody knows
		err = errDropped
	case fate < 21: // it hangs until it is given up
		f.lands, took = fate == 19, time.Hour
	default:
		f.lands = true
	}
	t.channel.start(m.Key, f)
	t.at.sleep(ctx, took)
	if ctx.Err() != nil {
		t.channel.doubt(m.Key)
		return switchboard.Receipt{}, ctx.Err()
	}
	if err != nil {
		if e := (*switchboard.SendError)(nil); !errors.As(err, &e) || e.Ambiguous {
			t.channel.doubt(m.Key)
		}
		return switchboard.Receipt{}, err
	}
	return switchboard.Receipt{ExternalID: "out-" + m.Key, At: time.Now()}, nil
}

func (t *transport) random(what string, m switchboard.Outbound) *rand.Rand {
	return t.channel.w.random(what+m.Key, uint64(m.Attempt)<<32|t.life.number)
}

// settler is a transport that can find out.
type settler struct {
	transport
	mu    sync.Mutex
	asked map[string]int
}

// Settle implements switchboard.Settler.
func (t *settler) Settle(ctx context.Context, m switchboard.Outbound) (switchboard.Settlement, switchboard.Receipt, error) {
	if t.life.dead() {
		<-ctx.Done()
		return 0, switchboard.Receipt{}, ctx.Err()
	}
	t.mu.Lock()
	t.asked[m.Key]++
	n := t.asked[m.Key]
	t.mu.Unlock()
	r := t.channel.w.random("settle "+m.Key, uint64(n)<<32|t.life.number)
	t.at.sleep(ctx, between(r, time.Millisecond, 200*time.Millisecond))
	if ctx.Err() != nil {
		return 0, switchboard.Receipt{}, ctx.Err()
	}
	fate := r.IntN(10)
	arrived, flying := t.channel.ask(m.Key)
	switch {
	case fate == 0 && !t.channel.w.calm.Load():
		return 0, switchboard.Receipt{}, errDropped
	case fate == 1 && !t.channel.w.calm.Load() || flying > 0:
		return switchboard.Unsure, switchboard.Receipt{}, nil
	case arrived > 0:
		return switchboard.Arrived, switchboard.Receipt{ExternalID: "out-" + m.Key}, nil
	}
	return switchboard.NotSent, switchboard.Receipt{}, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
