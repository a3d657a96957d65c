package ingest

import (
	"strings"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for _, text := range []string{
		"2026-11-02T09:00:00Z", "2026-11-02T10:00:00+01:00", "2026-11-02T09:00:00", "2026-11-02 09:00:00", "2026-11-02 09:00",
		"2026-11-02 10:00:00+01:00", "2026-11-02 09:00:00+00", "2026-11-02 09:00:00 UTC", "02.11.2026 09:00", " 2026-11-02 09:00:00.000000 ",
		"1793610000", "1793610000000", "1793610000000000", "1793610000000000000", "1793610000.0",
	} {
		if got, err := ParseTime(text); err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("ParseTime(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	if got, err := ParseTime("2026-11-02 09:00:00.123456"); err != nil || got.Nanosecond() != 123456000 {
		t.Errorf("microseconds: got %v, %v", got, err)
	}
	if got, err := ParseTime("1793610000123"); err != nil || got.Nanosecond() != 123_000_000 {
		t.Errorf("epoch milliseconds: got %v, %v", got, err)
	}
	if got, err := ParseTime("2026-11-02"); err != nil || !got.Equal(want.Truncate(24*time.Hour)) {
		t.Errorf("a date: got %v, %v", got, err)
	}
	for _, text := range []string{"11/02/2026", "soon", "46328.375", "2026", "-5", "1e30", "NaN", "0001-01-01", "9999-01-01T00:00:00Z", "2026-13-01"} {
		if got, err := ParseTime(text); err == nil {
			t.Errorf("ParseTime(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseMilliseconds(t *testing.T) {
	t.Parallel()
	cases := []struct {
		text string
		unit time.Duration
		want int64
		fail string
	}{
		{"840", time.Millisecond, 840, ""},
		{"840.6", time.Millisecond, 841, ""},
		{"0.842", time.Second, 842, ""},
		{"0.842s", 0, 842, ""},
		{"840 ms", 0, 840, ""},
		{"840ms", time.Second, 840, ""},
		{"2 s", time.Millisecond, 2000, ""},
		{"00:00:02.950", 0, 2950, ""},
		{"01:00:00", 0, 3_600_000, ""},
		{"0", time.Millisecond, 0, ""},
		{"840", 0, 0, "has no unit"},
		{"-1", time.Millisecond, 0, "negative"},
		{"-1s", 0, 0, "negative"},
		{"NaN", time.Millisecond, 0, "finite"},
		{"Inf s", 0, 0, "finite"},
		{"fast", time.Millisecond, 0, "not a number"},
		{"1,5", time.Millisecond, 0, "comma"},
		{"1:xx:2", 0, 0, "hours:minutes:seconds"},
		{"1e300", time.Second, 0, "longer"},
	}
	for _, c := range cases {
		got, err := ParseMilliseconds(c.text, c.unit)
		if c.fail == "" && (err != nil || got != c.want) {
			t.Errorf("ParseMilliseconds(%q, %v) = %d, %v; want %d", c.text, c.unit, got, err, c.want)
		}
		if c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail)) {
			t.Errorf("ParseMilliseconds(%q, %v) = %d, %v; want it to say %q", c.text, c.unit, got, err, c.fail)
		}
	}
}

func TestParseTokensAndCost(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"0": 0, "1200": 1200, "1200.0": 1200, "1.2e3": 1200} {
		if got, err := ParseTokens(text); err != nil || got != want {
			t.Errorf("ParseTokens(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"-1", "1.5", "NaN", "Infinity", "1,200", "many", "50000001", "1e400", "0x10", "1_000"} {
		if got, err := ParseTokens(text); err == nil {
			t.Errorf("ParseTokens(%q) = %d, want an error", text, got)
		}
	}
	if got, err := ParseCost("0.0021 USD"); err != nil || got != 2_100_000 {
		t.Errorf("a cost with its currency: got %d, %v", got, err)
	}
	for _, text := range []string{"-1", "NaN", "€2", "free"} {
		if got, err := ParseCost(text); err == nil {
			t.Errorf("ParseCost(%q) = %d, want an error", text, got)
		}
	}
}
