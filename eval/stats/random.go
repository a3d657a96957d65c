package stats

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
)

// Randomness that does not depend on the number of cores: every resample has numbers of
// its own, whoever draws it.

// inParallel runs work(worker, i) for i in 0…count−1 on all cores. prepare makes what
// one core works with.
func inParallel[W any](count int, prepare func() W, work func(W, int)) {
	workers := min(runtime.GOMAXPROCS(0), count)
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			tools := prepare()
			for {
				i := int(next.Add(1)) - 1
				if i >= count {
					return
				}
				work(tools, i)
			}
		})
	}
	group.Wait()
}

// golden is the odd constant by which the counter of SplitMix64 moves on.
const golden = 0x9e3779b97f4a7c15

// splitMix returns the output of SplitMix64 at a counter (Steele, Lea and Flood 2014,
// with the finalizer of their version 13). Outputs at different counters do not wait for
// each other, which makes them the fastest numbers of sufficient quality here.
func splitMix(counter uint64) uint64 {
	z := (counter ^ counter>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// A drawer draws numbers below n for one resample, two from each 64 random bits, by
// multiplication and shift with rejection, so that all are equally likely (Lemire 2019).
type drawer struct {
	n, threshold uint64
	counter      uint64
	again        *rand.PCG
	seed, stream uint64
}

// newDrawer makes the drawer of a resample. A resample draws at most most numbers; the
// counters of others start behind.
func newDrawer(n int, seed uint64, resample, most int) *drawer {
	halves := uint64(most+1) / 2
	return &drawer{
		n: uint64(n), threshold: (1 << 32) % uint64(n),
		counter: seed + golden*halves*uint64(resample), seed: seed, stream: uint64(resample),
	}
}

// drawBlock is how many numbers are drawn at once: they stay in the nearest cache.
const drawBlock = 1024

// blocks hands out count numbers below n in blocks, in which each draw waits for no
// other. buffer has drawBlock places.
func (d *drawer) blocks(count int, buffer []uint32, use func(drawn []uint32)) {
	for count > 0 {
		size := min(count, drawBlock)
		d.fill(buffer[:size+size%2])
		use(buffer[:size])
		count -= size
	}
}

// fill fills an even number of places.
func (d *drawer) fill(drawn []uint32) {
	counter, n, threshold := d.counter, d.n, d.threshold
	for k := 0; k+1 < len(drawn); k += 2 {
		counter += golden
		u := splitMix(counter)
		first, second := (u>>32)*n, (u&math.MaxUint32)*n
		if min(first&math.MaxUint32, second&math.MaxUint32) < threshold {
			first, second = d.redraw(first), d.redraw(second)
		}
		drawn[k], drawn[k+1] = uint32(first>>32), uint32(second>>32)
	}
	d.counter = counter
}

// redraw replaces a product that falls among those too many by numbers of another
// generator; few do.
func (d *drawer) redraw(product uint64) uint64 {
	for product&math.MaxUint32 < d.threshold {
		if d.again == nil {
			d.again = rand.NewPCG(d.seed, d.stream)
		}
		product = (d.again.Uint64() >> 32) * d.n
	}
	return product
}

// binomial returns a draw from the binomial distribution with n trials of probability
// p: by inversion where fewer than 10 successes are expected, else by transformed
// rejection (Hörmann 1993, BTRS). Both are exact but for the rounding of doubles.
func binomial(n int, p float64, source *rand.PCG) int {
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - binomial(n, 1-p, source)
	case float64(n)*p < 10:
		return binomialByInversion(n, p, source)
	}
	trials := float64(n)
	spread := math.Sqrt(trials * p * (1 - p))
	b := 1.15 + 2.53*spread
	a := -0.0873 + 0.0248*b + 0.01*p
	centre := trials*p + 0.5
	within := 0.92 - 4.2/b
	for {
		u, v := uniform(source)-0.5, uniform(source)
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + centre)
		if us >= 0.07 && v <= within {
			return int(k)
		}
		if k < 0 || k > trials {
			continue
		}
		alpha := (2.83 + 5.1/b) * spread
		odds := p / (1 - p)
		mode := math.Floor((trials + 1) * p)
		bound := (mode+0.5)*math.Log((mode+1)/(odds*(trials-mode+1))) +
			(trials+1)*math.Log((trials-mode+1)/(trials-k+1)) +
			(k+0.5)*math.Log(odds*(trials-k+1)/(k+1)) +
			stirling(mode) + stirling(trials-mode) - stirling(k) - stirling(trials-k)
		if math.Log(v*alpha/(a/(us*us)+b)) <= bound {
			return int(k)
		}
	}
}

// binomialByInversion adds probabilities up to a uniform number.
func binomialByInversion(n int, p float64, source *rand.PCG) int {
	odds := p / (1 - p)
	for {
		u := uniform(source)
		probability := math.Exp(float64(n) * math.Log1p(-p))
		for k := 0; k <= n; k++ {
			if u < probability {
				return k
			}
			u -= probability
			probability *= odds * float64(n-k) / float64(k+1)
		}
		// Rounding left a rest of the order 1e-16: draw again.
	}
}

// uniform returns a number in [0,1) with 53 bits.
func uniform(source *rand.PCG) float64 { return float64(source.Uint64()>>11) / (1 << 53) }

// stirling returns ln k! − [(k+½)ln(k+1) − (k+1) + ½ln 2π], the rest of Stirling's formula.
func stirling(k float64) float64 {
	if k < float64(len(stirlingTable)) {
		return stirlingTable[int(k)]
	}
	x := 1 / (k + 1)
	return x * (1.0/12 - x*x*(1.0/360-x*x/1260))
}

// stirlingTable holds the rest where its series is not exact enough.
var stirlingTable = func() (table [16]float64) {
	factorial := 1.0
	for k := range table {
		x := float64(k)
		if k > 1 {
			factorial *= x
		}
		table[k] = math.Log(factorial) - ((x+0.5)*math.Log(x+1) - (x + 1) + 0.5*math.Log(2*math.Pi))
	}
	return table
}()

// multinomial fills draws with how often each of the cells came up in as many draws as
// the counts sum to, a cell with a probability in proportion to its count.
func multinomial(counts, draws []int, total int, source *rand.PCG) {
	left, of := total, total
	for i, count := range counts {
		draws[i] = binomial(left, float64(count)/float64(of), source)
		left -= draws[i]
		of -= count
		if of == 0 {
			clear(draws[i+1:])
			return
		}
	}
}

// streamOf returns the generator of a resample.
func streamOf(seed uint64, resample int) *rand.PCG {
	return rand.NewPCG(seed, bits.Reverse64(uint64(resample)))
}
