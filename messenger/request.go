package messenger

import (
	"encoding/hex"
	"encoding/json"
	"net/url"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// Meta's limits of a message.
const (
	MaxText     = 2000 // UTF-16 code units of text
	MaxMetadata = 1000 // bytes of Outbound.Key
)

// request is the body of a call of the Send API.
type request struct {
	Recipient     recipient `json:"recipient"`
	MessagingType string    `json:"messaging_type"`
	Tag           string    `json:"tag,omitempty"`
	Message       content   `json:"message"`
	ReplyTo       *replyTo  `json:"reply_to,omitempty"`
	Proof         string    `json:"appsecret_proof,omitempty"`
}

type recipient struct {
	ID conversation.Customer `json:"id"`
}

type content struct {
	Text       string   `json:"text,omitempty"`
	Attachment *outFile `json:"attachment,omitempty"`
	Metadata   string   `json:"metadata,omitempty"`
}

type outFile struct {
	Type    conversation.AttachmentKind `json:"type"`
	Payload outPayload                  `json:"payload"`
}

type outPayload struct {
	URL string `json:"url"`
}

type replyTo struct {
	Mid string `json:"mid"`
}

// newRequest checks a message and makes its request. The key goes out as
// metadata, which comes back in the echo.
func newRequest(m *switchboard.Outbound, how mode, proof string) ([]byte, *switchboard.SendError) {
	r := request{Recipient: recipient{m.Customer}, MessagingType: how.kind, Tag: how.tag, Proof: proof}
	r.Message.Metadata = m.Key
	if m.ReplyTo != "" {
		r.ReplyTo = &replyTo{m.ReplyTo}
	}
	switch {
	case len(m.Attachments) > 1:
		return nil, refuse(conversation.FailContent, "one attachment at a time")
	case len(m.Attachments) == 1 && m.Text != "":
		return nil, refuse(conversation.FailContent, "text and attachment cannot go in one message")
	case len(m.Attachments) == 1:
		file, refusal := newFile(&m.Attachments[0])
		if refusal != nil {
			return nil, refusal
		}
		r.Message.Attachment = file
	case m.Text == "":
		return nil, refuse(conversation.FailContent, "nothing to send")
	case !utf8.ValidString(m.Text):
		return nil, refuse(conversation.FailContent, "the text is not valid UTF-8")
	case units(m.Text) > MaxText:
		return nil, refuse(conversation.FailContent, "the text has more than 2000 UTF-16 units")
	default:
		r.Message.Text = m.Text
	}
	if len(m.Key) > MaxMetadata {
		return nil, refuse(conversation.FailContent, "the key has more than 1000 bytes")
	}
	body, err := json.Marshal(r)
	if err != nil { // cannot be: everything is a string
		return nil, &switchboard.SendError{Why: conversation.FailContent, Err: err}
	}
	return body, nil
}

// newFile checks an attachment. Meta fetches it from its URL.
func newFile(a *conversation.Attachment) (*outFile, *switchboard.SendError) {
	switch a.Kind {
	case conversation.Image, conversation.Audio, conversation.Video, conversation.File:
	default:
		return nil, refuse(conversation.FailContent, "only image, audio, video and file can be sent")
	}
	u, err := url.Parse(a.Reference)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, refuse(conversation.FailContent, "the attachment's reference is not an https URL")
	}
	return &outFile{Type: a.Kind, Payload: outPayload{URL: a.Reference}}, nil
}

// units counts UTF-16 code units. Meta does not say what its 2000 characters
// are; by this count a text is never shorter than by any other in use.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

// appsecretProof proves to Meta that whoever uses the token knows the app's
// secret too.
func appsecretProof(token, app Secret) string {
	return hex.EncodeToString(mac([]byte(token.Reveal()), app.Reveal()))
}
