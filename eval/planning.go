package eval

import "modeltrial/audit"

// Assumptions are what a plan takes to be true before anything is known. Rates and
// correlations are shares, 0 to 1.
type Assumptions struct {
	WinRate float64 `json:"win_rate"` // of a candidate that is worth finding
	Ties    float64 `json:"tie_share"`
	Power   float64 `json:"power"`  // the chance of finding it that is wanted
	Raters  int     `json:"raters"` // people who will rate
	// RaterSD is the standard deviation of the raters' own win rates, ICC the
	// correlation of two raters' scores of one task.
	RaterSD float64 `json:"rater_sd"`
	ICC     float64 `json:"icc"`
	// RaterSDFrom and ICCFrom say where they come from: [FromAssumption], [FromFlag] or
	// [FromRatings].
	RaterSDFrom string `json:"rater_sd_source"`
	ICCFrom     string `json:"icc_source"`
	// ClusterSize tasks belong together, whose scores have the correlation ClusterICC.
	ClusterSize float64 `json:"cluster_size"`
	ClusterICC  float64 `json:"cluster_icc"`
	// SecondsPerRating is the time that one rating takes.
	SecondsPerRating float64 `json:"seconds_per_rating"`
}

// A UseCasePlan is what the planned tasks of one use case can show.
type UseCasePlan struct {
	Category  audit.Category `json:"category"`
	Candidate string         `json:"candidate"`
	Available int            `json:"tasks_available"`
	Planned   int            `json:"tasks_planned"`
	// Better and NotWorse are the two claims of the decision rule.
	Better   ClaimPlan `json:"better"`
	NotWorse ClaimPlan `json:"not_worse"`
}

// A ClaimPlan says what a claim needs. A field that cannot be given is nil and
// WhyMissing, by its JSON name, says why.
type ClaimPlan struct {
	Chance       *float64          `json:"chance"`       // with the planned tasks and the raters at hand
	Tasks        *int              `json:"tasks_needed"` // with the raters at hand
	TasksPerWeek *int              `json:"tasks_per_week_needed"`
	Raters       *int              `json:"raters_needed"` // with the planned tasks
	WhyMissing   map[string]string `json:"why_missing"`
}

// What a claim is short of.
const (
	ShortOfNothing = ""
	ShortOfTasks   = "tasks"
	ShortOfRaters  = "raters"
	ShortOfEither  = "tasks or raters" // more of one of them suffices
	ShortOfBoth    = "tasks and raters"
)

// Short says what must be more for the chance that is wanted.
func (c ClaimPlan) Short(a Assumptions) string {
	switch {
	case c.Chance != nil && *c.Chance >= a.Power:
		return ShortOfNothing
	case c.Tasks != nil && c.Raters != nil && *c.Raters > a.Raters:
		return ShortOfEither
	case c.Tasks != nil:
		return ShortOfTasks
	case c.Raters != nil:
		return ShortOfRaters
	}
	return ShortOfBoth
}
