package switchboard

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/switchboard-go/switchboard/conversation"
)

// MemoryArchive is an [Archive] in memory: for tests, and to try one out. The
// zero value is empty and ready to use; a MemoryArchive must not be copied.
type MemoryArchive struct {
	mu     sync.Mutex
	boards map[string]*archivedBoard
}

// NewMemoryArchive returns an empty archive.
func NewMemoryArchive() *MemoryArchive { return &MemoryArchive{} }

// archivedBoard is what is kept of one board.
type archivedBoard struct {
	conversations map[conversation.ID]*archivedConversation
	of            map[archivedCustomer][]conversation.ID // ascending
}

type archivedCustomer struct {
	source   conversation.Source
	customer conversation.Customer
}

// archivedConversation has its parts by their first message; one that was erased
// has nothing, for ever.
type archivedConversation struct {
	erased bool
	who    archivedCustomer
	parts  []archivedPart
}

type archivedPart struct {
	first int
	as    uint64
	data  []byte // the part as JSON
}

func (a *MemoryArchive) board(name string) *archivedBoard {
	b := a.boards[name]
	if b == nil {
		b = &archivedBoard{
			conversations: make(map[conversation.ID]*archivedConversation),
			of:            make(map[archivedCustomer][]conversation.ID),
		}
		if a.boards == nil {
			a.boards = make(map[string]*archivedBoard)
		}
		a.boards[name] = b
	}
	return b
}

// Store implements [Archive].
func (a *MemoryArchive) Store(ctx context.Context, board string, p Part) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("switchboard: archive %s: %w", p.Conversation.ID, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.board(board)
	id := p.Conversation.ID
	c := b.conversations[id]
	if c == nil {
		c = &archivedConversation{who: archivedCustomer{p.Conversation.Source, p.Conversation.Customer}}
		b.conversations[id] = c
		i, _ := slices.BinarySearch(b.of[c.who], id)
		b.of[c.who] = slices.Insert(b.of[c.who], i, id)
	}
	if c.erased {
		return nil
	}
	i, there := slices.BinarySearchFunc(c.parts, p.First(), func(o archivedPart, first int) int { return o.first - first })
	part := archivedPart{p.First(), p.As, data}
	switch {
	case !there:
		c.parts = slices.Insert(c.parts, i, part)
	case c.parts[i].as < p.As:
		c.parts[i] = part
	}
	return nil
}

// Load implements [Archive].
func (a *MemoryArchive) Load(ctx context.Context, board string, id conversation.ID) ([]Part, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.board(board).conversations[id]
	if c == nil || c.erased {
		return nil, ErrNotArchived
	}
	parts := make([]Part, len(c.parts))
	for i := range c.parts {
		if err := json.Unmarshal(c.parts[i].data, &parts[i]); err != nil {
			return nil, fmt.Errorf("switchboard: load %s: %w", id, err)
		}
	}
	return parts, nil
}

// Find implements [Archive].
func (a *MemoryArchive) Find(ctx context.Context, board string, s conversation.Source, c conversation.Customer) ([]conversation.ID, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.board(board).of[archivedCustomer{s, c}]), nil
}

// Erase implements [Archive].
func (a *MemoryArchive) Erase(ctx context.Context, board string, e Erasure) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.board(board)
	theirs := b.of[archivedCustomer{e.Source, e.Customer}]
	n, _ := slices.BinarySearch(theirs, e.Before)
	for _, id := range slices.Concat(theirs[:n], e.Conversations) {
		b.erase(id)
	}
	return nil
}

// erase leaves the number alone.
func (b *archivedBoard) erase(id conversation.ID) {
	if c := b.conversations[id]; c != nil && !c.erased {
		b.of[c.who] = slices.DeleteFunc(b.of[c.who], func(o conversation.ID) bool { return o == id })
		if len(b.of[c.who]) == 0 {
			delete(b.of, c.who)
		}
	}
	b.conversations[id] = &archivedConversation{erased: true}
}
