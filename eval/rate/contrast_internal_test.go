package rate

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// luminance is the relative luminance of a colour such as #1a2b3c (WCAG 2.2).
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	value, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil || len(colour) != 7 {
		t.Fatalf("%q is no colour of six digits", colour)
	}
	linear := func(shift int) float64 {
		c := float64(value>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	lighter, darker := luminance(t, a), luminance(t, b)
	if lighter < darker {
		lighter, darker = darker, lighter
	}
	return (lighter + 0.05) / (darker + 0.05)
}

// colours are the custom properties of the light and of the dark scheme.
func colours(t *testing.T) (light, dark map[string]string) {
	t.Helper()
	sheet, err := assets.ReadFile("assets/rate.css")
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(sheet), "prefers-color-scheme: dark")
	end := strings.Index(after, "\n}")
	if !found || end < 0 {
		t.Fatal("no dark scheme in rate.css")
	}
	property := regexp.MustCompile(`--([\w-]+):\s*(#[0-9a-f]{6});`)
	read := func(css string) map[string]string {
		of := map[string]string{}
		for _, match := range property.FindAllStringSubmatch(css, -1) {
			of[match[1]] = match[2]
		}
		return of
	}
	light, dark = read(before), read(after[:end])
	for name, colour := range light {
		if _, ok := dark[name]; !ok {
			dark[name] = colour
		}
	}
	return light, dark
}

// TestContrast holds the pages to WCAG 2.2 AA: 4.5 for text, 3 for the edges of what can
// be pressed and for the mark of the focus.
func TestContrast(t *testing.T) {
	const text, edge = 4.5, 3
	pairs := []struct {
		front, back string
		least       float64
	}{
		{"ink", "page", text},
		{"ink", "paper", text},
		{"ink", "code", text},
		{"ink", "note", text},
		{"ink", "mark", text},
		{"soft", "page", text},
		{"soft", "paper", text},
		{"soft", "mark", text},
		{"accent", "page", text},
		{"accent", "paper", text},
		{"accent", "note", text},
		{"on-accent", "accent", text},
		{"edge", "page", edge},
		{"edge", "paper", edge},
		{"accent", "code", edge},
	}
	light, dark := colours(t)
	if black := contrast(t, "#000000", "#ffffff"); math.Abs(black-21) > 1e-9 {
		t.Fatalf("black on white is %v, want 21", black)
	}
	for scheme, of := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, pair := range pairs {
			front, back := of[pair.front], of[pair.back]
			if front == "" || back == "" {
				t.Errorf("%s: no colour %s or %s in rate.css", scheme, pair.front, pair.back)
				continue
			}
			if got := contrast(t, front, back); got < pair.least {
				t.Errorf("%s: %s %s on %s %s has contrast %.2f, want at least %v", scheme, pair.front, front, pair.back, back, got, pair.least)
			}
		}
		for name := range of {
			if strings.HasPrefix(name, "code-") {
				for _, back := range []string{"code", "mark"} {
					if got := contrast(t, of[name], of[back]); got < text {
						t.Errorf("%s: %s %s on %s %s has contrast %.2f, want at least %v", scheme, name, of[name], back, of[back], got, text)
					}
				}
			}
		}
	}
}

// TestColoursAreNamed: a colour outside the two schemes would not be tested.
func TestColoursAreNamed(t *testing.T) {
	sheet, err := assets.ReadFile("assets/rate.css")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(sheet), "*, *::before")
	if stray := regexp.MustCompile(`#[0-9a-f]{3,8}\b`).FindString(rest); stray != "" {
		t.Errorf("the colour %s stands outside the two schemes, where no test sees its contrast", stray)
	}
}
