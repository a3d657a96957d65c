package eval

import "fmt"

// raterChecks checks how raters are tried, and the rule that leaves them out.
func (c *checker) raterChecks(pilot Protocol) {
	if checks := pilot.RaterChecks; checks != nil {
		const path = "$.pilot.rater_checks"
		sum := 0.0
		for field, share := range map[string]float64{
			"repeat_share": checks.RepeatShare, "swapped_share": checks.SwappedShare, "sentinel_share": checks.SentinelShare,
		} {
			sum += share
			if !(share >= 0 && share <= 0.5) {
				c.fail(path+"."+field, "%s is %v; choose a share from 0 to 0.5, 0.05 is usual", field, share)
			}
		}
		if sum > 0.5 {
			c.fail(path, "repeats and sentinels are %.0f%% of what a rater sees beside the comparisons; choose 50%% or less together", 100*sum)
		}
		if checks.SentinelShare > 0 && len(checks.Sentinels) == 0 {
			c.fail(path+".sentinel_share", "sentinel_share needs sentinels: comparisons with a name, a prompt, a better and a worse answer")
		}
		c.sentinels(path, checks.Sentinels)
	}
	rule := pilot.ExcludeRaters
	if rule == nil {
		return
	}
	const path = "$.pilot.exclude_raters"
	for field, threshold := range map[string]*float64{
		"min_repeats_same": rule.MinRepeatsSame, "min_swapped_same": rule.MinSwappedSame, "min_sentinels_right": rule.MinSentinelsRight,
		"max_fast_share": rule.MaxFastShare, "max_same_place": rule.MaxSamePlace,
	} {
		if threshold != nil && !(*threshold >= 0 && *threshold <= 1) {
			c.fail(path+"."+field, "%s is %v; choose a share from 0 to 1", field, *threshold)
		}
	}
	if rule.Fewest < 0 {
		c.fail(path+".fewest", "fewest is %d; choose 1 or more, or leave it out", rule.Fewest)
	}
}

func (c *checker) sentinels(path string, sentinels []Sentinel) {
	seen := map[string]bool{}
	for i, sentinel := range sentinels {
		at := fmt.Sprintf("%s.sentinels[%d]", path, i)
		switch {
		case sentinel.Name == "":
			c.fail(at, "a sentinel needs a name")
		case seen[sentinel.Name]:
			c.fail(at+".name", "sentinel %q stands here twice", sentinel.Name)
		case sentinel.Prompt == "" || sentinel.Better == "" || sentinel.Worse == "":
			c.fail(at, "sentinel %q needs a prompt, a better and a worse answer", sentinel.Name)
		case sentinel.Better == sentinel.Worse:
			c.fail(at+".worse", "sentinel %q: both answers are the same", sentinel.Name)
		}
		seen[sentinel.Name] = true
	}
}
