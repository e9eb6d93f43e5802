package messengertest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/switchboard-go/switchboard/messenger"
)

// object is a JSON object.
type object = map[string]any

// rawJSON is JSON that is there already.
func rawJSON(s string) json.RawMessage {
	if s == "" {
		return json.RawMessage("null")
	}
	return json.RawMessage(s)
}

// write makes the body and signs it. Events of one page that follow each other
// share an entry if the seed says so.
func (g *Graph) write(p *post) {
	now := g.now().UnixMilli()
	var entries []object
	for i, h := range p.hooks {
		key := "messaging"
		if h.standby {
			key = "standby"
		}
		if i > 0 && p.hooks[i-1].th.page == h.th.page && g.chance(h.th, "entry") < 0.5 {
			last := entries[len(entries)-1]
			list, _ := last[key].([]json.RawMessage)
			last[key] = append(list, h.event)
			continue
		}
		entries = append(entries, object{"id": h.th.page.id, "time": now, key: []json.RawMessage{h.event}})
	}
	plain := encode(object{"object": "page", "entry": entries})
	escaped := escape(plain)
	signed := escaped
	p.body = escaped
	switch g.c.Bodies {
	case Plain:
		signed, p.body = plain, plain
	case Mismatched:
		p.body = plain
	}
	p.sha256 = messenger.Sign(signed, g.c.AppSecret)
	mac := hmac.New(sha1.New, []byte(g.c.AppSecret.Reveal()))
	mac.Write(signed)
	p.sha1 = "sha1=" + hex.EncodeToString(mac.Sum(nil))
}

// encode writes JSON without the escapes of package json for HTML.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("messengertest: " + err.Error()) // only our own maps of strings and numbers come here
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// escape writes JSON as Meta does: beyond ASCII as \u00e4, in lower case and with surrogate
// pairs, and a slash as \/.
func escape(plain []byte) []byte {
	out := make([]byte, 0, len(plain)+len(plain)/8)
	for _, r := range string(plain) {
		switch {
		case r == '/':
			out = append(out, `\/`...)
		case r < 0x80:
			out = append(out, byte(r))
		case r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return out
}
