package messenger

import "github.com/switchboard-go/switchboard/conversation"

// Kind says what an item of a webhook is. Kinds are stable names.
type Kind string

// The kinds of item. The [Webhook] delivers messages and postbacks of pages
// whose thread is ours; it counts the rest as ignored.
const (
	KindMessage   Kind = "message"   // from a customer, a quick reply included
	KindPostback  Kind = "postback"  // the customer pressed a button
	KindEcho      Kind = "echo"      // sent by the page: by us, another app, or a human in the inbox
	KindUnsend    Kind = "unsend"    // the customer took a message back
	KindEdit      Kind = "edit"      // the customer edited a message
	KindReaction  Kind = "reaction"  // the customer reacted to a message
	KindDelivery  Kind = "delivery"  // the customer's device has what was sent
	KindRead      Kind = "read"      // the customer has seen what was sent
	KindReferral  Kind = "referral"  // the customer came by a link or an ad
	KindRouting   Kind = "routing"   // another app got, gave up or wants the thread
	KindOther     Kind = "other"     // anything else, known to Meta or not
	KindMalformed Kind = "malformed" // it lacks what its kind needs, such as a sender
)

// Unsupported is the kind of an attachment that stands for what Messenger does
// not show to apps, such as a poll. Its reference is the id of the message.
const Unsupported conversation.AttachmentKind = "unsupported"

// Item is one item of a webhook's body.
type Item struct {
	// Page is the page that the item is about: the source of its conversations.
	Page conversation.Source
	Kind Kind // what it is
	// Standby says that another app has control of the thread.
	Standby bool
	// Inbound is set for KindMessage and KindPostback.
	Inbound conversation.Inbound
}

// deliverable reports whether the item is for a Board.
func (i *Item) deliverable() bool {
	return !i.Standby && (i.Kind == KindMessage || i.Kind == KindPostback)
}
