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
	return SampleClusters(ids, nil, weeks, perWeek, seed, category)
}

// SampleClusters is SampleWeeks where tasks are in clusters, by id; tasks that are in
// none are not in the map. The sample is stratified by cluster in proportion to size
// (Cochran 1977, 5.9 and 8.3): each task is as likely as any other, and of each
// cluster come as many as its share of all tasks, rounded down or up, which a simple
// random sample only does on average. Tasks of one cluster are told apart less than
// others, so that more of them would say little.
func SampleClusters(ids []string, clusters map[string]string, weeks, perWeek int, seed uint64, category string) [][]string {
	order := slices.Sorted(slices.Values(ids))
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(category)) // a hash takes everything
	random := rand.New(rand.NewPCG(seed, hash.Sum64()))
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	size := min(len(order), weeks*perWeek)
	sample := make([][]string, weeks)
	if !clustered(order, clusters) {
		for i, id := range order[:size] {
			sample[i%weeks] = append(sample[i%weeks], id)
		}
		return sample
	}
	// A systematic sample of the tasks in the order of their clusters, from a random
	// start, gives each stratum its share without drawing from each.
	order = byCluster(order, clusters)
	start := random.Float64()
	for i := range size {
		at := int((float64(i) + start) * float64(len(order)) / float64(size))
		sample[i%weeks] = append(sample[i%weeks], order[min(at, len(order)-1)])
	}
	return sample
}

// clustered says whether two of the ids are in one cluster.
func clustered(ids []string, clusters map[string]string) bool {
	seen := map[string]bool{}
	for _, id := range ids {
		cluster, ok := clusters[id]
		if ok && seen[cluster] {
			return true
		}
		seen[cluster] = ok
	}
	return false
}

// byCluster puts the tasks of a cluster beside each other, where the first of them is.
func byCluster(ids []string, clusters map[string]string) []string {
	members := map[string][]string{}
	for _, id := range ids {
		if cluster, ok := clusters[id]; ok {
			members[cluster] = append(members[cluster], id)
		}
	}
	ordered := make([]string, 0, len(ids))
	for _, id := range ids {
		cluster, ok := clusters[id]
		if !ok {
			ordered = append(ordered, id)
			continue
		}
		ordered = append(ordered, members[cluster]...)
		delete(members, cluster)
	}
	return ordered
}
