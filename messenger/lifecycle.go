package messenger

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// Cause says why a page cannot be used. Causes are stable names.
type Cause string

// The causes of a disconnection. Somebody has to connect the page again.
const (
	CauseToken        Cause = "token-invalid"      // revoked, or the person logged out
	CauseExpired      Cause = "token-expired"      //
	CausePassword     Cause = "password-changed"   // of the person whose token it is
	CauseRoleLost     Cause = "role-lost"          // that person is no administrator of the page any more
	CauseAppRemoved   Cause = "app-removed"        // that person or the page removed the app
	CausePermission   Cause = "permission-removed" //
	CausePageGone     Cause = "page-gone"          // deleted, or not ours to see
	CauseUnsubscribed Cause = "unsubscribed"       // from the webhook, and it cannot be subscribed again
	CauseRemoved      Cause = "removed-by-admin"   // by an administrator of ours: the host reports it
)

// The causes of a suspension. It passes, sometimes only when somebody does something at
// Meta's.
const (
	CausePolicy     Cause = "policy-blocked" // for a violation of Meta's policies
	CauseRestricted Cause = "restricted"     // from sending, for some time
	CauseCheckpoint Cause = "checkpoint"     // the person whose token it is has to log in to Facebook
	// CauseUnpublished is what CheckPage finds: only the page's administrators can be reached.
	CauseUnpublished Cause = "unpublished"
)

// Passing reports whether the cause is one of a suspension.
func (c Cause) Passing() bool {
	return c == CausePolicy || c == CauseRestricted || c == CauseCheckpoint || c == CauseUnpublished
}

// PageDisconnected says that the access to a page is lost until somebody connects it
// again.
type PageDisconnected struct {
	Page  conversation.Source // which page
	Cause Cause               // why; not one of a suspension
	Err   error               // what Meta said, or nil
}

// PageSuspended says that Meta keeps a page from sending, or no longer does. What waits
// on the Board can wait.
type PageSuspended struct {
	Page   conversation.Source // which page
	Cause  Cause               // why: one of a suspension
	Lifted bool                // it works again
	Err    error               // what Meta said, or nil
}

// Interrupt removes a disconnected page from its Board: what waits there ends, and what
// is live is interrupted. After somebody has connected the page again, restore the source
// by a routing.PutSource. Its error is the Board's.
func Interrupt(ctx context.Context, board Receiver, d PageDisconnected) error {
	_, err := board.Do(ctx, switchboard.Command{
		By: switchboard.Actor{Role: agent.Platform, ID: string(Channel)},
		Do: routing.RemoveSource{Source: d.Page, Why: string(d.Cause)},
	})
	return err
}

// states remembers what has been reported of pages, so that it is reported once.
type states struct {
	mu  sync.Mutex
	bad map[conversation.Source]pageState
}

type pageState struct {
	cause   Cause
	judging bool // it is being found out whether it is so
}

// begin notes that somebody finds out about a page, and returns false when it is known
// or being found out already.
func (s *states) begin(page conversation.Source, cause Cause) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, known := s.bad[page]
	if known && (now.judging || now.cause == cause || !now.cause.Passing()) {
		return false
	}
	if s.bad == nil {
		s.bad = make(map[conversation.Source]pageState)
	}
	now.judging = true
	s.bad[page] = now
	return true
}

// end notes what was found out; "" is that nothing is wrong.
func (s *states) end(page conversation.Source, cause Cause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cause == "" {
		cause = s.bad[page].cause // what it was before
	}
	if cause == "" {
		delete(s.bad, page)
		return
	}
	s.bad[page] = pageState{cause: cause}
}

// clear forgets a page that works, and returns what was wrong with it.
func (s *states) clear(page conversation.Source, sent bool) Cause {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, known := s.bad[page]
	// That a call works says nothing about sending, unless the token was the trouble, and
	// that a message arrived nothing about whether the page is published.
	if !known || now.judging || now.cause == CauseUnpublished || !sent && (now.cause.Passing() || now.cause == CausePermission || now.cause == CauseUnsubscribed) {
		return ""
	}
	delete(s.bad, page)
	return now.cause
}

// published forgets that a page is not, and reports whether that was what was wrong with it.
func (s *states) published(page conversation.Source) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.bad[page]; now.judging || now.cause != CauseUnpublished {
		return false
	}
	delete(s.bad, page)
	return true
}

// weighty are the calls that tell whether a page can be used. Of others only a token that
// is not valid counts: a permission that the call needs may never have been there.
var weighty = map[string]bool{"send": true, "check page": true, "subscribe": true}

// judge finds out whether an error means that the page is lost or suspended.
func (c *Client) judge(ctx context.Context, k call, g *GraphError) {
	cause := g.Cause()
	if cause == "" || !weighty[k.name] && g.Code != 190 && g.Code != 102 || k.extra && cause == CausePermission {
		return
	}
	if !c.states.begin(k.page, cause) {
		return
	}
	if cause != CausePermission && !cause.Passing() && !c.confirmed(ctx, k) {
		c.states.end(k.page, "")
		return
	}
	c.states.end(k.page, cause)
	c.report(ctx, k.page, cause, g)
}

// confirmed asks for the page's id, which any token of the page may: one error may be a
// glitch of Meta's.
func (c *Client) confirmed(ctx context.Context, k call) bool {
	a, e := c.post(ctx, call{
		page: k.page, token: k.token, method: http.MethodGet, path: ownPage, query: url.Values{"fields": {"id"}},
	})
	if e == nil {
		e = a.check(c.scrubber(k.token))
	}
	g := (*GraphError)(nil)
	return e != nil && errors.As(e.Err, &g) && g.Cause() != ""
}

// report tells the host.
func (c *Client) report(ctx context.Context, page conversation.Source, cause Cause, err error) {
	if cause.Passing() {
		c.c.Logger.WarnContext(ctx, "messenger: page suspended", "page", page, "cause", cause, "error", err)
		if c.c.OnSuspend != nil {
			c.c.OnSuspend(ctx, PageSuspended{Page: page, Cause: cause, Err: err})
		}
		return
	}
	c.c.Logger.ErrorContext(ctx, "messenger: access lost", "page", page, "cause", cause, "error", err)
	if c.c.OnDisconnect != nil {
		c.c.OnDisconnect(ctx, PageDisconnected{Page: page, Cause: cause, Err: err})
	}
}

// Disconnected reports that a page is lost, for a reason that the Client cannot find out:
// somebody removed it, or the person who connected it removed the app (see
// [NewDeauthorize]). It calls OnDisconnect, or OnSuspend for a passing cause, unless the
// page is known to be lost.
func (c *Client) Disconnected(ctx context.Context, page conversation.Source, cause Cause) {
	if c.states.begin(page, cause) {
		c.states.end(page, cause)
		c.report(ctx, page, cause, nil)
	}
}

// Connected forgets what was wrong with a page, so that it is reported again. Call it when
// somebody has connected the page again; a call that works does it too.
func (c *Client) Connected(ctx context.Context, page conversation.Source) {
	c.works(ctx, page, true)
	c.published(ctx, page)
}

// works notes that a page works.
func (c *Client) works(ctx context.Context, page conversation.Source, sent bool) {
	c.lifted(ctx, page, c.states.clear(page, sent))
}

// published notes that a page is published.
func (c *Client) published(ctx context.Context, page conversation.Source) {
	if c.states.published(page) {
		c.lifted(ctx, page, CauseUnpublished)
	}
}

// lifted tells the host that a suspension is over.
func (c *Client) lifted(ctx context.Context, page conversation.Source, cause Cause) {
	if cause.Passing() && c.c.OnSuspend != nil {
		c.c.OnSuspend(ctx, PageSuspended{Page: page, Cause: cause, Lifted: true})
	}
}

// Policy takes an event of KindPolicy: a block suspends the page, an unblock lifts that.
// Call it from WebhookConfig.OnEvent.
func (c *Client) Policy(ctx context.Context, e *Event) {
	if e.Policy == nil {
		return
	}
	switch e.Policy.Action {
	case "block":
		c.Disconnected(ctx, e.Page, CausePolicy)
	case "unblock":
		c.works(ctx, e.Page, true)
	}
}
