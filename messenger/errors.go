package messenger

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/wrapup"
)

// Sentinels. Branch with errors.Is.
var (
	// ErrConfig means that a configuration is not valid; see *ConfigError.
	ErrConfig = errors.New("messenger: the configuration is not valid")
	// ErrBody means that a webhook's body is not what Meta sends; see *BodyError.
	ErrBody = errors.New("messenger: not a webhook body")
	// ErrOtherApp means that another app controls the thread; take or request control.
	ErrOtherApp = errors.New("messenger: another app controls the thread")
	// ErrNoProfile means that Meta does not tell who a customer is.
	ErrNoProfile = errors.New("messenger: no profile")
	// ErrSignedRequest means that a signed_request is not one, or not Meta's.
	ErrSignedRequest = errors.New("messenger: not a signed request")
	// ErrFetch means that a file was not fetched; see *FetchError.
	ErrFetch = errors.New("messenger: the file was not fetched")
)

// ConfigError has all problems of a configuration. It matches ErrConfig.
type ConfigError struct {
	// Problems has the fields by their names in Go, such as "AppSecrets[1]".
	Problems []wrapup.FieldError
}

// Error implements error.
func (e *ConfigError) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	lines = append(lines, ErrConfig.Error())
	for _, p := range e.Problems {
		lines = append(lines, p.Error())
	}
	return strings.Join(lines, "\n\t")
}

// Is reports a match with ErrConfig.
func (e *ConfigError) Is(target error) bool { return target == ErrConfig }

// BodyError says why a webhook's body cannot be read. It shows nothing of the
// body. It matches ErrBody.
type BodyError struct {
	// Problem is in words, such as "not JSON".
	Problem string
}

// Error implements error.
func (e *BodyError) Error() string { return ErrBody.Error() + ": " + e.Problem }

// Is reports a match with ErrBody.
func (e *BodyError) Is(target error) bool { return target == ErrBody }

// GraphError is an error that the Graph API answered with. The [Client] returns
// it inside a *switchboard.SendError or a [*CallError], whose Detail is its Message.
type GraphError struct {
	// Code and Subcode say what is wrong; a Subcode of 0 means that there is none.
	Code, Subcode int
	// Type is Meta's class of the error, such as "OAuthException".
	Type string
	// Message is Meta's own text, with our secrets taken out, cut at 512 bytes.
	Message string
	// UserTitle and UserMessage are Meta's words for people, if it gave any.
	UserTitle, UserMessage string
	// TraceID is what Meta's support asks for (fbtrace_id).
	TraceID string
	// Transient says that Meta calls the error passing.
	Transient bool
	// Status is the HTTP status, which may be 200.
	Status int
}

// Error implements error. It leaves the Message out, which the SendError shows.
func (e *GraphError) Error() string {
	s := fmt.Sprintf("messenger: Graph error %d", e.Code)
	if e.Subcode != 0 {
		s += fmt.Sprintf("/%d", e.Subcode)
	}
	s += fmt.Sprintf(" (HTTP %d", e.Status)
	if e.Type != "" {
		s += ", " + e.Type
	}
	if e.TraceID != "" {
		s += ", trace " + e.TraceID
	}
	return s + ")"
}

// CallError says why a call of the Graph API other than a message failed.
type CallError struct {
	// Call is what was asked for, such as "profile".
	Call string
	// Page is whose token was used; empty for calls of the app.
	Page conversation.Source
	Why  conversation.FailCause // as of a *switchboard.SendError
	// Temporary says that nothing was done and that it may be tried again, after After if
	// that is positive.
	Temporary bool
	After     time.Duration // 0 is whenever the caller likes
	// Ambiguous says that it may have been done.
	Ambiguous bool
	Detail    string // Meta's words, or ours, without secrets
	Err       error  // the cause, often a *GraphError; may be nil
}

// Error implements error.
func (e *CallError) Error() string {
	s := "messenger: " + e.Call
	if e.Page != "" {
		s += " of page " + string(e.Page)
	}
	s += ": " + string(e.Why)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Err }
