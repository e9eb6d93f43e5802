// Package switchboard is a contact-centre engine for social messaging that a Go
// program embeds: agents with states, conversations that are offered, accepted,
// answered, transferred, turned into conferences, interrupted, ended and wrapped
// up, and the routing between them.
//
// One tenant is one [Board]. Open it, say who there is, feed it what customers
// write, and act for the agents:
//
//	board, err := switchboard.Open(ctx, switchboard.Config{
//		Name:       "acme",
//		Transports: map[conversation.Channel]switchboard.Transport{messenger.Channel: client},
//	})
//	board.Administrator("root").Configure(ctx, setup) // queues, teams, agents, pages, reasons
//
//	ann := board.Agent("ann")
//	ann.SignIn(ctx)
//	ann.Available(ctx)
//
//	id, err := board.Receive(ctx, inbound) // from the channel's webhook
//	ann.Accept(ctx, id)
//	ann.Send(ctx, id, "Dobrý den")
//	ann.TransferToQueue(ctx, id, "billing")
//	ann.WrapUp(ctx, id, "resolved")
//
// # Commands
//
// Whatever changes a board is a [Command], and there is one door for all of
// them: [Board.Do]. A command says who acts, why, and what to do: one of the
// command types of the packages agent, conversation and routing. The methods of
// [Agent], [Supervisor], [Administrator] and [Bot] are shorter ways to the same door.
//
// Do returns when the command is in the log for good. A refusal is a typed
// error, such as *conversation.Refusal, that names the conversation, the agent,
// the state and the command; it has changed nothing. Branch with errors.Is on
// the sentinels (conversation.ErrOfferExpired), and read the facts with
// errors.As. When neither is certain, because the store did not answer, the error
// matches [ErrOutcomeUnknown] and says exactly that; a command with a Key can then be
// asked again.
//
// # Events
//
// What has happened is a totally ordered stream of events. [Board.Events]
// yields them from any [Cursor], without a gap, and goes on live; a reader takes
// its own time and never holds up the board. [Board.Watch] gives a consistent
// state and the cursor that follows it: show the one, then apply the other.
//
//	snapshot, err := board.Watch(ctx)
//	for ev, err := range board.Events(ctx, snapshot.Cursor, nil) {
//		switch body := ev.Body.(type) {
//		case conversation.OfferMade:
//			ring(body.Agent, body.Conversation, body.Deadline)
//		}
//	}
//
// # Time
//
// Deadlines are absolute instants in the state, and at the instant itself one
// has passed. Before anything else at a time, each passed deadline is processed in
// order, at its own instant, with all that follows from it. So it does not matter
// when the board's one timer wakes, or whether it does: a query or a command
// after clock.Mock's Add sees everything that happened on the way, and one long
// Add gives the same events as many short ones. Config.Clock takes a
// clock.Mock; inside testing/synctest clock.New() works as well. The package
// switchboardtest has a kit for tests with a fake clock.
//
// # The log
//
// State is nothing but the events of the [Log], applied in order: opening a board
// reads its log, and so does another process that opens the same board. A store
// is a small interface with one promise that matters: an append goes through
// only if nobody else has appended first. [NewMemoryStore] is the default.
//
// # Sending
//
// A message to a customer is in the log before it is sent, and its [Transport]
// is called after that, one message of a conversation at a time, so that order
// is kept. The result is a command like any other. A failure that may pass is
// tried again; one that is final shows its reason on the message; one whose outcome is not known
// is settled if the transport can ([Settler]) and else shows as unknown. Nothing is
// sent twice blindly.
//
// # What leaves memory
//
// A finished conversation leaves memory when its linger time is over, and of one
// with more than a thousand messages the older ones leave. With an [Archive] they
// are stored there first, and a message that its author takes back later is
// emptied there; [Board.Archived] gives a conversation back. [Administrator.Erase] removes
// all that a board knows of a customer, from the state, the archive, the snapshots
// and the log, and goes on after a crash until that is done.
//
// # Many tenants
//
// Boards share nothing. A process opens as many as it has tenants; an idle one
// costs two goroutines and a few tens of kilobytes, and nothing runs per agent or per
// conversation.
//
// # Further reading
//
// The packages agent, conversation, routing and wrapup hold the rules, each
// usable alone. docs/edge-cases.md lists ninety cases that a contact centre has to decide and
// where each is tested; DESIGN.md says why things are as they are.
package switchboard
