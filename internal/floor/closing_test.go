package floor

import (
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// oneMinute is open on Monday from 9:00, when a desk begins, to 9:01.
var oneMinute = routing.Hours{Zone: "UTC", Week: []routing.Opening{{Day: time.Monday, From: 9 * 60, To: 9*60 + 1}}}

// sunday is closed when a desk begins.
var sunday = routing.Hours{Zone: "UTC", Week: []routing.Opening{{Day: time.Sunday, From: 60, To: 120}}}

func (d *desk) notices(id conversation.ID) int {
	n := 0
	for _, m := range d.conv(id).Messages {
		if m.Entry != nil && m.Entry.Kind == conversation.EntryClosed {
			n++
		}
	}
	return n
}

func (d *desk) nobody() {
	for _, id := range []agent.ID{"ann", "bob", "eva"} {
		d.do(self(id), agent.MakeIdle{Agent: id})
	}
}

// TestE88ClosedByChange: hours that close an open queue now have the effect of
// its closing time, whatever command sets them.
func TestE88ClosedByChange(t *testing.T) {
	for _, tc := range []struct {
		at      routing.Closing
		where   string
		notices int
	}{
		{routing.KeepWaiting, "sales queued", 0},
		{routing.CloseNotify, "sales queued", 1},
		{routing.CloseOverflow, "care queued", 0},
		{routing.CloseEnd, "sales ended", 0},
	} {
		for _, whole := range []bool{false, true} {
			d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales", AtClosing: tc.at, Notice: "closed", Overflow: []conversation.QueueID{"care"}},
				routing.Queue{ID: "care"})
			d.nobody()
			id := d.customer("c")
			s := d.f.Setup()
			at := 0
			if s.Queues[0].ID != "sales" {
				at = 1
			}
			s.Queues[at].Hours = sunday
			if whole {
				d.do(admin, routing.Configure{Setup: s})
			} else {
				d.do(admin, routing.PutQueue{Queue: s.Queues[at]})
			}
			if got := d.where(id); got != tc.where || d.notices(id) != tc.notices {
				t.Errorf("%q: it is %q with %d notices, want %q with %d", tc.at, got, d.notices(id), tc.where, tc.notices)
			}
		}
	}
}

// TestE88ArrivalInClosedQueue: closing is for what waits when it closes. Who
// writes afterwards waits, even when another change of the queue follows.
func TestE88ArrivalInClosedQueue(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales", AtClosing: routing.CloseEnd, Notice: "closed", Hours: sunday})
	id := d.customer("c")
	q := d.f.queues["sales"].v.entry
	q.Name = "Sales"
	d.do(admin, routing.PutQueue{Queue: q})
	if got, want := d.where(id), "sales queued"; got != want || d.notices(id) != 1 {
		t.Errorf("it is %q with %d notices, not %q", got, d.notices(id), want)
	}
}

// TestE88OfferedAtClosing: what is offered when the queue closes goes on; if
// nobody accepts it, it has the same lot as what waited.
func TestE88OfferedAtClosing(t *testing.T) {
	for _, tc := range []struct {
		at      routing.Closing
		where   string
		notices int
	}{
		{routing.KeepWaiting, "sales queued", 0},
		{routing.CloseNotify, "sales queued", 1},
		{routing.CloseOverflow, "care queued", 0},
		{routing.CloseEnd, "sales ended", 0},
	} {
		for _, how := range []string{"lapses", "declined", "gone"} {
			d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales", AtClosing: tc.at, Notice: "closed", Hours: oneMinute,
				OfferFor: 90 * time.Second, Overflow: []conversation.QueueID{"care"}}, routing.Queue{ID: "care"})
			for _, id := range []agent.ID{"bob", "eva"} {
				d.do(self(id), agent.MakeIdle{Agent: id})
			}
			id := d.customer("c")
			d.after(70 * time.Second)
			if got, want := d.where(id), "sales offered ann"; got != want {
				t.Fatalf("it is %q, not %q", got, want)
			}
			switch how {
			case "lapses":
				d.after(20 * time.Second)
			case "declined":
				d.do(self("ann"), agent.MakeIdle{Agent: "ann"})
			case "gone":
				d.do(supervisor, agent.SignOut{Agent: "ann", Force: true})
			}
			if got := d.where(id); got != tc.where || d.notices(id) != tc.notices {
				t.Errorf("%q, %s: it is %q with %d notices, want %q with %d", tc.at, how, got, d.notices(id), tc.where, tc.notices)
			}
		}
	}
}

// TestE88LiveAtClosing: what is served when the queue closes is served to its
// end. Its customer learns that it is closed if the agent is gone, whatever
// becomes of those who wait.
func TestE88LiveAtClosing(t *testing.T) {
	for _, tc := range []struct {
		at      routing.Closing
		where   string
		notices int
	}{
		{routing.KeepWaiting, "sales queued", 1},
		{routing.CloseNotify, "sales queued", 1},
		{routing.CloseOverflow, "care queued", 0},
		{routing.CloseEnd, "sales ended", 1},
	} {
		d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales", AtClosing: tc.at, Notice: "closed", Hours: oneMinute,
			Overflow: []conversation.QueueID{"care"}}, routing.Queue{ID: "care"})
		id := d.customer("c")
		who := d.accept(id)
		for _, other := range []agent.ID{"ann", "bob", "eva"} {
			if other != who {
				d.do(self(other), agent.MakeIdle{Agent: other})
			}
		}
		d.after(2 * time.Minute)
		if got, want := d.where(id), "sales active"; got != want {
			t.Fatalf("%q: it is %q, not %q", tc.at, got, want)
		}
		d.do(supervisor, agent.SignOut{Agent: who, Force: true})
		if got := d.where(id); got != tc.where || d.notices(id) != tc.notices {
			t.Errorf("%q: it is %q with %d notices, want %q with %d", tc.at, got, d.notices(id), tc.where, tc.notices)
		}
	}
}
