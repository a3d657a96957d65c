package run

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
)

// SampleWeeks draws a simple random sample without replacement for each week,
// perWeek ids of the list each. The same ids, seed and category always give the
// same sample, in whatever order the ids come. Where there are too few, they are
// spread evenly, the earlier weeks getting one more.
func SampleWeeks(ids []string, weeks, perWeek int, seed uint64, category string) [][]string {
	sorted := slices.Sorted(slices.Values(ids))
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(category)) // a hash takes everything
	random := rand.New(rand.NewPCG(seed, hash.Sum64()))
	random.Shuffle(len(sorted), func(i, j int) { sorted[i], sorted[j] = sorted[j], sorted[i] })
	sorted = sorted[:min(len(sorted), weeks*perWeek)]
	sample := make([][]string, weeks)
	for i, id := range sorted {
		sample[i%weeks] = append(sample[i%weeks], id)
	}
	return sample
}
