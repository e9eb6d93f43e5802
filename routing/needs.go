package routing

import (
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// CheckNeeds returns all problems of needs that a host gives with a
// conversation, each with its path below "needs".
func CheckNeeds(needs []conversation.Need) []wrapup.FieldError {
	if len(needs) == 0 {
		return nil
	}
	var c checker
	c.needs("needs", needs)
	return c.problems
}
