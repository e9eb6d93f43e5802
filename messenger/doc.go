// Package messenger connects pages of Facebook, and accounts of Instagram, to Boards: a
// [Webhook] that takes what customers do, and a [Client] that sends what agents write and
// makes the other calls of Meta's Graph API. Both are of use without a Board too: [Parse]
// gives typed events, [Client.SendMessage] sends anything that Messenger can show.
//
// It needs nothing but the standard library:
//
//	traffic := &messenger.Traffic{}
//	client, err := messenger.NewClient(messenger.ClientConfig{
//		AppSecret: secret, Traffic: traffic,
//		Token: func(page conversation.Source) (messenger.Secret, bool) { t, ok := tokens[page]; return t, ok },
//	})
//	board, err := switchboard.Open(ctx, switchboard.Config{
//		Name: "acme", Transports: map[conversation.Channel]switchboard.Transport{
//			messenger.Channel: client, messenger.InstagramChannel: client,
//		},
//	})
//	webhook, err := messenger.NewWebhook(messenger.WebhookConfig{
//		VerifyToken: verify, AppSecrets: []messenger.Secret{secret}, Traffic: traffic,
//		Boards: func(conversation.Source) messenger.Receiver { return board },
//	})
//	http.Handle("/webhook", webhook)
//
// # Connecting a page, from nothing
//
//  1. At developers.facebook.com make an app of the type Business and add the product
//     Messenger to it. In its basic settings find the app's id and the app secret, and turn
//     on "Require App Secret" under Advanced: the Client always proves that it knows it.
//  2. Make up a verify token: any long random text.
//  3. Serve the Webhook under a public https URL with a certificate that is not
//     self-signed. Give the http.Server time-outs: ReadHeaderTimeout and IdleTimeout.
//  4. In the Messenger settings enter that URL and the verify token. Meta calls the URL at
//     once, and the Webhook answers.
//  5. Subscribe the app to the fields in [DefaultFields]. A field comes only when the app
//     and the page are subscribed to it, so this is half of it.
//  6. Have an administrator of the page log in with Facebook and agree to pages_messaging,
//     pages_manage_metadata, pages_show_list and pages_read_engagement. Exchange the token of
//     the login for a long-lived one, and ask GET /me/accounts for the page's id and token.
//     Made this way the page's token has no end of its own.
//  7. Keep the token encrypted, and have ClientConfig.Token return it for the page's id.
//  8. Call [Client.Subscribe] for the page: the other half of step 5.
//  9. Add the page to the Board as a routing.Source with its id, [Channel] and a queue. Write
//     to the page from an account that has a role in the app: the message is on the Board.
//  10. Ask for Advanced Access in App Review, with a screencast of an agent who answers a
//     customer. Until it is granted only people with a role in the app can write to the page
//     and be answered. Enter the URLs of [NewDeletions] and [NewDeauthorize] in the app's
//     settings, and switch it to Live.
//
// What each permission is for:
//
//	pages_messaging             to send, and to get messages
//	pages_manage_metadata       to subscribe the page to the webhook
//	pages_show_list             to find the page and its token in step 6
//	pages_read_engagement       to read the page's name and state
//	Business Asset User Profile Access    a feature: names and pictures of customers
//	Human Agent                 a feature: agents may answer for 7 days, ClientConfig.HumanAgent
//	instagram_basic, instagram_manage_messages    the same for Instagram
//
// # What arrives
//
// Every kind of event that Meta has is a typed [Event], and one that it has not yet is kept
// as JSON. [Event.Commands] says what each means to a Board: messages, quick replies and
// pressed buttons, edits, reactions, messages taken back, receipts, and echoes of what the
// page sent, among them what a human wrote in the page's own inbox. The rest goes to
// WebhookConfig.OnEvent: opt-ins, referrals, policy, routing.
//
// Meta sends again what was not answered with 200 within 5 seconds, so duplicates are
// normal, and after failures the order is not kept. Neither changes anything, also across
// restarts and processes, because all of it is the Board's: it takes each message once,
// receipts never go back, edits have numbers and reactions stamps, and what comes before its
// message is kept for 48 hours and done when that comes. Only a conversation that has ended
// meanwhile is not written to any more. An edit or unsend of a message that is no longer in
// memory is answered with 200 and counted as refused: see conversation.ErrUnknownMessage.
//
// After an hour of failures Meta stops sending for the page until it is subscribed again,
// without a word to the webhook: run a [Watchdog].
//
// The URL of an attachment comes from outside and expires: fetch it by a [Fetcher], never
// otherwise, and never with a token.
//
// # What is sent
//
// Text, images, audio, video and files, in several messages if need be: see [Client.Send].
// Customers may be answered for 24 hours after they last wrote, by human agents for 7 days
// if Meta has granted the app that. What cannot be sent is refused here with its reason.
//
// The Send API has no idempotency key: when an answer is lost, nobody knows whether the
// message has arrived. It is never sent twice on a guess. Its echo tells, by the key that goes
// along as metadata: subscribe to message_echoes. Without an echo it ends as unknown on the
// Board. How many parts of a message have been sent is the Board's to keep, so that after a
// crash another process goes on with the rest.
//
// # Meta's limits
//
//	text                  2000 UTF-16 units; on Instagram 1000 bytes
//	attachments           images 8 MB, others 25 MB; Meta fetches a URL in 10 s, a video in 75 s
//	uploads               ids last 90 days, and are of one page
//	sends per page        300 a second; 10 of audio and video
//	calls per page        200 times the engaged customers in 24 hours
//	metadata              1000 bytes
//	quick replies         13, with titles of 20 characters
//	webhook               an answer within 5 seconds
//
// The Client stays below the limits per second by waiting, at most ClientConfig.MaxWait. From
// 80 % of the budget that Meta's headers tell it slows down, and at 100 % it stops for as long
// as Meta says. What does not get its turn fails as temporary, and a Board tries it again.
//
// # Errors
//
// A configuration that is not valid gives a [*ConfigError] with all problems,
// a body that cannot be read a [*BodyError], a signed_request an error that matches
// ErrSignedRequest, a file a [*FetchError]. [Client.Send] returns a
// *switchboard.SendError and every other call a [*CallError], each with a [*GraphError]
// inside if Meta's answer is the cause. GraphError.Scope says how much it concerns,
// GraphError.Retry whether to try again. A failed message shows one of these causes:
//
//	window-closed    the customer wrote too long ago and has to write again
//	customer-away    the customer blocked the page, or the account is gone
//	access-lost      connect the page again: token, permission, or a restriction
//	content          too long, or an attachment that Meta does not take
//	rate-limited     too many calls, for longer than was tried
//	other-app        another app controls the thread: take or request control of it
//	transport        anything else, such as the network
//
// # When a page is lost
//
// Meta does not tell when a token dies. The first call that it refuses for that reason is
// confirmed by another and reported to ClientConfig.OnDisconnect, once, with its [Cause];
// call [Interrupt] there, and the page's conversations are interrupted. When somebody has
// connected the page again, restore the source with a routing.PutSource. What passes by
// itself, such as a block for a violation of policy, is a suspension: ClientConfig.OnSuspend.
// Pass events of KindPolicy to [Client.Policy]. That a page is not published is found by
// [Client.CheckPage] alone, since what is sent to its administrators still arrives.
//
// # Other apps on the same page
//
// A thread is idle or belongs to one app; Meta's own inbox is one too, and takes a thread when
// a human writes there. To send in another's thread fails with other-app. Its events come as
// standby: what a customer writes there goes to a Board only by WebhookConfig.Standby, since
// nobody could answer; the rest always does. Events of KindRouting tell who has the thread,
// [Client.TakeThread] and its siblings change it.
//
// # Requests to delete data
//
// Somebody may ask Meta that an app deletes their data. [Deletions] maps them to customers of
// pages and begins the erasure of each on its Board, which is then certain to happen; the person
// gets a code and a page that tells how it stands. Meta names people to an app by another id
// than to a page, and has one only for those who logged in to the app, so that most customers
// cannot ask this way and must be told to ask the page: erase them by the Board's Erase.
// [Client.CustomersOf] is the mapping that Meta offers. Somebody who cannot be mapped is told
// that there was nothing to delete, and why.
//
//	deletions, err := messenger.NewDeletions(messenger.DeletionConfig{
//		AppSecrets: []messenger.Secret{secret}, Client: client, Traffic: traffic,
//		StatusURL: "https://desk.example/deletion",
//		Customers: func(ctx context.Context, r messenger.SignedRequest) ([]messenger.PageCustomer, error) {
//			return client.CustomersOf(ctx, r.UserID)
//		},
//		Boards: func(conversation.Source) messenger.Eraser { return board },
//	})
//	http.Handle("/facebook/deletion", deletions.Callback())
//	http.Handle("/deletion", deletions.StatusPage())
//
// # Strangers at the door
//
// Whoever finds the URL can send what Meta did not sign. It is refused before it is parsed, and
// an address that goes on is not looked at any more: see [FailureLimit]. Behind a proxy name
// the proxy there.
//
// # Instagram
//
// The same code, with [InstagramChannel]: the source is the id of the account, the token that
// of its page, which every call is about: what [Client.CheckPage] tells and [Client.Subscribe]
// does is the page's. There are no edits, no opt-ins and no delivery receipts; echoes come without a
// field of their own; a receipt of reading names its message.
//
// # Secrets
//
// A [Secret] does not show when it is printed, logged or marshalled. Tokens go out in a
// header and never in a URL, but for the one that [Client.CheckPage] asks about; the proof that
// we know the app secret, which is worth nothing without the token, is in the URL of calls that
// have no body. Redirects are not followed, and what errors and log lines quote has our
// secrets taken out.
//
// # Concurrency
//
// Everything is safe for concurrent use, and nothing runs in the background.
package messenger

import "github.com/switchboard-go/switchboard/conversation"

// The channels of this package.
const (
	Channel          conversation.Channel = "messenger"
	InstagramChannel conversation.Channel = "instagram" // the messages of an account, through the page it belongs to
)
