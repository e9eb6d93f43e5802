package messenger

import (
	"encoding/json"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
)

// Kind says what an event of a webhook is. Kinds are stable names.
type Kind string

// The kinds of event, each with the field of [Event] that it sets.
const (
	KindMessage  Kind = "message"  // Message: from a customer, a quick reply included
	KindPostback Kind = "postback" // Postback: the customer pressed a button
	KindEcho     Kind = "echo"     // Message: sent by the page, by us, another app, or a human in the inbox
	KindUnsend   Kind = "unsend"   // Message, with its ID alone: it was taken back
	KindEdit     Kind = "edit"     // Edit: the customer edited a message
	KindReaction Kind = "reaction" // Reaction: the customer reacted to a message
	KindDelivery Kind = "delivery" // Receipt: the customer's device has what was sent
	KindRead     Kind = "read"     // Receipt: the customer has seen what was sent
	KindReferral Kind = "referral" // Referral: the customer came by a link or an ad
	KindOptin    Kind = "optin"    // Optin: the customer agreed to something
	KindLinking  Kind = "linking"  // Linking: an account was linked or unlinked
	KindRouting  Kind = "routing"  // Routing: an app got, took or wants the thread
	KindPolicy   Kind = "policy"   // Policy: Meta warns, blocks or unblocks the page
	KindRating   Kind = "rating"   // Rating: the customer's thumb for an answer
	KindSurvey   Kind = "survey"   // Survey: answers to the customer-feedback template
	KindOrder    Kind = "order"    // Order: the customer sent a cart
	KindChange   Kind = "change"   // Change: an element of changes, such as of a feed
	KindOther    Kind = "other"    // only Raw: anything else, known to Meta or not
	// KindMalformed is an event that lacks what its kind needs, such as a sender. Only
	// Raw is set.
	KindMalformed Kind = "malformed"
)

// Unsupported is the kind of an attachment that stands for what Messenger does
// not show to apps, such as a poll. Its reference is the id of the message.
const Unsupported conversation.AttachmentKind = "unsupported"

// Event is one item of a webhook's body.
type Event struct {
	Kind Kind // says which of the pointers is set
	// Channel is Channel or InstagramChannel; empty when the body is about neither.
	Channel conversation.Channel
	// Page is the page, or the account of Instagram, that the event is about: the source
	// of its conversations.
	Page conversation.Source
	// Customer is the other side: the sender, or of an echo the recipient. Empty
	// when Meta names nobody, and for a person who is only a UserRef yet.
	Customer conversation.Customer
	// UserRef names a person who used a plugin before they had an id.
	UserRef string
	// Own says that the page itself is the sender.
	Own bool
	// Standby says that another app has control of the thread.
	Standby bool
	// At is Meta's stamp; zero when it gave none.
	At time.Time

	Message  *Message  // of KindMessage, KindEcho, KindUnsend
	Postback *Postback // of KindPostback
	Edit     *Edit     // of KindEdit
	Reaction *Reaction // of KindReaction
	Receipt  *Receipt  // of KindDelivery, KindRead
	Referral *Referral // of KindReferral
	Optin    *Optin    // of KindOptin
	Linking  *Linking  // of KindLinking
	Routing  *Routing  // of KindRouting
	Policy   *Policy   // of KindPolicy
	Rating   *Rating   // of KindRating
	Survey   *Survey   // of KindSurvey
	Order    *Order    // of KindOrder
	Change   *Change   // of KindChange

	// Raw is the item as it came. It is a part of the body that was parsed: clone it to
	// keep it longer.
	Raw json.RawMessage
}

// Message is what somebody wrote.
type Message struct {
	ID          string // Meta's id (mid), opaque
	Text        string // may be empty beside attachments
	Attachments []File // at most MaxFiles
	// LeftOut is how many attachments there were beyond MaxFiles.
	LeftOut int
	// QuickReply is the payload of the quick reply that was tapped.
	QuickReply string
	ReplyTo    string // id of the message answered, or empty
	SelfReply  bool   // the message answered was the customer's own
	// StoryID and StoryURL are the story answered, on Instagram.
	StoryID, StoryURL string
	Commands          []string  // names of the commands chosen
	Referral          *Referral // how the customer came, or nil
	// PriorSource and PriorID say what a plugin had collected before.
	PriorSource, PriorID string
	// AppID is, in an echo, the app that sent it; the inbox has ids of its own.
	AppID string
	// Metadata is, in an echo, what the sender gave along.
	Metadata string
	// Unsupported says that Meta does not show the message to apps.
	Unsupported bool
}

// File is an attachment as Meta describes it.
type File struct {
	Type      string    // Meta's own word, such as "image"
	URL       string    // expires, may be relative, and comes from outside: see Fetcher
	Title     string    // of a link, a post or a reel
	StickerID string    // set for stickers, whatever the Type
	MediaID   string    // of a reel, a post or an uploaded file
	Place     *Place    // of a location
	Booking   *Booking  // of an appointment, or nil
	Products  []Product // of a shared product
	Template  string    // the kind of template, in an echo
}

// Place is a point on the globe, in degrees.
type Place struct {
	Lat, Long float64 // -90 to 90 and -180 to 180
}

// Booking is an appointment that a customer asked for or that changed.
type Booking struct {
	ID, Status, Zone string    // Status is "requested", "confirmed", "declined" or "cancelled"
	Start, End       time.Time // zero when Meta gave none
}

// Product is a product of the page's catalogue.
type Product struct {
	ID, RetailerID, Name, Subtitle, ImageURL string // any may be empty
	Price                                    string // of one, as Meta wrote it; only in an order
	Currency                                 string // such as "EUR"; only in an order
	Quantity                                 int    // how many; only in an order
}

// Postback is a press of a button.
type Postback struct {
	ID string // Meta's id; where it gave none, made from who pressed what when
	// Title is what the button says, Payload what it carries. A Payload is missing in
	// standby.
	Title, Payload string
	Referral       *Referral // how the customer came, or nil
}

// Referral says how a customer came to the page.
type Referral struct {
	Ref, Source, Type string   // such as "SHORTLINK" or "ADS", and "OPEN_THREAD"
	AdID, AdTitle     string   // of the ad, if it was one
	RefererURI        string   // the page that the plugin was on
	ProductID         string   // of the product in the shop
	Lead              []Answer // of a form
}

// Answer is an answer to a question of a form.
type Answer struct {
	Question, Answer string // in words
}

// Edit is a new text of a message.
type Edit struct {
	ID, Text string // ID is that of the message
	Count    int    // how many edits it has had, from 1
}

// Reaction is a customer's reaction to a message of either side.
type Reaction struct {
	ID string // of the message
	// Emoji is empty when the reaction was taken back.
	Emoji string
	Name  string // Meta's word, such as "love"; may be empty
}

// Receipt says what has arrived or was read: everything up to the watermark, on Meta's
// clock, and the messages named.
type Receipt struct {
	Watermark time.Time // zero on Instagram
	IDs       []string  // may be empty
}

// Optin is a customer's agreement, by a plugin or to marketing messages.
type Optin struct {
	Type, Ref, Payload, Title string    // as the plugin or the request had them
	Token                     Secret    // by which marketing messages are sent
	TokenStatus               string    // such as "NOT_REFRESHED"
	TokenExpires              time.Time // zero when Meta gave no end
	Frequency, Zone           string    // how often, such as "DAILY", and the time zone for it
	Status                    string    // "STOP NOTIFICATIONS" or "RESUME NOTIFICATIONS" when it changed
}

// Linking says that a customer linked or unlinked an account of the business.
type Linking struct {
	Status string // "linked" or "unlinked"
	Code   Secret // only when linked
}

// Routing says what happened to the control of a thread.
type Routing struct {
	Action RoutingAction // says which of the other fields are set
	// Previous is the app that had control, New the one that has it; either may be empty.
	Previous, New string
	Requested     string // the app that wants control, for RoutingRequested
	Metadata      string // what the app gave along
}

// RoutingAction is what happened to the control of a thread.
type RoutingAction string

// What may happen to the control of a thread. Giving it up tells nobody.
const (
	RoutingPassed    RoutingAction = "passed"    // an app gave it to another
	RoutingTaken     RoutingAction = "taken"     // an app, or the inbox, took it
	RoutingRequested RoutingAction = "requested" // an app asks the owner for it
	RoutingRoles     RoutingAction = "roles"     // of old: the apps' roles changed
)

// Policy says what Meta does about a violation of its policies.
type Policy struct {
	Action string // "warning", "block" or "unblock"
	Reason string // in words; empty with "unblock"
}

// Rating is a customer's thumb for one of our messages.
type Rating struct {
	ID       string // of the message
	Feedback string // "Good response" or "Bad response"
}

// Survey has a customer's answers to the customer-feedback template, by question.
type Survey struct {
	Answers []SurveyAnswer // at most 100
}

// SurveyAnswer is one answer of a Survey.
type SurveyAnswer struct {
	Question string // its id
	Type     string // "csat", "nps", "ces" or "free_form"
	Value    string // a number, or a text of "free_form"
	FollowUp string // what the customer wrote along
}

// Order is a cart that the customer sent.
type Order struct {
	Products []Product // at most 100
	Note     string    // the customer's words
}

// Change is an element of changes, which feed-like events come in.
type Change struct {
	Field string // such as "messages" or "feed"
	Verb  string // such as "granted" or "revoked"; may be empty
}
