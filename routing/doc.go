// Package routing says which agent gets which conversation: the setup that an
// administrator writes, and the index that finds the next match.
//
// A [Setup] is a plain value with everything an administrator decides. Check it,
// compare it, and apply what differs:
//
//	if problems := setup.Validate(time.LoadLocation); len(problems) > 0 {
//		return &routing.SetupError{Problems: problems} // each with its field path
//	}
//	changes := routing.Diff(present, setup) // empty if both say the same
//
// [Setup.With] gives the setup that one command, such as [PutQueue], would make.
// A [Router] knows queues, agents and what waits, and says what to do next. The
// caller does it, says so, and asks again:
//
//	r := routing.NewRouter()
//	r.SetAgeing(routing.Ageing(5 * time.Minute))
//	r.SetQueue("orders", routing.LongestAvailable, true)
//	r.SetAgent(&ann, "ann", []conversation.QueueID{"orders"}, nil)
//	r.Update(&ann, routing.Eligible, conversation.Social, 2, place, turn) // two free slots
//	r.Wait(&w, 42, "orders", conversation.Social, 10, since, nil, nil, nil)
//	for m, ok := r.Next(now); ok; m, ok = r.Next(now) {
//		r.Unwait(m.Waiter) // and offer m.Waiter.Conversation() to m.Agent.ID()
//		r.Update(m.Agent, routing.Eligible, conversation.Social, 1, seq, seq)
//	}
//
// [Hours] are a queue's opening hours; Compile makes a [Schedule] of them, with
// Open(t) and Next(t). [Search] and [SortTargets] make a transfer directory of
// [Target] values. A [Pace] estimates how long a place in a queue will wait.
//
// # Which conversation
//
// An agent who becomes free gets, of all open queues it serves and all
// conversations for which it has a slot and the skills ([Meets]), the one with
// the best priority; among equals the one that has waited longest, then the one
// with the lowest ID. Priorities are 1, most urgent, to 10. [Ageing] improves a
// priority by one for each step waited, so that none starves: once a
// conversation has waited for [Ageing.Bound], no agent who could take it is
// given one that arrives later. The zero Ageing switches this off; then only
// the most urgent have a bound.
//
// # Which agent
//
// A conversation that arrives goes to the first agent in the order of its queue's
// [Strategy]: longest available, least loaded, round robin, or most skilled. Ties
// go by place: the number of the event by which the agent last became Available,
// was offered something, or closed a seat; the lowest is first.
//
// A conversation that prefers one agent is offered to that agent alone until the
// caller says otherwise; one that excludes an agent, who has just declined it,
// is offered to any other.
//
// # What the caller does
//
// The router keeps no time. The caller lowers needs when a step that relaxes
// them is due, ends a preference or an exclusion, opens and closes queues, and
// moves what overflows. Overflow concerns only what waits: after Queue.MaxWait,
// or on entry above Queue.MaxSize, it goes to the first of Queue.Overflow that it
// has not been in and that is not full, at its age; with none left it stays.
//
// # Explanations
//
// Each [Match] has a conversation.Decision: the strategy, the key by which the
// agent was first, and how many others were excluded for which reason. An
// [Explanation] has every agent of the queue with its [Standing], to answer "why
// not Bob".
//
// # Determinism
//
// The package reads no clock, no zone data and no random source: instants are
// arguments, and so is the function that finds a zone. The same calls in the
// same order give the same answers, whatever the order of maps, so every process
// that replays a log comes to the same decisions. Zone data can differ between
// machines: keep the instant that [Schedule.Next] gave.
//
// # Errors
//
// What is wrong with a setup are values of wrapup.FieldError, all at once, in a
// *[SetupError]. Other refusals match [ErrUnknown], [ErrInUse], [ErrRemoved] or
// [ErrTarget] with errors.Is. No input panics.
//
// # Concurrency
//
// A Router, with the [Candidate] and [Waiter] values it was given, is for one
// goroutine at a time. Everything else is a plain value, which any number of
// goroutines may read.
package routing
