package messenger

import (
	"fmt"
	"unicode/utf8"
)

// Template is a message with buttons: a text of at most 640 characters with up to 3, or
// up to 10 elements side by side. Exactly one of Text and Elements is set.
type Template struct {
	Text     string    // over the buttons
	Buttons  []Button  // of the text: 1 to 3
	Elements []Element // 1 to 10
}

// Element is a card of a template.
type Element struct {
	Title    string // 1 to 80 characters
	Subtitle string // at most 80 characters
	ImageURL string // https, or empty
	// URL is where a tap on the card leads; https, or empty.
	URL     string
	Buttons []Button // at most 3
}

// Button is a button of a template.
type Button struct {
	Kind    ButtonKind // mandatory
	Title   string     // 1 to 20 characters, except of ButtonLogIn and ButtonLogOut
	URL     string     // https, of ButtonURL and ButtonLogIn
	Payload string     // at most 1000 bytes; the phone number of ButtonCall
}

// ButtonKind says what a button does.
type ButtonKind string

// The kinds of button.
const (
	ButtonURL      ButtonKind = "web_url"        // opens a page
	ButtonPostback ButtonKind = "postback"       // tells us: KindPostback
	ButtonCall     ButtonKind = "phone_number"   // calls a number such as "+15105551234"
	ButtonLogIn    ButtonKind = "account_link"   // links an account: KindLinking
	ButtonLogOut   ButtonKind = "account_unlink" // unlinks it
)

type (
	wireTemplate struct {
		Type     string        `json:"template_type"`
		Text     string        `json:"text,omitempty"`
		Buttons  []wireButton  `json:"buttons,omitempty"`
		Elements []wireElement `json:"elements,omitempty"`
	}
	wireElement struct {
		Title    string       `json:"title"`
		Subtitle string       `json:"subtitle,omitempty"`
		ImageURL string       `json:"image_url,omitempty"`
		Default  *wireButton  `json:"default_action,omitempty"`
		Buttons  []wireButton `json:"buttons,omitempty"`
	}
	wireButton struct {
		Kind    ButtonKind `json:"type"`
		Title   string     `json:"title,omitempty"`
		URL     string     `json:"url,omitempty"`
		Payload string     `json:"payload,omitempty"`
	}
)

// wire checks a template.
func (t *Template) wire() (*wireFile, string) {
	w := wireTemplate{Type: "button", Text: t.Text}
	switch {
	case t.Text != "" && len(t.Elements) > 0, t.Text == "" && len(t.Elements) == 0:
		return nil, "a template has either a text or elements"
	case t.Text != "" && (len(t.Buttons) == 0 || characters(t.Text) > 640):
		return nil, "a text with buttons has at most 640 characters and at least one button"
	case len(t.Elements) > 10 || t.Text == "" && len(t.Buttons) > 0:
		return nil, "a template has at most 10 elements, which have the buttons"
	}
	buttons, problem := wireButtons(t.Buttons)
	if problem != "" {
		return nil, problem
	}
	w.Buttons = buttons
	for i := range t.Elements {
		e := &t.Elements[i]
		if e.Title == "" || characters(e.Title) > 80 || characters(e.Subtitle) > 80 {
			return nil, fmt.Sprintf("element %d: a title has 1 to 80 characters, a subtitle at most 80", i+1)
		}
		if e.ImageURL != "" && !httpsURL(e.ImageURL) || e.URL != "" && !httpsURL(e.URL) {
			return nil, fmt.Sprintf("element %d: a URL is not https", i+1)
		}
		buttons, problem := wireButtons(e.Buttons)
		if problem != "" {
			return nil, fmt.Sprintf("element %d: %s", i+1, problem)
		}
		card := wireElement{Title: e.Title, Subtitle: e.Subtitle, ImageURL: e.ImageURL, Buttons: buttons}
		if e.URL != "" {
			card.Default = &wireButton{Kind: ButtonURL, URL: e.URL}
		}
		w.Elements = append(w.Elements, card)
	}
	if len(w.Elements) > 0 {
		w.Type = "generic"
	}
	return &wireFile{Type: "template", Payload: w}, ""
}

func characters(s string) int { return utf8.RuneCountInString(s) }

func wireButtons(list []Button) ([]wireButton, string) {
	if len(list) > 3 {
		return nil, "more than 3 buttons"
	}
	var out []wireButton
	for i, b := range list {
		bad := func(what string) ([]wireButton, string) { return nil, fmt.Sprintf("button %d: %s", i+1, what) }
		untitled := b.Kind == ButtonLogIn || b.Kind == ButtonLogOut
		switch {
		case !untitled && (b.Title == "" || characters(b.Title) > 20):
			return bad("a title has 1 to 20 characters")
		case (b.Kind == ButtonURL || b.Kind == ButtonLogIn) != (b.URL != ""):
			return bad("a URL is for web_url and account_link, which need one")
		case b.URL != "" && !httpsURL(b.URL):
			return bad("the URL is not https")
		case (b.Kind == ButtonPostback || b.Kind == ButtonCall) != (b.Payload != ""):
			return bad("a payload is for postback and phone_number, which need one")
		case len(b.Payload) > 1000:
			return bad("a payload has at most 1000 bytes")
		case !untitled && b.Kind != ButtonURL && b.Kind != ButtonPostback && b.Kind != ButtonCall:
			return bad("is of no known kind")
		}
		out = append(out, wireButton(b))
	}
	return out, ""
}
