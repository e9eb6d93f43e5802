// Package messengertest is a Messenger Platform of your own, for tests: a Graph
// API on a loopback address that behaves as Meta's does, with people who write,
// press buttons and read, and webhooks that tell your endpoint about it.
//
//	func TestReply(t *testing.T) {
//		mock := clock.NewMock()
//		graph := messengertest.New(t, messengertest.Config{Clock: mock})
//		page := graph.Page("PAGE1")
//		ana := page.Person("PSID1")
//
//		client, err := messenger.NewClient(messenger.ClientConfig{
//			BaseURL: graph.URL(), AppSecret: graph.AppSecret(), Token: graph.Token, Clock: mock,
//		})
//		// ... a webhook with graph.AppSecret() and graph.VerifyToken()
//		graph.Serve(webhook)
//
//		ana.Write("Good morning")
//		graph.Flush() // every webhook has been answered
//		// ... what was sent to her is in ana.Received()
//	}
//
// # What it imitates
//
//   - The calls: messages, message_attachments, personas, subscribed_apps, the
//     profile of a person, thread_owner, the five of thread control, debug_token,
//     ids_for_pages, and the fields of a page. Tokens are taken from the query, a form, a JSON
//     body or the Authorization header; the proof of the app secret is checked.
//   - The reply windows of 24 hours and 7 days, on the clock of the Config, for
//     each thread; tags that Meta has retired; HUMAN_AGENT only for an app that has it.
//   - What can become of a token ([TokenState]), a page ([PageState]) and a
//     person ([PersonState]), with the codes that Meta answers then.
//   - The limits: calls a second, calls in 24 hours, and the usage headers.
//   - Webhooks: signed over the very bytes that are sent, escaped as Meta does
//     it; again until answered with 200 within 5 seconds; and after an hour of
//     failures on the clock, never again until the page is subscribed anew.
//   - Echoes, delivery and read receipts, standby, and the page's inbox.
//   - The deletion and the deauthorise callback, with their signed_request.
//   - [Fault]: what goes wrong on the way, by chance from a seed, or by [Graph.Script].
//   - Attachments: fetched from the URL that a send names, and media of customers
//     at URLs that expire.
//
// # What it does not
//
// Recipients other than by id, templates beyond their being kept, the Messenger
// profile, the Conversations API, marketing messages, and Instagram. Nothing
// here was compared with the live Graph API; where Meta's pages say nothing or
// contradict each other, such as on the HTTP status of an error, a test should
// not rely on the double.
//
// # Time
//
// Windows, limits, retries and expiry follow the Config's clock. What concerns a
// connection, such as the 5 seconds of a webhook, is real time.
//
// # Traffic
//
// Only loopback addresses are called: webhooks and attachments anywhere else are refused.
//
// # Concurrency
//
// Everything is safe for concurrent use. All of it ends with the test.
package messengertest
