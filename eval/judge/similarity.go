package judge

import "strings"

// The parameters of chrF2: character n-grams up to six, recall twice as important.
const (
	chrfOrder = 6
	chrfBeta  = 2
)

// ChrF is the chrF2 score of an answer against a reference, 0 to 1: the F score, with
// recall weighing twice, of character n-grams of one to six characters without spaces,
// precision and recall averaged over the orders that both texts are long enough for
// (Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015; as
// sacreBLEU 2 computes it without word n-grams and smoothing). It needs no tokeniser, so
// that it holds for any script. It is 0 where either text is empty.
func ChrF(answer, reference string) float64 {
	hypothesis, wanted := []rune(strings.Join(strings.Fields(answer), "")), []rune(strings.Join(strings.Fields(reference), ""))
	precision, recall, orders := 0.0, 0.0, 0
	for n := 1; n <= chrfOrder; n++ {
		got, want := len(hypothesis)-n+1, len(wanted)-n+1
		if got <= 0 || want <= 0 {
			break
		}
		matches := 0
		counts := make(map[string]int, want)
		for i := range want {
			counts[string(wanted[i:i+n])]++
		}
		for i := range got {
			if gram := string(hypothesis[i : i+n]); counts[gram] > 0 {
				counts[gram]--
				matches++
			}
		}
		precision += float64(matches) / float64(got)
		recall += float64(matches) / float64(want)
		orders++
	}
	if orders == 0 || precision+recall == 0 {
		return 0
	}
	precision, recall = precision/float64(orders), recall/float64(orders)
	return (1 + chrfBeta*chrfBeta) * precision * recall / (chrfBeta*chrfBeta*precision + recall)
}
