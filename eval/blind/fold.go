package blind

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A folded text is one in which names and phrases can be compared byte by byte: in
// lower case, Latin letters without accents and in one width, without the characters
// that nobody sees, by which a name could be broken up.
type folded struct {
	text string
	// places are those of each byte and of the end in the original; nil where both are
	// the same.
	places []int32
	// disguised are the words in which letters of other alphabets stood for Latin ones
	// that look alike.
	disguised []span
}

// place is where a byte of the folded text is in the original.
func (f *folded) place(i int) int {
	if f.places == nil {
		return i
	}
	return int(f.places[i])
}

// original is a part of the folded text in bytes of the original.
func (f *folded) original(s span) span { return span{f.place(s.start), f.place(s.end)} }

func fold(text string) folded {
	if isASCII(text) {
		return folded{text: strings.ToLower(text)}
	}
	lookalikes, plainForms := lookalikes(), plainForms()
	var b strings.Builder
	b.Grow(len(text))
	f := folded{places: make([]int32, 0, len(text)+1)}
	mixedUntil, knownUntil := 0, 0 // a word with letters that are not what they seem
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			b.WriteByte(c)
			f.places = append(f.places, int32(i))
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		start := b.Len()
		latin, alike := lookalikes[r]
		if alike && i >= knownUntil {
			end, mixed := wordAt(text, i)
			knownUntil = end
			if mixed {
				mixedUntil = end
			}
		}
		switch plain, known := plainForms[r]; {
		case alike && i < mixedUntil:
			b.WriteByte(latin)
			if last := len(f.disguised) - 1; last >= 0 && f.disguised[last].end == start {
				f.disguised[last].end = b.Len()
			} else {
				f.disguised = append(f.disguised, span{start, b.Len()})
			}
		case known:
			b.WriteString(plain)
		case r == utf8.RuneError || !unseen(r):
			if lower := unicode.ToLower(r); lower != r {
				b.WriteRune(lower)
			} else {
				b.WriteString(text[i : i+size])
			}
		}
		for range b.Len() - start {
			f.places = append(f.places, int32(i))
		}
		i += size
	}
	f.text, f.places = b.String(), append(f.places, int32(len(text)))
	return f
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// unseen says whether nobody sees a character: format characters, variation selectors,
// and the accents that fold leaves out.
func unseen(r rune) bool {
	switch {
	case r < 0x300:
		return r == 0xAD
	case r <= 0x36F: // combining accents
		return true
	}
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// wordAt says where the word ends that has a letter at a place, and whether it mixes
// Latin letters with others: it then pretends to be Latin. The word is looked at from
// the start of the run of letters on.
func wordAt(text string, at int) (end int, mixed bool) {
	start := at
	for start > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:start])
		if !inWord(r) && !unseen(r) {
			break
		}
		if at-start > maxWord {
			break
		}
		start -= size
	}
	end = start
	for end < len(text) && end-at <= maxWord {
		r, size := utf8.DecodeRuneInString(text[end:])
		if !inWord(r) && !unseen(r) {
			break
		}
		mixed = mixed || r < utf8.RuneSelf && unicode.IsLetter(r)
		end += size
	}
	return max(end, at+1), mixed
}

// maxWord is longer than any name, in bytes.
const maxWord = 64

// inWord says whether a character is a part of a word.
func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// unspaced says whether a character is of a script written without spaces, in which
// words begin and end anywhere (我是Claude的).
func unspaced(r rune) bool {
	return r >= 0xE00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

// lookalikes are letters of other alphabets by the Latin letters they pass for
// (Unicode Technical Standard 39, confusables, those that a name can be written with).
var lookalikes = sync.OnceValue(func() map[rune]byte {
	const pairs = "аa сc ԁd еe ɡg һh іi јj ӏl оo рp ԛq ѕs тt ѵv ԝw хx уy үy вb кk мm нh пn иu гr зe " +
		"Аa Вb Сc Еe Ԍg Нh Іi Јj Кk Мm Оo Рp Ѕs Тt Ѵv Ԝw Хx Уy Ҁc Ӏi " +
		"αa οo νv ρp τt υu ιi κk ηn ωw χx γy Αa Βb Εe Ζz Ηh Ιi Κk Μm Νn Οo Ρp Τt Υy Χx"
	table := map[rune]byte{}
	for pair := range strings.FieldsSeq(pairs) {
		letter, size := utf8.DecodeRuneInString(pair)
		table[letter] = pair[size]
	}
	return table
})

// plainForms are what letters with accents, in other widths and of mathematical,
// encircled and small-capital type are without them, in lower case.
var plainForms = sync.OnceValue(func() map[rune]string {
	forms := map[rune]string{
		'ß': "ss", 'ẞ': "ss", 'đ': "d", 'Đ': "d", 'ð': "d", 'ø': "o", 'Ø': "o", 'ł': "l", 'Ł': "l", 'ı': "i", 'æ': "ae", 'Æ': "ae", 'œ': "oe", 'Œ': "oe",
		'’': "'", '‘': "'", 'ʼ': "'", '＇': "'", '′': "'", '“': `"`, '”': `"`, '„': `"`, '«': `"`, '»': `"`, '‹': `"`, '›': `"`,
		'\u00A0': " ", '\u2007': " ", '\u202F': " ", '\u3000': " ", '\u2009': " ",
	}
	for i, r := range []rune("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘ\x00ʀꜱᴛᴜᴠᴡ\x00ʏᴢ") {
		if r != 0 {
			forms[r] = string(rune('a' + i))
		}
	}
	for _, letters := range [][2]rune{
		{0xC0, 0x24F}, {0x386, 0x3CE}, {0x1E00, 0x1EFF}, {0x2070, 0x209C}, {0x2100, 0x214F}, {0x2460, 0x24FF}, {0xFF01, 0xFF5E}, {0x1D400, 0x1D7FF}, {0x1F130, 0x1F189},
	} {
		for r := letters[0]; r <= letters[1]; r++ {
			if _, ok := forms[r]; ok {
				continue
			}
			if letters[0] == 0x1F130 { // squared letters have no decomposition
				if letter := (r - 0x1F130) % 0x20; letter < 26 {
					forms[r] = string(rune('a' + letter))
				}
				continue
			}
			plain := strings.Map(func(r rune) rune {
				if unicode.Is(unicode.Mn, r) {
					return -1
				}
				return unicode.ToLower(r)
			}, norm.NFKD.String(string(r)))
			if plain != "" && plain != string(unicode.ToLower(r)) && (isASCII(plain) || letters[0] == 0x386) {
				forms[r] = plain
			}
		}
	}
	return forms
})
