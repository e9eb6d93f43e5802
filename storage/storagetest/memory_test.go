package storagetest_test

import (
	"testing"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/storage/storagetest"
)

func TestMemoryStore(t *testing.T) {
	storagetest.Run(t, func(testing.TB) storagetest.Harness {
		return storagetest.Harness{Store: switchboard.NewMemoryStore()}
	})
}

// A wrapper that injects nothing keeps the contract, with all abilities.
func TestFaultsWithoutFaults(t *testing.T) {
	storagetest.Run(t, func(testing.TB) storagetest.Harness {
		return storagetest.Harness{Store: storagetest.NewFaults(nil, storagetest.FaultConfig{})}
	})
}
