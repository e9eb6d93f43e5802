package messengertest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// persona is a name under which a page writes.
type persona struct {
	page                *Page
	id, name, picture   string
	deleted             bool
	serialOfItsCreation uint64
}

const maxPersonaName = 50

func (p *persona) fields() object {
	return object{"id": p.id, "name": p.name, "profile_picture_url": p.picture}
}

func (g *Graph) createPersona(c *call) answer {
	name, picture := c.text("name"), c.text("profile_picture_url")
	if name == "" || utf8.RuneCountInString(name) > maxPersonaName {
		return g.refuse(badParameter("Param name must have 1 to 50 characters"))
	}
	if picture == "" {
		return g.refuse(badParameter("The parameter profile_picture_url is required"))
	}
	p := &persona{page: c.page, id: g.newID(), name: name, picture: picture}
	p.serialOfItsCreation = g.serial
	g.personas[p.id] = p
	return ok(object{"id": p.id})
}

// listPersonas answers the personas of a page, newest last, by pages of limit.
func (g *Graph) listPersonas(c *call) answer {
	var all []*persona
	for _, p := range g.personas {
		if p.page == c.page && !p.deleted {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *persona) int { return int(int64(a.serialOfItsCreation) - int64(b.serialOfItsCreation)) })
	if after := c.text("after"); after != "" {
		n := slices.IndexFunc(all, func(p *persona) bool { return p.id == after })
		all = all[n+1:]
	}
	limit, err := strconv.Atoi(c.text("limit"))
	if err != nil || limit <= 0 {
		limit = 25
	}
	more := len(all) > limit
	all = all[:min(limit, len(all))]
	data := []object{}
	for _, p := range all {
		data = append(data, p.fields())
	}
	body := object{"data": data}
	if len(all) > 0 {
		paging := object{"cursors": object{"before": all[0].id, "after": all[len(all)-1].id}}
		if more {
			paging["next"] = g.server.URL + "/" + orText(c.version, "v26.0") + "/" + c.page.id + "/personas?limit=" +
				strconv.Itoa(limit) + "&after=" + all[len(all)-1].id
		}
		body["paging"] = paging
	}
	return ok(body)
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (g *Graph) deletePersona(c *call) answer {
	p := g.personas[c.path[0]]
	if p == nil || p.page != c.page || p.deleted {
		return g.refuse(absent(c.path[0]))
	}
	p.deleted = true
	return success()
}

// node answers GET of a persona or a person.
func (g *Graph) node(c *call) answer {
	id := c.path[0]
	if p := g.personas[id]; p != nil && p.page == c.page && !p.deleted {
		return ok(p.fields())
	}
	x := c.page.persons[id]
	if x == nil || x.state == PersonGone || !x.wrote {
		return g.refuse(absent(id))
	}
	if x.state == PersonPhone {
		return g.refuse(refusal{code: 2018218, message: "The profile is not available for this user"})
	}
	profile := object{}
	if g.c.NoProfiles {
		return ok(profile)
	}
	for _, f := range c.fields("first_name", "last_name", "profile_pic") {
		if f == "name" {
			first, _ := x.profile["first_name"].(string)
			last, _ := x.profile["last_name"].(string)
			profile[f] = strings.TrimSpace(first + " " + last)
		} else if v, known := x.profile[f]; known {
			profile[f] = v
		}
	}
	profile["id"] = x.id
	return ok(profile)
}

// fields returns which fields a call asks for.
func (c *call) fields(otherwise ...string) []string {
	text := c.text("fields")
	if text == "" {
		return otherwise
	}
	return strings.Split(text, ",")
}

// pageFields answers GET of the page.
func (g *Graph) pageFields(c *call) answer {
	p := c.page
	body := object{"id": p.id}
	for _, f := range c.fields("id", "name") {
		switch f {
		case "id":
		case "name":
			body[f] = p.name
		case "is_published":
			body[f] = p.state != PageUnpublished
		case "messaging_feature_status":
			body[f] = object{"hop_v2": p.defaultApp != "", "msgr_multi_app": p.defaultApp != "", "ig_multi_app": false}
		default:
			return g.refuse(badParameter("Tried accessing nonexisting field (" + f + ") on node type (Page)"))
		}
	}
	return ok(body)
}

func (g *Graph) subscribePage(c *call) answer {
	fields := strings.FieldsFunc(c.text("subscribed_fields"), func(r rune) bool { return r == ',' || r == ' ' })
	var list []string
	if c.read("subscribed_fields", &list) {
		fields = list
	}
	if len(fields) == 0 {
		return g.refuse(badParameter("The parameter subscribed_fields is required"))
	}
	for _, f := range fields {
		if !slices.Contains(allFields, f) && !slices.Contains(otherFields, f) {
			return g.refuse(badParameter("Param subscribed_fields must be one of the fields of a page; it has " + f))
		}
	}
	c.page.subscribe(fields)
	return success()
}

// otherFields can be subscribed to; the double has no events of them.
var otherFields = []string{
	"messaging_account_linking", "messaging_game_plays", "messaging_feedback", "response_feedback", "send_cart",
	"messaging_payments", "messaging_pre_checkouts", "messaging_checkout_updates", "message_context", "feed",
	"messaging_customer_information", "messaging_in_thread_lead_form_submit", "messenger_template_status_update",
}

func (g *Graph) subscriptions(c *call) answer {
	data := []object{}
	if len(c.page.fields) > 0 {
		data = append(data, object{
			"id": g.c.AppID, "name": "Test app", "category": "Business", "link": g.server.URL + "/app",
			"subscribed_fields": c.page.fields,
		})
	}
	return ok(object{"data": data})
}

func (g *Graph) unsubscribePage(c *call) answer {
	c.page.unsubscribe()
	return success()
}

// debugToken answers GET debug_token, which the app's own token may call.
func (g *Graph) debugToken(c *call) answer {
	if c.method != http.MethodGet || c.token != g.AppToken().Reveal() {
		return g.refuse(refusal{code: 190, message: "Invalid OAuth access token.", status: http.StatusUnauthorized})
	}
	t := g.tokens[c.text("input_token")]
	if t == nil {
		return ok(object{"data": object{"is_valid": false, "scopes": []string{}, "error": object{"code": 190, "message": "Invalid OAuth access token"}}})
	}
	p := t.page
	var scopes []string
	var granular []object
	for _, s := range []string{PermissionMessaging, PermissionMetadata, "pages_show_list", "pages_read_engagement"} {
		if !p.denied[s] {
			scopes = append(scopes, s)
			granular = append(granular, object{"scope": s, "target_ids": []string{p.id}})
		}
	}
	data := object{
		"app_id": g.c.AppID, "application": "Test app", "type": "PAGE", "profile_id": p.id, "is_valid": true,
		"expires_at": 0, "data_access_expires_at": g.now().AddDate(0, 0, 90).Unix(), "scopes": scopes, "granular_scopes": granular,
	}
	if subcode, why := t.state.error(); why != "" {
		data["is_valid"] = false
		data["error"] = object{"code": 190, "subcode": subcode, "message": "Error validating access token: " + why}
	}
	return ok(object{"data": data})
}
