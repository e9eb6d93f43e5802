package floor

import (
	"fmt"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// checkOffer holds an offer against the state just before it: the agent could
// be asked, and a choice of the routing is the first of its order and says how
// many could be chosen and how many not.
func checkOffer(before *Floor, e *Event, o conversation.OfferMade) error {
	c := before.convs.get(o.Conversation)
	a := before.agents[o.Agent]
	if c == nil || a == nil || a.deleted {
		return fmt.Errorf("there is no such conversation or agent")
	}
	if !a.v.Ready() {
		return fmt.Errorf("agent %q is not ready: %+v", o.Agent, a.v)
	}
	held := Taken(before)
	if free := a.entry.Slots(c.v.Medium) - held[o.Agent]; free <= 0 {
		return fmt.Errorf("agent %q has %d free slots", o.Agent, free)
	}
	if o.Kind != conversation.FromQueue {
		return nil
	}
	if s := could(before, held, &c.v, o.Agent); s != routing.Eligible {
		return fmt.Errorf("agent %q could not be chosen: %v", o.Agent, s)
	}
	d := o.Decision
	if d == nil {
		return fmt.Errorf("it has no decision")
	}
	x, err := before.Explain(o.Conversation, &o)
	if err != nil {
		return err
	}
	want := conversation.Decision{
		Strategy: before.queues[c.v.Queue].v.entry.Strategy.String(),
		Waited:   e.At.Sub(c.v.WaitingSince),
	}
	want.Priority = before.settings.Ageing.Priority(c.v.Priority, want.Waited)
	for i, k := range x.Candidates {
		switch k.Standing {
		case routing.Eligible:
			want.Eligible++
		case routing.SignedOut:
			want.Excluded.SignedOut++
		case routing.Idle:
			want.Excluded.Idle++
		case routing.RONA:
			want.Excluded.RONA++
		case routing.Disconnected:
			want.Excluded.Disconnected++
		case routing.Full:
			want.Excluded.Full++
		case routing.LacksSkill:
			want.Excluded.Skills++
		case routing.Cooldown:
			want.Excluded.Cooldown++
		}
		if k.Agent == o.Agent {
			want.Key = k.Key
			if i != 0 && c.v.Preference == nil {
				return fmt.Errorf("agent %q is number %d: %v", o.Agent, i+1, x)
			}
		}
	}
	if *d != want {
		return fmt.Errorf("the decision is %+v, it should be %+v: %v", *d, want, x)
	}
	return nil
}
