package messenger

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/switchboard-go/switchboard/conversation"
)

// file is an element of a message's attachments.
type file struct {
	Type    text            `json:"type"`
	Title   text            `json:"title"` // old forms have it here,
	URL     text            `json:"url"`   // and this too
	Payload json.RawMessage `json:"payload"`
}

// filePayload is what a file's payload holds, apart from old forms in which it
// is a string.
type filePayload struct {
	URL         text `json:"url"`
	Title       text `json:"title"`
	StickerID   text `json:"sticker_id"`
	Coordinates *struct {
		Lat  text `json:"lat"`
		Long text `json:"long"`
	} `json:"coordinates"`
	Product struct {
		Elements list `json:"elements"`
	} `json:"product"`
}

// kinds maps Meta's types of attachment to ours; others keep their names.
var kinds = map[text]conversation.AttachmentKind{
	"image":         conversation.Image,
	"audio":         conversation.Audio,
	"video":         conversation.Video,
	"file":          conversation.File,
	"sticker":       conversation.Sticker,
	"location":      conversation.Location,
	"fallback":      conversation.Share, // a link
	"share":         conversation.Share,
	"template":      conversation.Share, // a product
	"post":          conversation.Share,
	"ig_post":       conversation.Share,
	"reel":          conversation.Share,
	"ig_reel":       conversation.Share,
	"story_mention": conversation.Share,
}

// attachments reads the attachments of a message. For some time one sticker
// came both as an image and as a sticker; it is returned once.
func attachments(in *conversation.Inbound, raw list) []conversation.Attachment {
	var out []conversation.Attachment
	var stickers []text
	for _, r := range raw {
		var f file
		decode(r, &f)
		var p filePayload
		if f.Payload != nil {
			decode(f.Payload, &p)
		}
		a := conversation.Attachment{Kind: f.kind(), Name: cut(string(p.Title), maxName)}
		if a.Name == "" {
			a.Name = cut(string(f.Title), maxName)
		}
		if p.StickerID != "" {
			if slices.Contains(stickers, p.StickerID) {
				continue
			}
			stickers = append(stickers, p.StickerID)
			a.Kind = conversation.Sticker
			setExtra(in, "sticker", string(p.StickerID))
		}
		a.Reference = reference(in, f.location(&p))
		out = append(out, a)
	}
	return out
}

// maxName is how much of a title is kept as the attachment's name, in bytes.
const maxName = 255

// kind returns what the file is. A type that is not a plain word is not one of Meta's.
func (f *file) kind() conversation.AttachmentKind {
	if k, ok := kinds[f.Type]; ok {
		return k
	}
	if safeName(string(f.Type), 32) {
		return conversation.AttachmentKind(f.Type)
	}
	return Unsupported
}

// location returns where the file or the place is: a URL, or "".
func (f *file) location(p *filePayload) string {
	switch c := p.Coordinates; {
	case p.URL != "":
		return string(p.URL)
	case f.URL != "":
		return string(f.URL)
	case c != nil:
		lat, err1 := strconv.ParseFloat(string(c.Lat), 64)
		long, err2 := strconv.ParseFloat(string(c.Long), 64)
		if err1 == nil && err2 == nil && -90 <= lat && lat <= 90 && -180 <= long && long <= 180 {
			return "geo:" + strconv.FormatFloat(lat, 'f', -1, 64) + "," + strconv.FormatFloat(long, 'f', -1, 64)
		}
	case len(p.Product.Elements) > 0:
		var product struct {
			Image text `json:"image_url"`
		}
		decode(p.Product.Elements[0], &product)
		return string(product.Image)
	}
	return ""
}

// reference returns what to keep of a URL. Without one, or if it is too long to keep whole, it is
// the id of the message, by which the Graph API finds the rest.
func reference(in *conversation.Inbound, url string) string {
	if url == "" || len(url) > conversation.MaxReference {
		return cut(in.ExternalID, conversation.MaxReference)
	}
	return url
}
