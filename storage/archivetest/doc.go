// Package archivetest shows whether an archive keeps the contract of
// switchboard.Archive.
//
// The test of an archive is a few lines:
//
//	func TestConformance(t *testing.T) {
//		archivetest.Run(t, func(t testing.TB) archivetest.Harness {
//			dir := t.TempDir()
//			return archivetest.Harness{
//				Archive: myarchive.New(dir),
//				Reopen:  func(testing.TB) switchboard.Archive { return myarchive.New(dir) },
//			}
//		})
//	}
//
// Each case is a subtest with an archive of its own. The example of this package
// is a complete small archive. docs/archives.md goes through the contract method by
// method.
package archivetest
