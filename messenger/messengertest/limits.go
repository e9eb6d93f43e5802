package messengertest

import (
	"encoding/json"
	"net/http"
	"time"
)

// Limits are how many calls Meta allows. Zero fields are Meta's own, negative ones are
// none.
type Limits struct {
	// Text is how many messages a second a page may send that are not audio or
	// video. Zero means 300.
	Text int
	// Media is the same for audio and video. Zero means 10.
	Media int
	// Daily is how many calls an app may make for a page in 24 hours. Zero means
	// 200 for each person who has written to the page, and 200 at least.
	Daily int
}

const callsPerPerson = 200

func (l Limits) withDefaults() Limits {
	if l.Text == 0 {
		l.Text = 300
	}
	if l.Media == 0 {
		l.Media = 10
	}
	return l
}

// usage counts the calls for a page.
type usage struct {
	second      int64
	text, media int
	minutes     []minuteCount // of the last 24 hours, oldest first
	calls       int           // their sum
}

type minuteCount struct {
	minute int64
	n      int
}

// Throttle refuses every call with code 4, as when the app has made too many,
// until the time is over on the clock.
func (g *Graph) Throttle(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.throttled = g.now().Add(d)
}

// budget returns how many calls in 24 hours are allowed; negative is no limit.
func (g *Graph) budget(p *Page) int {
	if g.c.Limits.Daily != 0 {
		return g.c.Limits.Daily
	}
	n := 0
	for _, x := range p.persons {
		if x.wrote {
			n++
		}
	}
	return callsPerPerson * max(n, 1)
}

// prune forgets calls that are 24 hours old.
func (u *usage) prune(now time.Time) {
	oldest := now.Add(-24*time.Hour).Unix() / 60
	n := 0
	for n < len(u.minutes) && u.minutes[n].minute <= oldest {
		u.calls -= u.minutes[n].n
		n++
	}
	u.minutes = u.minutes[n:]
}

// admit counts a call, or refuses it because there were too many. g.mu is held.
func (g *Graph) admit(c *call) *refusal {
	now := g.now()
	if now.Before(g.throttled) {
		return &refusal{code: 4, message: "Application request limit reached", transient: true}
	}
	u := &c.page.usage
	u.prune(now)
	if limit := g.budget(c.page); limit >= 0 && u.calls >= limit {
		return &refusal{code: 80006, message: "There have been too many calls to this Page account. Wait a bit and try again."}
	}
	minute := now.Unix() / 60
	if n := len(u.minutes); n > 0 && u.minutes[n-1].minute >= minute {
		u.minutes[n-1].n++
	} else {
		u.minutes = append(u.minutes, minuteCount{minute, 1})
	}
	u.calls++
	return nil
}

// admitSend counts a message of this second, or refuses it.
func (g *Graph) admitSend(p *Page, media bool) *refusal {
	u := &p.usage
	if now := g.now().Unix(); u.second != now {
		u.second, u.text, u.media = now, 0, 0
	}
	n, limit := &u.text, g.c.Limits.Text
	if media {
		n, limit = &u.media, g.c.Limits.Media
	}
	if limit >= 0 && *n >= limit {
		return &refusal{code: 613, message: "Calls to this api have exceeded the rate limit."}
	}
	*n++
	return nil
}

// usageHeaders tell an app how much of its limits it has used, in percent.
func (g *Graph) usageHeaders(p *Page) http.Header {
	now := g.now()
	h := http.Header{}
	if now.Before(g.throttled) {
		h.Set("X-App-Usage", `{"call_count":100,"total_time":25,"total_cputime":25}`)
	}
	u := &p.usage
	u.prune(now)
	limit := g.budget(p)
	if limit < 0 {
		return h
	}
	percent, regain := 100, 0
	if limit > 0 {
		percent = min(100, 100*u.calls/limit)
	}
	if percent >= 100 && len(u.minutes) > 0 {
		regain = minutes(time.Unix(60*(u.minutes[0].minute+1), 0).Add(24 * time.Hour).Sub(now))
	}
	text, _ := json.Marshal(map[string]any{p.id: []any{map[string]any{
		"type": "messenger", "call_count": percent, "total_cputime": percent / 4, "total_time": percent / 4,
		"estimated_time_to_regain_access": regain,
	}}})
	h.Set("X-Business-Use-Case-Usage", string(text))
	return h
}
