package switchboardtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/switchboardtest"
)

// Stories of one's own setup: in a file such as shop_test.go, the test and the
// flag for -update. An example cannot run it, because go test gives it no test;
// TestStoriesOfAShop is the same and is run.
func ExampleStories() {
	// var _ = flag.Bool("update", false, "rewrite what the stories say that happens")
	//
	// func TestStories(t *testing.T) {
	var t *testing.T
	switchboardtest.Stories{
		Glob:   "testdata/*.txt",
		Config: switchboardtest.Config{Setup: setup},
	}.Run(t)
	// }
}

// The setup may be in the file too, as the common beginning of its stories.
func ExampleRunStories() {
	// func TestStories(t *testing.T) {
	var t *testing.T
	switchboardtest.RunStories(t, "testdata/*.txt")
	// }
}

// In a bubble of testing/synctest, time.Now, time.Sleep and timers are fake for the
// whole program under test, which needs no clock of its own.
// TestReminderInABubble is a test that is run.
func ExampleConfig() {
	// func TestReminder(t *testing.T) {
	var t *testing.T
	synctest.Test(t, func(t *testing.T) {
		kit := switchboardtest.New(t, switchboardtest.Config{Setup: setup, Real: true})
		kit.Ready("ann")
		kit.Arrive("page", "eva", "Dobry den")
		time.Sleep(30 * time.Second) // takes no time; kit.Advance does the same
		kit.Expect("agent.*", "agent.*", "conversation.opened", "conversation.message-added",
			"conversation.offer-made", "conversation.offer-ended", "agent.state-changed")
	})
	// }
}

// Stories of the setup of the examples, on both kinds of fake time.
func TestStoriesOfAShop(t *testing.T) {
	for _, bubble := range []bool{false, true} {
		switchboardtest.Stories{
			Glob: "testdata/*.txt", Config: switchboardtest.Config{Setup: setup}, Bubble: bubble,
		}.Run(t)
	}
}

// A program under test that takes its time from package time.
func TestReminderInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kit := switchboardtest.New(t, switchboardtest.Config{Setup: setup, Real: true})
		kit.Ready("ann")
		id := kit.Arrive("page", "eva", "Dobry den")
		g := greeter{kit.Board}
		time.AfterFunc(45*time.Second, func() {
			if err := g.greet(t.Context(), id, 45*time.Second); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(30 * time.Second) // the offer ends
		kit.Expect("agent.*", "agent.*", "conversation.opened", "conversation.message-added",
			"conversation.offer-made", "conversation.offer-ended", "agent.state-changed")
		time.Sleep(15 * time.Second)
		synctest.Wait() // the timer's goroutine has asked the board
		kit.Settle()    // and the board has sent
		var sent []string
		for _, m := range kit.Transport.Sent() {
			sent = append(sent, m.Text)
		}
		if diff := cmp.Diff([]string{"You have waited for 45s. Thank you!"}, sent); diff != "" {
			t.Errorf("sent (-want +got)\n%s", diff)
		}
		c, err := kit.Board.Conversation(t.Context(), id)
		if err != nil || c.State != conversation.Queued {
			t.Errorf("%v, %v", c.State, err)
		}
	})
}
