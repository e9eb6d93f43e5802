package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
)

// lanePace says which of Meta's limits per second a call counts against.
type lanePace uint8

const (
	paceNone  lanePace = iota // none
	paceText                  // 300 a second and page: text, links, reactions, stickers, actions
	paceMedia                 // 10 a second and page: audio and video
)

// lanes are the limits per second. The burst and what follows it stay below Meta's limit
// together in any second.
var paceLimits = [...]struct{ burst, rate int }{
	paceText:  {30, 270},
	paceMedia: {1, 9},
}

const (
	slowFrom  = 80               // percent of a limit from which we slow down
	usageFor  = 10 * time.Minute // how long a percentage is believed
	firstStop = time.Minute      // how long to stop when Meta does not say
	maxStop   = 10 * time.Minute
	keepPages = 10_000
)

var errHeldBack = errors.New("messenger: held back")

// pace keeps calls within Meta's limits, for each page and for the app.
type pace struct {
	clock   interface{ Now() time.Time }
	maxWait time.Duration

	mu    sync.Mutex
	pages recent[conversation.Source, *laneState]
	app   laneState
}

// laneState is what is known of a page, or of the app.
type laneState struct {
	next   [len(paceLimits)]time.Time // when the next call would be due at the steady rate
	usage  int                        // percent of Meta's limit, as last told
	told   time.Time                  // when
	until  time.Time                  // no call before
	misses int                        // refusals in a row
}

func newPace(clock interface{ Now() time.Time }, maxWait time.Duration) *pace {
	p := &pace{clock: clock, maxWait: maxWait}
	p.pages.max = keepPages
	return p
}

func (p *pace) of(page conversation.Source) *laneState {
	if page == "" {
		return &p.app
	}
	s, ok := p.pages.find(page)
	if !ok {
		s = &laneState{}
		p.pages.put(page, s)
	}
	return s
}

// wait waits for a turn. Without one soon enough it returns how long it would take.
func (p *pace) wait(ctx context.Context, page conversation.Source, lane lanePace) (time.Duration, error) {
	d, ok := p.reserve(page, lane)
	switch {
	case !ok:
		return d, errHeldBack
	case d <= 0:
		return 0, nil
	}
	after := time.After
	if c, ok := p.clock.(interface {
		After(time.Duration) <-chan time.Time
	}); ok {
		after = c.After
	}
	select {
	case <-after(d):
	case <-ctx.Done():
		return d, context.Cause(ctx)
	}
	// Others' answers may have said to stop meanwhile.
	if d := p.stopped(page); d > 0 {
		return d, errHeldBack
	}
	return 0, nil
}

// stopped returns for how long no call may be made for the page.
func (p *pace) stopped(page conversation.Source) time.Duration {
	now := p.clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.app.until.Sub(now), p.of(page).until.Sub(now), 0)
}

// reserve takes a turn and returns how long to wait for it, or that it is too far off.
func (p *pace) reserve(page conversation.Source, lane lanePace) (time.Duration, bool) {
	now := p.clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.of(page)
	wait := max(p.app.until.Sub(now), s.until.Sub(now), 0) // as of stopped
	if wait > p.maxWait {
		return wait, false
	}
	if lane == paceNone {
		return wait, true
	}
	limit := paceLimits[lane]
	every := time.Duration(max(s.slow(now), p.app.slow(now)) * float64(time.Second) / float64(limit.rate))
	due := s.next[lane]
	if due.Before(now) {
		due = now
	}
	if turn := due.Sub(now) - time.Duration(limit.burst-1)*every; turn > wait {
		wait = turn
	}
	if wait > p.maxWait {
		return wait, false
	}
	s.next[lane] = due.Add(every)
	return wait, true
}

// slow returns how many times slower than the limit to go: from 80 % of Meta's budget
// on, twice as slowly at 90 %, 20 times at 99 %.
func (s *laneState) slow(now time.Time) float64 {
	if s.usage < slowFrom || now.Sub(s.told) > usageFor {
		return 1
	}
	return float64(100-slowFrom) / float64(max(1, 100-s.usage))
}

// learn takes what the headers of an answer say. scope is not empty when the answer was
// that there were too many calls; then it returns how long to stop.
func (p *pace) learn(page conversation.Source, u usage, scope Scope) time.Duration {
	if !u.told && scope == "" {
		p.mu.Lock()
		if s, ok := p.pages.find(page); ok {
			s.misses = 0
		}
		p.app.misses = 0
		p.mu.Unlock()
		return 0
	}
	now := p.clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.of(page)
	s.note(now, u.page, u.regain)
	p.app.note(now, u.app, 0)
	if scope == "" {
		s.misses, p.app.misses = 0, 0
		return 0
	}
	if scope == ScopeApp {
		s = &p.app
	}
	stop := u.regain
	if stop <= 0 {
		stop = min(firstStop<<min(s.misses, 4), maxStop)
	}
	s.misses++
	if until := now.Add(stop); until.After(s.until) {
		s.until = until
	}
	return stop
}

// note takes a percentage; -1 is none.
func (s *laneState) note(now time.Time, percent int, regain time.Duration) {
	if percent < 0 {
		return
	}
	s.usage, s.told = percent, now
	if percent >= 100 {
		if regain <= 0 {
			regain = firstStop
		}
		if until := now.Add(regain); until.After(s.until) {
			s.until = until
		}
	}
}

// usage is how much of Meta's limits is used up, in percent; -1 when it was not told.
type usage struct {
	told      bool
	app, page int
	regain    time.Duration // until calls for the page are taken again
}

// parseUsage reads the headers X-App-Usage and X-Business-Use-Case-Usage. What cannot be
// read is as if it were not there.
func parseUsage(h http.Header) usage {
	u := usage{app: -1, page: -1}
	type rates struct {
		Type   string  `json:"type"`
		Calls  float64 `json:"call_count"`
		CPU    float64 `json:"total_cputime"`
		Time   float64 `json:"total_time"`
		Regain float64 `json:"estimated_time_to_regain_access"` // minutes
	}
	percent := func(r rates) int { return int(min(max(r.Calls, r.CPU, r.Time, 0), 1000)) }
	if text := h.Get("X-App-Usage"); text != "" && len(text) < 1<<16 {
		var r rates
		if json.Unmarshal([]byte(text), &r) == nil {
			u.told, u.app = true, percent(r)
		}
	}
	if text := h.Get("X-Business-Use-Case-Usage"); text != "" && len(text) < 1<<16 {
		var all map[string][]rates
		if json.Unmarshal([]byte(text), &all) == nil {
			for _, list := range all {
				for _, r := range list {
					if r.Type != "" && !strings.Contains(r.Type, "messenger") && !strings.Contains(r.Type, "instagram") && !strings.Contains(r.Type, "pages") {
						continue // another product's budget
					}
					u.told, u.page = true, max(u.page, percent(r))
					u.regain = max(u.regain, time.Duration(min(max(r.Regain, 0), 24*60)*float64(time.Minute)))
				}
			}
		}
	}
	return u
}
