package ingest

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dateParts are those of a date whose year stands last, and the time of day after it.
type dateParts struct {
	first, second, year int
	mark                byte // what divides them
	rest                string
}

var datePattern = regexp.MustCompile(`^(\d{1,2})([/.-])(\d{1,2})([/.-])(\d{4}|\d{2})(?:[ T,]+(.*))?$`)

// cutDate takes such a date apart.
func cutDate(text string) (dateParts, bool) {
	found := datePattern.FindStringSubmatch(strings.TrimSpace(text))
	if found == nil || found[2] != found[4] {
		return dateParts{}, false
	}
	first, _ := strconv.Atoi(found[1]) // digits, by the pattern
	second, _ := strconv.Atoi(found[3])
	year, _ := strconv.Atoi(found[5])
	if len(found[5]) == 2 {
		year += 2000
	}
	return dateParts{first, second, year, found[2][0], strings.TrimSpace(found[6])}, true
}

// clocks are the times of day that may follow a date.
var clocks = []string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM", "3:04:05PM", "3:04PM", "3 PM", "15:04:05Z07:00", "15:04:05 Z07:00", "15:04:05 MST"}

// time reads a time as the column is read.
func (r *reading) time(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if r == nil {
		return ParseTime(text)
	}
	if r.layout != "" {
		t, err := time.Parse(r.layout, text)
		if err != nil {
			return t, fmt.Errorf("%q is not a time in the form that --date-format gives", shorten(text))
		}
		return inRange(text, t.UTC())
	}
	switch r.dates {
	case dayFirst, monthFirst:
		if date, ok := cutDate(text); ok {
			return date.time(text, r.dates == dayFirst || date.mark == '.')
		}
	case serialDate, serialDate1904:
		if days, err := ParseNumber(text); err == nil && days >= 1 && days < lastSerial {
			return fromSerial(text, days, r.dates == serialDate1904)
		}
	}
	return ParseTime(text)
}

func (d dateParts) time(text string, dayFirst bool) (time.Time, error) {
	day, month := d.first, d.second
	if !dayFirst {
		day, month = d.second, d.first
	}
	date := time.Date(d.year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if month < 1 || month > 12 || date.Day() != day {
		order := "month first"
		if dayFirst {
			order = "day first"
		}
		return date, fmt.Errorf("%q is no date %s, as the column is read", shorten(text), order)
	}
	if d.rest == "" {
		return inRange(text, date)
	}
	for _, layout := range clocks {
		if clock, err := time.Parse(layout, strings.ToUpper(d.rest)); err == nil {
			t := time.Date(d.year, time.Month(month), day, clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), clock.Location())
			return inRange(text, t.UTC())
		}
	}
	return date, fmt.Errorf("%q is no time of day", shorten(d.rest))
}

// fromSerial reads Excel's count of days, whose fraction is the time of day, to the
// millisecond.
func fromSerial(text string, days float64, from1904 bool) (time.Time, error) {
	start := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if from1904 {
		start = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	whole, fraction := math.Modf(days)
	milliseconds := time.Duration(math.Round(fraction * 24 * 3600 * 1000))
	return inRange(text, start.AddDate(0, 0, int(whole)).Add(milliseconds*time.Millisecond))
}

// parseDateFormat reads --date-format: dmy, mdy, excel, or a form such as
// DD/MM/YYYY HH:mm:ss. Empty is none.
func parseDateFormat(said string) (dateOrder, string, error) {
	switch strings.ToLower(said) {
	case "":
		return standardDate, "", nil
	case "dmy":
		return dayFirst, "", nil
	case "mdy":
		return monthFirst, "", nil
	case "excel":
		return serialDate, "", nil
	}
	layout := said
	for _, part := range [...][2]string{
		{"YYYY", "2006"}, {"YY", "06"}, {"MMM", "Jan"}, {"MM", "01"}, {"DD", "02"}, {"HH", "15"}, {"hh", "03"}, {"mm", "04"}, {"ss", "05"}, {"Z", "Z07:00"},
	} {
		layout = strings.ReplaceAll(layout, part[0], part[1])
	}
	if layout == said || !strings.Contains(layout, "06") || !strings.Contains(layout, "02") {
		return standardDate, "", fmt.Errorf("--date-format %q is not known; write dmy, mdy, excel, or a form such as DD/MM/YYYY HH:mm:ss", said)
	}
	return standardDate, layout, nil
}

// CheckDateFormat says what is wrong with a --date-format.
func CheckDateFormat(said string) error {
	_, _, err := parseDateFormat(said)
	return err
}
