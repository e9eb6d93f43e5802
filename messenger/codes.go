package messenger

import (
	"net/http"

	"github.com/switchboard-go/switchboard/conversation"
)

// Scope says how much an error of the Graph API concerns.
type Scope string

// The scopes, from the smallest.
const (
	ScopeMessage Scope = "message" // this message or call alone
	ScopeThread  Scope = "thread"  // the conversation with this customer
	ScopeChannel Scope = "channel" // the page, or its token
	ScopeApp     Scope = "app"     // everything that the app does
)

// Retry says whether to try again what failed.
type Retry string

// The advice.
const (
	RetryNever     Retry = "never"     // it will fail again
	RetryFew       Retry = "few"       // soon, a few times
	RetryBackOff   Retry = "back-off"  // after a while, and then more slowly
	RetryOnChange  Retry = "on-change" // when the customer, an administrator or Meta has done something
	RetryAmbiguous Retry = "ambiguous" // not before it is known that it has not arrived
)

// FailOtherApp is why a message was not sent in a thread that another app controls.
const FailOtherApp conversation.FailCause = "other-app"

// verdict is what an error means.
type verdict struct {
	scope Scope
	retry Retry
	why   conversation.FailCause // for a message
	lost  Cause                  // what it tells about the page, or ""
}

const (
	ofMessage = ScopeMessage
	ofThread  = ScopeThread
	ofPage    = ScopeChannel
	ofApp     = ScopeApp

	never    = RetryNever
	few      = RetryFew
	slower   = RetryBackOff
	onChange = RetryOnChange
	unsure   = RetryAmbiguous

	failWindow   = conversation.FailWindow
	failAway     = conversation.FailBlocked
	failAccess   = conversation.FailAccess
	failContent  = conversation.FailContent
	failLimited  = conversation.FailRateLimited
	failOther    = conversation.FailTransport
	failOtherApp = FailOtherApp
)

// graphCode is a code with its subcode. Subcode 0 is the code with any subcode
// that has no line of its own.
type graphCode struct{ code, subcode int }

// verdicts says what the errors of the Graph API mean.
var verdicts = map[graphCode]verdict{
	{1, 0}:       {ofMessage, few, failOther, ""},     // unknown
	{1, 99}:      {ofMessage, never, failAccess, ""},  // mostly a missing permission
	{1, 1357046}: {ofMessage, unsure, failOther, ""},  // the messages may have been sent
	{2, 0}:       {ofMessage, few, failOther, ""},     // temporary, or the person blocked the page
	{2, 2018344}: {ofPage, never, failAccess, ""},     // an administrator has to accept terms
	{1200, 0}:    {ofMessage, few, failOther, ""},     // temporary, of old
	{9000001, 0}: {ofMessage, never, failContent, ""}, // the message was deleted
	{2018321, 0}: {ofThread, few, failOther, ""},      // an automated flow is running

	{4, 0}:         {ofApp, slower, failLimited, ""},    // of the app
	{4, 2018022}:   {ofApp, slower, failLimited, ""},    // sends to phone numbers
	{17, 0}:        {ofPage, slower, failLimited, ""},   // of the person whose token it is
	{32, 0}:        {ofPage, slower, failLimited, ""},   // of the page
	{341, 0}:       {ofApp, slower, failLimited, ""},    // of the app
	{613, 0}:       {ofPage, slower, failLimited, ""},   // of calls
	{613, 2534040}: {ofPage, slower, failLimited, ""},   // the same on Instagram
	{613, 2018338}: {ofPage, onChange, failLimited, ""}, // tags used too often
	{613, 1893016}: {ofThread, never, failLimited, ""},  // opt-in asked for again
	{80006, 0}:     {ofPage, slower, failLimited, ""},   // of Messenger calls for the page

	{10, 2018278}: {ofThread, onChange, failWindow, ""},
	{10, 2534022}: {ofThread, onChange, failWindow, ""}, // Instagram
	{10, 2018065}: {ofThread, onChange, failWindow, ""}, // news

	{10, 2018108}:  {ofThread, never, failAway, ""},  // cannot receive messages now
	{10, 1893015}:  {ofThread, never, failAway, ""},  // stopped the topic
	{10, 2018336}:  {ofThread, never, failAway, ""},  // privacy rules
	{100, 2018001}: {ofThread, never, failAway, ""},  // no such person for the page
	{100, 2534014}: {ofThread, never, failAway, ""},  // the same on Instagram
	{200, 1545041}: {ofThread, never, failAway, ""},  // not available
	{551, 0}:       {ofThread, never, failAway, ""},  // not available
	{551, 1545041}: {ofThread, never, failAway, ""},  // the same
	{2018218, 0}:   {ofMessage, never, failAway, ""}, // no profile: an account by phone number

	{10, 0}:        {ofPage, never, failAccess, CausePermission},    // the permission is missing
	{10, 1893063}:  {ofPage, onChange, failAccess, CauseRestricted}, // the page may not send for some time
	{10, 1404170}:  {ofPage, never, failAccess, ""},                 // the page may not ask for opt-ins
	{100, 33}:      {ofPage, never, failAccess, CausePageGone},      // no such page, or no permission
	{102, 0}:       {ofPage, never, failAccess, CauseToken},         // the session is over
	{190, 0}:       {ofPage, never, failAccess, CauseToken},         // the token is not valid
	{190, 458}:     {ofPage, never, failAccess, CauseAppRemoved},    //
	{190, 459}:     {ofPage, onChange, failAccess, CauseCheckpoint}, // the person has to log in to Facebook
	{190, 464}:     {ofPage, onChange, failAccess, CauseCheckpoint}, // the person is not confirmed
	{190, 460}:     {ofPage, never, failAccess, CausePassword},      // it was changed
	{190, 463}:     {ofPage, never, failAccess, CauseExpired},       //
	{190, 467}:     {ofPage, never, failAccess, CauseToken},         // revoked, or logged out
	{190, 492}:     {ofPage, never, failAccess, CauseRoleLost},      // the person is no administrator any more
	{200, 0}:       {ofPage, never, failAccess, CausePermission},    //
	{200, 2018028}: {ofPage, never, failAccess, CausePermission},    //
	{200, 2018027}: {ofApp, never, failAccess, CausePermission},     // the app is not live
	{200, 2534041}: {ofPage, never, failAccess, CausePermission},    // the owner on Instagram has disabled access
	{368, 0}:       {ofPage, onChange, failAccess, CausePolicy},     // blocked for a violation of policy
	{2022, 0}:      {ofPage, onChange, failAccess, ""},              // commerce messages are off
	{2018247, 0}:   {ofMessage, never, failAccess, ""},              // no permission for profiles

	{100, 0}:       {ofMessage, never, failContent, ""}, // a parameter; retired tags too
	{100, 2018008}: {ofMessage, few, failContent, ""},   // the URL could not be fetched
	{100, 2018294}: {ofMessage, few, failContent, ""},   // or not in time
	{100, 2018047}: {ofMessage, never, failContent, ""}, // of another type
	{100, 2018074}: {ofMessage, never, failContent, ""}, // no such attachment
	{100, 2018109}: {ofMessage, never, failContent, ""}, // too large
	{100, 2018014}: {ofMessage, never, failContent, ""}, // an action and a message together
	{100, 2018164}: {ofMessage, never, failContent, ""}, // no such app
	{100, 2534015}: {ofThread, never, failContent, ""},

	{100, 2534037}: {ofThread, never, failOtherApp, ""},    // Instagram
	{2018300, 0}:   {ofThread, onChange, failOtherApp, ""}, // another app controls the thread
	{2018171, 0}:   {ofThread, never, failOtherApp, ""},    // old rules of who receives
	{2018234, 0}:   {ofThread, never, failOtherApp, ""},    // the same
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
// Meta calls it passing, and last by the HTTP status. Meta adds subcodes as it goes: one that
// has no line never means that the page's permission is gone, as the bare code does.
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
	code := e.Code
	if 200 < code && code < 300 {
		code = 200
	}
	if v, ok := verdicts[graphCode{code, 0}]; ok {
		if e.Subcode != 0 && v.lost == CausePermission {
			v.lost = ""
		}
		return v
	}
	switch {
	case e.Transient:
		return verdict{ofMessage, few, failOther, ""}
	case e.Status == http.StatusTooManyRequests:
		return verdict{ofPage, slower, failLimited, ""}
	case e.Status/100 == 5:
		return verdict{ofMessage, unsure, failOther, ""}
	}
	return verdict{ofMessage, never, failOther, ""}
}

// Scope says how much the error concerns.
func (e *GraphError) Scope() Scope { return e.verdict().scope }

// Retry says whether to try again.
func (e *GraphError) Retry() Retry { return e.verdict().retry }

// Cause says what the error tells about the page as a whole: empty when nothing is wrong
// with it.
func (e *GraphError) Cause() Cause { return e.verdict().lost }

// Is reports a match with ErrOtherApp of an error that means it.
func (e *GraphError) Is(target error) bool {
	return target == ErrOtherApp && e.verdict().why == FailOtherApp
}
