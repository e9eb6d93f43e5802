// Package storagetest shows whether a store keeps the contract of
// switchboard.Store, and makes a good store misbehave.
//
// The test of a store is a few lines:
//
//	func TestConformance(t *testing.T) {
//		storagetest.Run(t, func(t testing.TB) storagetest.Harness {
//			dir := t.TempDir()
//			return storagetest.Harness{
//				Store:   mystore.New(dir),
//				Connect: func(testing.TB) switchboard.Store { return mystore.New(dir) },
//			}
//		})
//	}
//
// Each case is a subtest with a store of its own. The optional abilities of a
// log, such as switchboard.Snapshotter, are found by themselves; what a store
// cannot do is skipped and says so.
//
// The example of this package is a complete small store. docs/stores.md goes
// through the contract method by method.
//
// # Faults
//
// [Faults] wraps a store and injects faults by seed: appends that are refused,
// that are stored although an error comes back, or that are stored only later;
// delays, damaged records, calls that hang, a store that goes away and comes back.
// Give it to a switchboard.Board to see what your own program does then:
//
//	faults := storagetest.NewFaults(store, storagetest.FaultConfig{Seed: 1})
//	board, err := switchboard.Open(ctx, switchboard.Config{Name: "acme", Store: faults})
//	faults.Down()
//	err = board.Agent("ann").SignIn(ctx) // fails clearly
//	faults.Up()
package storagetest
