package archivetest_test

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
)

// DirArchive keeps conversations in a directory: one file for each, in a directory
// for each board. It belongs to one process; what a database would do with a
// transaction, it does with a lock.
type DirArchive struct {
	dir string
	mu  sync.Mutex
}

func NewDirArchive(dir string) *DirArchive { return &DirArchive{dir: dir} }

// kept is what is in a file.
type kept struct {
	Erased   bool                  `json:"erased,omitempty"`
	Source   conversation.Source   `json:"source,omitempty"`
	Customer conversation.Customer `json:"customer,omitempty"`
	Parts    []switchboard.Part    `json:"parts,omitempty"` // by First
}

var fileNames = base32.HexEncoding.WithPadding(base32.NoPadding)

func (a *DirArchive) board(name string) string {
	return filepath.Join(a.dir, fileNames.EncodeToString([]byte(name)))
}

// read returns what is kept of a conversation, nothing if there is no file.
func (a *DirArchive) read(board string, id conversation.ID) (k kept, err error) {
	text, err := os.ReadFile(filepath.Join(a.board(board), id.String()))
	if errors.Is(err, fs.ErrNotExist) {
		return kept{}, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	return k, err
}

// write replaces a file: a crash leaves the old one or the new one.
func (a *DirArchive) write(board string, id conversation.ID, k kept) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(a.board(board), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(a.board(board), "new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(a.board(board), id.String()))
}

// Store implements switchboard.Archive.
func (a *DirArchive) Store(ctx context.Context, board string, p switchboard.Part) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.read(board, p.Conversation.ID)
	if err = errors.Join(err, ctx.Err()); err != nil || k.Erased {
		return err
	}
	k.Source, k.Customer = p.Conversation.Source, p.Conversation.Customer
	i, there := slices.BinarySearchFunc(k.Parts, p.First(), func(o switchboard.Part, first int) int { return o.First() - first })
	switch {
	case !there:
		k.Parts = slices.Insert(k.Parts, i, p)
	case k.Parts[i].As < p.As:
		k.Parts[i] = p
	default:
		return nil // it has that, or something newer
	}
	return a.write(board, p.Conversation.ID, k)
}

// Load implements switchboard.Archive.
func (a *DirArchive) Load(ctx context.Context, board string, id conversation.ID) ([]switchboard.Part, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.read(board, id)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && len(k.Parts) == 0 {
		err = switchboard.ErrNotArchived
	}
	return k.Parts, err
}

// Find implements switchboard.Archive. A database would have an index.
func (a *DirArchive) Find(ctx context.Context, board string, s conversation.Source, c conversation.Customer) ([]conversation.ID, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.find(ctx, board, s, c)
}

func (a *DirArchive) find(ctx context.Context, board string, s conversation.Source, c conversation.Customer) ([]conversation.ID, error) {
	files, err := os.ReadDir(a.board(board))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var ids []conversation.ID
	for _, f := range files {
		id, err := conversation.ParseID(f.Name())
		if err != nil {
			continue // left by a crash
		}
		if k, err := a.read(board, id); err != nil {
			return nil, err
		} else if len(k.Parts) > 0 && k.Source == s && k.Customer == c {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, ctx.Err()
}

// Erase implements switchboard.Archive.
func (a *DirArchive) Erase(ctx context.Context, board string, e switchboard.Erasure) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	ids, err := a.find(ctx, board, e.Source, e.Customer)
	if err != nil {
		return err
	}
	n, _ := slices.BinarySearch(ids, e.Before)
	for _, id := range append(ids[:n:n], e.Conversations...) {
		if err := a.write(board, id, kept{Erased: true}); err != nil {
			return err
		}
	}
	return nil
}

// A complete archive, on a directory.
func Example() {
	dir, err := os.MkdirTemp("", "archive")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	archive := NewDirArchive(dir)

	// What a Board does when a conversation's linger time is over.
	c := conversation.Conversation{ID: 42, Source: "page", Customer: "eve", State: conversation.Ended, Finished: true}
	c.Messages = []*conversation.Message{{No: 1, Author: conversation.Author{Kind: conversation.FromCustomer}, Text: "Dobrý den"}}
	c.Attributes = agent.Attributes{"order": "4711"}
	err = archive.Store(ctx, "acme", switchboard.Part{As: 97, Final: true, Conversation: c})
	fmt.Println("stored:", err)

	ids, err := archive.Find(ctx, "acme", "page", "eve")
	fmt.Println("found:", ids, err)
	parts, err := archive.Load(ctx, "acme", 42)
	fmt.Println("loaded:", parts[0].Conversation.Messages[0].Text, parts[0].Conversation.Attributes["order"], err)

	err = archive.Erase(ctx, "acme", switchboard.Erasure{Source: "page", Customer: "eve", Before: 100})
	fmt.Println("erased:", err)
	_, err = archive.Load(ctx, "acme", 42)
	fmt.Println("loaded:", err)
	// Output:
	// stored: <nil>
	// found: [c42] <nil>
	// loaded: Dobrý den 4711 <nil>
	// erased: <nil>
	// loaded: switchboard: the conversation is not in the archive
}
