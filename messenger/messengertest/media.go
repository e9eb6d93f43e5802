package messengertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// What Meta allows of a file.
const (
	maxImage   = 8 << 20  // bytes
	maxFile    = 25 << 20 // bytes of everything else
	fetchVideo = 75 * time.Second
	fetchOther = 10 * time.Second
	uploadFor  = 90 * 24 * time.Hour // how long an upload can be used again
)

// mediaPath is where the media of customers are.
const mediaPath = "/cdn/"

// medium is a file of a customer.
type medium struct {
	mime    string
	data    []byte
	key     string
	expires time.Time
}

// upload is a file that can be sent again by its id.
type upload struct {
	page *Page
	kind string
	size int
	at   time.Time
}

// newMedium keeps a file and returns its URL. g.mu is held.
func (g *Graph) newMedium(mime string, data []byte) string {
	id := g.newID()
	m := &medium{mime: mime, data: slices.Clone(data), expires: g.now().Add(g.c.MediaFor)}
	m.key = fmt.Sprintf("%016x", hash(g.c.Seed, g.serial, "media", id))
	g.media[id] = m
	return fmt.Sprintf("%s%s%s?oh=%s&oe=%X", g.server.URL, mediaPath, id, m.key, m.expires.Unix())
}

// serveMedium serves a file while its URL lasts.
func (g *Graph) serveMedium(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	m := g.media[strings.TrimPrefix(r.URL.Path, mediaPath)]
	now := g.now()
	g.mu.Unlock()
	q := r.URL.Query()
	switch {
	case r.Method != http.MethodGet:
		http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
	case m == nil:
		http.Error(w, "Not found", http.StatusNotFound)
	case q.Get("oh") != m.key || q.Get("oe") != fmt.Sprintf("%X", m.expires.Unix()):
		http.Error(w, "URL signature mismatch", http.StatusForbidden)
	case !now.Before(m.expires):
		http.Error(w, "URL signature expired", http.StatusForbidden)
	default:
		w.Header().Set("Content-Type", m.mime)
		_, _ = w.Write(m.data)
	}
}

// file is a file of a send as Meta sees it.
type file struct {
	mime string
	size int
	err  error
}

var (
	errTooLarge = errors.New("the file is too large")
	errTooSlow  = errors.New("the file did not arrive in time")
)

// fetchFor fetches the files that a call names, by their URLs.
func (g *Graph) fetchFor(r *http.Request, c *call) map[string]file {
	if len(c.path) != 2 || c.method != http.MethodPost || c.path[1] != "messages" && c.path[1] != "message_attachments" {
		return nil
	}
	g.mu.Lock()
	known := g.tokens[c.token] != nil // a stranger makes Meta fetch nothing
	g.mu.Unlock()
	var m outgoing
	if !known || !c.read("message", &m) {
		return nil
	}
	fetched := make(map[string]file)
	for _, f := range m.files() {
		if u := f.payload().URL; u != "" && f.Type != "template" {
			fetched[u] = g.fetchFile(r.Context(), f.Type, u)
		}
	}
	return fetched
}

// fetchFile fetches one file, within Meta's limits.
func (g *Graph) fetchFile(ctx context.Context, kind, from string) file {
	patience := fetchOther
	if kind == "video" {
		patience = fetchVideo
	}
	ctx, cancel := context.WithTimeout(ctx, orTime(g.c.FetchTimeout, patience))
	defer cancel()
	failed := func(err error) file {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = errTooSlow
		}
		return file{err: err}
	}
	u, err := url.Parse(from)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return failed(errors.New("not a URL"))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return failed(err)
	}
	resp, err := g.fetch.Do(r)
	if err != nil {
		return failed(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return failed(fmt.Errorf("HTTP %d", resp.StatusCode))
	}
	limit := sizeLimit(kind)
	n, err := io.Copy(io.Discard, io.LimitReader(resp.Body, int64(limit)+1))
	switch {
	case err != nil:
		return failed(err)
	case n > int64(limit):
		return file{err: errTooLarge}
	}
	return file{mime: resp.Header.Get("Content-Type"), size: int(n)}
}

func sizeLimit(kind string) int {
	if kind == "image" {
		return maxImage
	}
	return maxFile
}

// refusalOf says how Meta refuses a file, or nil.
func (f file) refusalOf(kind string) *refusal {
	media, _, _ := mime.ParseMediaType(f.mime)
	switch {
	case errors.Is(f.err, errTooLarge) || f.err == nil && f.size > sizeLimit(kind):
		return &refusal{code: 100, subcode: 2018109, message: "Attachment size exceeds allowable limit"}
	case errors.Is(f.err, errTooSlow) && kind == "video":
		return &refusal{code: 100, subcode: 2018294, message: "Video fetch timed out"}
	case f.err != nil:
		return &refusal{code: 100, subcode: 2018008, message: "Failed to fetch the file from the url"}
	case kind != "file" && !strings.HasPrefix(media, kind+"/"):
		return &refusal{code: 100, subcode: 2018047, message: "Upload attachment failure: the media type does not match"}
	}
	return nil
}

// outFiles checks the attachments of a send and keeps what can be used again.
func (g *Graph) outFiles(c *call, m *outgoing, fetched map[string]file) (files []Attachment, reusable string, why *refusal) {
	for _, f := range m.files() {
		a := Attachment{Type: f.Type, Raw: string(f.Payload)}
		p := f.payload()
		got := file{mime: c.mime, size: len(c.file)}
		switch {
		case !slices.Contains([]string{"image", "audio", "video", "file", "template"}, f.Type):
			r := badParameter("Param message[attachment][type] must be one of {audio, file, image, template, video}")
			return nil, "", &r
		case f.Type == "template":
			files = append(files, a)
			continue
		case p.AttachmentID != "":
			u := g.uploads[string(p.AttachmentID)]
			if u == nil || u.page != c.page || u.kind != f.Type || g.now().Sub(u.at) >= uploadFor {
				return nil, "", &refusal{code: 100, subcode: 2018074, message: "Invalid attachment id"}
			}
			a.ID, a.Size = string(p.AttachmentID), u.size
			files = append(files, a)
			continue
		case p.URL != "":
			got = fetched[p.URL]
		case c.file == nil:
			r := badParameter("The attachment has no url, no attachment_id and no file")
			return nil, "", &r
		}
		if why := got.refusalOf(f.Type); why != nil {
			return nil, "", why
		}
		a.URL, a.Size = p.URL, got.size
		if f.reusable() {
			a.ID = g.newID()
			g.uploads[a.ID] = &upload{page: c.page, kind: f.Type, size: got.size, at: g.now()}
			reusable = a.ID
		}
		files = append(files, a)
	}
	return files, reusable, nil
}

// uploadAttachment carries out POST message_attachments.
func (g *Graph) uploadAttachment(c *call, fetched map[string]file) answer {
	var m outgoing
	if !c.read("message", &m) || len(m.files()) != 1 || m.files()[0].Type == "template" || m.files()[0].payload().AttachmentID != "" {
		return g.refuse(badParameter("param message must have one attachment with a url or a file"))
	}
	files, id, why := g.outFiles(c, &m, fetched)
	if why != nil {
		return g.refuse(*why)
	}
	if id == "" { // an upload without a message is for nothing else than to be used again
		id = g.newID()
		g.uploads[id] = &upload{page: c.page, kind: files[0].Type, size: files[0].Size, at: g.now()}
	}
	return ok(object{"attachment_id": id})
}
