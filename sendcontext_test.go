package switchboard

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A sendContext is a context with a deadline like any other, whether or not
// somebody waits for it before it is over.
func TestSendContext(t *testing.T) {
	type key struct{}
	for _, test := range []struct {
		name string
		end  func(c *sendContext, parent context.CancelFunc)
		want error
	}{
		{"goes on", func(*sendContext, context.CancelFunc) { time.Sleep(time.Minute - time.Nanosecond) }, nil},
		{"deadline", func(*sendContext, context.CancelFunc) { time.Sleep(time.Minute) }, context.DeadlineExceeded},
		{"cancelled", func(c *sendContext, _ context.CancelFunc) { c.cancel() }, context.Canceled},
		{"parent", func(_ *sendContext, parent context.CancelFunc) { parent() }, context.Canceled},
	} {
		for _, waited := range []bool{false, true} {
			name := test.name
			if waited {
				name += ", waited for"
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					parent, stop := context.WithCancel(context.WithValue(t.Context(), key{}, "kept"))
					defer stop()
					deadline := time.Now().Add(time.Minute)
					c := withDeadline(parent, deadline)
					defer c.cancel()
					var child context.Context
					if waited {
						c.Done()
						var end context.CancelFunc
						child, end = context.WithCancel(c)
						defer end()
					}
					test.end(c, stop)
					synctest.Wait()
					if err := c.Err(); !errors.Is(err, test.want) {
						t.Errorf("Err is %v, want %v", err, test.want)
					}
					if err := context.Cause(c); !errors.Is(err, test.want) {
						t.Errorf("the cause is %v, want %v", err, test.want)
					}
					if child != nil && !errors.Is(child.Err(), test.want) {
						t.Errorf("one made from it has %v, want %v", child.Err(), test.want)
					}
					select {
					case <-c.Done():
						if test.want == nil {
							t.Error("it is done")
						}
					default:
						if test.want != nil {
							t.Error("it is not done")
						}
					}
					if at, ok := c.Deadline(); !ok || !at.Equal(deadline) || c.Value(key{}) != "kept" {
						t.Errorf("deadline %v, value %v", at, c.Value(key{}))
					}
				})
			})
		}
	}
}
