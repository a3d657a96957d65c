package classify

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Evidence is a part of a text that spoke for or against a category.
type Evidence struct {
	// Feature is the part as it stands in the text, or the names of one or two
	// concepts joined by " + ", or what was measured on the whole text.
	Feature string
	// Kind is "text", "concept" or "shape".
	Kind string
	// Contribution to the log odds of the category against the geometric mean
	// of all categories: positive speaks for it, negative against it.
	Contribution float64
}

// The names of the dense features, as Explain prints them.
var measureNames = [denseCount]string{
	denseBias: "any text", denseLength: "length", denseCodeSymbols: "code symbols", denseDigits: "digits",
	denseQuestion: "a question mark", denseQuestionEnd: "a question mark at the end", denseLines: "line feeds",
	denseFence: "back quotes", denseMixedCase: "mixed case", denseIndent: "indented lines",
	denseNonLatin: "a script that is not Latin", denseColonEnd: "a colon at the end", denseChoices: "choices (A) (B) (C)",
	denseFormula: "symbols of formulas", denseNumbers: "numbers", denseNames: "words with capitals",
}

// makeupName is what Explain calls the features made of [extractor.makeup].
const makeupName = "length, numbers and lines"

// Explain returns what made the model give text the category that
// [Model.Classify] gives it, the weightiest first. The contributions add up to
// the logarithm of the category's probability less the mean logarithm of the
// probabilities of all categories, or to zero for a text without any feature.
func (m *Model) Explain(text string) []Evidence {
	m = m.of(text)
	x := newExtractor(m.bits)
	x.traced = true
	x.extract(text)
	if len(x.tokens) == 0 {
		return nil
	}
	k := slices.Index(m.categories, m.Classify(text).Category)
	n := len(m.categories)
	sums := map[Evidence]float64{}
	for i, v := range x.dense {
		if v != 0 {
			sums[Evidence{Feature: measureNames[i], Kind: "shape"}] += v * centred(m.dense[i*n:(i+1)*n], k)
		}
	}
	weights := make([]float64, n)
	for g, buckets := range x.buckets {
		norm := groupNorm(len(buckets))
		for i, b := range buckets {
			for c := range weights {
				weights[c] = float64(m.weights[int(b)*n+c]) * m.scales[c]
			}
			sums[x.evidence(text, x.origins[g][i])] += norm * centred(weights, k)
		}
	}
	all := make([]Evidence, 0, len(sums))
	for e, sum := range sums {
		e.Contribution = sum / m.temperature
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b Evidence) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Contribution), math.Abs(a.Contribution)),
			strings.Compare(a.Kind, b.Kind), strings.Compare(a.Feature, b.Feature))
	})
	return all
}

// SpokeFor is the weightiest of [Model.Explain] that spoke for the category, five at most.
func (m *Model) SpokeFor(text string) []Evidence {
	const most = 5
	all := slices.DeleteFunc(m.Explain(text), func(e Evidence) bool { return e.Contribution <= 0 })
	return all[:min(len(all), most)]
}

// centred is the weight of category k less the mean of all.
func centred(weights []float64, k int) float64 {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	return weights[k] - sum/float64(len(weights))
}

// evidence names where a feature comes from.
func (x *extractor) evidence(text string, o origin) Evidence {
	switch {
	case o.a != 0 && o.b != 0:
		return Evidence{Feature: x.lexicon.names[o.a] + " + " + x.lexicon.names[o.b], Kind: "concept"}
	case o.a != 0 || o.b != 0:
		return Evidence{Feature: x.lexicon.names[max(o.a, o.b)], Kind: "concept"}
	case o.to > o.from:
		return Evidence{Feature: x.quote(text, o), Kind: "text"}
	}
	return Evidence{Feature: makeupName, Kind: "shape"}
}

// quote returns the part of text that o was made of, in small letters and with
// single blanks.
func (x *extractor) quote(text string, o origin) string {
	end := len(text)
	if int(o.to) < len(x.offsets) {
		end = x.offsets[o.to]
	}
	start := x.offsets[o.from]
	return strings.ToLower(strings.Join(strings.Fields(strings.ToValidUTF8(text[start:end], "\uFFFD")), " "))
}
