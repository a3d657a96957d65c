package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"modeltrial/eval"
)

// thinSpace separates thousands and never breaks a line.
const thinSpace = "\u202f"

// manyTasks is the number of tasks from which on a rate is worth a decimal.
const manyTasks = 2000

// unknown stands where there is no number, in every document.
const unknown = "–"

// Count writes a whole number with a thin space between thousands.
func Count(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	return sign + group(digits)
}

// group puts a thin space before every third digit from the right.
func group(digits string) string {
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(thinSpace)
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// Rate writes a share from 0 to 1 as whole per cent, with one decimal where it
// rests on more than 2,000 observations.
func Rate(share float64, n int) string {
	if !finite(share) {
		return unknown
	}
	return rateDigits(share, n) + "%"
}

func rateDigits(share float64, n int) string {
	decimals := 0
	if n > manyTasks {
		decimals = 1
	}
	return minus(strconv.FormatFloat(share*100, 'f', decimals, 64))
}

// Money writes dollars to three significant digits with the currency.
func Money(dollars float64) string {
	if !finite(dollars) {
		return unknown
	}
	return amount(dollars) + " USD"
}

// optionalMoney is Money, or a dash for what is not known.
func optionalMoney(dollars *float64) string {
	if dollars == nil {
		return unknown
	}
	return Money(*dollars)
}

// optionalAmount is amount, or a dash for what is not known.
func optionalAmount(dollars *float64) string {
	if dollars == nil {
		return unknown
	}
	return amount(*dollars)
}

// amount is Money without the currency.
func amount(dollars float64) string {
	if dollars == 0 {
		return "0"
	}
	// Rounding first, so that 999.6 becomes 1 000 and not 1000 in three digits.
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(math.Abs(dollars), 'e', 2, 64), 64)
	if err != nil {
		return unknown
	}
	decimals := min(max(0, 2-int(math.Floor(math.Log10(rounded)))), 9)
	text := strconv.FormatFloat(rounded, 'f', decimals, 64)
	whole, fraction, found := strings.Cut(text, ".")
	text = group(whole)
	if found {
		text += "." + fraction
	}
	if dollars < 0 {
		text = "−" + text
	}
	return text
}

// Milliseconds writes a time as "840 ms", "1.2 s" or "2.5 min".
func Milliseconds(ms float64) string {
	switch {
	case !finite(ms):
		return unknown
	case math.Abs(ms) < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	case math.Abs(ms) < 99_950:
		return fmt.Sprintf("%.1f s", ms/1000)
	default:
		return fmt.Sprintf("%.1f min", ms/60_000)
	}
}

// Times writes a ratio as "0.73×".
func Times(ratio float64) string {
	if !finite(ratio) {
		return unknown
	}
	return strconv.FormatFloat(ratio, 'f', 2, 64) + "×"
}

// WinRate writes a win rate with its fixed-sample interval in brackets and the
// always-valid one in parentheses: "61%  [54, 68] (51–70)". n is the number of
// tasks.
func WinRate(fixed, valid *eval.Interval, n int) string {
	if fixed == nil {
		return unknown
	}
	text := fmt.Sprintf("%s  [%s, %s]", Rate(fixed.Estimate, n), rateDigits(fixed.Low, n), rateDigits(fixed.High, n))
	if valid != nil {
		text += fmt.Sprintf(" (%s–%s)", rateDigits(valid.Low, n), rateDigits(valid.High, n))
	}
	return text
}

// rateRange is "54–68%".
func rateRange(i *eval.Interval, n int) string {
	if i == nil {
		return unknown
	}
	return rateDigits(i.Low, n) + "–" + rateDigits(i.High, n) + "%"
}

// ratioText is "0.73× [0.66, 0.81]".
func ratioText(i *eval.Interval) string {
	if i == nil {
		return unknown
	}
	return fmt.Sprintf("%s [%.2f, %.2f]", Times(i.Estimate), i.Low, i.High)
}

// moneyRange is "900 to 1 560 USD".
func moneyRange(i *eval.Interval) string {
	if i == nil {
		return unknown
	}
	return amount(i.Low) + " to " + amount(i.High) + " USD"
}

// shortHash is the beginning of a hash, enough to compare by eye.
func shortHash(hash string) string {
	const most = 12
	if len(hash) <= most {
		return hash
	}
	return hash[:most] + "…"
}

// day is a date, or a dash where unknown.
func day(t time.Time) string {
	if t.IsZero() {
		return unknown
	}
	return t.UTC().Format(time.DateOnly)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// minus makes a hyphen before a number a minus sign, and drops it before a zero.
func minus(number string) string {
	if !strings.HasPrefix(number, "-") {
		return number
	}
	if strings.Trim(number, "-0.") == "" {
		return number[1:]
	}
	return "−" + number[1:]
}

// counted is "1 judge" or "3 judges".
func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + more
}
