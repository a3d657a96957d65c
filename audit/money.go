package audit

import (
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// NanoUSD is an amount of money in integer nano-dollars: 1 USD is
// 1,000,000,000. Sums of it are exact, which sums of floating point are not.
type NanoUSD int64

// USD is one dollar in nano-dollars.
const USD NanoUSD = 1_000_000_000

// errMoney is what every failed [ParseUSD] wraps.
var errMoney = errors.New("not an amount in dollars")

// ParseUSD reads a decimal number of dollars such as "0.00031", "$1.20" or
// "3.1e-4" exactly, rounding half away from zero beyond nine decimals. It
// returns an error for anything that is not a finite number in range.
func ParseUSD(text string) (NanoUSD, error) {
	trimmed := strings.TrimSpace(text)
	dollars, err := parseDecimal(strings.TrimSpace(strings.TrimPrefix(trimmed, "$")))
	if err != nil {
		return 0, fmt.Errorf("%q: %w", shorten(text), err)
	}
	return nanoFromRat(dollars)
}

// parseDecimal reads a decimal number exactly.
func parseDecimal(text string) (*big.Rat, error) {
	if text == "" || len(text) > 64 || strings.ContainsAny(text, "/_xXpPbBoO") {
		return nil, fmt.Errorf("%w, write it like 0.0031", errMoney)
	}
	// big.Rat would build 1e999999999 in full, so the exponent is bounded first.
	if at := strings.IndexAny(text, "eE"); at >= 0 && len(text)-at > 5 {
		return nil, fmt.Errorf("%w in range", errMoney)
	}
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, fmt.Errorf("%w, write it like 0.0031", errMoney)
	}
	return number, nil
}

func nanoFromRat(dollars *big.Rat) (NanoUSD, error) {
	scaled := new(big.Rat).Mul(dollars, big.NewRat(int64(USD), 1))
	nano, ok := new(big.Int).SetString(scaled.FloatString(0), 10)
	if !ok || !nano.IsInt64() {
		return 0, fmt.Errorf("%w in range", errMoney)
	}
	return NanoUSD(nano.Int64()), nil
}

// Dollars gives the amount in dollars, for display and for JSON's *_usd fields.
func (n NanoUSD) Dollars() float64 { return float64(n) / float64(USD) }

// String writes the amount exactly, as "1.23 USD" with as many decimals as it
// needs and at least two.
func (n NanoUSD) String() string {
	sign, rest := "", uint64(n)
	if n < 0 {
		sign, rest = "-", uint64(-n)
	}
	decimals := fmt.Sprintf("%09d", rest%uint64(USD))
	decimals = strings.TrimRight(decimals, "0")
	for len(decimals) < 2 {
		decimals += "0"
	}
	return fmt.Sprintf("%s%d.%s USD", sign, rest/uint64(USD), decimals)
}

// shorten keeps a quoted piece of somebody's input readable in a message.
func shorten(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
