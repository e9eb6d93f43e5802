package archivetest

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is a testing.TB whose failures are noted and fail nothing.
type recorder struct {
	testing.TB // for what is not overridden, such as TempDir
	ctx        context.Context

	mu       sync.Mutex
	failed   bool
	skipped  bool
	text     strings.Builder
	cleanups []func()
}

// record runs a case and returns what it said.
func record(t *testing.T, c suiteCase, open func(testing.TB) Harness, patience time.Duration) *recorder {
	ctx, cancel := context.WithCancel(t.Context())
	r := &recorder{TB: t, ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.Errorf("panic: %v", p)
			}
		}()
		c.run(newFixture(r, open, patience))
	}()
	<-done
	cancel()
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
	return r
}

func (r *recorder) say(failed bool, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = r.failed || failed
	r.text.WriteString(text + "\n")
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Failed() bool             { return r.failed }
func (r *recorder) Skipped() bool            { return r.skipped }
func (r *recorder) Log(args ...any)          { r.say(false, fmt.Sprint(args...)) }
func (r *recorder) Logf(s string, a ...any)  { r.say(false, fmt.Sprintf(s, a...)) }
func (r *recorder) Error(args ...any)        { r.say(true, fmt.Sprint(args...)) }
func (r *recorder) Errorf(s string, a ...any) {
	r.say(true, fmt.Sprintf(s, a...))
}
func (r *recorder) Fail()    { r.say(true, "") }
func (r *recorder) FailNow() { r.say(true, ""); runtime.Goexit() }
func (r *recorder) Fatal(args ...any) {
	r.say(true, fmt.Sprint(args...))
	runtime.Goexit()
}
func (r *recorder) Fatalf(s string, a ...any) {
	r.say(true, fmt.Sprintf(s, a...))
	runtime.Goexit()
}
func (r *recorder) Skip(args ...any)         { r.Log(args...); r.SkipNow() }
func (r *recorder) Skipf(s string, a ...any) { r.Logf(s, a...); r.SkipNow() }
func (r *recorder) SkipNow()                 { r.skipped = true; runtime.Goexit() }
func (r *recorder) Cleanup(f func())         { r.cleanups = append(r.cleanups, f) }
