package routing

import (
	"fmt"
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
)

// TestClassesAreBounded: needs that nobody has any more are forgotten, however
// many there have been.
func TestClassesAreBounded(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	r := NewRouter()
	r.SetQueue("q", LongestAvailable, true)
	var stays Waiter
	r.Wait(&stays, 1, "q", conversation.Social, 5, now, []conversation.Need{{Skill: "stays", Level: 1}}, nil, nil)
	for i := range 10 * spare {
		var w Waiter
		need := conversation.Need{Skill: conversation.Skill(fmt.Sprint("s", i)), Level: 1}
		r.Wait(&w, conversation.ID(i+2), "q", conversation.Social, 5, now, []conversation.Need{need}, nil, nil)
		r.Next(now)
		r.Unwait(&w)
		r.Next(now)
	}
	if n := len(r.classes.all); n > spare+2 {
		t.Errorf("%d classes are kept for one conversation", n)
	}
	if len(r.classes.byKey) != len(r.classes.all) {
		t.Errorf("%d keys for %d classes", len(r.classes.byKey), len(r.classes.all))
	}
}
