package floor

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// desk is a floor with a clock, for stories told by hand.
type desk struct {
	*testing.T
	f   *Floor
	now time.Time
	n   int
}

var done = wrapup.Policy{Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done"}

// newDesk has the queues, all served by ann, bob and eva, who are Available, and
// the page, which leads to the first queue.
func newDesk(t *testing.T, settings routing.Settings, queues ...routing.Queue) *desk {
	t.Helper()
	d := &desk{T: t, f: New(Config{Load: time.LoadLocation, Node: "n1"}), now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)}
	s := routing.Setup{Settings: settings, Teams: []routing.Team{{ID: "t"}}, Queues: queues,
		Sources: []routing.Source{{ID: "page", Channel: "messenger", Queue: queues[0].ID}}}
	for i := range s.Queues {
		s.Queues[i].WrapUp = done
		if s.Queues[i].Teams == nil {
			s.Queues[i].Teams = []routing.TeamID{"t"}
		}
	}
	for _, id := range []agent.ID{"ann", "bob", "eva"} {
		s.Agents = append(s.Agents, routing.Agent{ID: id, Teams: []routing.TeamID{"t"}})
	}
	d.do(admin, routing.Configure{Setup: s})
	for _, id := range []agent.ID{"ann", "bob", "eva"} {
		d.do(self(id), agent.SignIn{Agent: id})
		d.do(self(id), agent.MakeAvailable{Agent: id})
	}
	return d
}

func (d *desk) after(t time.Duration) {
	d.Helper()
	d.now = d.now.Add(t)
	drain(d.f, d.now)
	d.f.Commit()
	d.check()
}

func (d *desk) check() {
	d.Helper()
	if err := Check(d.f); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) try(by agent.Actor, cmd any) (Result, error) {
	d.Helper()
	drain(d.f, d.now)
	res, err := d.f.Do(d.now, Command{By: by, Body: cmd})
	drain(d.f, d.now)
	d.f.Commit()
	d.check()
	return res, err
}

func (d *desk) do(by agent.Actor, cmd any) Result {
	d.Helper()
	res, err := d.try(by, cmd)
	if err != nil {
		d.Fatalf("%T%+v: %v", cmd, cmd, err)
	}
	return res
}

// opens a conversation.
func (d *desk) customer(who conversation.Customer) conversation.ID {
	d.Helper()
	d.n++
	return d.do(agent.Actor{Role: agent.Customer, ID: string(who)}, conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: who, ExternalID: fmt.Sprint("m", d.n), Text: "hi"}).Conversation
}

func (d *desk) conv(id conversation.ID) *conversation.Conversation { return &d.f.convs.get(id).v }

// accept makes whoever is offered the conversation take it, and tells who.
func (d *desk) accept(id conversation.ID) agent.ID {
	d.Helper()
	o := d.conv(id).Offer
	if o == nil {
		d.Fatalf("%v is not offered: %v", id, d.conv(id).State)
	}
	who := o.Agent
	d.do(self(who), conversation.Accept{Conversation: id, Agent: who})
	return who
}

// where says in which queue and state a conversation is, and with whom.
func (d *desk) where(id conversation.ID) string {
	c := d.conv(id)
	s := fmt.Sprint(c.Queue, " ", c.State)
	if c.Offer != nil {
		s += " " + string(c.Offer.Agent)
	}
	return s
}

// TestE84TransferReturnsToDeletedQueue: a conversation that would return to a
// queue that was deleted meanwhile goes where the queue's conversations went.
func TestE84TransferReturnsToDeletedQueue(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"}, routing.Queue{ID: "care"})
	d.do(admin, routing.PutSource{Source: routing.Source{ID: "page", Channel: "messenger", Queue: "care"}})
	id := d.do(agent.Actor{Role: agent.Customer, ID: "c"}, conversation.Inbound{Channel: "messenger", Source: "page", Customer: "c",
		ExternalID: "m", Text: "hi", Entry: conversation.Opening{Queue: "sales"}}).Conversation
	who := d.accept(id)
	d.do(admin, routing.DeleteQueue{Queue: "sales", DrainTo: "care"})
	if got, want := d.where(id), "sales active"; got != want {
		t.Fatalf("it is %q, not %q: who is served goes on", got, want)
	}
	// It can still be handed over, to those who serve the queue that took over.
	to := agent.ID("bob")
	if who == to {
		to = "eva"
	}
	d.do(self(who), conversation.TransferToAgent{Conversation: id, Agent: who, To: to})
	d.do(self(to), conversation.Decline{Conversation: id, Agent: to})
	if c := d.conv(id); c.Queue != "care" || c.State != conversation.Offered || c.Offer.Agent == to {
		t.Errorf("it is %q", d.where(id))
	}
}

// TestE84DrainThroughDeletedQueue: a queue to which another was drained is in use
// as long as a conversation would go there.
func TestE84DrainThroughDeletedQueue(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"}, routing.Queue{ID: "care"}, routing.Queue{ID: "rest"})
	id := d.customer("c")
	who := d.accept(id)
	d.do(admin, routing.PutSource{Source: routing.Source{ID: "page", Channel: "messenger", Queue: "rest"}})
	d.do(admin, routing.DeleteQueue{Queue: "sales", DrainTo: "care"})
	if _, err := d.try(admin, routing.DeleteQueue{Queue: "care"}); !errors.Is(err, routing.ErrInUse) {
		t.Fatalf("deleting care: %v", err)
	}
	d.do(admin, routing.DeleteQueue{Queue: "care", DrainTo: "rest"})
	d.do(supervisor, agent.SignOut{Agent: who, Force: true})
	if c := d.conv(id); c.Queue != "rest" || c.State != conversation.Offered {
		t.Errorf("it is %q", d.where(id))
	}
}

// TestE84QueueAgain: a queue that is put again after it was deleted is served.
func TestE84QueueAgain(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "care"}, routing.Queue{ID: "sales"})
	again := d.f.queues["sales"].v.entry
	d.do(admin, routing.DeleteQueue{Queue: "sales"})
	d.do(admin, routing.PutQueue{Queue: again})
	id := d.do(agent.Actor{Role: agent.Customer, ID: "c"}, conversation.Inbound{Channel: "messenger", Source: "page", Customer: "c",
		ExternalID: "m", Text: "hi", Entry: conversation.Opening{Queue: "sales"}}).Conversation
	if got, want := d.where(id), "sales offered ann"; got != want {
		t.Errorf("it is %q, not %q", got, want)
	}
}

// TestOverdueOverflowComesBeforeOffer: the maximum wait that passed while a
// conversation was offered takes effect as soon as the offer fails.
func TestOverdueOverflowComesBeforeOffer(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales", MaxWait: 10 * time.Second, Overflow: []conversation.QueueID{"care"}},
		routing.Queue{ID: "care"})
	id := d.customer("c")
	d.after(20 * time.Second)
	if got, want := d.where(id), "sales offered ann"; got != want {
		t.Fatalf("it is %q, not %q: the offer stands", got, want)
	}
	d.do(self("ann"), conversation.Decline{Conversation: id, Agent: "ann"})
	if got, want := d.where(id), "care offered bob"; got != want {
		t.Errorf("it is %q, not %q", got, want)
	}
}

// TestRemovedSourceOffersNothing: nothing of a removed source is offered, even to
// an agent whom the same command makes fit for it.
func TestRemovedSourceOffersNothing(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales", Needs: []conversation.Need{{Skill: "czech", Level: 5}}})
	id := d.customer("c")
	s := d.f.Setup()
	s.Agents[0].Skills = map[conversation.Skill]int{"czech": 9}
	s.Sources = nil
	drain(d.f, d.now)
	if _, err := d.f.Do(d.now, Command{By: admin, Body: routing.Configure{Setup: s}}); err != nil {
		t.Fatal(err)
	}
	drain(d.f, d.now)
	for _, e := range d.f.Events() {
		if o, ok := e.Body.(conversation.OfferMade); ok {
			t.Errorf("event %d: %+v", e.Seq, o)
		}
	}
	if got := d.conv(id).EndedBy(); got != conversation.EndedSource {
		t.Errorf("it ended by %q", got)
	}
}

// TestE76KnownInTranscript: a message that is in the open conversation's
// transcript is a duplicate after its id has been forgotten, too.
func TestE76KnownInTranscript(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	in := conversation.Inbound{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "m", Text: "hi"}
	first := d.do(agent.Actor{Role: agent.Customer, ID: "c"}, in)
	d.accept(first.Conversation)
	d.after(conversation.Horizon + time.Hour)
	again := d.do(agent.Actor{Role: agent.Customer, ID: "c"}, in)
	if want := (Result{Conversation: first.Conversation, Message: 1, Duplicate: true}); !cmp.Equal(again, want) {
		t.Errorf("the answer is %+v, not %+v", again, want)
	}
}

// TestKeyHorizon: an idempotency key is known for 24 hours, whenever the batches
// in between ended, and an undone batch leaves it as it was.
func TestKeyHorizon(t *testing.T) {
	for _, quiet := range []bool{true, false} {
		d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
		set := func(v string) Result {
			drain(d.f, d.now)
			res, err := d.f.Do(d.now, Command{By: self("ann"), Key: "k", Body: agent.SetAttributes{Agent: "ann", Set: agent.Attributes{"a": v}}})
			if err != nil {
				t.Fatal(err)
			}
			return res
		}
		set("1")
		d.f.Commit()
		d.now = d.now.Add(24*time.Hour - 1)
		if !quiet {
			d.after(0)
		}
		if res := set("2"); !res.Duplicate {
			t.Errorf("just before 24 hours: %+v", res)
		}
		d.now = d.now.Add(1)
		if !quiet {
			d.after(0)
		}
		before := d.f.State()
		if res := set("3"); res.Duplicate {
			t.Errorf("at 24 hours: %+v", res)
		}
		d.f.Undo()
		if diff := cmp.Diff(before.Agents, d.f.State().Agents); diff != "" {
			t.Errorf("after Undo (-want +got):\n%s", diff)
		}
		if res := set("4"); res.Duplicate || d.f.agents["ann"].v.Attributes["a"] != "4" {
			t.Errorf("after Undo: %+v", res)
		}
		d.f.Commit()
		if res := set("5"); !res.Duplicate {
			t.Errorf("again: %+v", res)
		}
	}
}

// TestKeyOfTheFirstMessage: the same key gives the first answer, whole.
func TestKeyOfTheFirstMessage(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	cmd := Command{By: agent.Actor{Role: agent.Customer, ID: "c"}, Key: "k", Body: conversation.Inbound{
		Channel: "messenger", Source: "page", Customer: "c", ExternalID: "m", Text: "hi"}}
	first, err := d.f.Do(d.now, cmd)
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.f.Do(d.now, cmd)
	if err != nil {
		t.Fatal(err)
	}
	if first.Duplicate = true; first.Message != 1 || !cmp.Equal(first, again) {
		t.Errorf("the answers are %+v and %+v", first, again)
	}
}

// TestNoInputPanics: what is no command of the packages is refused, nil pointers
// to commands included.
func TestNoInputPanics(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	for _, cmd := range []any{
		nil, 7, (*agent.SignIn)(nil), &agent.SignIn{Agent: "ann"}, (*conversation.End)(nil), (*conversation.Inbound)(nil),
		(*routing.PutQueue)(nil), (*routing.RemoveSource)(nil), &routing.PutSettings{}, agent.Command(nil),
		agent.Miss{Agent: "ann"}, agent.Tick{Agent: "ann"}, agent.Settle{Agent: "ann"}, conversation.Tick{Conversation: 1},
		conversation.MakeOffer{Conversation: 1, Agent: "ann"}, conversation.Finish{Conversation: 1, Cause: "x"},
	} {
		for _, by := range []agent.Actor{admin, supervisor, self("ann"), platform} {
			if _, err := d.try(by, cmd); !errors.Is(err, ErrCommand) {
				t.Errorf("%T by %v: %v", cmd, by, err)
			}
		}
	}
}

// TestE75Outage: after an outage offers and grace times have their remaining
// time again, other deadlines have passed at their own instants, and nothing was
// offered inside.
func TestE75Outage(t *testing.T) {
	d := newDesk(t, routing.Settings{Agents: agent.Policy{Grace: 30 * time.Second}},
		routing.Queue{ID: "sales", OfferFor: 40 * time.Second, MaxWait: 50 * time.Second, Overflow: []conversation.QueueID{"care"}},
		routing.Queue{ID: "care"})
	for _, id := range []agent.ID{"bob", "eva"} {
		d.do(self(id), agent.MakeIdle{Agent: id})
	}
	d.do(admin, routing.PutAgent{Agent: routing.Agent{ID: "ann", Teams: []routing.TeamID{"t"}, Capacity: map[conversation.Medium]int{conversation.Social: 1}}})
	d.do(self("eva"), agent.Connect{Agent: "eva", Session: "s"})
	offered := d.customer("c1")
	waiting := d.customer("c2")
	d.after(10 * time.Second)
	d.do(self("eva"), agent.Disconnect{Agent: "eva", Session: "s"})
	from := d.now
	d.now = d.now.Add(time.Hour)
	d.f.Outage(d.now)
	drain(d.f, d.now)
	type fact struct {
		At   time.Duration // since the outage began
		What string
	}
	var got []fact
	for _, e := range d.f.Events() {
		got = append(got, fact{e.At.Sub(from), fmt.Sprintf("%T", e.Body)})
	}
	want := []fact{
		{0, "routing.Outage"}, {0, "conversation.OfferRestarted"}, {0, "agent.GraceRestarted"}, {0, "routing.OutageOver"},
		{40 * time.Second, "conversation.Moved"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if got, want := d.conv(offered).Offer.Deadline.At.Sub(d.now), 30*time.Second; got != want {
		t.Errorf("the offer has %v left, not %v", got, want)
	}
	if got, want := d.f.agents["eva"].v.Grace.At.Sub(d.now), 30*time.Second; got != want {
		t.Errorf("the grace time has %v left, not %v", got, want)
	}
	d.f.Commit()
	d.check()
	d.after(30*time.Second - 1)
	if got := d.where(offered) + ", " + d.where(waiting); got != "sales offered ann, care queued" {
		t.Errorf("just before: %s", got)
	}
	d.after(1)
	if got, want := d.f.agents["ann"].v.State, agent.RONA; got != want {
		t.Errorf("ann is %v, not %v", got, want)
	}
}

// TestE75NothingOfferedInOutage: an agent who would become free inside an outage
// gets nothing before its end.
func TestE75NothingOfferedInOutage(t *testing.T) {
	policy := done
	policy.Limit = time.Minute
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	q := d.f.queues["sales"].v.entry
	q.WrapUp = policy
	d.do(admin, routing.PutQueue{Queue: q})
	d.do(admin, routing.PutAgent{Agent: routing.Agent{ID: "ann", Teams: []routing.TeamID{"t"}, Capacity: map[conversation.Medium]int{conversation.Social: 1}}})
	for _, id := range []agent.ID{"bob", "eva"} {
		d.do(self(id), agent.MakeIdle{Agent: id})
	}
	first := d.customer("c1")
	d.do(self("ann"), conversation.Accept{Conversation: first, Agent: "ann"})
	second := d.customer("c2")
	d.do(self("ann"), conversation.End{Conversation: first, Agent: "ann"})
	from := d.now
	d.now = d.now.Add(time.Hour)
	d.f.Outage(d.now)
	drain(d.f, d.now)
	for _, e := range d.f.Events() {
		switch e.Body.(type) {
		case conversation.SeatEnded:
			if got := e.At.Sub(from); got != time.Minute {
				t.Errorf("the wrap-up ended after %v", got)
			}
		case conversation.OfferMade:
			if got := e.At.Sub(from); got != time.Hour {
				t.Errorf("the offer was made after %v", got)
			}
		}
	}
	if got, want := d.where(second), "sales offered ann"; got != want {
		t.Errorf("it is %q, not %q", got, want)
	}
	d.f.Commit()
	d.check()
}

// TestSweepGoesOnAfterCrash: what concerns very many conversations is done in
// steps. A node that finds any number of them in the log goes on to the same
// end.
func TestSweepGoesOnAfterCrash(t *testing.T) {
	const waiting = stepLimit + 20
	start := func() *desk {
		d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"}, routing.Queue{ID: "care", MaxWait: time.Hour})
		for _, id := range []agent.ID{"ann", "bob", "eva"} {
			d.do(self(id), agent.MakeIdle{Agent: id})
		}
		for n := range waiting {
			_, err := d.f.Do(d.now, Command{By: customer(fmt.Sprint("c", n)), Body: conversation.Inbound{
				Channel: "messenger", Source: "page", Customer: conversation.Customer(fmt.Sprint("c", n)), ExternalID: fmt.Sprint("m", n), Text: "hi"}})
			if err != nil {
				t.Fatal(err)
			}
		}
		d.f.Commit()
		return d
	}
	settings := routing.PutSource{Source: routing.Source{ID: "page", Channel: "messenger", Queue: "care"}}
	for _, cmd := range []routing.Command{
		routing.RemoveSource{Source: "page"}, routing.DeleteQueue{Queue: "sales", DrainTo: "care"},
	} {
		d := start()
		d.do(admin, settings)
		if _, err := d.f.Do(d.now, Command{By: admin, Body: cmd}); err != nil {
			t.Fatal(err)
		}
		steps := []int{len(d.f.Events())}
		for d.f.Advance(d.now) {
			steps = append(steps, len(d.f.Events()))
		}
		if len(steps) < 3 {
			t.Fatalf("%s: it was done in %d steps", cmd.Name(), len(steps))
		}
		all := append([]Event(nil), d.f.Events()...)
		d.f.Commit()
		d.check()
		for i, n := range steps {
			other := start()
			other.do(admin, settings)
			for k := range all[:n] {
				other.f.Apply(&all[k])
			}
			other.f.Commit()
			drain(other.f, d.now)
			if got := other.f.Events(); len(got) != len(all)-n {
				t.Errorf("%s: %d events after step %d, not %d", cmd.Name(), len(got), i, len(all)-n)
			}
			// What was not committed is taken back, and done again.
			other.f.Undo()
			drain(other.f, d.now)
			other.f.Commit()
			other.check()
			if diff := cmp.Diff(d.f.State().Conversations[:20], other.f.State().Conversations[:20], cmp.AllowUnexported(wrapup.WrapUp{})); diff != "" {
				t.Errorf("%s: after step %d (-want +got):\n%s", cmd.Name(), i, diff)
			}
			if want, got := d.f.State().Seq, other.f.State().Seq; want != got {
				t.Errorf("%s: after step %d there are %d events, not %d", cmd.Name(), i, got, want)
			}
		}
	}
}

// TestUndoOfOpening: a queue that opened in a batch that came to nothing is
// closed again, and opens once more.
func TestUndoOfOpening(t *testing.T) {
	hours := routing.Hours{Zone: "Europe/Prague"} // where it is ten, and the queue opens at eleven
	for day := time.Sunday; day <= time.Saturday; day++ {
		hours.Week = append(hours.Week, routing.Opening{Day: day, From: routing.Clock(11, 0), To: routing.Clock(12, 0)})
	}
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales", Hours: hours})
	id := d.customer("c")
	for _, at := range []time.Duration{time.Hour, 2 * time.Hour} { // it opens; it has opened and closed
		before := d.f.State()
		drain(d.f, d.now.Add(at))
		if len(d.f.Events()) == 0 {
			t.Fatal("nothing happened")
		}
		d.f.Undo()
		d.check()
		if diff := cmp.Diff(before.Queues, d.f.State().Queues, cmp.AllowUnexported(routing.Pace{})); diff != "" {
			t.Errorf("after Undo (-want +got):\n%s", diff)
		}
	}
	d.after(time.Hour)
	if got, want := d.where(id), "sales offered ann"; got != want {
		t.Errorf("it is %q, not %q", got, want)
	}
}
