// Package order keeps records in order of a [Key] without allocating a node
// for each of them: the node is a field of the record itself.
//
// A [Heap] is for keys that come in any order and are often cancelled, such as
// deadlines:
//
//	type conversation struct {
//		deadline order.Node[*conversation]
//	}
//	c := &conversation{}
//	c.deadline.Owner = c
//
//	var deadlines order.Heap[*conversation]
//	deadlines.Set(&c.deadline, order.Key{At: at, Seq: seq}) // arms, or moves
//	deadlines.Remove(&c.deadline)                           // disarms
//
// A [Line] is for keys that nearly always come in rising order, such as people
// who wait: a new one goes to the end, one that returns to its old place goes
// where its key says, and [Line.All] visits them in order:
//
//	type conversation struct {
//		place order.Member[*conversation]
//	}
//
// The zero values of [Heap], [Line], [Node] and [Member] are ready to use; the
// caller sets Owner once. None of them may be copied after its first use,
// because they point to each other.
//
// Order is by key alone, so it does not depend on the history of the structure
// as long as keys are distinct. Records with equal keys come in no particular
// order; callers that need replays to agree put a sequence number in [Key.Seq].
//
// Nothing here is safe for concurrent use, and nothing here panics: a node that
// is elsewhere already is moved, a node that is absent is left alone.
package order
