package switchboard_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/benbjohnson/clock"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

func TestInvalidConfigHasAllProblems(t *testing.T) {
	_, err := switchboard.Open(t.Context(), switchboard.Config{
		Name: "\xff", Store: (*switchboard.MemoryStore)(nil), Clock: (*clock.Mock)(nil), Node: strings.Repeat("n", 129),
		Transports: map[conversation.Channel]switchboard.Transport{"": transportFunc(nil), "a": nil, "b": (*pipe)(nil)},
		Lateness:   -1, AppendTimeout: -1, SendTimeout: -1, UnknownAfter: -1, Sends: -1,
	})
	var got *switchboard.ConfigError
	if !errors.Is(err, switchboard.ErrConfig) || !errors.As(err, &got) {
		t.Fatalf("got %v", err)
	}
	var paths []string
	for _, p := range got.Problems {
		paths = append(paths, p.Path)
		if !strings.Contains(err.Error(), p.Error()) {
			t.Errorf("the error does not say %q", p)
		}
	}
	want := []string{
		"Name", "Store", "Clock", "Node", "Lateness", "AppendTimeout", "SendTimeout", "UnknownAfter", "Sends",
		"Transports", `Transports["a"]`, `Transports["b"]`,
	}
	if d := cmp.Diff(want, paths); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
}

func TestConfigLimits(t *testing.T) {
	for _, tc := range []struct {
		name string
		c    switchboard.Config
		want string // the field of the only problem, or ""
	}{
		{"zero but for the name", switchboard.Config{Name: "a"}, ""},
		{"longest names", switchboard.Config{Name: strings.Repeat("a", 128), Node: strings.Repeat("a", 128)}, ""},
		{"no name", switchboard.Config{}, "Name"},
		{"long name", switchboard.Config{Name: strings.Repeat("a", 129)}, "Name"},
		{"node not UTF-8", switchboard.Config{Name: "a", Node: "\xff"}, "Node"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, err := switchboard.Open(t.Context(), tc.c)
			if err == nil {
				defer b.Close()
			}
			var got *switchboard.ConfigError
			if errors.As(err, &got) != (tc.want != "") || got != nil && (len(got.Problems) != 1 || got.Problems[0].Path != tc.want) {
				t.Errorf("got %v, want a problem of %q", err, tc.want)
			}
		})
	}
}

func TestOpenWithAContextThatIsOver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := switchboard.Open(ctx, switchboard.Config{Name: "a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The host may go on changing its map.
func TestConfigIsCopied(t *testing.T) {
	c := with(newPipe())
	b := ready(t, c)
	delete(c.Transports, "messenger")
	id := b.talk("c1")
	b.write(id, "hello")
	if got := b.statuses(id)[0]; got != "hello: queued" {
		t.Errorf("got %q", got)
	}
}
