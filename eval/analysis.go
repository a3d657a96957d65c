package eval

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"modeltrial/audit"
)

// A Dataset is all that an analysis reads: what a store or a ratings file gives.
type Dataset struct {
	Pilot     string
	Locked    *LockedProtocol // nil where only files are analysed
	Ratings   []Rating        // in the order in which they were given
	Guesses   []Guess         // that count, one by a rater of a comparison as shown
	PostEdits []PostEdit      // that count, one by a rater of an arm's answer to a task
	// Checks are of the comparisons whose answers were looked at.
	Checks []ComparisonCheck
	// RaterChecks are what people said where they were tried; no evidence for an arm.
	RaterChecks []RaterCheckRating
	Responses   []ResponseRow
	Steps       []StepRow // calls that are a part of an answer, by task, arm, repeat and step
	// Assigned are the tasks of the batches, which every arm of their use case is to
	// answer, and Refused the cells that a provider refused for good; nil where only
	// files are analysed.
	Assigned []AssignedTask
	Refused  []Cell
	// Deviations are what departed from the protocol, in words.
	Deviations []string
	// JudgeRecords are what stored routing tables say of judges beside people, the oldest
	// table first; nil where the protocol does not let judges decide.
	JudgeRecords []JudgeRecord
}

// An AssignedTask is a task in the batch of a week.
type AssignedTask struct {
	TaskID   string         `db:"task_id"`
	Category audit.Category `db:"category"`
	Cluster  string         `db:"cluster"`
	Week     int            `db:"week"`
	Team     string         `db:"team"`
}

// A ResponseRow is a response as the analysis needs it.
type ResponseRow struct {
	TaskID     string
	Category   audit.Category
	Cluster    string
	Week       int
	Arm        string
	Cost       *audit.NanoUSD
	LatencyMS  *int64
	TextSHA256 string // to notice an arm that gives different tasks the same text
	Empty      bool
	Length     int  // characters; 0 where Empty or not known
	Truncated  bool // ended by the limit of output, not by the model
	Refused    bool // the provider or the model declined, and said so
	// Passed says, for answers that were asked for again, whether this one passes every
	// check that applies to it; nil where none does.
	Passed *bool
	Origin ResponseOrigin
	// Tokens and Served are what the answer used and the model that gave it, as the
	// provider named it: with them it can be priced anew and a new version be noticed.
	Tokens audit.Tokens
	Served string
	At     time.Time // when it was stored; zero where not known
}

// An Interval is an estimate with its uncertainty. Where it cannot be computed
// the field that holds it is nil, and WhyMissing of the comparison says why.
type Interval struct {
	Estimate      float64 `json:"estimate"`
	StandardError float64 `json:"standard_error"`
	Low           float64 `json:"low"`
	High          float64 `json:"high"`
	Level         float64 `json:"level"`
}

// RatingSource says whose ratings an estimate rests on.
type RatingSource string

// The sources of an estimate.
const (
	SourceHuman    RatingSource = "human"
	SourceJudge    RatingSource = "judge"
	SourceCheck    RatingSource = "check"
	SourceCombined RatingSource = "combined"
	SourceNone     RatingSource = "none" // nothing rated yet
)

// DecisionKind is what the decision rule says of a use case.
type DecisionKind string

// The decisions.
const (
	Switch        DecisionKind = "switch"
	SwitchForCost DecisionKind = "switch for cost" // not worse, and cheaper or faster
	Keep          DecisionKind = "keep"
	Continue      DecisionKind = "continue"
	NoDecision    DecisionKind = "no decision" // without a protocol, or descriptive
)

// An Analysis is the document of modeltrial analyze.
type Analysis struct {
	Schema         string             `json:"schema"` // modeltrial.analyze/1
	Pilot          string             `json:"pilot"`
	ProtocolSHA256 string             `json:"protocol_sha256"`
	ThroughWeek    int                `json:"through_week"` // 0 where no week is known
	Weeks          int                `json:"weeks"`        // planned
	Level          float64            `json:"level"`
	Provenance     Provenance         `json:"provenance"`
	Comparisons    []ComparisonResult `json:"comparisons"`
	Overall        []ComparisonResult `json:"overall"`
	Agreement      *Agreement         `json:"agreement"` // over everything that was rated
	Raters         []RaterResult      `json:"raters"`
	Judges         []JudgeResult      `json:"judges"`
	Ranking        []RankingResult    `json:"ranking"` // of more than two arms; descriptive
	// Blinding says for each candidate whether raters could tell the arms.
	Blinding []BlindingResult `json:"blinding"`
	// Formatting says by which habits the arms could be told apart, the most telling first.
	Formatting []FormattingResult `json:"formatting"`
	// Masking says how often each arm's answers had something to hide.
	Masking []MaskingResult `json:"masking"`
	// Pipelines say what the steps of pipelines took, Repeats how far answers of an arm to
	// one task vary; both are descriptive.
	Pipelines  []PipelineStep `json:"pipelines"`
	Claims     []ClaimResult  `json:"claims"` // the protocol's, each with what was found
	Repeats    []RepeatResult `json:"repeats"`
	Deviations []string       `json:"deviations"`
	Warnings   []string       `json:"warnings"`
}

// Provenance counts what the figures rest on, so that samples and simulated
// ratings can be said beside them.
type Provenance struct {
	ResponsesMeasured  int `json:"responses_measured"`
	ResponsesRecorded  int `json:"responses_recorded"`
	ResponsesSimulated int `json:"responses_simulated"`
	RatingsByPeople    int `json:"ratings_by_people"`
	RatingsByJudges    int `json:"ratings_by_judges"`
	RatingsByChecks    int `json:"ratings_by_checks"`
	RatingsSimulated   int `json:"ratings_simulated"` // counted here only, whatever their kind
}

// A ComparisonResult is a candidate against the control in one category, or in
// all of them together (category "all", descriptive).
type ComparisonResult struct {
	Category  audit.Category `json:"category"`
	Control   string         `json:"control"`
	Candidate string         `json:"candidate"`
	Source    RatingSource   `json:"source"`
	Tasks     int            `json:"tasks"` // rated
	// LostControl and LostCandidate are tasks without an answer of that arm in weeks
	// that are closed: they count as its losses.
	LostControl   int `json:"tasks_lost_control"`
	LostCandidate int `json:"tasks_lost_candidate"`
	Planned       int `json:"planned_tasks"`
	// JudgedTasks are those that judges alone rated, where people and judges are combined.
	JudgedTasks int `json:"tasks_judged_only"`
	Ratings     int `json:"ratings"`
	Raters      int `json:"raters"`
	Wins        int `json:"wins"` // ratings for the candidate
	Losses      int `json:"losses"`
	Ties        int `json:"ties"` // both bad included
	BothBad     int `json:"both_bad"`

	WinRate            *Interval `json:"win_rate"`
	WinRateAlwaysValid *Interval `json:"win_rate_always_valid"`
	PValue             *float64  `json:"p_value"`          // sequential, one-sided, win rate ≤ 1/2
	PValueAdjusted     *float64  `json:"p_value_adjusted"` // Holm over the protocol's use cases

	NonInferiorityP         *float64 `json:"non_inferiority_p_value"` // sequential, win rate ≤ 1/2 − margin
	NonInferiorityPAdjusted *float64 `json:"non_inferiority_p_value_adjusted"`
	CostP                   *float64 `json:"cost_p_value"` // sequential, cost ratio ≥ 1 − saving
	CostPAdjusted           *float64 `json:"cost_p_value_adjusted"`

	PositionEffect *PositionEffect `json:"position_effect"`
	Agreement      *Agreement      `json:"agreement"`
	Combination    *Combination    `json:"combination"`

	FirstPass         *FirstPass  `json:"first_pass_accuracy"`
	OutcomesControl   ArmOutcomes `json:"outcomes_control"`
	OutcomesCandidate ArmOutcomes `json:"outcomes_candidate"`

	CostPerTaskControl   *float64  `json:"cost_per_task_control_usd"`
	CostPerTaskCandidate *float64  `json:"cost_per_task_candidate_usd"`
	CostRatio            *Interval `json:"cost_ratio"`
	CostRatioAlwaysValid *Interval `json:"cost_ratio_always_valid"`
	LatencyRatio         *Interval `json:"latency_ratio"` // geometric mean
	// LatencyRatioAlwaysValid holds at every look, by the boundaries of the win rate.
	LatencyRatioAlwaysValid *Interval `json:"latency_ratio_always_valid"`
	LatencyMedianRatio      *Interval `json:"latency_median_ratio"`
	LatencyP95Ratio         *Interval `json:"latency_p95_ratio"`
	// PostEditRatio is the mean of the candidate's active editing seconds ÷ that of the
	// control's.
	PostEditRatio *Interval    `json:"post_edit_ratio"`
	PostEditing   *PostEditing `json:"post_editing"`
	// Grades are those of the rubric's criteria, the most graded first.
	Grades []GradeResult `json:"grades"`

	Looks       []Look        `json:"looks"` // one per week so far
	Sensitivity []Sensitivity `json:"sensitivity"`
	// Explain is the calculation step by step, where it was asked for.
	Explain  []ExplainedStep `json:"explain,omitempty"`
	Decision DecisionKind    `json:"decision"`
	Reason   string          `json:"reason"`
	Warnings []string        `json:"warnings"`
	// WhyMissing says for each null field above, by its JSON name, why.
	WhyMissing map[string]string `json:"why_missing"`
}

// A Look is what a use case's data said at the end of a week, recomputed from
// the ratings' weeks.
type Look struct {
	Week               int       `json:"week"`
	Tasks              int       `json:"tasks"`
	WinRate            *Interval `json:"win_rate"`
	WinRateAlwaysValid *Interval `json:"win_rate_always_valid"`
}

// A PositionEffect is the advantage of the answer shown first, in win-rate
// points: 0 is none.
type PositionEffect struct {
	Interval
	PValue              float64 `json:"p_value"`
	CandidateFirstShare float64 `json:"candidate_first_share"`
}

// Agreement is how far raters agree. An alpha is nil where fewer than two
// ratings of a task exist.
type Agreement struct {
	AlphaNominal *Interval       `json:"alpha_nominal"`
	AlphaOrdinal *Interval       `json:"alpha_ordinal"`
	Pairs        []PairAgreement `json:"pairs"`
	WhyMissing   string          `json:"why_missing,omitempty"`
}

// PairAgreement is Cohen's kappa of two raters on the comparisons both rated.
type PairAgreement struct {
	RaterA string   `json:"rater_a"`
	RaterB string   `json:"rater_b"`
	Tasks  int      `json:"tasks"`
	Kappa  *float64 `json:"kappa"` // nil where undefined
}

// A RaterResult describes one rater over all comparisons.
type RaterResult struct {
	Rater          string          `json:"rater"`
	Kind           RaterKind       `json:"kind"`
	Simulated      bool            `json:"simulated"`
	Ratings        int             `json:"ratings"`
	Tasks          int             `json:"tasks"`
	Share          float64         `json:"share"` // of all ratings by raters of the kind
	SecondsMedian  *float64        `json:"seconds_median"`
	FastShare      *float64        `json:"fast_share"` // under a third of the median of all people; nil without times
	TieShare       float64         `json:"tie_share"`
	WithOthers     *float64        `json:"agreement_with_others"` // chance that another rater of the comparison gave the same verdict
	PositionEffect *PositionEffect `json:"position_effect"`
	Quality        *RaterQuality   `json:"quality"` // nil for judges and checks
	Flags          []string        `json:"flags"`   // what is odd, in words; nobody is left out by it
	// Excluded says why the rater's ratings are left out by the protocol's rule; empty:
	// they count.
	Excluded string `json:"excluded"`
}

// A JudgeResult says how far a judge can stand in for people, on the comparisons
// that both rated. WhyMissing says for each null field, by its JSON name, why.
type JudgeResult struct {
	Judge     string `json:"judge"`
	Simulated bool   `json:"simulated"`
	Ratings   int    `json:"ratings"`
	Tasks     int    `json:"tasks"`
	Shared    int    `json:"tasks_shared_with_people"`
	// WithPeople is the chance that the judge gives a person's verdict, PeopleAmong that
	// two people give the same one, on the same tasks; Difference is the first less the
	// second. The judge passes where its lower limit is above −0.10.
	WithPeople  *float64  `json:"agreement_with_people"`
	PeopleAmong *float64  `json:"agreement_among_people"`
	Difference  *Interval `json:"agreement_difference"`
	Passes      bool      `json:"passes"`
	// Consistency is the share of pairs of both orders with the same verdict.
	Consistency *Interval `json:"position_consistency"`
	// Bias is the judge's win rate less people's, on the same tasks, in win-rate points.
	Bias *Interval `json:"bias"`
	// SelfPreference is the bias towards an arm of the judge's own family, less the bias
	// of unrelated judges.
	SelfPreference *Interval `json:"self_preference"`
	// LengthBias is the slope of the judge's score less people's on tanh(Δ/sd Δ), Δ the
	// candidate's length less the control's.
	LengthBias *Interval         `json:"length_bias"`
	Warnings   []string          `json:"warnings"`
	WhyMissing map[string]string `json:"why_missing"`
}

// A Combination says how people's and judges' ratings were put together (PPI++).
type Combination struct {
	Lambda       float64 `json:"lambda"` // weight of the judges, 0 to 1
	PeopleAlone  float64 `json:"win_rate_people"`
	JudgesShared float64 `json:"win_rate_judges_shared"` // on the tasks that people rated
	JudgesOnly   float64 `json:"win_rate_judges_only"`   // on the others
	// DifferenceP is the p-value that judges' means on both kinds of task are one: where
	// it is tiny, people did not rate a random part.
	DifferenceP float64 `json:"difference_p_value"`
}

// FirstPass is the share of tasks whose answer passes the checks, paired by task.
type FirstPass struct {
	Tasks         int      `json:"tasks"`
	Control       float64  `json:"control"`
	Candidate     float64  `json:"candidate"`
	Difference    Interval `json:"difference"` // candidate less control
	OnlyControl   int      `json:"only_control_passes"`
	OnlyCandidate int      `json:"only_candidate_passes"`
	McNemarP      float64  `json:"mcnemar_p_value"` // exact, two-sided
	// Ratio is the candidate's share ÷ the control's, with Fieller's interval; nil where
	// WhyNoRatio.
	Ratio      *Interval `json:"ratio"`
	WhyNoRatio string    `json:"why_no_ratio,omitempty"`
}

// ArmOutcomes counts what became of an arm's answers.
type ArmOutcomes struct {
	Answers   int `json:"answers"`
	Empty     int `json:"empty"`
	Truncated int `json:"truncated"`
	Refused   int `json:"refused"` // answers that decline, and tasks that the provider refused for good
}

// A Sensitivity is a use case analysed in another defensible way.
type Sensitivity struct {
	Name     string       `json:"name"`
	What     string       `json:"what"` // the difference, in words
	Tasks    int          `json:"tasks"`
	WinRate  *Interval    `json:"win_rate"`
	Decision DecisionKind `json:"decision"` // empty where the variant is of the win rate only
	Changes  bool         `json:"changes_decision"`
	// WhyMissing says why there is no win rate.
	WhyMissing string `json:"why_missing,omitempty"`
}

// An ExplainedStep is a line of a calculation that a person can follow by hand.
type ExplainedStep struct {
	What    string  `json:"what"`
	Formula string  `json:"formula"`
	Value   float64 `json:"value"`
	// Text stands for the value where it is no number.
	Text string `json:"text,omitempty"`
}

// A RankingResult ranks the arms of a category, or of all together, by the model of
// Bradley and Terry (1952), a tie counting half a win for each.
type RankingResult struct {
	Category    audit.Category `json:"category"`
	Comparisons int            `json:"comparisons"`
	Resamples   int            `json:"resamples,omitempty"`
	Arms        []RankedArm    `json:"arms"` // the best first; empty where WhyMissing
	WhyMissing  string         `json:"why_missing,omitempty"`
}

// A RankedArm is one arm's place.
type RankedArm struct {
	Arm     string   `json:"arm"`
	LogOdds Interval `json:"log_odds"` // against the control
	// WinProbability is the chance to be preferred to the control.
	WinProbability Interval `json:"win_probability"`
	Rank           int      `json:"rank"`
	BestRank       int      `json:"best_rank"` // from simultaneous pairwise intervals
	WorstRank      int      `json:"worst_rank"`
}

// A RoutingTable is the document of modeltrial route recommend. A switch
// replaces the control's model only, which is what the pilot compared: work of
// the category that runs on another model stays there.
type RoutingTable struct {
	Schema string     `json:"schema"` // modeltrial.route-recommend/1
	Pilot  string     `json:"pilot"`
	Routes []Route    `json:"routes"`
	Total  RouteTotal `json:"total"`
	// RoutingErrors is nil where no random sample of the categoriser's was reviewed.
	RoutingErrors  *RoutingErrors `json:"routing_errors"`
	ProtocolSHA256 string         `json:"protocol_sha256"`
	PriceTableDate PriceDate      `json:"price_table_date"`
	DecidedAt      time.Time      `json:"decided_at"`
	ThroughWeek    int            `json:"through_week"`
	Provenance     Provenance     `json:"provenance"`
	Warnings       []string       `json:"warnings"`
	// WhyMissing says for each null field, by its JSON name, why.
	WhyMissing map[string]string `json:"why_missing"`
}

// A PriceDate is the day, as in 2026-09-01, from which the prices behind a
// routing table are valid. It is empty, and null in JSON, where they are the
// workspace's own.
type PriceDate string

// MarshalJSON writes null for no date.
func (d PriceDate) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(d))
}

// A Route says which arm answers a category, and on what evidence.
type Route struct {
	Category  audit.Category `json:"category"`
	Arm       string         `json:"arm"`
	Model     string         `json:"model"`           // of a pipeline those of its steps
	Steps     []string       `json:"steps,omitempty"` // the models of a pipeline, in order
	Control   string         `json:"control"`
	Candidate string         `json:"candidate"` // the one that was compared; empty without a pilot
	// ReplacesModel is the model whose work moves to Model; StaysOn are the other
	// models that the log names in the category, whose work stays where it is. Both
	// are empty where the control is kept. ReplacesModel is also empty where the log
	// never names the control's model in the category: all its work then moves.
	ReplacesModel string       `json:"replaces_model"`
	StaysOn       []string     `json:"stays_on"`
	Decision      DecisionKind `json:"decision"`
	Reason        string       `json:"reason"`
	Tasks         int          `json:"tasks"`
	Raters        int          `json:"raters"`
	Source        RatingSource `json:"source"`
	WinRate       *Interval    `json:"win_rate"`
	WinRateValid  *Interval    `json:"win_rate_always_valid"`
	CostRatio     *Interval    `json:"cost_ratio"`
	LatencyRatio  *Interval    `json:"latency_ratio"`
	// MonthlyTasks is of the whole category, as are the costs; nil where the log does not
	// say. MonthlySaving of a route that keeps the control is 0, whatever it costs.
	MonthlyTasks    *float64  `json:"monthly_tasks"`
	MonthlyCostNow  *float64  `json:"monthly_cost_now_usd"`
	MonthlyCostThen *float64  `json:"monthly_cost_then_usd"`
	MonthlySaving   *Interval `json:"monthly_saving_usd"`
	// ControlSpend is the part of MonthlyCostNow that a switch replaces, and
	// SavingIfSwitched what a switch to Candidate saves of it, whatever was decided.
	ControlSpend     *Interval `json:"monthly_control_spend_usd"`
	SavingIfSwitched *Interval `json:"monthly_saving_if_switched_usd"`
	// SavingWithErrors is MonthlySaving where the router sorts as the categoriser does.
	SavingWithErrors *Interval `json:"monthly_saving_with_routing_errors_usd"`
	// ValidUntil is the day from which the evidence is too old; see [EvidenceLasts].
	ValidUntil *time.Time    `json:"valid_until"`
	Evidence   RouteEvidence `json:"evidence"`
	// WhyMissing says for each null field, by its JSON name, why.
	WhyMissing map[string]string `json:"why_missing"`
	DecidedAt  time.Time         `json:"decided_at"`
}

// RouteTotal sums the routes. A sum is nil where one of its parts is.
type RouteTotal struct {
	MonthlyTasks    *float64  `json:"monthly_tasks"`
	MonthlyCostNow  *float64  `json:"monthly_cost_now_usd"`
	MonthlyCostThen *float64  `json:"monthly_cost_then_usd"`
	MonthlySaving   *Interval `json:"monthly_saving_usd"`
	// SavingWithErrors is MonthlySaving where the router sorts as the categoriser does.
	SavingWithErrors *Interval `json:"monthly_saving_with_routing_errors_usd"`
	// WinRate is that of the work that is switched, each task counting once, and
	// WinRateWithErrors the same where the router errs.
	WinRate           *Interval         `json:"win_rate_switched"`
	WinRateWithErrors *Interval         `json:"win_rate_switched_with_routing_errors"`
	WhyMissing        map[string]string `json:"why_missing"`
}

// A Spend is what the audited log says of one model's work in one category: the
// base of the saving.
type Spend struct {
	Category audit.Category
	Model    string
	Tasks    float64 // a month
	// Costs are estimates of a month's cost in nano-dollars, one for each week of
	// the log: their mean is the monthly spend, their spread its uncertainty. There are
	// none where the log covers no whole week, or states no cost of such a task.
	Costs []audit.NanoUSD
}

// Row is a response as an analysis reads it.
func (r Response) Row() ResponseRow {
	sum := sha256.Sum256([]byte(r.Text))
	return ResponseRow{
		TaskID: r.TaskID, Week: r.Week, Arm: r.Arm, Cost: r.Cost, LatencyMS: r.LatencyMS,
		TextSHA256: hex.EncodeToString(sum[:]), Empty: strings.TrimSpace(r.Text) == "", Length: utf8.RuneCountInString(r.Text),
		Truncated: Truncated(r.FinishReason), Refused: Declined(r.FinishReason), Origin: r.Origin,
		Tokens: r.Tokens, Served: r.ModelServed,
	}
}

// Truncated says whether a finish reason is that of an answer cut at the limit of
// output, in the words of the providers.
func Truncated(finishReason string) bool {
	return slices.Contains([]string{"length", "max_tokens", "max_output_tokens", "MAX_TOKENS"}, finishReason)
}

// Declined says whether a finish reason is that of an answer that declines.
func Declined(finishReason string) bool {
	return slices.Contains([]string{"refusal", "content_filter", "safety", "SAFETY"}, finishReason)
}
