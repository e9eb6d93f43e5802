package routing

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/switchboard-go/switchboard/wrapup"
)

// Hours says when a queue is open: opening hours by day of the week in a time
// zone, and the dates on which others hold. It is configuration; [Hours.Compile]
// makes a [Schedule] of it that answers questions.
//
// The zero value is always open. An empty Week is open around the clock, except
// as Holidays say.
//
// # Daylight saving
//
// What counts is the time that a clock on the wall of the zone shows. A local
// time that does not exist, because clocks go forward over it, never comes: if
// they go from 02:00 to 03:00, an opening from 02:30 to 03:30 begins when they
// show 03:00, and one from 02:00 to 03:00 does not take place. A local time that
// comes twice, because clocks go back, is open both times: if they go from
// 03:00 to 02:00, an opening from 01:00 to 02:30 is open from 01:00 to 02:30,
// closed until 03:00, and open again when they show 02:00 for the second time,
// until 02:30.
type Hours struct {
	// Zone is the IANA name of the time zone, such as "Europe/Prague". It is
	// needed with Week or Holidays. "Local" is refused: it would mean something
	// else on every machine.
	Zone string `json:"zone,omitempty"`
	// Week holds the opening hours, in any order, any number for a day. A day
	// without any is closed, unless the whole Week is empty. Openings of a day
	// may touch and must not overlap.
	Week []Opening `json:"week,omitempty"`
	// Holidays replace the week's opening hours on their dates, in any order,
	// each date at most once.
	Holidays []Holiday `json:"holidays,omitempty"`
}

// Opening is a time of a day of every week: from From, which is in it, to To,
// which is not. An opening over midnight is given as two, the first to 24:00.
type Opening struct {
	// Day is 0 for Sunday to 6 for Saturday.
	Day time.Weekday `json:"day"`
	// From is the first minute that is open.
	From ClockTime `json:"from"`
	// To is the first minute that is closed again: later than From, 24:00 for
	// the end of the day.
	To ClockTime `json:"to"`
}

// Span is a time of one day: from From, which is in it, to To, which is not.
type Span struct {
	// From is the first minute that is open.
	From ClockTime `json:"from"`
	// To is the first minute that is closed again: later than From, 24:00 for
	// the end of the day.
	To ClockTime `json:"to"`
}

// Holiday is a date with opening hours of its own.
type Holiday struct {
	// Date is written "2006-01-02" and is a date in the zone of the Hours.
	Date string `json:"date"`
	// Openings are that day's opening hours, in any order; they may touch and
	// must not overlap. None means closed all day.
	Openings []Span `json:"openings,omitempty"`
}

// Equal reports whether h and o say the same in the same order; nil and empty
// lists are the same.
func (h Hours) Equal(o Hours) bool {
	return h.Zone == o.Zone &&
		slices.Equal(h.Week, o.Week) &&
		slices.EqualFunc(h.Holidays, o.Holidays, func(a, b Holiday) bool {
			return a.Date == b.Date && slices.Equal(a.Openings, b.Openings)
		})
}

// Validate returns all problems of the hours, none if they can be compiled: an
// unknown zone, days, times and dates that do not exist, overlapping openings,
// a date given twice. They come in the order of the fields, overlaps after the
// other problems of their list. The path of the hours
// themselves (such as "queues[2].hours") is put before each field's name; it
// may be empty.
//
// Validate reads no zone data itself: load is called once with the name of the
// zone if there is one, and is usually time.LoadLocation.
func (h Hours) Validate(path string, load func(string) (*time.Location, error)) []wrapup.FieldError {
	_, problems := h.compile(path, load)
	return problems
}

// Compile returns the schedule that the hours describe. Its error joins all
// that [Hours.Validate] finds, with paths that begin at the fields of the
// Hours; errors.As finds the first [wrapup.FieldError]. load is as for
// Validate. The schedule keeps nothing of h.
func (h Hours) Compile(load func(string) (*time.Location, error)) (Schedule, error) {
	s, problems := h.compile("", load)
	if len(problems) == 0 {
		return s, nil
	}
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return Schedule{}, errors.Join(errs...)
}

// compile is Validate and Compile in one, so that they cannot disagree. The
// schedule is of use only if there is no problem.
func (h Hours) compile(path string, load func(string) (*time.Location, error)) (Schedule, []wrapup.FieldError) {
	var problems []wrapup.FieldError
	if path != "" {
		path += "."
	}
	report := func(at, format string, args ...any) {
		problems = append(problems, wrapup.FieldError{Path: path + at, Problem: fmt.Sprintf(format, args...)})
	}

	var s Schedule
	switch {
	case h.Zone == "" && len(h.Week) == 0 && len(h.Holidays) == 0:
		return s, nil
	case h.Zone == "":
		report("zone", "a time zone is needed")
	case h.Zone == "Local":
		report("zone", `"Local" differs between machines, an IANA name is needed`)
	case load == nil:
		report("zone", "no time zone data to look up %q", h.Zone)
	default:
		loc, err := load(h.Zone)
		switch {
		case err != nil:
			report("zone", "unknown time zone %q: %v", h.Zone, err)
		case loc == nil:
			report("zone", "unknown time zone %q", h.Zone)
		}
		s.zone = loc
	}

	week := make([]placed, 0, len(h.Week))
	for i, o := range h.Week {
		at := "week[" + strconv.Itoa(i) + "]"
		ok := validSpan(at, Span{o.From, o.To}, report)
		if o.Day < time.Sunday || o.Day > time.Saturday {
			report(at+".day", "%d is not a day of the week, 0 (Sunday) to 6 (Saturday)", int(o.Day))
			ok = false
		}
		if ok {
			week = append(week, placed{int(o.Day), Span{o.From, o.To}, at})
		}
	}
	arrange(week, report)
	for _, o := range week {
		s.week[o.day] = append(s.week[o.day], o.span)
	}
	if len(h.Week) == 0 {
		for day := range s.week {
			s.week[day] = []Span{{0, endOfDay}}
		}
	}

	if len(h.Week) == 0 && len(h.Holidays) == 0 {
		return Schedule{}, problems // always open, whatever the zone
	}

	s.holidays = make(map[int64][]Span, len(h.Holidays))
	first := make(map[int64]int, len(h.Holidays))
	for i, holiday := range h.Holidays {
		at := "holidays[" + strconv.Itoa(i) + "]"
		date, err := time.Parse(time.DateOnly, holiday.Date)
		number := floorDiv(date.Unix(), secondsPerDay)
		if err != nil {
			report(at+".date", `%q is not a date such as "2006-01-02"`, holiday.Date)
		} else if j, twice := first[number]; twice {
			report(at+".date", "%s is already the date of %sholidays[%d]", holiday.Date, path, j)
		} else {
			first[number] = i
		}
		openings := make([]placed, 0, len(holiday.Openings))
		for j, span := range holiday.Openings {
			at := at + ".openings[" + strconv.Itoa(j) + "]"
			if validSpan(at, span, report) {
				openings = append(openings, placed{0, span, at})
			}
		}
		arrange(openings, report)
		spans := make([]Span, len(openings))
		for j, o := range openings {
			spans[j] = o.span
		}
		s.holidays[number] = spans
	}
	return s, problems
}

// placed is an opening with its place in the configuration.
type placed struct {
	day  int
	span Span
	at   string
}

// validSpan reports what is wrong with the times of span at the path at, and
// whether nothing is.
func validSpan(at string, span Span, report func(at, format string, args ...any)) bool {
	from, to := span.From.valid(), span.To.valid()
	switch {
	case !from:
		report(at+".from", "%d minutes is not a time of day, 00:00 to 24:00", int(span.From))
	case to && span.From >= span.To:
		report(at+".to", "%v is not later than %v", span.To, span.From)
		return false
	}
	if !to {
		report(at+".to", "%d minutes is not a time of day, 00:00 to 24:00", int(span.To))
	}
	return from && to
}

// arrange sorts openings by time and reports those that overlap one before
// them.
func arrange(openings []placed, report func(at, format string, args ...any)) {
	slices.SortStableFunc(openings, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.span.From, b.span.From))
	})
	last := 0 // of the openings of the day so far, the one that ends last
	for i, o := range openings {
		if i == 0 {
			continue
		}
		before := openings[last]
		if o.day == before.day && o.span.From < before.span.To {
			report(o.at, "%v-%v overlaps %v-%v", o.span.From, o.span.To, before.span.From, before.span.To)
		}
		if o.day != before.day || o.span.To > before.span.To {
			last = i
		}
	}
}

// ClockTime is a time that a clock on the wall shows, in minutes since
// midnight: 0 (00:00) to 1440 (24:00, the end of the day). As text it is
// written "08:30".
type ClockTime int

const endOfDay ClockTime = 24 * 60

// Clock returns the clock time hour:minute. It returns -1, which [Hours] refuse,
// if there is none.
func Clock(hour, minute int) ClockTime {
	if hour < 0 || hour > 24 || minute < 0 || minute > 59 || hour == 24 && minute > 0 {
		return -1
	}
	return ClockTime(hour*60 + minute)
}

// ClockTimeError refuses something that is not a clock time.
type ClockTimeError struct {
	// Text is what was given.
	Text string
}

// Error says what was given and what is expected.
func (e *ClockTimeError) Error() string {
	return "routing: " + strconv.Quote(e.Text) + ` is not a clock time such as "08:30"`
}

func (c ClockTime) valid() bool { return 0 <= c && c <= endOfDay }

// String returns the time as "08:30", or the number of minutes if it is not a
// time of day.
func (c ClockTime) String() string {
	if !c.valid() {
		return strconv.Itoa(int(c)) + "min"
	}
	return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60)
}

// MarshalText returns the time as "08:30". It refuses what is not a time of day
// with a [*ClockTimeError].
func (c ClockTime) MarshalText() ([]byte, error) {
	if !c.valid() {
		return nil, &ClockTimeError{Text: c.String()}
	}
	return []byte(c.String()), nil
}

// UnmarshalText reads two digits, a colon and two digits, 00:00 to 24:00. It
// refuses anything else with a [*ClockTimeError] and leaves c as it is.
func (c *ClockTime) UnmarshalText(text []byte) error {
	digit := func(i int) int {
		if d := int(text[i]) - '0'; 0 <= d && d <= 9 {
			return d
		}
		return 100 // so that the sum is no time
	}
	if len(text) == 5 && text[2] == ':' {
		if t := Clock(digit(0)*10+digit(1), digit(3)*10+digit(4)); t.valid() {
			*c = t
			return nil
		}
	}
	return &ClockTimeError{Text: string(text)}
}

const (
	secondsPerDay    = 24 * 60 * 60
	secondsPerMinute = 60
)

// Horizon is how far ahead [Schedule.Next] looks. It is more than a year, so
// that it sees every yearly date.
const Horizon = 400 * 24 * time.Hour

// Schedule tells whether it is open at an instant. It is made by
// [Hours.Compile]; the zero value is always open. A Schedule never changes and
// may be used from any number of goroutines.
//
// Governments change time zones, so machines with different zone data can give
// different answers about the future. An instant that matters later is to be
// kept, not computed again.
type Schedule struct {
	zone *time.Location // nil: always open
	// The openings of each day, sorted, none overlapping.
	week     [7][]Span
	holidays map[int64][]Span // by number of the day, see day
}

// Open reports whether it is open at t. See [Hours] for changes of the clock.
func (s Schedule) Open(t time.Time) bool {
	if s.zone == nil {
		return true
	}
	_, offset := t.In(s.zone).Zone()
	return s.openAt(t.Unix() + int64(offset))
}

// Next returns the first instant after t, not t itself, at which Open gives
// another answer than at t, in UTC. It returns false if there is none within
// [Horizon]: usually because the schedule is always open or always closed. A
// caller who must know can ask again from t.Add(Horizon).
func (s Schedule) Next(t time.Time) (time.Time, bool) {
	if s.zone == nil {
		return time.Time{}, false
	}
	open := s.Open(t)
	now := t.Unix()
	limit := now + int64(Horizon/time.Second)

	// While the offset of the zone stays the same, local time and time run in
	// step, so the answer can only change at a bound of an opening, at midnight
	// (with the date), or where the offset changes.
	for from := now; ; {
		local := time.Unix(from, 0).In(s.zone)
		_, o := local.Zone()
		offset := int64(o)
		end := limit + 1
		if _, change := local.ZoneBounds(); !change.IsZero() {
			end = min(end, change.Unix())
		}
		for day := floorDiv(from+offset, secondsPerDay); day*secondsPerDay-offset < end; day++ {
			for at := range s.bounds(day) {
				at := day*secondsPerDay + at
				if instant := at - offset; instant > now && instant >= from && instant < end && s.openAt(at) != open {
					return time.Unix(instant, 0).UTC(), true
				}
			}
		}
		if end > limit {
			return time.Time{}, false
		}
		from = end
		if start := time.Unix(from, 0); start.Unix() > now && s.Open(start) != open {
			return start.UTC(), true
		}
	}
}

// bounds yields the seconds since midnight at which the answer may change on
// day, in order.
func (s Schedule) bounds(day int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		if !yield(0) {
			return
		}
		for _, span := range s.day(day) {
			if !yield(int64(span.From)*secondsPerMinute) || !yield(int64(span.To)*secondsPerMinute) {
				return
			}
		}
	}
}

// day returns the openings of a day, which is numbered by the days since
// 1 January 1970, a Thursday.
func (s Schedule) day(number int64) []Span {
	if spans, ok := s.holidays[number]; ok {
		return spans
	}
	weekday := (number%7 + 7 + int64(time.Thursday)) % 7
	return s.week[weekday]
}

// openAt reports whether it is open at a local time, given in seconds as if it
// were UTC.
func (s Schedule) openAt(local int64) bool {
	number := floorDiv(local, secondsPerDay)
	minute := ClockTime((local - number*secondsPerDay) / secondsPerMinute)
	for _, span := range s.day(number) {
		if minute < span.From {
			return false
		}
		if minute < span.To {
			return true
		}
	}
	return false
}

// floorDiv returns a/b rounded down, for times before 1970.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
