package switchboard_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/walktest"
	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/storage/storagetest"
)

// envNumber reads a number that a longer run sets.
func envNumber(t *testing.T, name string, otherwise int) int {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		t.Fatalf("%s=%q is not a number", name, v)
	}
	return n
}

// walkOf is the run of a seed, which looks into the Boards.
func walkOf(seed uint64, commands int) walktest.Config {
	c := walktest.Of(seed, commands)
	c.Look = switchboard.Look
	return c
}

// TestRandomWalkOfManyBoards walks Boards that share a log through everything
// that can go wrong. SWITCHBOARD_WALK is the number of commands,
// SWITCHBOARD_SEED picks one seed.
func TestRandomWalkOfManyBoards(t *testing.T) {
	randomWalk(t, envNumber(t, "SWITCHBOARD_WALK", 6_000), walkOf,
		"crashes", "restarts", "refused appends", "late appends", "delivered late", "too late", "lost replies", "failed calls",
		"store away", "hung calls", "damaged", "conversation.lane-taken", "routing.outage", "conversation.Accept refused",
		"conversation.Accept unknown", "conversation.Accept done", "conversation.TransferToAgent done",
		"conversation.SubmitWrapUp done", "conversation.End done", "snapshots", "snapshots loaded", "trims", "readers too late",
		"conversations archived")
}

// TestRandomWalkOfErasures does so while customers are erased.
func TestRandomWalkOfErasures(t *testing.T) {
	erases := func(seed uint64, commands int) walktest.Config {
		c := walkOf(seed, commands)
		c.Erases = true
		return c
	}
	randomWalk(t, envNumber(t, "SWITCHBOARD_WALK", 8_000)/4, erases, "crashes", "lost replies", "trims", "persons erased")
}

// randomWalk takes so many commands, and wants to have seen what is named if they
// are not very few.
func randomWalk(t *testing.T, commands int, of func(seed uint64, commands int) walktest.Config, seen ...string) {
	const each = 1000
	if seed := envNumber(t, "SWITCHBOARD_SEED", -1); seed >= 0 {
		synctest.Test(t, func(t *testing.T) { walktest.Run(t, of(uint64(seed), each)) })
		return
	}
	var mu sync.Mutex
	counts := make(map[string]int)
	t.Run("seeds", func(t *testing.T) {
		for seed := 0; seed*each < commands; seed++ {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r := walktest.Run(t, of(uint64(seed), each))
					mu.Lock()
					defer mu.Unlock()
					for what, n := range r.Counts {
						counts[what] += n
					}
				})
			})
		}
	})
	if testing.Verbose() {
		for _, what := range slices.Sorted(maps.Keys(counts)) {
			t.Logf("%7d %s", counts[what], what)
		}
	}
	for _, what := range seen {
		if counts[what] == 0 && commands >= 12_000 && !t.Failed() {
			t.Errorf("%s: never", what)
		}
	}
}

// TestAWalkReplaysExactly: a seed gives the same log at the same instants, and the
// same answers, so that one that fails fails again.
func TestAWalkReplaysExactly(t *testing.T) {
	for seed := range uint64(max(4, envNumber(t, "SWITCHBOARD_SEEDS", 0)/10)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			var runs [2]*walktest.Result
			for i := range runs {
				c := walkOf(seed, 500)
				synctest.Test(t, func(t *testing.T) { runs[i] = walktest.Run(t, c) })
			}
			for _, of := range []struct {
				what        string
				once, again []string
			}{
				{"the calls on the store", runs[0].Calls, runs[1].Calls},
				{"the log", show(runs[0].Stored), show(runs[1].Stored)},
				{"the answers", show(runs[0].Ops), show(runs[1].Ops)},
			} {
				for i := range max(len(of.once), len(of.again)) {
					if i >= len(of.once) || i >= len(of.again) || of.once[i] != of.again[i] {
						from := max(0, i-25)
						t.Errorf("seed %d, %s differ from number %d on (-once +again):\n%s", seed, of.what, i,
							cmp.Diff(of.once[from:min(i+2, len(of.once))], of.again[from:min(i+2, len(of.again))]))
						break
					}
				}
			}
		})
	}
}

// show makes text of each, to be compared.
func show[T any](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = fmt.Sprintf("%+v", v)
	}
	return out
}

// TestOfferThroughOneAcceptThroughAnother: whichever Board makes an offer, it is
// accepted through any other at the first try, though answers of the store get
// lost and come late.
func TestOfferThroughOneAcceptThroughAnother(t *testing.T) {
	for _, boards := range []int{2, 3, 5} {
		t.Run(fmt.Sprint(boards), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, ctx := switchboard.NewMemoryStore(), t.Context()
				var all []*switchboard.Board
				for i := range boards {
					faults := storagetest.NewFaults(store, storagetest.FaultConfig{
						Seed: uint64(boards*10 + i), MaxDelay: 5 * time.Millisecond,
						Rates: storagetest.FaultRates{Delay: 1, Lose: 0.2, Late: 0.1},
					})
					b, err := switchboard.Open(ctx, switchboard.Config{Name: "many", Node: fmt.Sprint("n", i), Store: faults})
					if err != nil {
						t.Fatal(err)
					}
					defer b.Close()
					all = append(all, b)
				}
				if err := all[0].Administrator("root").Configure(ctx, exactSetup()); err != nil {
					t.Fatal(err)
				}
				ann := func(b *switchboard.Board) switchboard.Agent { return b.Agent("ann") }
				if err := errors.Join(ann(all[0]).SignIn(ctx), ann(all[0]).Available(ctx)); err != nil {
					t.Fatal(err)
				}
				n := 0
				for i, from := range all {
					for j, to := range all {
						if i == j {
							continue
						}
						n++
						id, err := from.Receive(ctx, conversation.Inbound{Channel: "messenger", Source: "page",
							Customer: conversation.Customer(fmt.Sprint("c", n)), ExternalID: fmt.Sprint("m", n), Text: "hello"})
						if err != nil {
							t.Fatal(err)
						}
						if err := ann(to).Accept(ctx, id); err != nil {
							t.Errorf("offered through %d, accepted through %d: %v", i, j, err)
						}
						if err := errors.Join(ann(from).End(ctx, id), ann(to).WrapUp(ctx, id, "done")); err != nil {
							t.Errorf("ended through %d, wrapped up through %d: %v", i, j, err)
						}
					}
				}
			})
		})
	}
}

// TestLeaseAfterSnapshot: a node that has opened the board from a snapshot says
// that it sends, as every other does.
func TestLeaseAfterSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, ctx := switchboard.NewMemoryStore(), t.Context()
		open := func(node string) *switchboard.Board {
			b, err := switchboard.Open(ctx, switchboard.Config{Name: "many", Node: node, Store: store, SnapshotEvery: 5})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		first := open("first")
		defer first.Close()
		if err := first.Administrator("root").Configure(ctx, exactSetup()); err != nil {
			t.Fatal(err)
		}
		ann := first.Agent("ann")
		if err := errors.Join(ann.SignIn(ctx), ann.Available(ctx)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the snapshot is made
		second := open("second")
		defer second.Close()
		id, err := second.Receive(ctx, conversation.Inbound{Channel: "messenger", Source: "page", Customer: "c", ExternalID: "m", Text: "hello"})
		if err != nil {
			t.Fatal(err)
		}
		ann = second.Agent("ann")
		if err := ann.Accept(ctx, id); err != nil {
			t.Fatal(err)
		}
		if _, err := ann.Send(ctx, id, "good day"); err != nil {
			t.Fatal(err)
		}
		limited, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		for e, err := range second.Events(limited, "", switchboard.OfKind("routing.node-alive")) {
			if err != nil {
				t.Fatalf("the second node has shown no lease: %v", err)
			}
			if e.Body.(routing.NodeAlive).Node == "second" {
				break
			}
		}
	})
}

type losesReplies struct{ *switchboard.MemoryArchive }

func (a losesReplies) Erase(ctx context.Context, board string, e switchboard.Erasure) error {
	return errors.Join(a.MemoryArchive.Erase(ctx, board, e), errDown)
}

// TestEraseUnknown: a customer who is in the archive alone may be gone from it
// though the archive's answer is lost, and the caller is told so.
func TestEraseUnknown(t *testing.T) {
	ctx := t.Context()
	b, err := switchboard.Open(ctx, switchboard.Config{Name: "many", Archive: losesReplies{switchboard.NewMemoryArchive()}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	admin := b.Administrator("root")
	if err := admin.Configure(ctx, exactSetup()); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Erase(ctx, "page", "eva"); !errors.Is(err, switchboard.ErrOutcomeUnknown) || !errors.Is(err, errDown) {
		t.Errorf("got %v, want ErrOutcomeUnknown and the archive's error", err)
	}
}
