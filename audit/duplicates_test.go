package audit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// jaccard is the index by its definition.
func jaccard(a, b string) float64 {
	sets := [2]map[uint64]bool{{}, {}}
	for i, text := range []string{a, b} {
		for _, feature := range appendFeatures(nil, text) {
			sets[i][feature] = true
		}
	}
	both := 0
	for feature := range sets[0] {
		if sets[1][feature] {
			both++
		}
	}
	return float64(both) / float64(len(sets[0])+len(sets[1])-both)
}

// similarity estimates the Jaccard index of what two signatures are of.
func similarity(one, other *signature) float64 {
	const chance = 1.0 / 256 // that two values which differ have the same 8 bits
	return (float64(equalBytes(one[:], other[:]))/signatureSize - chance) / (1 - chance)
}

// TestSignatureEstimatesJaccard draws pairs of sets whose index is known. The
// mean error over many pairs must vanish, and its spread stay within 1.3 times
// that of plain minwise hashing, √(J(1 − J)/128), whose 128 permutations it spares.
func TestSignatureEstimatesJaccard(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{8, 40, 600} {
		for _, share := range []float64{0, 0.3, 0.7, 1} {
			var sum, squares float64
			common := int(share * float64(size))
			truth := float64(common) / float64(2*size-common)
			const pairs = 2000
			for range pairs {
				a, b := make([]uint64, size), make([]uint64, size)
				for i := range a {
					a[i], b[i] = random.Uint64(), random.Uint64()
					if i < common {
						b[i] = a[i]
					}
				}
				one := sign(a)
				random.Shuffle(len(b), func(i, j int) { b[i], b[j] = b[j], b[i] })
				other := sign(append(b, b[:size/2]...)) // twice is once
				e := similarity(&one, &other) - truth
				sum += e
				squares += e * e
			}
			// Few features fill few places, and what the others borrow repeats them, also
			// where two of 8 bits meet by chance: √(1/256/size) at most.
			bound := math.Sqrt(truth*(1-truth)/signatureSize + 1.0/256/float64(min(size, signatureSize)))
			if mean := sum / pairs; math.Abs(mean) > 4*bound/math.Sqrt(pairs) {
				t.Errorf("%d features, J = %.2f: mean error %.4f, want about 0", size, truth, mean)
			}
			if spread := math.Sqrt(squares / pairs); spread > 1.3*bound {
				t.Errorf("%d features, J = %.2f: error %.4f, want at most %.4f", size, truth, spread, bound)
			}
		}
	}
}

func TestFeaturesIgnoreWhatDoesNotMatter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"Order 4711: where is it?", "order  12 — where is it", 1},
		{"請求書を要約して", "請求書を 要約して。", 1},
		{"Résumé ÉTÉ", "résumé été", 1},
		{"a b", "c d", 0},
	} {
		if got := jaccard(c.a, c.b); got != c.want {
			t.Errorf("similarity of %q and %q is %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// The words of generated prompts: templates with slots, and things to ask for.
var (
	names     = strings.Fields("Anna Bob Chen Dmitri Elena Farid Grace Hiro Ines Jonas Kemal Lucia Marta Nils Olga Pedro Quinn Rosa Sven Tara")
	products  = strings.Fields("kettle lamp bicycle printer monitor backpack mattress headset router blender camera keyboard tent drill heater")
	issues    = []string{"a late delivery", "a broken part", "a missing invoice", "the wrong colour", "a double charge", "a refund that never came", "a loud noise", "a login problem"}
	templates = []func(*rand.Rand) string{
		func(r *rand.Rand) string {
			return fmt.Sprintf("Write a polite reply to our customer %s, who complains about %s with the %s of order %d. Apologise, offer a solution and keep it under 120 words.", pick(r, names), pick(r, issues), pick(r, products), r.IntN(99999))
		},
		func(r *rand.Rand) string {
			return fmt.Sprintf("Summarise the meeting of %d March with %s and %s about the %s in five bullet points for the board.", r.IntN(31), pick(r, names), pick(r, names), pick(r, products))
		},
		func(r *rand.Rand) string {
			return fmt.Sprintf("Translate this product description of a %s from English to German and keep the tone friendly: the new %s costs %d euros.", pick(r, products), pick(r, products), r.IntN(900))
		},
		func(r *rand.Rand) string {
			return fmt.Sprintf("Classify the ticket of %s as billing, delivery, technical or other and answer with one word only. Ticket: I have %s with my %s.", pick(r, names), pick(r, issues), pick(r, products))
		},
		func(r *rand.Rand) string {
			return fmt.Sprintf("Erstelle aus den folgenden Stichpunkten eine freundliche E-Mail an %s wegen Bestellung %d und bitte um Antwort bis Freitag.", pick(r, names), r.IntN(99999))
		},
		func(r *rand.Rand) string {
			return fmt.Sprintf("お客様%d番からの%sに関するお問い合わせに、丁寧な日本語で返信を書いてください。百文字以内でお願いします。", r.IntN(999), []string{"返品", "配送", "請求", "故障"}[r.IntN(4)])
		},
	}
)

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

// distinct are prompts of the same kinds of work that are no uses of one template:
// each says something of its own, though many begin alike.
func distinct() (prompts []string) {
	starts := []string{"Write a Python function that", "Explain in simple words why", "Give me three arguments for why", "How do I make sure that", "Draft a short note saying that"}
	ends := []string{
		"reverses a linked list in place", "the sky turns red at dusk", "merges two sorted files of logs", "remote teams need fewer meetings",
		"bees matter for apples", "a bridge can resonate in the wind", "parses dates written by hand", "our rent rises with inflation",
		"the audit found no errors", "bread needs time to rise", "a router drops packets under load", "finds anagrams within a dictionary",
		"volcanoes cool the climate", "chess engines prune their search", "glaciers carve valleys", "we postpone the launch until May",
		"counts words without reading twice", "vaccines train immune cells", "type should be set ragged right", "corals bleach in warm water",
	}
	for _, start := range starts {
		for _, end := range ends {
			prompts = append(prompts, start+" "+end+".")
		}
	}
	return prompts
}

// pairs counts the pairs of texts that are rightly, wrongly and not found together,
// by what they should be together by.
func pairs(truth []int, found []int) (right, wrong, missed int) {
	for i := range truth {
		for j := range i {
			same, together := truth[i] == truth[j], found[i] == found[j]
			switch {
			case same && together:
				right++
			case together:
				wrong++
			case same:
				missed++
			}
		}
	}
	return right, wrong, missed
}

func TestDeduplicatorFindsTemplates(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	type prompt struct {
		text  string
		truth int
	}
	var prompts []prompt
	for kind, template := range templates {
		for range 150 {
			prompts = append(prompts, prompt{template(random), kind})
		}
	}
	for i, text := range distinct() {
		prompts = append(prompts, prompt{text, len(templates) + i})
	}
	random.Shuffle(len(prompts), func(i, j int) { prompts[i], prompts[j] = prompts[j], prompts[i] })
	d := NewDeduplicator()
	truth := make([]int, len(prompts))
	for i, p := range prompts {
		truth[i] = p.truth
		d.Add(p.text)
	}
	found, _ := d.Clusters()
	right, wrong, missed := pairs(truth, found)
	precision, recall := float64(right)/float64(right+wrong), float64(right)/float64(right+missed)
	t.Logf("pairs: precision %.4f, recall %.4f", precision, recall)
	if precision < 0.99 || recall < 0.95 {
		t.Errorf("pairs: precision %.4f, recall %.4f; want at least 0.99 and 0.95", precision, recall)
	}
}

// TestDistinctPromptsStayApart is the precision where there is nothing to find.
func TestDistinctPromptsStayApart(t *testing.T) {
	t.Parallel()
	d := NewDeduplicator()
	prompts := distinct()
	together := 0
	for i, text := range prompts {
		if d.Add(text) != i {
			together++
		}
	}
	if limit := len(prompts) / 25; together > limit {
		t.Errorf("%d of %d distinct prompts are found to be duplicates, want at most %d", together, len(prompts), limit)
	}
}

func TestDeduplicatorDoesNotLookAhead(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	var texts []string
	for i := range 400 {
		texts = append(texts, templates[i%len(templates)](random))
	}
	texts = append(texts, "", " ", "ok", "OK!", "")
	all, half := NewDeduplicator(), NewDeduplicator()
	var first []int
	for i, text := range texts {
		first = append(first, all.Add(text))
		if i < 200 {
			half.Add(text)
		}
	}
	before, _ := half.Clusters()
	after, sizes := all.Clusters()
	if !slices.Equal(before, after[:200]) || !slices.Equal(first, after) {
		t.Error("clusters change with what comes later")
	}
	n := len(texts)
	if after[n-5] != after[n-1] || after[n-3] != after[n-2] || after[n-3] == after[n-1] || sizes[n-2] != 2 || sizes[n-1] != 3 {
		t.Errorf("the last texts have clusters %v of sizes %v, want the empty ones together, and ok with OK!", after[n-5:], sizes[n-5:])
	}
}

// TestLeadersAreTakenOver holds a search that goes on after an earlier one, of which only
// the leaders are read again, against one of all texts.
func TestLeadersAreTakenOver(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	all, later := NewDeduplicator(), NewDeduplicator()
	var read []int // the texts that later has
	for i := range 2000 {
		text := templates[random.IntN(len(templates))](random)
		if i%3 == 0 {
			text = pick(random, distinct())
		}
		first := all.Add(text)
		switch {
		case i >= 1000:
			read = append(read, i)
			if got := read[later.Add(text)]; got != first {
				t.Fatalf("text %d joins %d, want %d", i, got, first)
			}
		case first == i:
			read = append(read, i)
			later.Lead(text)
		}
	}
}

// BenchmarkDeduplicator adds short prompts, half of them uses of templates. Beside
// it stands the reading of their words alone.
func BenchmarkDeduplicator(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	texts := make([]string, 1<<16)
	for i := range texts {
		if texts[i] = templates[i%5](random); i%2 == 0 {
			texts[i] = fmt.Sprintf("%x %x %x %x %x %x %x %x %x %x %x %x", random.Uint32(), random.Uint32(), random.Uint32(), random.Uint32(), random.Uint32(), random.Uint32(), random.Uint32(), random.Uint32(), random.Uint32(), random.Uint32(), random.Uint32(), random.Uint32())
		}
	}
	b.Run("words", func(b *testing.B) {
		var features []uint64
		i := 0
		for b.Loop() {
			features = appendFeatures(features[:0], texts[i%len(texts)])
			i++
		}
	})
	b.Run("add", func(b *testing.B) {
		d := NewDeduplicator()
		i := 0
		b.ReportAllocs()
		for b.Loop() {
			if i%len(texts) == 0 {
				d = NewDeduplicator()
			}
			d.Add(texts[i%len(texts)])
			i++
		}
	})
	b.Run("1000000", func(b *testing.B) {
		for b.Loop() {
			d := NewDeduplicator()
			for i := range 1_000_000 {
				d.Add(texts[i%len(texts)])
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e6/float64(b.N), "ns/task")
	})
}
