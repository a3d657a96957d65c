package ingest

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"modeltrial/audit"
)

// A reading is how the values of one column are read, decided from all that was seen
// of the column: "1,234" alone is read in two ways.
type reading struct {
	comma    bool          // a comma divides the fraction, as in 1.234,56
	dates    dateOrder     // of dates whose parts stand in an order of their own
	layout   string        // of times, where --date-format gives one
	unit     time.Duration // of durations without one
	currency string        // that the column's name says, empty for US dollars
}

// A dateOrder is the order in which a date is written.
type dateOrder int

const (
	standardDate dateOrder = iota
	dayFirst
	monthFirst
	serialDate     // days since 1899-12-30, as Excel counts
	serialDate1904 // days since 1904-01-01, as some workbooks count
)

// Rates are what one unit of a currency is worth in US dollars, by its code.
type Rates map[string]*big.Rat

// ParseRate reads EUR=1.08.
func ParseRate(text string) (currency string, rate *big.Rat, err error) {
	currency, value, ok := strings.Cut(text, "=")
	currency = strings.ToUpper(strings.TrimSpace(currency))
	if !ok || len(currency) != 3 || strings.ContainsFunc(currency, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return "", nil, fmt.Errorf("%q: write the worth of a currency in US dollars like EUR=1.08", text)
	}
	rate, ok = new(big.Rat).SetString(boundedDecimal(strings.TrimSpace(value)))
	if !ok || rate.Sign() <= 0 {
		return "", nil, fmt.Errorf("%q: %q is no rate; write it like EUR=1.08", text, value)
	}
	return currency, rate, nil
}

// symbols are the currencies that signs stand for, where that is beyond doubt.
var symbols = map[string]string{"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₽": "RUB", "CHF": "CHF", "kr": "", "¥": "", "zł": "PLN"}

// codes are the currencies that a column's name may end in.
var codes = []string{
	"USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "BRL", "MXN", "ZAR",
	"SGD", "HKD", "KRW", "TRY", "ILS", "RUB", "AED", "RON",
}

// cutCurrency parts an amount from the sign or code of its currency, which stands
// before or after it. The currency is empty where none is written.
func cutCurrency(text string) (amount, currency string) {
	text = strings.TrimFunc(text, isSpace)
	number := func(r rune) bool { return unicode.IsDigit(r) || r == '-' || r == '+' || r == '.' || r == ',' }
	start := strings.IndexFunc(text, number)
	if start < 0 {
		return text, ""
	}
	end := strings.LastIndexFunc(text, number) + 1
	before, after := strings.TrimFunc(text[:start], isSpace), strings.TrimFunc(text[end:], isSpace)
	if before == "" && after == "" || (before != "" && after != "") {
		return text, ""
	}
	sign := before + after
	if code, ok := symbols[sign]; ok && code != "" {
		return text[start:end], code
	}
	if upper := strings.ToUpper(sign); slices.Contains(codes, upper) {
		return text[start:end], upper
	}
	return text, ""
}

func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\u00a0' || r == '\u202f' }

// headerCurrency is the currency that a column's name says, such as cost_eur or
// "Kosten (€)"; empty for none.
func headerCurrency(header string) string {
	for _, sign := range []string{"€", "£", "₹"} {
		if strings.Contains(header, sign) {
			return symbols[sign]
		}
	}
	for word := range strings.SplitSeq(normalize(header), "_") {
		if code := strings.ToUpper(word); slices.Contains(codes, code) && code != "USD" && code != "TRY" {
			return code
		}
	}
	return ""
}

// withoutCurrency is a normalized header without the currency that it says.
func withoutCurrency(normal string) string {
	words := strings.Split(normal, "_")
	kept := slices.DeleteFunc(words, func(word string) bool {
		code := strings.ToUpper(word)
		return slices.Contains(codes, code) && code != "USD" && code != "TRY"
	})
	return strings.Join(kept, "_")
}

// plain is a number as [ParseNumber] takes it: without what divides thousands, and
// with a point before the fraction.
func (r *reading) plain(text string) string {
	if isPlain(text) && (r == nil || !r.comma) {
		return text
	}
	text = strings.Map(func(c rune) rune {
		if isSpace(c) || c == '\'' || c == '’' {
			return -1
		}
		return c
	}, text)
	thousands, fraction := ",", "."
	if r != nil && r.comma {
		thousands, fraction = ".", ","
	}
	end := strings.LastIndexAny(text, "0123456789.,") + 1
	number, unit := text[:end], text[end:]
	whole, rest, divided := strings.Cut(number, fraction)
	if strings.Contains(whole, thousands) {
		if !isGrouped(whole, thousands) {
			return text // is refused
		}
		whole = strings.ReplaceAll(whole, thousands, "")
	}
	if !divided {
		return whole + unit
	}
	return whole + "." + rest + unit
}

// isPlain says that text has nothing of a spreadsheet in it.
func isPlain(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// isGrouped says whether every group of digits after the first has three.
func isGrouped(whole, thousands string) bool {
	groups := strings.Split(strings.TrimLeft(whole, "+-"), thousands)
	for i, group := range groups {
		if (i > 0 && len(group) != 3) || (i == 0 && (len(group) == 0 || len(group) > 3)) || strings.Trim(group, "0123456789") != "" {
			return false
		}
	}
	return true
}

// A separator is what the fraction of a number is divided by, as far as one value
// tells.
type separator int

const (
	noSeparator separator = iota
	aPoint
	aComma
	eitherComma // 1,234
	eitherPoint // 1.234
)

// separatorOf looks at one value.
func separatorOf(text string) separator {
	text, _ = cutCurrency(text)
	text = strings.TrimLeft(strings.TrimSuffix(strings.TrimSuffix(strings.TrimFunc(text, isSpace), "ms"), "s"), "+-")
	comma, point := strings.Count(text, ","), strings.Count(text, ".")
	switch {
	case comma > 0 && point > 0 && strings.LastIndexByte(text, ',') > strings.LastIndexByte(text, '.'):
		return aComma
	case comma > 0 && point > 0:
		return aPoint
	case comma > 1 && isGrouped(text, ","):
		return aPoint
	case point > 1 && isGrouped(text, "."):
		return aComma
	case comma == 1:
		return oneSeparator(text, ",", aComma, eitherComma)
	case point == 1:
		return oneSeparator(text, ".", aPoint, eitherPoint)
	}
	return noSeparator
}

// oneSeparator tells 0,5 and 12,34 from 1,234, which may have a group of thousands.
func oneSeparator(text, mark string, fraction, either separator) separator {
	whole, _, _ := strings.Cut(strings.TrimFunc(text, isSpace), mark)
	if isGrouped(strings.TrimFunc(text, isSpace), mark) && whole != "0" && !strings.HasPrefix(whole, "0") {
		return either
	}
	return fraction
}

// A sample is what was seen of a column.
type sample struct {
	values  int
	example map[separator]string
	counts  map[separator]int
	zeros   int // values of eitherPoint whose fraction is nothing

	dates    map[dateOrder]int // dates that fit one order only
	anyDates int               // dates that fit both
	date     string            // one of those
	serials  int

	bare, whole int // durations without a unit, and those of them that are whole
	large       int // of the bare ones, beyond 100
	small       int // of the bare ones, below 20
}

func newSample() *sample {
	return &sample{example: map[separator]string{}, counts: map[separator]int{}, dates: map[dateOrder]int{}}
}

func (s *sample) number(text string) {
	s.values++
	found := separatorOf(text)
	s.counts[found]++
	if s.example[found] == "" {
		s.example[found] = text
	}
	if found == eitherPoint && strings.HasSuffix(strings.TrimFunc(text, isSpace), ".000") {
		s.zeros++
	}
}

func (s *sample) time(text string) {
	s.values++
	if date, ok := cutDate(text); ok && date.mark != '.' {
		switch {
		case date.first > 12:
			s.dates[dayFirst]++
		case date.second > 12:
			s.dates[monthFirst]++
		default:
			s.anyDates++
			s.date = text
		}
		return
	}
	if days, err := ParseNumber(text); err == nil && days >= firstSerial && days < lastSerial {
		s.serials++
	}
}

// Serial dates of Excel are told from years and seconds by their size: from 1982 to
// 2173.
const (
	firstSerial = 30_000
	lastSerial  = 100_000
)

func (s *sample) duration(text string, reading *reading) {
	value, err := ParseNumber(reading.plain(text))
	if err != nil {
		return
	}
	s.bare++
	if value == float64(int64(value)) {
		s.whole++
	}
	if value >= 100 {
		s.large++
	}
	if value < 20 {
		s.small++
	}
}

// undecided says whether more of the column may decide what is still open.
func (s *sample) undecided() bool {
	return s.anyDates > 0 && s.dates[dayFirst]+s.dates[monthFirst] == 0
}

// Fields by what they hold, as far as there is more than one way to write it.
var (
	numberFields   = []string{"cost_usd", "latency_ms", "latency_s", "latency", "ttft_ms", "ttft_s", "ttft"}
	wholeFields    = []string{"input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "requests"}
	timeFields     = []string{"timestamp", "start"}
	durationFields = []string{"latency", "ttft"}
)

// enoughRows is how many rows decide how columns are read, where they do.
const enoughRows = 2000

// A readings is how a table's columns are read.
type readings struct {
	byField map[string]*reading
	notes   []string
}

// decide reads the beginning of a table, or more where the beginning leaves two ways
// open, and settles how each column is read. Where two ways still fit it asks.
func decide(table *Table, file File) (*readings, error) {
	samples := map[string]*sample{}
	see := func(row *Row, fields []string, look func(*sample, string)) {
		for _, field := range fields {
			text := row.Get(field)
			if text == "" {
				continue
			}
			if samples[field] == nil {
				samples[field] = newSample()
			}
			look(samples[field], text)
		}
	}
	decided := &readings{byField: map[string]*reading{}}
	if table.translator != nil {
		table.translator.looking = true
	}
	var bare []map[string]string // durations, once it is known how numbers are read
	size := 0
	for rows := 0; (rows < enoughRows && size < enoughBytes) || (file.DateFormat == "" && anyUndecided(samples)); rows++ {
		row, err := table.Next()
		for _, value := range row.Raw {
			size += len(value)
		}
		if err == io.EOF {
			break
		}
		if _, bad := asRowError(err); bad {
			continue
		}
		if err != nil {
			return nil, err
		}
		see(&row, numberFields, (*sample).number)
		see(&row, wholeFields, (*sample).number)
		see(&row, timeFields, (*sample).time)
		if rows < enoughRows {
			durations := map[string]string{}
			for _, field := range durationFields {
				if text := row.Get(field); text != "" {
					durations[field] = text
				}
			}
			if len(durations) > 0 {
				bare = append(bare, durations)
			}
		}
	}
	mapped := table.Mapped()
	if err := decided.numbers(samples, mapped, file.Decimal); err != nil {
		return nil, fmt.Errorf("%s: %w", table.name, err)
	}
	for _, durations := range bare {
		for field, text := range durations {
			samples[field].duration(text, decided.byField[field])
		}
	}
	if err := decided.times(samples, mapped, file.DateFormat, table.date1904); err != nil {
		return nil, fmt.Errorf("%s: %w", table.name, err)
	}
	if err := decided.durations(samples, mapped); err != nil {
		return nil, fmt.Errorf("%s: %w", table.name, err)
	}
	if currency := headerCurrency(mapped["cost_usd"]); currency != "" && table.translator == nil {
		decided.of("cost_usd").currency = currency
		decided.note("the amounts in %q are taken as %s", mapped["cost_usd"], currency)
	}
	return decided, nil
}

func anyUndecided(samples map[string]*sample) bool {
	for _, s := range samples {
		if s.undecided() {
			return true
		}
	}
	return false
}

func (d *readings) of(field string) *reading {
	if d.byField[field] == nil {
		d.byField[field] = &reading{}
	}
	return d.byField[field]
}

func (d *readings) note(format string, arguments ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, arguments...))
}

// numbers settles what divides fractions in each column: the column itself, then the
// other columns of the file, then what programs write.
func (d *readings) numbers(samples map[string]*sample, mapped map[string]string, said string) error {
	points, commas := 0, 0
	open := []string{}
	for _, field := range slices.Sorted(maps.Keys(samples)) {
		s := samples[field]
		whole := slices.Contains(wholeFields, field)
		if !whole && !slices.Contains(numberFields, field) {
			continue
		}
		point, comma := s.counts[aPoint], s.counts[aComma]
		if whole { // a group of thousands, since there are no fractions
			point += s.counts[eitherComma]
			if s.zeros < s.counts[eitherPoint] {
				comma += s.counts[eitherPoint]
			}
		}
		switch {
		case said != "":
			d.of(field).comma = said == "comma"
		case point > comma:
			points++
		case comma > 0:
			commas++
			d.of(field).comma = true
			d.note("%s: %q in %q is read with a decimal comma", field, cmp.Or(s.example[aComma], s.example[eitherPoint]), mapped[field])
		case s.counts[eitherComma]+s.counts[eitherPoint] > 0:
			open = append(open, field)
		}
	}
	for _, field := range open {
		s := samples[field]
		switch {
		case commas > 0 && points == 0:
			d.of(field).comma = true
			d.note("%s: %q in %q is read with a decimal comma, as the file's other numbers are", field, cmp.Or(s.example[eitherComma], s.example[eitherPoint]), mapped[field])
		case points > 0 && commas == 0, s.counts[eitherComma] == 0 && commas == 0:
			if s.counts[eitherComma] > 0 {
				d.note("%s: the comma in %q in %q is taken for thousands, as in the file's other numbers", field, s.example[eitherComma], mapped[field])
			}
		default:
			text := cmp.Or(s.example[eitherComma], s.example[eitherPoint])
			return fmt.Errorf("%s: %q in the column %q can be read with a decimal comma or a decimal point; say which with --decimal comma or --decimal point", field, text, mapped[field])
		}
	}
	return nil
}

// times settles the order of day and month, and what bare numbers are.
func (d *readings) times(samples map[string]*sample, mapped map[string]string, said string, from1904 bool) error {
	for _, field := range timeFields {
		s := samples[field]
		if s == nil {
			continue
		}
		switch order, layout, err := parseDateFormat(said); {
		case err != nil:
			return err
		case said != "":
			d.of(field).dates, d.of(field).layout = order, layout
			if order == serialDate && from1904 {
				d.of(field).dates = serialDate1904
			}
		case s.anyDates+s.dates[dayFirst]+s.dates[monthFirst] > 0:
			day, month := s.dates[dayFirst], s.dates[monthFirst]
			if day == 0 && month == 0 {
				return fmt.Errorf("%s: %q in the column %q can be read day first or month first; say which with --date-format dmy or --date-format mdy", field, s.date, mapped[field])
			}
			d.of(field).dates = monthFirst
			if day >= month {
				d.of(field).dates = dayFirst
			}
			d.note("%s: dates in %q are read %s", field, mapped[field], map[dateOrder]string{dayFirst: "day first", monthFirst: "month first"}[d.of(field).dates])
		case s.serials > 0 && s.serials == s.values:
			d.of(field).dates = serialDate
			if from1904 {
				d.of(field).dates = serialDate1904
			}
			d.note("%s: the numbers in %q are read as Excel's dates", field, mapped[field])
		}
	}
	return nil
}

// durations settles the unit of numbers without one, where their size leaves no
// doubt: no model answers in 20 ms, and few take 100 s.
func (d *readings) durations(samples map[string]*sample, mapped map[string]string) error {
	for _, field := range durationFields {
		s := samples[field]
		if s == nil || s.bare == 0 || 2*s.bare < s.values {
			continue // rows without a unit are told one by one
		}
		switch {
		case s.whole == s.bare && 2*s.large > s.bare:
			d.of(field).unit = time.Millisecond
			d.note("%s: numbers in %q are taken as milliseconds, by their size", field, mapped[field])
		case s.whole < s.bare && 2*s.small > s.bare && s.large == 0:
			d.of(field).unit = time.Second
			d.note("%s: numbers in %q are taken as seconds, by their size", field, mapped[field])
		default:
			return fmt.Errorf("%s: the numbers in the column %q have no unit; say it with --map %s_ms=%q or --map %s_s=%q", field, mapped[field], field, mapped[field], field, mapped[field])
		}
	}
	return nil
}

// reading is how a field of this row is read.
func (r *Row) reading(field string) *reading {
	if r.table == nil || r.table.readings == nil {
		return nil
	}
	return r.table.readings.byField[field]
}

// number is the text of a field's number as [ParseNumber] takes it.
func (r *Row) number(field string) string {
	text := r.Get(field)
	if text == "" || isPlain(text) && r.table.readings == nil {
		return text
	}
	return r.reading(field).plain(text)
}

// time reads a field's time; the zero time where it is empty.
func (r *Row) time(field string) (time.Time, error) {
	text := r.Get(field)
	if strings.TrimSpace(text) == "" {
		return time.Time{}, nil
	}
	t, err := r.reading(field).time(text)
	if err != nil {
		return t, r.Reject(field, err.Error(), "")
	}
	return t, nil
}

// cost reads a field's amount of money in US dollars; nil where it is empty, or in a
// currency of which no rate is given.
func (r *Row) cost(field string) (*audit.NanoUSD, error) {
	text := r.Get(field)
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	amount, currency := cutCurrency(text)
	reading := r.reading(field)
	if currency == "" && reading != nil {
		currency = reading.currency
	}
	if currency == "" {
		currency = strings.ToUpper(strings.TrimSpace(r.Get("currency")))
	}
	cost, err := ParseCost(reading.plain(amount))
	if err != nil {
		return nil, r.Reject(field, err.Error(), "give it in US dollars, or leave it empty")
	}
	if currency == "" || currency == "USD" || currency == "US DOLLAR" {
		return (*audit.NanoUSD)(r.table.numbers.keep(int64(cost))), nil
	}
	rate, ok := r.table.rates[currency]
	if !ok {
		if r.table.unrated == nil {
			r.table.unrated = map[string]int{}
		}
		r.table.unrated[currency]++
		return nil, nil
	}
	converted, err := inDollars(cost, rate)
	if err != nil {
		return nil, r.Reject(field, err.Error(), "give it in US dollars, or leave it empty")
	}
	return &converted, nil
}

// inDollars converts an amount, rounded to the nano-dollar.
func inDollars(amount audit.NanoUSD, rate *big.Rat) (audit.NanoUSD, error) {
	product := new(big.Rat).Mul(new(big.Rat).SetInt64(int64(amount)), rate)
	nano, err := strconv.ParseInt(product.FloatString(0), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is out of range in US dollars", product.FloatString(0))
	}
	return audit.NanoUSD(nano), nil
}
