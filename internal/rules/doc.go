// Package rules holds the repository to its own rules. It has no code of its
// own: every rule is a test, so "go test ./internal/rules" is the whole of it
// and each failure names a file, a line and what to do about it.
//
// The rules are: which of our packages may import which; what the pure packages
// must not touch (goroutines, channels, locks, clocks, input and output,
// randomness, the order of a map); what go.mod may require; that everything
// exported is documented; that the exported API is the one listed in
// testdata/api.txt; that every edge case of docs/edge-cases.md has a proof that
// exists; that the programs in README.md compile; and a short list of words that
// no file may hold.
//
// A rule is a function from a tree of files to findings. It runs on the
// repository, where it must find nothing, and on the small trees of
// testdata/bad, where it must find exactly what was planted: a rule that cannot
// fail would hold nothing.
//
// After a change to the exported API that is meant, run
//
//	go test ./internal/rules -update
//
// and commit the difference of testdata/api.txt with the change.
package rules
