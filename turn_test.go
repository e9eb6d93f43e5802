package switchboard_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// instantStore is a memory store whose appends a test can make fail.
type instantStore struct {
	switchboard.MemoryStore
	mu   sync.Mutex
	next func() error // of the next append alone
}

func (s *instantStore) then(f func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = f
}

func (s *instantStore) Open(ctx context.Context, board string) (switchboard.Log, error) {
	l, err := s.MemoryStore.Open(ctx, board)
	return &instantLog{l, s}, err
}

type instantLog struct {
	switchboard.Log
	store *instantStore
}

func (*instantLog) Instant() bool { return true }

func (l *instantLog) Append(ctx context.Context, after switchboard.Position, data []byte) (switchboard.Position, error) {
	l.store.mu.Lock()
	next := l.store.next
	l.store.next = nil
	l.store.mu.Unlock()
	if next != nil {
		if err := next(); err != nil {
			return 0, err
		}
	}
	return l.Log.Append(ctx, after, data)
}

// panics returns what f panics with.
func panics(f func()) (with any) {
	defer func() { with = recover() }()
	f()
	return nil
}

func TestFilterThatPanics(t *testing.T) {
	b := ready(t, switchboard.Config{})
	id := b.arrive("c1")
	with := panics(func() {
		_, _ = b.Conversations(t.Context(), func(*conversation.Conversation) bool { panic("no") })
	})
	if with != "no" {
		t.Errorf("the filter's panic is %v", with)
	}
	if got := b.arrive("c1"); got != id {
		t.Errorf("the board goes on with %s, want %s", got, id)
	}
}

// Where a store may wait, the filter runs in the committer's goroutine.
func TestFilterThatPanicsOnTheCommitter(t *testing.T) {
	b := ready(t, switchboard.Config{Store: &faultyStore{}})
	id := b.arrive("c1")
	with := panics(func() {
		_, _ = b.Conversations(t.Context(), func(*conversation.Conversation) bool { panic("no") })
	})
	if with != "no" {
		t.Errorf("the filter's panic is %v", with)
	}
	if got := b.arrive("c1"); got != id {
		t.Errorf("the board goes on with %s, want %s", got, id)
	}
}

func TestStepThatPanics(t *testing.T) {
	store := &instantStore{}
	b := ready(t, switchboard.Config{Store: store})
	store.then(func() error { panic("a bug") })
	with := panics(func() { b.arrive("c1") })
	if with != "a bug" {
		t.Errorf("the panic is %v", with)
	}
	if _, err := b.Receive(t.Context(), from("c1", 2)); !errors.Is(err, switchboard.ErrClosed) {
		t.Errorf("afterwards the board says %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestInstantStoreThatFails(t *testing.T) {
	store := &instantStore{}
	b := ready(t, switchboard.Config{Store: store})
	full := errors.New("full")
	store.then(func() error { return full })
	_, err := b.Receive(t.Context(), from("c1", 1))
	if !errors.Is(err, full) || !errors.Is(err, switchboard.ErrRefused) {
		t.Errorf("the command says %v", err)
	}
	b.arrive("c1")
	store.then(func() error { return switchboard.ErrConflict })
	b.arrive("c2") // decided again
	if n := count(b.kinds(), "conversation.opened"); n != 2 {
		t.Errorf("%d conversations, want 2", n)
	}
}

// Whoever comes while a caller is being served queues, and is served after it.
func TestOthersQueueWhileACallerIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &instantStore{}
		b := ready(t, switchboard.Config{Store: store})
		began, release := make(chan struct{}), make(chan struct{})
		store.then(func() error {
			close(began)
			<-release
			return nil
		})
		var all sync.WaitGroup
		all.Go(func() { b.arrive("c1") })
		<-began
		const n = 20
		for range n {
			all.Go(func() {
				if _, err := b.Bot("bot").Send(t.Context(), b.arrive("c2"), "hello"); err != nil {
					t.Error(err)
				}
			})
		}
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			if _, err := b.Receive(ctx, from("c3", 1)); !errors.Is(err, context.Canceled) {
				t.Errorf("who left while waiting is told %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(release)
		all.Wait()
		b.must(b.Quiet(t.Context()))
		if got := count(b.kinds(), "conversation.opened"); got != 2 {
			t.Errorf("%d conversations, want 2", got)
		}
		if got := count(b.kinds(), "conversation.send-settled"); got != n {
			t.Errorf("%d messages sent, want %d", got, n)
		}
	})
}

// Close comes while callers serve themselves: each is carried out or refused.
func TestCloseWhileCallersServeThemselves(t *testing.T) {
	for range 20 {
		b := ready(t, switchboard.Config{})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for i := 0; ; i++ {
					_, err := b.Receive(t.Context(), from("c", i))
					if err != nil {
						if !errors.Is(err, switchboard.ErrClosed) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		b.must(b.Close())
		all.Wait()
	}
}
