package floor

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// ErrActor means that a command does not say who acts.
var ErrActor = errors.New("switchboard: the command does not say who acts")

// ErrKey means that an idempotency key is longer than 128 bytes.
var ErrKey = errors.New("switchboard: the idempotency key is too long")

// ErrCommand means that a command is nil, of no known type, or the engine's own.
var ErrCommand = errors.New("switchboard: not a command")

// Do decides a command at now, after all deadlines up to then: the caller has
// called Advance until it returned false. A refusal leaves no trace.
func (f *Floor) Do(now time.Time, cmd Command) (Result, error) {
	f.begin()
	if now.After(f.now) {
		f.now = now
	}
	if cmd.By.Role == agent.Engine {
		return Result{}, ErrActor
	}
	if len(cmd.Key) > 128 {
		return Result{}, ErrKey
	}
	if cmd.Key != "" {
		if r, known := f.keys.find(keyDigest(cmd.By, cmd.Key), f.now); known {
			res := Result{Conversation: r.conversation, Message: r.message, Duplicate: true}
			if all, ok := cmd.Body.(conversation.AcceptAll); ok {
				res.Accepted = f.accepted(all.Agent)
			}
			return res, nil
		}
	}
	f.as(command{cmd.By, cmd.Why, cmd.Key})
	res, err := f.dispatch(cmd.Body)
	if err == nil && f.pending.key != "" { // no event has it yet
		f.emit(routing.KeyUsed{Conversation: res.Conversation, Message: res.Message})
	}
	f.engine()
	if err != nil {
		return Result{}, err
	}
	f.follow()
	if f.route() {
		f.follow()
	}
	f.lendIfGiven()
	return res, nil
}

func (f *Floor) dispatch(body any) (Result, error) {
	switch cmd := body.(type) {
	case conversation.Command:
		res, err := f.doConversation(cmd)
		return res, f.refusal(cmd, err)
	case Missing:
		res, err := f.onMessage(cmd.Unsend, routing.ChangeKept{Unsend: &cmd.Unsend}, false)
		return res, f.refusal(cmd.Unsend, err)
	case agent.Command:
		return Result{}, f.doAgent(cmd)
	case Erase:
		return f.erase(cmd)
	case routing.Erase:
		return f.erase(Erase{Erase: cmd})
	case routing.Command:
		return Result{}, f.doRouting(cmd)
	case TakeLane:
		return Result{}, f.takeLane(cmd)
	case Cleared:
		f.clearErasure(cmd)
		return Result{}, nil
	case Purged:
		f.purged(cmd)
		return Result{}, nil
	case Empty:
		return f.empty(cmd)
	case Emptied:
		f.emptied(cmd)
		return Result{}, nil
	case HoldLane:
		return Result{}, f.holdLane(cmd)
	}
	return Result{}, fmt.Errorf("%w: %T", ErrCommand, body)
}

// refusal makes the error of a command about a conversation a *conversation.Refusal.
func (f *Floor) refusal(cmd conversation.Command, err error) error {
	if err != nil && !refused(err) && !errors.Is(err, ErrCommand) {
		return &conversation.Refusal{Command: cmd.Name(), Agent: f.actingAgent(), Err: err}
	}
	return err
}

func refused(err error) bool {
	var refusal *conversation.Refusal
	return errors.As(err, &refusal)
}

// actingAgent is the agent who acts for itself, or "".
func (f *Floor) actingAgent() agent.ID {
	if by := f.pending.by; by.Role == agent.Self {
		return agent.ID(by.ID)
	}
	return ""
}

// notCommand says why something is not a command that may come from outside.
func notCommand(cmd any) error {
	if t := reflect.TypeOf(cmd); t != nil && t.Kind() == reflect.Pointer {
		return fmt.Errorf("%w: %T is a pointer; pass it as a value", ErrCommand, cmd)
	}
	return fmt.Errorf("%w: %T is the engine's own", ErrCommand, cmd)
}

// oversees reports whether the actor may act for any agent.
func oversees(by agent.Actor) bool {
	return by.Role == agent.Supervisor || by.Role == agent.Administrator
}

// doAgent decides what an agent, or a supervisor for it, wants of its state.
func (f *Floor) doAgent(cmd agent.Command) error {
	switch cmd.(type) {
	case agent.SignIn, agent.SignOut, agent.MakeAvailable, agent.MakeIdle, agent.Connect, agent.Disconnect, agent.SetAttributes:
	case agent.Miss, agent.Tick, agent.Settle:
		return notCommand(cmd)
	default:
		// A pointer may be nil, so it cannot even be asked for its agent.
		return fmt.Errorf("%w: %T; pass a command by value", ErrCommand, cmd)
	}
	id := cmd.AgentID()
	a := f.agent(id)
	if a == nil || a.deleted {
		return &agent.Refusal{Command: agentCommand(cmd), Agent: id, Err: unknown("agent", string(id))}
	}
	if by := f.pending.by; !by.Is(id) && !oversees(by) {
		return &agent.Refusal{Command: agentCommand(cmd), Agent: id, State: a.v.State, Err: agent.ErrNotAllowed}
	}
	switch cmd := cmd.(type) {
	case agent.MakeIdle:
		// Asked for while offered it withdraws the offers first, so that the
		// agent is not engaged by them (E7). A refusal must come before that.
		if _, err := agent.Decide(&a.v, f.now, f.pending.by, cmd, a.load, &f.settings.Agents, f.agentEvents[:0]); err != nil {
			return err
		}
		f.withdrawAll(a)
		return f.agentStep(a, cmd)
	case agent.SignOut:
		return f.signOut(a, cmd)
	}
	return f.agentStep(a, cmd)
}

func agentCommand(cmd agent.Command) string {
	s := fmt.Sprintf("%T", cmd)
	return s[len("agent."):]
}

// signOut closes wrap-ups with their default reasons (E61) and, when it is
// forced, gives everything else back.
func (f *Floor) signOut(a *agentRec, cmd agent.SignOut) error {
	evs, err := agent.Decide(&a.v, f.now, f.pending.by, cmd, a.load, &f.settings.Agents, nil)
	if err != nil || len(evs) == 0 && !cmd.Force {
		return err
	}
	// One who is signed out may hold seats that were kept for their return.
	for _, e := range evs {
		f.emit(e)
	}
	cause := conversation.CloseSignOut
	if cmd.Force {
		cause = conversation.CloseGone
	}
	f.leftAlone(a, cause, cmd.Force, true, cmd.Force)
	return nil
}

// conversationOf returns the conversation that a command names.
func (f *Floor) conversationOf(id conversation.ID) (*convRec, error) {
	c := f.convs.get(id)
	if c == nil {
		return nil, unknown("conversation", id.String())
	}
	return c, nil
}

// doConversation decides what somebody wants of a conversation.
func (f *Floor) doConversation(cmd conversation.Command) (Result, error) {
	// cmd is handed on as it came: to put what it holds into an interface again
	// would copy it.
	switch c := cmd.(type) {
	case conversation.Inbound:
		if !f.speaksFor(c.Customer) {
			return Result{}, conversation.ErrNotAllowed
		}
		return f.receive(cmd, &c)
	case *conversation.Inbound:
		if c == nil {
			break
		}
		if !f.speaksFor(c.Customer) {
			return Result{}, conversation.ErrNotAllowed
		}
		return f.receive(cmd, c)
	case conversation.Outside:
		if f.pending.by.Role != agent.Platform {
			return Result{}, conversation.ErrNotAllowed
		}
		return f.outside(cmd, &c)
	case conversation.Edit:
		return f.onMessage(cmd, routing.ChangeKept{Edit: &c}, false)
	case conversation.Unsend:
		return f.onMessage(cmd, routing.ChangeKept{Unsend: &c}, f.config.Archive)
	case conversation.React:
		return f.onMessage(cmd, routing.ChangeKept{React: &c}, false)
	case conversation.Receipt:
		if f.pending.by.Role != agent.Platform {
			return Result{}, conversation.ErrNotAllowed
		}
		return f.receipt(&c)
	case conversation.Hangup:
		return f.hangup(&c)
	case conversation.AcceptAll:
		return f.acceptAll(c)
	case conversation.Accept:
		return f.onConversation(c.Conversation, cmd)
	case conversation.Decline:
		return f.onConversation(c.Conversation, cmd)
	case conversation.Write:
		return f.onConversation(c.Conversation, cmd)
	case conversation.TransferToQueue:
		return f.transferToQueue(c)
	case conversation.TransferToAgent:
		return f.toAgent(c.Conversation, c.To, cmd)
	case conversation.CancelTransfer:
		return f.onConversation(c.Conversation, cmd)
	case conversation.Invite:
		return f.toAgent(c.Conversation, c.To, cmd)
	case conversation.CancelInvite:
		return f.onConversation(c.Conversation, cmd)
	case conversation.Leave:
		return f.onConversation(c.Conversation, cmd)
	case conversation.Remove:
		return f.onConversation(c.Conversation, cmd)
	case conversation.End:
		return f.onConversation(c.Conversation, cmd)
	case conversation.SubmitWrapUp:
		return f.onConversation(c.Conversation, cmd)
	case conversation.ExtendWrapUp:
		return f.onConversation(c.Conversation, cmd)
	case conversation.CancelCountdown:
		return f.onConversation(c.Conversation, cmd)
	case conversation.SetAttributes:
		return f.setAttributes(cmd, c.Conversation)
	case conversation.SetPriority:
		if by := f.pending.by; !oversees(by) && by.Role != agent.Bot {
			return Result{}, f.notAllowed(c.Conversation, cmd)
		}
		return f.onConversation(c.Conversation, cmd)
	case conversation.Settled:
		return f.fromSender(c.Conversation, cmd)
	case conversation.Deferred:
		return f.fromSender(c.Conversation, cmd)
	case conversation.Stored:
		return f.fromSender(c.Conversation, cmd)
	}
	return Result{}, notCommand(cmd)
}

// speaksFor reports whether the actor says what the customer did: only the
// customer and the channel do.
func (f *Floor) speaksFor(who conversation.Customer) bool {
	by := f.pending.by
	return by.Role == agent.Platform || by.Role == agent.Customer && by.ID == string(who)
}

// setAttributes is for everybody but the customer, and of the agents for those
// who have or had a seat.
func (f *Floor) setAttributes(cmd conversation.Command, id conversation.ID) (Result, error) {
	switch by := f.pending.by; by.Role {
	case agent.Supervisor, agent.Administrator, agent.Bot, agent.Platform:
	case agent.Self:
		c, err := f.conversationOf(id)
		if err != nil {
			return Result{}, err
		}
		if who := agent.ID(by.ID); !c.v.HasSeat(who) {
			return Result{}, &conversation.Refusal{
				Command: cmd.Name(), Conversation: id, Agent: who, State: c.v.State, Holder: c.v.OwnerID(), Err: conversation.ErrNotSeated,
			}
		}
	default:
		return Result{}, f.notAllowed(id, cmd)
	}
	return f.onConversation(id, cmd)
}

// notAllowed refuses a command for the actor's role.
func (f *Floor) notAllowed(id conversation.ID, cmd conversation.Command) error {
	c, err := f.conversationOf(id)
	if err != nil {
		return err
	}
	return &conversation.Refusal{Command: cmd.Name(), Conversation: id, State: c.v.State, Err: conversation.ErrNotAllowed}
}

// onConversation decides a command that concerns one conversation alone.
func (f *Floor) onConversation(id conversation.ID, cmd conversation.Command) (Result, error) {
	c, err := f.conversationOf(id)
	if err != nil {
		return Result{}, err
	}
	return f.decide(c, cmd)
}

// decide decides a command and says where its message is.
func (f *Floor) decide(c *convRec, cmd conversation.Command) (Result, error) {
	n := c.v.LastNo()
	if err := f.convStep(c, cmd, f.rulesOf(&c.v)); err != nil {
		return Result{}, err
	}
	res := Result{Conversation: c.v.ID}
	if c.v.LastNo() > n {
		res.Message = n + 1
	}
	return res, nil
}

// fromSender takes the result of a send or of storing in the archive, which only
// the engine's own senders report.
func (f *Floor) fromSender(id conversation.ID, cmd conversation.Command) (Result, error) {
	if f.pending.by.Role != agent.Platform {
		return Result{}, notCommand(cmd)
	}
	return f.onConversation(id, cmd)
}

// acceptAll accepts every pending offer, invitations and transfers included,
// with one result for each (E16).
func (f *Floor) acceptAll(cmd conversation.AcceptAll) (Result, error) {
	a := f.agent(cmd.Agent)
	if a == nil || a.deleted {
		return Result{}, unknown("agent", string(cmd.Agent))
	}
	if by := f.pending.by; !by.Is(cmd.Agent) && !oversees(by) {
		return Result{}, &agent.Refusal{Command: cmd.Name(), Agent: cmd.Agent, State: a.v.State, Err: agent.ErrNotAllowed}
	}
	var res Result
	for _, c := range slices.Clone(f.holding(a)) {
		if o := c.v.Offer; o != nil && o.Agent == cmd.Agent {
			_, err := f.decide(c, conversation.Accept{Conversation: c.v.ID, Agent: cmd.Agent})
			res.Accepted = append(res.Accepted, Accepted{c.v.ID, err})
		}
	}
	return res, nil
}

// accepted is the answer to an AcceptAll that was carried out before: what the
// agent has now. The outcomes of then are not kept.
func (f *Floor) accepted(id agent.ID) []Accepted {
	var out []Accepted
	if a := f.agent(id); a != nil {
		for _, c := range f.holding(a) {
			if c.v.ActiveSeat(id) != nil {
				out = append(out, Accepted{Conversation: c.v.ID})
			}
		}
	}
	return out
}
