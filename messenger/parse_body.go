package messenger

// message reads a message, an echo or an unsend.
func (it *item) message(r *reader) {
	m := &Message{}
	sticker := ""
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "mid":
			m.ID = r.text()
		case "text":
			m.Text = r.text()
		case "attachments":
			m.files(r)
		case "quick_reply":
			m.QuickReply = one(r, "payload")
		case "reply_to":
			m.replyTo(r)
		case "commands":
			m.Commands = each(r, func() string { return one(r, "name") })
		case "referral":
			if r.peek() == '{' {
				m.Referral = parseReferral(r)
			} else {
				r.skip()
			}
		case "sticker_id":
			sticker = r.text()
		case "is_echo":
			it.echo = r.flag()
		case "is_deleted":
			it.deleted = r.flag()
		case "is_unsupported":
			m.Unsupported = r.flag()
		case "app_id":
			m.AppID = r.text()
		case "metadata":
			m.Metadata = r.text()
		default:
			r.skip()
		}
	}
	if sticker != "" && len(m.Attachments) == 1 && m.Attachments[0].StickerID == "" {
		m.Attachments[0].StickerID = sticker
	}
	if it.deleted {
		m = &Message{ID: m.ID}
	}
	it.Message = m
}

func (m *Message) replyTo(r *reader) {
	if !r.object() {
		return
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "mid":
			m.ReplyTo = r.text()
		case "is_self_reply":
			m.SelfReply = r.flag()
		case "story":
			m.StoryID, m.StoryURL = two(r, "id", "url")
		default:
			r.skip()
		}
	}
}

// files reads the attachments.
func (m *Message) files(r *reader) {
	if !r.array() {
		return
	}
	for r.more() {
		if len(m.Attachments) == MaxFiles {
			m.LeftOut++
			r.skip()
			continue
		}
		m.Attachments = append(m.Attachments, parseFile(r))
	}
}

func parseFile(r *reader) File {
	var f File
	if !r.object() {
		return f
	}
	title, url := "", "" // of old forms, which have no payload for them
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "type":
			f.Type = r.text()
		case "title":
			title = r.text()
		case "url":
			url = r.text()
		case "payload":
			f.payload(r)
		default:
			r.skip()
		}
	}
	if f.Title == "" {
		f.Title = title
	}
	if f.URL == "" {
		f.URL = url
	}
	return f
}

func (f *File) payload(r *reader) {
	if !r.object() {
		return
	}
	b := Booking{}
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "url":
			f.URL = r.text()
		case "title":
			f.Title = r.text()
		case "sticker_id":
			f.StickerID = r.text()
		case "reel_video_id", "id", "attachment_id", "ig_post_media_id":
			f.MediaID = r.text()
		case "coordinates":
			f.place(r)
		case "product":
			if r.object() {
				for key, ok := r.field(); ok; key, ok = r.field() {
					if string(key) == "elements" {
						f.Products = products(r)
					} else {
						r.skip()
					}
				}
			}
		case "template_type":
			f.Template = r.text()
		case "booking_id":
			b.ID = r.text()
		case "status":
			b.Status = r.text()
		case "timezone":
			b.Zone = r.text()
		case "start_time":
			b.Start = r.time()
		case "end_time":
			b.End = r.time()
		default:
			r.skip()
		}
	}
	if b.ID != "" {
		f.Booking = &b
	}
}

func (f *File) place(r *reader) {
	lat, long := two(r, "lat", "long")
	if p, ok := globe(lat, long); ok {
		f.Place = &p
	}
}

// maxProducts is how many products of a share or an order are read.
const maxProducts = 100

func products(r *reader) []Product {
	return each(r, func() Product {
		var p Product
		if !r.object() {
			return p
		}
		for key, ok := r.field(); ok; key, ok = r.field() {
			switch string(key) {
			case "id":
				p.ID = r.text()
			case "retailer_id":
				p.RetailerID = r.text()
			case "name", "title":
				p.Name = r.text()
			case "subtitle":
				p.Subtitle = r.text()
			case "image_url":
				p.ImageURL = r.text()
			case "unit_price":
				p.Price = r.text()
			case "currency":
				p.Currency = r.text()
			case "quantity":
				p.Quantity = clampInt(r.number())
			default:
				r.skip()
			}
		}
		return p
	})
}

func clampInt(n int64) int { return int(min(max(n, 0), 1<<30)) }

func (it *item) priorMessage(r *reader) {
	it.prior[0], it.prior[1] = two(r, "source", "identifier")
}

func parseLead(r *reader) []Answer {
	var out []Answer
	if !r.object() {
		return nil
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		if string(key) != "data" {
			r.skip()
			continue
		}
		out = each(r, func() Answer {
			q, a := two(r, "question", "answer")
			return Answer{q, a}
		})
	}
	return out
}

func parsePostback(r *reader) *Postback {
	p := &Postback{}
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "mid":
			p.ID = r.text()
		case "title":
			p.Title = r.text()
		case "payload":
			p.Payload = r.text()
		case "referral":
			if r.peek() == '{' {
				p.Referral = parseReferral(r)
			} else {
				r.skip()
			}
		default:
			r.skip()
		}
	}
	return p
}

func parseReferral(r *reader) *Referral {
	ref := &Referral{}
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "ref":
			ref.Ref = r.text()
		case "source":
			ref.Source = r.text()
		case "type":
			ref.Type = r.text()
		case "ad_id":
			ref.AdID = r.text()
		case "referer_uri":
			ref.RefererURI = r.text()
		case "product":
			ref.ProductID = one(r, "id")
		case "ads_context_data":
			ref.AdTitle = one(r, "ad_title")
		case "lead":
			ref.Lead = parseLead(r)
		default:
			r.skip()
		}
	}
	return ref
}

func parseEdit(r *reader) *Edit {
	e := &Edit{}
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "mid":
			e.ID = r.text()
		case "text":
			e.Text = r.text()
		case "num_edit":
			e.Count = clampInt(r.number())
		default:
			r.skip()
		}
	}
	e.Count = max(e.Count, 1)
	return e
}

// emojis are what Meta's words for reactions mean, for when it leaves the emoji out.
var emojis = map[string]string{
	"smile": "\U0001F606", "angry": "\U0001F620", "sad": "\U0001F622", "wow": "\U0001F62E",
	"love": "\u2764\uFE0F", "like": "\U0001F44D", "dislike": "\U0001F44E", "other": "\u2754",
}

func parseReaction(r *reader) *Reaction {
	x := &Reaction{}
	action := ""
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "mid":
			x.ID = r.text()
		case "action":
			action = r.text()
		case "reaction":
			x.Name = r.text()
		case "emoji":
			x.Emoji = r.text()
		default:
			r.skip()
		}
	}
	switch {
	case action == "unreact":
		x.Emoji = ""
	case x.Emoji == "" && emojis[x.Name] != "":
		x.Emoji = emojis[x.Name]
	case x.Emoji == "":
		x.Emoji = emojis["other"]
	}
	return x
}

// maxReceiptIDs is how many messages of one receipt are read: the watermark covers the
// others.
const maxReceiptIDs = 1000

func parseReceipt(r *reader) *Receipt {
	x := &Receipt{}
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "watermark":
			x.Watermark = r.time()
		case "mid":
			if id := r.text(); id != "" {
				x.IDs = append(x.IDs, id)
			}
		case "mids":
			if !r.array() {
				continue
			}
			for r.more() {
				if id := r.text(); id != "" && len(x.IDs) < maxReceiptIDs {
					x.IDs = append(x.IDs, id)
				}
			}
		default:
			r.skip()
		}
	}
	return x
}

func parseOptin(r *reader) *Optin {
	o := &Optin{}
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "type":
			o.Type = r.text()
		case "ref":
			o.Ref = r.text()
		case "payload":
			o.Payload = r.text()
		case "title":
			o.Title = r.text()
		case "notification_messages_token":
			o.Token = Secret(r.text())
		case "notification_messages_frequency":
			o.Frequency = r.text()
		case "notification_messages_timezone":
			o.Zone = r.text()
		case "notification_messages_status":
			o.Status = r.text()
		case "token_expiry_timestamp":
			o.TokenExpires = r.time()
		case "user_token_status":
			o.TokenStatus = r.text()
		default:
			r.skip()
		}
	}
	return o
}

func parseLinking(r *reader) *Linking {
	status, code := two(r, "status", "authorization_code")
	return &Linking{Status: status, Code: Secret(code)}
}

func parseRouting(r *reader, action RoutingAction) *Routing {
	x := &Routing{Action: action}
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "previous_owner_app_id":
			x.Previous = r.text()
		case "new_owner_app_id":
			x.New = r.text()
		case "requested_owner_app_id":
			x.Requested = r.text()
		case "metadata":
			x.Metadata = r.text()
		default:
			r.skip()
		}
	}
	return x
}

func parsePolicy(r *reader) *Policy {
	action, reason := two(r, "action", "reason")
	return &Policy{action, reason}
}

func parseRating(r *reader) *Rating {
	id, feedback := two(r, "mid", "feedback")
	return &Rating{id, feedback}
}

func parseOrder(r *reader) *Order {
	o := &Order{}
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case "products":
			o.Products = products(r)
		case "note":
			o.Note = r.text()
		default:
			r.skip()
		}
	}
	return o
}

// parseSurvey reads the answers of all screens.
func parseSurvey(r *reader) *Survey {
	s := &Survey{}
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		if string(key) != "feedback_screens" {
			r.skip()
			continue
		}
		if !r.array() {
			continue
		}
		for r.more() {
			if !r.object() {
				continue
			}
			for key, ok := r.field(); ok; key, ok = r.field() {
				if string(key) == "questions" && r.peek() == '{' {
					s.questions(r)
				} else {
					r.skip()
				}
			}
		}
	}
	return s
}

func (s *Survey) questions(r *reader) {
	r.object()
	for key, ok := r.field(); ok; key, ok = r.field() {
		a := SurveyAnswer{Question: string(key)}
		if !r.object() {
			continue
		}
		for key, ok := r.field(); ok; key, ok = r.field() {
			switch string(key) {
			case "type":
				a.Type = r.text()
			case "payload":
				a.Value = r.text()
			case "follow_up":
				a.FollowUp = one(r, "payload")
			default:
				r.skip()
			}
		}
		if len(s.Answers) < maxProducts {
			s.Answers = append(s.Answers, a)
		}
	}
}

// one reads one text of an object.
func one(r *reader, name string) string {
	s, _ := two(r, name, "")
	return s
}

// two reads two texts of an object.
func two(r *reader, first, second string) (a, b string) {
	if !r.object() {
		return "", ""
	}
	for key, ok := r.field(); ok; key, ok = r.field() {
		switch string(key) {
		case first:
			a = r.text()
		case second:
			b = r.text()
		default:
			r.skip()
		}
	}
	return a, b
}

// each reads the elements of an array, at most maxProducts of them.
func each[T any](r *reader, read func() T) []T {
	if !r.array() {
		return nil
	}
	var out []T
	for r.more() {
		if len(out) == maxProducts {
			r.skip()
			continue
		}
		out = append(out, read())
	}
	return out
}
