package messengertest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/switchboard-go/switchboard/messenger"
)

// ErrCallback means that an endpoint did not pass the handshake, or is not on a
// loopback address.
var ErrCallback = errors.New("messengertest: the callback URL was not accepted")

// Connect makes the URL the app's callback, after the handshake that Meta makes:
// it must answer the challenge. Events before the first success are not sent,
// then or later. An endpoint that fails, or that is not on a loopback address,
// is refused with ErrCallback, and the callback stays what it was.
func (g *Graph) Connect(callback string) error {
	u, err := url.Parse(callback)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !loopbackHost(u.Hostname()) {
		return fmt.Errorf("%w: it is not on a loopback address", ErrCallback)
	}
	g.mu.Lock()
	g.serial++
	challenge := strconv.FormatUint(1_000_000_000+hash(g.c.Seed, g.serial, "challenge")%9_000_000_000, 10)
	g.mu.Unlock()
	q := u.Query()
	q.Set("hub.mode", "subscribe")
	q.Set("hub.challenge", challenge)
	q.Set("hub.verify_token", g.c.VerifyToken.Reveal())
	ask := *u
	ask.RawQuery = q.Encode()
	r, err := http.NewRequestWithContext(g.ctx, http.MethodGet, ask.String(), nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCallback, err)
	}
	resp, err := g.hooks.Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCallback, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if err != nil || resp.StatusCode != http.StatusOK || string(body) != challenge {
		return fmt.Errorf("%w: it answered the handshake with HTTP %d and not the challenge", ErrCallback, resp.StatusCode)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.callback = callback
	g.kick()
	return nil
}

// Serve starts a server with the endpoint, connects it, and returns its URL. The
// server stops at the end of the test. It fails the test when the endpoint does
// not pass the handshake.
func (g *Graph) Serve(endpoint http.Handler) string {
	g.t.Helper()
	server := httptest.NewServer(endpoint)
	g.t.Cleanup(server.Close)
	if err := g.Connect(server.URL); err != nil {
		g.t.Fatalf("%v", err)
	}
	return server.URL
}

// hook is one event on its way to your endpoint.
type hook struct {
	th      *thread
	standby bool
	event   []byte // JSON, not escaped
	copy    bool   // it is a duplicate
	tried   chan struct{}
	once    sync.Once
}

// done says that the event was tried, or never will be.
func (h *hook) done() { h.once.Do(func() { close(h.tried) }) }

// onStandby are the fields whose events a thread's other apps get too.
var onStandby = []string{"messages", "message_echoes", "message_deliveries", "message_reads", "messaging_postbacks", "message_reactions"}

// emit puts an event in line, if the page is subscribed to it. The result says when it was
// tried; it may be nil. g.mu is held.
func (g *Graph) emit(th *thread, field string, event object) *hook {
	p := th.page
	if g.closed || g.callback == "" || !slices.Contains(p.fields, field) {
		return nil
	}
	h := &hook{th: th, tried: make(chan struct{})}
	if slices.Contains(onStandby, field) && !g.ours(th) {
		if !slices.Contains(p.fields, "standby") {
			return nil
		}
		h.standby = true
		if b, ok := event["postback"].(object); ok {
			delete(b, "payload")
		}
	}
	h.event = encode(event)
	switch {
	case th.held != nil:
		th.queue = append(th.queue, h, th.held)
		g.unhold(th)
	case g.hookFault(th, FaultReorder):
		th.held = h
		g.held[th] = struct{}{}
		th.timer = time.AfterFunc(20*time.Millisecond, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			if th.held == h {
				g.releaseHeld(th)
			}
		})
	default:
		th.queue = append(th.queue, h)
	}
	g.line(th)
	g.kick()
	return h
}

func (g *Graph) unhold(th *thread) {
	th.timer.Stop()
	th.held = nil
	delete(g.held, th)
}

func (g *Graph) releaseHeld(th *thread) {
	th.queue = append(th.queue, th.held)
	g.unhold(th)
	g.line(th)
	g.kick()
}

// release lets go what is held back or due. g.mu is held.
func (g *Graph) release() {
	for th := range g.held {
		g.releaseHeld(th)
	}
	now := g.now()
	for p := range g.parked {
		if !now.Before(p.at) {
			g.unpark(p)
		}
	}
	g.kick()
}

// line puts a thread in line if it has something to send and may.
func (g *Graph) line(th *thread) {
	if len(th.queue) > 0 && !th.busy && !th.lined {
		th.lined = true
		g.ready = append(g.ready, th)
	}
}

// post is one webhook: a body that is sent until it is answered with 200.
type post struct {
	hooks        []*hook
	body         []byte
	sha256, sha1 string
	failures     int
	at           time.Time // of the next attempt
	timer        *clock.Timer
	fresh        bool // its threads wait for it
}

// drop takes a page's events out, because it is not subscribed any more.
func (p *post) drop(page *Page) {
	p.hooks = slices.DeleteFunc(p.hooks, func(h *hook) bool { return h.th.page == page })
}

// kick starts as many webhooks as may be on their way. g.mu is held.
func (g *Graph) kick() {
	for !g.closed && g.callback != "" && g.active < g.c.Parallel {
		var p *post
		switch {
		case len(g.due) > 0:
			p, g.due = g.due[0], g.due[1:]
			g.write(p)
		case len(g.ready) > 0:
			p = g.next()
		default:
			return
		}
		if p == nil {
			continue
		}
		g.active++
		g.group.Go(func() { g.deliver(p) })
	}
}

// next makes a webhook of the next events in line, at most one of each thread.
func (g *Graph) next() *post {
	size := 1
	if g.c.Batch > 1 {
		g.serial++
		size += int(hash(g.c.Seed, g.serial, "batch") % uint64(g.c.Batch))
	}
	p := &post{fresh: true}
	for len(p.hooks) < size && len(g.ready) > 0 {
		th := g.ready[0]
		g.ready = g.ready[1:]
		th.lined = false
		if len(th.queue) == 0 {
			continue // dropped since
		}
		p.hooks = append(p.hooks, th.queue[0])
		th.queue = th.queue[1:]
		th.busy = true
	}
	if len(p.hooks) == 0 {
		g.finished()
		return nil
	}
	g.write(p)
	return p
}

// attempts is how often a webhook is sent at once before it waits for the clock.
const attempts = 3

// deliver sends a webhook, a few times if need be.
func (g *Graph) deliver(p *post) {
	ok := false
	for n := 0; n < attempts && !ok && g.ctx.Err() == nil; n++ {
		ok = g.send(p)
		for _, h := range p.hooks {
			h.done()
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.active--
	now := g.now()
	if p.fresh {
		for _, h := range p.hooks {
			h.th.busy = false
		}
		p.fresh = false
	}
	if ok {
		g.answered(p)
	} else {
		g.failed(p, now)
	}
	for _, h := range p.hooks {
		g.line(h.th)
	}
	g.kick()
	g.finished()
}

// answered settles a webhook that was answered with 200.
func (g *Graph) answered(p *post) {
	for _, h := range p.hooks {
		h.th.page.failing = time.Time{}
		if !h.copy && g.hookFault(h.th, FaultDuplicate) {
			h.th.queue = append(h.th.queue, &hook{th: h.th, standby: h.standby, event: h.event, copy: true, tried: make(chan struct{})})
		}
	}
}

// unsubscribeAfter is how long webhooks may fail before Meta gives the page up.
const unsubscribeAfter = time.Hour

// failed settles a webhook that was not answered with 200: it waits for the clock,
// unless a page has failed for an hour.
func (g *Graph) failed(p *post, now time.Time) {
	var left []*hook
	for _, h := range p.hooks {
		page := h.th.page
		switch {
		case page.fields == nil: // unsubscribed
		case page.failing.IsZero():
			page.failing = now
			left = append(left, h)
		case now.Sub(page.failing) >= unsubscribeAfter:
			page.unsubscribe()
		default:
			left = append(left, h)
		}
	}
	if len(left) == 0 || g.closed {
		return
	}
	p.failures++
	p.hooks = left // not again what nobody is subscribed to
	wait := min(15*time.Second<<min(p.failures-1, 6), 10*time.Minute)
	p.at = now.Add(wait)
	g.parked[p] = struct{}{}
	p.timer = g.c.Clock.AfterFunc(wait, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.unpark(p)
		g.kick()
	})
}

// unpark lets a webhook be tried again.
func (g *Graph) unpark(p *post) {
	if _, ok := g.parked[p]; !ok {
		return
	}
	p.timer.Stop()
	delete(g.parked, p)
	g.due = append(g.due, p)
}

// send makes one attempt.
func (g *Graph) send(p *post) bool {
	g.mu.Lock()
	callback := g.callback
	g.mu.Unlock()
	r, err := http.NewRequestWithContext(g.ctx, http.MethodPost, callback, bytes.NewReader(p.body))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "facebookexternalua")
	r.Header.Set(messenger.SignatureHeader, p.sha256)
	r.Header.Set("X-Hub-Signature", p.sha1)
	resp, err := g.hooks.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	return err == nil && resp.StatusCode == http.StatusOK
}
