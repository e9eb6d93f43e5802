package messenger

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/switchboard-go/switchboard/conversation"
)

// Typing shows the customer that somebody is writing, for 20 seconds or until a message
// comes, or stops showing it.
func (c *Client) Typing(ctx context.Context, page conversation.Source, to conversation.Customer, on bool) error {
	action := "typing_off"
	if on {
		action = "typing_on"
	}
	return c.action(ctx, page, to, action, nil)
}

// MarkSeen shows the customer that their messages have been read.
func (c *Client) MarkSeen(ctx context.Context, page conversation.Source, to conversation.Customer) error {
	return c.action(ctx, page, to, "mark_seen", nil)
}

// React puts the page's reaction, an emoji, on a customer's message; an empty one takes
// it back.
func (c *Client) React(ctx context.Context, page conversation.Source, to conversation.Customer, messageID, emoji string) error {
	action := "react"
	if emoji == "" {
		action = "unreact"
	}
	return c.action(ctx, page, to, action, &wireReaction{messageID, emoji})
}

// action sends a sender action, which never goes with a message.
func (c *Client) action(ctx context.Context, page conversation.Source, to conversation.Customer, action string, payload *wireReaction) error {
	if to == "" {
		return c.refusal(action, page, conversation.FailBlocked, "there is no customer")
	}
	token, e := c.tokenOf(action, page)
	if e != nil {
		return e
	}
	_, e = c.do(ctx, call{
		name: action, page: page, token: token, method: http.MethodPost, path: ownPage + "/messages", safe: true, pace: paceText,
		body: encode(wireRequest{Recipient: wireRecipient{ID: to}, SenderAction: action, Payload: payload, Proof: c.proof(token)}),
	})
	if e != nil {
		return e
	}
	return nil
}

// Upload gives Meta a file for a page and returns the id by which it can be sent for 90
// days, in a [Media] or, by [AttachmentReference], from a Board. Meta fetches it by its URL.
// Refused with FailContent for a kind that cannot be sent, or another URL than https.
func (c *Client) Upload(ctx context.Context, page conversation.Source, kind conversation.AttachmentKind, fileURL string) (id string, err error) {
	f, problem := (&Media{Kind: kind, URL: fileURL, Reusable: true}).wire()
	if problem != "" {
		return "", c.refusal("upload", page, conversation.FailContent, problem)
	}
	token, e := c.tokenOf("upload", page)
	if e != nil {
		return "", e
	}
	body := encode(struct {
		Message wireMessage `json:"message"`
		Proof   string      `json:"appsecret_proof,omitempty"`
	}{wireMessage{Attachment: f}, c.proof(token)})
	return c.upload(ctx, page, token, body, "")
}

// LocalFile is a file of ours.
type LocalFile struct {
	Kind conversation.AttachmentKind // Image, Audio, Video or File
	Name string                      // as the customer sees it
	Type string                      // MIME type, such as "image/png"
	Data io.Reader                   // at most MaxImage or MaxFile bytes
}

// UploadFile is Upload of a file of ours. The file is read into memory.
func (c *Client) UploadFile(ctx context.Context, page conversation.Source, f LocalFile) (id string, err error) {
	if !sendable(f.Kind) {
		return "", c.refusal("upload", page, conversation.FailContent, "only image, audio, video and file can be sent")
	}
	token, e := c.tokenOf("upload", page)
	if e != nil {
		return "", e
	}
	limit := int64(MaxFile)
	if f.Kind == conversation.Image {
		limit = MaxImage
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	// Writing to memory does not fail.
	_ = form.WriteField("message", string(encode(wireMessage{Attachment: &wireFile{Type: string(f.Kind), Payload: wirePayload{Reusable: true}}})))
	if p := c.proof(token); p != "" {
		_ = form.WriteField("appsecret_proof", p)
	}
	h := textproto.MIMEHeader{}
	name := strings.NewReplacer(`\`, "_", `"`, "_", "\r", "_", "\n", "_", "\x00", "_").Replace(f.Name)
	h.Set("Content-Disposition", `form-data; name="filedata"; filename="`+name+`"`)
	if strings.ContainsAny(f.Type, "\r\n") || f.Type == "" {
		f.Type = "application/octet-stream"
	}
	h.Set("Content-Type", f.Type)
	part, _ := form.CreatePart(h)
	switch n, err := io.Copy(part, io.LimitReader(f.Data, limit+1)); {
	case err != nil:
		refused := c.refusal("upload", page, conversation.FailContent, "the file cannot be read")
		refused.Err = err
		return "", refused
	case n > limit:
		return "", c.refusal("upload", page, conversation.FailContent, "the file is larger than Meta takes")
	}
	_ = form.Close()
	return c.upload(ctx, page, token, body.Bytes(), form.FormDataContentType())
}

func (c *Client) upload(ctx context.Context, page conversation.Source, token Secret, body []byte, media string) (string, error) {
	answer, e := c.do(ctx, call{
		name: "upload", page: page, token: token, method: http.MethodPost, path: ownPage + "/message_attachments",
		body: body, media: media, safe: true,
	})
	if e != nil {
		return "", e
	}
	id := parseSent(answer).AttachmentID
	if id == "" {
		return "", &CallError{Call: "upload", Page: page, Why: conversation.FailTransport, Temporary: true, Detail: "the answer names no attachment"}
	}
	return id, nil
}
