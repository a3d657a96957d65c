package blind

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hidden is what stands in the place of a masked name, the same for every name,
// answer and arm, so that the mask itself tells nothing.
const Hidden = "▇▇▇ (name hidden)"

// A Masker hides the names by which answers identify their model. It is made
// once for a protocol and safe for concurrent use.
type Masker struct{ names *trie }

// NewMasker makes a masker for a protocol whose arms and models have these
// names. Names under three characters, unless they are like "o3", and words such
// as "control" or "cheap" are left out: they say nothing, and hiding them would
// spoil ordinary text.
func NewMasker(own []string) *Masker { return &Masker{newTrie(own)} }

// Mask gives the answers to one task with what is in them hidden that would
// identify an arm, in the order given:
//
//   - the protocol's own arm and model names, wherever they stand;
//   - names of makers and models, if any of the answers uses the name to speak of
//     the answerer itself ("I'm GPT-4", "as an AI model trained by …", a signature, a
//     comment in code); it is then hidden in every one of the answers, with the other
//     names of the same maker;
//   - names in another writing, such as base64, ROT13 or letters that look alike;
//   - fingerprints: chat markup, identifiers of requests, addresses of a product;
//   - the date until which an answerer says that it was trained.
//
// An answer is the pieces of text that its reader sees one after the other, and
// as many come back: a name may go over from one to the next where a part of it
// is emphasised. A well-known name that is merely an answer's subject stays
// readable, and a name that the task contains is never hidden: of "Claude 3
// Opus" only "3 Opus" goes where the task says "Claude". The originals are not
// changed. What a rater might still recognise is what [Masker.Check] flags, and
// style.
func (m *Masker) Mask(task string, answers ...[]string) [][]string {
	texts := make([]string, len(answers))
	for i, pieces := range answers {
		texts[i] = strings.Join(pieces, "")
	}
	examined := m.examine(task, texts)
	masked := make([][]string, len(answers))
	for i, pieces := range answers {
		masked[i] = replace(pieces, examined[i].hidden)
	}
	return masked
}

// An examined answer is what was found in it.
type examined struct {
	hidden []span // in order and apart, in bytes of the answer as it is written
	flags  []Flag
}

// A reading is an answer on its way through the masker.
type reading struct {
	text     string
	folded   folded
	names    []found
	triggers []int           // where a word stands with which models speak of themselves
	said     map[string]bool // bases that the answer says of itself
	hidden   []span          // in bytes of the answer as it is written
	flags    []Flag
}

func (m *Masker) examine(task string, answers []string) []examined {
	foldedTask := fold(task)
	inTask := &taskWords{words(foldedTask.text), map[string]int{}}
	readings := make([]reading, len(answers))
	said := map[string]bool{}    // bases and, after a slash, families
	unknown := map[string]bool{} // names that no list has, folded
	for i, answer := range answers {
		r := &readings[i]
		*r = reading{text: answer, folded: fold(answer), said: map[string]bool{}}
		m.scan(r)
		m.identify(r, inTask, unknown)
		for base := range r.said {
			said[base] = true
		}
		for _, place := range findFingerprints(r.folded.text, foldedTask.text) {
			r.hidden = append(r.hidden, r.folded.original(place))
		}
		r.hidden = append(r.hidden, encoded(answer, func(decoded string) bool { return m.tells(decoded, inTask) })...)
	}
	results := make([]examined, len(answers))
	for i := range readings {
		r := &readings[i]
		for _, n := range r.names {
			if !n.own && !n.disguise && !said[n.base] && !(said["/"+n.family] && !n.general) {
				continue
			}
			r.hide(n.span, inTask)
		}
		for _, place := range r.spellings(unknown) {
			r.hide(place, inTask)
		}
		r.flagTaskNames(readings, inTask)
		results[i] = examined{merged(r.hidden), r.flags}
	}
	return results
}

// hide hides a part of the folded text but for the words at its start that the task
// says itself.
func (r *reading) hide(place span, inTask *taskWords) {
	place.start += inTask.inCommon(r.folded.text[place.start:place.end])
	if place.start < place.end {
		r.hidden = append(r.hidden, r.folded.original(place))
	}
}

// scan finds the names in an answer.
func (m *Masker) scan(r *reading) {
	text := r.folded.text
	disguised := r.folded.disguised
	inside := false // a word whose script has spaces
	for i := 0; i < len(text); {
		c, size := rune(text[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(text[i:])
		}
		word := inWord(c)
		apart := word && (!inside || unspaced(c))
		if apart && m.names.root[text[i]] > 0 {
			if n, ok := m.names.at(text, i); ok && r.accepts(&n) {
				if n.trigger {
					r.triggers = append(r.triggers, n.start)
				} else {
					for len(disguised) > 0 && disguised[0].end <= n.start {
						disguised = disguised[1:]
					}
					if n.disguise || len(disguised) > 0 && disguised[0].start < n.end {
						r.say(n.name)
					}
					n.person = r.person(&n)
					r.names = append(r.names, n)
				}
				inside = true
				last, _ := utf8.DecodeLastRuneInString(text[:n.end])
				if unspaced(last) || !inWord(last) {
					inside = false
				}
				i = n.end
				continue
			}
		}
		inside = word && !unspaced(c)
		i += size
	}
}

// accepts says whether a name is written as one: some are only with a capital.
func (r *reading) accepts(n *found) bool {
	if !n.proper || n.own {
		return true
	}
	first, _ := utf8.DecodeRuneInString(r.text[r.folded.place(n.start):])
	return !unicode.IsLower(first)
}

// say notes that the answer says a name of itself.
func (r *reading) say(n *name) {
	r.said[n.base] = true
	if !n.general {
		r.said["/"+n.family] = true
	}
}

// identify looks for the sentences in which the answer speaks of itself.
func (m *Masker) identify(r *reading, inTask *taskWords, unknown map[string]bool) {
	if len(r.names) == 0 && len(r.triggers) == 0 {
		return
	}
	text := r.folded.text
	names, triggers := r.names, r.triggers
	known := map[string]bool{} // reduced sentences that were looked at
	for sentence := range sentences(text) {
		for len(names) > 0 && names[0].end <= sentence.start {
			names = names[1:]
		}
		in := names
		for i := range in {
			if in[i].start >= sentence.end {
				in = in[:i]
				break
			}
		}
		triggered := false
		for len(triggers) > 0 && triggers[0] < sentence.end {
			triggered, triggers = true, triggers[1:]
		}
		if triggered || len(in) > 0 {
			r.sentence(sentence, in, triggered, inTask, known, unknown)
		}
	}
	if r.oneMaker() {
		r.margins()
	}
}

// sentence notes what a sentence says of the answerer.
func (r *reading) sentence(place span, in []found, triggered bool, inTask *taskWords, known, unknown map[string]bool) {
	news := false // a name that is not hidden yet
	for _, n := range in {
		news = news || !n.own && !r.said[n.base]
	}
	if !news && !triggered {
		return
	}
	reduced := reduce(r.folded.text, place, in, true)
	if known[reduced] {
		if triggered {
			r.cutoff(place, inTask)
		}
		return
	}
	known[reduced] = true
	if triggered && len(in) == 0 && bareCutoff().MatchString(reduced) {
		r.cutoff(place, inTask)
		return
	}
	if !mayBeCue(reduced) {
		return
	}
	if riddleCue().MatchString(reduced) && (len(in) > 0 || modelWord().MatchString(reduced)) {
		r.flags = append(r.flags, Flag{Reason: DescribesItself, Text: excerpt(r.text[r.folded.place(place.start):r.folded.place(place.end)])})
	}
	model := isModelCue(reduced)
	if news && (model || isSelfCue(reduced)) {
		for _, n := range in {
			r.say(n.name)
		}
	}
	if !model && !triggered {
		return
	}
	r.cutoff(place, inTask)
	if !model && !(triggered && ownSize().MatchString(reduced)) {
		return
	}
	original := r.text[r.folded.place(place.start):r.folded.place(place.end)]
	hidden := false
	for _, match := range unknownName().FindAllStringSubmatch(original, -1) {
		spelling := strings.TrimSpace(words(fold(match[1]).text))
		if first, _, _ := strings.Cut(spelling, " "); !ordinary[first] && telling(strings.ReplaceAll(spelling, " ", "")) {
			unknown[spelling] = true
			hidden = true
		}
	}
	if !hidden && len(in) == 0 && sizeCue().MatchString(reduced) {
		r.flags = append(r.flags, Flag{Reason: DescribesItself, Text: excerpt(original)})
	}
}

// cutoff hides the date in a sentence that says until when the answerer was trained.
func (r *reading) cutoff(place span, inTask *taskWords) {
	const near = 80
	sentence := r.folded.text[place.start:place.end]
	cue := cutoffCue().FindStringIndex(sentence)
	if cue == nil {
		return
	}
	within := boundary(sentence, min(cue[1]+near, len(sentence)))
	if date := cutoffDate().FindStringIndex(sentence[cue[0]:within]); date != nil {
		r.hide(span{place.start + cue[0] + date[0], place.start + cue[0] + date[1]}, inTask)
	}
}

// isSelfCue says whether a reduced sentence says a name of the answerer.
func isSelfCue(reduced string) bool {
	if selfCue().MatchString(reduced) {
		return true
	}
	return strings.IndexByte(reduced, commonName) >= 0 && (strings.IndexByte(reduced, plainName) >= 0 || modelWord().MatchString(reduced)) && commonSelfCue().MatchString(reduced)
}

// oneMaker says whether the names of an answer are all of one maker: a text with several
// is about them.
func (r *reading) oneMaker() bool {
	for _, n := range r.names {
		if n.family != r.names[0].family {
			return false
		}
	}
	return len(r.names) > 0
}

// margins looks at the beginning and the end of an answer, where its author's name may
// stand alone.
func (r *reading) margins() {
	const margin = 300
	text := r.folded.text
	start := len(text) - len(strings.TrimLeftFunc(text, unicode.IsSpace))
	end := len(strings.TrimRightFunc(text, unicode.IsSpace))
	if start >= end {
		return
	}
	check := func(place span, is func(string) bool, pick func([]found) []found) {
		var in []found
		for _, n := range r.names {
			if n.start >= place.start && n.end <= place.end {
				in = append(in, n)
			}
		}
		if len(in) > 0 && is(reduce(text, place, in, false)) {
			for _, n := range pick(in) {
				r.say(n.name)
			}
		}
	}
	check(span{start, boundary(text, min(start+margin, end))}, openingCue().MatchString, func(in []found) []found { return in[:1] })
	check(span{boundary(text, max(end-margin, start)), end}, closingCue().MatchString, func(in []found) []found {
		line := strings.LastIndexByte(text[:in[len(in)-1].start], '\n')
		return slices.DeleteFunc(in, func(n found) bool { return n.start < line })
	})
}

// boundary is the start of the character at a place.
func boundary(text string, at int) int {
	for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

// isModelCue says whether a reduced sentence says that its writer is a model.
func isModelCue(reduced string) bool {
	if !modelCue().MatchString(reduced) {
		return false
	}
	return !asModel().MatchString(reduced) || firstPerson().MatchString(reduced)
}

// reduce is a part of a folded text with a sign in the place of each name and without
// the marks of emphasis and quotation. versions says that a name which things have, too, is
// a model's where a version stands behind it: not in titles, such as "Falcon 9".
func reduce(text string, place span, names []found, versions bool) string {
	var b strings.Builder
	at := place.start
	write := func(part string) {
		for {
			i := strings.IndexAny(part, "*_`\"")
			if i < 0 {
				b.WriteString(part)
				return
			}
			b.WriteString(part[:i])
			part = part[i+1:]
		}
	}
	for _, n := range names {
		write(text[at:n.start])
		sign := byte(plainName)
		versioned := versions && n.end-n.start > len(n.base) && strings.ContainsAny(text[n.start:n.end], "0123456789")
		if n.common && !n.own && !versioned && !n.supported(names) || n.person {
			sign = commonName
		}
		b.WriteByte(sign)
		at = n.end
	}
	write(text[at:place.end])
	return b.String()
}

// supported says whether names of the same maker stand beside a name that persons and
// things have, too: one that they have not, or two that they have.
func (n *found) supported(names []found) bool {
	others := 0
	for _, other := range names {
		if other.family != n.family || other.base == n.base {
			continue
		}
		if others++; !other.common || others == 2 {
			return true
		}
	}
	return false
}

// person says whether a name is one of those that persons have and a person's other name
// follows: "Claude Monet", or a word with a capital, as in "Claude Dupont", that is none
// of those which follow the assistant's name.
func (r *reading) person(n *found) bool {
	if n.base != "claude" || n.end-n.start > len("claude") {
		return false
	}
	after := r.folded.text[n.end:]
	rest := strings.TrimLeft(after, " -")
	end := strings.IndexFunc(rest, func(r rune) bool { return !inWord(r) })
	if end < 0 {
		end = len(rest)
	}
	if len(rest) == len(after) || end == 0 {
		return false
	}
	word := rest[:end]
	if surnames[word] {
		return true
	}
	written := r.text[r.folded.place(n.end+len(after)-len(rest)):]
	first, size := utf8.DecodeRuneInString(written)
	second, _ := utf8.DecodeRuneInString(written[size:])
	_, isName := known()[word]
	return unicode.IsUpper(first) && unicode.IsLower(second) && !isName && !ordinary[word] && !besideClaude[word]
}

// tells says whether a decoded text has a name that the task has not.
func (m *Masker) tells(decoded string, inTask *taskWords) bool {
	decoded, word := strings.CutPrefix(decoded, "\x00")
	r := reading{text: decoded, folded: fold(decoded), said: map[string]bool{}}
	m.scan(&r)
	for _, n := range r.names {
		whole := !word || n.start == 0 && n.end == len(r.folded.text) && n.end >= 5
		if whole && !n.common && !(n.general && !n.own) && inTask.inCommon(r.folded.text[n.start:n.end]) < n.end-n.start {
			return true
		}
	}
	return false
}

// spellings are the places of names that no list has.
func (r *reading) spellings(unknown map[string]bool) []span {
	var places []span
	for spelling := range unknown {
		text := r.folded.text
		for from := 0; ; {
			at := strings.Index(text[from:], spelling)
			if at < 0 {
				break
			}
			start, end := from+at, from+at+len(spelling)
			before, _ := utf8.DecodeLastRuneInString(text[:start])
			if (start == 0 || !inWord(before)) && wordEnds(text, end) {
				places = append(places, span{start, end})
			}
			from = end
		}
	}
	return places
}

// A span is a part of a text, in bytes.
type span struct{ start, end int }

// merged puts spans in order and makes one of those that overlap.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var apart []span
	for _, s := range spans {
		if last := len(apart) - 1; last >= 0 && s.start < apart[last].end {
			apart[last].end = max(apart[last].end, s.end)
			continue
		}
		apart = append(apart, s)
	}
	return apart
}

// replace puts the mask in the place of spans of the text that the pieces make
// together, in order and apart. One that goes over several pieces is shown in the
// first of them.
func replace(pieces []string, spans []span) []string {
	replaced := make([]string, len(pieces))
	start := 0
	for i, piece := range pieces {
		if len(spans) == 0 || spans[0].start >= start+len(piece) {
			replaced[i] = piece
			start += len(piece)
			continue
		}
		var b strings.Builder
		end, at := start+len(piece), start
		for len(spans) > 0 && spans[0].start < end {
			if spans[0].start >= start {
				b.WriteString(piece[at-start : spans[0].start-start])
				b.WriteString(Hidden)
			}
			at = min(spans[0].end, end)
			if spans[0].end > end {
				break
			}
			spans = spans[1:]
		}
		b.WriteString(piece[at-start:])
		replaced[i] = b.String()
		start = end
	}
	return replaced
}

// taskWords are the words of a task, which are never hidden.
type taskWords struct {
	words  string
	common map[string]int // what inCommon gave
}

// inCommon is how many bytes at the start of a name are words that the task says
// itself, with the signs after them.
func (t *taskWords) inCommon(name string) int {
	common, known := t.common[name]
	if known {
		return common
	}
	kept := 0
	for i, r := range name + " " {
		if i > 0 && !inWord(r) && strings.Contains(t.words, words(name[:i])) {
			kept = i
		}
	}
	rest := strings.TrimLeftFunc(name[kept:], func(r rune) bool { return !inWord(r) })
	common = len(name) - len(rest)
	t.common[name] = common
	return common
}

// sentences gives the parts of a text between sentence ends and empty lines. A single
// line break does not end a sentence, since answers are often wrapped.
func sentences(text string) func(yield func(span) bool) {
	return func(yield func(span) bool) {
		start := 0
		for i := 0; i < len(text); {
			end := sentenceEnd(text, i)
			if end == 0 {
				i++
				continue
			}
			if i > start && !yield(span{start, i}) {
				return
			}
			i, start = i+end, i+end
		}
		if start < len(text) {
			yield(span{start, len(text)})
		}
	}
}

// sentenceEnd is the length of what ends a sentence at a place; 0 where nothing does.
func sentenceEnd(text string, at int) int {
	switch text[at] {
	case '.', '!', '?':
		if at+1 == len(text) || text[at+1] == ' ' || text[at+1] == '\n' || text[at+1] == '\t' {
			return 1
		}
	case '\n':
		rest := strings.TrimLeft(text[at+1:], " \t\r")
		if strings.HasPrefix(rest, "\n") {
			return len(text) - at - len(rest) + 1
		}
	case 0xE3, 0xEF: // 。！？
		for _, mark := range []string{"。", "!", "?", "！", "？"} {
			if strings.HasPrefix(text[at:], mark) {
				return len(mark)
			}
		}
	}
	return 0
}
