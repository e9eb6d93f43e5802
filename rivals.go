package switchboard

import "time"

// rivals says whether other nodes append at the same time as this one. While
// they do, each would mostly decide in vain: what it has decided is void when
// another's record comes first. So a node that has met a conflict reads before it
// decides, and after an append of its own leaves the others some time, in which one
// of them is likely to be first. Then they take turns, and little is decided
// twice. Safety does not rest on any of it.
type rivals struct {
	near  bool          // one was met
	idle  int           // looks since one was last met
	mine  bool          // the newest record is this node's
	began time.Time     // when the batch was begun
	took  time.Duration // from there to its append
}

const (
	// rivalsGone is after how many looks in vain a node is alone again.
	rivalsGone = 8
	// courtesy is how long a node leaves to others at most, or twice what its own
	// append took if that is less; it looks so many times whether one has come.
	courtesy      = 4 * time.Millisecond
	courtesyLooks = 8
)

// met notes that another's record was first.
func (r *rivals) met() { r.near, r.idle, r.mine = true, 0, false }

// begin and end are called about the deciding of a batch.
func (r *rivals) begin() {
	if r.near {
		r.began = time.Now()
	}
}

// end notes that the batch is in the log, or had nothing for it.
func (r *rivals) end(appended bool) {
	if r.near && appended {
		r.mine, r.took = true, time.Since(r.began)
	}
}

// letOthers is called before a batch is put together. An error is the store's.
func (b *Board) letOthers() error {
	r := &b.rivals
	if !r.near {
		return nil
	}
	looks := 1
	if r.mine {
		looks += courtesyLooks
	}
	before := b.position
	for i := range looks {
		if i > 0 {
			time.Sleep(min(2*r.took, courtesy) / courtesyLooks)
		}
		if err := b.others(); err != nil {
			return err
		}
		if b.position != before {
			r.met()
			return nil
		}
	}
	if r.idle++; r.idle >= rivalsGone {
		r.near = false
	}
	return nil
}
