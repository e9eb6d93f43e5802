package routing

import "github.com/switchboard-go/switchboard/conversation"

// Meets reports whether an agent with these skills can be given a conversation
// with these needs: for each need at least its level. The levels are taken as
// they are, so the caller applies the steps that relax them; a need of level 0
// or less is met by anybody. An agent has level 0 of every other skill.
func Meets(skills map[conversation.Skill]int, needs []conversation.Need) bool {
	for _, n := range needs {
		if n.Level > 0 && skills[n.Skill] < n.Level {
			return false
		}
	}
	return true
}

// Level returns the sum of the agent's levels of the needed skills: how well
// the agent fits. A need of level 0 or less, which relaxation has dropped,
// does not count.
func Level(skills map[conversation.Skill]int, needs []conversation.Need) int {
	sum := 0
	for _, n := range needs {
		if n.Level > 0 {
			sum += skills[n.Skill]
		}
	}
	return sum
}
