package switchboardtest

import (
	"fmt"
	"strings"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

func (p *player) showAgent(a args) error {
	v, err := p.kit.Board.AgentInfo(p.context(), who(a))
	if err != nil {
		return err
	}
	s := fmt.Sprintf("%s is %s", v.Agent.ID, v.Agent.State)
	if v.Agent.Reason != "" {
		s += fmt.Sprintf(" %q", v.Agent.Reason)
	}
	if !v.Agent.Since.IsZero() {
		s += fmt.Sprintf(" since %s by %s", p.clock(v.Agent.Since), v.Agent.By)
	}
	if v.Agent.Pending {
		s += ", then idle"
	}
	if !v.Agent.Connected() {
		s += ", not connected"
	}
	s += fmt.Sprintf(", free slots %d", v.Free)
	if v.Load.Offers+v.Load.Live+v.Load.Wrapping > 0 {
		s += fmt.Sprintf(", offered %d, live %d, wrapping up %d", v.Load.Offers, v.Load.Live, v.Load.Wrapping)
	}
	if len(v.Agent.Attributes) > 0 {
		s += ", " + attributes(v.Agent.Attributes)
	}
	p.say("%s", s)
	return nil
}

func (p *player) showQueue(a args) error {
	v, err := p.kit.Board.QueueInfo(p.context(), conversation.QueueID(a.get("queue")))
	if err != nil {
		return err
	}
	words := map[bool]string{true: "", false: "not "}
	p.say("queue %s is %sopen, %sstaffed, waiting %d", v.Entry.ID, words[v.Open], words[v.Staffed], v.Waiting)
	return nil
}

func (p *player) conversation(a args) (conversation.Conversation, error) {
	id, err := p.find(a.get("conversation"))
	if err != nil {
		return conversation.Conversation{}, err
	}
	return p.kit.Board.Conversation(p.context(), id)
}

func (p *player) showConversation(a args) error {
	c, err := p.conversation(a)
	if err != nil {
		return err
	}
	s := fmt.Sprintf("%s is %s", p.label(c.ID), c.State)
	if c.End != nil {
		s += " (" + string(c.End.Cause) + ")"
	}
	s += fmt.Sprintf(", queue %s, priority %d, arrived %s, waits since %s", c.Queue, c.Priority, p.clock(c.ArrivedAt), p.clock(c.WaitingSince))
	if c.Hops > 0 {
		s += fmt.Sprintf(", transfers %d", c.Hops)
	}
	if c.OwnerID() != "" {
		s += ", owned by " + string(c.OwnerID())
	}
	if c.Offer != nil {
		s += fmt.Sprintf(", offered to %s until %s", c.Offer.Agent, p.clock(c.Offer.Deadline.At))
	}
	if len(c.Attributes) > 0 {
		s += ", " + attributes(c.Attributes)
	}
	p.say("%s", s)
	for _, seat := range c.Seats {
		s := fmt.Sprintf("seat %d: %s is %s", seat.No, seat.Agent, seat.State)
		if seat.Joined {
			s += ", joined"
		}
		if seat.Reason.ID != "" {
			s += ", " + string(seat.Reason.ID)
		}
		p.say("%s", s)
	}
	return nil
}

func (p *player) showTranscript(a args) error {
	c, err := p.conversation(a)
	if err != nil {
		return err
	}
	for _, m := range c.Messages {
		s := p.message(m)
		if m.Unsent {
			s += " taken back"
		}
		if m.Edits > 0 {
			s += fmt.Sprintf(" edit %d", m.Edits)
		}
		for _, r := range m.Reactions {
			if r.Emoji != "" {
				s += " " + r.Emoji
			}
		}
		if m.Delivery != nil {
			s += ", " + m.Delivery.Status.String()
			if m.Delivery.Why != "" {
				s += " (" + string(m.Delivery.Why) + ")"
			}
		}
		if !m.ChannelAt.IsZero() && !m.ChannelAt.Equal(m.At) {
			s += ", channel time " + p.clock(m.ChannelAt)
		}
		p.say("%s", s)
	}
	return nil
}

func (p *player) showPlace(a args) error {
	id, err := p.find(a.get("conversation"))
	if err != nil {
		return err
	}
	v, err := p.kit.Board.Place(p.context(), id)
	if err != nil {
		return err
	}
	if v.Position == 0 {
		p.say("%s does not wait", p.label(id))
		return nil
	}
	wait := "the wait is not known"
	if v.Known {
		wait = fmt.Sprintf("about %v to wait", v.Wait)
	}
	p.say("%s is number %d, %s", p.label(id), v.Position, wait)
	return nil
}

func (p *player) showTargets(a args) error {
	id, err := p.find(a.get("conversation"))
	if err != nil {
		return err
	}
	targets, err := p.kit.Board.Targets(p.context(), id, a.get("text"))
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		p.say("nobody")
	}
	words := map[bool]string{true: "", false: "not "}
	for _, t := range targets {
		var s string
		if t.Kind == routing.QueueTarget {
			s = fmt.Sprintf("queue %s: %sopen, %sstaffed, waiting %d", t.Queue, words[t.Open], words[t.Staffed], t.Waiting)
		} else {
			s = fmt.Sprintf("agent %s: %s, free slots %d", t.Agent, t.State, t.Free)
			if t.Full {
				s += ", full"
			}
		}
		if t.Name != "" {
			s += fmt.Sprintf(", %q", t.Name)
		}
		p.say("%s", s)
	}
	return nil
}

func (p *player) showReasons(a args) error {
	id, err := p.find(a.get("conversation"))
	if err != nil {
		return err
	}
	reasons, err := p.kit.Board.Reasons(p.context(), id, who(a), a.get("text"))
	if err != nil {
		return err
	}
	if len(reasons) == 0 {
		p.say("none")
	}
	for _, r := range reasons {
		p.say("%s %q", r.ID, r.Label)
	}
	return nil
}

func (p *player) showDecision(a args) error {
	id, err := p.find(a.get("conversation"))
	if err != nil {
		return err
	}
	seq, ok := p.made[id]
	if !ok {
		return bad("nothing was decided on %s yet", p.label(id))
	}
	x, err := p.kit.Board.Explain(p.context(), seq)
	if err != nil {
		return err
	}
	p.say("%s was offered to %s by %s, priority %d after %v", p.label(id), x.Agent, x.Decision.Strategy, x.Decision.Priority, x.Decision.Waited)
	for _, c := range x.Candidates {
		s := fmt.Sprintf("%s: %s", c.Agent, c.Standing)
		if c.Chosen {
			s += ", chosen"
		}
		p.say("%s", strings.TrimSpace(s))
	}
	return nil
}
