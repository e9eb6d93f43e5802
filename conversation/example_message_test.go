package conversation_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// A desktop checks a text while it is typed, with the limit of the channel and
// the count that a browser's maxlength uses.
func ExampleDraft_Check() {
	for _, text := range []string{"Dobrý den", " ", strings.Repeat("\U0001F600", 501)} {
		draft := conversation.Draft{Text: text}
		err := draft.Check(1000)
		var refused *conversation.TextError
		if errors.As(err, &refused) {
			fmt.Println(refused.Problem, refused.Units, refused.Limit)
			continue
		}
		fmt.Println("good")
	}
	// Output:
	// good
	// empty 1 1000
	// too long 1002 1000
}

func ExampleUTF16Len() {
	fmt.Println(conversation.UTF16Len("Dobrý den"), conversation.UTF16Len("\U0001F600"))
	// Output: 9 2
}

// A transport marks what it sends with the key, and reads the key in the echo.
func ExampleSendKey() {
	key := conversation.SendKey(42, 7)
	id, no, ok := conversation.ParseSendKey(key)
	fmt.Println(key, id, no, ok)

	_, _, ok = conversation.ParseSendKey("somebody else's mark")
	fmt.Println(ok)
	// Output:
	// c42.7 c42 7 true
	// false
}

// What a webhook delivers can be checked before it is passed on.
func ExampleInbound_Validate() {
	now := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	in := conversation.Inbound{Channel: "messenger", Source: "page", Customer: "jana", ExternalID: "m1", Text: " "}
	fmt.Println(in.Validate(now))

	in.Text, in.ChannelAt = "Hello", now.Add(-72*time.Hour)
	fmt.Println(in.Validate(now))
	// Output:
	// conversation: bad inbound message: empty
	// conversation: older than 48 hours
}

// An agent's answer waits in the lane, is sent, and is seen by the customer.
func ExampleWrite() {
	now := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	c := conversation.Conversation{
		ID: 1, Channel: "messenger", Source: "page", Customer: "jana", State: conversation.Active,
		Owner: 1, Seats: []conversation.Seat{{No: 1, Agent: "ann", State: conversation.SeatActive}},
	}
	seq := uint64(1)
	do := func(by agent.Actor, cmd conversation.Command) {
		events, err := conversation.Decide(&c, now, by, cmd, &conversation.Rules{Node: "n1"}, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, e := range events {
			seq++
			c.Apply(now, seq, e)
		}
	}
	show := func() { fmt.Println(c.Message(2).Text, "-", c.Message(2).Delivery.Status) }

	ann, platform := agent.Actor{Role: agent.Self, ID: "ann"}, agent.Actor{Role: agent.Platform}
	do(agent.Actor{Role: agent.Customer}, conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "jana", ExternalID: "m1", Text: "Are you open today?",
	})
	do(ann, conversation.Write{Conversation: 1, Agent: "ann", Draft: conversation.Draft{Text: "Until six.", ReplyTo: 1}})
	show()
	do(agent.Actor{}, conversation.Settled{Conversation: 1, No: 2, Status: conversation.StatusSent, ExternalID: "m2"})
	show()
	do(platform, conversation.Receipt{
		Channel: "messenger", Source: "page", Customer: "jana", Status: conversation.StatusRead, Watermark: now.Add(time.Minute),
	})
	show()
	do(platform, conversation.Receipt{ // a receipt that comes late takes nothing back
		Channel: "messenger", Source: "page", Customer: "jana", Status: conversation.StatusDelivered, ExternalIDs: []string{"m2"},
	})
	show()
	do(ann, conversation.Write{Conversation: 1, Agent: "ann", Draft: conversation.Draft{Text: strings.Repeat("x", 1001)}})
	// Output:
	// Until six. - queued
	// Until six. - sent
	// Until six. - read
	// Until six. - read
	// Write of c1 (active) by agent "ann": conversation: the text is too long: 1001 of at most 1000 UTF-16 units
}
