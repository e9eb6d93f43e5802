package switchboard

import (
	"context"
	"slices"
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

// rounds are how often the two sides of a ratio are measured, in turn: the
// machine has other things to do, and what counts is the median.
const rounds = 7

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// BenchmarkContention is what two Boards that append to one memory log reach
// together, with 32 callers each, beside one Board alone with all 64. An operation
// is one life on one Board and one on two; the figure is the ratio.
func BenchmarkContention(b *testing.B) {
	c := Config{Store: &sharedMemory{}, SnapshotEvery: -1}
	first := lifecycleBoard(b, c, 64)
	lives := max(b.N/rounds, 64)
	var alone, both, ratios []float64
	for range rounds {
		one := live(lives, numbers(64), func(int) *benchBoard { return first })
		other, err := Open(context.Background(), Config{
			Name: "bench", Node: "n2", Store: c.Store, SnapshotEvery: -1, Transports: first.config.Transports,
		})
		if err != nil {
			b.Fatal(err)
		}
		second := &benchBoard{Board: other, tb: b}
		for i, who := range first.callers {
			who.agent = other.Agent(benchAgent(i))
			second.callers = append(second.callers, who)
		}
		boards := []*benchBoard{first, second}
		two := live(lives, numbers(64), func(i int) *benchBoard { return boards[i%2] })
		alone, both, ratios = append(alone, one), append(both, two), append(ratios, two/one)
		if err := other.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(median(alone), "one-commands/s")
	b.ReportMetric(median(both), "two-commands/s")
	b.ReportMetric(median(ratios), "ratio")
}

// BenchmarkGroupCommit is what 64 callers reach on a store whose every append
// takes a millisecond, beside one caller. An operation is one life of each kind;
// the figure is the ratio.
func BenchmarkGroupCommit(b *testing.B) {
	board := lifecycleBoard(b, Config{Store: &sharedMemory{flush: time.Millisecond}, SnapshotEvery: -1}, 64)
	of := func(int) *benchBoard { return board }
	lives := max(b.N/rounds, 64)
	var single, grouped, ratios []float64
	for range rounds {
		one := live(max(lives/32, 2), []int{0}, of)
		many := live(lives, numbers(64), of)
		single, grouped, ratios = append(single, one), append(grouped, many), append(ratios, many/one)
	}
	b.ReportMetric(median(single), "one-commands/s")
	b.ReportMetric(median(grouped), "64-commands/s")
	b.ReportMetric(median(ratios), "ratio")
}
