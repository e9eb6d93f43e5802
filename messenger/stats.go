package messenger

import "sync/atomic"

// Stats counts what a [Webhook] has seen since it was made.
type Stats struct {
	// BadSignatures counts requests without a right signature, or with none.
	BadSignatures uint64
	// Unacceptable counts requests that are not JSON by POST, too large, or broken off.
	Unacceptable uint64
	// RefusedSources counts requests of addresses that had failed too often.
	RefusedSources uint64
	// Unparsable counts signed bodies and single events that cannot be read.
	Unparsable uint64
	// Received counts events in signed bodies.
	Received uint64
	// Delivered counts events that a Board has taken, whether or not it had them already.
	Delivered uint64
	// Kept counts those of them that came before their message: see switchboard.Result.
	Kept uint64
	// UnknownPages counts events of pages that are not ours.
	UnknownPages uint64
	// Ignored counts events that are for no Board, and messages of threads that another app
	// controls.
	Ignored uint64
	// RefusedStale counts messages that were too old.
	RefusedStale uint64
	// RefusedOther counts events that the Board refused for any other reason, such as
	// the unsend of a message that is no longer in memory.
	RefusedOther uint64
	// Unavailable counts events that a Board could not take at the time. Meta sends them
	// again.
	Unavailable uint64
	// Panics counts events that made the host's code or ours panic. They are lost.
	Panics uint64
}

type counters struct {
	badSignatures, unacceptable, refusedSources, unparsable, received, delivered, kept, unknownPages,
	ignored, refusedStale, refusedOther, unavailable, panics atomic.Uint64
}

// Stats returns the counts.
func (w *Webhook) Stats() Stats {
	c := &w.stats
	return Stats{
		BadSignatures: c.badSignatures.Load(), Unacceptable: c.unacceptable.Load(),
		RefusedSources: c.refusedSources.Load(), Unparsable: c.unparsable.Load(),
		Received: c.received.Load(), Delivered: c.delivered.Load(), Kept: c.kept.Load(), UnknownPages: c.unknownPages.Load(),
		Ignored: c.ignored.Load(), RefusedStale: c.refusedStale.Load(), RefusedOther: c.refusedOther.Load(),
		Unavailable: c.unavailable.Load(), Panics: c.panics.Load(),
	}
}
