package switchboard

import (
	"context"
	"fmt"
	"iter"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

// liveBoard is a board with so many conversations that agents serve, a hundred
// each.
func liveBoard(b *testing.B, c Config, live int) (*benchBoard, []conversation.ID) {
	b.Helper()
	ctx := context.Background()
	agents := max(4*benchQueues, live/80) // none of the queues may run out of slots
	c.SnapshotEvery = -1
	board := openBench(b, c, benchSetup(agents, routing.MaxCapacity, false))
	board.signIn(agents)
	ids := make([]conversation.ID, 0, live)
	for range live {
		id, err := board.Receive(ctx, board.arrival(board.n%benchQueues))
		board.must(err)
		board.must(board.Agent(board.offered(id)).Accept(ctx, id))
		ids = append(ids, id)
	}
	return board, ids
}

// saveNow makes a snapshot of the present state.
func (b *benchBoard) saveNow() {
	b.tb.Helper()
	var j *job
	b.must(b.inside(context.Background(), func() { j = b.snapshots.begin() }))
	b.must(b.snapshots.save(context.Background(), j))
}

// sink is a memory store that counts the bytes of snapshots and keeps none, as if
// they were on a disk.
type sink struct {
	*MemoryStore
	bytes atomic.Int64
}

type sinkLog struct {
	*memoryHandle
	s *sink
}

func (s *sink) Open(ctx context.Context, board string) (Log, error) {
	log, err := s.MemoryStore.Open(ctx, board)
	return sinkLog{log.(*memoryHandle), s}, err
}

func (l sinkLog) SaveSnapshot(_ context.Context, _ Position, chunks iter.Seq2[[]byte, error]) error {
	for chunk, err := range chunks {
		if err != nil {
			return err
		}
		l.s.bytes.Add(int64(len(chunk)))
	}
	return nil
}

// BenchmarkSnapshot makes a snapshot of 100,000 live conversations while four
// callers go on: customers write, agents answer with a note. An operation is one
// snapshot; the waits are those of the commands meanwhile.
func BenchmarkSnapshot(b *testing.B) {
	live := 100_000
	if os.Getenv("SWITCHBOARD_BENCH_SHORT") == "1" {
		live = 5_000
	}
	const callers = 4
	ctx := context.Background()
	store := &sink{MemoryStore: NewMemoryStore()}
	board, ids := liveBoard(b, Config{Store: store}, live)
	waits := make([][]time.Duration, callers)
	for i := range waits {
		waits[i] = make([]time.Duration, 0, 1<<20)
	}
	runtime.GC()
	store.bytes.Store(0)
	snapshots := 0
	for b.Loop() {
		var stop atomic.Bool
		var group sync.WaitGroup
		for i := range callers {
			group.Go(func() {
				for n := i; !stop.Load(); n += callers {
					id := ids[n*7919%len(ids)]
					began := time.Now()
					c, err := board.Conversation(ctx, id)
					if err == nil && n%2 == 0 {
						_, err = board.Agent(c.OwnerID()).Note(ctx, id, "He has called before.")
					} else if err == nil {
						_, err = board.Receive(ctx, conversation.Inbound{
							Channel: "messenger", Source: c.Source, Customer: c.Customer,
							ExternalID: fmt.Sprintf("m_%d_%d_%d", snapshots, i, n), Text: "Are you still there?",
						})
					}
					waits[i] = append(waits[i], time.Since(began))
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		board.saveNow()
		stop.Store(true)
		group.Wait()
		snapshots++
	}
	all := slices.Concat(waits...)
	slices.Sort(all)
	at := func(of float64) float64 { return float64(all[int(of*float64(len(all)-1))].Microseconds()) / 1000 }
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.999), "p99.9-ms")
	b.ReportMetric(at(1), "max-ms")
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "commands/s")
	b.ReportMetric(float64(store.bytes.Load())/float64(snapshots)/float64(live), "B/conversation")
}

// BenchmarkRecover opens a board with so many live conversations from a snapshot
// and a tail of the log of 10,000 messages.
func BenchmarkRecover(b *testing.B) {
	for _, live := range []int{100_000, 1_000_000} {
		if os.Getenv("SWITCHBOARD_BENCH_SHORT") == "1" {
			live /= 50
		}
		b.Run(fmt.Sprint(live), func(b *testing.B) {
			ctx := context.Background()
			store := NewMemoryStore()
			board, _ := liveBoard(b, Config{Store: store}, live)
			board.saveNow()
			board.must(board.inside(ctx, func() {
				board.must(board.log.(Trimmer).Trim(ctx, board.position)) // a smaller heap
			}))
			for range 10_000 {
				_, err := board.Receive(ctx, board.arrival(board.n%benchQueues))
				board.must(err)
			}
			board.must(board.Close())
			board.Board = nil
			runtime.GC()
			b.ResetTimer()
			for b.Loop() {
				again, err := Open(ctx, Config{Name: "bench", Store: store, Node: "n1"})
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if n := again.floor.Size(); n != live+10_000 {
					b.Fatalf("%d conversations", n)
				}
				if err := again.Close(); err != nil {
					b.Fatal(err)
				}
				again = nil
				runtime.GC()
				b.StartTimer()
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/open")
		})
	}
}
