package switchboardtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// player plays one story against a Kit.
type player struct {
	kit  *Kit
	day  time.Time // the first: instants of others have a date
	out  []string  // what the present command gave
	ids  map[conversation.Customer][]conversation.ID
	whom map[conversation.ID]conversation.Customer
	sent map[conversation.Customer]int // messages written, for their ids
	made map[conversation.ID]uint64    // the last decision of the routing
	page int                           // messages written in the page's inbox
	seen int                           // events so far, told or not
}

func newPlayer(k *Kit) *player {
	return &player{
		kit: k, day: k.config.Start.UTC(), ids: make(map[conversation.Customer][]conversation.ID), whom: make(map[conversation.ID]conversation.Customer),
		sent: make(map[conversation.Customer]int), made: make(map[conversation.ID]uint64),
	}
}

// badLine is what is wrong with a line beside its form: it is no refusal of the
// board.
type badLine struct{ msg string }

func (e *badLine) Error() string { return e.msg }

func bad(format string, args ...any) error { return &badLine{fmt.Sprintf(format, args...)} }

// play runs a command and returns what it gave, a line each.
func (p *player) play(c command) ([]string, error) {
	p.out = nil
	err := c.verb.run(p, c.args)
	var wrong *badLine
	if errors.As(err, &wrong) {
		return nil, err
	}
	if err != nil {
		p.say("%s", p.refusal(err))
	}
	p.catchUp()
	return p.out, nil
}

// say adds a line without an instant.
func (p *player) say(format string, args ...any) { p.out = append(p.out, fmt.Sprintf(format, args...)) }

// catchUp tells the events that have happened.
func (p *player) catchUp() {
	for _, e := range p.kit.Events() {
		p.seen++
		p.note(e)
		if text := p.describe(e); text != "" {
			p.say("%s %s", p.clock(e.At), text)
		}
	}
}

// note keeps what later lines refer to.
func (p *player) note(e switchboard.Event) {
	switch b := e.Body.(type) {
	case conversation.Opened:
		p.ids[b.Customer] = append(p.ids[b.Customer], b.Conversation)
		p.whom[b.Conversation] = b.Customer
	case conversation.OfferMade:
		if b.Decision != nil {
			p.made[b.Conversation] = e.Seq
		}
	}
}

// label names a conversation by its customer; when the customer has had several,
// with its number.
func (p *player) label(id conversation.ID) string {
	if id == 0 {
		return "none"
	}
	who, ok := p.whom[id]
	if !ok {
		return id.String()
	}
	all := p.ids[who]
	if len(all) == 1 {
		return string(who)
	}
	return fmt.Sprintf("%s#%d", who, slices.Index(all, id)+1)
}

// find returns the conversation that a label names: "eva" is the customer's last
// one, "eva#1" the first.
func (p *player) find(label string) (conversation.ID, error) {
	name, number, numbered := strings.Cut(label, "#")
	all := p.ids[conversation.Customer(name)]
	if len(all) == 0 {
		if id, err := conversation.ParseID(label); err == nil && id != 0 {
			return id, nil
		}
		return 0, bad("the customer %s has no conversation yet", name)
	}
	if !numbered {
		return all[len(all)-1], nil
	}
	for i, id := range all {
		if number == itoa(i+1) {
			return id, nil
		}
	}
	return 0, bad("%s is not one of %d conversations", label, len(all))
}

// clock writes an instant as a clock on the wall shows it; on another day than
// the first with the date.
func (p *player) clock(at time.Time) string {
	at = at.UTC()
	layout := "15:04:05.999999999"
	if at.Format(time.DateOnly) != p.day.Format(time.DateOnly) {
		layout = "2006-01-02 " + layout
	}
	return at.Format(layout)
}

// do carries out a command and says what is not an event.
func (p *player) do(by agent.Actor, a args, cmd any) error {
	res, err := p.kit.Board.Do(context.Background(), switchboard.Command{
		By: by, Why: a.option("why"), Key: a.option("key"), Do: cmd,
	})
	if err != nil {
		return err
	}
	before := p.seen
	p.catchUp()
	for _, r := range res.Accepted {
		if r.Err != nil {
			p.say("%s: %s", p.label(r.Conversation), p.refusal(r.Err))
		} else {
			p.say("%s: accepted", p.label(r.Conversation))
		}
	}
	switch {
	case res.Duplicate && res.Message > 0:
		p.say("already done: %s %d", p.label(res.Conversation), res.Message)
	case res.Duplicate:
		p.say("already done")
	case p.seen == before:
		p.say("nothing changes")
	}
	return nil
}

// admin carries out a command of the administrator, or with by= one that a
// supervisor tries.
func (p *player) admin(a args, cmd any) error {
	by := agent.Actor{Role: agent.Administrator, ID: "admin"}
	if s := a.option("by"); s != "" {
		by = agent.Actor{Role: agent.Supervisor, ID: s}
	}
	return p.do(by, a, cmd)
}

// refusal words an error. Every refusal names the conversation or the agent and
// its state; the name of the command is on the line above.
func (p *player) refusal(err error) string {
	var (
		inConversation *conversation.Refusal
		ofAgent        *agent.Refusal
		setup          *routing.SetupError
	)
	switch {
	case errors.As(err, &inConversation):
		if inConversation.Conversation == 0 { // there is none yet
			return "refused: " + plain(inConversation.Err)
		}
		s := "refused: " + plain(inConversation.Err) + " (" + p.label(inConversation.Conversation) + " is " + inConversation.State.String()
		if inConversation.Holder != "" {
			s += ", held by " + string(inConversation.Holder)
		}
		return s + ")"
	case errors.As(err, &ofAgent):
		if errors.Is(err, routing.ErrUnknown) {
			return "refused: " + plain(ofAgent.Err) // nobody is in no state
		}
		return fmt.Sprintf("refused: %s (%s is %s)", plain(ofAgent.Err), ofAgent.Agent, ofAgent.State)
	case errors.As(err, &setup):
		s := "refused: the setup is not valid"
		for _, problem := range setup.Problems {
			s += "; " + problem.Error()
		}
		return s
	}
	return "refused: " + plain(err)
}

// plain is the text of an error without the names of packages.
func plain(err error) string {
	return strings.NewReplacer("conversation: ", "", "agent: ", "", "routing: ", "", "switchboard: ", "", "wrapup: ", "").Replace(err.Error())
}

// ready signs an agent in and makes it available.
func (p *player) ready(a args) error {
	by := agent.Actor{Role: agent.Self, ID: a.get("agent")}
	if err := p.do(by, a, agent.SignIn{Agent: who(a)}); err != nil {
		return err
	}
	return p.do(by, a, agent.MakeAvailable{Agent: who(a)})
}

// advanceTo moves on to a time of the day.
func (p *player) advanceTo(a args) error {
	at, err := time.Parse(time.TimeOnly, a.get("time"))
	if err != nil {
		return bad("%v", err)
	}
	now := p.kit.Now()
	y, m, d := now.Date()
	to := time.Date(y, m, d, at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
	if to.Before(now) {
		to = to.AddDate(0, 0, 1)
	}
	p.kit.Advance(to.Sub(now))
	return nil
}

func (p *player) clockJumpsBack(a args) error {
	if p.kit.Mock == nil {
		return bad("only a mock clock jumps")
	}
	p.kit.Mock.Set(p.kit.Mock.Now().Add(-a.duration("duration")))
	return nil
}
