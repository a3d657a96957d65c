package audit

// An Interval is an estimate with its uncertainty. Where it cannot be computed the
// field that holds it is nil, and a field beside it says why.
type Interval struct {
	Estimate      float64 `json:"estimate"`
	StandardError float64 `json:"standard_error"`
	Low           float64 `json:"low"`
	High          float64 `json:"high"`
	Level         float64 `json:"level"` // probability with which the limits enclose the truth, such as 0.95
}
