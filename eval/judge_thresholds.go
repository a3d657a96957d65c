package eval

// JudgeThresholds say from when on a judge stands in for a person. 0 is the default.
type JudgeThresholds struct {
	// Agreement is how far a judge's agreement with people may lie below people's among
	// themselves, as a share of comparisons: the lower limit of the difference must be
	// above minus this. 0.10 by default.
	Agreement float64 `yaml:"agreement" json:"agreement,omitempty"`
	// Consistency is the share of comparisons, judged in both orders, that must get the
	// same verdict for a judge not to be warned of. 0.7 by default.
	Consistency float64 `yaml:"consistency" json:"consistency,omitempty"`
}

// JudgeLimits are the protocol's thresholds, or the defaults for those it does not set.
func (p Protocol) JudgeLimits() JudgeThresholds {
	limits := JudgeThresholds{Agreement: 0.10, Consistency: 0.7}
	if p.JudgeThresholds == nil {
		return limits
	}
	if p.JudgeThresholds.Agreement != 0 {
		limits.Agreement = p.JudgeThresholds.Agreement
	}
	if p.JudgeThresholds.Consistency != 0 {
		limits.Consistency = p.JudgeThresholds.Consistency
	}
	return limits
}

// judgeThresholds checks them.
func (c *checker) judgeThresholds(limits *JudgeThresholds) {
	if limits == nil {
		return
	}
	if limits.Agreement < 0 || limits.Agreement >= 1 {
		c.fail("$.pilot.judge_thresholds.agreement", "judge_thresholds: agreement is %v; choose more than 0 and less than 1, such as 0.05, or leave it out for 0.10", limits.Agreement)
	}
	if limits.Consistency < 0 || limits.Consistency > 1 {
		c.fail("$.pilot.judge_thresholds.consistency", "judge_thresholds: consistency is %v; choose a share up to 1, or leave it out for 0.7", limits.Consistency)
	}
}
