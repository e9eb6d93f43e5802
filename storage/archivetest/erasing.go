package archivetest

import (
	"fmt"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// ofEve names Eve's conversations before the given one.
func ofEve(before conversation.ID, also ...conversation.ID) switchboard.Erasure {
	return switchboard.Erasure{Source: "page", Customer: "eve", Before: before, Conversations: also}
}

// erase: nothing of the customer is left.
func erase(f *fixture) {
	f.store(f.Archive, part(1, 1, 1, "a"), part(2, 2, 1, "b"), part(2, 3, 2, "c"))
	f.erase(f.Archive, ofEve(10))
	f.has(f.Archive, "after an erasure", 1)
	f.has(f.Archive, "after an erasure", 2)
	f.finds(f.Archive, "after an erasure", "eve")
}

// eraseBefore: what the customer has written since stays.
func eraseBefore(f *fixture) {
	f.store(f.Archive, part(9, 1, 1, "before"), part(10, 2, 1, "at it"), part(100, 3, 1, "later"))
	f.erase(f.Archive, ofEve(10))
	f.has(f.Archive, "before the erasure", 9)
	f.has(f.Archive, "at the erasure", 10, part(10, 2, 1, "at it"))
	f.has(f.Archive, "after the erasure", 100, part(100, 3, 1, "later"))
	f.finds(f.Archive, "before 10 erased", "eve", 10, 100)
	f.store(f.Archive, part(11, 4, 1, "another"))
	f.has(f.Archive, "stored after the erasure", 11, part(11, 4, 1, "another"))
}

// eraseNamed: the conversations named are erased whosever they are, and whatever
// their number.
func eraseNamed(f *fixture) {
	f.store(f.Archive, part(20, 1, 1, "named"), part(21, 1, 1, "not named"), partOf("adam", 22, 1, 1, "named"))
	f.erase(f.Archive, ofEve(1, 20, 22, 23))
	for _, id := range []conversation.ID{20, 22} {
		f.has(f.Archive, "named", id)
	}
	f.has(f.Archive, "not named", 21, part(21, 1, 1, "not named"))
	f.finds(f.Archive, "another's named one", "adam")
	f.store(f.Archive, part(23, 5, 1, "on its way"))
	f.has(f.Archive, "named before it was stored", 23)
	f.finds(f.Archive, "named before it was stored", "eve", 21)
}

// eraseOthersStay: of other customers and sources nothing is erased.
func eraseOthersStay(f *fixture) {
	elsewhere := part(3, 1, 1, "at another source")
	elsewhere.Conversation.Source = "other"
	f.store(f.Archive, part(1, 1, 1, "hello"), partOf("Eve", 2, 1, 1, "of another"), elsewhere, partOf("adam", 4, 1, 1, "of Adam"))
	f.erase(f.Archive, ofEve(10))
	f.has(f.Archive, "of another name", 2, partOf("Eve", 2, 1, 1, "of another"))
	f.has(f.Archive, "of another source", 3, elsewhere)
	f.has(f.Archive, "of another customer", 4, partOf("adam", 4, 1, 1, "of Adam"))
	f.finds(f.Archive, "another customer", "adam", 4)
}

// eraseForEver: a part that comes after the erasure, however new it is, keeps
// nothing.
func eraseForEver(f *fixture) {
	f.store(f.Archive, part(1, 5, 1, "hello"))
	f.erase(f.Archive, ofEve(10))
	for _, p := range []switchboard.Part{part(1, 4, 1, "older"), part(1, 5, 1, "the same"), part(1, 6, 1, "newer"), part(1, 7, 2, "another part")} {
		f.store(f.Archive, p)
		f.has(f.Archive, fmt.Sprint("stored after the erasure as of ", p.As), 1)
		f.finds(f.Archive, "stored after the erasure", "eve")
	}
}

// eraseNothing: there may be nothing to be erased, or no longer.
func eraseNothing(f *fixture) {
	f.erase(f.Archive, ofEve(10))
	f.erase(f.Archive, ofEve(0))
	f.store(f.Archive, part(1, 1, 1, "hello"))
	f.erase(f.Archive, ofEve(10, 1))
	f.erase(f.Archive, ofEve(10, 1))
	f.has(f.Archive, "erased twice", 1)
}

// erasedBytes: no byte of what was erased is left, also of older states of it.
func erasedBytes(f *fixture) {
	const secret = "Novakova-4711"
	p := partOf(secret, 1, 1, 1, "I am "+secret)
	f.store(f.Archive, p, partOf(secret, 1, 2, 1, secret+" it is"), partOf(secret, 1, 3, 2, "and "+secret))
	if f.Holds != nil && !f.Holds(f, []byte(secret)) {
		f.Fatal("the harness does not find what is stored")
	}
	f.erase(f.Archive, switchboard.Erasure{Source: "page", Customer: secret, Before: 10})
	f.store(f.Archive, p)
	f.has(f.Archive, "erased", 1)
	f.finds(f.Archive, "erased", secret)
	if f.Holds != nil && f.Holds(f, []byte(secret)) {
		f.Error("bytes of an erased customer are left")
	}
}

// reopenedErased: what was erased is so after a restart, and for ever.
func reopenedErased(f *fixture) {
	f.store(f.Archive, part(1, 1, 1, "hello"), part(12, 1, 1, "later"))
	f.erase(f.Archive, ofEve(10, 2))
	a := f.restart()
	f.has(a, "erased before a restart", 1)
	f.store(a, part(1, 2, 1, "again"), part(2, 2, 1, "named"))
	f.has(a, "erased before a restart and stored after it", 1)
	f.has(a, "named before a restart and stored after it", 2)
	f.finds(a, "after a restart", "eve", 12)
}
