package switchboard

import (
	"context"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Agent is one agent's own door to the board: each method is a [Board.Do] of
// one command, by that agent. It is a small value; make one wherever it is
// needed.
type Agent struct {
	board *Board
	id    agent.ID
}

// Agent returns the door of the agent, who need not be known yet.
func (b *Board) Agent(id agent.ID) Agent { return Agent{b, id} }

// ID returns the agent's id.
func (a Agent) ID() agent.ID { return a.id }

// Do carries out a command as this agent.
func (a Agent) Do(ctx context.Context, cmd any) (Result, error) {
	return a.board.Do(ctx, Command{By: Actor{Role: agent.Self, ID: string(a.id)}, Do: cmd})
}

func (a Agent) do(ctx context.Context, cmd any) error {
	_, err := a.Do(ctx, cmd)
	return err
}

// SignIn makes the agent Idle; see agent.SignIn.
func (a Agent) SignIn(ctx context.Context) error { return a.do(ctx, agent.SignIn{Agent: a.id}) }

// SignOut signs the agent out; see agent.SignOut.
func (a Agent) SignOut(ctx context.Context) error { return a.do(ctx, agent.SignOut{Agent: a.id}) }

// Available makes the agent Available; see agent.MakeAvailable.
func (a Agent) Available(ctx context.Context) error {
	return a.do(ctx, agent.MakeAvailable{Agent: a.id})
}

// Idle makes the agent Idle for the reason; see agent.MakeIdle.
func (a Agent) Idle(ctx context.Context, reason string) error {
	return a.do(ctx, agent.MakeIdle{Agent: a.id, Reason: reason})
}

// Connect says that a desktop of the agent is there; see agent.Connect.
func (a Agent) Connect(ctx context.Context, session string) error {
	return a.do(ctx, agent.Connect{Agent: a.id, Session: session})
}

// Disconnect says that a desktop of the agent is gone; see agent.Disconnect.
func (a Agent) Disconnect(ctx context.Context, session string) error {
	return a.do(ctx, agent.Disconnect{Agent: a.id, Session: session})
}

// Accept takes a pending offer, transfer or invitation; see conversation.Accept.
func (a Agent) Accept(ctx context.Context, id conversation.ID) error {
	return a.do(ctx, conversation.Accept{Conversation: id, Agent: a.id})
}

// AcceptAll takes everything that is offered, with an outcome for each; see
// conversation.AcceptAll.
func (a Agent) AcceptAll(ctx context.Context) ([]Accepted, error) {
	res, err := a.Do(ctx, conversation.AcceptAll{Agent: a.id})
	return res.Accepted, err
}

// Decline gives a pending offer back; see conversation.Decline.
func (a Agent) Decline(ctx context.Context, id conversation.ID, reason string) error {
	return a.do(ctx, conversation.Decline{Conversation: id, Agent: a.id, Reason: reason})
}

// Send writes a text to the customer and returns the message's number; see
// conversation.Write.
func (a Agent) Send(ctx context.Context, id conversation.ID, text string) (int, error) {
	return a.Write(ctx, id, conversation.Draft{Text: text})
}

// Note writes a text that only agents see, and returns the message's number.
func (a Agent) Note(ctx context.Context, id conversation.ID, text string) (int, error) {
	return a.Write(ctx, id, conversation.Draft{Text: text, AgentsOnly: true})
}

// Write writes a message and returns its number; see conversation.Write.
func (a Agent) Write(ctx context.Context, id conversation.ID, d conversation.Draft) (int, error) {
	res, err := a.Do(ctx, conversation.Write{Conversation: id, Agent: a.id, Draft: d})
	return res.Message, err
}

// TransferToQueue hands the conversation to a queue; see
// conversation.TransferToQueue.
func (a Agent) TransferToQueue(ctx context.Context, id conversation.ID, to conversation.QueueID) error {
	return a.do(ctx, conversation.TransferToQueue{Conversation: id, Agent: a.id, Queue: to})
}

// TransferToAgent hands the conversation to an agent; see
// conversation.TransferToAgent.
func (a Agent) TransferToAgent(ctx context.Context, id conversation.ID, to agent.ID) error {
	return a.do(ctx, conversation.TransferToAgent{Conversation: id, Agent: a.id, To: to})
}

// CancelTransfer takes a transfer back; see conversation.CancelTransfer.
func (a Agent) CancelTransfer(ctx context.Context, id conversation.ID) error {
	return a.do(ctx, conversation.CancelTransfer{Conversation: id, Agent: a.id})
}

// Invite asks an agent into a conference; see conversation.Invite.
func (a Agent) Invite(ctx context.Context, id conversation.ID, to agent.ID) error {
	return a.do(ctx, conversation.Invite{Conversation: id, Agent: a.id, To: to})
}

// CancelInvite takes an invitation back; see conversation.CancelInvite.
func (a Agent) CancelInvite(ctx context.Context, id conversation.ID) error {
	return a.do(ctx, conversation.CancelInvite{Conversation: id, Agent: a.id})
}

// Leave takes the agent out of a conference; see conversation.Leave.
func (a Agent) Leave(ctx context.Context, id conversation.ID) error {
	return a.do(ctx, conversation.Leave{Conversation: id, Agent: a.id})
}

// Remove takes the joined agent out of a conference; see conversation.Remove.
func (a Agent) Remove(ctx context.Context, id conversation.ID, who agent.ID) error {
	return a.do(ctx, conversation.Remove{Conversation: id, Agent: a.id, Who: who})
}

// End ends the conversation for everyone; see conversation.End.
func (a Agent) End(ctx context.Context, id conversation.ID) error {
	return a.do(ctx, conversation.End{Conversation: id, Agent: a.id})
}

// WrapUp closes the agent's seat with a reason; see conversation.SubmitWrapUp.
func (a Agent) WrapUp(ctx context.Context, id conversation.ID, reason wrapup.ReasonID) error {
	return a.do(ctx, conversation.SubmitWrapUp{Conversation: id, Agent: a.id, Reason: reason})
}

// ExtendWrapUp asks for more time; see conversation.ExtendWrapUp.
func (a Agent) ExtendWrapUp(ctx context.Context, id conversation.ID) error {
	return a.do(ctx, conversation.ExtendWrapUp{Conversation: id, Agent: a.id})
}

// CancelCountdown takes the limit off the wrap-up; see
// conversation.CancelCountdown.
func (a Agent) CancelCountdown(ctx context.Context, id conversation.ID) error {
	return a.do(ctx, conversation.CancelCountdown{Conversation: id, Agent: a.id})
}

// Supervisor is a supervisor's door to the board.
type Supervisor struct {
	board *Board
	id    string
}

// Supervisor returns the door of a supervisor. The host decides who is one.
func (b *Board) Supervisor(id string) Supervisor { return Supervisor{b, id} }

// Do carries out a command as this supervisor, who may act for any agent: the
// commands name the agent.
func (s Supervisor) Do(ctx context.Context, cmd any) (Result, error) {
	return s.board.Do(ctx, Command{By: Actor{Role: agent.Supervisor, ID: s.id}, Do: cmd})
}

// End ends a conversation whoever has it (E66); see conversation.End.
func (s Supervisor) End(ctx context.Context, id conversation.ID) error {
	_, err := s.Do(ctx, conversation.End{Conversation: id})
	return err
}

// SetPriority makes a conversation more or less urgent (E86); see
// conversation.SetPriority.
func (s Supervisor) SetPriority(ctx context.Context, id conversation.ID, priority int) error {
	_, err := s.Do(ctx, conversation.SetPriority{Conversation: id, Priority: priority})
	return err
}

// SignOut signs an agent out by force: what is live goes back to its queue; see
// agent.SignOut.
func (s Supervisor) SignOut(ctx context.Context, who agent.ID) error {
	_, err := s.Do(ctx, agent.SignOut{Agent: who, Force: true})
	return err
}

// Administrator is an administrator's door to the board.
type Administrator struct {
	board *Board
	id    string
}

// Administrator returns the door of an administrator. The host decides who is
// one.
func (b *Board) Administrator(id string) Administrator { return Administrator{b, id} }

// Do carries out a command as this administrator.
func (a Administrator) Do(ctx context.Context, cmd any) (Result, error) {
	return a.board.Do(ctx, Command{By: Actor{Role: agent.Administrator, ID: a.id}, Do: cmd})
}

// Configure makes the setup what it says; see routing.Configure.
func (a Administrator) Configure(ctx context.Context, s routing.Setup) error {
	_, err := a.Do(ctx, routing.Configure{Setup: s})
	return err
}

// RemoveSource removes a source: what waits ends, what is live is interrupted;
// see routing.RemoveSource.
func (a Administrator) RemoveSource(ctx context.Context, id conversation.Source, why string) error {
	_, err := a.Do(ctx, routing.RemoveSource{Source: id, Why: why})
	return err
}

// Erase removes all that the board knows of a customer and returns the number of
// the erasure, when it is certain to happen: see routing.Erase, and
// [Board.Erasure] for whether it is done.
func (a Administrator) Erase(ctx context.Context, s conversation.Source, who conversation.Customer) (uint64, error) {
	res, err := a.Do(ctx, routing.Erase{Source: s, Customer: who})
	return res.Erasure, err
}

// Bot is a program's door to the board: it writes to customers while no agent
// does (E89).
type Bot struct {
	board *Board
	id    string
}

// Bot returns the door of a program of the host.
func (b *Board) Bot(id string) Bot { return Bot{b, id} }

// Do carries out a command as this program.
func (p Bot) Do(ctx context.Context, cmd any) (Result, error) {
	return p.board.Do(ctx, Command{By: Actor{Role: agent.Bot, ID: p.id}, Do: cmd})
}

// Send writes a text to the customer and returns the message's number; see
// conversation.Write.
func (p Bot) Send(ctx context.Context, id conversation.ID, text string) (int, error) {
	res, err := p.Do(ctx, conversation.Write{Conversation: id, Draft: conversation.Draft{Text: text}})
	return res.Message, err
}
