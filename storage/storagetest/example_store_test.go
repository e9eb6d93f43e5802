package storagetest_test

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/routing"
)

// DirStore keeps a directory for each board and a file for each record. What
// makes it a store is that of many who give a file the same name one succeeds.
// Any number of processes may use the directory.
type DirStore string

// Open implements switchboard.Store.
func (s DirStore) Open(ctx context.Context, board string) (switchboard.Log, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// A board's name may hold anything, a file's may not.
	dir := filepath.Join(string(s), base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(board)))
	return &dirLog{dir: dir}, os.MkdirAll(dir, 0o700)
}

type dirLog struct {
	dir    string
	closed atomic.Bool
}

func (l *dirLog) usable(ctx context.Context) error {
	if l.closed.Load() {
		return errors.New("the log is closed")
	}
	return ctx.Err()
}

func (l *dirLog) file(p switchboard.Position) string {
	return filepath.Join(l.dir, fmt.Sprintf("%020d", p))
}

// past reports whether the position is past the end of the log.
func (l *dirLog) past(p switchboard.Position) error {
	if p == 0 {
		return nil
	}
	_, err := os.Stat(l.file(p))
	if errors.Is(err, fs.ErrNotExist) {
		return switchboard.ErrPosition
	}
	return err
}

// Append implements switchboard.Log.
func (l *dirLog) Append(ctx context.Context, after switchboard.Position, data []byte) (switchboard.Position, error) {
	if err := errors.Join(l.usable(ctx), l.past(after)); err != nil {
		return 0, fmt.Errorf("%w: %w", switchboard.ErrRefused, err)
	}
	// The record is written under another name, which does not count. What a crash
	// leaves of those may be deleted at any time.
	f, err := os.CreateTemp(l.dir, "new-*")
	if err != nil {
		return 0, fmt.Errorf("%w: %w", switchboard.ErrRefused, err)
	}
	defer os.Remove(f.Name())
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(data))
	_, err = f.Write(append(sum, data...))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return 0, fmt.Errorf("%w: %w", switchboard.ErrRefused, err)
	}
	// Now it gets its name, whole, unless the name is taken.
	err = os.Link(f.Name(), l.file(after+1))
	switch {
	case errors.Is(err, fs.ErrExist):
		return 0, switchboard.ErrConflict
	case err != nil:
		return 0, err // on a network file system it may have succeeded
	}
	d, err := os.Open(l.dir)
	if err != nil {
		return 0, err // it is there, but may not be after a power failure
	}
	return after + 1, errors.Join(d.Sync(), d.Close())
}

// Read implements switchboard.Log.
func (l *dirLog) Read(ctx context.Context, after switchboard.Position) iter.Seq2[switchboard.Record, error] {
	return func(yield func(switchboard.Record, error) bool) {
		err := errors.Join(l.usable(ctx), l.past(after))
		for p := after + 1; err == nil; p++ {
			var b []byte
			b, err = os.ReadFile(l.file(p))
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return // the present end
			case err != nil:
			case len(b) < 4 || !bytes.Equal(b[:4], binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b[4:]))):
				err = &switchboard.CorruptError{Position: p, Err: errors.New("the checksum is wrong")}
			case !yield(switchboard.Record{Position: p, Data: b[4:]}, nil):
				return
			default:
				err = ctx.Err()
			}
		}
		yield(switchboard.Record{}, err)
	}
}

// Close implements switchboard.Log.
func (l *dirLog) Close() error {
	l.closed.Store(true)
	return nil
}

// A complete small store, which passes the suite, and a board on it.
func Example() {
	dir, err := os.MkdirTemp("", "boards")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	open := func() *switchboard.Board {
		board, err := switchboard.Open(ctx, switchboard.Config{Name: "acme", Store: DirStore(dir)})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return board
	}

	board := open()
	err = board.Administrator("root").Configure(ctx, routing.Setup{
		Teams:  []routing.Team{{ID: "sales"}},
		Agents: []routing.Agent{{ID: "ann", Teams: []routing.TeamID{"sales"}}},
	})
	fmt.Println(err, board.Agent("ann").SignIn(ctx), board.Close())

	board = open() // as after a restart
	ann, err := board.AgentInfo(ctx, "ann")
	fmt.Println(ann.Agent.State, err, board.Close())

	// Output:
	// <nil> <nil> <nil>
	// idle <nil> <nil>
}
