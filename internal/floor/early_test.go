package floor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// told is what a channel tells, and by whom.
type told struct {
	by  agent.Actor
	cmd conversation.Command
}

func edited(id, text string, n int) told {
	return told{customer("c"), conversation.Edit{Channel: "messenger", Source: "page", Customer: "c", ExternalID: id, Text: text, Edits: n}}
}

func unsent(id string, parts ...string) told {
	return told{customer("c"), conversation.Unsend{Channel: "messenger", Source: "page", Customer: "c", ExternalID: id, Parts: parts}}
}

func reacted(id, emoji string, at time.Time) told {
	return told{customer("c"), conversation.React{Channel: "messenger", Source: "page", Customer: "c", ExternalID: id, Emoji: emoji, ChannelAt: at}}
}

func wrote(id, text string, at time.Time) told {
	return told{customer("c"), conversation.Inbound{Channel: "messenger", Source: "page", Customer: "c", ExternalID: id, Text: text, ChannelAt: at}}
}

func partOf(of, id, text string, at time.Time) told {
	x := wrote(id, text, at)
	in := x.cmd.(conversation.Inbound)
	in.PartOf = of
	x.cmd = in
	return x
}

func inbox(id, text, key string, at time.Time) told {
	return told{platform, conversation.Outside{Channel: "messenger", Source: "page", Customer: "c", ExternalID: id, Text: text, Key: key, ChannelAt: at}}
}

func received(s conversation.Status, to time.Time, ids ...string) told {
	return told{platform, conversation.Receipt{Channel: "messenger", Source: "page", Customer: "c", Status: s, Watermark: to, ExternalIDs: ids}}
}

// again puts a floor in the place of the desk's that was read from a snapshot of it, as
// another process would.
func (d *desk) again() {
	d.Helper()
	f, err := restoreFloor(Config{Load: time.LoadLocation, Node: "n1"}, encodeFloor(d, d.f), 1000)
	if err != nil {
		d.Fatal(err)
	}
	d.f = f
}

// TestE76OrderOfWhatAChannelTells proves that whatever the order in which a channel tells
// what happened, however often, and whichever process it tells, the transcript is the
// same: edits, unsends, reactions, receipts by name and by watermark, echoes of our own
// messages and others'.
func TestE76OrderOfWhatAChannelTells(t *testing.T) {
	start := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	const delivered, read = conversation.StatusDelivered, conversation.StatusRead
	happened := func(key string) []told {
		return []told{
			edited("m1", "one!", 1), edited("m1", "one!!", 2),
			reacted("m1", "heart", at(3)), reacted("m1", "thumb", at(3)),
			wrote("m2", "two", at(4)), edited("m2", "two!", 1), reacted("m2", "heart", at(5)), reacted("m2", "", at(6)),
			reacted("m2", "thumb", at(7)), reacted("m2", "", at(8)),
			wrote("m3", "three", at(9)), partOf("m3", "m3/2", "rest of three", at(9)), unsent("m3", "m3/2", "m3/3"),
			inbox("x1", "", key, at(10)), received(delivered, at(11), "x1"), reacted("x1", "heart", at(11)),
			inbox("o1", "from the inbox", "", at(12)), reacted("o1", "heart", at(13)), received(read, at(13)),
			inbox("o2", "again", "", at(20)), received(delivered, at(20)),
			inbox("o3", "read by name", "", at(30)), received(read, time.Time{}, "o3"),
		}
	}
	var want []conversation.Message
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 7))
		d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
		d.do(customer("c"), wrote("m1", "one", at(0)).cmd)
		id := d.f.customer(customerKey{"page", "c"})
		who := d.accept(id)
		d.do(self(who), conversation.Write{Conversation: id, Agent: who, Draft: conversation.Draft{Text: "ours"}})
		sent := told{platform, conversation.Settled{Conversation: id, No: 2, Status: conversation.StatusSent, ExternalID: "x1"}}
		all := append([]told{sent}, happened(conversation.SendKey(id, 2))...)
		if seed > 0 { // the first run is in order
			all = append(all, all...)
			rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		}
		for _, x := range all {
			d.do(x.by, x.cmd)
			if seed > 0 && rng.IntN(8) == 0 {
				d.again()
			}
		}
		got := timeless(d.conv(id).Messages)
		if want == nil {
			want = got
			var text []string
			for _, m := range got {
				s := m.ExternalID + " " + m.Text
				for _, r := range m.Reactions {
					s += " " + r.Emoji
				}
				if m.Delivery != nil {
					s += " " + m.Delivery.Status.String()
				}
				text = append(text, s)
			}
			right := []string{
				"m1 one!! thumb", "m2 two! ", "m3 ", "m3/2 ", "o1 from the inbox heart read", "o2 again delivered",
				"o3 read by name read", "x1 ours heart read",
			}
			if diff := cmp.Diff(right, text); diff != "" {
				t.Fatalf("in order it is already wrong (-want +got):\n%s", diff)
			}
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-in order +shuffled and repeated):\n%s", seed, diff)
		}
	}
}

// timeless is a transcript by the channel's ids, without what the order in which the engine
// took it must change.
func timeless(messages []*conversation.Message) []conversation.Message {
	var out []conversation.Message
	for _, m := range messages {
		one := *m
		one.No, one.At = 0, time.Time{}
		if one.Delivery != nil {
			one.Delivery = &conversation.Delivery{Status: one.Delivery.Status}
			if one.Author.Kind == conversation.FromAgent {
				one.ChannelAt = time.Time{} // of ours it is known only if the echo came first
			}
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b conversation.Message) int { return strings.Compare(a.ExternalID, b.ExternalID) })
	return out
}

// TestEarlyIsForgotten proves that what is kept for a message ends with the time in which the
// message could come, and that there is only so much of it.
func TestEarlyIsForgotten(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	early := func(x told) {
		t.Helper()
		if res := d.do(x.by, x.cmd); !res.Kept {
			t.Errorf("%+v: %+v", x.cmd, res)
		}
	}
	early(edited("m1", "new", 1))
	early(unsent("m2"))
	d.after(conversation.Horizon - time.Second)
	early(reacted("m3", "heart", time.Time{}))
	d.after(time.Second)
	if n := d.f.early.size(d.now); n != 1 {
		t.Errorf("%d are kept, not the last alone", n)
	}
	d.do(customer("c"), wrote("m1", "old", time.Time{}).cmd)
	if c := d.conv(d.f.customer(customerKey{"page", "c"})); c.Messages[0].Text != "old" {
		t.Errorf("an edit of long ago was carried out")
	}

	long := strings.Repeat("x", conversation.MaxInboundText)
	for i := range 1000 {
		early(edited(fmt.Sprint("long-", i), long, 1))
	}
	n := d.f.early.size(d.now)
	if want := earlyRoom / (earlyCost + len(long)); n != want {
		t.Errorf("%d are kept, want %d", n, want)
	}
	if len(d.f.early.line) > 2000 {
		t.Errorf("the line has %d places", len(d.f.early.line))
	}
	d.do(customer("c"), wrote("long-999", "short", time.Time{}).cmd)
	d.do(customer("c"), wrote("long-1", "short", time.Time{}).cmd)
	c := d.conv(d.f.customer(customerKey{"page", "c"}))
	if c.Messages[1].Text != long || c.Messages[2].Text != "short" {
		t.Errorf("the newest is not kept, or the oldest is: %.5s, %.5s", c.Messages[1].Text, c.Messages[2].Text)
	}
	d.do(admin, Erase{Erase: routing.Erase{Source: "page", Customer: "c"}})
	if n := d.f.early.size(d.now); n != 0 || d.f.early.room != 0 {
		t.Errorf("of an erased customer %d are kept, %d bytes", n, d.f.early.room)
	}
}

// TestEarlyChangesNothingTwice proves that what makes no difference leaves no event, and that
// the newest of each kind stays.
func TestEarlyChangesNothingTwice(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 1, 5, 9, 0, s, 0, time.UTC) }
	for name, tc := range map[string]struct {
		tell []told
		want int // events
		kept int
	}{
		"edits":              {[]told{edited("m1", "2", 2), edited("m1", "1", 1), edited("m1", "2", 2), edited("m1", "3", 3)}, 2, 1},
		"unsent":             {[]told{edited("m1", "1", 1), unsent("m1"), unsent("m1"), edited("m1", "2", 2)}, 2, 1},
		"reactions":          {[]told{reacted("m1", "a", at(2)), reacted("m1", "b", at(1)), reacted("m1", "a", at(2)), reacted("m1", "", at(3))}, 2, 1},
		"unstamped":          {[]told{reacted("m1", "a", time.Time{}), reacted("m1", "a", time.Time{})}, 1, 1},
		"receipts, nobody":   {[]told{received(conversation.StatusRead, at(0), "x1")}, 0, 0},
		"of several kinds":   {[]told{reacted("m1", "a", at(2)), edited("m1", "1", 1)}, 2, 2},
		"of several parts":   {[]told{unsent("m1", "m1/2"), unsent("m1", "m1/2")}, 1, 1},
		"of several of them": {[]told{edited("m1", "1", 1), edited("m2", "1", 1)}, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
			before := d.f.Seq()
			for _, x := range tc.tell {
				d.do(x.by, x.cmd)
			}
			if got := int(d.f.Seq() - before); got != tc.want || d.f.early.size(d.now) != tc.kept {
				t.Errorf("%d events, %d kept; want %d and %d", got, d.f.early.size(d.now), tc.want, tc.kept)
			}
		})
	}
}

// TestEarlyIsCheckedAtOnce proves that what could never be carried out is refused, not kept.
func TestEarlyIsCheckedAtOnce(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	long := strings.Repeat("x", conversation.MaxInboundText+1)
	for name, x := range map[string]told{
		"no id":          edited("", "x", 1),
		"no text":        edited("m", " ", 1),
		"long text":      edited("m", long, 1),
		"long id":        unsent(long),
		"long part":      unsent("m", long),
		"many parts":     unsent("m", make([]string, conversation.MaxParts+1)...),
		"long emoji":     reacted("m", long, time.Time{}),
		"of a stranger":  {customer("other"), edited("m", "x", 1).cmd},
		"to nowhere":     {customer("c"), conversation.Unsend{Channel: "messenger", Source: "nowhere", Customer: "c", ExternalID: "m"}},
		"of a channel":   {customer("c"), conversation.Unsend{Channel: "fax", Source: "page", Customer: "c", ExternalID: "m"}},
		"queued receipt": received(conversation.StatusQueued, time.Time{}, "x1"),
	} {
		if _, err := d.try(x.by, x.cmd); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if n := d.f.early.size(d.now); n != 0 {
		t.Errorf("%d are kept", n)
	}
}

// TestEarlyIsUndone proves that a batch that comes to nothing leaves what was kept before.
func TestEarlyIsUndone(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	for _, x := range []told{edited("m1", "a", 1), reacted("m2", "heart", time.Time{})} {
		d.do(x.by, x.cmd)
	}
	before := string(encodeFloor(t, d.f))
	for _, x := range []told{edited("m1", "b", 2), unsent("m2"), wrote("m2", "hi", time.Time{}), wrote("m1", "ho", time.Time{}), edited("m1", "c", 3), unsent("m9")} {
		if _, err := d.f.Do(d.now.Add(50*time.Hour), Command{By: x.by, Body: x.cmd}); err != nil {
			t.Fatal(err)
		}
	}
	d.f.Undo()
	d.check()
	if diff := cmp.Diff(before, string(encodeFloor(t, d.f))); diff != "" {
		t.Errorf("(-before +undone):\n%s", diff)
	}
}

// TestE76EchoOfAnotherTime proves that a message from the page's inbox is in one transcript
// once, whatever conversation the customer has when the channel tells of it again.
func TestE76EchoOfAnotherTime(t *testing.T) {
	d := newDesk(t, routing.Settings{}, routing.Queue{ID: "sales"})
	at := func(s int) time.Time { return d.now.Add(time.Duration(s) * time.Second) }
	missed := inbox("o0", "before anybody wrote", "", at(-60))
	d.do(missed.by, missed.cmd)
	d.do(customer("c"), wrote("m1", "hi", at(-50)).cmd)
	id := d.f.customer(customerKey{"page", "c"})
	echo := inbox("o1", "from the inbox", "", at(-40))
	d.do(echo.by, echo.cmd)
	d.do(missed.by, missed.cmd)
	who := d.accept(id)
	d.do(self(who), conversation.End{Conversation: id, Agent: who})
	d.do(self(who), conversation.SubmitWrapUp{Conversation: id, Agent: who, Reason: "done"})
	late := inbox("o2", "told too late", "", at(-30))
	d.do(late.by, late.cmd)
	d.do(customer("c"), wrote("m2", "once more", at(-20)).cmd)
	next := d.f.customer(customerKey{"page", "c"})
	for _, x := range []told{missed, echo, late} {
		d.do(x.by, x.cmd)
	}
	if next == id || len(d.conv(next).Messages) != 1 {
		t.Errorf("the next conversation has %d messages", len(d.conv(next).Messages))
	}
	if res := d.do(echo.by, echo.cmd); !res.Duplicate || res.Conversation != id || res.Message != 2 {
		t.Errorf("the echo again: %+v", res)
	}
	// A receipt is for all conversations of the customer that are in memory.
	d.do(platform, received(conversation.StatusRead, at(0)).cmd)
	if s := d.conv(id).Messages[1].Delivery.Status; s != conversation.StatusRead {
		t.Errorf("in the conversation before, it is %v", s)
	}
	var r *conversation.Refusal
	if _, err := d.try(customer("other"), echo.cmd); !errors.As(err, &r) {
		t.Errorf("an echo by a customer: %v", err)
	}
}
