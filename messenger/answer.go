package messenger

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// response is the body of an answer of the Send API.
type response struct {
	MessageID text         `json:"message_id"`
	Error     *errorObject `json:"error"`
}

type errorObject struct {
	Code      number `json:"code"`
	Subcode   number `json:"error_subcode"`
	Type      text   `json:"type"`
	Message   text   `json:"message"`
	TraceID   text   `json:"fbtrace_id"`
	Transient bool   `json:"is_transient"`
}

// receipt reads an answer. An error object counts whatever the status is; an answer
// without one that does not name a message leaves open whether there is one,
// unless its status says that nothing was done.
func (a *answer) receipt(scrub func(string) string) (switchboard.Receipt, *switchboard.SendError) {
	var r response
	whole := a.err == nil && json.Valid(a.body)
	if whole {
		decode(a.body, &r)
	}
	switch {
	case r.Error != nil:
		return switchboard.Receipt{}, r.Error.failure(a.status, scrub)
	case r.MessageID != "" && a.status/100 == 2:
		return switchboard.Receipt{ExternalID: string(r.MessageID)}, nil
	}
	e := &switchboard.SendError{Why: conversation.FailTransport, Err: a.err}
	if e.Err != nil {
		e.Err = errors.New("messenger: " + scrub(e.Err.Error()))
	}
	e.Detail = "no answer of the Graph API, HTTP " + strconv.Itoa(a.status)
	switch {
	case a.status == http.StatusTooManyRequests && r.MessageID == "":
		e.Why, e.Temporary = conversation.FailRateLimited, true
	case a.status/100 == 4 && a.status != http.StatusRequestTimeout && r.MessageID == "":
		e.Temporary = true // refused on the way
	case a.status/100 == 3 && r.MessageID == "": // led elsewhere, and not followed
	default:
		e.Ambiguous = true
	}
	return switchboard.Receipt{}, e
}

// failure returns what an error object means.
func (o *errorObject) failure(status int, scrub func(string) string) *switchboard.SendError {
	g := &GraphError{
		Code: int(o.Code), Subcode: int(o.Subcode), Status: status, Transient: o.Transient,
		Type:    cut(scrub(string(o.Type)), 64),
		Message: cut(scrub(string(o.Message)), conversation.MaxDetail),
		TraceID: cut(scrub(string(o.TraceID)), 64),
	}
	v := g.verdict()
	return &switchboard.SendError{Why: v.why, Temporary: v.temporary, Ambiguous: v.ambiguous, Detail: g.Message, Err: g}
}
