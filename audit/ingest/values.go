package ingest

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"modeltrial/audit"
)

// ParseNumber reads a finite number with a decimal point. Commas are refused,
// since 1,234 is read in two ways.
func ParseNumber(text string) (float64, error) {
	text = strings.TrimSpace(text)
	if strings.ContainsAny(text, "xXpP_") {
		return 0, fmt.Errorf("%q is not a number", shorten(text))
	}
	number, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil && strings.Contains(text, ","):
		return 0, fmt.Errorf("%q has a comma; write it like 1234.56", shorten(text))
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%q is out of range", shorten(text))
	case err != nil:
		return 0, fmt.Errorf("%q is not a number", shorten(text))
	case math.IsNaN(number) || math.IsInf(number, 0):
		return 0, fmt.Errorf("%q is not a finite number", shorten(text))
	}
	return number, nil
}

// maxTokens is beyond what a request can hold, and small enough that tokens
// times a price stay exact.
const maxTokens = 50_000_000

// ParseTokens reads a number of tokens of one request, a whole number of at
// least 0.
func ParseTokens(text string) (int64, error) {
	if count, err := strconv.ParseInt(text, 10, 64); err == nil && count >= 0 && count <= maxTokens {
		return count, nil
	}
	number, err := ParseNumber(text)
	switch {
	case err != nil:
		return 0, err
	case number < 0:
		return 0, fmt.Errorf("%q is negative", shorten(text))
	case number != math.Trunc(number):
		return 0, fmt.Errorf("%q is not a whole number", shorten(text))
	case number > maxTokens:
		return 0, fmt.Errorf("%q is more than the %d tokens a request can have", shorten(text), maxTokens)
	}
	return int64(number), nil
}

// maxMilliseconds is a year.
const maxMilliseconds = 366 * 24 * 3600 * 1000

// ParseMilliseconds reads a duration in milliseconds, rounded to whole ones. A
// unit may be written, as in 840 ms or 0.842s, and hours:minutes:seconds too. A
// bare number counts in unit, which is 0 where that is not known: then it is
// refused.
func ParseMilliseconds(text string, unit time.Duration) (int64, error) {
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil && unit == time.Millisecond && whole >= 0 && whole <= maxMilliseconds {
		return whole, nil // what most logs have
	}
	text = strings.TrimSpace(text)
	number := text
	switch {
	case strings.Count(text, ":") == 2:
		return parseClock(text)
	case strings.HasSuffix(text, "ms"):
		number, unit = strings.TrimSuffix(text, "ms"), time.Millisecond
	case strings.HasSuffix(text, "s"):
		number, unit = strings.TrimSuffix(text, "s"), time.Second
	}
	value, err := ParseNumber(number)
	if err != nil {
		return 0, err
	}
	if unit == 0 {
		return 0, fmt.Errorf("%q has no unit, such as 840 ms or 0.842s", shorten(text))
	}
	return milliseconds(text, value*float64(unit/time.Millisecond))
}

func parseClock(text string) (int64, error) {
	parts := strings.Split(text, ":")
	total := 0.0
	for _, part := range parts {
		value, err := ParseNumber(part)
		if err != nil || value < 0 {
			return 0, fmt.Errorf("%q is not hours:minutes:seconds", shorten(text))
		}
		total = total*60 + value
	}
	return milliseconds(text, total*1000)
}

func milliseconds(text string, value float64) (int64, error) {
	switch {
	case value < 0:
		return 0, fmt.Errorf("%q is negative", shorten(text))
	case value > maxMilliseconds:
		return 0, fmt.Errorf("%q is longer than a year", shorten(text))
	}
	return int64(math.Round(value)), nil
}

// ParseCost reads an amount of dollars of at least 0; USD may stand after it.
func ParseCost(text string) (audit.NanoUSD, error) {
	if cost, ok := plainDollars(text); ok {
		return cost, nil
	}
	trimmed := strings.TrimSpace(text)
	trimmed = strings.TrimSpace(strings.TrimSuffix(trimmed, "USD"))
	cost, err := audit.ParseUSD(trimmed)
	if err != nil {
		return 0, err
	}
	if cost < 0 {
		return 0, fmt.Errorf("%q is negative", shorten(text))
	}
	return cost, nil
}

// plainDollars reads what most logs have, digits with at most nine decimals, which
// [audit.ParseUSD] reads with numbers of any size.
func plainDollars(text string) (audit.NanoUSD, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "" || len(whole) > 9 || len(fraction) > 9 {
		return 0, false
	}
	value := int64(0)
	for _, digits := range [...]string{whole, fraction} {
		for i := range len(digits) {
			if digits[i] < '0' || digits[i] > '9' {
				return 0, false
			}
			value = 10*value + int64(digits[i]-'0')
		}
	}
	for range 9 - len(fraction) {
		value *= 10
	}
	return audit.NanoUSD(value), true
}

// layouts are the written times that are read; a fraction of the second may
// follow each. Without an offset the time is UTC.
var layouts = []string{
	time.RFC3339,
	"2006-01-02 15:04:05",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05 UTC",
	"2006-01-02 15:04:05-07",
	"2006-01-02T15:04:05-0700",
	"2006-01-02 15:04",
	time.DateOnly,
	"2006-01-02 15:04:05 -0700",
	"2006-01-02 15:04:05 -0700 MST",
	"02.01.2006 15:04:05",
	"02.01.2006 15:04",
	"02.01.2006",
	"2.1.2006 15:04:05",
	"2.1.2006 15:04",
	"2.1.2006",
	"2006/01/02 15:04:05",
	"2006/01/02 15:04",
	"2006/01/02",
	"2006-01",
	"2 Jan 2006 15:04:05",
	"2 Jan 2006 15:04",
	"2 Jan 2006",
	"Jan 2, 2006 15:04:05",
	"Jan 2, 2006 15:04",
	"Jan 2, 2006 3:04 PM",
	"Jan 2, 2006",
	time.RFC1123Z,
	time.RFC1123,
}

// ParseTime reads a time as UTC: RFC 3339, 2006-01-02 15:04:05 with or without a
// fraction and an offset, a date alone, 24.11.2026 09:00, or the seconds,
// milliseconds, micro- or nanoseconds since 1970, told apart by their size.
// Dates with slashes are refused, since they are read in two ways.
func ParseTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if mayBeNumber(text) {
		if epoch, err := ParseNumber(text); err == nil {
			return parseEpoch(text, epoch)
		}
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return inRange(text, t.UTC())
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write it like 2026-11-02T09:00:00Z", shorten(text))
}

// mayBeNumber says no of all but a few texts that [ParseNumber] refuses, for less than
// its error takes.
func mayBeNumber(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9', c == '.', c == 'e', c == 'E':
		case (c == '-' || c == '+') && (i == 0 || text[i-1] == 'e' || text[i-1] == 'E'):
		default:
			return false
		}
	}
	return true
}

func parseEpoch(text string, epoch float64) (time.Time, error) {
	var unit float64 // of epoch, in nanoseconds
	switch {
	case epoch < 1e8: // 1973 in seconds: a day number of a spreadsheet, or a year
		return time.Time{}, fmt.Errorf("%q is not a time since 1970; write it like 2026-11-02T09:00:00Z", shorten(text))
	case epoch < 1e11:
		unit = 1e9
	case epoch < 1e14:
		unit = 1e6
	case epoch < 1e17:
		unit = 1e3
	case epoch < 1e19:
		unit = 1
	default:
		return time.Time{}, fmt.Errorf("%q is no time since 1970", shorten(text))
	}
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		perSecond := int64(1e9 / unit)
		return inRange(text, time.Unix(whole/perSecond, whole%perSecond*int64(unit)).UTC())
	}
	seconds, fraction := math.Modf(epoch * unit / 1e9)
	return inRange(text, time.Unix(int64(seconds), int64(fraction*1e6)*1000).UTC())
}

func inRange(text string, t time.Time) (time.Time, error) {
	if t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}, fmt.Errorf("%q is not between the years 1970 and 2200", shorten(text))
	}
	return t, nil
}
