package archivetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// flaws are faults that can be planted into a simple archive.
type flaws struct {
	losesFields, keepsReference, keepsDuplicates, keepsFirst, keepsLast, keepsTail bool
	lexicalParts, noError, lexicalFind, findsParts, findError                      bool
	foldsCase, trimsNames, oneBoard, splitsNames                                   bool
	erasesAll, erasesHalf, erasesSource, ignoresNamed, forgetsNumbers              bool
	errorOnNothing, keepsBytes, ownData, forgetsAll, forgetsErased, ignoresContext bool
	racy                                                                           bool
	limit                                                                          int
}

// simple is an archive of rows. What two connections share is in data.
type simple struct {
	flaws
	data *data
}

type data struct {
	mu     sync.Mutex
	rows   []row
	erased map[string]bool
	trash  []byte // what the medium has beside
}

type row struct {
	board            string
	source, customer string
	id               conversation.ID
	first            int
	as               uint64
	text             []byte
	part             switchboard.Part
}

func newSimple(f flaws) *simple { return &simple{f, &data{erased: map[string]bool{}}} }

func (s *simple) ctx(ctx context.Context) error {
	if s.ignoresContext {
		return nil
	}
	return ctx.Err()
}

func (s *simple) name(n string) string {
	if s.foldsCase {
		n = strings.ToLower(n)
	}
	if s.trimsNames {
		n = strings.TrimSpace(n)
	}
	return n
}

func (s *simple) board(b string) string {
	if s.oneBoard {
		return ""
	}
	if s.splitsNames {
		b, _, _ = strings.Cut(b, "/")
	}
	return b
}

func (s *simple) Store(ctx context.Context, board string, p switchboard.Part) error {
	if err := s.ctx(ctx); err != nil {
		return err
	}
	c := p.Conversation
	if s.losesFields {
		c.Previous = 0
	}
	text, err := json.Marshal(switchboard.Part{As: p.As, Final: p.Final, Conversation: c})
	if err != nil {
		return err
	}
	if s.limit > 0 && len(text) > s.limit {
		return fmt.Errorf("a part of %d bytes", len(text))
	}
	r := row{s.board(board), s.name(string(c.Source)), s.name(string(c.Customer)), c.ID, p.First(), p.As, text, p}
	d := s.data
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.erased[fmt.Sprint(r.board, r.id)] {
		return nil
	}
	i := slices.IndexFunc(d.rows, func(o row) bool { return o.board == r.board && o.id == r.id && o.first == r.first })
	if s.racy { // looks, waits, and writes
		d.mu.Unlock()
		time.Sleep(time.Millisecond)
		d.mu.Lock()
	}
	switch {
	case i < 0 || i >= len(d.rows) || s.keepsDuplicates:
		d.rows = append(d.rows, r)
	case s.keepsFirst:
	case s.keepsLast || r.as > d.rows[i].as:
		if s.keepsTail && len(p.Conversation.Messages) < len(d.rows[i].part.Conversation.Messages) {
			return nil
		}
		d.trash = append(d.trash, d.rows[i].text...)
		d.rows[i] = r
	}
	return nil
}

func (s *simple) Load(ctx context.Context, board string, id conversation.ID) ([]switchboard.Part, error) {
	if err := s.ctx(ctx); err != nil {
		return nil, err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	var rows []row
	for _, r := range s.data.rows {
		if r.board == s.board(board) && r.id == id {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		if s.lexicalParts {
			return strings.Compare(fmt.Sprint(a.first), fmt.Sprint(b.first))
		}
		return a.first - b.first
	})
	if len(rows) == 0 && !s.noError {
		return nil, fmt.Errorf("%w: %s", switchboard.ErrNotArchived, id)
	}
	parts := make([]switchboard.Part, len(rows))
	for i, r := range rows {
		if s.keepsReference {
			parts[i] = r.part
		} else if err := json.Unmarshal(r.text, &parts[i]); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func (s *simple) Find(ctx context.Context, board string, source conversation.Source, who conversation.Customer) ([]conversation.ID, error) {
	if err := s.ctx(ctx); err != nil {
		return nil, err
	}
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	var ids []conversation.ID
	for _, r := range s.data.rows {
		if r.board == s.board(board) && r.source == s.name(string(source)) && r.customer == s.name(string(who)) {
			ids = append(ids, r.id)
		}
	}
	slices.SortFunc(ids, func(a, b conversation.ID) int {
		if s.lexicalFind {
			return strings.Compare(a.String(), b.String())
		}
		if a < b {
			return -1
		}
		return 1
	})
	if !s.findsParts {
		ids = slices.Compact(ids)
	}
	if s.findError && len(ids) == 0 {
		return nil, switchboard.ErrNotArchived
	}
	return ids, nil
}

func (s *simple) Erase(ctx context.Context, board string, e switchboard.Erasure) error {
	if err := s.ctx(ctx); err != nil {
		return err
	}
	d := s.data
	d.mu.Lock()
	defer d.mu.Unlock()
	b := s.board(board)
	erased := func(r row) bool {
		theirs := r.source == s.name(string(e.Source)) && r.customer == s.name(string(e.Customer))
		if s.erasesSource {
			theirs = r.source == s.name(string(e.Source))
		}
		return r.board == b && (theirs && (s.erasesAll || r.id < e.Before) || !s.ignoresNamed && slices.Contains(e.Conversations, r.id))
	}
	if s.errorOnNothing && !slices.ContainsFunc(d.rows, erased) {
		return switchboard.ErrNotArchived
	}
	if !s.forgetsNumbers {
		for _, id := range e.Conversations {
			d.erased[fmt.Sprint(b, id)] = !s.ignoresNamed
		}
		for _, r := range d.rows {
			if erased(r) {
				d.erased[fmt.Sprint(b, r.id)] = true
			}
		}
	}
	done := false
	d.rows = slices.DeleteFunc(d.rows, func(r row) bool {
		if !erased(r) || s.erasesHalf && done {
			return false
		}
		done = true
		return true
	})
	if !s.keepsBytes {
		d.trash = nil
	}
	return nil
}

// harness is a simple archive with the flaws, and all that can be done to it.
func (f flaws) harness() Harness {
	s := newSimple(f)
	return Harness{
		Archive: s,
		Connect: func(testing.TB) switchboard.Archive {
			if f.ownData {
				return newSimple(f)
			}
			return &simple{f, s.data}
		},
		Reopen: func(testing.TB) switchboard.Archive {
			d := &data{rows: slices.Clone(s.data.rows), erased: s.data.erased}
			if f.forgetsAll {
				d.rows = nil
			}
			if f.forgetsErased {
				d.erased = map[string]bool{}
			}
			return &simple{f, d}
		},
		Holds: func(t testing.TB, what []byte) bool {
			found := bytes.Contains(s.data.trash, what)
			for _, r := range s.data.rows {
				found = found || bytes.Contains(r.text, what)
			}
			return found
		},
	}
}

// Each planted fault is found by the case that is named for it.
func TestPlantedFaultsAreFound(t *testing.T) {
	plants := []struct {
		flaws flaws
		finds string
		says  string
	}{
		{flaws{losesFields: true}, "Whole", "not as it was stored"},
		{flaws{keepsReference: true}, "KeepsNoReference", "changed by who stored"},
		{flaws{keepsDuplicates: true}, "Twice", "stored three times: Load"},
		{flaws{findsParts: true}, "Find", "returned [c2 c2 c9"},
		{flaws{keepsFirst: true}, "Newer", "a newer part"},
		{flaws{keepsLast: true}, "LateStore", "an older part came late"},
		{flaws{keepsTail: true}, "Longer", "a shorter part"},
		{flaws{lexicalParts: true}, "Parts", "stored in no order"},
		{flaws{noError: true}, "NotArchived", "want ErrNotArchived"},
		{flaws{lexicalFind: true}, "Find", "stored in no order"},
		{flaws{findError: true}, "FindNobody", "in an empty archive"},
		{flaws{foldsCase: true}, "Names", `Find of "Eve"`},
		{flaws{trimsNames: true}, "Names", `Find of "eve "`},
		{flaws{oneBoard: true}, "Boards", `board "Acme" has`},
		{flaws{splitsNames: true}, "Boards", `board "acme/1" has`},
		{flaws{erasesHalf: true}, "Erase", "after an erasure"},
		{flaws{erasesAll: true}, "EraseBefore", "at the erasure"},
		{flaws{ignoresNamed: true}, "EraseNamed", "named: Load of c20"},
		{flaws{erasesSource: true}, "EraseOthersStay", "of another customer"},
		{flaws{forgetsNumbers: true}, "EraseForEver", "stored after the erasure as of 4"},
		{flaws{errorOnNothing: true}, "EraseNothing", "Erase"},
		{flaws{keepsBytes: true}, "ErasedBytes", "are left"},
		{flaws{ownData: true}, "OtherConnection", "through another connection"},
		{flaws{forgetsAll: true}, "Reopen", "after a restart"},
		{flaws{forgetsErased: true}, "ReopenErased", "stored after it"},
		{flaws{ignoresContext: true}, "Cancelled", "Store succeeds"},
		{flaws{racy: true}, "Contention", "at the same time"},
		{flaws{limit: 1 << 19}, "Large", "a part of"},
	}
	for _, c := range cases {
		found := false
		for _, p := range plants {
			if p.finds != c.name {
				continue
			}
			found = true
			t.Run(fmt.Sprintf("%s/%s", c.name, p.says), func(t *testing.T) {
				r := record(t, c, func(testing.TB) Harness { return p.flaws.harness() }, 30*time.Second)
				switch {
				case !r.failed:
					t.Errorf("%s does not find it", c.name)
				case !strings.Contains(r.text.String(), p.says) || strings.Contains(r.text.String(), "panic:"):
					t.Errorf("%s says %q, want %q", c.name, &r.text, p.says)
				}
			})
		}
		if !found {
			t.Errorf("no planted fault shows that %s finds any", c.name)
		}
	}
}

// The cases pass for the archive in which the faults are planted: what they find
// is the fault.
func TestNothingIsFoundWhereNothingIsPlanted(t *testing.T) {
	for _, c := range cases {
		if r := record(t, c, func(testing.TB) Harness { return flaws{}.harness() }, 30*time.Second); r.failed || r.skipped {
			t.Errorf("%s: %s", c.name, &r.text)
		}
	}
}
