package routing

import (
	"strconv"

	"github.com/switchboard-go/switchboard/conversation"
)

// class is what waiting conversations ask of an agent: a free slot of a medium,
// and skills. Conversations that ask for the same share one class, so that an
// agent is held against a class and not against each conversation.
type class struct {
	index  int // position in classes.all, and bit in Candidate.meets
	medium int // index in Router.media
	needs  []conversation.Need
	key    string
	users  int // waiting conversations
}

// classes interns classes. Those that nobody uses any more are kept, since the
// same needs come back, until they outnumber the others.
type classes struct {
	all    []*class
	byKey  map[string]*class
	unused int
	key    []byte
	needs  []conversation.Need
}

// spare is how many unused classes are kept whatever the number of used ones.
const spare = 64

// take returns the class of the needs for one more user.
func (cs *classes) take(medium int, needs []conversation.Need) *class {
	cs.key = strconv.AppendInt(cs.key[:0], int64(medium), 10)
	sorted := append(cs.needs[:0], needs...)
	cs.needs = sorted
	for i := 1; i < len(sorted); i++ {
		for j := i; j > 0 && sorted[j].Skill < sorted[j-1].Skill; j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	for _, n := range sorted {
		cs.key = strconv.AppendInt(append(append(append(cs.key, 0), n.Skill...), 0), int64(n.Level), 10)
	}
	c, ok := cs.byKey[string(cs.key)]
	if !ok {
		c = &class{index: len(cs.all), medium: medium, key: string(cs.key)}
		for _, n := range sorted {
			c.needs = append(c.needs, conversation.Need{Skill: n.Skill, Level: n.Level})
		}
		cs.all = append(cs.all, c)
		if cs.byKey == nil {
			cs.byKey = make(map[string]*class)
		}
		cs.byKey[c.key] = c
		cs.unused++
	}
	if c.users == 0 {
		cs.unused--
	}
	c.users++
	return c
}

// drop says that a user of the class is gone.
func (cs *classes) drop(c *class) {
	if c.users--; c.users == 0 {
		cs.unused++
	}
}

// crowded reports whether it is time to sweep.
func (cs *classes) crowded() bool {
	return cs.unused > spare && cs.unused > len(cs.all)/2
}

// sweep forgets the unused classes and renumbers the others. What was derived
// from the numbers is void.
func (cs *classes) sweep() {
	kept := cs.all[:0]
	for _, c := range cs.all {
		if c.users == 0 {
			delete(cs.byKey, c.key)
			c.index = -1
			continue
		}
		c.index = len(kept)
		kept = append(kept, c)
	}
	clear(cs.all[len(kept):])
	cs.all, cs.unused = kept, 0
}
