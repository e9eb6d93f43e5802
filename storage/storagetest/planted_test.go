package storagetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard"
)

// plant is a fault, the case that must find it and what that must say.
type plant struct {
	fault   string
	finds   string
	says    string
	harness func() Harness
}

// Each planted fault is found by the case that is named for it.
func TestPlantedFaultsAreFound(t *testing.T) {
	plants := slices.Concat(plantsInRecords, plantsInAbilities)
	byName := map[string]suiteCase{}
	for _, c := range cases {
		byName[c.name] = c
	}
	for _, p := range plants {
		t.Run(p.fault, func(t *testing.T) {
			c, ok := byName[p.finds]
			if !ok {
				t.Fatalf("there is no case %s", p.finds)
			}
			r := record(t, c, func(testing.TB) Harness { return p.harness() }, 500*time.Millisecond)
			switch {
			case r.skipped:
				t.Errorf("%s was skipped: %s", p.finds, &r.text)
			case !r.failed:
				t.Errorf("%s does not find it", p.finds)
			case !strings.Contains(r.text.String(), p.says) || strings.Contains(r.text.String(), "panic:"):
				t.Errorf("%s says %q, want %q", p.finds, &r.text, p.says)
			}
			t.Logf("%s: %s", p.finds, strings.TrimSpace(r.text.String()))
		})
	}
	for _, c := range cases {
		found := 0
		for _, p := range plants {
			if p.finds == c.name {
				found++
			}
		}
		if found == 0 {
			t.Errorf("no planted fault shows that %s finds any", c.name)
		}
	}
}

// The cases pass for the store in which the faults are planted: what they find
// is the fault.
func TestNothingIsFoundWhereNothingIsPlanted(t *testing.T) {
	open := spoiled(nil)
	for _, c := range cases {
		r := record(t, c, func(testing.TB) Harness { return open() }, 30*time.Second)
		if r.failed {
			t.Errorf("%s: %s", c.name, &r.text)
		}
	}
}

func TestRecorderSeesFailures(t *testing.T) {
	for _, tt := range []struct {
		name            string
		run             func(f *fixture)
		failed, skipped bool
	}{
		{"nothing", func(*fixture) {}, false, false},
		{"error", func(f *fixture) { f.Errorf("no") }, true, false},
		{"fatal", func(f *fixture) { f.Fatal("no") }, true, false},
		{"skip", func(f *fixture) { f.Skip("no"); f.Error("after") }, false, true},
		{"panic", func(*fixture) { panic("no") }, true, false},
	} {
		r := record(t, suiteCase{tt.name, tt.run}, func(testing.TB) Harness {
			return Harness{Store: switchboard.NewMemoryStore()}
		}, time.Second)
		if r.failed != tt.failed || r.skipped != tt.skipped {
			t.Errorf("%s: failed %v, skipped %v", tt.name, r.failed, r.skipped)
		}
	}
}
