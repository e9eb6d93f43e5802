// Package conversation is the life of one customer's conversation as a pure
// state machine: commands in, events out.
//
//	var c conversation.Conversation
//	c.Apply(now, 1, conversation.Opened{Conversation: 1, Wait: conversation.Wait{Queue: "sales"}})
//
//	ann := agent.Actor{Role: agent.Self, ID: "ann"}
//	events, err := conversation.Decide(&c, now, ann, conversation.Accept{Conversation: 1, Agent: "ann"}, nil, nil)
//	if errors.Is(err, conversation.ErrNotOffered) { … } // refused: c is as it was
//	for _, e := range events {
//		seq++
//		c.Apply(now, seq, e)
//	}
//
// [Decide] changes nothing, [Conversation.Apply] never fails, and a
// [Conversation] is nothing but its events applied in order. Neither starts
// anything, reads a clock or waits; values may be read by any number of
// goroutines as long as none applies.
//
// # States
//
//	Queued → Offered → Active ⇄ ConferenceRequested → Conference → Ended
//	   ↑        │         │ ↑                              │
//	   └────────┘         │ └──── one of two agents left ──┘
//	   └─── transfer ─────┘
//
// A live conversation whose source is removed becomes Interrupted and can only
// be ended. Each agent who takes part has a [Seat], and wrap-up belongs to the
// seat: after a transfer the conversation may be Active with Bob while Ann still
// wraps up. [Transitions] and [SeatTransitions] list every step.
//
// # Time
//
// Every deadline is an instant in the state and half-open: at the instant
// itself it has passed, so an [Accept] at an offer's deadline is refused.
// [Conversation.Next] tells the earliest one; give a [Tick] at that instant.
// Nothing happens by itself.
//
// # Errors
//
// A refused command returns a [*Refusal], which names the command, the
// conversation, the agent, the state and, where someone else has it, the holder.
// Branch on its reason with errors.Is and the sentinels, such as [ErrNotOwner].
// What is done already, such as ending twice, is a success without an event.
//
// What a decision needs to know from outside, such as wrap-up policies and how
// long an offer stands, comes in [Rules].
package conversation
