package switchboard

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
)

const (
	// archiveCalls is how many conversations are being archived at the same time.
	archiveCalls = 8
	// archiveOverdue is how long another node is left to do what it is to do,
	// before this one does it too: whatever is done twice is the same.
	archiveOverdue = 10 * time.Minute
)

// archivers take to the archive what is due, and empty there what was taken
// back. What has to be done is in the state; here is only what is being done.
type archivers struct {
	board  *Board
	ctx    context.Context
	cancel context.CancelFunc
	group  errgroup.Group

	// The committer's own.
	due      []conversation.ID            // to be looked at
	busy     map[conversation.ID]struct{} // being done, or waiting for room
	waiting  []conversation.ID            // those that wait for room, the first first
	running  int
	failures map[conversation.ID]int // how often in a row, of those to be tried again
	others   []conversation.ID       // other nodes are to do them
	look     *time.Timer             // for others

	mu    sync.Mutex
	ended []archiveEnd
}

// archiveEnd is a conversation that is no longer being done.
type archiveEnd struct {
	id     conversation.ID
	failed bool
	again  bool // not an end: it is time to try again
}

func (a *archivers) init(b *Board) {
	a.board = b
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.busy = make(map[conversation.ID]struct{})
	a.failures = make(map[conversation.ID]int)
}

func (a *archivers) stop() {
	a.cancel()
	_ = a.group.Wait()
	if a.look != nil {
		a.look.Stop()
	}
}

// see finds in what was committed what has to be done.
func (a *archivers) see(events []floor.Event) {
	for i := range events {
		switch b := events[i].Body.(type) {
		case conversation.ArchiveDue:
			a.take(b.Conversation, b.Node)
		case conversation.MessageUnsent:
			if b.Away {
				a.take(b.Conversation, b.Node)
			}
		}
	}
}

func (a *archivers) take(id conversation.ID, node string) {
	if a.board.config.Archive == nil {
		return // whoever has one will do it
	}
	if node == a.board.config.Node {
		a.due = append(a.due, id)
	} else {
		a.others = append(a.others, id)
	}
}

// recover finds what was left when the board was last open.
func (a *archivers) recover() {
	f := a.board.floor
	ids := f.ArchiveDue()
	for _, m := range f.Away() {
		ids = append(ids, m.Conversation)
	}
	if len(ids) == 0 {
		return
	}
	if a.board.config.Archive == nil {
		a.board.config.Logger.Warn("the board has no archive: conversations wait in memory for one", "conversations", len(ids))
		return
	}
	if a.board.exclusive() {
		a.due = append(a.due, ids...)
		return
	}
	for _, id := range ids {
		if node, _, ok := a.whose(id); ok {
			a.take(id, node)
		}
	}
}

// whose says which node is to do something about a conversation, since when, and
// whether there is anything to do.
func (a *archivers) whose(id conversation.ID) (node string, since time.Time, ok bool) {
	if _, due, ok := a.board.floor.ToArchive(id); ok {
		return due.Node, due.Since, true
	}
	for _, m := range a.board.floor.Away() {
		if m.Conversation == id {
			return m.Node, m.Since, true
		}
	}
	return "", time.Time{}, false
}

// overdue takes over what other nodes have not done for long, and asks to be
// called again while they have something to do.
func (a *archivers) overdue() {
	if len(a.others) == 0 {
		return
	}
	limit := a.board.at.Add(-archiveOverdue)
	a.others = slices.DeleteFunc(a.others, func(id conversation.ID) bool {
		_, since, ok := a.whose(id)
		if ok && !since.After(limit) {
			a.board.config.Logger.Warn("another node has not archived a conversation", "conversation", id)
			a.due = append(a.due, id)
			return true
		}
		return !ok
	})
	switch {
	case len(a.others) == 0:
	case a.look == nil:
		a.look = time.AfterFunc(time.Minute, a.board.rouse)
	default:
		a.look.Reset(time.Minute)
	}
}

// start begins what is due. Only the committer calls it, after a commit.
func (a *archivers) start() {
	if a.board.config.Archive == nil {
		a.due = a.due[:0]
		return
	}
	a.mu.Lock()
	for _, e := range a.ended {
		a.due = append(a.due, e.id)
		if e.again {
			continue
		}
		delete(a.busy, e.id)
		a.running--
		if e.failed {
			a.failures[e.id]++
			a.due = a.due[:len(a.due)-1]
			a.later(e.id, a.failures[e.id])
		} else {
			delete(a.failures, e.id)
		}
	}
	a.ended = a.ended[:0]
	a.mu.Unlock()
	a.overdue()
	for _, id := range a.due {
		if _, busy := a.busy[id]; busy {
			continue
		}
		if _, _, ok := a.whose(id); ok {
			a.busy[id] = struct{}{}
			a.waiting = append(a.waiting, id)
		} else {
			delete(a.failures, id)
		}
	}
	a.due = a.due[:0]
	for len(a.waiting) > 0 && a.running < archiveCalls {
		id := a.waiting[0]
		a.waiting = a.waiting[1:]
		job, ok := a.job(id)
		if !ok {
			delete(a.busy, id)
			continue
		}
		a.running++
		a.group.Go(func() error {
			err := job(a.ctx)
			a.end(archiveEnd{id: id, failed: err != nil && a.ctx.Err() == nil})
			return nil
		})
	}
}

// idle reports whether nothing is being done. What waits to be tried again is
// not.
func (a *archivers) idle() bool { return len(a.busy) == 0 }

// later has a conversation looked at again after a while, in real time.
func (a *archivers) later(id conversation.ID, failures int) {
	wait := min(time.Minute, 100*time.Millisecond<<min(failures-1, 10))
	time.AfterFunc(wait, func() { a.end(archiveEnd{id: id, again: true}) })
}

func (a *archivers) end(e archiveEnd) {
	a.mu.Lock()
	a.ended = append(a.ended, e)
	a.mu.Unlock()
	a.board.rouse()
}

// job returns what is to be done about the conversation, from the state as it is
// now. What was taken back comes first: the sooner that is empty, the better.
func (a *archivers) job(id conversation.ID) (func(context.Context) error, bool) {
	var away []floor.Away
	for _, m := range a.board.floor.Away() {
		if m.Conversation == id {
			away = append(away, m)
		}
	}
	if len(away) > 0 {
		return func(ctx context.Context) error { return a.empty(ctx, away) }, true
	}
	c, due, ok := a.board.floor.ToArchive(id)
	if !ok {
		return nil, false
	}
	part := Part{As: a.board.floor.Seq(), Final: due.Whole, Conversation: c}
	return func(ctx context.Context) error { return a.store(ctx, part) }, true
}

// store stores a part and reports it.
func (a *archivers) store(ctx context.Context, p Part) error {
	b := a.board
	limited, cancel := context.WithTimeout(ctx, b.config.ArchiveTimeout)
	err := b.config.Archive.Store(limited, b.config.Name, p)
	cancel()
	if err != nil {
		b.archiveFailed(ctx, p.Conversation.ID, err, p)
		return err
	}
	b.sends.record(conversation.Stored{Conversation: p.Conversation.ID, Part: &p.Conversation})
	return nil
}

// empty empties messages of one conversation in the archive, and reports it. The
// parts are stored again as of the last event that took one back: another node
// that does the same at the same time, or did a part of it before, changes
// nothing by that.
func (a *archivers) empty(ctx context.Context, away []floor.Away) error {
	b, id := a.board, away[0].Conversation
	parts, err := b.load(ctx, id)
	if errors.Is(err, ErrNotArchived) {
		parts, err = nil, nil // erased meanwhile
	}
	for i := range parts {
		if err == nil && emptyIn(&parts[i], away) {
			limited, cancel := context.WithTimeout(ctx, b.config.ArchiveTimeout)
			err = b.config.Archive.Store(limited, b.config.Name, parts[i])
			cancel()
		}
	}
	if err != nil {
		b.archiveFailed(ctx, id, err, parts...)
		return err
	}
	for _, m := range away {
		b.sends.record(floor.Emptied{Conversation: id, No: m.No})
	}
	return nil
}

// emptyIn empties the messages that the part has, and reports whether it had any.
func emptyIn(p *Part, away []floor.Away) bool {
	found := false
	for i, m := range p.Conversation.Messages {
		j := slices.IndexFunc(away, func(a floor.Away) bool { return a.No == m.No })
		if j < 0 {
			continue
		}
		found = true
		p.Conversation.Messages[i] = m.Emptied()
		p.As = max(p.As, away[j].Set)
	}
	return found
}

// archiveFailed says why, but nothing of the customer's: the log of the process is
// not erased with them.
func (b *Board) archiveFailed(ctx context.Context, id conversation.ID, err error, parts ...Part) {
	if ctx.Err() != nil {
		return
	}
	var theirs []string
	for i := range parts {
		c := &parts[i].Conversation
		theirs = append(theirs, string(c.Customer), url.QueryEscape(string(c.Customer)))
		for _, v := range c.Attributes {
			theirs = append(theirs, v)
		}
		for _, m := range c.Messages {
			theirs = append(theirs, m.Text, m.Payload, m.ExternalID)
			for _, a := range m.Attachments {
				theirs = append(theirs, a.Reference, a.Name)
			}
		}
	}
	b.config.Logger.Warn("the archive failed; it is tried again", "conversation", id, "err", without(errorText(err), theirs...))
}

// unsendArchived takes back a message that has left memory, with its parts. It is found
// in the archive first, while the caller waits, and emptied there afterwards. If it is
// not in the archive either, it may be still to come.
func (b *Board) unsendArchived(ctx context.Context, c Command, u conversation.Unsend) (Result, error) {
	ids, err := b.CustomerArchived(ctx, u.Source, u.Customer)
	if err != nil {
		return Result{}, err
	}
	for _, id := range slices.Backward(ids) {
		nos, there, err := b.findArchived(ctx, id, append([]string{u.ExternalID}, u.Parts...))
		if err != nil {
			return Result{}, err
		}
		res := Result{Conversation: id, Duplicate: true}
		for i, no := range nos {
			one := Command{By: c.By, Why: c.Why, Do: floor.Empty{Conversation: id, No: no}}
			if i == len(nos)-1 {
				one.Key = c.Key // by then all of it is done
			}
			if res, err = b.do(ctx, one); err != nil {
				return Result{}, err
			}
		}
		if there {
			return res, nil
		}
	}
	c.Do = floor.Missing{Unsend: u}
	return b.do(ctx, c)
}

// findArchived returns the numbers of the messages with these ids that are not empty yet,
// and whether the archive has any of them.
func (b *Board) findArchived(ctx context.Context, id conversation.ID, external []string) (nos []int, there bool, err error) {
	parts, err := b.load(ctx, id)
	if err != nil && !errors.Is(err, ErrNotArchived) {
		return nil, false, err
	}
	for _, p := range parts {
		for _, m := range p.Conversation.Messages {
			if m.ExternalID == "" || !slices.Contains(external, m.ExternalID) {
				continue
			}
			there = true
			if !m.Unsent {
				nos = append(nos, m.No)
			}
		}
	}
	return nos, there, nil
}
