package stats

import (
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// numpyBootstrap resamples the mean of 10,000 paired differences 10,000 times in numpy's
// fastest way: draws with replacement in chunks that fit its caches, of the type that
// indexes without conversion. It prints the seconds of the best chunk size, each tried
// three times.
const numpyBootstrap = `
import time
import numpy as np
rng = np.random.Generator(np.random.SFC64(1))
x = rng.normal(size=10000)
y = rng.normal(size=10000)
def run(chunk):
    d = y - x
    means = np.empty(10000)
    buffer = np.empty((chunk, 10000))
    for b in range(0, 10000, chunk):
        np.take(d, rng.integers(0, 10000, (chunk, 10000)), out=buffer, mode='clip')
        means[b:b+chunk] = buffer.mean(1)
    return np.percentile(means, [2.5, 97.5])
best = 1e9
for chunk in (1, 4, 10, 100) * 3:
    start = time.perf_counter()
    run(chunk)
    best = min(best, time.perf_counter() - start)
print(best)
`

// numpySeconds runs a numpy script that prints seconds; false where numpy is not there.
func numpySeconds(b *testing.B, script string) (float64, bool) {
	b.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		out, err := exec.Command(python, "-c", script).Output()
		if err != nil {
			continue
		}
		seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err == nil {
			return seconds, true
		}
	}
	return 0, false
}

// BenchmarkBootstrap resamples a mean of 10,000 paired differences 10,000 times, beside
// numpy in the same run: times-numpy is our time over numpy's.
func BenchmarkBootstrap(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	observations := make([]Observation, 10_000)
	for i := range observations {
		observations[i] = Observation{Score: random.NormFloat64() - random.NormFloat64(), Weight: 1, Task: i, Cluster: i}
	}
	b.Run("ours", func(b *testing.B) {
		numpy, ok := numpySeconds(b, numpyBootstrap)
		b.ResetTimer()
		for b.Loop() {
			if _, err := BootstrapMean(observations, 10_000, 0.95, random); err != nil {
				b.Fatal(err)
			}
		}
		if !ok {
			b.Log("numpy is not installed: nothing to compare with")
			return
		}
		b.ReportMetric(numpy, "numpy-s")
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/numpy, "times-numpy")
	})
}
