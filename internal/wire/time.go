package wire

import (
	"errors"
	"time"
)

var errYear = errors.New("year outside [0,9999]")

// Seconds since the Unix epoch at the start of year 0 and of year 10000.
const (
	firstSecond = -62167219200
	endSecond   = 253402300800
	daySeconds  = 24 * 60 * 60
)

// dayText is the last day that was written: most instants are in that of the one
// before.
type dayText struct {
	days uint32   // since 0000-01-01
	text [12]byte // `"2006-01-02T`; zero at first
}

func (d *dayText) set(days uint32) {
	year, month, day := civil(days)
	d.days = days
	copy(d.text[:], `"0000-00-00T`)
	put2(d.text[:], 1, year/100)
	put2(d.text[:], 3, year%100)
	put2(d.text[:], 6, month)
	put2(d.text[:], 9, day)
}

// appendTime appends t in UTC as RFC 3339 with as many digits of a second as it
// needs, in quotes. It reports false when the year has more than four digits.
func appendTime(dst []byte, t time.Time, last *dayText) ([]byte, bool) {
	sec := t.Unix()
	if sec < firstSecond || sec >= endSecond {
		return dst, false
	}
	days := uint32((sec - firstSecond) / daySeconds)
	rest := uint32((sec - firstSecond) % daySeconds)
	if days != last.days || last.text[0] == 0 {
		last.set(days)
	}
	dst = append(dst, last.text[:]...)
	dst = append(dst, "00:00:00."...)
	clock := dst[len(dst)-len("00:00:00."):]
	put2(clock, 0, rest/3600)
	put2(clock, 3, rest/60%60)
	put2(clock, 6, rest%60)
	ns := uint32(t.Nanosecond())
	if ns == 0 {
		dst[len(dst)-1] = 'Z'
		return append(dst, '"'), true
	}
	dst = append(dst, "000000000"...)
	frac := dst[len(dst)-len("000000000"):]
	put2(frac, 0, ns/1e7)
	put2(frac, 2, ns/1e5%100)
	put2(frac, 4, ns/1e3%100)
	put2(frac, 6, ns/10%100)
	frac[8] = byte('0' + ns%10)
	end := len(dst)
	for dst[end-1] == '0' {
		end--
	}
	return append(dst[:end], 'Z', '"'), true
}

// put2 writes two digits at i.
func put2(text []byte, i int, n uint32) {
	text = text[i : i+2]
	text[0], text[1] = byte('0'+n/10), byte('0'+n%10)
}

const (
	yearDays    = 365
	fourYears   = 4*yearDays + 1
	centuryDays = 25*fourYears - 1
	eraDays     = 4*centuryDays + 1 // the calendar repeats after 400 years

	// Years here begin on the first of March, so that a leap day is the
	// last of its year; this many days of year 0 are before that.
	marchFirst = 31 + 29
)

// civil turns days since 0000-01-01 into a date.
func civil(days uint32) (year, month, day uint32) {
	days += eraDays - marchFirst // since -0400-03-01, to stay above zero
	era := days / eraDays
	days %= eraDays
	century := min(days/centuryDays, 3)
	days -= century * centuryDays
	four := days / fourYears
	days -= four * fourYears
	one := min(days/yearDays, 3)
	days -= one * yearDays
	year = era*400 + century*100 + four*4 + one
	// Months from March are 31 30 31 30 31 days long, over and over.
	month = (5*days + 2) / 153
	day = days - (153*month+2)/5 + 1
	month += 3
	if month > 12 {
		month -= 12
		year++
	}
	return year - 400, month, day
}

// daysBefore is the inverse of civil.
func daysBefore(year, month, day uint32) int64 {
	year += 400
	if month <= 2 {
		year--
		month += 12
	}
	days := year*yearDays + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1
	return int64(days) - (eraDays - marchFirst)
}

// parseTime reads the time that s spells in RFC 3339. Other forms than that of
// appendTime, such as with a zone, take a slower way to the same strictness as
// encoding/json.
func parseTime(s []byte) (time.Time, error) {
	if t, ok := parseUTC(s); ok {
		return t, nil
	}
	var t time.Time
	if err := t.UnmarshalText(s); err != nil {
		return time.Time{}, err
	}
	t = t.UTC()
	if sec := t.Unix(); sec < firstSecond || sec >= endSecond {
		return time.Time{}, errYear
	}
	return t, nil
}

// parseUTC reads what appendTime writes, without the quotes.
func parseUTC(s []byte) (time.Time, bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[4] != '-' || s[7] != '-' || s[10] != 'T' ||
		s[13] != ':' || s[16] != ':' || s[len(s)-1] != 'Z' {
		return time.Time{}, false
	}
	ok := true
	two := func(i int) uint32 {
		a, b := s[i]-'0', s[i+1]-'0'
		ok = ok && a <= 9 && b <= 9
		return uint32(a)*10 + uint32(b)
	}
	year := two(0)*100 + two(2)
	month, day := two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	if !ok || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	if day > 28 && day > daysIn(year, month) {
		return time.Time{}, false
	}
	ns := int64(0)
	if frac := s[19 : len(s)-1]; len(frac) > 0 {
		if frac[0] != '.' || len(frac) < 2 || len(frac) > 10 {
			return time.Time{}, false
		}
		for i := 1; i < 10; i++ {
			ns *= 10
			if i < len(frac) {
				c := frac[i] - '0'
				if c > 9 {
					return time.Time{}, false
				}
				ns += int64(c)
			}
		}
	}
	sec := firstSecond + daysBefore(year, month, day)*daySeconds +
		int64(hour*3600+minute*60+second)
	return time.Unix(sec, ns).UTC(), true
}

func daysIn(year, month uint32) uint32 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
