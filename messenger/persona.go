package messenger

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/switchboard-go/switchboard"
	"github.com/switchboard-go/switchboard/conversation"
)

// Persona is a name and a picture under which a page's messages can appear, beside the
// page's own.
type Persona struct {
	ID         string // by which messages name it
	Name       string // at most 50 characters
	PictureURL string // of Meta's copy, which expires
}

// MaxPersonaName is the longest name of a persona, in characters.
const MaxPersonaName = 50

// CreatePersona makes a persona of a page and returns its id. picture is an https URL of
// at most 8 MB, which Meta copies. Refused with FailContent for a name that is empty or
// too long, or another URL.
func (c *Client) CreatePersona(ctx context.Context, page conversation.Source, name, picture string) (string, error) {
	if name == "" || characters(name) > MaxPersonaName || !httpsURL(picture) {
		return "", c.refusal("persona", page, conversation.FailContent, "a persona needs a name of at most 50 characters and an https picture")
	}
	token, e := c.tokenOf("persona", page)
	if e != nil {
		return "", e
	}
	body, e := c.do(ctx, call{
		name: "persona", page: page, token: token, method: http.MethodPost, path: ownPage + "/personas",
		body: encode(map[string]string{"name": name, "profile_picture_url": picture, "appsecret_proof": c.proof(token)}),
	})
	if e != nil {
		return "", e
	}
	r := reader{b: body}
	return one(&r, "id"), nil
}

// Personas returns the personas of a page, at most 2000.
func (c *Client) Personas(ctx context.Context, page conversation.Source) ([]Persona, error) {
	token, e := c.tokenOf("personas", page)
	if e != nil {
		return nil, e
	}
	var all []Persona
	after := ""
	for range 20 {
		query := url.Values{"limit": {"100"}}
		if after != "" {
			query.Set("after", after)
		}
		body, e := c.do(ctx, call{
			name: "personas", page: page, token: token, method: http.MethodGet, path: ownPage + "/personas", query: query, safe: true,
		})
		if e != nil {
			return nil, e
		}
		list, next := parsePersonas(body)
		all = append(all, list...)
		if next == "" || next == after || len(list) == 0 {
			break
		}
		after = next
	}
	return all, nil
}

// Persona returns one persona.
func (c *Client) Persona(ctx context.Context, page conversation.Source, id string) (Persona, error) {
	k, e := c.personaCall(page, id, http.MethodGet)
	if e != nil {
		return Persona{}, e
	}
	body, e := c.do(ctx, k)
	if e != nil {
		return Persona{}, e
	}
	return parsePersona(&reader{b: body}), nil
}

// DeletePersona deletes a persona. Messages that were sent keep its name.
func (c *Client) DeletePersona(ctx context.Context, page conversation.Source, id string) error {
	k, e := c.personaCall(page, id, http.MethodDelete)
	if e != nil {
		return e
	}
	if _, e := c.do(ctx, k); e != nil {
		return e
	}
	c.personas.dropValue(id)
	return nil
}

func (c *Client) personaCall(page conversation.Source, id, method string) (call, *CallError) {
	if !pageID(conversation.Source(id)) {
		return call{}, c.refusal("persona", page, conversation.FailContent, "not the id of a persona")
	}
	token, e := c.tokenOf("persona", page)
	return call{name: "persona", page: page, token: token, method: method, path: id, safe: true}, e
}

func parsePersonas(body []byte) (list []Persona, next string) {
	r := reader{b: body}
	if !r.object() {
		return nil, ""
	}
	more := false
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "data":
			list = each(&r, func() Persona { return parsePersona(&r) })
		case "paging":
			if !r.object() {
				continue
			}
			for key, ok := r.field(); ok; key, ok = r.field() {
				switch string(key) {
				case "cursors":
					next = one(&r, "after")
				case "next":
					more = r.text() != ""
				default:
					r.skip()
				}
			}
		default:
			r.skip()
		}
	}
	if !more {
		next = ""
	}
	return list, next
}

func parsePersona(r *reader) Persona {
	var p Persona
	if !r.object() {
		return p
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "id":
			p.ID = r.text()
		case "name":
			p.Name = r.text()
		case "profile_picture_url":
			p.PictureURL = r.text()
		default:
			r.skip()
		}
	}
	return p
}

// personaKey is a page and an agent's name on it.
type personaKey struct {
	page conversation.Source
	name string
}

// How long a persona, that there is none, and that it could not be found out, is remembered.
const (
	personaFor     = 24 * time.Hour
	noPersonaFor   = time.Hour
	unknownPersona = time.Minute
)

// personaFor returns the persona that a message appears under, or "". That there is none
// to be had never keeps a message from being sent.
func (c *Client) personaFor(ctx context.Context, m *switchboard.Outbound) string {
	if c.c.PersonaPicture == nil || m.Author.Kind != conversation.FromAgent || m.AuthorName == "" || m.Channel == InstagramChannel {
		return ""
	}
	name := m.AuthorName
	if characters(name) > MaxPersonaName {
		name = string([]rune(name)[:MaxPersonaName])
	}
	id, err := c.personas.load(ctx, personaKey{m.Source, name}, func(ctx context.Context) (string, time.Duration, error) {
		picture := c.c.PersonaPicture(m.Source, m.Author, m.AuthorName)
		if picture == "" {
			return "", noPersonaFor, nil
		}
		list, err := c.Personas(ctx, m.Source)
		if err != nil {
			return "", withoutFor(err), err
		}
		for _, p := range list {
			if p.Name == name {
				return p.ID, personaFor, nil
			}
		}
		id, err := c.CreatePersona(ctx, m.Source, name, picture)
		if err != nil || id == "" {
			return "", withoutFor(err), err
		}
		return id, personaFor, nil
	})
	if err != nil {
		return ""
	}
	return id
}

// withoutFor returns how long to do without a persona after an error.
func withoutFor(err error) time.Duration {
	if e := (*CallError)(nil); errors.As(err, &e) && (e.Temporary || e.Ambiguous) {
		return unknownPersona
	}
	return noPersonaFor
}
