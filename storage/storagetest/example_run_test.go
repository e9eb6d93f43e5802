package storagetest_test

import (
	"bytes"
	"encoding/base32"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/storage/storagetest"
)

// The small store of the example keeps the contract. Two of them on the same
// directory are what two processes would be.
func TestDirStore(t *testing.T) {
	storagetest.Run(t, func(t testing.TB) storagetest.Harness {
		dir := t.TempDir()
		another := func(testing.TB) switchboard.Store { return DirStore(dir) }
		return storagetest.Harness{
			Store:   DirStore(dir),
			Connect: another,
			Reopen:  another,
			Records: 500, // each is made durable by itself
			Corrupt: func(t testing.TB, board string, at switchboard.Position) {
				name := base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(board))
				file := filepath.Join(dir, name, fmt.Sprintf("%020d", at))
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				b = bytes.Clone(b)
				b[len(b)/2] ^= 1
				if err := os.WriteFile(file, b, 0o600); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}
