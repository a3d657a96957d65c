package judge

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Normalise is a text by which answers are compared but for the way they are written:
// compatibility forms and case folded (Unicode NFKC and case folding), quotes, brackets,
// sentence signs and the marks of Markdown left out, dashes and runs of space as one
// space. Signs before a digit stay, so that -5, .5 and 3.5 differ from 5 and 35.
func Normalise(text string) string {
	runes := []rune(cases.Fold().String(norm.NFKC.String(text)))
	var b strings.Builder
	space := true
	for i, r := range runes {
		beforeDigit := i+1 < len(runes) && unicode.IsDigit(runes[i+1])
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r) && !beforeDigit:
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		case dropped(r) && !beforeDigit, strings.ContainsRune("*_`~\"'$", r),
			unicode.In(r, unicode.Pi, unicode.Pf, unicode.Ps, unicode.Pe, unicode.Cf):
			continue
		case unicode.Is(unicode.Pd, r), r == '−':
			r = '-'
		}
		b.WriteRune(r)
		space = false
	}
	return strings.TrimSuffix(b.String(), " ")
}

// dropped are the signs that end and part sentences.
func dropped(r rune) bool { return strings.ContainsRune(".,;:!?…¡¿。，、；：！？", r) }
