package floor

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// storyteller makes up what people do, from what the floor looks like.
type storyteller struct {
	rng  *rand.Rand
	f    *Floor
	now  time.Time
	next int // the next external id
	sent []string
	keys []Command // commands with keys, to be repeated
}

func (s *storyteller) chance(percent int) bool { return s.rng.IntN(100) < percent }

func pick[T any](s *storyteller, list ...T) T { return list[s.rng.IntN(len(list))] }

var (
	queueIDs  = []conversation.QueueID{"sales", "care", "vip", "night", "backup", "closing", "spare"}
	agentIDs  = []agent.ID{"ann", "bob", "cyr", "dan", "eva", "fil", "gita", "hugo"}
	sourceIDs = []conversation.Source{"page", "insta", "shop"}
	teamIDs   = []routing.TeamID{"front", "back", "night"}
	skills    = []conversation.Skill{"czech", "billing", "tech"}
)

func (s *storyteller) policy() wrapup.Policy {
	p := wrapup.Policy{
		Reasons: []wrapup.Reason{{ID: "done", Label: "Done"}, {ID: "spam", Label: "Spam"}}, Default: "done",
		FreesSlot: s.chance(30), Cancellable: s.chance(50),
	}
	if s.chance(80) {
		p.Limit = pick(s, time.Second, 20*time.Second, time.Minute)
	}
	if s.chance(50) {
		p.Extension, p.MaxExtensions = 30*time.Second, 1+s.rng.IntN(3)
	}
	return p
}

func (s *storyteller) needs() []conversation.Need {
	var out []conversation.Need
	for _, skill := range skills {
		if s.chance(12) {
			n := conversation.Need{Skill: skill, Level: 1 + s.rng.IntN(8)}
			if s.chance(70) {
				n.Steps = []conversation.Relax{{After: 20 * time.Second, Level: n.Level / 2}}
			}
			if len(n.Steps) > 0 && s.chance(50) {
				n.Steps = append(n.Steps, conversation.Relax{After: time.Minute, Level: 0})
			}
			if len(n.Steps) == 2 && n.Steps[0].Level == 0 {
				n.Steps = n.Steps[:1]
			}
			out = append(out, n)
		}
	}
	return out
}

func subset[T any](s *storyteller, percent int, all []T) []T {
	var out []T
	for _, x := range all {
		if s.chance(percent) {
			out = append(out, x)
		}
	}
	return out
}

func (s *storyteller) queue(id conversation.QueueID) routing.Queue {
	q := routing.Queue{
		ID: id, Teams: subset(s, 80, teamIDs), Agents: subset(s, 15, agentIDs),
		Strategy: pick(s, routing.LongestAvailable, routing.LeastLoaded, routing.RoundRobin, routing.MostSkilled),
		Priority: s.rng.IntN(11), OfferFor: pick(s, 0, 0, 10*time.Second, 40*time.Second),
		Cooldown: pick(s, 0, time.Second, 10*time.Second), WrapUp: s.policy(),
		JoinedOwesNone: s.chance(50), NoTransfers: s.chance(10),
		TransferFallback: pick(s, conversation.ToOldQueue, conversation.ToSender, conversation.EndIt, conversation.ToSender),
	}
	if s.chance(40) {
		q.Needs = s.needs()
	}
	if s.chance(50) {
		q.MaxWait = pick(s, 10*time.Second, time.Minute, 5*time.Minute)
	}
	if s.chance(40) {
		q.MaxSize = 1 + s.rng.IntN(4)
	}
	if s.chance(30) {
		q.InactiveAfter = pick(s, 30*time.Second, 5*time.Minute)
	}
	if s.chance(40) {
		q.Templates = map[conversation.EntryKind]string{
			conversation.EntryJoined: "{agent} joins you", conversation.EntryLeft: "{agent} left {queue}",
			conversation.EntryTransferred: "you are handed over",
		}
	}
	if id == "closing" || id == "night" || s.chance(15) {
		q.AtClosing = pick(s, routing.KeepWaiting, routing.CloseNotify, routing.CloseOverflow, routing.CloseEnd)
		q.Notice = pick(s, "", "we are closed")
		if q.AtClosing == routing.CloseNotify {
			q.Notice = "we are closed"
		}
		q.Hours.Zone = "Europe/Prague"
		for d := time.Sunday; d <= time.Saturday; d++ {
			from := s.rng.IntN(12)
			q.Hours.Week = append(q.Hours.Week, routing.Opening{Day: d, From: routing.Clock(from, 30*s.rng.IntN(2)), To: routing.Clock(from+6+s.rng.IntN(6), 0)})
		}
		q.Hours.Holidays = []routing.Holiday{{Date: "2026-03-30"}}
	}
	return q
}

func (s *storyteller) agent(id agent.ID) routing.Agent {
	a := routing.Agent{ID: id, Name: "Agent " + string(id), Teams: subset(s, 75, teamIDs)}
	for _, skill := range skills {
		if s.chance(60) {
			if a.Skills == nil {
				a.Skills = make(map[conversation.Skill]int)
			}
			a.Skills[skill] = 1 + s.rng.IntN(10)
		}
	}
	if s.chance(90) {
		a.Capacity = map[conversation.Medium]int{conversation.Social: pick(s, 0, 1, 1, 2, 2, 3, 3)}
	}
	return a
}

func (s *storyteller) source(id conversation.Source, queues []routing.Queue) routing.Source {
	src := routing.Source{ID: id, Channel: "messenger", Queue: queues[s.rng.IntN(len(queues))].ID}
	if id == "insta" {
		src.Channel = "instagram"
	}
	if s.chance(30) {
		src.Priority, src.Needs = s.rng.IntN(11), s.needs()
	}
	return src
}

func (s *storyteller) settings() routing.Settings {
	return routing.Settings{
		Ageing: routing.Ageing(pick(s, 0, 10*time.Second, time.Minute)),
		Agents: agent.Policy{
			ReturnAfter: pick(s, 0, 0, 5*time.Minute), MissesToIdle: pick(s, 0, 0, 2), Grace: pick(s, 0, -1, 10*time.Second),
		},
		WhenGone: pick(s, routing.RequeueSeats, routing.HoldSeats), MaxHops: pick(s, 0, 2),
		MaxText:        map[conversation.Channel]int{"instagram": 20},
		InterruptedFor: pick(s, 0, time.Minute), PreferFor: pick(s, 0, 2*time.Minute),
		PreferWait: pick(s, 0, 15*time.Second), RetryFor: pick(s, 0, 20*time.Second), Linger: pick(s, time.Second, time.Minute, 3*time.Minute),
	}
}

// setup makes up a whole setup; most times it is valid.
func (s *storyteller) setup() routing.Setup {
	out := routing.Setup{Settings: s.settings()}
	for _, id := range teamIDs {
		out.Teams = append(out.Teams, routing.Team{ID: id})
	}
	for _, id := range queueIDs {
		if id != "spare" && s.chance(92) || len(out.Queues) == 0 {
			out.Queues = append(out.Queues, s.queue(id))
		}
	}
	for _, id := range agentIDs {
		if s.chance(92) {
			out.Agents = append(out.Agents, s.agent(id))
		}
	}
	for _, id := range sourceIDs {
		if s.chance(90) {
			out.Sources = append(out.Sources, s.source(id, out.Queues))
		}
	}
	for i := range out.Queues {
		s.tie(&out.Queues[i], &out)
	}
	return out
}

// tie makes what a queue names fit the setup.
func (s *storyteller) tie(q *routing.Queue, in *routing.Setup) {
	q.Agents = slices.DeleteFunc(q.Agents, func(id agent.ID) bool {
		return !slices.ContainsFunc(in.Agents, func(a routing.Agent) bool { return a.ID == id })
	})
	for i := range in.Queues {
		if id := in.Queues[i].ID; id != q.ID && s.chance(40) {
			q.Overflow = append(q.Overflow, id)
			if s.chance(30) {
				q.TransferFallback, q.FallbackQueue = conversation.FallbackQueue, id
			}
		}
	}
}

var (
	admin      = agent.Actor{Role: agent.Administrator, ID: "root"}
	supervisor = agent.Actor{Role: agent.Supervisor, ID: "sue"}
	platform   = agent.Actor{Role: agent.Platform, ID: "sender"}
)

func self(id agent.ID) agent.Actor { return agent.Actor{Role: agent.Self, ID: string(id)} }

// command makes up the next one.
func (s *storyteller) command() Command {
	if len(s.keys) > 0 && s.chance(2) {
		return pick(s, s.keys...)
	}
	by, body := s.body()
	if s.chance(2) {
		by, body = platform, TakeLane{Conversation: s.conversation(), Node: pick(s, "n1", "n2"), Alone: s.chance(30)}
	}
	c := Command{By: by, Body: body}
	switch {
	case s.chance(3):
		c.By = pick(s, agent.Actor{}, supervisor, platform, admin, self("ann"), self("nobody"),
			agent.Actor{Role: agent.Bot, ID: "b"}, agent.Actor{Role: agent.Customer, ID: "x"}, agent.Actor{Role: 77})
	case s.chance(5):
		c.Key = fmt.Sprint("key-", s.rng.IntN(20))
		s.keys = append(s.keys, c)
	case s.chance(1):
		c.Key = strings.Repeat("k", 129)
	}
	c.Why = pick(s, "", "", "because")
	return c
}

func (s *storyteller) body() (agent.Actor, any) {
	switch n := s.rng.IntN(100); {
	case n < 26:
		return s.fromCustomer()
	case n < 46:
		return s.ofAgent()
	case n < 86:
		return s.ofConversation()
	case n < 94:
		return s.ofSender()
	case n < 99:
		return s.ofAdministrator()
	}
	return supervisor, pick[any](s, nil, 7, conversation.MakeOffer{Conversation: 1, Agent: "ann"}, agent.Miss{Agent: "ann"},
		agent.Tick{Agent: "ann"}, conversation.Tick{Conversation: 1}, (*conversation.End)(nil), (*agent.SignIn)(nil),
		conversation.Finish{Conversation: 1, Cause: "x"}, TakeLane{Conversation: s.conversation(), Node: "n2"},
		TakeLane{Conversation: s.conversation(), Node: "n1"}, conversation.Requeue{}, routing.PutQueue{},
		routing.DeleteQueue{Queue: "nowhere"}, conversation.AcceptAll{Agent: "nobody"})
}

func (s *storyteller) customer() conversation.Customer {
	return conversation.Customer(fmt.Sprint("c", s.rng.IntN(7)))
}

func channelOf(src conversation.Source) conversation.Channel {
	if src == "insta" {
		return "instagram"
	}
	return "messenger"
}

func (s *storyteller) fromCustomer() (agent.Actor, any) {
	src, who := pick(s, sourceIDs...), s.customer()
	ch := channelOf(src)
	by := agent.Actor{Role: agent.Customer, ID: string(who)}
	id := fmt.Sprint("in-", s.next)
	if c := s.f.convs.get(s.conversation()); c != nil && s.chance(60) {
		src, who, ch = c.v.Source, c.v.Customer, c.v.Channel
		if n := len(c.v.Messages); n > 0 {
			id = c.v.Messages[s.rng.IntN(n)].ExternalID
		}
	}
	switch n := s.rng.IntN(100); {
	case n < 70:
		s.next++
		in := conversation.Inbound{
			Channel: ch, Source: src, Customer: who, ExternalID: fmt.Sprint("in-", s.next), Text: "hello",
			ReplyTo: pick(s, "", id),
		}
		if s.chance(30) {
			in.ChannelAt = s.now.Add(-time.Duration(s.rng.IntN(60)) * time.Hour)
		}
		switch s.rng.IntN(20) {
		case 0:
			in.Text = ""
		case 1:
			in.Channel = pick[conversation.Channel](s, "messenger", "instagram", "fax")
		case 2:
			in.Source = "nowhere"
		case 3, 4:
			if len(s.sent) > 0 {
				in.ExternalID = pick(s, s.sent...) // once more
			}
		case 5, 6, 7:
			in.Entry = conversation.Opening{
				Queue: pick(s, append(queueIDs, "", "nowhere")...), Priority: s.rng.IntN(12), Needs: s.needs(),
				Preferred: pick(s, append(agentIDs, "", "nobody")...), Attributes: agent.Attributes{"k": "v"},
			}
		}
		s.sent = append(s.sent, in.ExternalID)
		return by, in
	case n < 74:
		return by, conversation.Edit{Channel: ch, Source: src, Customer: who, ExternalID: pick(s, id, fmt.Sprint("in-", s.next+1)), Text: "edited", Edits: s.rng.IntN(4)}
	case n < 78:
		return by, conversation.Unsend{
			Channel: ch, Source: src, Customer: who, ExternalID: pick(s, id, fmt.Sprint("in-", s.next+1)), Parts: pick(s, nil, []string{id}),
		}
	case n < 82:
		return by, conversation.React{Channel: ch, Source: src, Customer: who, ExternalID: id, Emoji: pick(s, "", "heart"), ChannelAt: pick(s, time.Time{}, s.now, s.now.Add(-time.Second))}
	case n < 88:
		return platform, conversation.Receipt{
			Channel: ch, Source: src, Customer: who, Watermark: pick(s, time.Time{}, s.now, s.now.Add(-time.Minute)), ExternalIDs: []string{id},
			Status: pick(s, conversation.StatusDelivered, conversation.StatusRead, conversation.StatusQueued),
		}
	case n < 92:
		return by, conversation.Hangup{Channel: ch, Source: src, Customer: who}
	}
	s.next++
	return platform, conversation.Outside{
		Channel: ch, Source: src, Customer: who, ExternalID: pick(s, id, fmt.Sprint("out-", s.next)), Text: "from the inbox",
		Key: pick(s, "", conversation.SendKey(s.conversation(), 1+s.rng.IntN(4))),
	}
}

func (s *storyteller) agentID() agent.ID { return pick(s, agentIDs...) }

func (s *storyteller) ofAgent() (agent.Actor, any) {
	id := s.agentID()
	by := self(id)
	if s.chance(10) {
		by = supervisor
	}
	session := fmt.Sprint("s", s.rng.IntN(2))
	a := s.f.agents[id]
	switch n := s.rng.IntN(100); {
	case n < 80 && a != nil && a.v.State == agent.SignedOut:
		return by, agent.SignIn{Agent: id}
	case n < 80 && a != nil && a.v.State != agent.Available:
		return by, agent.MakeAvailable{Agent: id}
	case n < 10:
		return by, agent.SignIn{Agent: id}
	case n < 64:
		return by, agent.MakeAvailable{Agent: id}
	case n < 70:
		return by, agent.MakeIdle{Agent: id, Reason: pick(s, "", "lunch")}
	case n < 76:
		return by, agent.SignOut{Agent: id}
	case n < 78:
		return supervisor, agent.SignOut{Agent: id, Force: true}
	case n < 86:
		return by, agent.Connect{Agent: id, Session: session}
	case n < 90:
		return by, agent.Disconnect{Agent: id, Session: session}
	case n < 93:
		return by, agent.SetAttributes{Agent: id, Set: agent.Attributes{"k": pick(s, "", "v")}}
	}
	return by, conversation.AcceptAll{Agent: id}
}

// conversation picks one, now and then one that is not there.
func (s *storyteller) conversation() conversation.ID {
	ids := s.f.convIDs()
	if len(ids) == 0 || s.chance(2) {
		return conversation.ID(s.rng.IntN(50))
	}
	return pick(s, ids...)
}

// ofConversation picks what fits a conversation's state, most times.
func (s *storyteller) ofConversation() (agent.Actor, any) {
	var c *conversation.Conversation
	for range 4 {
		if r := s.f.convs.get(s.conversation()); r != nil {
			if c = &r.v; c.State != conversation.Ended {
				break
			}
		}
	}
	if s.chance(60) { // rather one that is served
		var live []conversation.ID
		for _, k := range s.f.convIDs() {
			if s.f.convs.get(k).v.State.Live() {
				live = append(live, k)
			}
		}
		if len(live) > 0 {
			c = &s.f.convs.get(pick(s, live...)).v
		}
	}
	if c == nil {
		c = &conversation.Conversation{ID: 99999}
	}
	id, who, other := c.ID, s.agentID(), s.agentID()
	for range 4 {
		if a := s.f.agents[other]; a == nil || !a.v.Ready() || other == c.OwnerID() {
			other = s.agentID()
		}
	}
	if o := c.OwnerID(); o != "" && s.chance(85) {
		who = o
	} else if n := len(c.Seats); n > 0 && s.chance(60) {
		who = c.Seats[s.rng.IntN(n)].Agent
	}
	if c.Offer == nil && s.chance(25) { // rather one that is offered
		for _, k := range s.f.convIDs() {
			if r := s.f.convs.get(k); r.v.Offer != nil && s.chance(40) {
				c, id = &r.v, k
				break
			}
		}
	}
	if c.Offer != nil && s.chance(80) {
		who = c.Offer.Agent
		by := self(who)
		switch s.rng.IntN(10) {
		case 0:
			return by, conversation.Decline{Conversation: id, Agent: who, Reason: "busy"}
		case 1:
			return by, conversation.AcceptAll{Agent: who}
		case 2, 3, 4, 5, 6, 7, 8:
			return by, conversation.Accept{Conversation: id, Agent: who}
		}
	}
	by := self(who)
	if s.chance(5) {
		by = supervisor
	}
	if c.State == conversation.Conference && s.chance(40) {
		for i := range c.Seats {
			if c.Seats[i].State == conversation.SeatActive && c.Seats[i].No != c.Owner {
				other = c.Seats[i].Agent
			}
		}
		return pick(s, self(who), self(other)), pick[any](s,
			conversation.Leave{Conversation: id, Agent: who}, conversation.Leave{Conversation: id, Agent: other},
			conversation.Remove{Conversation: id, Agent: who, Who: other}, conversation.End{Conversation: id, Agent: who})
	}
	if s.chance(15) { // rather one that is wrapped up
		for _, k := range s.f.convIDs() {
			r := s.f.convs.get(k)
			if slices.ContainsFunc(r.v.Seats, func(st conversation.Seat) bool { return st.State == conversation.SeatWrapping }) {
				c, id = &r.v, k
				break
			}
		}
	}
	for i := range c.Seats {
		if st := &c.Seats[i]; st.State == conversation.SeatWrapping && s.chance(60) {
			return self(st.Agent), pick[any](s,
				conversation.SubmitWrapUp{Conversation: id, Agent: st.Agent, Reason: pick[wrapup.ReasonID](s, "done", "spam", "nonsense")},
				conversation.ExtendWrapUp{Conversation: id, Agent: st.Agent},
				conversation.CancelCountdown{Conversation: id, Agent: st.Agent},
				conversation.CancelTransfer{Conversation: id, Agent: st.Agent})
		}
	}
	switch n := s.rng.IntN(100); {
	case n < 20:
		return by, conversation.Write{Conversation: id, Agent: who, Draft: conversation.Draft{
			Text: pick(s, "hi", "good day", strings.Repeat("x", 30), ""), ReplyTo: pick(s, 0, 1, 99), AgentsOnly: s.chance(20)}}
	case n < 36:
		return by, conversation.TransferToAgent{Conversation: id, Agent: who, To: other}
	case n < 44:
		return by, conversation.TransferToQueue{Conversation: id, Agent: who, Queue: pick(s, queueIDs...)}
	case n < 64:
		return by, conversation.Invite{Conversation: id, Agent: who, To: other}
	case n < 71:
		return by, conversation.End{Conversation: id, Agent: who}
	case n < 72:
		return supervisor, conversation.End{Conversation: id}
	case n < 75:
		return by, conversation.CancelInvite{Conversation: id, Agent: who}
	case n < 78:
		return by, conversation.CancelTransfer{Conversation: id, Agent: who}
	case n < 82:
		return by, conversation.Accept{Conversation: id, Agent: who}
	case n < 84:
		return by, conversation.Decline{Conversation: id, Agent: who}
	case n < 86:
		return by, conversation.Leave{Conversation: id, Agent: who}
	case n < 88:
		return by, conversation.Remove{Conversation: id, Agent: who, Who: other}
	case n < 91:
		return supervisor, conversation.SetPriority{Conversation: id, Priority: s.rng.IntN(12)}
	case n < 93:
		return by, conversation.SetAttributes{Conversation: id, Set: agent.Attributes{"k": pick(s, "", "w")}}
	case n < 95:
		return agent.Actor{Role: agent.Bot, ID: "b"}, conversation.Write{Conversation: id, Draft: conversation.Draft{Text: "I am a bot"}}
	}
	return by, conversation.SubmitWrapUp{Conversation: id, Agent: who, Reason: "done"}
}

// ofSender reports what became of a message that is being sent, or of another.
func (s *storyteller) ofSender() (agent.Actor, any) {
	if s.chance(25) {
		return platform, s.ofArchive()
	}
	var at []conversation.ID
	for _, l := range s.f.Lanes() {
		at = append(at, l.Conversation)
	}
	id, no := s.conversation(), 1+s.rng.IntN(4)
	var taken uint64
	if len(at) > 0 && s.chance(90) {
		id = pick(s, at...)
		no = s.f.convs.get(id).v.Lane.No
		taken = pick(s, 0, s.f.convs.get(id).v.Lane.Taken, s.f.convs.get(id).v.Lane.Taken, 1)
	}
	switch {
	case s.chance(10):
		return platform, HoldLane{Conversation: id, No: no, Taken: taken}
	case s.chance(30):
		return platform, conversation.Deferred{
			Conversation: id, No: no, After: time.Duration(s.rng.IntN(30)) * time.Second, Why: "rate-limited", Taken: taken,
		}
	}
	s.next++
	return platform, conversation.Settled{
		Conversation: id, No: no, Taken: taken, ExternalID: fmt.Sprint("out-", s.next),
		Status: pick(s, conversation.StatusSent, conversation.StatusSent, conversation.StatusFailed, conversation.StatusUnknown),
	}
}

// ofArchive reports what the archive did, now and then of what is not due or has
// changed since, or asks for a message to be emptied there.
func (s *storyteller) ofArchive() any {
	if away := s.f.Away(); len(away) > 0 && s.chance(50) {
		a := pick(s, away...)
		return Emptied{Conversation: a.Conversation, No: a.No}
	}
	id := s.conversation()
	if s.chance(30) {
		return pick[any](s, Empty{Conversation: id, No: s.rng.IntN(12)}, Emptied{Conversation: id, No: 1})
	}
	if due := s.f.ArchiveDue(); len(due) > 0 && s.chance(90) {
		id = pick(s, due...)
	}
	part, _, ok := s.f.ToArchive(id)
	switch {
	case !ok:
		return conversation.Stored{Conversation: id}
	case s.chance(20):
		part.Messages = part.Messages[:len(part.Messages)-1]
	}
	return conversation.Stored{Conversation: id, Part: &part}
}

// ofErasure erases a customer, or reports how far an erasure is.
func (s *storyteller) ofErasure() (agent.Actor, any) {
	if n := len(s.f.Erasures()); n > 0 && s.chance(70) {
		e := s.f.Erasures()[s.rng.IntN(n)]
		return platform, pick[any](s, Cleared{Erasure: e.No}, Purged{Erasure: e.No}, Purged{Erasure: e.No}, Cleared{Erasure: 1})
	}
	e := routing.Erase{Source: pick(s, sourceIDs...), Customer: s.customer()}
	if c := s.f.convs.get(s.conversation()); c != nil && s.chance(60) {
		e.Source, e.Customer = c.v.Source, c.v.Customer
	}
	return pick(s, admin, platform, supervisor), pick[any](s, e, Erase{Erase: e, Clean: true}, routing.Erase{Customer: "x"})
}

func (s *storyteller) ofAdministrator() (agent.Actor, any) {
	if s.chance(20) {
		return s.ofErasure()
	}
	have := s.f.Setup()
	queue, who, src := pick(s, queueIDs...), s.agentID(), pick(s, sourceIDs...)
	switch n := s.rng.IntN(100); {
	case n < 12:
		return admin, routing.PutAgent{Agent: s.agent(who)}
	case n < 18:
		return admin, routing.DeleteAgent{Agent: who}
	case n < 34:
		q := s.queue(queue)
		s.tie(&q, &have)
		return admin, routing.PutQueue{Queue: q}
	case n < 50:
		return admin, routing.DeleteQueue{Queue: queue, DrainTo: pick(s, append(queueIDs, "")...)}
	case n < 62:
		return pick(s, admin, platform), routing.RemoveSource{Source: src, Why: pick(s, "", "token-revoked")}
	case n < 82:
		if len(have.Queues) == 0 {
			return admin, routing.Configure{Setup: s.setup()}
		}
		return admin, routing.PutSource{Source: s.source(src, have.Queues)}
	case n < 88:
		return admin, routing.PutSettings{Settings: s.settings()}
	case n < 91:
		return admin, pick[any](s, routing.PutTeam{Team: routing.Team{ID: "front", Name: "Front"}}, routing.DeleteTeam{Team: "night"})
	case n < 94:
		return admin, routing.Configure{Setup: have}
	}
	drain := make(map[conversation.QueueID]conversation.QueueID)
	to := s.setup()
	for _, q := range queueIDs {
		if s.chance(80) {
			drain[q] = to.Queues[s.rng.IntN(len(to.Queues))].ID
		}
	}
	if s.chance(50) { // delete queues, tied loose so that it is valid
		for i := range to.Queues {
			to.Queues[i].Overflow = nil
		}
	}
	return admin, routing.Configure{Setup: to, Drain: drain}
}
