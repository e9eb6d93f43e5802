// Package messenger connects Facebook Messenger to a Board: a [Webhook] that
// takes what customers write to your pages, and a [Client] that sends what
// agents write to customers.
//
// It needs nothing but this and the standard library. What you need from Meta is an app with
// Messenger, its app secret, and an access token for each page:
//
//	client, err := messenger.NewClient(messenger.ClientConfig{
//		AppSecret: secret,
//		Token:     func(page conversation.Source) (messenger.Secret, bool) { t, ok := tokens[page]; return t, ok },
//	})
//	board, err := switchboard.Open(ctx, switchboard.Config{
//		Name: "acme", Transports: map[conversation.Channel]switchboard.Transport{messenger.Channel: client},
//	})
//	webhook, err := messenger.NewWebhook(messenger.WebhookConfig{
//		VerifyToken: verify, AppSecrets: []messenger.Secret{secret},
//		Boards:      func(conversation.Source) messenger.Receiver { return board },
//	})
//	http.Handle("/webhook", webhook)
//
// In the app's settings, give Meta the public https URL of the webhook and the
// verify token, a text you make up; subscribe to messages and
// messaging_postbacks; then subscribe each page to the app. A page is a source
// of the Board by its id.
//
// # What arrives
//
// Text, attachments as references, quick replies and postbacks. A URL of an attachment comes from
// outside and expires: do not fetch it without checking where it leads, and never send a
// token along. Whatever else Meta sends, such as receipts and echoes, is counted in
// [Stats] as ignored.
//
// Meta sends again what was not answered with 200 within 5 seconds, so
// duplicates are normal; a Board takes each message once. After an hour of
// failures Meta stops sending for the page until it is subscribed again, without a
// word to the webhook: keep an eye on [Webhook.Stats].
//
// # What is sent
//
// Text up to 2000 UTF-16 units, or one image, audio, video or file by an https
// URL that Meta can fetch. Customers may be answered for 24 hours after they last wrote, by human
// agents for 7 days if Meta has granted the app that; after that nothing is sent.
//
// # Errors
//
// A configuration that is not valid gives a [*ConfigError] with all problems,
// a body that cannot be read a [*BodyError]. [Client.Send] returns a
// *switchboard.SendError, with a [*GraphError] inside if Meta's answer is the
// cause. A failed message shows one of these causes:
//
//	window-closed    the customer wrote too long ago and has to write again
//	customer-away    the customer blocked the page, or the account is gone
//	access-lost      connect the page again: token, permission, or a restriction
//	content          too long, or an attachment that Meta does not take
//	rate-limited     too many calls, for longer than was tried
//	transport        anything else, such as the network
//
// # Secrets
//
// A [Secret] does not show when it is printed, logged or marshalled. Tokens go out in a
// header and never in a URL, redirects are not followed, and what errors and
// log lines quote has our secrets taken out.
//
// # Concurrency
//
// Everything is safe for concurrent use.
package messenger

import "github.com/switchboard-go/switchboard/conversation"

// The channels of this package.
const (
	Channel          conversation.Channel = "messenger"
	InstagramChannel conversation.Channel = "instagram" // the messages of an account, through the page it belongs to
)
