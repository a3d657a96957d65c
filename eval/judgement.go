package eval

import (
	"cmp"
	"slices"

	"modeltrial/audit"
)

// A Judgement is one call that a pilot owes: a comparison in one order of presentation
// by one judge.
type Judgement struct {
	ComparisonID string
	TaskID       string
	Category     audit.Category
	ArmA         string
	ArmB         string
	Week         int
	First        Side   // the arm whose answer the judge is shown first
	Judge        string // its name in the protocol
	Unreadable   int    // replies so far without a verdict that could be read
}

// A JudgeReply is what came of a call of a judge. Nil is unknown.
type JudgeReply struct {
	Verdict   ShownVerdict // left is the answer shown first; empty: there is none
	Rationale string
	// Unreadable says that there was a reply without a verdict that could be read;
	// without a verdict and this there was no reply.
	Unreadable  bool
	Reason      string // why there is no verdict
	Tokens      audit.Tokens
	Cost        *audit.NanoUSD
	Lost        audit.NanoUSD // what it may have cost, at worst, where Cost is nil
	LatencyMS   *int64
	ModelServed string
}

// Family is the maker's family of a judge's or an arm's model; empty where neither the
// model's name nor its own tells. A pipeline has several: see [Arm.Families].
func (a Arm) Family() string { return cmp.Or(Family(a.Model), Family(a.Name)) }

// Families are the makers' families of every model that an arm calls, each once and
// without those that no name tells.
func (a Arm) Families() []string {
	if !a.Pipeline() {
		return slices.DeleteFunc([]string{a.Family()}, func(family string) bool { return family == "" })
	}
	var families []string
	for _, model := range a.models() {
		if family := Family(model); family != "" && !slices.Contains(families, family) {
			families = append(families, family)
		}
	}
	return families
}

// Judge finds a judge by name.
func (p Protocol) Judge(name string) (Arm, bool) {
	for _, judge := range p.Judges {
		if judge.Name == name {
			return judge, true
		}
	}
	return Arm{}, false
}

// SharesFamily says whether a judge's model is of the same maker's family as one that
// an arm among these calls, in whatever step.
func (p Protocol) SharesFamily(judge Arm, arms ...string) bool {
	own := judge.Family()
	if own == "" {
		return false
	}
	for _, name := range arms {
		if arm, ok := p.Arm(name); ok && slices.Contains(arm.Families(), own) {
			return true
		}
	}
	return false
}

// MayJudge says whether the protocol lets a judge rate the answers of two arms.
func (p Protocol) MayJudge(judge Arm, armA, armB string) bool {
	return p.SameFamilyJudges || !p.SharesFamily(judge, armA, armB)
}
