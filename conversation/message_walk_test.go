package conversation

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/agent"
)

func msgJSON(t testing.TB, c *Conversation) string {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// msgWalk drives a conversation with random commands. The channel behind it
// takes one message at a time and answers late, twice or never.
type msgWalk struct {
	t     *testing.T
	rand  *rand.Rand
	c     *Conversation
	now   time.Time
	seq   uint64
	ids   int
	sends []int       // numbers in the order in which they became the head
	ends  map[int]int // how often each message left the queue
}

func (w *msgWalk) apply(events []Event) {
	for _, e := range events {
		w.seq++
		var was Status
		s, settled := e.(SendSettled)
		if settled {
			was = w.c.Message(s.No).Delivery.Status
		}
		head := 0
		if w.c.Lane != nil {
			head = w.c.Lane.No
		}
		w.c.Apply(w.now, w.seq, e)
		if settled && was == StatusQueued {
			w.ends[s.No]++
		}
		if l := w.c.Lane; l != nil && l.No != head {
			w.sends = append(w.sends, l.No)
		}
	}
}

func (w *msgWalk) do(cmd Command) {
	events, err := msgDo(w.c, w.now, msgAnn, cmd, &Rules{Node: "n1", InactiveAfter: time.Hour, RetryFor: 20 * time.Second}, nil)
	if err != nil {
		w.t.Fatalf("%s: %v", cmd.Name(), err)
	}
	w.apply(events)
}

func (w *msgWalk) step() {
	w.now = w.now.Add(time.Duration(w.rand.IntN(3000)) * time.Millisecond)
	if l := w.c.Lane; l != nil && l.Retry.Passed(w.now) {
		w.apply([]Event{SendDue{Conversation: w.c.ID, No: l.No}})
	}
	any := func() int { return 1 + w.rand.IntN(len(w.c.Messages)) }
	out := func() int { // a message to the customer, 0 for none
		if no := any(); w.c.Message(no).Delivery != nil {
			return no
		}
		return 0
	}
	id := func() string { return w.c.Message(any()).ExternalID }
	results := []Status{StatusSent, StatusSent, StatusFailed, StatusUnknown}
	switch k := w.rand.IntN(14); {
	case k < 3 || len(w.c.Messages) == 0:
		w.do(Write{Agent: "ann", Draft: Draft{Text: "x", AgentsOnly: w.rand.IntN(5) == 0}})
	case k == 3:
		w.ids++
		w.do(msgIn(fmt.Sprint("in", w.ids), "Hi"))
	case k < 7 && w.c.Lane != nil && !w.c.Lane.Retry.Pending():
		w.ids++
		w.do(Settled{No: w.c.Lane.No, Status: results[w.rand.IntN(4)], ExternalID: fmt.Sprint("out", w.ids)})
	case k == 7 && w.c.Lane != nil:
		w.do(Deferred{No: w.c.Lane.No, After: time.Duration(w.rand.IntN(9)) * time.Second})
	case k == 8: // late, or twice
		if no := out(); no != 0 && !w.c.Message(no).queued() {
			w.do(Settled{No: no, Status: results[w.rand.IntN(4)]})
		}
	case k == 9:
		if no := out(); no != 0 && !w.c.Message(no).queued() {
			w.ids++
			w.do(Outside{ExternalID: fmt.Sprint("echo", w.ids), Key: SendKey(w.c.ID, no), Text: "x"})
		}
	case k == 10:
		w.do(Receipt{Status: StatusDelivered + Status(w.rand.IntN(2)), Watermark: w.now.Add(-time.Minute)})
	case k == 11:
		if id := id(); id != "" {
			w.do(React{ExternalID: id, Emoji: []string{"", "+", "-"}[w.rand.IntN(3)]})
		}
	case k == 12:
		if id := id(); id != "" {
			w.do(Edit{ExternalID: id, Text: "edited", Edits: w.rand.IntN(5)})
		}
	case k == 13 && w.rand.IntN(5) == 0:
		if id := id(); id != "" {
			w.do(Unsend{ExternalID: id})
		}
	}
}

func TestRandomWalkOfTheLane(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &msgWalk{t: t, rand: rand.New(rand.NewPCG(seed, 1)), c: msgConversation(Active), now: msgStart, ends: map[int]int{}}
			type snapshot struct {
				copy Conversation
				text string
			}
			var snapshots []snapshot
			statuses := map[int]Status{}
			for range 250 {
				w.step()
				snapshots = append(snapshots, snapshot{*w.c, msgJSON(t, w.c)})
				queued := []int{}
				for i, m := range w.c.Messages {
					if m.No != i+1 {
						t.Fatalf("message %d is in place %d", m.No, i+1)
					}
					if m.Delivery == nil {
						continue
					}
					if m.queued() {
						queued = append(queued, m.No)
					}
					was, now := statuses[m.No], m.Delivery.Status
					if was != now && !moves(was, now, true) {
						t.Fatalf("message %d went from %s to %s", m.No, was, now)
					}
					statuses[m.No] = now
				}
				// The lane is there while something is queued, and its head is
				// the oldest of them: the only one that may be in flight.
				if (w.c.Lane != nil) != (len(queued) > 0) || w.c.Lane != nil && w.c.Lane.No != queued[0] {
					t.Fatalf("lane %+v, queued %v", w.c.Lane, queued)
				}
			}
			for w.c.Lane != nil { // let all be sent
				w.now = w.now.Add(time.Minute)
				w.do(Settled{No: w.c.Lane.No, Status: StatusSent})
			}

			var wantSends []int
			wantEnds := map[int]int{}
			for _, m := range w.c.Messages {
				if m.Delivery != nil {
					wantSends = append(wantSends, m.No)
					wantEnds[m.No] = 1
				}
			}
			if diff := cmp.Diff(wantSends, w.sends); diff != "" {
				t.Errorf("order of sends (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(wantEnds, w.ends); diff != "" {
				t.Errorf("how often each was settled (-want +got):\n%s", diff)
			}
			for i, s := range snapshots {
				if diff := cmp.Diff(s.text, msgJSON(t, &s.copy)); diff != "" {
					t.Fatalf("the copy after step %d has changed (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

func BenchmarkInbound(b *testing.B) {
	for _, size := range []int{20, 1000} {
		b.Run(fmt.Sprint(size, " messages"), func(b *testing.B) {
			full := msgMany(b, size)
			in := msgIn("m_dHJhbnNjcmlwdCBvZiBhIGNvbnZlcnNhdGlvbg", "Dobrý den, kde je moje objednávka?")
			out := make([]Event, 0, 1)
			b.ReportAllocs()
			for b.Loop() {
				c := *full
				events, err := Decide(&c, msgAt(5000), agent.Actor{Role: agent.Customer}, in, nil, out)
				if err != nil {
					b.Fatal(err)
				}
				c.Apply(msgAt(5000), 1, events[0])
			}
		})
	}
}

func BenchmarkUTF16Len(b *testing.B) {
	for name, s := range map[string]string{"ASCII": "Where is my order, please? I ordered it.", "Czech": "Příliš žluťoučký kůň úpěl ďábelské ódy."} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				UTF16Len(s)
			}
		})
	}
}
