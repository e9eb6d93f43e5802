package switchboardtest

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/switchboard-go/switchboard"
)

// Events settles and returns the events since the last call of Events or
// Expect, in order; those of Config.Setup are left out.
func (k *Kit) Events() []switchboard.Event {
	k.t.Helper()
	k.Settle()
	events := k.events
	k.events = nil
	return events
}

// Expect settles and fails the test, without stopping it, unless the events
// since the last call of Events or Expect are of these kinds, in this order. A
// kind is the stable name that switchboard.KindOf gives, such as
// "conversation.offer-made"; "conversation.*" stands for exactly one event, of any
// kind of that package.
func (k *Kit) Expect(kinds ...string) {
	k.t.Helper()
	var got []string
	for _, e := range k.Events() {
		got = append(got, switchboard.KindOf(e.Body))
	}
	ok := len(got) == len(kinds)
	for i := 0; ok && i < len(got); i++ {
		prefix, any := strings.CutSuffix(kinds[i], "*")
		ok = got[i] == kinds[i] || any && strings.HasPrefix(got[i], prefix)
	}
	if !ok {
		k.t.Errorf("the events are not those expected\n\twant %s\n\tgot  %s",
			strings.Join(kinds, ", "), strings.Join(got, ", "))
	}
}

func (k *Kit) record(e switchboard.Event) {
	k.events = append(k.events, e)
	k.cursor = e.Cursor()
}

// drain records the events that there are.
func (k *Kit) drain() {
	k.t.Helper()
	for e, err := range k.Board.Events(&impatient{Context: context.Background()}, k.cursor, nil) {
		switch {
		case errors.Is(err, errWaits):
			return
		case err != nil:
			k.t.Fatalf("switchboardtest: %v", err)
		}
		k.record(e)
	}
}

// impatient is a context that is over as soon as somebody waits for it: with it
// Board.Events yields what there is, and ends.
type impatient struct {
	context.Context
	over atomic.Bool
}

var errWaits = errors.New("switchboardtest: there is nothing yet")

var closed = func() <-chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}()

// Done implements context.Context.
func (i *impatient) Done() <-chan struct{} {
	i.over.Store(true)
	return closed
}

// Err implements context.Context.
func (i *impatient) Err() error {
	if i.over.Load() {
		return errWaits
	}
	return nil
}
