package eval

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/quick"
)

func TestCompareWords(t *testing.T) {
	for name, c := range map[string]struct {
		before, after string
		want          WordChange
		kept          float64
		distance      int
	}{
		"nothing":            {"", "", WordChange{0, 0, 0}, 1, 0},
		"as it was":          {"Dear Ms Lee, thank you.", "Dear Ms Lee, thank you.", WordChange{5, 5, 5}, 1, 0},
		"a word replaced":    {"the quick brown fox", "the slow brown fox", WordChange{4, 4, 3}, 0.75, 2},
		"half was deleted":   {"one two three four", "two four", WordChange{4, 2, 2}, 0.5, 2},
		"twice as long":      {"two four", "one two three four", WordChange{2, 4, 2}, 0.5, 2},
		"turned around":      {"a b c", "c b a", WordChange{3, 3, 1}, 1.0 / 3, 4},
		"everything written": {"", "one two", WordChange{0, 2, 0}, 0, 2},
		"punctuation only":   {"Yes, we can – and will!", "Yes we can; and will.", WordChange{5, 5, 5}, 1, 0},
		"case":               {"the end", "The end", WordChange{2, 2, 1}, 0.5, 2},
		"Chinese":            {"我们明天见", "我们后天见", WordChange{5, 5, 4}, 0.8, 2},
		"numbers and signs":  {"costs 3.50 €", "costs 4.50 €", WordChange{3, 3, 2}, 2.0 / 3, 2},
	} {
		t.Run(name, func(t *testing.T) {
			got := CompareWords(c.before, c.after)
			if got != c.want || got.Distance() != c.distance || fmt.Sprintf("%.9f", got.Kept()) != fmt.Sprintf("%.9f", c.kept) {
				t.Errorf("got %+v, kept %v, distance %d; want %+v, %v, %d", got, got.Kept(), got.Distance(), c.want, c.kept, c.distance)
			}
		})
	}
}

// TestCompareWordsAgainstTheTable compares with the textbook's table of all prefixes,
// over texts that go over several machine words.
func TestCompareWordsAgainstTheTable(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		vocabulary := 1 + random.IntN(40)
		text := func() []string {
			all := make([]string, random.IntN(300))
			for i := range all {
				all[i] = fmt.Sprintf("w%d", random.IntN(vocabulary))
			}
			return all
		}
		from, to := text(), text()
		if got, want := CompareWords(strings.Join(from, " "), strings.Join(to, " ")).Common, tableLength(from, to); got != want {
			t.Fatalf("got %d words in common, want %d, of\n%v\n%v", got, want, from, to)
		}
	}
}

func tableLength(from, to []string) int {
	above := make([]int, len(to)+1)
	for _, word := range from {
		diagonal := 0
		for k := range to {
			next := max(above[k], above[k+1])
			if word == to[k] {
				next = diagonal + 1
			}
			diagonal, above[k+1] = above[k+1], next
		}
	}
	return above[len(to)]
}

func TestCompareWordsIsSymmetric(t *testing.T) {
	err := quick.Check(func(before, after string) bool {
		there, back := CompareWords(before, after), CompareWords(after, before)
		same := CompareWords(before, before)
		return there.Common == back.Common && there.Kept() == back.Kept() && there.Distance() == back.Distance() &&
			there.Common <= min(there.Before, there.After) && same.Kept() == 1 && same.Distance() == 0
	}, nil)
	if err != nil {
		t.Error(err)
	}
}

// BenchmarkCompareWords compares texts that share no order at all, the worst case.
func BenchmarkCompareWords(b *testing.B) {
	for _, size := range []int{1000, 20_000} {
		random := rand.New(rand.NewPCG(1, 2))
		text := func() string {
			all := make([]string, size)
			for i := range all {
				all[i] = fmt.Sprintf("w%d", random.IntN(500))
			}
			return strings.Join(all, " ")
		}
		before, after := text(), text()
		b.Run(fmt.Sprintf("words=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				CompareWords(before, after)
			}
		})
		if size > 1000 {
			continue
		}
		b.Run(fmt.Sprintf("words=%d/table", size), func(b *testing.B) {
			from, to := strings.Fields(before), strings.Fields(after)
			for b.Loop() {
				tableLength(from, to)
			}
		})
	}
}
