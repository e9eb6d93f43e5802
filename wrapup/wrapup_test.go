package wrapup_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/wrapup"
)

var t0 = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// at returns the instant the given number of seconds after t0.
func at(seconds int) time.Time { return t0.Add(time.Duration(seconds) * time.Second) }

func TestStart(t *testing.T) {
	noLimit, negative := policy(), policy()
	noLimit.Limit, negative.Limit = 0, -time.Second
	tests := []struct {
		name string
		p    wrapup.Policy
		want wrapup.WrapUp
	}{
		{"limit", policy(), wrapup.WrapUp{Started: t0, Deadline: at(120)}},
		{"no limit", noLimit, wrapup.WrapUp{Started: t0}},
		{"negative limit, never validated", negative, wrapup.WrapUp{Started: t0}},
		{"zero policy", wrapup.Policy{}, wrapup.WrapUp{Started: t0}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, wrapup.Start(tt.p, t0)); diff != "" {
			t.Errorf("%s: Start (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestExtend(t *testing.T) {
	running := wrapup.WrapUp{Started: t0, Deadline: at(120)}
	with := func(change func(*wrapup.Policy)) wrapup.Policy {
		p := policy()
		change(&p)
		return p
	}
	tests := []struct {
		name string
		p    wrapup.Policy
		from wrapup.WrapUp
		now  time.Time
		want wrapup.WrapUp // zero if refused
	}{
		{"counted from the old deadline", policy(), running, at(10),
			wrapup.WrapUp{Started: t0, Deadline: at(150), Extensions: 1}},
		{"E57 at the last instant", policy(), running, at(120).Add(-1),
			wrapup.WrapUp{Started: t0, Deadline: at(150), Extensions: 1}},
		{"E57 at the deadline", policy(), running, at(120), wrapup.WrapUp{}},
		{"after the deadline", policy(), running, at(121), wrapup.WrapUp{}},
		{"last of the count", policy(), wrapup.WrapUp{Started: t0, Deadline: at(150), Extensions: 1}, at(140),
			wrapup.WrapUp{Started: t0, Deadline: at(180), Extensions: 2}},
		{"E57 count used up", policy(), wrapup.WrapUp{Started: t0, Deadline: at(180), Extensions: 2}, at(140), wrapup.WrapUp{}},
		{"no limit", policy(), wrapup.WrapUp{Started: t0}, at(10), wrapup.WrapUp{}},
		{"cancelled", policy(), wrapup.WrapUp{Started: t0, Cancelled: true}, at(10), wrapup.WrapUp{}},
		{"policy without extensions", with(func(p *wrapup.Policy) { p.Extension, p.MaxExtensions = 0, 0 }), running, at(10), wrapup.WrapUp{}},
		{"negative extension, never validated", with(func(p *wrapup.Policy) { p.Extension = -1 }), running, at(10), wrapup.WrapUp{}},
		{"zero wrap-up", policy(), wrapup.WrapUp{}, at(10), wrapup.WrapUp{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.from.Extend(tt.p, tt.now)
			want := tt.want
			if want == (wrapup.WrapUp{}) {
				want = tt.from
				if !errors.Is(err, wrapup.ErrExtension) {
					t.Errorf("error %v, want ErrExtension", err)
				}
			} else if err != nil {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	running := wrapup.WrapUp{Started: t0, Deadline: at(150), Extensions: 1}
	cancelled := wrapup.WrapUp{Started: t0, Extensions: 1, Cancelled: true}
	firm := policy()
	firm.Cancellable = false
	tests := []struct {
		name    string
		p       wrapup.Policy
		from    wrapup.WrapUp
		now     time.Time
		want    wrapup.WrapUp
		refused bool
	}{
		{"running", policy(), running, at(10), cancelled, false},
		{"at the last instant", policy(), running, at(150).Add(-1), cancelled, false},
		{"at the deadline", policy(), running, at(150), running, true},
		{"not allowed", firm, running, at(10), running, true},
		{"no limit", policy(), wrapup.WrapUp{Started: t0}, at(10), wrapup.WrapUp{Started: t0}, true},
		{"twice", policy(), cancelled, at(500), cancelled, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.from.Cancel(tt.p, tt.now)
			if refused := errors.Is(err, wrapup.ErrNotCancellable); refused != tt.refused || !refused && err != nil {
				t.Errorf("error %v, refused should be %t", err, tt.refused)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
			if got.Cancelled && got.Due(at(1e6)) {
				t.Error("a cancelled countdown is due")
			}
		})
	}
}

func TestTimers(t *testing.T) {
	limited := wrapup.WrapUp{Started: t0, Deadline: at(120)}
	open := wrapup.WrapUp{Started: t0}
	tests := []struct {
		name      string
		w         wrapup.WrapUp
		now       time.Time
		due       bool
		remaining time.Duration
		counting  bool
		elapsed   time.Duration
	}{
		{"start", limited, t0, false, 2 * time.Minute, true, 0},
		{"last instant", limited, at(120).Add(-1), false, 1, true, 2*time.Minute - 1},
		{"deadline is due", limited, at(120), true, 0, true, 2 * time.Minute},
		{"overdue", limited, at(180), true, 0, true, 3 * time.Minute},
		{"before the start", limited, at(-60), false, 3 * time.Minute, true, 0},
		{"no limit", open, at(7200), false, 0, false, 2 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.w.Due(tt.now); got != tt.due {
				t.Errorf("Due = %t, want %t", got, tt.due)
			}
			if got, ok := tt.w.Remaining(tt.now); got != tt.remaining || ok != tt.counting {
				t.Errorf("Remaining = %v, %t, want %v, %t", got, ok, tt.remaining, tt.counting)
			}
			if got := tt.w.Elapsed(tt.now); got != tt.elapsed {
				t.Errorf("Elapsed = %v, want %v", got, tt.elapsed)
			}
		})
	}
}

func TestWrapUpJSON(t *testing.T) {
	tests := []struct {
		w    wrapup.WrapUp
		want string
	}{
		{wrapup.WrapUp{}, `{}`},
		{wrapup.WrapUp{Started: t0, Deadline: at(60), Extensions: 1},
			`{"started":"2026-03-02T09:00:00Z","deadline":"2026-03-02T09:01:00Z","extensions":1}`},
		{wrapup.WrapUp{Started: t0, Cancelled: true}, `{"started":"2026-03-02T09:00:00Z","cancelled":true}`},
	}
	for _, tt := range tests {
		data, err := json.Marshal(tt.w)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, string(data)); diff != "" {
			t.Errorf("JSON (-want +got):\n%s", diff)
		}
		var back wrapup.WrapUp
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.w, back); diff != "" {
			t.Errorf("decoded again (-want +got):\n%s", diff)
		}
	}
}
