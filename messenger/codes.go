package messenger

import (
	"net/http"

	"github.com/switchboard-go/switchboard/conversation"
)

// verdict is what an error means for the message.
type verdict struct {
	why       conversation.FailCause
	temporary bool
	ambiguous bool
}

var (
	shut      = verdict{why: conversation.FailWindow}
	blocked   = verdict{why: conversation.FailBlocked}
	access    = verdict{why: conversation.FailAccess}
	badInput  = verdict{why: conversation.FailContent}
	limited   = verdict{why: conversation.FailRateLimited, temporary: true}
	passing   = verdict{why: conversation.FailTransport, temporary: true}
	lasting   = verdict{why: conversation.FailTransport}
	uncertain = verdict{why: conversation.FailTransport, ambiguous: true}
)

// graphCode is a code with its subcode. Subcode 0 is the code with any subcode
// that has no line of its own.
type graphCode struct{ code, subcode int }

// verdicts says what the codes of the Send API mean.
var verdicts = map[graphCode]verdict{
	{1, 0}:       passing,   // unknown
	{1, 99}:      access,    // mostly a missing permission
	{1, 1357046}: uncertain, // the messages may have been sent
	{2, 0}:       passing,   // temporary
	{2, 2018344}: access,    // an administrator has to accept terms
	{1200, 0}:    passing,   // temporary

	{4, 0}:         limited,                                          // of the app
	{17, 0}:        limited,                                          // of the person whose token it is
	{32, 0}:        limited,                                          // of the page
	{341, 0}:       limited,                                          // of the app
	{613, 0}:       limited,                                          // of calls
	{613, 2018338}: {why: conversation.FailRateLimited},              // tags used too often
	{613, 1893016}: {why: conversation.FailRateLimited},              // opt-in asked for again
	{80006, 0}:     limited,                                          // of Messenger calls for the page
	{2018321, 0}:   passing,                                          // an automated flow is running
	{100, 2018008}: {why: conversation.FailContent, temporary: true}, // the URL could not be fetched
	{100, 2018294}: {why: conversation.FailContent, temporary: true}, // or not in time

	{10, 2018278}: shut,
	{10, 2534022}: shut,
	{10, 2018065}: shut,

	{10, 2018108}:  blocked, // cannot receive messages now
	{10, 1893015}:  blocked, // stopped the topic
	{10, 2018336}:  blocked, // privacy rules
	{100, 2018001}: blocked, // no such person for the page
	{100, 2534014}: blocked, // the same on Instagram
	{200, 1545041}: blocked, // not available
	{551, 0}:       blocked, // not available
	{2018218, 0}:   blocked, // an account by phone number

	{10, 0}:       access, // the permission is missing
	{10, 1893063}: access, // the page may not send for some time
	{10, 1404170}: access, // the page may not ask for opt-ins
	{100, 33}:     access, // no such page, or no permission
	{102, 0}:      access, // the session is over
	{190, 0}:      access, // the token is not valid, whatever the reason
	{200, 0}:      access, // a permission is missing, or the app is not live
	{368, 0}:      access, // blocked for a violation of policy
	{2022, 0}:     access, // commerce messages are off
	{2018247, 0}:  access, // no permission for profiles

	{100, 0}:     badInput, // a parameter; retired tags too
	{9000001, 0}: badInput, // the message answered was deleted

	{100, 2534037}: lasting, // another app controls the thread
	{2018300, 0}:   lasting, // the same
	{2018171, 0}:   lasting, // old rules of who receives
	{2018234, 0}:   lasting, // the same
}

// anyCode are numbers that mean the same as a code and as a subcode of any code.
// Meta's pages do not agree on where they stand.
var anyCode = []int{2018278, 2018108, 2018001, 1545041, 1893063, 2018300, 2018321, 2018171, 2018234, 2018218, 2018247, 1357046}

// bySubcode are the verdicts of anyCode.
var bySubcode = func() map[int]verdict {
	found := make(map[int]verdict)
	for _, n := range anyCode {
		for _, code := range []graphCode{{n, 0}, {10, n}, {100, n}, {200, n}, {1, n}} {
			if v, ok := verdicts[code]; ok {
				found[n] = v
			}
		}
	}
	return found
}()

// verdict looks the error up: by code and subcode, then by whether
// Meta calls it passing, and last by the HTTP status.
func (e *GraphError) verdict() verdict {
	if v, ok := verdicts[graphCode{e.Code, e.Subcode}]; ok {
		return v
	}
	if v, ok := bySubcode[e.Subcode]; ok {
		return v
	}
	if v, ok := bySubcode[e.Code]; ok {
		return v
	}
	if v, ok := verdicts[graphCode{e.Code, 0}]; ok {
		return v
	}
	switch {
	case e.Transient:
		return passing
	case e.Status == http.StatusTooManyRequests:
		return limited
	case e.Status/100 == 5:
		return uncertain
	}
	return lasting
}
