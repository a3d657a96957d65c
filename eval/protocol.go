package eval

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"modeltrial/audit"
)

// A Protocol is a pilot's plan. Once locked it does not change: its hash stands
// in every result, and what departs from it is a recorded deviation.
type Protocol struct {
	Name                 string    `yaml:"name" json:"name"`
	Control              string    `yaml:"control" json:"control"` // the current model's arm
	Arms                 []Arm     `yaml:"arms" json:"arms"`
	UseCases             []UseCase `yaml:"use_cases" json:"use_cases"`
	Weeks                int       `yaml:"weeks" json:"weeks"`
	TasksPerWeek         int       `yaml:"tasks_per_week" json:"tasks_per_week"` // for each category
	RatingsPerComparison int       `yaml:"ratings_per_comparison" json:"ratings_per_comparison"`
	// Sample says where the weeks' tasks come from; empty is the reserve.
	Sample SampleKind `yaml:"sample" json:"sample,omitempty"`
	Seed   uint64     `yaml:"seed" json:"seed"`
	// Repeats is how often each arm answers each task, to tell a model's noise from the
	// difference between tasks: 0 and 1 are once. The first answer is the one that is
	// rated and compared; the others show only how far answers to one task vary.
	Repeats int `yaml:"repeats" json:"repeats,omitempty"`

	Margin          float64  `yaml:"non_inferiority_margin" json:"non_inferiority_margin"` // in win-rate points, 0.05
	Saving          float64  `yaml:"minimum_saving" json:"minimum_saving"`                 // share of cost, 0.10
	MaxCostRatio    *float64 `yaml:"max_cost_ratio" json:"max_cost_ratio,omitempty"`
	JudgesMayDecide bool     `yaml:"judges_may_decide" json:"judges_may_decide"`

	// FlaggedAnswers says what becomes of comparisons with an answer that tells its arm
	// although names are hidden.
	FlaggedAnswers FlaggedRule `yaml:"flagged_answers" json:"flagged_answers,omitempty"`

	// RaterChecks try the people who rate, and ExcludeRaters says whose ratings are left
	// out. Nil: nobody is tried, nobody left out.
	RaterChecks   *RaterChecks `yaml:"rater_checks" json:"rater_checks,omitempty"`
	ExcludeRaters *RaterRule   `yaml:"exclude_raters" json:"exclude_raters,omitempty"`

	// Judges are the models of judge run. SameFamilyJudges lets them rate arms of their
	// own maker's family, whose answers they may prefer.
	Judges           []Arm `yaml:"judges" json:"judges,omitempty"`
	SameFamilyJudges bool  `yaml:"same_family_judges" json:"same_family_judges,omitempty"`
	// JudgeThresholds say from when on a judge stands in for a person; nil: the defaults.
	JudgeThresholds *JudgeThresholds `yaml:"judge_thresholds" json:"judge_thresholds,omitempty"`
	// Rubrics say by category what judges go by, in the place of the built-in ones.
	Rubrics map[audit.Category]string `yaml:"rubrics" json:"rubrics,omitempty"`
	Checks  []CheckRule               `yaml:"checks" json:"checks,omitempty"`
	// RatingTags are what raters can choose from to say why they gave a verdict.
	RatingTags []string `yaml:"rating_tags" json:"rating_tags,omitempty"`

	// Claims are what is said of the candidates and is to be checked.
	Claims []Claim `yaml:"claims" json:"claims,omitempty"`

	BudgetUSD   string `yaml:"budget_usd" json:"budget_usd"` // decimal text; the hard cap of all weeks together
	Concurrency int    `yaml:"concurrency" json:"-"`         // calls in flight; not a part of what is frozen
}

// A UseCase is a category whose tasks are given to the control and to each of
// its candidates.
type UseCase struct {
	Category   audit.Category `yaml:"category" json:"category"`
	Candidates []string       `yaml:"candidates" json:"candidates"`
}

// Level is the confidence level of every interval.
const Level = 0.95

// Budget is the protocol's hard cap in nano-dollars.
func (p Protocol) Budget() (audit.NanoUSD, error) {
	budget, err := audit.ParseUSD(p.BudgetUSD)
	if err != nil {
		return 0, fmt.Errorf("budget_usd: %w", err)
	}
	return budget, nil
}

// Arm finds an arm by name.
func (p Protocol) Arm(name string) (Arm, bool) {
	for _, arm := range p.Arms {
		if arm.Name == name {
			return arm, true
		}
	}
	return Arm{}, false
}

// UseCase finds the use case of a category.
func (p Protocol) UseCase(category audit.Category) (UseCase, bool) {
	for _, useCase := range p.UseCases {
		if useCase.Category == category {
			return useCase, true
		}
	}
	return UseCase{}, false
}

// Hash is the SHA-256 of the protocol's canonical JSON, in hexadecimal.
func (p Protocol) Hash() (string, error) {
	canonical, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("hash protocol: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

// A LockedProtocol is a protocol as it was frozen.
type LockedProtocol struct {
	Version  int
	SHA256   string
	LockedAt time.Time
	Protocol Protocol
	// CategoryShare is each category's share of all audited tasks at lock, 0 to
	// 1: the weights of the overall result.
	CategoryShare map[audit.Category]float64
}
