package audit

import (
	"fmt"
	"math"
	"strconv"
)

// claims holds what users have read about routing against this log.
func (m *Mixer) claims(report Report) []Claim {
	if report.Tasks == 0 {
		return []Claim{}
	}
	return []Claim{m.claimWrongModel(report), m.claimSaving(report), m.claimBetter(report), m.claimEditing()}
}

func (m *Mixer) claimWrongModel(report Report) Claim {
	claim := Claim{
		Claim:     "Most tasks run on the wrong model.",
		CannotSay: "Whether the other model does the work as well: that takes a blinded comparison of both on the same tasks.",
	}
	switch peer := report.CheaperPeer; {
	case report.Routed != nil:
		claim.LogSays = fmt.Sprintf("%s of tasks%s ran on a model that the routing table of %s replaces, which a pilot has tested.",
			percent(report.Routed.TaskShare), andCost(report.Routed.CostShare, report), report.Routed.Table)
		claim.CannotSay = "Anything about categories and models that the pilot did not compare."
	case peer != nil:
		claim.LogSays = fmt.Sprintf("%s of tasks%s ran on a model that has a cheaper peer at list prices. That is a price, not a fault.",
			percent(peer.TaskShare), andCost(peer.CostShare, report))
	default:
		claim.LogSays = "Nothing: of no model of this log both the price and the tokens are known."
	}
	if report.DominantModel != "" {
		claim.LogSays += fmt.Sprintf(" %s answers %s of tasks, in %d of %d categories.",
			report.DominantModel, percent(report.DominantShare), report.DominantCategories, len(report.Categories))
	}
	return claim
}

func andCost(part *float64, report Report) string {
	switch {
	case part == nil:
		return ""
	case report.CostKnown < report.Tasks:
		return " and " + percent(*part) + " of known spend"
	}
	return " and " + percent(*part) + " of spend"
}

func (m *Mixer) claimSaving(report Report) Claim {
	claim := Claim{
		Claim:     "Sending each task to the right model saves 40% of the cost.",
		CannotSay: "Which of these moves would keep the quality, and whether another model uses as many tokens: both are measured in a pilot.",
	}
	month, low, high, known := 0.0, 0.0, 0.0, false
	for _, candidate := range report.Candidates {
		month += dollarsOf(candidate.MonthlyCostUSD)
		if candidate.Saving != nil {
			low += candidate.Saving.LowUSD
			high += candidate.Saving.HighUSD
			known = true
		}
	}
	switch {
	case month <= 0:
		claim.LogSays = "Nothing: the monthly cost is not known."
	case !known:
		claim.LogSays = fmt.Sprintf("About %s a month is at stake; no cheaper peer with a known price stands against it.", roughly(month))
	default:
		to := fmt.Sprintf("%s would go if everything moved to the nearest cheaper peers, %s if to the cheapest", percent(low/month), percent(high/month))
		if percent(low/month) == percent(high/month) {
			to = percent(high/month) + " would go if everything moved to cheaper peers"
		}
		claim.LogSays = fmt.Sprintf("Of about %s a month, %s, at list prices and with the same tokens.", roughly(month), to)
		const claimed = 0.40
		if high/month < claimed {
			claim.LogSays += " By price alone 40% is out of reach among these models."
		} else {
			claim.LogSays += " 40% is within that range, not shown."
		}
	}
	return claim
}

func (m *Mixer) claimBetter(report Report) Claim {
	claim := Claim{
		Claim:     "The right model for each kind of work gives results that are 30 to 60% better.",
		LogSays:   "Nothing: a log of one answer for each task cannot compare two models.",
		CannotSay: "Which answer people prefer, and by how much: that takes a blinded comparison",
	}
	if m.Texts != nil && m.Texts.Reference > 0 {
		claim.LogSays = fmt.Sprintf("%s with a reference answer, against which candidates can be checked without people. Nothing more: a log of one answer for each task cannot compare two models.", countedTasks(m.Texts.Reference))
	}
	if report.Need != nil && report.Need.TasksBetter != nil {
		claim.CannotSay += fmt.Sprintf(" of about %s tasks for each use case (%s)", thousands(*report.Need.TasksBetter), report.Need.Assumes)
	}
	claim.CannotSay += "."
	return claim
}

func (m *Mixer) claimEditing() Claim {
	claim := Claim{
		Claim:     "Answers of the right model need 35% less editing.",
		LogSays:   "Nothing: the log does not hold what people made of the answers (column final_text).",
		CannotSay: "How much a candidate's answers would be edited: people edit both in a pilot, and the time or the share of changed words is compared.",
	}
	if m.Texts != nil && m.Texts.Edited > 0 {
		claim.LogSays = fmt.Sprintf("%s with both the answer and the text it became; %s of those answers were used without a change. That is today's editing, to be compared with.",
			countedTasks(m.Texts.Edited), percent(float64(m.Texts.Unchanged)/float64(m.Texts.Edited)))
	}
	return claim
}

func countedTasks(n int) string {
	if n == 1 {
		return "There is 1 task"
	}
	return fmt.Sprintf("There are %s tasks", thousands(n))
}

// thousands writes a count with a narrow no-break space before every third digit.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "\u202f" + digits[at:]
	}
	return digits
}

// roughly writes an amount to two significant digits.
func roughly(dollars float64) string {
	if dollars == 0 {
		return "0 USD"
	}
	digits := 1 - int(math.Floor(math.Log10(math.Abs(dollars))))
	scale := math.Pow(10, float64(digits))
	return strconv.FormatFloat(math.Round(dollars*scale)/scale, 'f', max(digits, 0), 64) + " USD"
}
