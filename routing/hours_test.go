package routing_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/google/go-cmp/cmp"

	"github.com/switchboard-go/switchboard/routing"
	"github.com/switchboard-go/switchboard/wrapup"
)

// everyDay returns the same opening for all days of the week.
func everyDay(from, to routing.ClockTime) []routing.Opening {
	var week []routing.Opening
	for day := time.Sunday; day <= time.Saturday; day++ {
		week = append(week, routing.Opening{Day: day, From: from, To: to})
	}
	return week
}

func compileHours(t *testing.T, h routing.Hours) routing.Schedule {
	t.Helper()
	s, err := h.Compile(time.LoadLocation)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parseInstant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// officeHours is open on working days with a lunch break, late on Friday over
// midnight, and has two holidays.
func officeHours() routing.Hours {
	h := routing.Hours{Zone: "Europe/Prague"}
	for day := time.Monday; day <= time.Friday; day++ {
		h.Week = append(h.Week,
			routing.Opening{Day: day, From: routing.Clock(13, 0), To: routing.Clock(17, 0)},
			routing.Opening{Day: day, From: routing.Clock(8, 30), To: routing.Clock(12, 0)})
	}
	h.Week = append(h.Week,
		routing.Opening{Day: time.Friday, From: routing.Clock(20, 0), To: routing.Clock(24, 0)},
		routing.Opening{Day: time.Saturday, From: routing.Clock(0, 0), To: routing.Clock(2, 0)})
	h.Holidays = []routing.Holiday{
		{Date: "2026-12-24", Openings: []routing.Span{{From: routing.Clock(9, 0), To: routing.Clock(11, 0)}}},
		{Date: "2026-12-25"},
	}
	return h
}

func TestScheduleOpen(t *testing.T) {
	s := compileHours(t, officeHours())
	tests := []struct {
		name, at string
		want     bool
	}{
		{"before opening", "2026-03-02T08:29:59.999999999+01:00", false},
		{"opens at From", "2026-03-02T08:30:00+01:00", true},
		{"last instant", "2026-03-02T11:59:59.999999999+01:00", true},
		{"closed at To", "2026-03-02T12:00:00+01:00", false},
		{"afternoon, listed first", "2026-03-02T13:00:00+01:00", true},
		{"given in another zone", "2026-03-02T15:59:59Z", true},
		{"summer time", "2026-07-01T08:30:00+02:00", true},
		{"summer time, an hour before", "2026-07-01T07:30:00+02:00", false},
		{"Friday until 24:00", "2026-03-06T23:59:59+01:00", true},
		{"over midnight", "2026-03-07T00:00:00+01:00", true},
		{"Saturday", "2026-03-07T02:00:00+01:00", false},
		{"Sunday", "2026-03-08T10:00:00+01:00", false},
		{"holiday with other hours", "2026-12-24T09:00:00+01:00", true},
		{"holiday with other hours, over", "2026-12-24T11:00:00+01:00", false},
		{"holiday closed", "2026-12-25T10:00:00+01:00", false},
		{"the day after a Friday holiday keeps its own hours", "2026-12-26T01:00:00+01:00", true},
		{"before 1970", "1969-12-29T09:00:00+01:00", true}, // a Monday
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := s.Open(parseInstant(t, tt.at)); got != tt.want {
				t.Errorf("Open(%s) = %t, want %t", tt.at, got, tt.want)
			}
		})
	}
}

func TestScheduleNext(t *testing.T) {
	s := compileHours(t, officeHours())
	allHolidays := routing.Hours{Zone: "UTC", Week: nil, Holidays: []routing.Holiday{{Date: "2026-05-01"}}}
	tests := []struct {
		name     string
		s        routing.Schedule
		at, want string // want is empty for never
	}{
		{"to opening", s, "2026-03-02T05:00:00+01:00", "2026-03-02T07:30:00Z"},
		{"strictly after", s, "2026-03-02T08:30:00+01:00", "2026-03-02T11:00:00Z"},
		{"the last nanosecond before", s, "2026-03-02T08:29:59.999999999+01:00", "2026-03-02T07:30:00Z"},
		{"joined at midnight", s, "2026-03-06T21:00:00+01:00", "2026-03-07T01:00:00Z"},
		{"over the weekend", s, "2026-03-07T02:00:00+01:00", "2026-03-09T07:30:00Z"},
		{"over a weekend with a change of the clock", s, "2026-03-28T02:00:00+01:00", "2026-03-30T06:30:00Z"},
		{"over a holiday, Friday night closed", s, "2026-12-24T11:00:00+01:00", "2026-12-25T23:00:00Z"},
		{"always open", routing.Schedule{}, "2026-03-02T08:30:00+01:00", ""},
		{"always open in a zone", compileHours(t, routing.Hours{Zone: "Asia/Tokyo"}), "2026-03-02T08:30:00+01:00", ""},
		{"open around the clock in words", compileHours(t, routing.Hours{Zone: "Europe/Prague", Week: everyDay(0, routing.Clock(24, 0))}),
			"2026-03-02T08:30:00+01:00", ""},
		{"only a holiday: closes", compileHours(t, allHolidays), "2026-03-02T08:30:00Z", "2026-05-01T00:00:00Z"},
		{"only a holiday: opens", compileHours(t, allHolidays), "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"},
		{"only a holiday: past", compileHours(t, allHolidays), "2026-05-02T00:00:00Z", ""},
		{"at the horizon", compileHours(t, allHolidays), "2025-03-27T00:00:00Z", "2026-05-01T00:00:00Z"},
		{"beyond the horizon", compileHours(t, allHolidays), "2025-03-26T23:59:59Z", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.s.Next(parseInstant(t, tt.at))
			var want time.Time
			if tt.want != "" {
				want = parseInstant(t, tt.want)
			}
			if ok != (tt.want != "") || !got.Equal(want) {
				t.Errorf("Next(%s) = %v, %t, want %v", tt.at, got, ok, want)
			}
			if ok && got.Location() != time.UTC {
				t.Errorf("Next(%s) is in %v, want UTC", tt.at, got.Location())
			}
		})
	}
}

// TestScheduleChangesOfTheClock holds what the documentation of Hours says.
func TestScheduleChangesOfTheClock(t *testing.T) {
	tests := []struct {
		name     string
		zone     string
		from, to routing.ClockTime
		at       string
		want     []string // the next changes
	}{
		{"gap inside", "Europe/Prague", routing.Clock(1, 0), routing.Clock(4, 0), "2026-03-29T00:00:00+01:00",
			[]string{"2026-03-29T01:00:00+01:00", "2026-03-29T04:00:00+02:00"}},
		{"From in the gap: opens when the clock goes forward", "Europe/Prague", routing.Clock(2, 30), routing.Clock(3, 30), "2026-03-29T00:00:00+01:00",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"}},
		{"To in the gap: closes when the clock goes forward", "Europe/Prague", routing.Clock(1, 30), routing.Clock(2, 30), "2026-03-29T00:00:00+01:00",
			[]string{"2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00"}},
		{"all in the gap: not that day", "Europe/Prague", routing.Clock(2, 0), routing.Clock(3, 0), "2026-03-29T00:00:00+01:00",
			[]string{"2026-03-30T02:00:00+02:00", "2026-03-30T03:00:00+02:00"}},
		{"hour twice inside", "Europe/Prague", routing.Clock(1, 0), routing.Clock(4, 0), "2026-10-25T00:00:00+02:00",
			[]string{"2026-10-25T01:00:00+02:00", "2026-10-25T04:00:00+01:00"}},
		{"To in the hour that comes twice: open twice", "Europe/Prague", routing.Clock(1, 0), routing.Clock(2, 30), "2026-10-25T00:00:00+02:00",
			[]string{"2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00"}},
		{"From in the hour that comes twice: open twice", "Europe/Prague", routing.Clock(2, 30), routing.Clock(5, 0), "2026-10-25T00:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00", "2026-10-25T05:00:00+01:00"}},
		{"midnight does not exist", "Asia/Beirut", 0, routing.Clock(6, 0), "2026-03-28T20:00:00+02:00",
			[]string{"2026-03-29T01:00:00+03:00", "2026-03-29T06:00:00+03:00"}},
		{"midnight comes twice", "America/Havana", 0, routing.Clock(0, 30), "2026-10-31T20:00:00-04:00",
			[]string{"2026-11-01T00:00:00-04:00", "2026-11-01T00:30:00-04:00", "2026-11-01T00:00:00-05:00", "2026-11-01T00:30:00-05:00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := compileHours(t, routing.Hours{Zone: tt.zone, Week: everyDay(tt.from, tt.to)})
			at := parseInstant(t, tt.at)
			var got, want []string
			for _, w := range tt.want {
				want = append(want, parseInstant(t, w).UTC().Format(time.RFC3339))
				next, ok := s.Next(at)
				if !ok {
					t.Fatalf("Next(%v) found nothing", at)
				}
				got = append(got, next.Format(time.RFC3339))
				at = next
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// wallClockOpen is what Open should say, from the configuration and the
// calendar of package time alone.
func wallClockOpen(h routing.Hours, zone *time.Location, t time.Time) bool {
	local := t.In(zone)
	minute := routing.ClockTime(local.Hour()*60 + local.Minute())
	date := local.Format(time.DateOnly)
	for _, holiday := range h.Holidays {
		if holiday.Date == date {
			for _, span := range holiday.Openings {
				if span.From <= minute && minute < span.To {
					return true
				}
			}
			return false
		}
	}
	for _, o := range h.Week {
		if o.Day == local.Weekday() && o.From <= minute && minute < o.To {
			return true
		}
	}
	return len(h.Week) == 0
}

// randomSpans returns spans of one day that do not overlap but often touch.
func randomSpans(r *rand.Rand) []routing.Span {
	var spans []routing.Span
	for at := r.IntN(4) * 15; at < 24*60; {
		to := min(at+1+r.IntN(8)*r.IntN(60), 24*60)
		spans = append(spans, routing.Span{From: routing.ClockTime(at), To: routing.ClockTime(to)})
		at = to + r.IntN(3)*r.IntN(200)
		if r.IntN(4) == 0 {
			break
		}
	}
	r.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
	return spans
}

// TestScheduleAgreesWithAScanOfEveryMinute compares Open with the calendar for
// every minute of three days around changes of the clock, and Next with the
// changes that the scan finds.
func TestScheduleAgreesWithAScanOfEveryMinute(t *testing.T) {
	places := []struct{ zone, from string }{
		{"Europe/Prague", "2026-03-28T00:00:00Z"},
		{"Europe/Prague", "2026-10-24T00:00:00Z"},
		{"America/New_York", "2026-03-07T00:00:00Z"},
		{"America/New_York", "2026-10-31T00:00:00Z"},
		{"America/Havana", "2026-03-07T00:00:00Z"},
		{"America/Havana", "2026-10-31T00:00:00Z"},
		{"Asia/Beirut", "2026-03-28T00:00:00Z"},
		{"Asia/Beirut", "2026-10-24T00:00:00Z"},
		{"Australia/Lord_Howe", "2026-04-03T12:00:00Z"}, // half an hour
		{"Asia/Kathmandu", "2026-04-03T00:00:00Z"},      // 05:45
		{"Pacific/Apia", "2011-12-29T00:00:00Z"},        // a date that was left out
		{"Europe/Prague", "2099-03-28T00:00:00Z"},       // beyond the table, by rule
		{"UTC", "1969-12-30T12:00:00Z"},
	}
	const minutes = 3 * 24 * 60
	for i, place := range places {
		t.Run(fmt.Sprint(place.zone, " ", place.from[:10]), func(t *testing.T) {
			zone, err := time.LoadLocation(place.zone)
			if err != nil {
				t.Fatal(err)
			}
			start := parseInstant(t, place.from)
			r := rand.New(rand.NewPCG(7, uint64(i)))
			for range 5 {
				h := routing.Hours{Zone: place.zone}
				for day := time.Sunday; day <= time.Saturday; day++ {
					for _, span := range randomSpans(r) {
						h.Week = append(h.Week, routing.Opening{Day: day, From: span.From, To: span.To})
					}
				}
				if r.IntN(2) == 0 {
					date := start.AddDate(0, 0, r.IntN(3)).Format(time.DateOnly)
					h.Holidays = []routing.Holiday{{Date: date, Openings: randomSpans(r)}}
				}
				s := compileHours(t, h)

				var changes []time.Time
				for m := range minutes {
					at := start.Add(time.Duration(m) * time.Minute)
					open := s.Open(at)
					if want := wallClockOpen(h, zone, at); open != want {
						t.Fatalf("Open(%v) = %t, want %t\n%+v", at.In(zone), open, want, h)
					}
					if late := at.Add(time.Minute - 1); s.Open(late) != open {
						t.Fatalf("Open changes between %v and %v", at, late)
					}
					if m > 0 && open != s.Open(at.Add(-time.Minute)) {
						changes = append(changes, at)
					}
				}
				if len(changes) == 0 {
					continue
				}
				from := start
				for _, want := range changes {
					// Any instant from the last change on has the same next one.
					within := from.Add(time.Duration(r.Int64N(int64(want.Sub(from)))))
					for _, at := range []time.Time{from, within, want.Add(-1)} {
						if got, ok := s.Next(at); !ok || !got.Equal(want) {
							t.Fatalf("Next(%v) = %v, %t, want %v\n%+v", at, got, ok, want, h)
						}
					}
					from = want
				}
				if got, ok := s.Next(from); ok && got.Before(start.Add(minutes*time.Minute)) {
					t.Fatalf("Next(%v) = %v, but the scan finds no change", from, got)
				}
			}
		})
	}
}

func TestScheduleAtTheEndsOfTime(t *testing.T) {
	for _, zone := range []string{"Europe/Prague", "UTC"} {
		s := compileHours(t, routing.Hours{Zone: zone, Week: everyDay(routing.Clock(8, 0), routing.Clock(16, 0))})
		for _, at := range []time.Time{{}, time.Unix(math.MaxInt64, 0), time.Unix(math.MinInt64, 0), time.Unix(1<<61, 0), time.Unix(-1<<61, 0)} {
			open := s.Open(at)
			if next, ok := s.Next(at); ok && (!next.After(at) || s.Open(next) == open) {
				t.Errorf("%s: Next(%v) = %v, which is no change after it", zone, at, next)
			}
		}
	}
}

func TestHoursValidate(t *testing.T) {
	type problem struct{ Path, Problem string }
	type problems = []problem
	clock := routing.Clock
	tests := []struct {
		name, path string
		h          routing.Hours
		want       problems
	}{
		{"zero value", "hours", routing.Hours{}, nil},
		{"valid", "hours", officeHours(), nil},
		{"touching", "", routing.Hours{Zone: "UTC", Week: []routing.Opening{
			{time.Monday, clock(12, 0), clock(24, 0)}, {time.Monday, 0, clock(12, 0)}, {time.Tuesday, 0, clock(1, 0)}}}, nil},
		{"zone missing", "queues[2].hours", routing.Hours{Week: everyDay(0, 60)},
			problems{{"queues[2].hours.zone", "a time zone is needed"}}},
		{"zone missing with holidays", "", routing.Hours{Holidays: []routing.Holiday{{Date: "2026-01-01"}}},
			problems{{"zone", "a time zone is needed"}}},
		{"zone unknown", "", routing.Hours{Zone: "Europe/Praha"},
			problems{{"zone", `unknown time zone "Europe/Praha": unknown time zone Europe/Praha`}}},
		{"zone of the machine", "", routing.Hours{Zone: "Local"},
			problems{{"zone", `"Local" differs between machines, an IANA name is needed`}}},
		{"all at once", "h", routing.Hours{
			Zone: "Nowhere",
			Week: []routing.Opening{
				{7, clock(8, 0), clock(9, 0)},
				{time.Monday, clock(9, 0), clock(9, 0)},
				{time.Monday, -5, 2000},
				{time.Monday, clock(8, 0), 1441},
				{time.Tuesday, clock(11, 0), clock(13, 0)},
				{time.Tuesday, clock(8, 0), clock(20, 0)},
				{time.Tuesday, clock(14, 0), clock(15, 0)},
				{time.Wednesday, clock(14, 0), clock(15, 0)},
				{time.Tuesday, clock(20, 0), clock(21, 0)},
			},
			Holidays: []routing.Holiday{
				{Date: "2026-02-29"},
				{Date: "2026-12-24", Openings: []routing.Span{{clock(9, 0), clock(8, 0)}, {clock(9, 0), clock(12, 0)}, {clock(11, 0), clock(12, 0)}}},
				{Date: "24.12.2026"},
				{Date: "2026-12-24"},
				{Date: ""},
			},
		}, problems{
			{"h.zone", `unknown time zone "Nowhere": unknown time zone Nowhere`},
			{"h.week[0].day", "7 is not a day of the week, 0 (Sunday) to 6 (Saturday)"},
			{"h.week[1].to", "09:00 is not later than 09:00"},
			{"h.week[2].from", "-5 minutes is not a time of day, 00:00 to 24:00"},
			{"h.week[2].to", "2000 minutes is not a time of day, 00:00 to 24:00"},
			{"h.week[3].to", "1441 minutes is not a time of day, 00:00 to 24:00"},
			{"h.week[4]", "11:00-13:00 overlaps 08:00-20:00"},
			{"h.week[6]", "14:00-15:00 overlaps 08:00-20:00"},
			{"h.holidays[0].date", `"2026-02-29" is not a date such as "2006-01-02"`},
			{"h.holidays[1].openings[0].to", "08:00 is not later than 09:00"},
			{"h.holidays[1].openings[2]", "11:00-12:00 overlaps 09:00-12:00"},
			{"h.holidays[2].date", `"24.12.2026" is not a date such as "2006-01-02"`},
			{"h.holidays[3].date", "2026-12-24 is already the date of h.holidays[1]"},
			{"h.holidays[4].date", `"" is not a date such as "2006-01-02"`},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got problems
			for _, p := range tt.h.Validate(tt.path, time.LoadLocation) {
				got = append(got, problem{p.Path, p.Problem})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			s, err := tt.h.Compile(time.LoadLocation)
			if (err != nil) != (tt.want != nil) {
				t.Errorf("Compile: error %v, but Validate finds %d problems", err, len(tt.want))
			}
			var first wrapup.FieldError
			if err != nil && !errors.As(err, &first) {
				t.Errorf("Compile: error %v holds no FieldError", err)
			}
			if err != nil && !s.Open(time.Time{}) {
				t.Error("Compile returns a schedule with its error")
			}
		})
	}
}

func TestHoursWithoutZoneData(t *testing.T) {
	none := func(string) (*time.Location, error) { return nil, nil }
	h := routing.Hours{Zone: "Europe/Prague", Week: everyDay(0, 60)}
	for name, load := range map[string]func(string) (*time.Location, error){"nil loader": nil, "nil location": none} {
		if _, err := h.Compile(load); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := (routing.Hours{}).Compile(load); err != nil {
			t.Errorf("%s: the zero value needs zone data: %v", name, err)
		}
	}
}

func TestHoursEqual(t *testing.T) {
	if !officeHours().Equal(officeHours()) {
		t.Error("equal hours differ")
	}
	if !(routing.Hours{Week: []routing.Opening{}, Holidays: []routing.Holiday{}}).Equal(routing.Hours{}) {
		t.Error("empty lists differ from none")
	}
	for name, change := range map[string]func(*routing.Hours){
		"zone":     func(h *routing.Hours) { h.Zone = "UTC" },
		"week":     func(h *routing.Hours) { h.Week[3].To++ },
		"date":     func(h *routing.Hours) { h.Holidays[1].Date = "2026-12-26" },
		"openings": func(h *routing.Hours) { h.Holidays[0].Openings[0].From++ },
	} {
		h := officeHours()
		change(&h)
		if h.Equal(officeHours()) {
			t.Errorf("Equal ignores a change of %s", name)
		}
	}
}

func TestScheduleKeepsNothingOfItsHours(t *testing.T) {
	h := officeHours()
	s := compileHours(t, h)
	for i := range h.Week {
		h.Week[i].To = h.Week[i].From
	}
	h.Holidays[0].Openings[0] = routing.Span{}
	for _, at := range []string{"2026-03-02T09:00:00+01:00", "2026-12-24T09:00:00+01:00"} {
		if !s.Open(parseInstant(t, at)) {
			t.Errorf("a change of the hours closed the schedule at %s", at)
		}
	}
}

func TestHoursJSON(t *testing.T) {
	h := routing.Hours{
		Zone:     "Europe/Prague",
		Week:     []routing.Opening{{Day: time.Sunday, From: 0, To: routing.Clock(24, 0)}},
		Holidays: []routing.Holiday{{Date: "2026-12-24", Openings: []routing.Span{{From: routing.Clock(8, 5), To: routing.Clock(12, 30)}}}, {Date: "2026-12-25"}},
	}
	data, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"zone":"Europe/Prague","week":[{"day":0,"from":"00:00","to":"24:00"}],` +
		`"holidays":[{"date":"2026-12-24","openings":[{"from":"08:05","to":"12:30"}]},{"date":"2026-12-25"}]}`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	var back routing.Hours
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(h, back); diff != "" {
		t.Errorf("decoded again (-want +got):\n%s", diff)
	}
}

func TestClockTimeText(t *testing.T) {
	for _, tt := range []struct {
		text string
		want routing.ClockTime
	}{{"00:00", 0}, {"08:30", 510}, {"23:59", 1439}, {"24:00", 1440}} {
		var got routing.ClockTime
		if err := got.UnmarshalText([]byte(tt.text)); err != nil || got != tt.want {
			t.Errorf("UnmarshalText(%q) = %d, %v, want %d", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{"", "8:30", "08:3", "08:60", "24:01", "25:00", "0830", "08:30 ", "08.30", "-1:00", "+8:30", "0a:00", "08:\xff0", "٠٨:٣٠"} {
		got := routing.ClockTime(77)
		err := got.UnmarshalText([]byte(text))
		var refused *routing.ClockTimeError
		if !errors.As(err, &refused) || refused.Text != text {
			t.Errorf("UnmarshalText(%q): error %v does not hold the text", text, err)
		}
		if got != 77 {
			t.Errorf("UnmarshalText(%q) changed the value to %d with its error", text, got)
		}
	}
	for _, c := range []routing.ClockTime{-1, 1441, math.MaxInt, math.MinInt} {
		var refused *routing.ClockTimeError
		if text, err := c.MarshalText(); !errors.As(err, &refused) {
			t.Errorf("ClockTime(%d) encodes as %q, %v", int(c), text, err)
		}
	}
	for _, c := range [][2]int{{-1, 0}, {25, 0}, {24, 1}, {0, -1}, {0, 60}, {1, math.MaxInt}} {
		if got := routing.Clock(c[0], c[1]); got != -1 {
			t.Errorf("Clock(%d, %d) = %v, want -1", c[0], c[1], got)
		}
	}
}

func FuzzClockTime(f *testing.F) {
	for _, s := range []string{"08:30", "24:00", "24:01", "", "9:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var c routing.ClockTime
		if err := c.UnmarshalText([]byte(s)); err != nil {
			return
		}
		if text, err := c.MarshalText(); err != nil || string(text) != s {
			t.Errorf("%q reads as %d and is written as %q, %v", s, int(c), text, err)
		}
	})
}

// FuzzHours proves that what validates compiles, and that no hours panic.
func FuzzHours(f *testing.F) {
	for _, h := range []routing.Hours{{}, officeHours(), {Zone: "Nowhere", Week: everyDay(9, 9)}} {
		data, err := json.Marshal(h)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), int64(1772000000))
	}
	f.Fuzz(func(t *testing.T, data string, unix int64) {
		var h routing.Hours
		if json.Unmarshal([]byte(data), &h) != nil {
			return
		}
		problems := h.Validate("", time.LoadLocation)
		s, err := h.Compile(time.LoadLocation)
		if (err != nil) != (len(problems) > 0) {
			t.Fatalf("Validate finds %v, Compile says %v", problems, err)
		}
		at := time.Unix(unix, 0)
		if next, ok := s.Next(at); ok && (!next.After(at) || s.Open(next) == s.Open(at)) {
			t.Errorf("Next(%v) = %v, which is no change after it", at, next)
		}
	})
}

func BenchmarkScheduleOpen(b *testing.B) {
	s, err := officeHours().Compile(time.LoadLocation)
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, time.March, 2, 14, 0, 0, 0, time.UTC)
	for b.Loop() {
		s.Open(at)
	}
}

func BenchmarkScheduleNext(b *testing.B) {
	s, err := officeHours().Compile(time.LoadLocation)
	if err != nil {
		b.Fatal(err)
	}
	at := time.Date(2026, time.March, 6, 16, 0, 0, 0, time.UTC)
	for b.Loop() {
		s.Next(at)
	}
}
