package messenger

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// FailureLimit bounds what an address can cost that sends what Meta did not sign: a
// signature can be checked only after the body is read. An address that has failed too often
// is answered with 429, without a look at its request, until it has been quiet for a while.
// One that has lately sent what Meta did sign is never refused, so that a proxy that the
// TrustedProxies lack cannot be made to shut Meta out. The zero value is a limit that suits a
// server which Meta reaches directly.
type FailureLimit struct {
	// PerMinute is how many failures an address may cause, at once or within a minute. A
	// request that is under way counts as one until it is known, so that it is also how many
	// of an address are read at the same time, each of them up to WebhookConfig.MaxBody. Zero
	// means DefaultFailures, and a negative one no limit.
	PerMinute int
	// TrustedProxies are the addresses of your own proxies. A request from one of them
	// counts for the last address in its X-Forwarded-For that is none of them: each proxy
	// has to append the address that it got the request from, as is usual.
	TrustedProxies []netip.Prefix
}

// DefaultFailures is the default of FailureLimit.PerMinute.
const DefaultFailures = 60

const (
	keepSources = 4096      // addresses remembered, those that failed first are forgotten
	trustFor    = time.Hour // how long one right signature speaks for an address
)

// sources counts failures by address, in bounded memory. A nil one limits nothing.
type sources struct {
	limit FailureLimit
	clock interface{ Now() time.Time }

	mu sync.Mutex
	of recent[netip.Addr, standing]
}

// standing is what is known of an address.
type standing struct {
	left    float64 // failures that it may still cause
	at      time.Time
	trusted time.Time // until when it is not refused
}

func newSources(l FailureLimit, clock interface{ Now() time.Time }) *sources {
	if l.PerMinute < 0 {
		return nil
	}
	if l.PerMinute == 0 {
		l.PerMinute = DefaultFailures
	}
	s := &sources{limit: l, clock: clock}
	s.of.max = keepSources
	return s
}

// check finds what is wrong with the limit.
func (l *FailureLimit) check(problem func(path, text string)) {
	for _, p := range l.TrustedProxies {
		if !p.IsValid() {
			problem("Failures.TrustedProxies", "has one that is not valid")
			return
		}
	}
}

// visit is one request of an address.
type visit struct {
	s       *sources
	from    netip.Addr
	charged bool
}

// enter reports whether a request may be looked at, which is not so when its address has
// failed too often, or may have with what is under way. One of failed, passed and left has
// to follow when it may.
func (s *sources) enter(r *http.Request) (visit, bool) {
	if s == nil {
		return visit{}, true
	}
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	v := visit{s: s, from: s.source(r)}
	a := s.standing(v.from, now)
	if now.Before(a.trusted) {
		return v, true
	}
	if a.left < 1 {
		return v, false
	}
	v.charged = true
	a.left--
	s.of.put(v.from, a)
	return v, true
}

// standing returns what is known of an address at the instant.
func (s *sources) standing(from netip.Addr, now time.Time) standing {
	limit := float64(s.limit.PerMinute)
	a, known := s.of.find(from)
	if !known {
		return standing{left: limit, at: now}
	}
	a.left, a.at = min(limit, a.left+limit*max(0, now.Sub(a.at).Minutes())), now
	return a
}

// failed counts a failure.
func (v visit) failed() {
	if v.s == nil || v.charged {
		return
	}
	now := v.s.clock.Now()
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	a := v.s.standing(v.from, now)
	a.left = max(0, a.left-1)
	v.s.of.put(v.from, a)
}

// passed notes that the request was signed by Meta.
func (v visit) passed() {
	if v.s == nil {
		return
	}
	now := v.s.clock.Now()
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	a := v.s.standing(v.from, now)
	// Seldom, since it costs more than to look.
	if v.charged || a.trusted.Sub(now) < trustFor-time.Minute {
		v.s.refund(v, &a)
		a.trusted = now.Add(trustFor)
		v.s.of.put(v.from, a)
	}
}

// left notes that the request was no failure, and says nothing else.
func (v visit) left() {
	if v.s == nil || !v.charged {
		return
	}
	now := v.s.clock.Now()
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	a := v.s.standing(v.from, now)
	v.s.refund(v, &a)
	v.s.of.put(v.from, a)
}

func (s *sources) refund(v visit, a *standing) {
	if v.charged {
		a.left = min(float64(s.limit.PerMinute), a.left+1)
	}
}

// source returns the address that the request counts for. In IPv6 it is the network, since
// whoever has one address there has all of its network.
func (s *sources) source(r *http.Request) netip.Addr {
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	from := peer.Addr().Unmap()
	if s.trusts(from) {
		from = s.forwarded(r.Header.Values("X-Forwarded-For"), from)
	}
	if from.Is6() {
		p, _ := from.WithZone("").Prefix(64)
		from = p.Addr()
	}
	return from
}

// forwarded returns the last address that is none of the proxies'; that of the peer when all
// are, or when a proxy has written something else.
func (s *sources) forwarded(values []string, peer netip.Addr) netip.Addr {
	from := peer
	for i := len(values) - 1; i >= 0; i-- {
		for rest, more := values[i], true; more; {
			text := rest
			at := strings.LastIndexByte(rest, ',')
			if more = at >= 0; more {
				rest, text = rest[:at], rest[at+1:]
			}
			addr, ok := parseAddr(strings.TrimSpace(text))
			if !ok {
				return from
			}
			if from = addr; !s.trusts(from) {
				return from
			}
		}
	}
	return from
}

// parseAddr reads an address, which some proxies write with a port.
func parseAddr(text string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return a.Unmap(), true
	}
	p, err := netip.ParseAddrPort(text)
	return p.Addr().Unmap(), err == nil
}

func (s *sources) trusts(a netip.Addr) bool {
	for _, p := range s.limit.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
