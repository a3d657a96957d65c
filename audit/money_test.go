package audit

import (
	"math"
	"math/big"
	"strings"
	"testing"
)

func TestParseUSD(t *testing.T) {
	t.Parallel()
	cases := []struct {
		text string
		want NanoUSD
	}{
		{"0", 0},
		{"1", USD},
		{"$1.20", 1_200_000_000},
		{"$ 1.20", 1_200_000_000},
		{" 0.00031 ", 310_000},
		{"3.1e-4", 310_000},
		{"1E2", 100 * USD},
		{".5", 500_000_000},
		{"-2.5", -2_500_000_000},
		{"0.1", 100_000_000},
		{"0.0000000005", 1}, // half a nano-dollar, away from zero
		{"-0.0000000005", -1},
		{"0.00000000049", 0},
		{"9223372036.854775807", math.MaxInt64},
		{"-9223372036.854775808", math.MinInt64},
	}
	for _, c := range cases {
		got, err := ParseUSD(c.text)
		if err != nil || got != c.want {
			t.Errorf("ParseUSD(%q) = %d, %v; want %d", c.text, got, err, c.want)
		}
	}
}

func TestParseUSDRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "$", "lots", "1,5", "1/2", "0x10", "0b1", "1_000", "NaN", "Inf", "-inf", "1e99999", "1e-99999", "€5", "1.2.3", "--1",
		"9223372036.854775808", "1e300", strings.Repeat("9", 65),
	} {
		if got, err := ParseUSD(text); err == nil {
			t.Errorf("ParseUSD(%q) = %d, want an error", text, got)
		}
	}
}

func TestNanoUSDString(t *testing.T) {
	t.Parallel()
	for amount, want := range map[NanoUSD]string{
		0: "0.00 USD", USD: "1.00 USD", 1_230_000_000: "1.23 USD", 1: "0.000000001 USD", -1_500_000_000: "-1.50 USD",
		math.MaxInt64: "9223372036.854775807 USD", math.MinInt64: "-9223372036.854775808 USD",
	} {
		if got := amount.String(); got != want {
			t.Errorf("%d is %q, want %q", int64(amount), got, want)
		}
	}
}

// FuzzParseUSD checks that an amount that is taken is within half a nano-dollar
// of the text, and that what String writes is read as the same amount.
func FuzzParseUSD(f *testing.F) {
	for _, seed := range []string{"1.20", "$0.1", "3.1e-4", "-0.0000000005", "9223372036.854775807", "1e9999", "1/3", "0x1p-2", "+.5e+3"} {
		f.Add(seed)
	}
	half := big.NewRat(1, 2*int64(USD))
	f.Fuzz(func(t *testing.T, text string) {
		amount, err := ParseUSD(text)
		if err != nil {
			return
		}
		number := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "$"))
		exact, ok := new(big.Rat).SetString(number)
		if !ok {
			t.Fatalf("%q was taken as %d and is no number", text, amount)
		}
		off := new(big.Rat).Sub(exact, big.NewRat(int64(amount), int64(USD)))
		if off.Abs(off).Cmp(half) > 0 {
			t.Fatalf("%q was read as %s", text, amount)
		}
		again, err := ParseUSD(strings.TrimSuffix(amount.String(), " USD"))
		if err != nil || again != amount {
			t.Fatalf("%s is read as %s, %v", amount, again, err)
		}
	})
}
