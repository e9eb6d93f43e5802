package walktest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// archive is a process's way to the archive that all share. Its calls take time,
// and some fail: before anything was done, or after.
type archive struct {
	switchboard.Archive
	w    *world
	life *life
	at   class

	mu    sync.Mutex
	calls map[string]int
}

func (a *archive) call(ctx context.Context, what string, do func() error) error {
	if a.life.dead() {
		<-ctx.Done()
		return ctx.Err()
	}
	a.mu.Lock()
	a.calls[what]++
	n := a.calls[what]
	a.mu.Unlock()
	r := a.w.random("archive "+what, uint64(n)<<32|a.life.number)
	fate := r.IntN(100)
	if !a.w.c.Faults.Store || a.w.calm.Load() {
		fate = 99
	}
	a.at.sleep(ctx, between(r, time.Millisecond, 100*time.Millisecond))
	if err := ctx.Err(); err != nil {
		return err
	}
	if fate < 8 {
		return errDropped
	}
	if err := do(); err != nil {
		return err
	}
	a.at.sleep(ctx, between(r, time.Millisecond, 100*time.Millisecond))
	if fate < 16 {
		return errDropped
	}
	return nil
}

// Store implements switchboard.Archive.
func (a *archive) Store(ctx context.Context, board string, p switchboard.Part) error {
	return a.call(ctx, fmt.Sprint("store ", p.Conversation.ID, p.First()), func() error { return a.Archive.Store(ctx, board, p) })
}

// Load implements switchboard.Archive.
func (a *archive) Load(ctx context.Context, board string, id conversation.ID) (parts []switchboard.Part, err error) {
	err = a.call(ctx, fmt.Sprint("load ", id), func() error {
		parts, err = a.Archive.Load(ctx, board, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return parts, nil
}

// Find implements switchboard.Archive.
func (a *archive) Find(ctx context.Context, board string, s conversation.Source, c conversation.Customer) (ids []conversation.ID, err error) {
	err = a.call(ctx, fmt.Sprint("find ", s, c), func() error {
		ids, err = a.Archive.Find(ctx, board, s, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// Erase implements switchboard.Archive.
func (a *archive) Erase(ctx context.Context, board string, e switchboard.Erasure) error {
	return a.call(ctx, fmt.Sprint("erase ", e.Source, e.Customer), func() error { return a.Archive.Erase(ctx, board, e) })
}

// checkArchive: of every conversation that has left memory, and was not erased,
// the archive has what it was then.
func (w *world) checkArchive(r *Result, left map[conversation.ID]conversation.Conversation) {
	if !w.c.Archive {
		return
	}
	erased := make(map[conversation.Customer]bool)
	for _, op := range r.Ops {
		if e, ok := op.Command.(routing.Erase); ok && (op.Outcome == Done || op.Outcome == Unknown) {
			erased[e.Customer] = true
		}
	}
	ctx := context.Background()
	for _, id := range slices.Sorted(maps.Keys(left)) {
		want := left[id]
		if erased[want.Customer] {
			continue
		}
		w.tally("conversations archived", 1)
		parts, err := w.archive.Load(ctx, "walk", id)
		if err != nil {
			w.fail("%v of %s is not in the archive: %v", id, want.Customer, err)
			continue
		}
		var messages []*conversation.Message
		for _, p := range parts {
			messages = append(messages, p.Conversation.Messages...)
		}
		if diff := cmp.Diff(want.Messages, messages[min(want.Earlier(), len(messages)):]); diff != "" {
			w.fail("%v in the archive (-left memory +archived):\n%s", id, diff)
		}
		if last := parts[len(parts)-1]; !last.Final {
			w.fail("%v has left memory, and its last part does not say so", id)
		}
	}
}
