package switchboardtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// Describe words an event as a story does, without the instant at its beginning:
// a line such as "c8 is offered to ann until 09:00:30". It is for people, such as
// the reader of a program's log; the words may change with any version of the
// module.
//
// An event by itself does not say whose conversation it is about, so that
// conversations go by their ID. Instants are of UTC, with a date if it is not that of
// the event. Of an event that a story leaves out because its command says as much,
// such as one of the setup, the line is the kind, as switchboard.KindOf gives it.
// What has no kind, and so is not of a board, gives "".
func Describe(ev switchboard.Event) string {
	kind := switchboard.KindOf(ev.Body)
	if kind == "" {
		return ""
	}
	p := &player{day: ev.At.UTC()}
	if s := p.describe(ev); s != "" {
		return s
	}
	return kind
}

// describe words an event, or returns "" for one that tells no more than the
// line that asked for it.
func (p *player) describe(e switchboard.Event) string {
	switch b := e.Body.(type) {
	case agent.Event:
		return p.describeAgent(b)
	case conversation.Event:
		if s := p.describeMessage(b); s != "" {
			return s
		}
		return p.describeConversation(b)
	case routing.Event:
		return p.describeRouting(b)
	}
	return fmt.Sprintf("%s %+v", switchboard.KindOf(e.Body), e.Body)
}

func (p *player) describeAgent(b agent.Event) string {
	switch b := b.(type) {
	case agent.StateChanged:
		s := fmt.Sprintf("%s is %s", b.Agent, b.State)
		if b.Reason != "" {
			s += fmt.Sprintf(" %q", b.Reason)
		}
		if b.Cause != agent.ByRequest {
			s += " (" + string(b.Cause) + ")"
		}
		if b.Misses > 1 {
			s += fmt.Sprintf(", %d misses in a row", b.Misses)
		}
		if !b.Return.IsZero() {
			s += " until " + p.clock(b.Return)
		}
		return s
	case agent.IdlePending:
		s := fmt.Sprintf("%s will be idle", b.Agent)
		if b.Reason != "" {
			s += fmt.Sprintf(" %q", b.Reason)
		}
		return s + " when the last seat is closed"
	case agent.IdleCancelled:
		return fmt.Sprintf("%s will not be idle after all", b.Agent)
	case agent.Connected:
		return fmt.Sprintf("%s is connected by %s", b.Agent, b.Session)
	case agent.Dropped:
		s := fmt.Sprintf("%s has lost %s", b.Agent, b.Session)
		if !b.Grace.IsZero() {
			s += ", grace until " + p.clock(b.Grace)
		}
		return s
	case agent.GraceRestarted:
		return fmt.Sprintf("%s has grace until %s", b.Agent, p.clock(b.Grace))
	case agent.AttributesSet:
		return fmt.Sprintf("%s has %s", b.Agent, attributes(b.Set))
	}
	return fmt.Sprintf("%+v", b)
}

func attributes(set agent.Attributes) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(set)) {
		parts = append(parts, k+"="+strconv.Quote(set[k]))
	}
	return strings.Join(parts, " ")
}

func (p *player) describeConversation(b conversation.Event) string {
	c := p.label(b.ConversationID())
	switch b := b.(type) {
	case conversation.Opened:
		s := fmt.Sprintf("%s arrives in queue %s, priority %d", c, b.Wait.Queue, b.Priority)
		if b.Previous != 0 {
			s += ", after " + p.label(b.Previous)
		}
		if len(b.Needs) > 0 {
			s += ", needs " + describeNeeds(b.Needs)
		}
		if b.Preferred != "" {
			s += fmt.Sprintf(", for %s until %s", b.Preferred, p.clock(b.PreferUntil))
		}
		if len(b.Attributes) > 0 {
			s += ", " + attributes(b.Attributes)
		}
		return s
	case conversation.Moved:
		s := fmt.Sprintf("%s waits in queue %s since %s (%s)", c, b.Wait.Queue, p.clock(b.Wait.Since), b.Cause)
		return s
	case conversation.OfferMade:
		until := " until " + p.clock(b.Deadline)
		switch b.Kind {
		case conversation.ByTransfer:
			return fmt.Sprintf("%s is offered to %s by transfer%s", c, b.Agent, until)
		case conversation.Invitation:
			return fmt.Sprintf("%s is invited to %s%s", b.Agent, c, until)
		}
		return fmt.Sprintf("%s is offered to %s%s", c, b.Agent, until)
	case conversation.OfferEnded:
		s := fmt.Sprintf("offer of %s to %s %s", c, b.Agent, b.Outcome)
		if b.Kind == conversation.Invitation {
			s = fmt.Sprintf("invitation of %s to %s %s", b.Agent, c, b.Outcome)
		}
		if b.Reason != "" {
			s += fmt.Sprintf(" %q", b.Reason)
		}
		if !b.ExcludeUntil.IsZero() {
			s += ", not again until " + p.clock(b.ExcludeUntil)
		}
		return s
	case conversation.OfferRestarted:
		return fmt.Sprintf("offer of %s to %s now stands until %s", c, b.Agent, p.clock(b.Deadline))
	case conversation.Accepted:
		if b.Kind == conversation.Invitation {
			return fmt.Sprintf("%s joins %s", b.Agent, c)
		}
		return fmt.Sprintf("%s has %s", b.Agent, c)
	case conversation.TransferRequested:
		s := fmt.Sprintf("%s hands %s over to %s", b.Agent, c, b.ToAgent)
		if b.ToQueue != "" {
			s = fmt.Sprintf("%s hands %s over to queue %s", b.Agent, c, b.ToQueue)
		}
		if b.Exclude != "" {
			s += fmt.Sprintf(", not to %s until %s", b.Exclude, p.clock(b.ExcludeUntil))
		}
		return s
	case conversation.TransferCancelled:
		s := fmt.Sprintf("%s has %s again", b.Agent, c)
		if b.Failed {
			s += " (transfer failed)"
		}
		return s
	case conversation.OwnerChanged:
		return fmt.Sprintf("%s owns %s", b.Agent, c)
	case conversation.WrapUpStarted:
		s := fmt.Sprintf("%s wraps up %s", b.Agent, c)
		if !b.Deadline.IsZero() {
			s += " until " + p.clock(b.Deadline)
		}
		if b.FreesSlot {
			s += ", slot free"
		}
		return s
	case conversation.WrapUpExtended:
		return fmt.Sprintf("%s wraps up %s now until %s", b.Agent, c, p.clock(b.Deadline))
	case conversation.WrapUpUnlimited:
		return fmt.Sprintf("%s wraps up %s without a limit", b.Agent, c)
	case conversation.SeatEnded:
		reason := ""
		if b.Reason.ID != "" {
			reason = fmt.Sprintf(" as %s %q", b.Reason.ID, b.Reason.Label)
		}
		return fmt.Sprintf("%s is done with %s%s (%s)", b.Agent, c, reason, b.Cause)
	case conversation.Interruption:
		s := c + " is interrupted"
		if !b.Limit.IsZero() {
			s += ", ends at " + p.clock(b.Limit)
		}
		return s
	case conversation.Ending:
		return fmt.Sprintf("%s ends (%s)", c, b.Cause)
	case conversation.CustomerReturned:
		return fmt.Sprintf("%s is told that %s goes on as %s", b.Agent, c, p.label(b.Next))
	case conversation.Completed:
		return c + " is complete"
	case conversation.Forgotten:
		return c + " leaves memory"
	case conversation.PriorityChanged:
		return fmt.Sprintf("%s has priority %d", c, b.Priority)
	case conversation.NeedsRelaxed:
		s := fmt.Sprintf("%s needs less (step %d)", c, b.Relaxed)
		if !b.Next.IsZero() {
			s += ", the next step at " + p.clock(b.Next)
		}
		return s
	case conversation.PreferenceDropped:
		return fmt.Sprintf("%s no longer waits for %s", c, b.Agent)
	case conversation.ExclusionOver:
		return fmt.Sprintf("%s may be offered to %s again", c, b.Agent)
	case conversation.AttributesSet:
		return fmt.Sprintf("%s has %s", c, attributes(b.Set))
	}
	return fmt.Sprintf("%+v", b)
}

func describeNeeds(needs []conversation.Need) string {
	var parts []string
	for _, n := range needs {
		parts = append(parts, fmt.Sprintf("%s:%d", n.Skill, n.Level))
	}
	return strings.Join(parts, ",")
}

func (p *player) describeMessage(b conversation.Event) string {
	c := p.label(b.ConversationID())
	switch b := b.(type) {
	case conversation.MessageAdded:
		return c + " " + p.message(b.Message)
	case conversation.MessageEdited:
		return fmt.Sprintf("%s %d now reads %q (edit %d)", c, b.No, b.Text, b.Edits)
	case conversation.MessageUnsent:
		return fmt.Sprintf("%s %d is taken back", c, b.No)
	case conversation.Reacted:
		if b.Emoji == "" {
			return fmt.Sprintf("%s %d has lost the reaction of the %s", c, b.No, b.By.Kind)
		}
		return fmt.Sprintf("%s %d has %s from the %s", c, b.No, b.Emoji, b.By.Kind)
	case conversation.ReceiptAdvanced:
		if len(b.Nos) == 0 {
			return fmt.Sprintf("%s all that is to come up to %s is %s", c, p.clock(b.Watermark), b.Status)
		}
		var nos []string
		for _, n := range b.Nos {
			nos = append(nos, itoa(n))
		}
		return fmt.Sprintf("%s %s %s", c, strings.Join(nos, ","), b.Status)
	case conversation.SendSettled:
		s := fmt.Sprintf("%s %d %s", c, b.No, b.Status)
		if b.ExternalID != "" {
			s += " as " + b.ExternalID
		}
		if b.Why != "" {
			s += " (" + string(b.Why) + ")"
		}
		if b.Detail != "" {
			s += fmt.Sprintf(" %q", b.Detail)
		}
		return s
	case conversation.SendDeferred:
		return fmt.Sprintf("%s %d not sent, again at %s", c, b.No, p.clock(b.Retry))
	case conversation.SendDue:
		return fmt.Sprintf("%s %d is tried again", c, b.No)
	case conversation.LaneTaken:
		return fmt.Sprintf("%s is sent for by %s", c, b.Node)
	}
	return ""
}

// message is a line of a transcript.
func (p *player) message(m *conversation.Message) string {
	s := itoa(m.No) + " "
	switch {
	case m.Entry != nil:
		s += "* " + string(m.Entry.Kind)
		if m.Entry.Agent != "" {
			s += " " + string(m.Entry.Agent)
		}
		if m.Entry.Queue != "" {
			s += " queue " + string(m.Entry.Queue)
		}
		if m.Text != "" {
			s += ": " + strconv.Quote(m.Text)
		}
		return s
	case m.Author.ID != "":
		s += m.Author.ID
	default:
		s += m.Author.Kind.String()
	}
	if m.AgentsOnly {
		s += " notes"
	}
	if m.ReplyTo != 0 {
		s += " to " + itoa(m.ReplyTo)
	}
	s += ": " + strconv.Quote(m.Text)
	if m.Payload != "" {
		s += " payload " + m.Payload
	}
	for _, f := range m.Attachments {
		s += fmt.Sprintf(" [%s %s]", f.Kind, f.Reference)
	}
	return s
}

func (p *player) describeRouting(b routing.Event) string {
	switch b := b.(type) {
	case routing.QueueSet:
		if !b.Open {
			s := fmt.Sprintf("queue %s is closed", b.Queue.ID)
			if !b.Next.IsZero() {
				s += " until " + p.clock(b.Next)
			}
			return s
		}
	case routing.QueueDeleted:
		s := fmt.Sprintf("queue %s is deleted", b.Queue)
		if b.DrainTo != "" {
			s += ", drained to " + string(b.DrainTo)
		}
		return s
	case routing.QueueOpened:
		s := fmt.Sprintf("queue %s opens", b.Queue)
		if !b.Next.IsZero() {
			s += " until " + p.clock(b.Next)
		}
		return s
	case routing.QueueClosed:
		s := fmt.Sprintf("queue %s closes", b.Queue)
		if !b.Next.IsZero() {
			s += " until " + p.clock(b.Next)
		}
		return s
	case routing.TeamDeleted:
		return fmt.Sprintf("team %s is deleted", b.Team)
	case routing.AgentDeleted:
		return fmt.Sprintf("agent %s is deleted", b.Agent)
	case routing.SourceRemoved:
		return fmt.Sprintf("source %s is removed (%s)", b.Source, b.Why)
	case routing.ChangeKept:
		return describeKept(&b)
	case routing.Outage:
		return fmt.Sprintf("nobody served from %s to %s", p.clock(b.From), p.clock(b.To))
	}
	return ""
}

// describeKept words a change that came before its message.
func describeKept(b *routing.ChangeKept) string {
	switch {
	case b.Edit != nil:
		return fmt.Sprintf("%s is not there yet; it will read %q (edit %d)", b.Edit.ExternalID, b.Edit.Text, b.Edit.Edits)
	case b.Unsend != nil:
		return fmt.Sprintf("%s is not there yet; it will be taken back", b.Unsend.ExternalID)
	case b.React != nil && b.React.Emoji == "":
		return fmt.Sprintf("%s is not there yet; it will have lost the reaction of the customer", b.React.ExternalID)
	case b.React != nil:
		return fmt.Sprintf("%s is not there yet; it will have %s from the customer", b.React.ExternalID, b.React.Emoji)
	case b.Receipt != nil && len(b.Receipt.ExternalIDs) == 1:
		return fmt.Sprintf("%s is not there yet; it will be %s", b.Receipt.ExternalIDs[0], b.Receipt.Status)
	}
	return ""
}
