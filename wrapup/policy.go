package wrapup

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/switchboard-go/switchboard/internal/fold"
)

// Bounds of a [Policy]. The two on time and count keep a wrap-up that nobody
// submits from holding an agent's slot for ever by mistake; for no limit at all
// there is a Limit of zero.
const (
	// MaxReasonID is the greatest length of a [ReasonID], in bytes.
	MaxReasonID = 36
	// MaxLabel is the greatest length of a reason's label, in characters.
	MaxLabel = 128
	// MaxLimit is the greatest limit, and the greatest single extension.
	MaxLimit = 7 * 24 * time.Hour
	// MaxExtensionCount is the greatest number of extensions of one wrap-up.
	MaxExtensionCount = 100
)

// ReasonID identifies a reason within a policy. It is compared byte by byte;
// it is at least 1 and at most [MaxReasonID] bytes of UTF-8.
type ReasonID string

// Reason is one entry of the catalogue an agent chooses from.
type Reason struct {
	// ID identifies the reason in events and reports.
	ID ReasonID `json:"id"`
	// Label is what the agent reads: at least 1 and at most [MaxLabel]
	// characters of UTF-8, not only white space.
	Label string `json:"label"`
}

// Policy says how conversations of a queue are wrapped up. The zero value is
// not valid, because it has no default reason; see [Policy.Validate].
type Policy struct {
	// Reasons is the catalogue, in the order in which agents see it: at least
	// one reason, no ID twice.
	Reasons []Reason `json:"reasons,omitempty"`
	// Default is the reason that is applied when no agent chooses: at the
	// limit, or when the agent signs out. It must be one of Reasons.
	Default ReasonID `json:"default,omitempty"`
	// Limit is how long a wrap-up may take. Zero means no limit; at most
	// [MaxLimit]. In JSON, as all durations here, an integer of nanoseconds.
	Limit time.Duration `json:"limit,omitempty"`
	// Extension is what one extension adds to the deadline, counted from the
	// deadline and not from the moment of asking, so that asking early costs
	// nothing. At most [MaxLimit]. It needs MaxExtensions, and MaxExtensions
	// needs it.
	Extension time.Duration `json:"extension,omitempty"`
	// MaxExtensions is how many times an agent may extend one wrap-up. Zero
	// means never; at most [MaxExtensionCount].
	MaxExtensions int `json:"maxExtensions,omitempty"`
	// Cancellable lets the agent stop the countdown and go on without limit.
	Cancellable bool `json:"cancellable,omitempty"`
	// FreesSlot says that wrapping up does not hold the agent's slot of
	// capacity, so that the next conversation may be offered meanwhile. By
	// default it holds it.
	FreesSlot bool `json:"freesSlot,omitempty"`
}

// Validate returns all problems of the policy in the order of its fields, none
// if it may be used. The path of the policy itself (such as
// "queues[2].wrapUp") is put before each field's name; it may be empty.
func (p Policy) Validate(path string) []FieldError {
	var problems []FieldError
	report := func(path, format string, args ...any) {
		problems = append(problems, FieldError{Path: path, Problem: fmt.Sprintf(format, args...)})
	}

	reasons := field(path, "reasons")
	if len(p.Reasons) == 0 {
		report(reasons, "at least one reason is needed")
	}
	first := make(map[ReasonID]int, len(p.Reasons))
	for i, r := range p.Reasons {
		at := item(reasons, i)
		id := field(at, "id")
		switch j, seen := first[r.ID]; {
		case r.ID == "":
			report(id, "must not be empty")
		case len(r.ID) > MaxReasonID:
			report(id, "is %d bytes long, at most %d are allowed", len(r.ID), MaxReasonID)
		case !utf8.ValidString(string(r.ID)):
			report(id, "is not valid UTF-8")
		case seen:
			report(id, "%q is already the id of %s", r.ID, item(reasons, j))
		default:
			first[r.ID] = i
		}
		label := field(at, "label")
		switch n := utf8.RuneCountInString(r.Label); {
		case strings.TrimSpace(r.Label) == "":
			report(label, "must not be empty")
		case n > MaxLabel:
			report(label, "is %d characters long, at most %d are allowed", n, MaxLabel)
		case !utf8.ValidString(r.Label):
			report(label, "is not valid UTF-8")
		}
	}

	if p.Default == "" {
		report(field(path, "default"), "a default reason is needed")
	} else if _, ok := p.Find(p.Default); !ok {
		report(field(path, "default"), "%q is not one of the reasons", p.Default)
	}

	duration := func(name string, d time.Duration) bool {
		switch {
		case d < 0:
			report(field(path, name), "%v is negative", d)
		case d > MaxLimit:
			report(field(path, name), "%v is more than %v", d, MaxLimit)
		default:
			return true
		}
		return false
	}
	duration("limit", p.Limit)
	extension := duration("extension", p.Extension)
	count := field(path, "maxExtensions")
	switch {
	case p.MaxExtensions < 0:
		report(count, "%d is negative", p.MaxExtensions)
	case p.MaxExtensions > MaxExtensionCount:
		report(count, "%d is more than %d", p.MaxExtensions, MaxExtensionCount)
	// One without the other would leave agents without the extensions that
	// somebody meant to give them.
	case p.MaxExtensions > 0 && p.Extension == 0:
		report(field(path, "extension"), "is needed with maxExtensions")
	case p.MaxExtensions == 0 && p.Extension > 0 && extension:
		report(count, "is needed with extension")
	}
	return problems
}

// Find returns the reason with the given id, and whether there is one.
func (p Policy) Find(id ReasonID) (Reason, bool) {
	for _, r := range p.Reasons {
		if r.ID == id {
			return r, true
		}
	}
	return Reason{}, false
}

// Search returns the reasons that a query finds, in the order of the
// catalogue. Every word of the query must occur somewhere in the label or the
// id; case, diacritics and the order of words are ignored. An empty query finds
// all reasons. The result is a new slice.
func (p Policy) Search(query string) []Reason {
	var found []Reason
	for _, r := range p.Reasons {
		if fold.Match(fold.String(r.Label+" "+string(r.ID)), query) {
			found = append(found, r)
		}
	}
	return found
}

// Equal reports whether p and q say the same. The order of the reasons counts;
// nil and empty lists are the same.
func (p Policy) Equal(q Policy) bool {
	return slices.Equal(p.Reasons, q.Reasons) &&
		p.Default == q.Default &&
		p.Limit == q.Limit &&
		p.Extension == q.Extension &&
		p.MaxExtensions == q.MaxExtensions &&
		p.Cancellable == q.Cancellable &&
		p.FreesSlot == q.FreesSlot
}

// Check returns the reason that an agent submits. It refuses an id that is
// empty or not in the catalogue with a [*ReasonError], which matches
// [ErrReason].
func (p Policy) Check(id ReasonID) (Reason, error) {
	if id != "" {
		if r, ok := p.Find(id); ok {
			return r, nil
		}
	}
	return Reason{}, &ReasonError{Reason: id}
}
