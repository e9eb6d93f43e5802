package messengertest

import (
	"slices"
	"time"
)

// ownership is how long a thread stays with its owner after the last message.
const ownership = 24 * time.Hour

// owner returns the app that controls the thread, empty when it is idle.
func (g *Graph) owner(th *thread) string {
	if th.owner != "" && !g.now().Before(th.until) {
		th.owner = ""
	}
	return th.owner
}

// ours reports whether our app may send to the thread and gets its webhooks as
// messaging.
func (g *Graph) ours(th *thread) bool {
	if o := g.owner(th); o != "" {
		return o == g.c.AppID
	}
	return th.page.defaultApp == "" || th.page.defaultApp == g.c.AppID
}

// keep makes the owner keep the thread after a message.
func (th *thread) keep(now time.Time) {
	if until := now.Add(ownership); th.owner != "" && th.until.Before(until) {
		th.until = until
	}
}

// takeControl gives the thread to an app that takes it, and tells ours if it loses it.
func (g *Graph) takeControl(th *thread, app, metadata string) {
	before, mine := g.owner(th), g.ours(th)
	th.owner, th.until = app, g.now().Add(ownership)
	if mine && app != g.c.AppID {
		g.emitControl(th, "take_thread_control", before, app, metadata)
	}
}

// passControl gives the thread to an app, and tells ours if it gets it.
func (g *Graph) passControl(th *thread, app, metadata string) {
	before := g.owner(th)
	th.owner, th.until = app, g.now().Add(ownership)
	th.asked = nil
	if app == g.c.AppID {
		g.emitControl(th, "pass_thread_control", before, app, metadata)
	}
}

func (g *Graph) emitControl(th *thread, key, before, after, metadata string) {
	e := object{"new_owner_app_id": after, "previous_owner_app_id": nil}
	if before != "" {
		e["previous_owner_app_id"] = before
	}
	if metadata != "" {
		e["metadata"] = metadata
	}
	g.emit(th, "messaging_handovers", th.person.event(g.now().UnixMilli(), key, e))
}

// handOver does what thread_control of a send asks for.
func (g *Graph) handOver(c *call, th *thread) {
	var control struct {
		Type string `json:"control_type"`
		App  loose  `json:"app_id"`
	}
	if !c.read("thread_control", &control) {
		return
	}
	switch {
	case control.Type == "release", control.Type == "pass" && control.App == "" && th.page.defaultApp == "":
		th.owner = ""
	case control.Type == "pass" && control.App == "":
		g.passControl(th, th.page.defaultApp, "")
	case control.Type == "pass" && th.page.knows(string(control.App)):
		g.passControl(th, string(control.App), "")
	}
}

// control carries out the calls of thread control.
func (g *Graph) control(c *call) answer {
	var to recipient
	c.read("recipient", &to)
	x, why := g.person(c.page, string(to.ID))
	if why != nil {
		return g.refuse(*why)
	}
	th, metadata := x.th, c.text("metadata")
	elsewhere := refusal{code: 2018300, message: "Another app is controlling this thread now."}
	switch c.path[1] {
	case "pass_thread_control":
		target := c.text("target_app_id")
		if !g.ours(th) {
			return g.refuse(elsewhere)
		}
		if !c.page.knows(target) {
			return g.refuse(refusal{code: 100, subcode: 2018164, message: "Incorrect app id"})
		}
		g.passControl(th, target, metadata)
	case "release_thread_control":
		if g.owner(th) != g.c.AppID && !g.ours(th) {
			return g.refuse(elsewhere)
		}
		th.owner = ""
	case "take_thread_control":
		switch o := g.owner(th); {
		case c.page.defaultApp == "":
			return g.refuse(badParameter("Thread control cannot be taken: the page has no default app"))
		case o != "" && o != g.c.AppID && c.page.defaultApp != g.c.AppID:
			return g.refuse(elsewhere)
		}
		g.takeControl(th, g.c.AppID, metadata)
	case "request_thread_control":
		if !slices.Contains(th.asked, g.c.AppID) {
			th.asked = append(th.asked, g.c.AppID)
		}
	case "extend_thread_control":
		var seconds int64
		if !c.read("duration", &seconds) {
			var text loose
			c.read("duration", &text)
			for _, r := range text {
				if r < '0' || r > '9' || seconds > 1e9 {
					seconds = 0
					break
				}
				seconds = 10*seconds + int64(r-'0')
			}
		}
		if seconds <= 0 || seconds > 7*24*3600 {
			return g.refuse(badParameter("Param duration must be 1 second to 7 days"))
		}
		if g.owner(th) != g.c.AppID {
			return g.refuse(elsewhere)
		}
		th.until = g.now().Add(time.Duration(seconds) * time.Second)
	}
	return success()
}

// threadOwner carries out GET thread_owner. Only the owner and the default app see
// who it is.
func (g *Graph) threadOwner(c *call) answer {
	x, why := g.person(c.page, c.text("recipient"))
	if why != nil {
		return g.refuse(*why)
	}
	data := []any{}
	if o := g.owner(x.th); o != "" {
		owner := object{"expiration": x.th.until.Unix()}
		if o == g.c.AppID || c.page.defaultApp == g.c.AppID {
			owner["app_id"] = o
		}
		data = append(data, object{"thread_owner": owner})
	}
	return ok(object{"data": data})
}

// TakenBy gives control of the thread to another app, which takes it. If yours
// had it, that is told by take_thread_control, and what follows comes as standby.
func (x *Person) TakenBy(app string) {
	g := x.page.g
	g.mu.Lock()
	defer g.mu.Unlock()
	x.page.connect(app)
	g.takeControl(x.th, app, "")
}

// PassedTo gives control of the thread to an app, as its owner does. If that is
// yours, it is told by pass_thread_control.
func (x *Person) PassedTo(app string) {
	g := x.page.g
	g.mu.Lock()
	defer g.mu.Unlock()
	x.page.connect(app)
	g.passControl(x.th, app, "")
}

// Released makes the thread idle, as its owner does. No webhook tells it.
func (x *Person) Released() {
	g := x.page.g
	g.mu.Lock()
	defer g.mu.Unlock()
	x.th.owner = ""
}

// Owner returns the app that controls the thread, or empty when it is idle.
func (x *Person) Owner() string {
	x.page.g.mu.Lock()
	defer x.page.g.mu.Unlock()
	return x.page.g.owner(x.th)
}

// Asked reports whether your app has asked for control since it was last passed on.
func (x *Person) Asked() bool {
	x.page.g.mu.Lock()
	defer x.page.g.mu.Unlock()
	return len(x.th.asked) > 0
}
