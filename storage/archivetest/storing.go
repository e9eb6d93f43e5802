package archivetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// asJSON is the whole of a part, for comparing.
func (f *fixture) asJSON(p switchboard.Part) string {
	f.Helper()
	text, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		f.Fatal(err)
	}
	return string(text)
}

// whole: nothing of a part is lost.
func whole(f *fixture) {
	want := full(42)
	f.store(f.Archive, want)
	got, err := f.Archive.Load(f.ctx, board, 42)
	if err != nil || len(got) != 1 {
		f.Fatalf("Load returned %d parts, %v", len(got), err)
	}
	was, is := strings.Split(f.asJSON(want), "\n"), strings.Split(f.asJSON(got[0]), "\n")
	for i := range max(len(was), len(is)) {
		if i >= len(was) || i >= len(is) || was[i] != is[i] {
			f.Fatalf("a part is not as it was stored:\nwas %s\nis  %s", strings.Join(was[min(i, len(was)):], ""), strings.Join(is[min(i, len(is)):], ""))
		}
	}
}

// keepsNoReference: who stores and who loads may change what is theirs.
func keepsNoReference(f *fixture) {
	p := part(42, 1, 1, "as stored")
	f.store(f.Archive, p)
	p.Conversation.Messages[0] = &conversation.Message{No: 1, Text: "changed by who stored"}
	f.has(f.Archive, "after the stored part was changed", 42, part(42, 1, 1, "as stored"))
	if got, err := f.Archive.Load(f.ctx, board, 42); err == nil && len(got) == 1 && len(got[0].Conversation.Messages) == 1 {
		got[0].Conversation.Messages[0].Text = "changed by who loaded"
	}
	f.has(f.Archive, "after the loaded part was changed", 42, part(42, 1, 1, "as stored"))
}

// twice: whatever is stored again is there once.
func twice(f *fixture) {
	p := part(42, 1, 1, "hello")
	f.store(f.Archive, p, p, p)
	f.has(f.Archive, "stored three times", 42, p)
	f.finds(f.Archive, "stored three times", "eve", 42)
}

// newer: of two parts with the same place the newer one stays.
func newer(f *fixture) {
	f.store(f.Archive, part(42, 1, 1, "old"), part(42, 9, 1, "new"))
	f.has(f.Archive, "a newer part", 42, part(42, 9, 1, "new"))
	f.store(f.Archive, part(42, 10, 1, "newest"))
	f.has(f.Archive, "the newest part", 42, part(42, 10, 1, "newest"))
}

// lateStore: an older part that comes late changes nothing.
func lateStore(f *fixture) {
	f.store(f.Archive, part(42, 10, 1, "new"), part(42, 9, 1, "old"))
	f.has(f.Archive, "an older part came late", 42, part(42, 10, 1, "new"))
	f.store(f.Archive, part(42, 10, 1, "the same age"))
	f.has(f.Archive, "another part of the same age", 42, part(42, 10, 1, "new"))
}

// longer: a part takes the whole place of a shorter one, and of a longer.
func longer(f *fixture) {
	f.store(f.Archive, part(42, 1, 1, "a", "b"), part(42, 2, 1, "a", "b", "c"))
	f.has(f.Archive, "a longer part", 42, part(42, 2, 1, "a", "b", "c"))
	f.store(f.Archive, part(42, 3, 1, "a"))
	f.has(f.Archive, "a shorter part", 42, part(42, 3, 1, "a"))
}

// parts: they come by the number of their first message, in whichever order they
// were stored.
func parts(f *fixture) {
	var want []switchboard.Part
	for first := 1; first < 1200; first += 99 {
		want = append(want, part(42, uint64(first), first, fmt.Sprint("message ", first)))
	}
	for _, i := range []int{4, 0, 12, 7, 2, 11, 1, 10, 3, 9, 5, 8, 6} {
		f.store(f.Archive, want[i])
	}
	f.has(f.Archive, "stored in no order", 42, want...)
	f.finds(f.Archive, "of many parts", "eve", 42)
}

// notArchived: there is an error for what is not there.
func notArchived(f *fixture) {
	f.has(f.Archive, "in an empty archive", 42)
	f.store(f.Archive, part(42, 1, 1, "hello"))
	f.has(f.Archive, "beside another", 43)
	f.has(f.Archive, "beside another", 4)
}

// find: a customer's conversations come by number, each once.
func find(f *fixture) {
	for _, id := range []conversation.ID{10, 9, 1 << 60, 100, 2} {
		f.store(f.Archive, part(id, 1, 1, "first"), part(id, 2, 2, "second"))
	}
	f.store(f.Archive, partOf("adam", 11, 1, 1, "hello"))
	f.finds(f.Archive, "stored in no order", "eve", 2, 9, 10, 100, 1<<60)
	f.finds(f.Archive, "another customer", "adam", 11)
}

// findNobody: who has nothing is no error.
func findNobody(f *fixture) {
	f.finds(f.Archive, "in an empty archive", "eve")
	f.store(f.Archive, partOf("adam", 11, 1, 1, "hello"))
	f.finds(f.Archive, "beside another", "eve")
}

// names: those of customers and sources differ if any byte does.
func names(f *fixture) {
	alike := []conversation.Customer{
		"eve", "Eve", "EVE", "eve ", " eve", "eve\x00", "e%", "e_e", "e'; --", "é", "e\u0301", "../eve", "eve/1", "*", conversation.Customer(strings.Repeat("x", 512)),
	}
	for i, who := range alike {
		f.store(f.Archive, partOf(who, conversation.ID(i+1), 1, 1, "hello"))
	}
	for i, who := range alike {
		f.finds(f.Archive, "among names that look alike", who, conversation.ID(i+1))
	}
	other := part(1000, 1, 1, "hello")
	other.Conversation.Source = "Page"
	f.store(f.Archive, other)
	f.finds(f.Archive, "another source", "eve", 1)
}

// boards: what is of one is not of another.
func boards(f *fixture) {
	alike := []string{board, "Acme", "acme ", "ac", "acme/1", "../acme", "acme\x00", strings.Repeat("b", 128)}
	for i, name := range alike {
		if err := f.Archive.Store(f.ctx, name, part(42, 1, 1, fmt.Sprint("of board ", i))); err != nil {
			f.Fatalf("Store on %q: %v", name, err)
		}
	}
	for i, name := range alike {
		got, err := f.Archive.Load(f.ctx, name, 42)
		if want := outline([]switchboard.Part{part(42, 1, 1, fmt.Sprint("of board ", i))}); err != nil || outline(got) != want {
			f.Errorf("board %q has %s, %v, want %s", name, outline(got), err, want)
		}
	}
	f.erase(f.Archive, switchboard.Erasure{Source: "page", Customer: "eve", Before: 100})
	for _, name := range alike[1:] {
		if ids, err := f.Archive.Find(f.ctx, name, "page", "eve"); err != nil || !slices.Equal(ids, []conversation.ID{42}) {
			f.Errorf("after an erasure on %q, board %q has %v, %v", board, name, ids, err)
		}
	}
}

// otherConnection: what a call has done is seen through every connection as soon
// as it has returned.
func otherConnection(f *fixture) {
	other := f.Archive
	if f.Connect != nil {
		other = f.Connect(f)
	}
	for i := range conversation.ID(20) {
		id := i + 1
		one, two := f.Archive, other
		if id%2 == 0 {
			one, two = two, one
		}
		f.store(one, part(id, 1, 1, "first"))
		f.has(two, "through another connection", id, part(id, 1, 1, "first"))
		f.store(two, part(id, 2, 1, "second"))
		f.has(one, "through the first connection", id, part(id, 2, 1, "second"))
		f.erase(one, switchboard.Erasure{Source: "page", Customer: "eve", Before: id + 1})
		f.has(two, "erased through another connection", id)
		f.store(two, part(id, 3, 1, "third"))
		f.has(one, "erased through another connection, and stored again", id)
	}
}

// reopened: everything is there after a restart.
func reopened(f *fixture) {
	f.store(f.Archive, part(42, 5, 1, "a", "b"), part(42, 6, 3, "c"), part(7, 1, 1, "hello"))
	a := f.restart()
	f.has(a, "after a restart", 42, part(42, 5, 1, "a", "b"), part(42, 6, 3, "c"))
	f.finds(a, "after a restart", "eve", 7, 42)
	f.store(a, part(42, 4, 1, "late"))
	f.has(a, "an older part after a restart", 42, part(42, 5, 1, "a", "b"), part(42, 6, 3, "c"))
}

func (f *fixture) restart() switchboard.Archive {
	if f.Reopen == nil {
		return f.Archive
	}
	return f.Reopen(f)
}

// cancelled: a call whose context is over fails.
func cancelled(f *fixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	if err := f.Archive.Store(ctx, board, part(42, 1, 1, "hello")); err == nil {
		f.Error("Store succeeds in a context that is over")
	}
	if _, err := f.Archive.Load(ctx, board, 42); err == nil {
		f.Error("Load succeeds in a context that is over")
	}
	if _, err := f.Archive.Find(ctx, board, "page", "eve"); err == nil {
		f.Error("Find succeeds in a context that is over")
	}
	if err := f.Archive.Erase(ctx, board, switchboard.Erasure{Source: "page", Customer: "eve", Before: 1}); err == nil {
		f.Error("Erase succeeds in a context that is over")
	}
}

// contention: whatever comes at the same time, the newest part stays, and nothing
// of what is erased.
func contention(f *fixture) {
	const writers, rounds = 8, 25
	for round := range conversation.ID(rounds) {
		kept, gone := 2*round+1, 2*round+2
		var group sync.WaitGroup
		for i := range uint64(writers) {
			as := i + 1
			group.Go(func() {
				if err := f.Archive.Store(f.ctx, board, part(kept, as, 1, fmt.Sprint("as of ", as))); err != nil {
					f.Errorf("Store: %v", err)
				}
			})
			group.Go(func() {
				if err := f.Archive.Store(f.ctx, board, partOf("adam", gone, as, int(as), "hello")); err != nil {
					f.Errorf("Store: %v", err)
				}
			})
		}
		group.Go(func() {
			e := switchboard.Erasure{Source: "page", Customer: "adam", Before: gone + 1, Conversations: []conversation.ID{gone}}
			if err := f.Archive.Erase(f.ctx, board, e); err != nil {
				f.Errorf("Erase: %v", err)
			}
		})
		group.Wait()
		f.has(f.Archive, "stored at the same time", kept, part(kept, writers, 1, fmt.Sprint("as of ", writers)))
		f.has(f.Archive, "stored while it was erased", gone)
		if f.Failed() {
			return
		}
	}
}

// large: a part may have a thousand messages, and messages as long as a customer's
// may be.
func large(f *fixture) {
	texts := make([]string, conversation.DefaultInMemory)
	for i := range texts {
		n := 500
		if i%100 == 0 {
			n = conversation.MaxInboundText/2 - 8
		}
		texts[i] = fmt.Sprint(i, " ", strings.Repeat("ř", n))
	}
	p := part(42, 1, 1, texts...)
	f.store(f.Archive, p)
	got, err := f.Archive.Load(f.ctx, board, 42)
	if err != nil || len(got) != 1 || len(got[0].Conversation.Messages) != len(texts) {
		f.Fatalf("Load returned %d parts, %v", len(got), err)
	}
	for i, m := range got[0].Conversation.Messages {
		if m.Text != texts[i] {
			f.Fatalf("message %d has a text of %d bytes, want %d", m.No, len(m.Text), len(texts[i]))
		}
	}
}
