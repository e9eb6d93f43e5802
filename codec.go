package switchboard

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/switchboard-go/switchboard/agent"
	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/floor"
	"github.com/switchboard-go/switchboard/internal/wire"
	"github.com/switchboard-go/switchboard/routing"
)

// A record is lines of JSON: a header, then one line for each event. Every line
// can be read with public tools, and none has anything in it that depends on a
// map's order or on the process that wrote it, but for the header's commit.

// format is the format of the records that this version writes.
const format = 1

// header is the first line of a record.
type header struct {
	// Format is what a reader must understand.
	Format int `json:"format"`
	// Commit names the append: the writer recognises its own after an append
	// whose outcome it could not learn.
	Commit string `json:"commit"`
	// Events is how many follow.
	Events int `json:"events"`
}

// line is one event as it is written.
type line struct {
	Seq  uint64      `json:"seq"`
	At   time.Time   `json:"at"`
	By   agent.Actor `json:"by,omitzero"`
	Why  string      `json:"why,omitempty"`
	Key  string      `json:"key,omitempty"`
	Kind string      `json:"kind"`
	Body wire.Raw    `json:"body"`
}

// kinds binds the names in the log to the events. Names are for ever.
var kinds = []wire.Kind{
	{Name: "agent.state-changed", Zero: agent.StateChanged{}},
	{Name: "agent.idle-pending", Zero: agent.IdlePending{}},
	{Name: "agent.idle-cancelled", Zero: agent.IdleCancelled{}},
	{Name: "agent.connected", Zero: agent.Connected{}},
	{Name: "agent.dropped", Zero: agent.Dropped{}},
	{Name: "agent.grace-restarted", Zero: agent.GraceRestarted{}},
	{Name: "agent.attributes-set", Zero: agent.AttributesSet{}},

	{Name: "conversation.opened", Zero: conversation.Opened{}},
	{Name: "conversation.moved", Zero: conversation.Moved{}},
	{Name: "conversation.offer-made", Zero: conversation.OfferMade{}},
	{Name: "conversation.offer-ended", Zero: conversation.OfferEnded{}},
	{Name: "conversation.offer-restarted", Zero: conversation.OfferRestarted{}},
	{Name: "conversation.accepted", Zero: conversation.Accepted{}},
	{Name: "conversation.transfer-requested", Zero: conversation.TransferRequested{}},
	{Name: "conversation.transfer-cancelled", Zero: conversation.TransferCancelled{}},
	{Name: "conversation.owner-changed", Zero: conversation.OwnerChanged{}},
	{Name: "conversation.wrap-up-started", Zero: conversation.WrapUpStarted{}},
	{Name: "conversation.wrap-up-extended", Zero: conversation.WrapUpExtended{}},
	{Name: "conversation.wrap-up-unlimited", Zero: conversation.WrapUpUnlimited{}},
	{Name: "conversation.seat-ended", Zero: conversation.SeatEnded{}},
	{Name: "conversation.interruption", Zero: conversation.Interruption{}},
	{Name: "conversation.ending", Zero: conversation.Ending{}},
	{Name: "conversation.customer-returned", Zero: conversation.CustomerReturned{}},
	{Name: "conversation.completed", Zero: conversation.Completed{}},
	{Name: "conversation.forgotten", Zero: conversation.Forgotten{}},
	{Name: "conversation.archive-due", Zero: conversation.ArchiveDue{}},
	{Name: "conversation.transcript-cut", Zero: conversation.TranscriptCut{}},
	{Name: "conversation.message-added", Zero: conversation.MessageAdded{}},
	{Name: "conversation.message-edited", Zero: conversation.MessageEdited{}},
	{Name: "conversation.message-unsent", Zero: conversation.MessageUnsent{}},
	{Name: "conversation.message-emptied", Zero: conversation.MessageEmptied{}},
	{Name: "conversation.reacted", Zero: conversation.Reacted{}},
	{Name: "conversation.receipt-advanced", Zero: conversation.ReceiptAdvanced{}},
	{Name: "conversation.send-settled", Zero: conversation.SendSettled{}},
	{Name: "conversation.send-deferred", Zero: conversation.SendDeferred{}},
	{Name: "conversation.send-due", Zero: conversation.SendDue{}},
	{Name: "conversation.lane-taken", Zero: conversation.LaneTaken{}},
	{Name: "conversation.priority-changed", Zero: conversation.PriorityChanged{}},
	{Name: "conversation.needs-relaxed", Zero: conversation.NeedsRelaxed{}},
	{Name: "conversation.preference-dropped", Zero: conversation.PreferenceDropped{}},
	{Name: "conversation.exclusion-over", Zero: conversation.ExclusionOver{}},
	{Name: "conversation.attributes-set", Zero: conversation.AttributesSet{}},

	{Name: "routing.queue-set", Zero: routing.QueueSet{}},
	{Name: "routing.queue-deleted", Zero: routing.QueueDeleted{}},
	{Name: "routing.queue-opened", Zero: routing.QueueOpened{}},
	{Name: "routing.queue-closed", Zero: routing.QueueClosed{}},
	{Name: "routing.queue-swept", Zero: routing.QueueSwept{}},
	{Name: "routing.team-set", Zero: routing.TeamSet{}},
	{Name: "routing.team-deleted", Zero: routing.TeamDeleted{}},
	{Name: "routing.agent-set", Zero: routing.AgentSet{}},
	{Name: "routing.agent-deleted", Zero: routing.AgentDeleted{}},
	{Name: "routing.source-set", Zero: routing.SourceSet{}},
	{Name: "routing.source-removed", Zero: routing.SourceRemoved{}},
	{Name: "routing.source-swept", Zero: routing.SourceSwept{}},
	{Name: "routing.settings-set", Zero: routing.SettingsSet{}},
	{Name: "routing.outage", Zero: routing.Outage{}},
	{Name: "routing.outage-over", Zero: routing.OutageOver{}},
	{Name: "routing.erasure-begun", Zero: routing.ErasureBegun{}},
	{Name: "routing.erasure-cleared", Zero: routing.ErasureCleared{}},
	{Name: "routing.erasure-done", Zero: routing.ErasureDone{}},
	{Name: "routing.key-used", Zero: routing.KeyUsed{}},
	{Name: "routing.node-alive", Zero: routing.NodeAlive{}},
	{Name: "routing.change-kept", Zero: routing.ChangeKept{}},
}

// registry is made once; it is immutable.
var registry = func() *wire.Registry {
	r, err := wire.NewRegistry(kinds, header{}, line{})
	if err != nil {
		panic(err) // a mistake in this file, which any test finds
	}
	return r
}()

// KindOf returns the stable name of an event's body in the log, such as
// "conversation.accepted", or "" for what is not the body of an event.
func KindOf(body any) string {
	kind, _ := registry.Kind(body)
	return kind
}

// writer encodes events. It is not safe for concurrent use.
//
// It writes headers and lines by hand, exactly as the encoder would write a
// header and a line, and the bodies with generated code: every commit comes through here.
type writer struct{ enc *wire.Encoder }

func newWriter() *writer { return &writer{enc: registry.NewEncoder()} }

func (w *writer) header(dst, commit []byte, events int) []byte {
	dst = strconv.AppendInt(append(dst, `{"format":`...), format, 10)
	dst = wire.AppendString(append(dst, `,"commit":`...), commit)
	dst = strconv.AppendInt(append(dst, `,"events":`...), int64(events), 10)
	return append(dst, '}', '\n')
}

// event appends the event's line. With an error dst comes back as it was.
func (w *writer) event(dst []byte, e *floor.Event) ([]byte, error) {
	out := strconv.AppendUint(append(dst, `{"seq":`...), e.Seq, 10)
	out, ok := w.enc.AppendInstant(append(out, `,"at":`...), e.At)
	if !ok {
		return dst, fmt.Errorf("switchboard: the instant %v cannot be written", e.At)
	}
	if e.By != (Actor{}) {
		out = wire.AppendString(append(out, `,"by":{"role":`...), e.By.Role.String())
		if e.By.ID != "" {
			out = wire.AppendString(append(out, `,"id":`...), e.By.ID)
		}
		out = append(out, '}')
	}
	if e.Why != "" {
		out = wire.AppendString(append(out, `,"why":`...), e.Why)
	}
	if e.Key != "" {
		out = wire.AppendString(append(out, `,"key":`...), e.Key)
	}
	if done, ok := appendBody(w.enc, out, e.Body); ok {
		return done, nil
	}
	// Rare, or with an error. What was added to out is written over.
	out, err := w.enc.AppendTagged(append(out, ','), e.Body)
	if err != nil {
		return dst, err
	}
	return append(out, '}', '\n'), nil
}

// reader decodes records. It is not safe for concurrent use.
type reader struct{ dec *wire.Decoder }

func newReader() *reader { return &reader{dec: registry.NewDecoder()} }

// record decodes a record. Its errors are a *FormatError or a *CorruptError.
func (r *reader) record(rec Record) (commit string, events []floor.Event, err error) {
	corrupt := func(err error) error { return &CorruptError{Position: rec.Position, Err: err} }
	first, rest, ok := bytes.Cut(rec.Data, []byte{'\n'})
	if !ok {
		return "", nil, corrupt(errors.New("no header"))
	}
	var h header
	if err := r.dec.Decode(first, &h); err != nil {
		return "", nil, corrupt(err)
	}
	if h.Format != format {
		return "", nil, &FormatError{Format: h.Format}
	}
	if h.Events < 0 || h.Events > len(rest) {
		return "", nil, corrupt(errors.New("events are missing"))
	}
	events = make([]floor.Event, 0, h.Events)
	for len(rest) > 0 {
		var text []byte
		if text, rest, ok = bytes.Cut(rest, []byte{'\n'}); !ok {
			return "", nil, corrupt(errors.New("cut off"))
		}
		e, err := r.event(text)
		if unknown := (*wire.UnknownKindError)(nil); errors.As(err, &unknown) {
			return "", nil, &FormatError{Format: h.Format, Kind: unknown.Kind}
		} else if err != nil {
			return "", nil, corrupt(err)
		}
		events = append(events, e)
	}
	if len(events) != h.Events {
		return "", nil, corrupt(fmt.Errorf("%d of %d events", len(events), h.Events))
	}
	return h.Commit, events, nil
}

func (r *reader) event(text []byte) (floor.Event, error) {
	var l line
	if err := r.dec.Decode(text, &l); err != nil {
		return floor.Event{}, err
	}
	if l.Seq == 0 || l.At.IsZero() {
		return floor.Event{}, errors.New("an event without number or instant")
	}
	body, err := r.dec.DecodeBody(l.Kind, l.Body)
	if err != nil {
		return floor.Event{}, err
	}
	if m, ok := body.(conversation.MessageAdded); ok && m.Message == nil {
		return floor.Event{}, errors.New("a message that is missing")
	}
	return floor.Event{Seq: l.Seq, At: l.At, By: l.By, Why: l.Why, Key: l.Key, Body: body}, nil
}
