package messengertest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/messenger"
	"github.com/switchboard-go/switchboard/messenger/messengertest"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// messages is how many messages the customers write in the story, and the agents.
// For the long one: SWITCHBOARD_E2E=10000 go test -run E2E ./messenger/messengertest
func messages(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SWITCHBOARD_E2E")
	if text == "" {
		if testing.Short() {
			return 200
		}
		return 1000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SWITCHBOARD_E2E=%q is not a number of messages", text)
	}
	return n
}

// recorder is the client, and notes which messages it reported as ambiguous.
type recorder struct {
	*messenger.Client
	mu        sync.Mutex
	ambiguous map[string]bool          // by the message's key
	busy      map[conversation.ID]bool // a Send is going on
	overlaps  int                      // Sends that began before the last of their conversation was over
}

func (r *recorder) Send(ctx context.Context, m switchboard.Outbound) (switchboard.Receipt, error) {
	r.begin(m.Conversation)
	defer r.end(m.Conversation)
	receipt, err := r.Client.Send(ctx, m)
	var failed *switchboard.SendError
	if errors.As(err, &failed) && failed.Ambiguous {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ambiguous[m.Key] = true
	}
	return receipt, err
}

func (r *recorder) begin(id conversation.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy[id] {
		r.overlaps++
	}
	r.busy[id] = true
}

func (r *recorder) end(id conversation.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy[id] = false
}

// moody is an endpoint that takes every 40th webhook and answers 500 all the same.
type moody struct {
	http.Handler
	n atomic.Int64
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && m.n.Add(1)%40 == 0 {
		m.Handler.ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	m.Handler.ServeHTTP(w, r)
}

// story is a Board, the webhook and the client against the double.
type story struct {
	t       *testing.T
	clock   *clock.Mock
	graph   *messengertest.Graph
	board   *switchboard.Board
	client  *recorder
	agents  []agent.ID
	persons []*messengertest.Person
	away    map[*messengertest.Person]bool     // who blocked the page after the first message
	wrote   map[*messengertest.Person][]string // what stands in the transcript now
	first   map[*messengertest.Person]string   // the id of the first
	inbox   map[*messengertest.Person]string   // the answer from the page's inbox
}

const pages = 3

func newStory(t *testing.T, people int, echoes messengertest.Echoes) *story {
	t.Helper()
	s := &story{
		t: t, clock: clock.NewMock(),
		away: make(map[*messengertest.Person]bool), wrote: make(map[*messengertest.Person][]string),
		first: make(map[*messengertest.Person]string), inbox: make(map[*messengertest.Person]string),
	}
	s.clock.Set(time.Date(2026, 8, 3, 9, 0, 0, 0, time.UTC))
	faults := messengertest.AllFaults(0.015)
	faults[messengertest.FaultSilent] = 0.005 // each costs the client's timeout in real time
	s.graph = messengertest.New(t, messengertest.Config{
		Clock: s.clock, Seed: 4, RequireProof: true, Echoes: echoes, Batch: 6, Faults: faults, SlowFor: time.Millisecond,
	})
	traffic := &messenger.Traffic{}
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := messenger.NewClient(messenger.ClientConfig{
		BaseURL: s.graph.URL(), AppSecret: s.graph.AppSecret(), Token: s.graph.Token, Clock: s.clock, Traffic: traffic,
		HTTP: &http.Client{Timeout: 500 * time.Millisecond, Transport: transport},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.client = &recorder{Client: client, ambiguous: make(map[string]bool), busy: make(map[conversation.ID]bool)}
	s.board, err = switchboard.Open(t.Context(), switchboard.Config{
		Name: "acme", Node: "n1", Clock: s.clock,
		Transports: map[conversation.Channel]switchboard.Transport{messenger.Channel: s.client},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.board.Close() })
	webhook, err := messenger.NewWebhook(messenger.WebhookConfig{
		VerifyToken: s.graph.VerifyToken(), AppSecrets: []messenger.Secret{s.graph.AppSecret()}, Traffic: traffic,
		Boards: func(conversation.Source) messenger.Receiver { return s.board },
	})
	if err != nil {
		t.Fatal(err)
	}

	setup := routing.Setup{
		Teams: []routing.Team{{ID: "t"}},
		Queues: []routing.Queue{{ID: "q", Teams: []routing.TeamID{"t"}, OfferFor: time.Hour, WrapUp: wrapup.Policy{
			Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}}, Default: "done", Limit: time.Minute,
		}}},
		Settings: routing.Settings{RetryFor: time.Hour},
	}
	for i := range pages {
		setup.Sources = append(setup.Sources, routing.Source{
			ID: conversation.Source(s.graph.Page(fmt.Sprint(100 + i)).ID()), Channel: messenger.Channel, Queue: "q",
		})
	}
	for i := range people/routing.MaxCapacity + 1 {
		id := agent.ID(fmt.Sprint("agent", i))
		s.agents = append(s.agents, id)
		setup.Agents = append(setup.Agents, routing.Agent{
			ID: id, Teams: []routing.TeamID{"t"}, Capacity: map[conversation.Medium]int{conversation.Social: routing.MaxCapacity},
		})
	}
	s.must(s.board.Administrator("root").Configure(t.Context(), setup))
	for _, id := range s.agents {
		s.must(s.board.Agent(id).SignIn(t.Context()))
		s.must(s.board.Agent(id).Available(t.Context()))
	}
	s.graph.Serve(&moody{Handler: webhook})
	for i := range people {
		s.persons = append(s.persons, s.graph.Page(fmt.Sprint(100+i%pages)).Person(fmt.Sprint(9000+i)))
	}
	return s
}

func (s *story) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// until lets the fake time pass, but only while nothing else can happen, until done.
func (s *story) until(what string, done func() bool) {
	s.t.Helper()
	for range 30_000 {
		s.graph.Flush()
		if done() {
			return
		}
		if s.t.Failed() {
			s.t.FailNow()
		}
		s.clock.Add(500 * time.Millisecond)
	}
	s.t.Fatalf("not in four hours of fake time: %s", what)
}

func (s *story) conversations() []conversation.Conversation {
	s.t.Helper()
	cs, err := s.board.Conversations(s.t.Context(), nil)
	s.must(err)
	return cs
}

func (s *story) write(x *messengertest.Person, text string) {
	s.wrote[x] = append(s.wrote[x], text)
	if mid := x.Write(text); s.first[x] == "" {
		s.first[x] = mid
	}
}

// converse opens all conversations and lets everybody write at once, n texts each.
func (s *story) converse(n int) {
	t := s.t
	for _, x := range s.persons {
		s.write(x, "customer "+x.ID()+" 1")
	}
	s.until("every conversation accepted", func() bool {
		for _, id := range s.agents {
			_, err := s.board.Agent(id).AcceptAll(t.Context())
			s.must(err)
		}
		active := 0
		for _, c := range s.conversations() {
			if c.State == conversation.Active {
				active++
			}
		}
		return active == len(s.persons)
	})
	for i, x := range s.persons {
		if i%20 == 7 {
			x.SetState(messengertest.PersonBlocked)
			s.away[x] = true
		}
	}
	var everybody errgroup.Group
	everybody.Go(func() error { // one goroutine writes for all customers, in turn
		for i := 2; i <= n; i++ {
			for _, x := range s.persons {
				if !s.away[x] {
					s.write(x, fmt.Sprint("customer ", x.ID(), " ", i))
				}
			}
		}
		return nil
	})
	cs := s.conversations()
	for _, id := range s.agents {
		everybody.Go(func() error {
			for i := 1; i <= n; i++ {
				for _, c := range cs {
					if c.OwnerID() != id {
						continue
					}
					if _, err := s.board.Agent(id).Send(t.Context(), c.ID, fmt.Sprint("agent ", c.Customer, " ", i)); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	var over atomic.Bool
	go func() { s.failed(everybody.Wait()); over.Store(true) }()
	s.until("everything written", over.Load)
	s.until("everything settled", s.settled)
}

func (s *story) failed(err error) {
	if err != nil {
		s.t.Error(err)
	}
}

// settled reports whether everything written has come in and nothing is queued.
func (s *story) settled() bool {
	in := 0
	for _, c := range s.conversations() {
		for _, m := range c.Messages {
			if m.Author.Kind == conversation.FromCustomer {
				in++
			}
			if m.Delivery != nil && m.Delivery.Status == conversation.StatusQueued {
				return false
			}
		}
	}
	for _, texts := range s.wrote {
		in -= len(texts)
	}
	return in >= 0 && s.graph.Waiting() == 0
}

// afterwards lets people do all else that they can.
func (s *story) afterwards() {
	for i, x := range s.persons {
		if s.away[x] {
			continue
		}
		switch i % 5 {
		case 0:
			x.Read()
		case 1:
			x.AnsweredBy(messengertest.InboxApp, "inbox "+x.ID())
			s.inbox[x] = "inbox " + x.ID()
		case 2:
			x.Edit(s.first[x], "edited once")
			x.Edit(s.first[x], "edited twice")
			s.wrote[x][0] = "edited twice"
		case 3:
			x.React(s.first[x], "\u2764")
		case 4:
			x.Unsend(s.first[x])
			s.wrote[x][0] = ""
		}
	}
	s.until("everything settled afterwards", s.settled)
	for i, x := range s.persons {
		if s.away[x] {
			continue
		}
		id, err := s.board.CustomerConversation(s.t.Context(), conversation.Source(s.graph.Page(fmt.Sprint(100+i%pages)).ID()), conversation.Customer(x.ID()))
		s.must(err)
		c, err := s.board.Conversation(s.t.Context(), id)
		s.must(err)
		outside := ""
		for _, m := range c.Messages {
			switch {
			case m.Author.Kind == conversation.FromOutside:
				outside += m.Text
			case i%5 == 0 && m.Delivery != nil && m.Delivery.Status != conversation.StatusRead && m.Delivery.Status != conversation.StatusUnknown:
				s.t.Errorf("%s: message %d is %v after everything was read", x.ID(), m.No, m.Delivery.Status)
			case i%5 == 3 && m.ExternalID == s.first[x] && len(m.Reactions) != 1:
				s.t.Errorf("%s: reactions %v, want one", x.ID(), m.Reactions)
			case i%5 == 4 && m.ExternalID == s.first[x] && !m.Unsent:
				s.t.Errorf("%s: message %d was not taken back", x.ID(), m.No)
			}
		}
		if outside != s.inbox[x] {
			s.t.Errorf("%s: from the inbox came %q, want %q", x.ID(), outside, s.inbox[x])
		}
	}
}

// outcome is what became of the agents' messages of one text.
type outcome struct {
	arrived  int // how often the person received it
	statuses []conversation.Status
}

// check holds what must hold at any time when everything is settled, and returns
// the outcomes by text.
func (s *story) check(echoes bool) map[string]*outcome {
	t := s.t
	if n := s.client.overlaps; n > 0 {
		t.Errorf("%d messages were sent before the Send of the one before had returned", n)
	}
	outcomes := make(map[string]*outcome)
	byThread := make(map[string]*messengertest.Person)
	for _, x := range s.persons {
		byThread[x.ID()] = x
	}
	for _, c := range s.conversations() {
		x := byThread[string(c.Customer)]
		received := x.Received()
		var in []*conversation.Message
		last := -1
		for _, m := range c.Messages {
			switch m.Author.Kind {
			case conversation.FromCustomer:
				in = append(in, m)
				continue
			case conversation.FromAgent:
			case conversation.FromOutside:
				if m.Text != s.inbox[x] {
					t.Errorf("%s: an echo of ours became a message: %q", x.ID(), m.Text)
				}
				continue
			default:
				continue
			}
			o := outcomes[m.Text]
			if o == nil {
				o = &outcome{}
				outcomes[m.Text] = o
			}
			at := slices.IndexFunc(received, func(r messengertest.Message) bool { return r.Metadata == conversation.SendKey(c.ID, m.No) })
			if at >= 0 {
				o.arrived++
				if at <= last {
					t.Errorf("%s: message %d arrived before an earlier one", x.ID(), m.No)
				}
				last = at
			}
			d := m.Delivery
			o.statuses = append(o.statuses, d.Status)
			key := conversation.SendKey(c.ID, m.No)
			switch d.Status {
			case conversation.StatusSent, conversation.StatusDelivered, conversation.StatusRead:
				if at < 0 {
					t.Errorf("%s: message %d is %v and did not arrive", x.ID(), m.No, d.Status)
				} else if m.ExternalID != received[at].ID {
					t.Errorf("%s: message %d has id %q, want %q", x.ID(), m.No, m.ExternalID, received[at].ID)
				}
				if !echoes && s.client.ambiguous[key] {
					t.Errorf("%s: message %d is %v after an ambiguous send without an echo", x.ID(), m.No, d.Status)
				}
			case conversation.StatusUnknown:
				if d.Why == "" || !s.client.ambiguous[key] {
					t.Errorf("%s: message %d is unknown without a reason: %+v", x.ID(), m.No, d)
				}
				if echoes && at >= 0 {
					t.Errorf("%s: message %d is unknown although its echo came", x.ID(), m.No)
				}
			case conversation.StatusFailed:
				if at >= 0 {
					t.Errorf("%s: message %d failed and arrived", x.ID(), m.No)
				}
				if want := conversation.FailBlocked; !s.away[x] || d.Why != want {
					t.Errorf("%s: message %d failed with %q (%s), want %q for people who blocked the page alone", x.ID(), m.No, d.Why, d.Detail, want)
				}
			default:
				t.Errorf("%s: message %d is %v", x.ID(), m.No, d.Status)
			}
		}
		slices.SortStableFunc(in, func(a, b *conversation.Message) int { return a.ChannelAt.Compare(b.ChannelAt) })
		var got []string
		for _, m := range in {
			got = append(got, m.Text)
		}
		if diff := cmp.Diff(s.wrote[x], got); diff != "" {
			t.Errorf("%s: what the customer wrote, and what came (-want +got):\n%s", x.ID(), diff)
		}
	}
	twice := make(map[string]int)
	for _, m := range s.graph.Delivered() {
		if twice[m.Metadata]++; m.App == s.graph.AppID() && twice[m.Metadata] > 1 {
			t.Errorf("twice: %v", m)
		}
	}
	return outcomes
}

// happened fails the test for every fault that never happened.
func (s *story) happened() {
	for f := range messengertest.AllFaults(1) {
		if s.graph.Faulted()[f] == 0 {
			s.t.Errorf("the fault %q never happened: the story proves too little", f)
		}
	}
}

// blocked reports whether the customer of a conversation has blocked the page.
func (s *story) blocked(c *conversation.Conversation) bool {
	for x := range s.away {
		if x.ID() == string(c.Customer) {
			return true
		}
	}
	return false
}

func people(n int) int { return max(10, n/20) }

func TestE2ENothingLostNothingTwice(t *testing.T) {
	n := messages(t)
	s := newStory(t, people(n), messengertest.EchoEither)
	s.converse(n / people(n))
	s.afterwards()
	if n >= 1000 {
		s.happened()
	}
	for round := 1; ; round++ {
		outcomes := s.check(true)
		if t.Failed() {
			return
		}
		// Every message that did not arrive says so: the agents send those again.
		again := 0
		for _, c := range s.conversations() {
			for _, m := range c.Messages {
				o := outcomes[m.Text]
				if o == nil || o.arrived > 0 || m.Author.Kind != conversation.FromAgent || m.Delivery.Status != conversation.StatusUnknown || s.blocked(&c) {
					continue
				}
				o.arrived = 1 // once is enough
				_, err := s.board.Agent(c.OwnerID()).Send(t.Context(), c.ID, m.Text)
				s.must(err)
				again++
			}
		}
		if again == 0 {
			for _, c := range s.conversations() {
				for _, m := range c.Messages {
					if m.Author.Kind == conversation.FromAgent && !s.blocked(&c) && outcomes[m.Text].arrived != 1 {
						t.Errorf("%q arrived %d times", m.Text, outcomes[m.Text].arrived)
					}
				}
			}
			t.Logf("%d messages and %d answers, all there after %d rounds; faults %v", n, len(s.graph.Delivered()), round, s.graph.Faulted())
			return
		}
		if round == 30 {
			t.Fatalf("after %d rounds %d messages have not arrived", round, again)
		}
		s.until("everything settled again", s.settled)
	}
}

func TestE2EWithoutEchoesNothingTwice(t *testing.T) {
	n := messages(t)
	s := newStory(t, people(n), messengertest.EchoNever)
	s.converse(n / people(n))
	if n >= 1000 {
		s.happened()
	}
	s.check(false)
	unknown := make(map[string]bool)
	for _, c := range s.conversations() {
		for _, m := range c.Messages {
			if m.Delivery != nil && m.Delivery.Status == conversation.StatusUnknown {
				unknown[conversation.SendKey(c.ID, m.No)] = true
			}
		}
	}
	if diff := cmp.Diff(s.client.ambiguous, unknown); diff != "" {
		t.Errorf("ambiguous sends, and unknown messages (-want +got):\n%s", diff)
	}
	t.Logf("%d of %d messages unknown; faults %v", len(unknown), n, s.graph.Faulted())
}
