package conversation_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// answered returns a story in which the customer wrote at 10 seconds and ann
// answered at 20, so that the customer's silence counts, to 310.
func answered(t testing.TB) *story {
	s := active(t)
	s.rules.InactiveAfter = 5 * time.Minute
	s.now = after(10)
	s.do(agent.Actor{Role: agent.Customer}, conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "cust", ExternalID: "c1", Text: "Hello?",
	})
	s.now = after(20)
	s.writes("ann")
	return s
}

func (s *story) writes(who agent.ID) {
	s.t.Helper()
	s.do(self(who), conversation.Write{Conversation: 1, Agent: who, Draft: conversation.Draft{Text: "Good morning"}})
}

// limit checks when the customer counts as inactive; zero is never.
func (s *story) limit(want time.Time) {
	s.t.Helper()
	if got := s.c.Limit.At; !got.Equal(want) {
		s.t.Errorf("inactive at %v, want %v", got, want)
	}
}

// A customer who was answered once and stays silent counts as inactive whoever
// serves the conversation now.
func TestInactivityCountsAgainAfterAnotherAgentAnswered(t *testing.T) {
	for _, tt := range []struct {
		name string
		pass func(*story) // from ann to bob
	}{
		{"transfer to an agent", func(s *story) {
			s.do(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "bob"})
		}},
		{"transfer to a queue", func(s *story) {
			s.do(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "billing"})
			s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"})
		}},
		{"requeued", func(s *story) {
			s.do(engine, conversation.DropSeat{Conversation: 1, Agent: "ann", Cause: conversation.CloseGone})
			s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "bob"})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := answered(t)
			s.limit(after(310))
			s.now = after(100)
			tt.pass(s)
			s.limit(time.Time{})
			s.do(self("bob"), conversation.Accept{Conversation: 1, Agent: "bob"})
			s.limit(time.Time{})
			s.now = after(110)
			s.writes("bob")
			s.limit(after(310))
			s.now = after(200)
			s.writes("bob") // another answer does not extend it
			s.limit(after(310))
			s.now = after(310)
			s.tick()
			if s.c.EndedBy() != conversation.EndedInactive {
				t.Errorf("%s by %q", s.c.State, s.c.EndedBy())
			}
		})
	}
}

// The sender who has the conversation back has answered it already.
func TestInactivityCountsAgainWhenTheSenderHasItBack(t *testing.T) {
	cancel := conversation.CancelTransfer{Conversation: 1, Agent: "ann"}
	toBob := conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "bob"}
	billing := conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "billing"}
	for _, tt := range []struct {
		name     string
		from, to int // when it is transferred, and comes back
		transfer conversation.Command
		back     func(*story)
		inactive time.Time
	}{
		{"cancelled", 100, 130, toBob, func(s *story) { s.do(self("ann"), cancel) }, after(310)},
		{"cancelled, to a queue", 100, 130, billing, func(s *story) { s.do(self("ann"), cancel) }, after(310)},
		{"not accepted", 100, 130, toBob, func(s *story) {
			s.do(self("bob"), conversation.Decline{Conversation: 1, Agent: "bob"})
		}, after(310)},
		{"the limit passed meanwhile", 300, 320, toBob, func(s *story) { s.do(self("ann"), cancel) }, after(620)},
		{"the customer wrote meanwhile", 100, 130, toBob, func(s *story) {
			s.do(agent.Actor{Role: agent.Customer}, conversation.Inbound{
				Channel: "messenger", Source: "page", Customer: "cust", ExternalID: "c2", Text: "Well?",
			})
			s.do(self("ann"), cancel)
		}, time.Time{}},
		{"no such limit any more", 100, 130, toBob, func(s *story) {
			s.rules.InactiveAfter = 0
			s.do(self("ann"), cancel)
		}, time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := answered(t)
			s.rules.TransferFallback = conversation.ToSender
			s.now = after(tt.from)
			s.do(self("ann"), tt.transfer)
			s.now = after(tt.to)
			tt.back(s)
			s.stands("active ann: ann=active")
			s.limit(tt.inactive)
			last, _ := s.told[len(s.told)-1].event.(conversation.TransferCancelled)
			if !last.Inactive.Equal(tt.inactive) {
				t.Errorf("the event has %v, want %v", last.Inactive, tt.inactive)
			}
		})
	}
}

// Silence ends a conversation that is Active or a Conference: who has invited
// somebody is about to go on.
func TestInactivityWaitsForAnInvitation(t *testing.T) {
	for name, answer := range map[string]conversation.Command{
		"accepted": conversation.Accept{Conversation: 1, Agent: "bob"},
		"declined": conversation.Decline{Conversation: 1, Agent: "bob"},
	} {
		s := answered(t)
		s.rules.OfferFor = time.Hour
		s.now = after(300)
		s.do(self("ann"), conversation.Invite{Conversation: 1, Agent: "ann", To: "bob"})
		s.now = after(400)
		want(t, s.tick())
		s.stands("conference-requested ann: ann=active")
		s.do(self("bob"), answer)
		s.tick()
		if s.c.EndedBy() != conversation.EndedInactive {
			t.Errorf("%s: %s by %q", name, s.c.State, s.c.EndedBy())
		}
	}
}

// A conversation that nobody took by transfer waits in its queue like any other:
// its maximum wait runs from then, and its relaxation goes on at its age.
func TestReturnFromATransferWaitsAgain(t *testing.T) {
	s := deadlines(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	s.do(self("ann"), conversation.Accept{Conversation: 1, Agent: "ann"})
	s.now = after(30)
	s.do(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "bob"})
	s.now = after(70)
	s.rules.Wait = conversation.Wait{Queue: "sales", Max: after(370)}
	back := byTransfer(conversation.Declined, after(100))
	back.Max = after(370)
	want(t, s.do(self("bob"), conversation.Decline{Conversation: 1, Agent: "bob"}), back)
	if diff := cmp.Diff(agent.Deadline{At: after(370), Set: s.seq}, s.c.MaxWait); diff != "" {
		t.Errorf("maximum wait (-want +got):\n%s", diff)
	}
	want(t, s.tick(), conversation.NeedsRelaxed{Conversation: 1, Relaxed: 1, Next: after(120)})
	s.now = after(371)
	s.rules.Wait = conversation.Wait{Queue: "night"}
	if s.tick(); s.c.Queue != "night" {
		t.Errorf("waits in %s to %v", s.c.Queue, s.c.MaxWait)
	}
}

// Where a fallback takes it out of its queue, and where its queue is being left
// for another, there is no wait in it.
func TestFallbackHasNoMaximumWaitInTheOldQueue(t *testing.T) {
	s := sentToBob(t)
	s.rules.Wait = conversation.Wait{Queue: "night", Max: after(370)} // sales was deleted
	want(t, s.do(self("bob"), conversation.Decline{Conversation: 1, Agent: "bob"}), byTransfer(conversation.Declined, after(130)))
	s = active(t)
	s.rules.TransferFallback = conversation.ToSender
	s.now = after(100)
	s.do(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "bob"})
	s.rules.Wait = conversation.Wait{Queue: "sales", Max: after(370)}
	want(t, s.do(self("bob"), conversation.Decline{Conversation: 1, Agent: "bob"}),
		byTransfer(conversation.Declined, after(130)),
		conversation.TransferCancelled{Conversation: 1, Agent: "ann", Seat: 1, Failed: true})
}

// A sender whose wrap-up freed the slot, and who is full by now, does not get
// the conversation back.
func TestSenderWithoutAFreeSlot(t *testing.T) {
	full := func(id agent.ID) bool { return id != "ann" }
	sent := func(frees bool) *story {
		s := active(t)
		s.rules.WrapUp = func(conversation.QueueID, uint64) (wrapup.Policy, uint64) {
			p := salesPolicy
			p.FreesSlot = frees
			return p, 7
		}
		s.rules.TransferFallback, s.rules.HasSlot = conversation.ToSender, full
		s.now = after(100)
		s.do(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "bob"})
		return s
	}
	cancel := conversation.CancelTransfer{Conversation: 1, Agent: "ann"}
	decline := conversation.Decline{Conversation: 1, Agent: "bob"}

	s := sent(true)
	s.refuse(self("ann"), cancel, conversation.ErrNoSlot)
	want(t, s.do(self("bob"), decline), byTransfer(conversation.Declined, after(130)))
	s.stands("queued: ann=wrapping-up")

	s = sent(true)
	s.rules.HasSlot = func(agent.ID) bool { return true }
	s.do(self("ann"), cancel)
	s.stands("active ann: ann=active")

	s = sent(false) // the wrap-up has held the slot all the time
	s.do(self("bob"), decline)
	s.stands("active ann: ann=active")

	// The slot that an offer of this very conversation holds is the seat's then.
	s = active(t)
	s.rules.WrapUp = func(conversation.QueueID, uint64) (wrapup.Policy, uint64) { return wrapup.Policy{FreesSlot: true}, 7 }
	s.rules.HasSlot = full
	s.do(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "sales"})
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	s.do(self("ann"), cancel)
	s.stands("active ann: ann=active")
}

// A transfer keeps the fallback under which it was requested.
func TestPendingTransferKeepsItsFallback(t *testing.T) {
	s := active(t)
	s.now = after(100)
	s.rules.TransferFallback = conversation.FallbackQueue
	s.rules.FallbackWait = conversation.Wait{Queue: "night", Max: after(500)}
	s.do(self("ann"), conversation.TransferToAgent{Conversation: 1, Agent: "ann", To: "bob"})
	wanted := &conversation.Transfer{
		Seat: 1, ToAgent: "bob", Queue: "sales", WaitingSince: start, Fallback: conversation.FallbackQueue, FallbackQueue: "night",
	}
	if diff := cmp.Diff(wanted, s.c.Transfer); diff != "" {
		t.Errorf("transfer (-want +got):\n%s", diff)
	}
	s.rules.TransferFallback = conversation.EndIt
	s.rules.FallbackWait.Max = after(900)
	want(t, s.do(self("bob"), conversation.Decline{Conversation: 1, Agent: "bob"}),
		byTransfer(conversation.Declined, after(130)),
		conversation.Moved{
			Conversation: 1, Wait: conversation.Wait{Queue: "night", Since: start, Max: after(900)}, Cause: conversation.MovedFallback,
		})
	s.stands("queued: ann=wrapping-up")
}

// A conversation is kept for an agent in its first queue only.
func TestPreferenceEndsInAnotherQueue(t *testing.T) {
	for queue, kept := range map[conversation.QueueID]bool{"sales": true, "night": false} {
		s := deadlines(t)
		s.do(engine, conversation.Requeue{
			Conversation: 1, Wait: conversation.Wait{Queue: queue}, Cause: conversation.MovedOverflow, Visited: true,
		})
		if got := s.c.Preference != nil; got != kept {
			t.Errorf("in %s: kept %t, want %t", queue, got, kept)
		}
	}
}
