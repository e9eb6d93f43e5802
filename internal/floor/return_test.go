package floor

import (
	"errors"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// freeing is a wrap-up during which the agent may be given something else.
var freeing = wrapup.Policy{Reasons: done.Reasons, Default: done.Default, FreesSlot: true}

// sent is a conversation in the desk's first queue that the agent whom the queue
// chose hands over to another.
func (d *desk) sent() (id conversation.ID, from, to agent.ID) {
	d.Helper()
	id = d.customer("c")
	from = d.accept(id)
	to = "bob"
	if from == to {
		to = "eva"
	}
	d.do(self(from), conversation.TransferToAgent{Conversation: id, Agent: from, To: to})
	return id, from, to
}

// TestFailedTransferHasMaximumWait: nobody took it, so it waits in its queue as
// any other does, and overflows.
func TestFailedTransferHasMaximumWait(t *testing.T) {
	d := newDesk(t, routing.Settings{},
		routing.Queue{ID: "sales", MaxWait: time.Minute, Overflow: []conversation.QueueID{"care"}}, routing.Queue{ID: "care"})
	id, _, _ := d.sent()
	for _, a := range []agent.ID{"ann", "bob", "eva"} { // the offer is withdrawn, and nobody else is there
		d.do(self(a), agent.MakeIdle{Agent: a})
	}
	if got, want := d.where(id), "sales queued"; got != want {
		t.Fatalf("it is %q, want %q", got, want)
	}
	d.after(time.Minute - 1)
	if got, want := d.where(id), "sales queued"; got != want {
		t.Errorf("just before the maximum wait it is %q, want %q", got, want)
	}
	d.after(1)
	if got, want := d.where(id), "care queued"; got != want {
		t.Errorf("at the maximum wait it is %q, want %q", got, want)
	}
}

// TestSenderIsFullWhenTheTransferFails: the wrap-up had freed the sender's only
// slot, and another conversation has it now.
func TestSenderIsFullWhenTheTransferFails(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	d.do(admin, routing.PutQueue{Queue: routing.Queue{
		ID: "sales", Teams: []routing.TeamID{"t"}, TransferFallback: conversation.ToSender, WrapUp: freeing,
	}})
	for _, a := range []agent.ID{"ann", "bob", "eva"} {
		d.do(admin, routing.PutAgent{Agent: routing.Agent{
			ID: a, Teams: []routing.TeamID{"t"}, Capacity: map[conversation.Medium]int{conversation.Social: 1},
		}})
	}
	id, from, to := d.sent()
	for _, a := range []agent.ID{"ann", "bob", "eva"} {
		if a != from && a != to {
			d.do(self(a), agent.MakeIdle{Agent: a})
		}
	}
	other := d.customer("d")
	if who := d.accept(other); who != from {
		t.Fatalf("%q has the other one, want %q", who, from)
	}
	if _, err := d.try(self(from), conversation.CancelTransfer{Conversation: id, Agent: from}); !errors.Is(err, conversation.ErrNoSlot) {
		t.Errorf("cancelling: %v", err)
	}
	d.do(self(to), conversation.Decline{Conversation: id, Agent: to})
	if got, want := d.where(id), "sales queued"; got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
	if n := d.f.agents[from].slots; n != 1 {
		t.Errorf("%q holds %d slots of 1", from, n)
	}
}

// TestPendingTransferKeepsThePolicy: the fallback is that of the request; only
// where a queue has been drained to is looked up when it is needed.
func TestPendingTransferKeepsThePolicy(t *testing.T) {
	queue := func(f conversation.Fallback, to conversation.QueueID) routing.Queue {
		return routing.Queue{ID: "sales", Teams: []routing.TeamID{"t"}, TransferFallback: f, FallbackQueue: to, WrapUp: done}
	}
	for _, tt := range []struct {
		name       string
		began, now routing.Queue
		drain      bool // the fallback queue, to care
		want       string
	}{
		{"sender", queue(conversation.ToSender, ""), queue(conversation.EndIt, ""), false, "sales active"},
		{"old queue", queue(conversation.ToOldQueue, ""), queue(conversation.FallbackQueue, "rest"), false, "sales queued"},
		{"fallback queue", queue(conversation.FallbackQueue, "rest"), queue(conversation.EndIt, ""), false, "rest queued"},
		{"another fallback queue", queue(conversation.FallbackQueue, "rest"), queue(conversation.FallbackQueue, "care"), false, "rest queued"},
		{"drained fallback queue", queue(conversation.FallbackQueue, "rest"), queue(conversation.ToOldQueue, ""), true, "care queued"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"},
				routing.Queue{ID: "care", Agents: []agent.ID{"ann"}, Teams: []routing.TeamID{}},
				routing.Queue{ID: "rest", Agents: []agent.ID{"ann"}, Teams: []routing.TeamID{}})
			d.do(admin, routing.PutQueue{Queue: tt.began})
			id, _, to := d.sent()
			d.do(admin, routing.PutQueue{Queue: tt.now})
			if tt.drain {
				d.do(admin, routing.DeleteQueue{Queue: "rest", DrainTo: "care"})
			}
			for _, a := range []agent.ID{"ann", "bob", "eva"} {
				if a != to {
					d.do(self(a), agent.MakeIdle{Agent: a})
				}
			}
			d.do(self(to), agent.MakeIdle{Agent: to}) // withdraws the offer
			if got := d.where(id); got != tt.want {
				t.Errorf("it is %q, want %q", got, tt.want)
			}
		})
	}
}

// TestCancelledTransferCountsSilenceByItsOwnQueue: the queue that it was handed
// to has no say in a conversation that comes back.
func TestCancelledTransferCountsSilenceByItsOwnQueue(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales", InactiveAfter: 5 * time.Minute}, routing.Queue{ID: "care", InactiveAfter: time.Hour})
	id := d.customer("c")
	who := d.accept(id)
	d.do(self(who), conversation.Write{Conversation: id, Agent: who, Draft: conversation.Draft{Text: "hello"}})
	for _, a := range []agent.ID{"ann", "bob", "eva"} {
		if a != who {
			d.do(self(a), agent.MakeIdle{Agent: a})
		}
	}
	d.after(time.Minute)
	d.do(self(who), conversation.TransferToQueue{Conversation: id, Agent: who, Queue: "care"})
	d.do(self(who), conversation.CancelTransfer{Conversation: id, Agent: who})
	d.after(4*time.Minute - 1)
	if got, want := d.where(id), "sales active"; got != want {
		t.Errorf("just before the limit it is %q, want %q", got, want)
	}
	d.after(1)
	if c := d.conv(id); c.EndedBy() != conversation.EndedInactive {
		t.Errorf("it is %q, ended %q", d.where(id), c.EndedBy())
	}
}

// TestPreferenceEndsWithTheOverflow: the preferred agent does not serve the queue
// that it has overflowed to, so it must not wait for her there.
func TestPreferenceEndsWithTheOverflow(t *testing.T) {
	d := newDesk(t, routing.Settings{PreferWait: time.Hour},
		routing.Queue{ID: "sales", MaxWait: time.Minute, Overflow: []conversation.QueueID{"care"}},
		routing.Queue{ID: "care", Agents: []agent.ID{"bob"}, Teams: []routing.TeamID{}})
	d.do(self("ann"), agent.MakeIdle{Agent: "ann"})
	id := d.do(agent.Actor{Role: agent.Customer, ID: "c"}, conversation.Inbound{Channel: "messenger", Source: "page", Customer: "c",
		ExternalID: "m", Text: "hi", Entry: conversation.Opening{Preferred: "ann"}}).Conversation
	if got, want := d.where(id), "sales queued"; got != want {
		t.Fatalf("it is %q, want %q", got, want)
	}
	d.after(time.Minute)
	if got, want := d.where(id), "care offered bob"; got != want {
		t.Errorf("after the maximum wait it is %q, want %q", got, want)
	}
}
