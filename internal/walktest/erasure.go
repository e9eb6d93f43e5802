package walktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// person is a customer whose name is found nowhere else, and who may want to be
// erased.
func (c *caller) person() (conversation.Source, conversation.Customer) {
	n := c.random.IntN(8)
	return sources[n%2], conversation.Customer(fmt.Sprintf("person-%d-%d.", c.no, n))
}

// privately is a message of the person, or the wish to be erased.
func (c *caller) privately() (switchboard.Actor, any) {
	src, who := c.person()
	if c.random.IntN(3) == 0 {
		return admin, routing.Erase{Source: src, Customer: who}
	}
	by, cmd := c.inbound(src, who)
	in := cmd.(conversation.Inbound)
	in.Text, in.Entry.Attributes = "I am "+string(who), agent.Attributes{"name": string(who)}
	return by, in
}

// checkErasures: of a person whose erasure the board says to be done, and who has
// not written since, no byte is left: not in the log, nor in a snapshot, nor in
// the archive.
func (w *world) checkErasures(r *Result) {
	if !w.c.Erases {
		return
	}
	begun, done := make(map[uint64]bool), make(map[uint64]bool) // by number
	for _, e := range r.Events {
		switch b := e.Body.(type) {
		case routing.ErasureBegun:
			begun[e.Seq] = true
		case routing.ErasureDone:
			done[b.Erasure] = true
		}
	}
	for _, no := range slices.Sorted(maps.Keys(begun)) {
		if !done[no] {
			w.fail("erasure %d is not done", no)
		}
	}
	last, n := make(map[string]uint64), uint64(0) // the last event that names the person
	for _, s := range r.Stored {
		for line := range strings.Lines(s.Events) {
			n++
			if i := strings.Index(line, "person-"); i >= 0 {
				name, _, _ := strings.Cut(line[i:], ".")
				last[name+"."] = n
			}
		}
	}
	kept := w.everything()
	for _, op := range r.Ops {
		e, ok := op.Command.(routing.Erase)
		no := op.Result.Erasure
		if !ok || op.Outcome != Done {
			continue
		}
		if no != 0 && !begun[no] {
			w.fail("erasure %d was acknowledged and is not in the log", no)
		}
		who := string(e.Customer)
		if last[who] == 0 || last[who] > no {
			continue // never there, or there again
		}
		w.tally("persons erased", 1)
		for _, part := range kept {
			if bytes.Contains(part.data, []byte(who)) {
				w.fail("%s was erased by event %d, and is still in %s", who, no, part.name)
			}
		}
		if ids, err := w.archive.Find(context.Background(), "walk", e.Source, e.Customer); err != nil || len(ids) > 0 {
			w.fail("%s was erased by event %d, and is still in the archive: %v, %v", who, no, ids, err)
		}
	}
}

type kept struct {
	name string
	data []byte
}

// everything is all that is stored, apart from the walk's own copy.
func (w *world) everything() (out []kept) {
	ctx := context.Background()
	l, err := w.store.MemoryStore.Open(ctx, "walk")
	if err != nil {
		w.fail("%v", err)
		return nil
	}
	defer l.Close()
	log := l.(memoryLog)
	read := func(after switchboard.Position) (all []byte, err error) {
		for rec, err := range log.Read(ctx, after) {
			if err != nil {
				return nil, err
			}
			all = append(all, rec.Data...)
		}
		return all, nil
	}
	all, err := read(0)
	for i := 0; errors.Is(err, switchboard.ErrTrimmed) && i < len(w.store.stored); i++ {
		all, err = read(w.store.stored[i].Position)
	}
	if err != nil {
		w.fail("what is left of the log: %v", err)
	}
	out = append(out, kept{"the log", all})
	for skip := range 2 {
		_, chunks, err := log.LoadSnapshot(ctx, skip)
		if err != nil {
			continue
		}
		k := kept{name: fmt.Sprint("snapshot ", skip)}
		for c, err := range chunks {
			if err != nil {
				w.fail("%s: %v", k.name, err)
			}
			k.data = append(k.data, c...)
		}
		out = append(out, k)
	}
	return out
}
