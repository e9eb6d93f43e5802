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
)

var otherPlatform = agent.Actor{Role: agent.Platform, ID: "sender"}

// laneDesk is the desk of node n1, with a conversation in which the agent writes.
// The clock stands at zero, and leases are of 30 seconds, 20 of which are enough.
type laneDesk struct {
	*desk
	shared bool
	id     conversation.ID
	who    agent.ID
	zero   time.Time
	log    []string
}

func newLaneDesk(t *testing.T) *laneDesk {
	d := &laneDesk{desk: newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"}), shared: true}
	d.f.config.Lease = Lease{
		Shared: func() bool { return d.shared }, Enough: 20 * time.Second, For: 30 * time.Second, Skew: 2 * time.Second,
	}
	d.id = d.customer("c")
	d.who = d.accept(d.id)
	d.zero = d.now
	return d
}

// step does one thing on a node and notes what came of it.
func (d *laneDesk) step(node string, cmd any) error {
	d.Helper()
	d.f.config.Node = node
	d.f.reroute() // the rules of the queues name the node
	by := otherPlatform
	if _, ok := cmd.(conversation.Write); ok {
		by = self(d.who)
	}
	drain(d.f, d.now)
	_, err := d.f.Do(d.now, Command{By: by, Body: cmd})
	drain(d.f, d.now)
	for _, e := range d.f.Events() {
		switch b := e.Body.(type) {
		case conversation.MessageAdded:
			d.log = append(d.log, "written, for "+b.Lane)
		case conversation.LaneTaken:
			d.log = append(d.log, "taken by "+b.Node)
		case routing.NodeAlive:
			if e.By != (agent.Actor{}) {
				d.Errorf("a lease is by %v", e.By)
			}
			d.log = append(d.log, fmt.Sprintf("%s until %v", b.Node, b.Until.Sub(d.zero)))
		case conversation.SendSettled:
			d.log = append(d.log, b.Status.String())
		case conversation.SendDeferred:
			d.log = append(d.log, "deferred")
		}
	}
	d.f.Commit()
	d.check()
	return err
}

func (d *laneDesk) at(t time.Duration) {
	d.Helper()
	d.after(d.zero.Add(t).Sub(d.now))
}

func (d *laneDesk) write(node string) {
	d.Helper()
	if err := d.step(node, conversation.Write{Conversation: d.id, Agent: d.who, Draft: conversation.Draft{Text: "x"}}); err != nil {
		d.Fatal(err)
	}
}

func (d *laneDesk) want(want ...string) {
	d.Helper()
	if diff := cmp.Diff(want, d.log); diff != "" {
		d.Errorf("(-want +got):\n%s", diff)
	}
	d.log = nil
}

func (d *laneDesk) take(node string) {
	d.Helper()
	if err := d.step(node, TakeLane{Conversation: d.id, Node: node}); err != nil {
		d.Fatal(err)
	}
}

// A step that gives the node something to send renews its lease if not enough is
// left of it, and not otherwise.
func TestLeaseIsWrittenAsFarAsSendsNeedIt(t *testing.T) {
	d := newLaneDesk(t)
	sent := func() {
		if err := d.step("n1", conversation.Settled{Conversation: d.id, No: d.conv(d.id).Lane.No, Status: conversation.StatusSent}); err != nil {
			t.Fatal(err)
		}
	}
	d.write("n1")
	d.want("written, for n1", "n1 until 30s")
	d.at(9 * time.Second)
	d.write("n1") // behind the first
	d.want("written, for ")
	d.at(10 * time.Second)
	sent()
	d.want("sent")
	d.at(11 * time.Second)
	sent()
	d.want("sent")
	d.write("n1") // 19 seconds are left
	d.want("written, for n1", "n1 until 41s")
	d.write("n1")
	d.at(40 * time.Second)
	d.want("written, for ")
	sent() // the next is at the head
	d.want("sent", "n1 until 1m10s")
	sent()
	d.want("sent")
	d.shared = false // nobody else is there
	d.at(time.Hour)
	d.write("n1")
	d.want("written, for n1")
}

// Another node's message, and what a node reads in the log, give it nothing.
func TestLeaseIsNotWrittenForOthers(t *testing.T) {
	d := newLaneDesk(t)
	d.write("n1")
	d.write("n2")
	d.want("written, for n1", "n1 until 30s", "written, for ")
	d.at(time.Minute)
	if err := d.step("n2", conversation.Settled{Conversation: d.id, No: d.conv(d.id).Lane.No, Status: conversation.StatusSent}); err != nil {
		t.Fatal(err)
	}
	d.want("sent") // n1 has the next
}

// A lane is taken from a node whose lease is over by more than the skew, and is
// doubtful then.
func TestTakeLaneOfALostNode(t *testing.T) {
	d := newLaneDesk(t)
	d.write("n1")
	d.want("written, for n1", "n1 until 30s")
	for _, at := range []time.Duration{time.Second, 30 * time.Second, 32 * time.Second} {
		d.at(at)
		d.take("n2")
		d.want()
	}
	d.at(32*time.Second + 1)
	d.take("n2")
	d.want("taken by n2", "n2 until 1m2.000000001s")
	if l := d.conv(d.id).Lane; l.Node != "n2" || !l.Doubtful {
		t.Errorf("%+v", l)
	}
	d.take("n3") // too late
	d.want()
}

// One whose lease was over before it had the message is given another first: it
// need not have known of it.
func TestTakeLaneOfANodeNotHeardOf(t *testing.T) {
	t.Run("it never had a lease", func(t *testing.T) {
		d := newLaneDesk(t)
		d.shared = false
		d.write("n1")
		d.shared = true
		d.at(time.Minute)
		d.take("n2")
		d.want("written, for n1", "n1 until 1m30s")
		d.at(92 * time.Second)
		d.take("n2")
		d.want()
		d.at(93 * time.Second)
		d.take("n2")
		d.want("taken by n2", "n2 until 2m3s")
	})
	t.Run("the message waited to be tried again", func(t *testing.T) {
		d := newLaneDesk(t)
		d.write("n1")
		d.at(time.Second)
		if err := d.step("n1", conversation.Deferred{Conversation: d.id, No: d.conv(d.id).Lane.No, After: time.Minute}); err != nil {
			t.Fatal(err)
		}
		d.want("written, for n1", "n1 until 30s", "deferred")
		d.at(50 * time.Second)
		d.take("n2") // nothing to be sent now
		d.want()
		d.at(62 * time.Second)
		d.take("n2")
		d.want("n1 until 1m32s")
		l := d.conv(d.id).Lane
		if err := d.step("n1", HoldLane{Conversation: d.id, No: l.No, Taken: l.Taken}); err != nil { // it lives
			t.Fatal(err)
		}
		d.want()
	})
	t.Run("it was forgotten", func(t *testing.T) {
		d := newLaneDesk(t)
		d.write("n1")
		d.at(3 * time.Hour)
		other := d.customer("d")
		who := d.accept(other)
		d.f.config.Node = "n2"
		d.f.reroute()
		d.do(self(who), conversation.Write{Conversation: other, Agent: who, Draft: conversation.Draft{Text: "x"}})
		if len(d.f.leases) != 1 {
			t.Errorf("the leases are %v", d.f.leases)
		}
		d.log = nil
		d.take("n2")
		d.want("n1 until 3h0m30s")
	})
}

// A lane that no node has, one's own, and any when nobody else is there, are free
// to be taken.
func TestTakeLaneAtOnce(t *testing.T) {
	d := newLaneDesk(t)
	d.write("n1")
	d.log = nil
	d.take("n1")
	d.want("taken by n1")
	if err := d.step("n2", TakeLane{Conversation: d.id, Node: "n2", Alone: true}); err != nil {
		t.Fatal(err)
	}
	d.want("taken by n2", "n2 until 30s")
	d.take("") // a node without a name sends nothing
	d.want()
	if err := d.step("n1", TakeLane{Conversation: d.id, Node: "", Alone: true}); err != nil {
		t.Fatal(err)
	}
	d.want("taken by ")
	d.take("n3")
	d.want("taken by n3", "n3 until 30s")
	if l := d.conv(d.id).Lane; l.Doubtful {
		t.Errorf("what no node had is doubtful: %+v", l)
	}
}

// Who is about to send has the lane and enough of a lease, or is told that not.
func TestHoldLane(t *testing.T) {
	d := newLaneDesk(t)
	d.write("n1")
	l := *d.conv(d.id).Lane
	hold := HoldLane{Conversation: d.id, No: l.No, Taken: l.Taken}
	d.log = nil
	d.at(10 * time.Second)
	if err := d.step("n1", hold); err != nil {
		t.Fatal(err)
	}
	d.want()
	d.at(11 * time.Second)
	if err := d.step("n1", hold); err != nil {
		t.Fatal(err)
	}
	d.want("n1 until 41s")
	d.at(time.Minute)
	d.take("n2")
	d.log = nil
	for _, not := range []HoldLane{hold, {Conversation: 99}, {Conversation: d.id, No: l.No}, {Conversation: d.id, No: 99, Taken: d.conv(d.id).Lane.Taken}} {
		if err := d.step("n1", not); !errors.Is(err, ErrLaneLost) {
			t.Errorf("%+v: %v", not, err)
		}
	}
	d.want()
}

// Taking back a batch takes its leases back.
func TestUndoOfALease(t *testing.T) {
	d := newLaneDesk(t)
	d.write("n1")
	before := d.f.State()
	d.now = d.now.Add(time.Minute)
	for _, cmd := range []any{TakeLane{Conversation: d.id, Node: "n2"}, TakeLane{Conversation: d.id, Node: "n2", Alone: true}} {
		d.f.config.Node = "n2"
		if _, err := d.f.Do(d.now, Command{By: otherPlatform, Body: cmd}); err != nil {
			t.Fatal(err)
		}
		if len(d.f.Events()) == 0 {
			t.Fatal("nothing to take back")
		}
		d.f.Undo()
		if diff := cmp.Diff(before, d.f.State(), cmp.AllowUnexported(routing.Pace{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
