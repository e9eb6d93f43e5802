package floor

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/internal/wire"
)

// lines knows the parts of a snapshot; it is immutable.
var lines = func() *wire.Registry {
	kinds := make([]wire.Kind, len(parts))
	for i := range parts {
		kinds[i] = parts[i].kind
	}
	r, err := wire.NewRegistry(kinds, taggedLine{})
	if err != nil {
		panic(err) // a mistake in this package, which any test finds
	}
	return r
}()

// places are where the kinds stand in the list of parts.
var places = func() map[string]int {
	m := make(map[string]int, len(parts))
	for i := range parts {
		m[parts[i].kind.Name] = i
	}
	return m
}()

// taggedLine is how a line is written.
type taggedLine struct {
	Kind string   `json:"kind"`
	Body wire.Raw `json:"body"`
}

// conversationPrefix is how the line of a conversation begins.
var conversationPrefix = []byte(`{"kind":"conversation","body":`)

// Encoder writes the lines of snapshots. It is not safe for concurrent use.
type Encoder struct {
	enc *wire.Encoder
	buf []byte
}

// NewEncoder returns an Encoder.
func NewEncoder() *Encoder { return &Encoder{enc: lines.NewEncoder()} }

func (e *Encoder) line(body any) ([]byte, error) {
	out, err := e.enc.AppendTagged(append(e.buf[:0], '{'), body)
	if err != nil {
		return nil, err
	}
	e.buf = append(out, '}', '\n')
	return e.buf, nil
}

// conversation is line without putting the conversation into an interface.
func (e *Encoder) conversation(c *conversationLine) ([]byte, error) {
	out, err := e.enc.Append(append(e.buf[:0], conversationPrefix...), c)
	if err != nil {
		return nil, err
	}
	e.buf = append(out, '}', '\n')
	return e.buf, nil
}

// Lines are decoded lines of a snapshot.
type Lines struct {
	bodies        []placed
	conversations []restored // after the bodies
}

type placed struct {
	place int
	body  any
}

type restored struct {
	rec    *convRec
	latest bool
}

// Decoder reads the lines of snapshots. It is not safe for concurrent use; lines
// can be decoded by several, and are put together by one Restore.
type Decoder struct{ dec *wire.Decoder }

// NewDecoder returns a Decoder.
func NewDecoder() *Decoder { return &Decoder{dec: lines.NewDecoder()} }

// errOrder means that the lines of a snapshot are not in the order of the parts.
var errOrder = errors.New("the parts are out of order")

// Decode reads whole lines, and keeps no reference to them. Its error for a kind
// of line that is not known is a *wire.UnknownKindError.
func (d *Decoder) Decode(data []byte) (Lines, error) {
	var l Lines
	var c conversationLine
	if bytes.HasPrefix(data, conversationPrefix) {
		l.conversations = make([]restored, 0, bytes.Count(data, []byte{'\n'}))
	}
	for len(data) > 0 {
		text, rest, ok := bytes.Cut(data, []byte{'\n'})
		if !ok {
			return Lines{}, errors.New("cut off")
		}
		data = rest
		var t taggedLine
		if body, ok := bytes.CutPrefix(text, conversationPrefix); ok && bytes.HasSuffix(body, []byte{'}'}) {
			// As it is written here, and nearly all of a snapshot: it need not be looked
			// through twice.
			t = taggedLine{"conversation", body[:len(body)-1]}
		} else if err := d.dec.Decode(text, &t); err != nil {
			return Lines{}, err
		}
		if t.Kind == "conversation" {
			if err := d.dec.Decode(t.Body, &c); err != nil {
				return Lines{}, err
			}
			rec := &convRec{v: c.Conversation, epoch: 1}
			rec.timer.Owner = rec
			l.conversations = append(l.conversations, restored{rec, c.Latest})
			continue
		}
		body, err := d.dec.DecodeBody(t.Kind, t.Body)
		if err != nil {
			return Lines{}, err
		}
		if len(l.conversations) > 0 {
			return Lines{}, errOrder
		}
		l.bodies = append(l.bodies, placed{places[t.Kind], body})
	}
	return l, nil
}

// Restore makes a floor of a snapshot: Add every line in order, then Floor.
type Restore struct {
	f     *Floor
	place int // of the last line
}

// NewRestore begins a restoration.
func NewRestore(c Config) *Restore {
	f := New(c)
	f.journal.epoch = 2 // what is restored was there before any batch
	return &Restore{f: f}
}

// Add takes in the next lines. After an error the restoration is over.
func (r *Restore) Add(l Lines) error {
	for _, p := range l.bodies {
		if p.place < r.place || r.f.seq == 0 && p.place > 0 {
			return errOrder
		}
		r.place = p.place
		if err := parts[p.place].put(r.f, p.body); err != nil {
			return err
		}
	}
	if len(l.conversations) > 0 {
		r.rules()
	}
	for _, c := range l.conversations {
		if err := r.conversation(c); err != nil {
			return err
		}
	}
	return nil
}

// rules makes what follows from the setup, once all of it is there.
func (r *Restore) rules() {
	if r.place == len(parts)-1 {
		return
	}
	r.place = len(parts) - 1
	r.f.router.SetAgeing(r.f.settings.Ageing)
	r.f.reroute()
}

func (r *Restore) conversation(c restored) error {
	f, rec := r.f, c.rec
	id := rec.v.ID
	if id <= f.convs.newest() || uint64(id) > f.seq {
		return fmt.Errorf("the conversation %v is out of order", id)
	}
	r.share(&rec.v)
	f.convs.put(rec)
	if c.latest {
		k := customerKey{rec.v.Source, rec.v.Customer}
		if f.customer(k) != 0 {
			return fmt.Errorf("the customer of %v has two", id)
		}
		f.putCustomer(k, id)
	}
	f.indexConv(rec)
	return nil
}

// share gives names that very many conversations have the memory of one.
func (r *Restore) share(c *conversation.Conversation) {
	if s := r.f.sources[c.Source]; s != nil {
		c.Source, c.Channel = s.entry.ID, shared(c.Channel, s.entry.Channel)
	}
	if q := r.f.queues[c.Queue]; q != nil {
		c.Queue = q.v.entry.ID
	}
	c.Medium = shared(c.Medium, conversation.Social)
	for i := range c.Seats {
		s := &c.Seats[i]
		if a := r.f.agents[s.Agent]; a != nil {
			s.Agent = a.entry.ID
		}
		s.Queue = shared(s.Queue, c.Queue)
	}
}

// shared returns b if a is the same.
func shared[T ~string](a, b T) T {
	if a == b {
		return b
	}
	return a
}

// Floor returns the floor, once every line was added.
func (r *Restore) Floor() (*Floor, error) {
	if r.f.seq == 0 {
		return nil, errors.New("there is no board")
	}
	r.rules()
	f := r.f
	f.settle, f.adrift = f.settle[:0], f.adrift[:0] // what follows from the state is in it
	return f, nil
}
