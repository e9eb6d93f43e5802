package floor

import (
	"fmt"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/order"
	"github.com/switchboard-go/switchboard/routing"
)

// Check holds a floor that has been advanced against everything that must be
// true of it, computed anew from the conversations and agents alone. It is for
// tests: it takes time in proportion to the state, several times over.
func Check(f *Floor) error {
	for _, part := range []func(*Floor) error{
		checkConversations, checkHolds, checkTimers, checkQueues, checkRest, checkFixpoint,
	} {
		if err := part(f); err != nil {
			return err
		}
	}
	return nil
}

func checkConversations(f *Floor) error {
	open := make(map[customerKey]conversation.ID)
	for _, id := range f.convIDs() {
		c := &f.convs.get(id).v
		if c.ID != id {
			return fmt.Errorf("%v is kept under %v", c.ID, id)
		}
		if err := checkConversation(c); err != nil {
			return fmt.Errorf("%v (%v): %w", id, c.State, err)
		}
		if q := f.queues[c.Queue]; q == nil {
			return fmt.Errorf("%v is in the unknown queue %q", id, c.Queue)
		} else if q.v.deleted && c.State == conversation.Queued {
			return fmt.Errorf("%v (%v) is in the deleted queue %q", id, c.State, c.Queue)
		}
		if p := c.Preference; p != nil && c.State == conversation.Queued {
			if a := f.agents[p.Agent]; a != nil && a.v.State == agent.SignedOut {
				return fmt.Errorf("%v is kept for %q, who is signed out", id, p.Agent)
			}
		}
		if !c.State.Open() {
			continue
		}
		if s := f.sources[c.Source]; s == nil || s.removed {
			return fmt.Errorf("%v is open and its source %q is gone", id, c.Source)
		}
		k := customerKey{c.Source, c.Customer}
		if other := open[k]; other != 0 {
			return fmt.Errorf("%v and %v are both open for %v", other, id, k)
		}
		open[k] = id
		if f.customer(k) != id {
			return fmt.Errorf("%v is open, but the customer is said to have %v", id, f.customer(k))
		}
	}
	for c := range f.customers.all() {
		if f.convs.get(c.v.ID) != c {
			return fmt.Errorf("%v at %v is said to have %v", c.v.Customer, c.v.Source, c.v.ID)
		}
	}
	return nil
}

func checkConversation(c *conversation.Conversation) error {
	active, owner := 0, c.Seat(c.Owner)
	for i := range c.Seats {
		if s := &c.Seats[i]; s.No != i+1 {
			return fmt.Errorf("seat %d has number %d", i+1, s.No)
		} else if s.State == conversation.SeatActive {
			active++
		}
	}
	wantActive, offer := 0, conversation.OfferKind(0)
	if c.Offer != nil {
		offer = c.Offer.Kind
	}
	switch c.State {
	case conversation.Queued:
		if offer != 0 {
			return fmt.Errorf("waits and is offered")
		}
	case conversation.Offered:
		if offer != conversation.FromQueue && offer != conversation.ByTransfer {
			return fmt.Errorf("has an offer of kind %d", offer)
		}
	case conversation.Active:
		wantActive = 1
	case conversation.ConferenceRequested:
		wantActive = 1
		if offer != conversation.Invitation {
			return fmt.Errorf("has an offer of kind %d", offer)
		}
	case conversation.Conference:
		wantActive = 2
	case conversation.Interrupted:
		wantActive = -1
		if active < 1 || active > 2 {
			return fmt.Errorf("has %d active seats", active)
		}
	case conversation.Ended:
		if c.End == nil || c.End.Cause == "" || c.End.At.IsZero() {
			return fmt.Errorf("has no end")
		}
	default:
		return fmt.Errorf("has no state")
	}
	if wantActive >= 0 && active != wantActive {
		return fmt.Errorf("has %d active seats", active)
	}
	if c.State != conversation.Offered && c.State != conversation.ConferenceRequested && offer != 0 {
		return fmt.Errorf("has an offer")
	}
	if live := c.State.Live(); live && (owner == nil || owner.State != conversation.SeatActive) {
		return fmt.Errorf("has no owner: seat %d", c.Owner)
	} else if !live && c.State != conversation.Interrupted && owner != nil {
		return fmt.Errorf("has an owner: seat %d", c.Owner)
	}
	ids := make(map[string]bool)
	for i, m := range c.Messages {
		if m.No != c.Earlier()+i+1 {
			return fmt.Errorf("message %d has number %d", i+1, m.No)
		}
		if i > 0 && m.At.Before(c.Messages[i-1].At) {
			return fmt.Errorf("message %d is older than the one before", m.No)
		}
		if m.Author.Kind == conversation.FromCustomer {
			if ids[m.ExternalID] {
				return fmt.Errorf("message %q is there twice", m.ExternalID)
			}
			ids[m.ExternalID] = true
		}
	}
	if l := c.Lane; l != nil {
		if m := c.Message(l.No); m == nil || m.Delivery == nil || m.Delivery.Status != conversation.StatusQueued {
			return fmt.Errorf("the lane is at message %d, which is not queued", l.No)
		}
	}
	for _, m := range c.Messages {
		if m.Delivery != nil && m.Delivery.Status == conversation.StatusQueued && (c.Lane == nil || c.Lane.No > m.No) {
			return fmt.Errorf("message %d is queued and nobody sends it", m.No)
		}
	}
	if c.Finished && c.State != conversation.Ended {
		return fmt.Errorf("is finished")
	}
	if c.State == conversation.Ended && !c.Finished && c.Lane == nil {
		owing := slices.ContainsFunc(c.Seats, func(s conversation.Seat) bool { return s.State != conversation.SeatClosed })
		if !owing {
			return fmt.Errorf("has nothing left to do and is not finished")
		}
	}
	return nil
}

// checkHolds recomputes what every agent holds.
func checkHolds(f *Floor) error {
	type held struct {
		load  agent.Load
		slots int
		in    []conversation.ID
	}
	want := make(map[agent.ID]*held)
	of := func(id agent.ID) *held {
		if want[id] == nil {
			want[id] = &held{}
		}
		return want[id]
	}
	for _, id := range f.convIDs() {
		c := &f.convs.get(id).v
		if c.Offer != nil {
			h := of(c.Offer.Agent)
			h.load.Offers++
			h.slots++
			h.in = append(h.in, id)
		}
		for i := range c.Seats {
			s := &c.Seats[i]
			if s.State == conversation.SeatClosed {
				continue
			}
			h := of(s.Agent)
			h.in = append(h.in, id)
			if s.State == conversation.SeatActive {
				h.load.Live++
				h.slots++
			} else {
				h.load.Wrapping++
				if !s.FreesSlot {
					h.slots++
				}
			}
		}
	}
	for _, id := range sortedKeys(f.agents) {
		a, w := f.agents[id], of(id)
		var in []conversation.ID
		for _, c := range a.in {
			in = append(in, c.v.ID)
		}
		slices.Sort(in)
		if a.load != w.load || a.slots != w.slots || !slices.Equal(in, w.in) {
			return fmt.Errorf("agent %q holds %+v, %d slots, in %v; it should be %+v, %d, %v", id, a.load, a.slots, in, w.load, w.slots, w.in)
		}
		if a.deleted && (a.v.State != agent.SignedOut || w.load != (agent.Load{})) {
			return fmt.Errorf("agent %q is deleted, %v, and holds %+v", id, a.v.State, w.load)
		}
		if a.v.Pending && !w.load.Engaged() {
			return fmt.Errorf("agent %q is about to be Idle and holds nothing", id)
		}
		if a.v.State != agent.Available && w.load.Offers > 0 {
			return fmt.Errorf("agent %q is %v and has %d offers", id, a.v.State, w.load.Offers)
		}
		if a.v.Pending && w.load.Offers > 0 {
			return fmt.Errorf("agent %q is about to be Idle and has %d offers", id, w.load.Offers)
		}
		delete(want, id)
	}
	for id := range want { // order-free: only which fault is named depends on it
		return fmt.Errorf("the unknown agent %q holds %+v", id, want[id].load)
	}
	return nil
}

// checkTimers holds the heap against the deadlines in the state.
func checkTimers(f *Floor) error {
	n := 0
	timer := func(what any, in bool, has order.Key, d agent.Deadline) error {
		if !d.Pending() {
			if in {
				return fmt.Errorf("%v has no deadline, but the heap has one at %v", what, time.Unix(0, has.At).UTC())
			}
			return nil
		}
		n++
		if want := (order.Key{At: d.At.UnixNano(), Seq: d.Set}); !in || has != want {
			return fmt.Errorf("%v has a deadline %v, the heap has %v (%t)", what, want, has, in)
		}
		if !d.At.After(f.now) {
			return fmt.Errorf("%v has a deadline at %v and it is %v", what, d.At, f.now)
		}
		return nil
	}
	for c := range f.convs.all() {
		id := c.v.ID
		d, _, _ := c.v.Next()
		if err := timer(id, c.timer.In(), c.timer.Key(), d); err != nil {
			return err
		}
	}
	for id, a := range f.agents { // order-free: only which fault is named depends on it
		if err := timer(id, a.timer.In(), a.timer.Key(), a.v.Next()); err != nil {
			return err
		}
	}
	for id, q := range f.queues { // order-free: only which fault is named depends on it
		d := q.v.next
		if q.v.deleted {
			d = agent.Deadline{}
		}
		if err := timer(id, q.timer.In(), q.timer.Key(), d); err != nil {
			return err
		}
	}
	if got := f.deadlines.len(); got != n {
		return fmt.Errorf("the heap holds %d deadlines, the state %d", got, n)
	}
	return nil
}

func checkQueues(f *Floor) error {
	for id, q := range f.queues { // order-free: only which fault is named depends on it
		waiting, staffed := 0, false
		for c := range f.convs.all() {
			if c.v.Queue == id && c.v.State == conversation.Queued {
				waiting++
				if p := f.router.Position(&c.waiter, f.now); p < 1 {
					return fmt.Errorf("%v waits in %q at position %d", c.v.ID, id, p)
				}
			}
		}
		for aid, a := range f.agents { // order-free: only which fault is named depends on it
			serves := !a.deleted && !q.v.deleted && servedBy(&q.v.entry, &a.entry)
			if got := f.router.Serves(&a.candidate, id); got != serves {
				return fmt.Errorf("agent %q serves %q: the router says %t, it is %t", aid, id, got, serves)
			}
			staffed = staffed || serves && a.v.State != agent.SignedOut
		}
		if got := f.router.Waiting(id); got != waiting {
			return fmt.Errorf("%d wait in %q, the router says %d", waiting, id, got)
		}
		if got := f.router.Staffed(id); got != staffed {
			return fmt.Errorf("queue %q is staffed: the router says %t, it is %t", id, got, staffed)
		}
		if !q.v.deleted && q.v.open != q.v.schedule.Open(f.now) {
			return fmt.Errorf("queue %q is open: %t, at %v", id, q.v.open, f.now)
		}
	}
	return nil
}

func checkRest(f *Floor) error {
	if len(f.sweeps) > 0 {
		return fmt.Errorf("%d sweeps are left", len(f.sweeps))
	}
	if len(f.settle) > 0 {
		return fmt.Errorf("%d agents are left to settle", len(f.settle))
	}
	if len(f.arrivals) > 0 {
		return fmt.Errorf("%d messages are left to catch up with", len(f.arrivals))
	}
	live, room := f.early.live(), 0
	for _, k := range live {
		room += k.size()
	}
	kept := 0
	for _, list := range f.early.of { // order-free: only counted
		kept += len(list)
	}
	if kept != len(live) || room != f.early.room || room > earlyRoom {
		return fmt.Errorf("%d changes are kept, %d with their time; they take %d bytes, it says %d", kept, len(live), room, f.early.room)
	}
	for _, m := range []*memory{&f.seen, &f.keys} {
		if m.line.len()-m.head < m.known {
			return fmt.Errorf("%d are remembered, %d of them with their time", m.known, m.line.len()-m.head)
		}
	}
	return nil
}

// checkFixpoint makes sure that nobody waits who could be offered to anybody.
func checkFixpoint(f *Floor) error {
	held := Taken(f)
	for c := range f.convs.all() {
		id := c.v.ID
		if q := f.queues[c.v.Queue]; c.v.State != conversation.Queued || !q.v.open || q.v.deleted {
			continue
		}
		for aid := range f.agents { // order-free: only which fault is named depends on it
			if could(f, held, &c.v, aid) == routing.Eligible {
				return fmt.Errorf("%v waits in %q and could be offered to %q", id, c.v.Queue, aid)
			}
		}
	}
	return nil
}

// Taken counts the slots that agents hold, by every conversation there is.
func Taken(f *Floor) map[agent.ID]int {
	held := make(map[agent.ID]int)
	for c := range f.convs.all() {
		if c.v.Offer != nil {
			held[c.v.Offer.Agent]++
		}
		for i := range c.v.Seats {
			if s := &c.v.Seats[i]; s.HoldsSlot() {
				held[s.Agent]++
			}
		}
	}
	return held
}

// CheckSlots holds an event that was just applied against the slots that agents
// held before it: none has come to hold more than it has. One who holds more
// already, because the administrator has lowered its capacity, may keep them.
func CheckSlots(f *Floor, before map[agent.ID]int) error {
	held := Taken(f)
	for _, id := range sortedKeys(f.agents) {
		has := f.agents[id].entry.Slots(conversation.Social)
		if n := held[id]; n > has && n > before[id] {
			return fmt.Errorf("agent %q has %d slots and holds %d, %d before", id, has, n, before[id])
		}
	}
	return nil
}

// could says whether the routing may offer the conversation to the agent.
func could(f *Floor, held map[agent.ID]int, c *conversation.Conversation, id agent.ID) routing.Standing {
	a, q := f.agents[id], f.queues[c.Queue]
	if a.deleted || !servedBy(&q.v.entry, &a.entry) {
		return routing.NotServing
	}
	if s := routing.StandingOf(&a.v, a.entry.Slots(c.Medium)-held[id]); s != routing.Eligible {
		return s
	}
	switch {
	case !routing.Meets(a.entry.Skills, c.Relaxed()):
		return routing.LacksSkill
	case c.Exclusion != nil && c.Exclusion.Agent == id:
		return routing.Cooldown
	case c.Preference != nil && c.Preference.Agent != id && f.agents[c.Preference.Agent] != nil:
		return routing.NotServing // kept for somebody else
	}
	return routing.Eligible
}
