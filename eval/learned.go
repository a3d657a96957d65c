package eval

import "modeltrial/audit"

// Where a plan's assumption comes from.
const (
	FromAssumption = "assumed" // what is usual
	FromFlag       = "given"   // on the command line
	FromRatings    = "ratings" // estimated from people's ratings in the workspace
)

// Learned is what people's ratings of an earlier pilot, or of the weeks so far, say of
// what a plan otherwise assumes. Simulated ratings teach nothing.
type Learned struct {
	Ratings int `json:"ratings"`
	Raters  int `json:"raters"`
	Tasks   int `json:"tasks"` // under a candidate
	// The variances of the scores, in squared win-rate points, by restricted maximum
	// likelihood: of tasks, of raters' general leaning, and of single ratings.
	TaskVariance     *float64 `json:"task_variance"`
	RaterVariance    *float64 `json:"rater_variance"`
	ResidualVariance *float64 `json:"residual_variance"`
	// RaterSD and ICC are those of [Assumptions]. RaterSD is nil where the raters do not
	// differ by more than chance: so few of them cannot show that there is no difference.
	RaterSD  *float64         `json:"rater_sd"`
	ICC      *float64         `json:"icc"`
	UseCases []LearnedUseCase `json:"use_cases"`
	// WhyMissing says for each null field, by its JSON name, why.
	WhyMissing map[string]string `json:"why_missing"`
}

// A LearnedUseCase is what people's ratings of one use case say.
type LearnedUseCase struct {
	Category  audit.Category `json:"category"`
	Candidate string         `json:"candidate"`
	Ratings   int            `json:"ratings"`
	// ScoreSD is the standard deviation of one score, in win-rate points; nil of fewer
	// than two.
	ScoreSD *float64 `json:"score_sd"`
	// Open says that the use case is not decided yet.
	Open bool `json:"open"`
}

// An Allocation splits ratings that people can give among the use cases that are not
// decided yet, in proportion to the standard deviations of their scores (Neyman 1934).
type Allocation struct {
	Category  audit.Category `json:"category"`
	Candidate string         `json:"candidate"`
	Ratings   int            `json:"ratings"`
	ScoreSD   float64        `json:"score_sd"`
	From      string         `json:"score_sd_source"` // assumed or ratings
}
