package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
)

// faulty is a log through a Faults, and the same log beside it.
func faulty(t *testing.T, c FaultConfig) (*Faults, switchboard.Log, full) {
	t.Helper()
	store := switchboard.NewMemoryStore()
	direct, err := store.Open(t.Context(), board)
	if err != nil {
		t.Fatal(err)
	}
	f := NewFaults(store, FaultConfig{Seed: c.Seed, MaxDelay: c.MaxDelay, Sleep: c.Sleep})
	l, err := f.Open(t.Context(), board)
	if err != nil {
		t.Fatal(err)
	}
	f.Set(c.Rates)
	return f, l, direct.(full)
}

// texts reads all data as text.
func texts(t *testing.T, l switchboard.Log) []string {
	t.Helper()
	recs, err := read(t.Context(), l, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, r := range recs {
		out = append(out, string(r.Data))
	}
	return out
}

func sameTexts(t *testing.T, l switchboard.Log, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), texts(t, l)); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
}

func TestRefusedAppendIsNotStored(t *testing.T) {
	f, l, direct := faulty(t, FaultConfig{Rates: FaultRates{Refuse: 1}})
	_, err := l.Append(t.Context(), 0, []byte("a"))
	if !errors.Is(err, switchboard.ErrRefused) || !errors.Is(err, ErrInjected) {
		t.Errorf("got %v, want ErrRefused and ErrInjected", err)
	}
	f.Deliver()
	sameTexts(t, direct)
}

func TestLostReplyIsStored(t *testing.T) {
	_, l, direct := faulty(t, FaultConfig{Rates: FaultRates{Lose: 1}})
	_, err := l.Append(t.Context(), 0, []byte("a"))
	if !errors.Is(err, ErrInjected) || errors.Is(err, switchboard.ErrRefused) {
		t.Errorf("got %v, want ErrInjected and not ErrRefused", err)
	}
	sameTexts(t, direct, "a")
}

func TestLateAppendArrivesLater(t *testing.T) {
	f, l, direct := faulty(t, FaultConfig{Rates: FaultRates{Late: 1}})
	data := []byte("a")
	_, err := l.Append(t.Context(), 0, data)
	if !errors.Is(err, ErrInjected) || errors.Is(err, switchboard.ErrRefused) {
		t.Errorf("got %v, want ErrInjected and not ErrRefused", err)
	}
	data[0] = 'x'
	sameTexts(t, direct)
	f.Set(FaultRates{})
	for range 8 {
		_, _ = read(t.Context(), l, 0)
	}
	sameTexts(t, direct, "a")
	if got := f.Counts(); got.Late != 1 || got.Delivered != 1 || got.TooLate != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestLateAppendWhosePlaceIsTakenIsDropped(t *testing.T) {
	f, l, direct := faulty(t, FaultConfig{Rates: FaultRates{Late: 1}})
	_, _ = l.Append(t.Context(), 0, []byte("late"))
	if _, err := direct.Append(t.Context(), 0, []byte("first")); err != nil {
		t.Fatal(err)
	}
	f.Deliver()
	sameTexts(t, direct, "first")
	if got := f.Counts(); got.TooLate != 1 || got.Delivered != 0 {
		t.Errorf("got %+v", got)
	}
}

// A node may have gone when its append arrives.
func TestLateAppendArrivesAfterClose(t *testing.T) {
	f, l, direct := faulty(t, FaultConfig{Rates: FaultRates{Late: 1}})
	_, _ = l.Append(t.Context(), 0, []byte("late"))
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Append(t.Context(), 0, []byte("closed")); !errors.Is(err, switchboard.ErrRefused) {
		t.Errorf("Append to a closed log: %v", err)
	}
	f.Deliver()
	sameTexts(t, direct, "late")
	if err := l.(*faultLog).inner.(full).Trim(t.Context(), 0); err == nil {
		t.Error("the log of the late append stays open")
	}
}

func TestDownFailsEverythingUntilUp(t *testing.T) {
	f, l, direct := faulty(t, FaultConfig{})
	ctx := t.Context()
	if _, err := l.Append(ctx, 0, []byte("a")); err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull2(l.Read(ctx, 0))
	defer stop()
	f.Down()
	_, inMidst, _ := next()
	_, opened := f.Open(ctx, board)
	_, appended := l.Append(ctx, 1, []byte("b"))
	_, reading := read(ctx, l, 0)
	_, _, loaded := l.(full).LoadSnapshot(ctx, 0)
	for name, err := range map[string]error{
		"Open": opened, "Append": appended, "Read": reading, "a Read in its midst": inMidst, "LoadSnapshot": loaded,
		"Wait":          l.(full).Wait(ctx, 0),
		"Trim":          l.(full).Trim(ctx, 0),
		"SaveSnapshot":  l.(full).SaveSnapshot(ctx, 1, yielding(nil)),
		"DropSnapshots": l.(full).DropSnapshots(ctx, 0),
	} {
		if !errors.Is(err, ErrInjected) {
			t.Errorf("%s while the store is away: %v, want ErrInjected", name, err)
		}
	}
	f.Up()
	if _, err := l.Append(ctx, 1, []byte("c")); err != nil {
		t.Errorf("Append when the store is back: %v", err)
	}
	sameTexts(t, direct, "a", "c")
}

func TestHangUntilRelease(t *testing.T) {
	f, l, direct := faulty(t, FaultConfig{})
	f.Hang()
	f.Hang()
	result := make(chan error, 1)
	go func() {
		_, err := l.Append(context.Background(), 0, []byte("a"))
		result <- err
	}()
	for f.Counts().Hung == 0 {
		runtime.Gosched()
	}
	select {
	case err := <-result:
		t.Fatalf("an append that should hang returned %v", err)
	default:
	}
	sameTexts(t, direct)
	f.Release()
	f.Release()
	if err := <-result; err != nil {
		t.Error(err)
	}
	sameTexts(t, direct, "a")
}

// An append that hung and was given up is not refused: it may still arrive.
func TestHungAppendThatWasGivenUp(t *testing.T) {
	f, l, direct := faulty(t, FaultConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.Hang()
	const n = 100
	for range n {
		_, err := l.Append(ctx, 0, []byte("a"))
		if !errors.Is(err, ErrInjected) || !errors.Is(err, context.Canceled) || errors.Is(err, switchboard.ErrRefused) {
			t.Fatalf("got %v, want ErrInjected and context.Canceled", err)
		}
	}
	sameTexts(t, direct)
	late := f.Counts().Late
	if late == 0 || late == n {
		t.Errorf("%d of %d arrive, want some", late, n)
	}
	f.Release()
	f.Deliver()
	sameTexts(t, direct, "a")
	if got := f.Counts(); got.Delivered != 1 || got.TooLate != late-1 {
		t.Errorf("got %+v", got)
	}
}

func TestDelaysAreBounded(t *testing.T) {
	n := 0
	sleep := func(_ context.Context, d time.Duration) {
		n++
		if d <= 0 || d > 5*time.Millisecond {
			t.Errorf("a delay of %v", d)
		}
	}
	f, l, _ := faulty(t, FaultConfig{Rates: FaultRates{Delay: 1}, MaxDelay: 5 * time.Millisecond, Sleep: sleep})
	for p := range switchboard.Position(50) {
		if _, err := l.Append(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
	}
	if n != 50 || f.Counts().Delayed != 50 {
		t.Errorf("%d delays, %d counted, want 50", n, f.Counts().Delayed)
	}
}

func TestCorruptRecordsSayWhere(t *testing.T) {
	f, l, direct := faulty(t, FaultConfig{Rates: FaultRates{Corrupt: 1}})
	if _, err := l.Append(t.Context(), 0, []byte("a")); err != nil {
		t.Fatal(err)
	}
	_, err := read(t.Context(), l, 0)
	e := (*switchboard.CorruptError)(nil)
	if !errors.As(err, &e) || e.Position != 1 || !errors.Is(err, ErrInjected) {
		t.Errorf("got %v, want a *CorruptError at 1", err)
	}
	f.Set(FaultRates{})
	sameTexts(t, l, "a")
	sameTexts(t, direct, "a")
}

func TestFlipChangesOneBitOfTheCopy(t *testing.T) {
	f, l, direct := faulty(t, FaultConfig{Rates: FaultRates{Flip: 1}})
	data := payload(1, 200)
	for p := range switchboard.Position(20) {
		if _, err := l.Append(t.Context(), p, data); err != nil {
			t.Fatal(err)
		}
	}
	recs, err := read(t.Context(), l, 0)
	if err != nil || len(recs) != 20 {
		t.Fatalf("%d records and %v", len(recs), err)
	}
	for _, r := range recs {
		n := 0
		for i := range r.Data {
			n += bits.OnesCount8(r.Data[i] ^ data[i])
		}
		if n != 1 {
			t.Errorf("%d bits of the record at %d are others, want 1", n, r.Position)
		}
	}
	good, _ := read(t.Context(), direct, 0)
	for _, r := range good {
		if !bytes.Equal(r.Data, data) {
			t.Errorf("the record at %d is damaged in the store", r.Position)
		}
	}
	if got := f.Counts().Flipped; got != 20 {
		t.Errorf("%d flips counted", got)
	}
}

func TestFailedCalls(t *testing.T) {
	f, l, direct := faulty(t, FaultConfig{})
	ctx := t.Context()
	for p := range switchboard.Position(3) {
		if _, err := l.Append(ctx, p, []byte("a")); err != nil {
			t.Fatal(err)
		}
	}
	f.Set(FaultRates{Fail: 1})
	lengths := map[int]bool{}
	for range 50 {
		recs, err := read(ctx, l, 0)
		if !errors.Is(err, ErrInjected) {
			t.Fatalf("Read: %v", err)
		}
		lengths[len(recs)] = true
	}
	if len(lengths) < 2 {
		t.Errorf("reads fail after %v records only", lengths)
	}
	if err := l.(full).SaveSnapshot(ctx, 2, yielding([][]byte{{1}, {2}})); !errors.Is(err, ErrInjected) {
		t.Errorf("SaveSnapshot: %v", err)
	}
	if _, _, err := direct.LoadSnapshot(ctx, 0); !errors.Is(err, switchboard.ErrNoSnapshot) {
		t.Errorf("a save that failed: %v", err)
	}
	if err := l.(full).Trim(ctx, 3); !errors.Is(err, ErrInjected) {
		t.Errorf("Trim: %v", err)
	}
	sameTexts(t, direct, "a", "a", "a")
	f.Set(FaultRates{Lose: 1})
	if err := l.(full).SaveSnapshot(ctx, 2, yielding([][]byte{{1}, {2}})); !errors.Is(err, ErrInjected) {
		t.Errorf("SaveSnapshot: %v", err)
	}
	if at, _, err := direct.LoadSnapshot(ctx, 0); at != 2 || err != nil {
		t.Errorf("a save whose reply was lost: %d, %v", at, err)
	}
}

// The store goes away by itself, and comes back by itself.
func TestAwayPasses(t *testing.T) {
	f, l, _ := faulty(t, FaultConfig{Rates: FaultRates{Away: 1}})
	if _, err := read(t.Context(), l, 0); !errors.Is(err, ErrInjected) {
		t.Errorf("got %v", err)
	}
	f.Set(FaultRates{})
	failed := 0
	for range 8 {
		if _, err := read(t.Context(), l, 0); err != nil {
			failed++
		}
	}
	if _, err := read(t.Context(), l, 0); err != nil || failed > 7 {
		t.Errorf("after %d failures: %v", failed, err)
	}
}

// trace makes the same calls and says how they end.
func trace(t *testing.T, seed uint64, rates FaultRates) []string {
	f, l, direct := faulty(t, FaultConfig{Seed: seed, Rates: rates, Sleep: func(context.Context, time.Duration) {}})
	var out []string
	for i := range 300 {
		end := (&bad{full: direct}).end()
		p, err := l.Append(t.Context(), end, fmt.Appendf(nil, "%d", i))
		recs, failed := read(t.Context(), l, 0)
		out = append(out, fmt.Sprint(p, err, len(recs), failed))
	}
	return append(out, fmt.Sprintf("%+v", f.Counts()))
}

func TestSameSeedSameFaults(t *testing.T) {
	rates := FaultRates{Refuse: 0.1, Late: 0.1, Lose: 0.1, Fail: 0.1, Away: 0.02, Delay: 0.1, Corrupt: 0.001, Flip: 0.01}
	if diff := cmp.Diff(trace(t, 1, rates), trace(t, 1, rates)); diff != "" {
		t.Errorf("the same seed, twice (-first +second):\n%s", diff)
	}
	if cmp.Equal(trace(t, 1, rates), trace(t, 2, rates)) {
		t.Error("two seeds give the same faults")
	}
	f, l, _ := faulty(t, FaultConfig{Seed: 3, Rates: rates})
	for range 2000 {
		_, _ = l.Append(t.Context(), 0, []byte("a"))
		_, _ = read(t.Context(), l, 0)
	}
	got := f.Counts()
	for name, n := range map[string]int{"Refused": got.Refused, "Late": got.Late, "Lost": got.Lost, "Failed": got.Failed,
		"Away": got.Away, "Delayed": got.Delayed} {
		if n == 0 {
			t.Errorf("%s never happened: %+v", name, got)
		}
	}
}

// A rate that changes does not change what happens by another.
func TestRatesAreIndependent(t *testing.T) {
	refused := func(rates FaultRates) (out []bool) {
		_, l, _ := faulty(t, FaultConfig{Seed: 5, Rates: rates, Sleep: func(context.Context, time.Duration) {}})
		for range 200 {
			_, err := l.Append(t.Context(), 0, nil)
			out = append(out, errors.Is(err, switchboard.ErrRefused) && errors.Is(err, ErrInjected))
		}
		return out
	}
	if diff := cmp.Diff(refused(FaultRates{Refuse: 0.3}), refused(FaultRates{Refuse: 0.3, Delay: 0.5, Lose: 0.5})); diff != "" {
		t.Errorf("what is refused differs (-without +with delays):\n%s", diff)
	}
}

// plainStore has logs without any optional ability.
type plainStore struct{ switchboard.Store }

func (s plainStore) Open(ctx context.Context, board string) (switchboard.Log, error) {
	l, err := s.Store.Open(ctx, board)
	return struct{ switchboard.Log }{l}, err
}

// A wrapped log has the abilities that the other has, and no others.
func TestFaultsHaveTheAbilitiesOfTheStore(t *testing.T) {
	first := slices.IndexFunc(cases, func(c suiteCase) bool { return c.name == "Exclusive" })
	for _, c := range cases[first:] {
		for _, tt := range []struct {
			name  string
			store switchboard.Store
		}{
			{"none", plainStore{switchboard.NewMemoryStore()}},
			{"of the memory store", switchboard.NewMemoryStore()},
		} {
			want := record(t, c, func(testing.TB) Harness { return Harness{Store: tt.store, Records: 100} }, time.Minute)
			fresh := switchboard.Store(switchboard.NewMemoryStore())
			if tt.name == "none" {
				fresh = plainStore{fresh}
			}
			got := record(t, c, func(testing.TB) Harness {
				return Harness{Store: NewFaults(fresh, FaultConfig{}), Records: 100}
			}, time.Minute)
			// A Faults says of itself whether it is alone, and it never is without the
			// other's word.
			if c.name != "Exclusive" && got.skipped != want.skipped || got.failed || want.failed {
				t.Errorf("%s, abilities %s: skipped %v, want %v; %s%s", c.name, tt.name, got.skipped, want.skipped, &got.text, &want.text)
			}
		}
	}
}
