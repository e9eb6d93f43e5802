package switchboard

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboard-go/switchboard/internal/floor"
)

// snapshots make, read and outdate the snapshots of a board, and trim its log.
type snapshots struct {
	board *Board
	store Snapshotter // nil where the log has not the ability
	every uint64      // events between two of them; 0 for none
	own   bool        // nobody else can ever open the log, so none is needed

	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup
	one    chan struct{} // held by whoever makes one
	off    atomic.Bool   // the store has turned out not to have the ability

	// Of whoever has the turn.
	due   bool   // an append of this Board has crossed a multiple of every
	marks []mark // the oldest first

	mu     sync.Mutex
	giveUp context.CancelFunc // ends the save that is under way; nil when there is none
}

// able reports whether the log keeps snapshots.
func (s *snapshots) able() bool { return s.store != nil && !s.off.Load() }

// mark tells when a position was the newest.
type mark struct {
	at   Position
	when time.Time
}

func (s *snapshots) init(b *Board, own bool) {
	s.board, s.own = b, own
	s.every = uint64(max(0, b.config.SnapshotEvery))
	s.store, _ = b.log.(Snapshotter)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.one = make(chan struct{}, 1)
}

// stop gives up what is being made. It waits for a store that honours its
// context, and only a little for one that hangs.
func (s *snapshots) stop() {
	s.cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.group.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(closeGrace):
	}
}

// load finds the newest snapshot that can be read and makes it the state. With
// none the state stays as it is, and lost says what was wrong with those there
// were.
func (s *snapshots) load(ctx context.Context) (lost, err error) {
	b := s.board
	for skip := 0; s.able() && skip < keptSnapshots; skip++ {
		at, f, err := s.read(ctx, skip)
		switch {
		case err == nil:
			b.floor, b.position = f, at
			s.mark()
			return nil, nil
		case errors.Is(err, errors.ErrUnsupported):
			s.off.Store(true)
		case errors.Is(err, ErrNoSnapshot):
			return lost, nil
		case ctx.Err() != nil:
			return lost, err
		default:
			b.config.Logger.Error("a snapshot cannot be read", "at", at, "err", err)
			lost = errors.Join(lost, err)
		}
	}
	return lost, nil
}

func (s *snapshots) read(ctx context.Context, skip int) (Position, *floor.Floor, error) {
	b := s.board
	at, chunks, err := s.store.LoadSnapshot(ctx, skip)
	if err != nil {
		return 0, nil, fmt.Errorf("switchboard: find a snapshot of %q: %w", b.config.Name, err)
	}
	f, err := readSnapshot(ctx, at, chunks, b.floorConfig())
	if err != nil {
		return at, nil, fmt.Errorf("switchboard: read a snapshot of %q: %w", b.config.Name, err)
	}
	return at, f, nil
}

// opened notes that the state before the event that follows came from a
// snapshot, if there was one. Should the rest have been long, a new one is due.
func (s *snapshots) opened(from uint64) {
	s.due = s.every > 0 && s.board.floor.Seq()-from >= s.every
}

// before returns the state as it was at the newest snapshot before the event, with
// its position, or that of an empty board.
func (s *snapshots) before(ctx context.Context, seq uint64) (*floor.Floor, Position) {
	for skip := 0; s.able() && skip < keptSnapshots; skip++ {
		at, chunks, err := s.store.LoadSnapshot(ctx, skip)
		if err != nil {
			break
		}
		if last, err := snapshotSeq(at, chunks); err != nil || last >= seq {
			continue
		}
		if at, f, err := s.read(ctx, skip); err == nil && f.Seq() < seq {
			return f, at
		}
	}
	return floor.New(s.board.floorConfig()), 0
}

// passed notes that events have been committed, by this Board or by another.
func (s *snapshots) passed(events []floor.Event, ours bool) {
	if s.every == 0 || len(events) == 0 {
		return
	}
	if (events[0].Seq-1)/s.every != events[len(events)-1].Seq/s.every {
		s.due = s.due || ours
		s.mark()
	}
}

// mark notes that the position is the newest now.
func (s *snapshots) mark() {
	if s.board.config.KeepLog >= 0 {
		s.marks = append(s.marks, mark{s.board.position, s.board.floor.Now()})
	}
}

// look makes a snapshot if one is due and none is being made. The committer calls
// it when everything is committed.
func (s *snapshots) look() {
	if !s.due {
		return
	}
	s.due = false
	if !s.able() && !s.own {
		return
	}
	select {
	case s.one <- struct{}{}:
	default:
		return // the next multiple will do
	}
	j := s.begin()
	s.group.Go(func() {
		defer func() { <-s.one }()
		if err := s.keep(j); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrClosed) {
			s.board.config.Logger.Error("a snapshot was not made", "at", j.at, "err", err)
		}
	})
}

// job is a snapshot to be made.
type job struct {
	at    Position
	floor *floor.Snapshot
	marks []mark // those that are old enough to trim before them
}

// begin begins a snapshot of the present state, on the committer.
func (s *snapshots) begin() *job {
	b := s.board
	j := &job{at: b.position}
	now := b.now()
	if !s.own {
		j.floor = b.floor.Snapshot()
	}
	for _, m := range s.marks {
		if now.Sub(m.when) >= b.config.KeepLog {
			j.marks = append(j.marks, m)
		}
	}
	return j
}

// keep makes the snapshot and trims the log.
func (s *snapshots) keep(j *job) error {
	if err := s.save(s.ctx, j); err != nil {
		if errors.Is(err, errors.ErrUnsupported) {
			s.off.Store(true)
			return nil
		}
		return err
	}
	if err := s.dropErased(s.ctx); err != nil {
		return err
	}
	return s.trim(s.ctx, j)
}

// save hands the snapshot to the store, piece by piece.
func (s *snapshots) save(ctx context.Context, j *job) error {
	if s.own {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() { _ = s.board.inside(context.WithoutCancel(ctx), j.floor.End) }()
	s.saving(cancel)
	defer s.saving(nil)
	return s.store.SaveSnapshot(ctx, j.at, writeSnapshot(func() (p floor.Piece, more bool, err error) {
		err = s.board.inside(ctx, func() { p, more = j.floor.Next(snapshotPiece) })
		return p, more, err
	}))
}

// saving notes how the save that is under way can be ended.
func (s *snapshots) saving(cancel context.CancelFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.giveUp = cancel
}

// reloadTimeout is how long, in real time, reading a snapshot may hold up a Board
// that cannot go on without.
const reloadTimeout = time.Minute

// reload makes a later snapshot the state, because the records past the present
// position are no longer kept: this node has not looked at the log for long.
// Readers of events get ErrTrimmed for those that are passed over. Nothing may be
// uncommitted. It returns the cause when there is no later snapshot.
func (b *Board) reload(cause error) error {
	ctx, cancel := context.WithTimeout(context.Background(), reloadTimeout)
	defer cancel()
	go func() {
		select {
		case <-b.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	was, at := b.floor, b.position
	lost, err := b.snapshots.load(ctx)
	if err != nil {
		return err
	}
	if b.position <= at {
		b.floor, b.position = was, at
		return errors.Join(cause, lost)
	}
	b.config.Logger.Warn("the board was far behind its log and goes on from a snapshot", "from", at, "to", b.position)
	b.recovering = true
	err = b.readOn(ctx)
	b.recovering = false
	b.tail.skip(b.floor.Seq())
	b.doubt = false // whatever was to be at the old position cannot be there any more
	for _, l := range b.floor.Lanes() {
		if l.Node == b.config.Node {
			b.sends.due = append(b.sends.due, l.Conversation)
		} else {
			b.sends.follow(l.Conversation)
		}
	}
	b.archives.recover()
	b.erasures.due = true
	return err
}

// inside runs f by whoever has the turn, between two batches: everything is
// committed.
func (b *Board) inside(ctx context.Context, f func()) error {
	if b.turn.try() {
		defer b.turn.release()
		f()
		return nil
	}
	done := make(chan struct{})
	select {
	case b.inner <- func() { f(); close(done) }:
		<-done
		return nil
	case <-b.done:
		return b.closedError()
	case <-ctx.Done():
		return ended(ctx)
	}
}
