package blind

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A trie holds names byte by byte, so that a text is looked through once however many
// there are. Between the parts of a name may stand up to three separators.
type trie struct {
	nodes []trieNode
	root  [256]int32
	names []name
}

type trieNode struct {
	bytes []byte
	next  []int32
	gap   bool // separators may stand here
	wide  bool // of the signs . / : and line breaks too, as in names that are addresses
	name  int32
}

// newTrie makes a trie of the lexicon and the protocol's own names.
func newTrie(own []string) *trie {
	t := &trie{nodes: make([]trieNode, 1, 2048)}
	known := known()
	for _, spelling := range slices.Sorted(maps.Keys(known)) {
		t.add(strings.Split(spelling, "+"), known[spelling])
	}
	for _, parts := range ownNames(own) {
		t.add(parts, name{base: strings.Join(parts, ""), own: true})
	}
	return t
}

// ownNames are the parts of the protocol's names that tell a model: whole, and without
// their maker's prefix.
func ownNames(own []string) [][]string {
	var all [][]string
	for _, spelling := range own {
		for {
			f := fold(spelling)
			parts := strings.Fields(words(f.text))
			if telling(strings.Join(parts, "")) {
				all = append(all, parts)
				if strings.HasPrefix(parts[0], "gpt") {
					all = append(all, append([]string{"chat"}, parts...))
				}
			}
			_, rest, found := strings.Cut(spelling, "/")
			if !found {
				break
			}
			spelling = rest
		}
	}
	return all
}

// telling says whether a name, in lower case and without separators, tells a
// model from an ordinary word: "o3" does, "x" and "current" do not.
func telling(name string) bool {
	if length := utf8.RuneCountInString(name); length < 3 {
		return length == 2 && strings.ContainsFunc(name, unicode.IsDigit) && strings.ContainsFunc(name, unicode.IsLetter)
	}
	return !generic[name]
}

func (t *trie) add(parts []string, n name) {
	at := int32(0)
	for i, part := range parts {
		if i > 0 {
			t.nodes[at].gap = true
			t.nodes[at].wide = t.nodes[at].wide || n.own
		}
		for k := range len(part) {
			at = t.grow(at, part[k])
		}
	}
	if held := t.nodes[at].name; held > 0 {
		t.names[held-1].own = t.names[held-1].own || n.own
		return
	}
	t.names = append(t.names, n)
	t.nodes[at].name = int32(len(t.names))
}

func (t *trie) grow(at int32, b byte) int32 {
	if next := t.step(at, b); next > 0 {
		return next
	}
	next := int32(len(t.nodes))
	t.nodes = append(t.nodes, trieNode{})
	if at == 0 {
		t.root[b] = next
		return next
	}
	node := &t.nodes[at]
	node.bytes, node.next = append(node.bytes, b), append(node.next, next)
	return next
}

func (t *trie) step(at int32, b byte) int32 {
	if at == 0 {
		return t.root[b]
	}
	node := &t.nodes[at]
	for i, c := range node.bytes {
		if c == b {
			return node.next[i]
		}
	}
	return 0
}

// A found is a name at a place of a folded text. It is one of the protocol's own where
// such a name begins it.
type found struct {
	span
	*name
	own    bool
	person bool // a person's, as the next word tells
}

// at gives the longest name that begins at a place where a word does.
func (t *trie) at(text string, start int) (longest found, ok bool) {
	node, own := int32(0), false
	for i := start; i < len(text); {
		next := t.step(node, text[i])
		if next == 0 {
			if !t.nodes[node].gap || node == 0 {
				break
			}
			after := skipGap(text, i, 3, t.nodes[node].wide)
			if after == i || after == len(text) {
				break
			}
			if next = t.step(node, text[after]); next == 0 {
				break
			}
			i = after
		}
		i++
		node = next
		if held := t.nodes[node].name; held > 0 {
			n := &t.names[held-1]
			end := i
			// The protocol's own names are whole; of the others the version is a part.
			if n.family != "" && !n.disguise {
				end = tail(text, i)
			}
			if wordEnds(text, end) {
				own = own || n.own
				if end > longest.end {
					longest = found{span: span{start, end}, name: n, own: own}
				}
				longest.own = own
			}
		}
	}
	return longest, longest.name != nil
}

// tail is where the version numbers and sizes end that follow a model's name.
func tail(text string, at int) int {
	for {
		next := version(text, skipGap(text, at, 2, false))
		if next < 0 {
			next = tailWord(text, at)
		}
		if next < 0 {
			return at
		}
		at = next
	}
}

// version is where a number such as v3, 4o or 3.5 ends; -1 where there is none.
func version(text string, at int) int {
	if at < len(text) && (text[at] == '@' || text[at] == ':') && at+1 < len(text) && isDigit(text[at+1]) {
		at++
	}
	if at+1 < len(text) && 'a' <= text[at] && text[at] <= 'z' && isDigit(text[at+1]) { // v3, m2
		at++
	}
	if at >= len(text) || !isDigit(text[at]) {
		return -1
	}
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if !inWord(r) || unspaced(r) {
			if r != '.' || at+1 >= len(text) || !isDigit(text[at+1]) {
				break
			}
		}
		at += size
	}
	return at
}

// tailWord is where a word such as "turbo" ends after one or two separators; -1 where
// there is none.
func tailWord(text string, at int) int {
	start := skipGap(text, at, 2, false)
	if start == at {
		return -1
	}
	end := start
	for end < len(text) && (text[end] >= 'a' && text[end] <= 'z' || isDigit(text[end])) {
		end++
	}
	if !tailWords[text[start:end]] || !wordEnds(text, end) {
		return -1
	}
	return end
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// skipGap is the place after up to so many signs that part a name: spaces, hyphens and
// dashes of any kind, and a backslash, since texts that are not shown as Markdown may
// have "GPT\-4".
func skipGap(text string, at, most int, wide bool) int {
	for range most {
		if at >= len(text) {
			break
		}
		r, size := rune(text[at]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[at:])
			if r != '−' && !unicode.In(r, unicode.Pd, unicode.Zs) {
				break
			}
		} else if r != ' ' && r != '-' && r != '_' && r != '\\' && !(wide && (r == '.' || r == '/' || r == ':' || r == '\n')) {
			break
		}
		at += size
	}
	return at
}

// wordEnds says whether no word goes on at a place.
func wordEnds(text string, at int) bool {
	if at >= len(text) {
		return true
	}
	r, _ := utf8.DecodeRuneInString(text[at:])
	if !inWord(r) || unspaced(r) {
		return true
	}
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	return unspaced(before)
}

// words is a folded text with one space around and between its words, so that a name
// can be looked up whole.
func words(text string) string {
	fields := strings.FieldsFunc(text, func(r rune) bool { return !inWord(r) })
	return " " + strings.Join(fields, " ") + " "
}
