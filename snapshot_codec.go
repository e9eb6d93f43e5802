package switchboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/internal/wire"
)

// A snapshot is lines of JSON, as records are: a header, the lines of the state,
// and an end that says how many bytes there were before it and what they add up
// to. Two boards that are at one position write the same bytes.

const (
	// snapshotChunk is about how many bytes are handed to the store at once, and
	// decoded at once.
	snapshotChunk = 128 << 10
	// snapshotPiece is how many conversations the committer looks at in one go.
	snapshotPiece = 256
)

// snapshotHeader is the first line.
type snapshotHeader struct {
	// Format is what a reader must understand.
	Format int `json:"format"`
}

// snapshotEnd is the last line.
type snapshotEnd struct {
	End snapshotSum `json:"end"`
}

// snapshotSum holds for all bytes before the last line.
type snapshotSum struct {
	Bytes int64  `json:"bytes"`
	CRC   uint32 `json:"crc"` // Castagnoli
}

var (
	snapshotLines = func() *wire.Registry {
		r, err := wire.NewRegistry(nil, snapshotHeader{}, snapshotEnd{})
		if err != nil {
			panic(err) // a mistake in this file, which any test finds
		}
		return r
	}()
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	endPrefix  = []byte(`{"end":`)
)

// errStopped means that whoever takes the chunks wants no more.
var errStopped = errors.New("stopped")

// writeSnapshot yields a snapshot in chunks, each valid until the next. It takes
// the pieces from next; an error of it ends the chunks.
func writeSnapshot(next func() (floor.Piece, bool, error)) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var sum snapshotSum
		buf, err := snapshotLines.Append(nil, snapshotHeader{Format: format})
		buf = append(buf, '\n')
		hand := func() error {
			sum.Bytes += int64(len(buf))
			sum.CRC = crc32.Update(sum.CRC, castagnoli, buf)
			if !yield(buf, nil) {
				return errStopped
			}
			buf = buf[:0]
			return nil
		}
		enc := floor.NewEncoder()
		for more := true; more && err == nil; {
			var p floor.Piece
			if p, more, err = next(); err != nil {
				break
			}
			err = p.Encode(enc, func(line []byte) error {
				buf = append(buf, line...)
				if len(buf) < snapshotChunk {
					return nil
				}
				return hand()
			})
		}
		if err == nil && len(buf) > 0 {
			err = hand()
		}
		if err == nil {
			if buf, err = snapshotLines.Append(buf, snapshotEnd{sum}); err == nil {
				yield(append(buf, '\n'), nil)
				return
			}
		}
		if !errors.Is(err, errStopped) {
			yield(nil, err)
		}
	}
}

// readSnapshot makes a floor of a snapshot. Blocks of lines are decoded on all
// processors, and put together in order. Its errors are a *FormatError, a
// *CorruptError, or that of the chunks.
func readSnapshot(ctx context.Context, at Position, chunks iter.Seq2[[]byte, error], c floor.Config) (*floor.Floor, error) {
	type decoded struct {
		lines floor.Lines
		err   error
	}
	type block struct {
		data []byte
		out  chan decoded
	}
	workers := runtime.GOMAXPROCS(0)
	work, order := make(chan block, workers), make(chan block, 2*workers)
	used := make(chan []byte, 2*workers)
	room := func() []byte {
		select {
		case b := <-used:
			return b
		default:
			return make([]byte, 0, snapshotChunk+snapshotChunk/2)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(work)
		defer close(order)
		return snapshotBlocks(chunks, room, func(data []byte) error {
			b := block{data, make(chan decoded, 1)}
			for _, to := range [...]chan block{order, work} {
				select {
				case to <- b:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	})
	for range workers {
		group.Go(func() error {
			dec := floor.NewDecoder()
			for b := range work {
				lines, err := dec.Decode(b.data)
				b.out <- decoded{lines, err}
				select {
				case used <- b.data[:0]:
				default:
				}
			}
			return nil
		})
	}
	restore := floor.NewRestore(c)
	group.Go(func() error {
		for b := range order {
			select {
			case d := <-b.out:
				if d.err == nil {
					d.err = restore.Add(d.lines)
				}
				if d.err != nil {
					return &snapshotError{d.err}
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	err := group.Wait()
	if err == nil {
		var f *floor.Floor
		if f, err = restore.Floor(); err == nil {
			return f, nil
		}
		err = &snapshotError{err}
	}
	return nil, explainSnapshot(at, err)
}

// snapshotError says that what is in a snapshot is wrong, as opposed to the
// store's error.
type snapshotError struct{ err error }

func (e *snapshotError) Error() string { return e.err.Error() }
func (e *snapshotError) Unwrap() error { return e.err }

// explainSnapshot gives an error of the content the type that callers know.
func explainSnapshot(at Position, err error) error {
	wrong, tooNew, unknown := (*snapshotError)(nil), (*FormatError)(nil), (*wire.UnknownKindError)(nil)
	switch {
	case !errors.As(err, &wrong) || errors.As(err, &tooNew):
		return err
	case errors.As(err, &unknown):
		return &FormatError{Format: format, Kind: unknown.Kind}
	}
	return &CorruptError{Position: at, Snapshot: true, Err: wrong.err}
}

// snapshotBlocks cuts a snapshot into blocks of whole lines, without its header
// and its end, and makes sure that it is whole. Each is in memory from room, and
// the caller's.
func snapshotBlocks(chunks iter.Seq2[[]byte, error], room func() []byte, yield func([]byte) error) error {
	var sum, want snapshotSum
	rest := room() // what is not yielded yet
	headed, ended := false, false
	take := func(final bool) error {
		cut := bytes.LastIndexByte(rest, '\n') + 1
		if final && cut != len(rest) {
			return &snapshotError{errors.New("cut off")}
		}
		if cut == 0 {
			return nil
		}
		block := rest[:cut]
		rest = append(room(), rest[cut:]...)
		if ended {
			return &snapshotError{errors.New("there is more after the end")}
		}
		if last := bytes.LastIndexByte(block[:cut-1], '\n') + 1; bytes.HasPrefix(block[last:], endPrefix) {
			var end snapshotEnd
			if err := snapshotLines.Decode(block[last:cut-1], &end); err != nil {
				return &snapshotError{err}
			}
			ended, want, block = true, end.End, block[:last]
		}
		sum.Bytes += int64(len(block))
		sum.CRC = crc32.Update(sum.CRC, castagnoli, block)
		if !headed && len(block) > 0 {
			first, lines, _ := bytes.Cut(block, []byte{'\n'})
			if err := checkSnapshotHeader(first); err != nil {
				return err
			}
			headed, block = true, lines
		}
		if len(block) == 0 {
			return nil
		}
		return yield(block)
	}
	for chunk, err := range chunks {
		if err != nil {
			return err
		}
		for len(chunk) > 0 {
			n := min(len(chunk), snapshotChunk/4) // so that a block does not outgrow its memory
			if rest = append(rest, chunk[:n]...); len(rest) >= snapshotChunk {
				if err := take(false); err != nil {
					return err
				}
			}
			chunk = chunk[n:]
		}
	}
	if err := take(true); err != nil {
		return err
	}
	switch {
	case !ended:
		return &snapshotError{errors.New("the end is missing")}
	case sum != want:
		return &snapshotError{fmt.Errorf("%d bytes that add up to %08x, where it had %d and %08x", sum.Bytes, sum.CRC, want.Bytes, want.CRC)}
	}
	return nil
}

func checkSnapshotHeader(line []byte) error {
	var h snapshotHeader
	switch err := snapshotLines.Decode(line, &h); {
	case err != nil:
		return &snapshotError{err}
	case h.Format < 1:
		return &snapshotError{errors.New("there is no header")}
	case h.Format != format:
		return &snapshotError{&FormatError{Format: h.Format}}
	}
	return nil
}

// snapshotSeq returns the number of the last event in a snapshot, from its first
// lines alone.
func snapshotSeq(at Position, chunks iter.Seq2[[]byte, error]) (uint64, error) {
	var head []byte
	for chunk, err := range chunks {
		if err != nil {
			return 0, err
		}
		head = append(head, chunk...)
		first, rest, _ := bytes.Cut(head, []byte{'\n'})
		board, _, ok := bytes.Cut(rest, []byte{'\n'})
		if !ok {
			continue
		}
		if err := checkSnapshotHeader(first); err != nil {
			return 0, explainSnapshot(at, err)
		}
		restore := floor.NewRestore(floor.Config{})
		lines, err := floor.NewDecoder().Decode(append(board, '\n'))
		if err == nil {
			err = restore.Add(lines)
		}
		if err != nil {
			return 0, explainSnapshot(at, &snapshotError{err})
		}
		f, err := restore.Floor()
		if err != nil {
			return 0, explainSnapshot(at, &snapshotError{err})
		}
		return f.Seq(), nil
	}
	return 0, explainSnapshot(at, &snapshotError{errors.New("cut off")})
}
