package lineartest

import (
	"maps"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/walktest"
)

// subject returns the conversation that a command of the model is about.
func subject(cmd any) (conversation.ID, bool) {
	switch c := cmd.(type) {
	case conversation.Accept:
		return c.Conversation, true
	case conversation.TransferToAgent:
		return c.Conversation, true
	case conversation.TransferToQueue:
		return c.Conversation, true
	case conversation.End:
		return c.Conversation, true
	case conversation.SubmitWrapUp:
		return c.Conversation, true
	}
	return 0, false
}

// changes reports whether the model knows the event.
func changes(e conversation.Event) bool {
	switch e.(type) {
	case conversation.Opened, conversation.OfferMade, conversation.OfferEnded, conversation.Moved, conversation.Accepted,
		conversation.TransferRequested, conversation.TransferCancelled, conversation.OwnerChanged, conversation.WrapUpStarted,
		conversation.SeatEnded, conversation.Interruption, conversation.Ending, conversation.Forgotten:
		return true
	}
	return false
}

// Histories makes of a run one history for each conversation: what callers asked
// and were told, and the steps of the log that none of these took.
//
// Of a command whose outcome the caller does not know, the log knows: it was
// carried out at some time after its call, or not at all. One that was asked for again
// with the same key, and then was known to be done, is one command.
func Histories(r *walktest.Result) map[conversation.ID][]porcupine.Operation {
	out := make(map[conversation.ID][]porcupine.Operation)
	mine := make(map[string]bool) // marks of the model's commands
	for _, op := range r.Ops {
		_, known := subject(op.Command)
		mine[op.Mark] = known
	}
	inLog := make(map[string]bool)
	next := make(map[conversation.ID]int)
	end := int64(0)
	n := 0
	for _, s := range r.Stored {
		at := s.At.UnixNano()
		end = max(end, at+1)
		for range strings.Count(s.Events, "\n") {
			e := r.Events[n]
			n++
			inLog[e.Why] = true
			c, ok := e.Body.(conversation.Event)
			if !ok || !changes(c) || mine[e.Why] {
				continue // one of a caller's command, of which the model knows what it does
			}
			id := c.ConversationID()
			out[id] = append(out[id], porcupine.Operation{Input: happened{next[id], c}, Call: at, Return: at})
			next[id]++
		}
	}
	for _, op := range r.Ops {
		end = max(end, op.Return.UnixNano()+1)
	}
	for i := 0; i < len(r.Ops); {
		calls := r.Ops[i:]
		mark := r.Ops[i].Mark
		k := slices.IndexFunc(calls, func(op walktest.Op) bool { return op.Mark != mark })
		if k >= 0 {
			calls = calls[:k]
		}
		i += len(calls)
		id, known := subject(calls[0].Command)
		if !known {
			continue
		}
		first, last := calls[0], calls[len(calls)-1]
		op := porcupine.Operation{
			ClientId: first.Caller, Input: first.Command, Output: answer{},
			Call: first.Call.UnixNano(), Return: last.Return.UnixNano(),
		}
		if inLog[mark] || last.Outcome == walktest.Done {
			if last.Outcome != walktest.Done {
				op.Return = end
			}
			out[id] = append(out[id], op)
		}
		for _, c := range calls {
			if c.Outcome == walktest.Refused {
				out[id] = append(out[id], porcupine.Operation{
					ClientId: c.Caller, Input: c.Command, Output: answer{c.Err}, Call: c.Call.UnixNano(), Return: c.Return.UnixNano(),
				})
			}
		}
	}
	return out
}

// Check returns the conversations whose history is not linearizable, in order.
func Check(histories map[conversation.ID][]porcupine.Operation) (bad []conversation.ID) {
	for _, id := range slices.Sorted(maps.Keys(histories)) {
		if !porcupine.CheckOperations(Model, histories[id]) {
			bad = append(bad, id)
		}
	}
	return bad
}
