package conversation_test

import (
	"strings"
	"testing"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// wrote returns a story in which ann has accepted and written one message.
func wrote(t testing.TB) *story {
	s := active(t)
	s.rules.Node = "n1"
	s.do(self("ann"), conversation.Write{Conversation: 1, Agent: "ann", Draft: conversation.Draft{Text: "Good morning"}})
	return s
}

var sent = conversation.Settled{Conversation: 1, No: 1, Status: conversation.StatusSent, ExternalID: "m1"}

func TestE6CustomerWritesWhileOffered(t *testing.T) {
	s := opened(t)
	s.do(engine, conversation.MakeOffer{Conversation: 1, Agent: "ann"})
	s.now = after(5)
	offer := *s.c.Offer
	events := s.do(agent.Actor{Role: agent.Customer}, conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "cust", ExternalID: "m1", ChannelAt: after(4), Text: "Hello?",
	})
	if got := names(events); got != "MessageAdded" {
		t.Errorf("events are %s", got)
	}
	s.stands("offered")
	if s.c.Offer == nil || *s.c.Offer != offer {
		t.Errorf("the offer is %v, was %v", s.c.Offer, offer)
	}
}

func TestE27SenderWritesWhileTheTransferIsPending(t *testing.T) {
	s := sentToBob(t)
	s.refuse(self("ann"), conversation.Write{Conversation: 1, Agent: "ann", Draft: conversation.Draft{Text: "wait"}}, conversation.ErrTransferPending)
}

func TestE35NoSendingWhenInterrupted(t *testing.T) {
	s := active(t)
	s.do(engine, conversation.Interrupt{Conversation: 1})
	s.refuse(self("ann"), conversation.Write{Conversation: 1, Agent: "ann", Draft: conversation.Draft{Text: "wait"}}, conversation.ErrInterrupted)
}

func TestE40ResultOfASendAfterTheInterruption(t *testing.T) {
	second := conversation.Write{Conversation: 1, Agent: "ann", Draft: conversation.Draft{Text: "How can I help?"}}
	failed := func(no int, why conversation.FailCause) conversation.SendSettled {
		return conversation.SendSettled{Conversation: 1, No: no, Status: conversation.StatusFailed, Why: why}
	}
	s := wrote(t)
	s.do(self("ann"), second)
	want(t, s.do(engine, conversation.Interrupt{Conversation: 1}),
		conversation.Interruption{Conversation: 1}, s.noted(3, conversation.Entry{Kind: conversation.EntryInterrupted}),
		failed(2, conversation.FailInterrupted)) // the first one is in flight
	if got := names(s.do(engine, sent)); got != "SendSettled" {
		t.Errorf("events are %s", got)
	}
	s.stands("interrupted ann: ann=active")
	if s.c.Lane != nil || s.c.Messages[0].Delivery.Status != conversation.StatusSent {
		t.Errorf("lane %v, the first message is %s", s.c.Lane, s.c.Messages[0].Delivery.Status)
	}

	s = wrote(t)
	s.do(self("ann"), second)
	want(t, s.do(engine, conversation.Finish{Conversation: 1, Cause: conversation.EndedErased}),
		conversation.Ending{Conversation: 1, Cause: conversation.EndedErased}, s.wraps("ann", 1), failed(2, conversation.FailRetired))

	// Removed while it waits for the next agent: nothing more goes out either.
	s = wrote(t)
	s.do(self("ann"), second)
	s.do(self("ann"), conversation.TransferToQueue{Conversation: 1, Agent: "ann", Queue: "billing"})
	want(t, s.do(engine, conversation.Interrupt{Conversation: 1}),
		conversation.Ending{Conversation: 1, Cause: conversation.EndedSource}, failed(2, conversation.FailInterrupted))
}

// A conversation is complete when the last send is settled, not before.
func TestCompletedWaitsForTheLastSend(t *testing.T) {
	s := wrote(t)
	s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"})
	submit := conversation.SubmitWrapUp{Conversation: 1, Agent: "ann", Reason: "spam"}
	if got := names(s.do(self("ann"), submit)); got != "SeatEnded" || s.c.Finished {
		t.Errorf("events are %s, finished %t", got, s.c.Finished)
	}
	if got := names(s.do(engine, sent)); !strings.HasPrefix(got, "SendSettled") || !strings.HasSuffix(got, "Completed") || !s.c.Finished {
		t.Errorf("events are %s, finished %t", got, s.c.Finished)
	}

	// The other way round.
	s = wrote(t)
	s.do(self("ann"), conversation.End{Conversation: 1, Agent: "ann"})
	s.do(engine, sent)
	if got := names(s.do(self("ann"), submit)); got != "SeatEnded Completed" {
		t.Errorf("events are %s", got)
	}
}

// The customer's inactivity is counted from their last message once an agent
// has answered, and ends the conversation.
func TestInactivityIsSetByAnAnswer(t *testing.T) {
	s := active(t)
	s.rules.InactiveAfter = 600e9
	s.do(agent.Actor{Role: agent.Customer}, conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "cust", ExternalID: "c1", ChannelAt: start, Text: "Hello?",
	})
	s.rules.Node = "n1"
	s.now = after(10)
	s.do(self("ann"), conversation.Write{Conversation: 1, Agent: "ann", Draft: conversation.Draft{Text: "Good morning"}})
	d, what, _ := s.c.Next()
	if what != conversation.DueLimit {
		t.Fatalf("next is %s at %v", what, d.At)
	}
	s.now = d.At
	s.do(engine, conversation.Tick{Conversation: 1})
	if s.c.EndedBy() != conversation.EndedInactive {
		t.Errorf("%s by %q", s.c.State, s.c.EndedBy())
	}
}
