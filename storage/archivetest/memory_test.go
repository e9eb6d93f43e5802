package archivetest_test

import (
	"testing"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/storage/archivetest"
)

func TestMemoryArchive(t *testing.T) {
	archivetest.Run(t, func(testing.TB) archivetest.Harness {
		return archivetest.Harness{Archive: switchboard.NewMemoryArchive()}
	})
}
