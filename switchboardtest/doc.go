// Package switchboardtest is for tests of programs that use a
// switchboard.Board: a board on fake time, a transport that records and
// answers as it is told, a record of the events, and stories in text files.
//
//	kit := switchboardtest.New(t, switchboardtest.Config{Setup: setup})
//	kit.Ready("ann")                              // signed in and Available
//	id := kit.Arrive("page", "eva", "Dobry den")  // a customer writes
//	kit.Advance(time.Minute)                      // nobody answers
//	kit.Expect("agent.state-changed", ...)        // what has happened
//
// The board is kit.Board; do with it what your program does.
//
// # Time
//
// Advance moves the time and returns when everything that is due by then has
// happened, each thing at its own instant, with what the board does by itself in
// between, such as sending again. There is nothing to sleep for and nothing to
// poll. Settle does the same without moving the time: call it after your
// program has done something that makes the board send.
//
// There are two kinds of fake time. The default is a clock.Mock, kit.Mock, of
// github.com/benbjohnson/clock: give it to the rest of your program too, and
// move it with Advance or with its own Add. What is due then has happened as
// soon as the board is next asked anything.
//
// The other is a bubble of testing/synctest, where even time.Now is fake:
//
//	synctest.Test(t, func(t *testing.T) {
//		kit := switchboardtest.New(t, switchboardtest.Config{Real: true})
//		...
//		kit.Advance(time.Minute) // or time.Sleep(time.Minute)
//	})
//
// Both give the same events at the same instants.
//
// # Sending
//
// The Transport takes every message, unless told otherwise: Next says how the
// next Send ends, Hold and Release let a test decide when. Sent has every attempt.
//
// # Failures
//
// Crash stops the board in the midst of whatever it does and opens it again on
// the same store; Outage lets time pass in between; RefuseWrites is a store
// that is full.
//
// # Stories
//
// RunStories plays files that a supervisor can read. A line says what somebody
// does; the indented lines below it say what happens. Everything before the first
// story is the common beginning of all stories of the file.
//
//	# Two agents, half a minute to accept.
//	agent ann
//	agent bob
//	queue sales agents=ann,bob offer=30s limit=1m
//	source page queue=sales
//
//	story Nobody answers
//	ann is ready
//	    09:00:00 ann is idle "signed in"
//	    09:00:00 ann is available
//	customer eva writes "Dobry den"
//	    09:00:00 eva arrives in queue sales, priority 10
//	    09:00:00 eva 1 customer: "Dobry den"
//	    09:00:00 eva is offered to ann until 09:00:30
//	advance 30s
//	    09:00:30 offer of eva to ann expired, not again until 09:01:00
//	    09:00:30 ann is rona (missed)
//	ann accepts eva
//	    refused: the offer has expired (eva is queued)
//
// Write the commands, and let the test write what happens: run it with -update,
// and read the result before you believe it. The flag is one that your test
// declares, next to the test:
//
//	var _ = flag.Bool("update", false, "rewrite what the stories say that happens")
//
//	func TestStories(t *testing.T) { switchboardtest.RunStories(t, "testdata/*.txt") }
//
// Where it is not declared go test says "flag provided but not defined: -update".
//
// A conversation goes by the name of its customer: eva is the last one, and when
// there are several they are told apart as eva#1, eva#2. A message is named by
// the number in its conversation, or by the channel's id: eva-1 is the first
// that eva wrote, to-eva-1 the first that reached her. Text is in double quotes, as in Go.
// Options such as by=sue come last; any command of the board takes key= and
// why=. A queue without wrapup= has the reasons done, "Done", which is the default
// one, and other, "Other". Changes of the setup are told only when they do more than
// the line says.
//
//	queue sales agents=ann,bob offer=30s wrapup=done,other default=done limit=1m
//	customer eva writes "Dobry den" stamped=5s   leaves   edits eva-1 to "..."
//	customer eva unsends eva-1   reacts to to-eva-1 "..."   has read everything
//	page writes to eva "..."   page echoes 2 of eva   remove source page
//	ann signs in   becomes available   becomes idle "lunch"   signs out
//	ann connects   disconnects   accepts eva   accepts all   declines eva "busy"
//	ann writes to eva "..."   notes on eva "..."   ends eva   wraps up eva as done
//	ann transfers eva to bob   to queue billing   cancels transfer of eva
//	ann invites bob to eva   removes bob from eva   leaves eva
//	ann extends wrap-up of eva   cancels countdown of eva
//	supervisor sue ends eva   signs out ann   sets priority of eva to 1
//	bot robo writes to eva "..."
//	advance 30s   at 17:00:00   crash   outage 5m   store refuses   store works
//	next send fails window-closed   sends are held   send to eva succeeds
//	show agent ann   show conversation eva   show transcript of eva
//	show targets of eva "riha"   show decision on eva
//
// These are the most used. All commands, each with all its options, such as those
// of a queue, are in docs/stories.md of the module. A line that is none of the
// commands is an error that names those that are nearest. The directory
// testdata/stories has one story and more for each edge case of
// docs/edge-cases.md.
//
// Describe words one event as a story does, for a program of one's own.
package switchboardtest
