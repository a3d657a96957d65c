package stats

import (
	"fmt"
	"math"
)

// Adjusted is a win rate from a regression that holds something else fixed.
type Adjusted struct {
	// WinRate is the win rate where the regressor is 0, between 0 and 1.
	WinRate Interval
	// Intercept and Slope are the coefficients with their clustered variances: in
	// win-rate points for a linear, in log-odds for a logistic regression.
	Intercept, Slope WeightedMean
}

// PositionAdjusted returns the win rate free of the order in which answers were shown:
// the intercept of the scores on 1 and o, o = ½ where the candidate was shown first
// and −½ else, by weighted least squares with the clustered variance of [Mean] and the
// Wilson-type interval at the z-scale critical value z. The slope is the advantage of
// being shown first, in win-rate points. candidateFirst is parallel to observations,
// one for each rating: orders are not averaged. Too little data, or one order alone,
// gives a [*MissingError].
func PositionAdjusted(observations []Observation, candidateFirst []bool, ratersSampled bool, z float64) (Adjusted, error) {
	if len(observations) != len(candidateFirst) {
		return Adjusted{}, fmt.Errorf("position-adjusted win rate: %d observations but %d orders", len(observations), len(candidateFirst))
	}
	x := make([]float64, len(observations))
	for i, first := range candidateFirst {
		x[i] = -0.5
		if first {
			x[i] = 0.5
		}
	}
	intercept, slope, err := leastSquares(observations, x, ratersSampled)
	if err != nil {
		return Adjusted{}, err
	}
	winRate, err := intercept.WinRateInterval(z)
	if err != nil {
		return Adjusted{}, err
	}
	return Adjusted{WinRate: winRate, Intercept: intercept, Slope: slope}, nil
}

// leastSquares returns the coefficients of the scores on 1 and x by weighted least
// squares, with clustered variances by linearisation: the influence of observation i is
// w_i e_i (1, x_i)·(X'WX)⁻¹.
func leastSquares(observations []Observation, x []float64, ratersSampled bool) (intercept, slope WeightedMean, err error) {
	mean, err := Mean(observations, false) // for its checks
	if err != nil {
		return intercept, slope, err
	}
	total := 0.0
	for _, o := range observations {
		total += o.Weight
	}
	middle := 0.0
	for i, o := range observations {
		middle += o.Weight / total * x[i]
	}
	spread, together, scale := 0.0, 0.0, 0.0
	for i, o := range observations {
		w := o.Weight / total
		spread += w * (x[i] - middle) * (x[i] - middle)
		together += w * (x[i] - middle) * (o.Score - mean.Estimate)
		scale = max(scale, math.Abs(o.Score))
	}
	if spread < tiny {
		return intercept, slope, missing("the regressor does not vary")
	}
	b := together / spread
	a := mean.Estimate - b*middle
	forA, forB := make([]float64, len(observations)), make([]float64, len(observations))
	for i, o := range observations {
		e := o.Weight / total * (o.Score - a - b*x[i])
		forB[i] = e * (x[i] - middle) / spread
		forA[i] = e - middle*forB[i]
	}
	if intercept, err = linearised(observations, forA, a, scale, ratersSampled); err != nil {
		return intercept, slope, err
	}
	slope, err = linearised(observations, forB, b, scale, ratersSampled)
	return intercept, slope, err
}

// LengthControlled returns the win rate that the arms would have with answers of equal
// length (length-controlled AlpacaEval, Dubois et al. 2024): σ(intercept) of the
// logistic quasi-likelihood fit of the scores on 1 and tanh(Δ/sd Δ), Δ the length of
// the candidate's answer less that of the control's, in any unit. A tie counts ½. The
// variance of the coefficients, in log-odds, is the clustered sandwich of [Mean], the
// limits are σ of the t limits of the intercept at the z-scale critical value z, and
// the standard error of the win rate is that of the intercept times σ'.
// lengthDifference is parallel to observations; sd, with divisor n−1, is taken
// over tasks. It assumes that a length difference of 0 lies within what was seen.
//
// Scores outside [0,1] give an error; too little data, lengths that do not vary, scores
// that length separates perfectly, or an interval of nearly 0 to 1 a [*MissingError].
func LengthControlled(observations []Observation, lengthDifference []float64, ratersSampled bool, z float64) (Adjusted, error) {
	if len(observations) != len(lengthDifference) {
		return Adjusted{}, fmt.Errorf("length-controlled win rate: %d observations but %d length differences", len(observations), len(lengthDifference))
	}
	for i, o := range observations {
		if !(o.Score >= 0 && o.Score <= 1) {
			return Adjusted{}, fmt.Errorf("length-controlled win rate: observation %d has the score %v, want 0 to 1", i, o.Score)
		}
	}
	if _, err := Mean(observations, false); err != nil {
		return Adjusted{}, err
	}
	x, err := squashed(observations, lengthDifference)
	if err != nil {
		return Adjusted{}, err
	}
	fit, err := fitLogistic(observations, x)
	if err != nil {
		return Adjusted{}, err
	}
	forA, forB := fit.influences(observations, x)
	var result Adjusted
	if result.Intercept, err = linearised(observations, forA, fit.a, 1, ratersSampled); err != nil {
		return Adjusted{}, err
	}
	if result.Slope, err = linearised(observations, forB, fit.b, 1, ratersSampled); err != nil {
		return Adjusted{}, err
	}
	logOdds, err := result.Intercept.TInterval(z)
	if err != nil {
		return Adjusted{}, err
	}
	result.WinRate = logisticInterval(logOdds)
	if result.WinRate.High-result.WinRate.Low > mostOpen {
		return Adjusted{}, missing("the answers differ so much in length that at equal length the win rate could be anything")
	}
	return result, nil
}

// mostOpen is the width from which on an interval of a win rate says nothing: the fit
// reaches for a length difference of 0 far from those that were seen.
const mostOpen = 0.9

// logisticInterval brings an interval of log-odds to the scale of probabilities.
func logisticInterval(logOdds Interval) Interval {
	p := logistic(logOdds.Estimate)
	return Interval{Estimate: p, StandardError: p * (1 - p) * logOdds.StandardError, Low: logistic(logOdds.Low), High: logistic(logOdds.High)}
}

// logistic returns σ(x) = 1/(1 + e^−x).
func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// log1pExp returns ln(1 + e^x) without overflow.
func log1pExp(x float64) float64 {
	if x > 0 {
		return x + math.Log1p(math.Exp(-x))
	}
	return math.Log1p(math.Exp(x))
}

// logisticFit has the coefficients of a logistic fit on 1 and x, and the entries of
// its information matrix.
type logisticFit struct {
	a, b             float64
	one, cross, both float64
}

// mostLogOdds is where a fit counts as running away: no data of a pilot tell a
// probability from 0 beyond.
const mostLogOdds = 30

// fitLogistic maximises Σ w_i[s_i η_i − ln(1 + e^η_i)], η = a + b·x, by Newton's method
// with halved steps. Data that x separates have no maximum: a [*MissingError].
func fitLogistic(observations []Observation, x []float64) (logisticFit, error) {
	total := 0.0
	for _, o := range observations {
		total += o.Weight
	}
	likelihood := func(a, b float64) float64 {
		sum := 0.0
		for i, o := range observations {
			eta := a + b*x[i]
			sum += o.Weight / total * (o.Score*eta - log1pExp(eta))
		}
		return sum
	}
	var fit logisticFit
	value := likelihood(0, 0)
	for range 100 {
		fit.one, fit.cross, fit.both = 0, 0, 0
		gradientA, gradientB := 0.0, 0.0
		for i, o := range observations {
			w := o.Weight / total
			p := logistic(fit.a + fit.b*x[i])
			e, h := w*(o.Score-p), w*p*(1-p)
			gradientA += e
			gradientB += e * x[i]
			fit.one += h
			fit.cross += h * x[i]
			fit.both += h * x[i] * x[i]
		}
		determinant := fit.one*fit.both - fit.cross*fit.cross
		if !(determinant > tiny*fit.one*fit.both) || math.Abs(fit.a) > mostLogOdds || math.Abs(fit.b) > mostLogOdds {
			break
		}
		stepA := (fit.both*gradientA - fit.cross*gradientB) / determinant
		stepB := (fit.one*gradientB - fit.cross*gradientA) / determinant
		if math.Abs(stepA)+math.Abs(stepB) < 1e-12 {
			return fit, nil
		}
		for range 40 {
			next := likelihood(fit.a+stepA, fit.b+stepB)
			if next >= value-tiny {
				value = next
				break
			}
			stepA, stepB = stepA/2, stepB/2
		}
		fit.a, fit.b = fit.a+stepA, fit.b+stepB
	}
	return fit, missing("the length of the answers alone decides every score, or nearly so: no win rate at equal length")
}

// influences returns those of the observations on both coefficients: H⁻¹(1,x_i)w_i e_i.
func (fit logisticFit) influences(observations []Observation, x []float64) (forA, forB []float64) {
	total := 0.0
	for _, o := range observations {
		total += o.Weight
	}
	determinant := fit.one*fit.both - fit.cross*fit.cross
	forA, forB = make([]float64, len(observations)), make([]float64, len(observations))
	for i, o := range observations {
		e := o.Weight / total * (o.Score - logistic(fit.a+fit.b*x[i]))
		forA[i] = e * (fit.both - fit.cross*x[i]) / determinant
		forB[i] = e * (fit.one*x[i] - fit.cross) / determinant
	}
	return forA, forB
}
