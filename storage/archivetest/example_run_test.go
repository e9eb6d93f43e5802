package archivetest_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/storage/archivetest"
)

// The small archive of the example keeps the contract.
func TestDirArchive(t *testing.T) {
	archivetest.Run(t, func(t testing.TB) archivetest.Harness {
		dir := t.TempDir()
		return archivetest.Harness{
			Archive: NewDirArchive(dir),
			Reopen:  func(testing.TB) switchboard.Archive { return NewDirArchive(dir) },
			Holds: func(t testing.TB, what []byte) bool {
				found := false
				err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
					if err != nil || d.IsDir() {
						return err
					}
					text, err := os.ReadFile(path)
					found = found || bytes.Contains(text, what)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				return found
			},
		}
	})
}
