package switchboardtest

import (
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

var (
	inboundOptions = []string{"at", "id", "stamped", "reply", "queue", "priority", "needs", "prefer", "attributes"}
	draftOptions   = []string{"reply", "by"}
	sendOptions    = []string{"as", "after", "detail"}
	byOption       = []string{"by"}
)

// verbs are all commands of a story. The order decides between two that fit.
var verbs []verb

func init() { // not a plain initialiser: the verbs refer to functions that look at them
	verbs = []verb{
		// What an administrator sets up. Each adds or changes one thing; what
		// is not said stays as it is.
		{"queue <queue>", queueOptions, (*player).putQueue},
		{"delete queue <queue>", byOption, (*player).deleteQueue},
		{"delete queue <queue> into <other>", byOption, (*player).deleteQueue},
		{"team <team>", []string{"name", "by"}, (*player).putTeam},
		{"delete team <team>", byOption, (*player).deleteTeam},
		{"agent <agent>", agentOptions, (*player).putAgent},
		{"delete agent <agent>", byOption, (*player).deleteAgent},
		{"source <source>", sourceOptions, (*player).putSource},
		{"remove source <source> [text]", byOption, (*player).removeSource},
		{"settings", settingsOptions, (*player).putSettings},
		{"the same setup again", byOption, (*player).sameSetup},

		// What customers do, and what their channel reports.
		{"customer <customer> writes <text>", inboundOptions, (*player).customerWrites},
		{"customer <customer> sends", []string{"at", "payload", "file"}, (*player).customerWrites},
		{"customer <customer> edits <id> to <text>", []string{"at", "edit"}, (*player).customerEdits},
		{"customer <customer> unsends <id>", []string{"at"}, (*player).customerUnsends},
		{"customer <customer> reacts to <id> [text]", []string{"at", "stamped"}, (*player).customerReacts},
		{"customer <customer> leaves", []string{"at"}, (*player).customerLeaves},
		{"customer <customer> has received everything", []string{"at"}, (*player).customerReceived},
		{"customer <customer> has received <id>", []string{"at"}, (*player).customerReceived},
		{"customer <customer> has read everything", []string{"at"}, (*player).customerRead},
		{"customer <customer> has read <id>", []string{"at"}, (*player).customerRead},
		{"page writes to <customer> <text>", []string{"at", "id", "app", "stamped"}, (*player).pageWrites},
		{"page echoes <number> of <conversation>", []string{"id"}, (*player).pageEchoes},

		// The transport.
		{"sends are held", nil, func(p *player, _ args) error { p.kit.Transport.Hold(); return nil }},
		{"sends flow", nil, func(p *player, _ args) error { p.kit.Transport.Flow(); return nil }},
		{"next send fails <cause>", sendOptions, (*player).nextSend},
		{"send to <customer> succeeds", nil, (*player).releaseSend},
		{"send to <customer> fails <cause>", sendOptions, (*player).releaseSend},
		{"next settlement is <settlement>", nil, (*player).nextSettlement},

		// Time, and what can befall a node.
		{"advance <duration>", nil, func(p *player, a args) error { p.kit.Advance(a.duration("duration")); return nil }},
		{"at <time>", nil, (*player).advanceTo},
		{"clock jumps back <duration>", nil, (*player).clockJumpsBack},
		{"crash", nil, func(p *player, _ args) error { p.kit.Crash(); return nil }},
		{"outage <duration>", nil, func(p *player, a args) error { p.kit.Outage(a.duration("duration")); return nil }},
		{"store refuses", nil, func(p *player, _ args) error { p.kit.RefuseWrites(true); return nil }},
		{"store works", nil, func(p *player, _ args) error { p.kit.RefuseWrites(false); return nil }},

		// What can be asked.
		{"show agent <agent>", nil, (*player).showAgent},
		{"show queue <queue>", nil, (*player).showQueue},
		{"show conversation <conversation>", nil, (*player).showConversation},
		{"show transcript of <conversation>", nil, (*player).showTranscript},
		{"show place of <conversation>", nil, (*player).showPlace},
		{"show targets of <conversation> [text]", nil, (*player).showTargets},
		{"show reasons of <conversation> for <agent> [text]", nil, (*player).showReasons},
		{"show decision on <conversation>", nil, (*player).showDecision},

		// Supervisors and programs. What an agent does, a supervisor does for
		// them with by=.
		{"supervisor <supervisor> ends <conversation>", nil, bySupervisor(func(p *player, a args) (any, error) {
			id, err := p.find(a.get("conversation"))
			return conversation.End{Conversation: id}, err
		})},
		{"supervisor <supervisor> signs out <agent>", nil, bySupervisor(func(_ *player, a args) (any, error) {
			return agent.SignOut{Agent: who(a), Force: true}, nil
		})},
		{"supervisor <supervisor> sets priority of <conversation> to <number>", nil, bySupervisor(func(p *player, a args) (any, error) {
			id, err := p.find(a.get("conversation"))
			return conversation.SetPriority{Conversation: id, Priority: a.number("number")}, err
		})},
		{"supervisor <supervisor> notes on <conversation> <text>", nil, bySupervisor(func(p *player, a args) (any, error) {
			id, err := p.find(a.get("conversation"))
			return conversation.Write{Conversation: id, Draft: conversation.Draft{Text: a.get("text"), AgentsOnly: true}}, err
		})},
		{"supervisor <supervisor> sets <name> of <conversation> to <text>", nil, bySupervisor(func(p *player, a args) (any, error) {
			id, err := p.find(a.get("conversation"))
			return conversation.SetAttributes{Conversation: id, Set: agent.Attributes{a.get("name"): a.get("text")}}, err
		})},
		{"bot <bot> writes to <conversation> <text>", nil, func(p *player, a args) error {
			id, err := p.find(a.get("conversation"))
			if err != nil {
				return err
			}
			return p.do(agent.Actor{Role: agent.Bot, ID: a.get("bot")}, a,
				conversation.Write{Conversation: id, Draft: conversation.Draft{Text: a.get("text")}})
		}},

		// What agents do.
		{"<agent> signs in", byOption, byAgent(func(_ *player, a args) (any, error) { return agent.SignIn{Agent: who(a)}, nil })},
		{"<agent> signs out", byOption, byAgent(func(_ *player, a args) (any, error) { return agent.SignOut{Agent: who(a)}, nil })},
		{"<agent> is ready", nil, (*player).ready},
		{"<agent> becomes available", byOption, byAgent(func(_ *player, a args) (any, error) {
			return agent.MakeAvailable{Agent: who(a)}, nil
		})},
		{"<agent> becomes idle [text]", byOption, byAgent(func(_ *player, a args) (any, error) {
			return agent.MakeIdle{Agent: who(a), Reason: a.get("text")}, nil
		})},
		{"<agent> becomes rona", nil, byAgent(func(_ *player, a args) (any, error) { return agent.Miss{Agent: who(a)}, nil })},
		{"<agent> connects [session]", byOption, byAgent(func(_ *player, a args) (any, error) {
			return agent.Connect{Agent: who(a), Session: session(a)}, nil
		})},
		{"<agent> disconnects [session]", byOption, byAgent(func(_ *player, a args) (any, error) {
			return agent.Disconnect{Agent: who(a), Session: session(a)}, nil
		})},
		{"<agent> sets <name> to <text>", byOption, byAgent(func(_ *player, a args) (any, error) {
			return agent.SetAttributes{Agent: who(a), Set: agent.Attributes{a.get("name"): a.get("text")}}, nil
		})},
		{"<agent> sets <name> of <conversation> to <text>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.SetAttributes{Conversation: id, Set: agent.Attributes{a.get("name"): a.get("text")}}
		})},
		{"<agent> accepts all", byOption, byAgent(func(_ *player, a args) (any, error) {
			return conversation.AcceptAll{Agent: who(a)}, nil
		})},
		{"<agent> accepts <conversation>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.Accept{Conversation: id, Agent: who(a)}
		})},
		{"<agent> declines <conversation> [text]", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.Decline{Conversation: id, Agent: who(a), Reason: a.get("text")}
		})},
		{"<agent> writes to <conversation> <text>", draftOptions, (*player).agentWrites},
		{"<agent> sends to <conversation>", []string{"file", "by"}, (*player).agentWrites},
		{"<agent> notes on <conversation> <text>", byOption, (*player).agentNotes},
		{"<agent> transfers <conversation> to queue <queue>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.TransferToQueue{Conversation: id, Agent: who(a), Queue: conversation.QueueID(a.get("queue"))}
		})},
		{"<agent> transfers <conversation> to <other>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.TransferToAgent{Conversation: id, Agent: who(a), To: other(a)}
		})},
		{"<agent> cancels transfer of <conversation>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.CancelTransfer{Conversation: id, Agent: who(a)}
		})},
		{"<agent> invites <other> to <conversation>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.Invite{Conversation: id, Agent: who(a), To: other(a)}
		})},
		{"<agent> cancels invitation to <conversation>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.CancelInvite{Conversation: id, Agent: who(a)}
		})},
		{"<agent> leaves <conversation>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.Leave{Conversation: id, Agent: who(a)}
		})},
		{"<agent> removes <other> from <conversation>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.Remove{Conversation: id, Agent: who(a), Who: other(a)}
		})},
		{"<agent> ends <conversation>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.End{Conversation: id, Agent: who(a)}
		})},
		{"<agent> wraps up <conversation> as <reason>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.SubmitWrapUp{Conversation: id, Agent: who(a), Reason: wrapup.ReasonID(a.get("reason"))}
		})},
		{"<agent> extends wrap-up of <conversation>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.ExtendWrapUp{Conversation: id, Agent: who(a)}
		})},
		{"<agent> cancels countdown of <conversation>", byOption, inConversation(func(a args, id conversation.ID) any {
			return conversation.CancelCountdown{Conversation: id, Agent: who(a)}
		})},
	}
}

func who(a args) agent.ID { return agent.ID(a.get("agent")) }

func other(a args) agent.ID { return agent.ID(a.get("other")) }

// session is the name of a connection: the desktop's, if none is given.
func session(a args) string {
	if s := a.get("session"); s != "" {
		return s
	}
	return "desk"
}

// byAgent makes a command of the agent, or with by= of a supervisor for the
// agent.
func byAgent(make func(*player, args) (any, error)) func(*player, args) error {
	return func(p *player, a args) error {
		cmd, err := make(p, a)
		if err != nil {
			return err
		}
		by := agent.Actor{Role: agent.Self, ID: a.get("agent")}
		if s := a.option("by"); s != "" {
			by = agent.Actor{Role: agent.Supervisor, ID: s}
		}
		return p.do(by, a, cmd)
	}
}

func inConversation(make func(args, conversation.ID) any) func(*player, args) error {
	return byAgent(func(p *player, a args) (any, error) {
		id, err := p.find(a.get("conversation"))
		return make(a, id), err
	})
}

func bySupervisor(make func(*player, args) (any, error)) func(*player, args) error {
	return func(p *player, a args) error {
		cmd, err := make(p, a)
		if err != nil {
			return err
		}
		return p.do(agent.Actor{Role: agent.Supervisor, ID: a.get("supervisor")}, a, cmd)
	}
}
