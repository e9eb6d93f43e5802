package messenger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"strconv"

	"github.com/switchboard-go/switchboard/conversation"
)

// MaxFiles is how many attachments of one message are read; the others are counted.
const MaxFiles = 100

// Parse reads the body of a webhook. Verify its signature first.
//
// A body that is not a JSON object, or nested deeper than 128 levels, is refused with a
// [*BodyError]. Everything else is read as far as it makes sense: fields that are not
// known are passed over, kinds that are not are [KindOther] with the JSON as it came,
// and an event that lacks what it needs is [KindMalformed] and costs no other. A body
// about something else than pages or accounts of Instagram gives one event of KindOther
// without a page.
//
// Safe for concurrent use.
func Parse(body []byte) ([]Event, error) {
	events, err := Events(body)
	if err != nil {
		return nil, err
	}
	var out []Event
	for e := range events {
		out = append(out, e)
	}
	return out, nil
}

// Events does what Parse does, one event at a time: however many a body of a megabyte
// holds, one is in memory.
func Events(body []byte) (iter.Seq[Event], error) {
	if !validJSON(body) {
		return nil, &BodyError{Problem: "not JSON"}
	}
	r := reader{b: body}
	if r.peek() != '{' {
		return nil, &BodyError{Problem: "not a JSON object"}
	}
	return func(yield func(Event) bool) { parseBody(body, yield) }, nil
}

// channelOf returns the channel that an object of webhooks is about.
func channelOf(object string) conversation.Channel {
	switch object {
	case "page":
		return Channel
	case "instagram":
		return InstagramChannel
	}
	return ""
}

func parseBody(body []byte, yield func(Event) bool) {
	// The object says what the entries are, and may come after them.
	object, entries := "", -1
	r := reader{b: body}
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "object":
			object = r.text()
		case "entry":
			r.peek()
			entries = r.i
			if object != "" && entries >= 0 && channelOf(object) != "" {
				// The usual order. What follows is of no interest.
				parseEntries(&r, channelOf(object), yield)
				return
			}
			r.skip()
		default:
			r.skip()
		}
	}
	channel := channelOf(object)
	switch {
	case channel == "":
		parseForeign(body, object, entries, yield)
	case entries >= 0:
		r.i = entries
		parseEntries(&r, channel, yield)
	}
}

// parseForeign gives what a body about something else says: the permissions that an app
// got or lost, which come as changes, and otherwise itself.
func parseForeign(body []byte, object string, entries int, yield func(Event) bool) {
	if object == "permissions" && entries >= 0 {
		parseEntries(&reader{b: body, i: entries}, "", yield)
		return
	}
	yield(Event{Kind: KindOther, Raw: body})
}

func parseEntries(r *reader, channel conversation.Channel, yield func(Event) bool) {
	if !r.array() {
		return
	}
	for r.more() {
		if !parseEntry(r, channel, yield) {
			return
		}
	}
}

// parseEntry reads one entry: what happened at one page. It reports whether to go on.
func parseEntry(r *reader, channel conversation.Channel, yield func(Event) bool) bool {
	if !r.object() {
		return true
	}
	page := entryID(*r)
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch list := string(key); list {
		case "messaging", "standby", "changes":
			if !parseItems(r, channel, page, list, yield) {
				return false
			}
		default:
			r.skip()
		}
	}
	return true
}

// entryID looks ahead for the id of an entry. It usually comes first.
func entryID(r reader) string {
	for key, ok := r.field(); ok; key, ok = r.field() {
		if string(key) == "id" {
			return r.text()
		}
		r.skip()
	}
	return ""
}

// parseItems reads a list of items and reports whether to go on.
func parseItems(r *reader, channel conversation.Channel, page, list string, yield func(Event) bool) bool {
	if !r.array() {
		return true
	}
	for r.more() {
		var e Event
		if list == "changes" {
			e = parseChange(r)
		} else {
			e = parseEvent(r, channel, page, list == "standby")
		}
		e.Channel = channel
		if e.Page == "" {
			e.Page = conversation.Source(page)
		}
		if !yield(e) {
			return false
		}
	}
	return true
}

// parseChange reads an element of changes.
func parseChange(r *reader) Event {
	r.peek()
	from := r.i
	c := &Change{}
	if r.object() {
		for key, ok := r.field(); ok; key, ok = r.field() {
			switch string(key) {
			case "field":
				c.Field = r.text()
			case "verb":
				c.Verb = r.text()
			case "value":
				if r.peek() != '{' {
					r.skip()
					continue
				}
				r.object()
				for key, ok := r.field(); ok; key, ok = r.field() {
					if string(key) == "verb" {
						c.Verb = r.text()
					} else {
						r.skip()
					}
				}
			default:
				r.skip()
			}
		}
	}
	return Event{Kind: KindChange, Change: c, Raw: r.b[from:r.i:r.i]}
}

// item is an element of messaging or standby as it is being read. Its kind is not named:
// it follows from which keys are there.
type item struct {
	Event
	sender, recipient string
	millis            int64 // the stamp as it came
	echo, deleted     bool
	prior             [2]string
	lead              []Answer
}

// parseEvent reads an element of messaging or standby.
func parseEvent(r *reader, channel conversation.Channel, page string, standby bool) Event {
	r.peek()
	from := r.i
	it := item{Event: Event{Channel: channel, Standby: standby}}
	if r.object() {
		for key, ok := r.field(); ok; key, ok = r.field() {
			it.field(r, key)
		}
	}
	it.Raw = r.b[from:r.i:r.i]
	if page == "" {
		page = it.recipient
		if it.echo {
			page = it.sender
		}
	}
	it.finish(page)
	return it.Event
}

// field reads the value of a key. A null is no value.
func (it *item) field(r *reader, key []byte) {
	if c := r.peek(); c != '{' && c != '"' && (c < '0' || c > '9') {
		r.skip()
		return
	}
	switch string(key) {
	case "sender":
		it.sender = it.party(r)
	case "recipient":
		it.recipient = it.party(r)
	case "timestamp":
		it.millis = r.number()
		it.At = stampTime(it.millis)
	case "message":
		if r.peek() == '{' {
			it.message(r)
			return
		}
		r.skip()
	case "prior_message":
		it.priorMessage(r)
	case "lead":
		it.lead = parseLead(r)
	default:
		if r.peek() != '{' || !it.body(r, key) {
			r.skip()
		}
	}
}

// body reads the part of an item that gives it its kind, apart from messages. It reports
// whether it knows the key.
func (it *item) body(r *reader, key []byte) bool {
	switch string(key) {
	case "postback":
		it.Postback = parsePostback(r)
	case "message_edit":
		it.Edit = parseEdit(r)
	case "reaction":
		it.Reaction = parseReaction(r)
	case "read":
		it.Receipt = parseReceipt(r)
		it.Kind = KindRead
	case "delivery":
		it.Receipt = parseReceipt(r)
		it.Kind = KindDelivery
	case "referral":
		it.Referral = parseReferral(r)
	case "optin":
		it.Optin = parseOptin(r)
		if it.UserRef == "" {
			it.UserRef = it.Optin.Ref
		}
	case "account_linking":
		it.Linking = parseLinking(r)
	case "pass_thread_control", "pass-thread-control":
		it.Routing = parseRouting(r, RoutingPassed)
	case "take_thread_control", "take-thread-control":
		it.Routing = parseRouting(r, RoutingTaken)
	case "request_thread_control", "request-thread-control":
		it.Routing = parseRouting(r, RoutingRequested)
	case "app_roles", "app-roles":
		r.skip()
		it.Routing = &Routing{Action: RoutingRoles}
	case "policy_enforcement", "policy-enforcement":
		it.Policy = parsePolicy(r)
	case "response_feedback":
		it.Rating = parseRating(r)
	case "messaging_feedback":
		it.Survey = parseSurvey(r)
	case "order":
		it.Order = parseOrder(r)
	default:
		return false
	}
	return true
}

// party reads a sender or a recipient.
func (it *item) party(r *reader) (id string) {
	if !r.object() {
		return ""
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "id":
			id = r.text()
		case "user_ref":
			it.UserRef = r.text()
		default:
			r.skip()
		}
	}
	return id
}

// finish says what the item is and drops what does not belong to its kind. What the page
// itself said is an echo even without its mark: it must never open a conversation with
// the page.
func (it *item) finish(page string) {
	it.Page = conversation.Source(page)
	it.Own = it.sender != "" && it.sender == page
	it.Customer = conversation.Customer(it.sender)
	if it.Own || it.echo {
		it.Own = true
		it.Customer = conversation.Customer(it.recipient)
	}
	kind := it.kind()
	e := Event{
		Kind: kind, Channel: it.Channel, Page: it.Page, Customer: it.Customer, UserRef: it.UserRef,
		Own: it.Own, Standby: it.Standby, At: it.At, Raw: it.Raw,
	}
	somebody := it.Page != "" && it.Customer != ""
	whole := true
	switch kind {
	case KindMessage, KindEcho, KindUnsend:
		e.Message = it.Message
		if e.Message == nil { // the press of a button that comes as an echo
			e.Message = &Message{ID: it.Postback.ID, Text: it.Postback.Title}
		}
		if e.Message.Referral == nil {
			e.Message.Referral = it.Referral
		}
		e.Message.PriorSource, e.Message.PriorID = it.prior[0], it.prior[1]
		whole = somebody && e.Message.ID != ""
	case KindPostback:
		e.Postback = it.Postback
		if e.Postback.Referral == nil {
			e.Postback.Referral = it.Referral
		}
		if e.Postback.ID == "" {
			e.Postback.ID = it.derivedID()
		}
		whole = somebody
	case KindEdit:
		e.Edit = it.Edit
		whole = somebody && e.Edit.ID != ""
	case KindReaction:
		e.Reaction = it.Reaction
		whole = somebody && e.Reaction.ID != ""
	case KindRead, KindDelivery:
		e.Receipt = it.Receipt
		whole = somebody && (!e.Receipt.Watermark.IsZero() || len(e.Receipt.IDs) > 0)
	case KindReferral:
		e.Referral = it.Referral
	case KindOptin:
		e.Optin = it.Optin
	case KindLinking:
		e.Linking = it.Linking
	case KindRouting:
		e.Routing = it.Routing
	case KindPolicy:
		e.Policy = it.Policy
	case KindRating:
		e.Rating = it.Rating
	case KindSurvey:
		e.Survey = it.Survey
	case KindOrder:
		e.Order = it.Order
	}
	for _, ref := range []*Referral{e.Referral, refOf(&e)} {
		if ref != nil && ref.Lead == nil {
			ref.Lead = it.lead
		}
	}
	if !whole {
		e = Event{Kind: KindMalformed, Channel: e.Channel, Page: e.Page, Standby: e.Standby, Raw: e.Raw}
	}
	it.Event = e
}

func refOf(e *Event) *Referral {
	switch {
	case e.Message != nil:
		return e.Message.Referral
	case e.Postback != nil:
		return e.Postback.Referral
	}
	return nil
}

// kind says what the item is, when several keys are there too.
func (it *item) kind() Kind {
	switch {
	case it.Message != nil && it.deleted:
		return KindUnsend
	case it.Message != nil && it.Own, it.Postback != nil && it.Own:
		return KindEcho
	case it.Message != nil:
		return KindMessage
	case it.Postback != nil:
		return KindPostback
	case it.Edit != nil:
		return KindEdit
	case it.Reaction != nil:
		return KindReaction
	case it.Receipt != nil:
		return it.Kind
	case it.Optin != nil:
		return KindOptin
	case it.Order != nil:
		return KindOrder
	case it.Routing != nil:
		return KindRouting
	case it.Policy != nil:
		return KindPolicy
	case it.Linking != nil:
		return KindLinking
	case it.Rating != nil:
		return KindRating
	case it.Survey != nil:
		return KindSurvey
	case it.Referral != nil:
		return KindReferral
	}
	return KindOther
}

// derivedID returns an id for a postback that came without one, the same each
// time Meta sends it: who pressed what, and when.
func (it *item) derivedID() string {
	h := sha256.New()
	for _, s := range []string{it.sender, it.Postback.Payload, it.Postback.Title} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return "postback:" + strconv.FormatInt(it.millis, 10) + ":" + hex.EncodeToString(h.Sum(nil)[:16])
}
