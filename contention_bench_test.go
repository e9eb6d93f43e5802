package switchboard

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sharedMemory is a memory store that does not tell who is alone, nor that it
// never waits: as a store that processes share. With a flush, an append takes
// that long, as on a disk.
type sharedMemory struct {
	MemoryStore
	flush time.Duration
}

type sharedLog struct {
	Log
	flush time.Duration
}

func (s *sharedMemory) Open(ctx context.Context, board string) (Log, error) {
	l, err := s.MemoryStore.Open(ctx, board)
	return &sharedLog{l, s.flush}, err
}

func (l *sharedLog) Append(ctx context.Context, after Position, data []byte) (Position, error) {
	if l.flush > 0 {
		time.Sleep(l.flush)
	}
	return l.Log.Append(ctx, after, data)
}

// live has the callers lead so many lives in all, each caller on its Board, and
// returns the commands for each second.
func live(lives int, callers []int, boardOf func(i int) *benchBoard) float64 {
	var next atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	for _, i := range callers {
		group.Go(func() {
			for next.Add(1) <= int64(lives) {
				boardOf(i).lifecycle(context.Background(), i, int(turns.Add(1)))
			}
		})
	}
	group.Wait()
	return float64(lives*lifecycleCommands) / time.Since(began).Seconds()
}

// turns numbers the lives, so that no message has an id that was there before.
var turns atomic.Int64

func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// BenchmarkContention is what two Boards that append to one memory log reach
// together, with 32 callers each, beside one Board with all 64. An operation is
// one life on one Board and one on two; the figure is the ratio.
func BenchmarkContention(b *testing.B) {
	c := Config{Store: &sharedMemory{}, SnapshotEvery: -1}
	first := lifecycleBoard(b, c, 64)
	lives := max(b.N, 64)
	alone := live(lives, numbers(64), func(int) *benchBoard { return first })
	other, err := Open(context.Background(), Config{Name: "bench", Node: "n2", Store: c.Store, SnapshotEvery: -1, Transports: first.config.Transports})
	if err != nil {
		b.Fatal(err)
	}
	defer other.Close()
	second := &benchBoard{Board: other, tb: b, callers: make([]benchCaller, len(first.callers))}
	for i, who := range first.callers {
		who.agent = other.Agent(benchAgent(i))
		second.callers[i] = who
	}
	boards := []*benchBoard{first, second}
	b.ResetTimer()
	both := live(lives, numbers(64), func(i int) *benchBoard { return boards[i%2] })
	b.ReportMetric(alone, "one-commands/s")
	b.ReportMetric(both, "two-commands/s")
	b.ReportMetric(both/alone, "ratio")
}

// BenchmarkGroupCommit is what 64 callers reach on a store whose every append
// takes a millisecond, beside one caller. An operation is one life of each kind;
// the figure is the ratio.
func BenchmarkGroupCommit(b *testing.B) {
	board := lifecycleBoard(b, Config{Store: &sharedMemory{flush: time.Millisecond}, SnapshotEvery: -1}, 64)
	of := func(int) *benchBoard { return board }
	lives := max(b.N, 64)
	b.ResetTimer()
	one := live(max(lives/32, 2), []int{0}, of)
	many := live(lives, numbers(64), of)
	b.ReportMetric(one, "one-commands/s")
	b.ReportMetric(many, "64-commands/s")
	b.ReportMetric(many/one, "ratio")
}
