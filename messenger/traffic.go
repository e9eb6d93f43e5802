package messenger

import (
	"sync"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
)

// Traffic is what a [Webhook] has lately seen that a [Client] wants to know. Give the
// same one to both. The zero value is ready; it is safe for concurrent use.
//
// It holds the echoes of our own messages, by which [Client.Settle] finds out whether a
// message whose sending failed ambiguously has arrived, and when customers last acted
// without writing: a reaction and a click on an m.me link open the reply window as a
// message does. It keeps the last 20,000 of each, in memory alone.
type Traffic struct {
	mu     sync.Mutex
	echoes recent[echoKey, echo]
	acts   recent[threadKey, time.Time]
}

type echoKey struct {
	page     conversation.Source
	customer conversation.Customer
	metadata string
}

type echo struct {
	id string
	at time.Time
}

type threadKey struct {
	page     conversation.Source
	customer conversation.Customer
}

const keepTraffic = 20_000

// See notes an event. A [Webhook] with the Traffic in its configuration calls it for
// every event of a page that is ours, before the event goes to the Board.
func (t *Traffic) See(e *Event) {
	switch {
	case e.Kind == KindEcho:
		if _, _, ours := parsePartKey(e.Message.Metadata); ours {
			t.mu.Lock()
			t.echoes.max = keepTraffic
			t.echoes.put(echoKey{e.Page, e.Customer, e.Message.Metadata}, echo{e.Message.ID, e.At})
			t.mu.Unlock()
		}
	case e.Own || e.Customer == "" || e.At.IsZero():
	case e.Kind == KindReaction && e.Reaction.Emoji != "", e.Kind == KindReferral:
		t.mu.Lock()
		t.acts.max = keepTraffic
		k := threadKey{e.Page, e.Customer}
		if last, _ := t.acts.find(k); e.At.After(last) {
			t.acts.put(k, e.At)
		}
		t.mu.Unlock()
	}
}

// Forget drops what is remembered of a customer. [Deletions] calls it.
func (t *Traffic) Forget(page conversation.Source, who conversation.Customer) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acts.drop(threadKey{page, who})
	for k := range t.echoes.of {
		if k.page == page && k.customer == who {
			t.echoes.drop(k)
		}
	}
}

// echoOf returns the echo with the metadata, if it has come.
func (t *Traffic) echoOf(page conversation.Source, who conversation.Customer, metadata string) (echo, bool) {
	if t == nil {
		return echo{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.echoes.find(echoKey{page, who, metadata})
}

// lastAct returns when the customer last acted without writing, or the zero time.
func (t *Traffic) lastAct(page conversation.Source, who conversation.Customer) time.Time {
	if t == nil {
		return time.Time{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at, _ := t.acts.find(threadKey{page, who})
	return at
}
