package stats

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/floats/scalar"
)

// The exact values come from Python: Simpson's rule with 20000 intervals on the
// density of t (its constant by Stirling's series), halved to the tail of
// math.erfc(z/√2)/2.
func TestTCriticalFarTails(t *testing.T) {
	for _, c := range []struct{ z, df, want float64 }{
		{1.96, 1500, 1.961582844627653},
		{4.5, 1001, 4.523993968537329},
		{6.5, 1001, 6.570864457027126},
		{6.5, 49999, 6.501405913275683},
		{8.3, 1000, 8.44719224975481},
		{8.3, 5000, 8.329090421321819},
		{12, 1001, 12.448083570752392},
		{12, 5000, 12.087532281177666},
	} {
		if got := TCritical(c.z, c.df); !scalar.EqualWithinRel(got, c.want, 1e-9) {
			t.Errorf("z %v, df %v: got %v, want %v", c.z, c.df, got, c.want)
		}
	}
}

// cornishFisher is the expansion of the quantile of t (Abramowitz and Stegun 26.7.5).
func cornishFisher(z, df float64) float64 {
	z2 := z * z
	return z + z*(z2+1)/(4*df) + z*((5*z2+16)*z2+3)/(96*df*df) +
		z*(((3*z2+19)*z2+17)*z2-15)/(384*df*df*df)
}

func TestTCriticalFollowsTheExpansion(t *testing.T) {
	for _, df := range []float64{1000, 5000, 49999, 1e6} {
		for z := 0.25; z <= 9; z += 0.25 {
			if got, want := TCritical(z, df), cornishFisher(z, df); !scalar.EqualWithinRel(got, want, 1e-5/(df/1000)) {
				t.Errorf("z %v, df %v: got %v, want %v", z, df, got, want)
			}
		}
	}
}

func TestTCriticalIsContinuous(t *testing.T) {
	for z := 0.05; z <= 37; z += 0.05 {
		gonum, ours := TCritical(z, mostQuantileDF), largeTCritical(z, mostQuantileDF)
		if !scalar.EqualWithinRel(ours, gonum, 1e-9) {
			t.Errorf("z %v: %v under the switch, %v above", z, gonum, ours)
		}
	}
}

func TestZEquivalentInvertsTCritical(t *testing.T) {
	for _, df := range []float64{1, 2.5, 10, 60, 79.9, 80.1, 150, 300, 700, 1000, 5000, 49999, 1e6} {
		previous := 0.0
		for z := 0.05; z <= 37; z += 0.05 {
			c := TCritical(z, df)
			if math.IsInf(c, 1) { // beyond a double, one degree of freedom only
				continue
			}
			if !(c > previous) {
				t.Errorf("z %v, df %v: critical value %v after %v", z, df, c, previous)
			}
			previous = c
			if back := ZEquivalent(c, df); !scalar.EqualWithinAbs(back, z, 1e-8) {
				t.Errorf("z %v, df %v: critical value %v is worth %v", z, df, c, back)
			}
		}
	}
}

func TestInfiniteStatistic(t *testing.T) {
	for _, df := range []float64{4, 500, math.Inf(1)} {
		for _, value := range []float64{math.Inf(1), math.Inf(-1)} {
			if z, c := ZEquivalent(value, df), TCritical(value, df); z != value || c != value {
				t.Errorf("df %v: %v gives z %v and critical value %v", df, value, z, c)
			}
		}
		if p := SequenceP(math.Inf(1), 50, 200, 0.005); p != MinP {
			t.Errorf("sequence p-value at +Inf: got %v, want %v", p, MinP)
		}
		if p := SequenceP(math.Inf(-1), 50, 200, 0.005); p != 1 {
			t.Errorf("sequence p-value at -Inf: got %v, want 1", p)
		}
	}
}
