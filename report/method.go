package report

// A methodPart is a paragraph on how a figure came about, the same in page and
// workbook.
type methodPart struct {
	Title   string
	Text    string
	Formula string
	Source  string
}

var method = []methodPart{
	{
		"Win rate", "For each task the mean over its ratings of: candidate better 1, tie or both bad ½, control better 0; then the mean over tasks, each counting once.",
		"θ̂ = Σ wᵢ sᵢ,  wᵢ = 1 / (T · m_t)", "",
	},
	{
		"Its variance", "Ratings of one task, and of tasks that belong together, are not independent, so the sum runs over clusters. Where at least 5 people rated, they are a sample of all who might, and their variance is added.",
		"V(g) = Σ_g (Σ_{i∈g} wᵢ eᵢ)² / (1 − Σ_g W_g²);  V = V_tasks + max(V_raters − V_cells, 0)", "Cameron, Gelbach and Miller 2011",
	},
	{
		"Interval in brackets", "Wilson's interval at the effective sample size, with a t quantile (Satterthwaite's degrees of freedom). It holds for one look at a time fixed beforehand.",
		"(θ̂ + c²/2n* ± c·√(θ̂(1−θ̂)/n* + c²/4n*²)) / (1 + c²/n*),  n* = θ̂(1−θ̂)/V", "Wilson 1927; Satterthwaite 1946",
	},
	{
		"Always-valid interval", "Holds at every look: 80% of the error is spent on the planned weekly looks (O'Brien–Fleming-type spending), 20% on every other moment (asymptotic confidence sequence). Looking early does not spoil it.",
		"A(t) = 2 − 2Φ(z_{α/2}/√t);  √(2(1 + 1/r)·ln(1 + √(1+r)/(2a))),  r = n·ρ²", "Lan and DeMets 1983; Waudby-Smith et al. 2021",
	},
	{
		"Several use cases", "Each further use case is a further chance to be wrong; p-values are adjusted so that the chance of any false switch stays at 2.5%. Intervals are shown unadjusted.",
		"Holm's step-down procedure over the protocol's use cases", "Holm 1979",
	},
	{
		"Decision", "In this order. Switch: adjusted p for better ≤ 0.025 and, where the protocol sets a max_cost_ratio, the always-valid upper limit of the cost ratio is at most that; a candidate that is better but not shown to stay within it does not switch for its quality. Switch for cost: adjusted p for not worse within the margin and for cheaper by the protocol's saving both ≤ 0.025. Keep: the always-valid upper limit of the win rate is at most 50% less the margin; or it is below 50% and the always-valid lower limit of the cost ratio leaves less than that saving; or the last planned week showed none of these. Otherwise continue. Judges alone do not decide.",
		"", "",
	},
	{
		"Cost ratio", "Mean cost of the candidate divided by the mean cost of the control on the same tasks: the ratio of what is paid.",
		"(x̄² − c²v_x)q² − 2(x̄ȳ − c²v_xy)q + (ȳ² − c²v_y) = 0", "Fieller 1954",
	},
	{
		"Time ratio", "Geometric mean over tasks of the candidate's total time divided by the control's.",
		"exp(mean(ln(y/x)))", "",
	},
	{
		"People and judges", "Where people rated a random part of the tasks that judges rated, 50 at least, judges' scores of all tasks sharpen people's mean. The weight λ of the judges is chosen so that a poor judge does no harm, and their bias cancels. Otherwise people count alone. Judges alone lead to a switch only where the protocol lets them, they passed against people in the same category of an earlier pilot with the same model and rubric, and the win rate is above its border by more than they may have favoured candidates by there.",
		"θ̂ = mean(Y) + λ̂ · (mean f_judge-only − mean f_rated),  λ̂ = Cov(Y, f) / ((1 + n/N) · Var(f)), within 0 and 1", "Angelopoulos, Duchi and Zrnic 2023 (PPI++)",
	},
	{
		"Judges", "On the tasks that people rated, too: the chance that a judge gives a person's verdict, against the chance that two people give the same one. A judge passes where the lower limit of the difference is above −10 points. Beside it: the same verdict in both orders, the mean of judge less people, the same towards arms of the judge's own family, and the slope on the difference in length.",
		"P(judge = person) − P(person = person)", "",
	},
	{
		"First-pass accuracy", "Share of tasks whose answer passes the checks at once. The difference is paired by task; the exact test counts the tasks on which only one arm passes.",
		"p = 2 · P(Binomial(b + c, ½) ≤ min(b, c))", "McNemar 1947",
	},
	{
		"Place of the answer", "The mean score credited to the answer that was shown first, less one half; 0 is none.",
		"mean(score of the first) − ½", "",
	},
	{
		"Ranking", "Of more than two arms: log odds of being preferred to the control, a tie counting half a win for each, with a variance clustered like that of the win rate. The places an arm could have come from simultaneous intervals of all pairs. It describes; decisions rest on the win rates.",
		"P(i preferred to j) = 1 / (1 + e^(β_j − β_i))", "Bradley and Terry 1952",
	},
	{
		"Other analyses", "The whole analysis made again with one choice taken differently. It changes the answer where it leads to another decision, or where its estimate lies off the planned interval and supports another claim.",
		"", "",
	},
	{
		"Agreement", "Krippendorff's alpha, nominal and ordinal, with a bootstrap interval over tasks. It informs and decides nothing.",
		"α = 1 − D_observed / D_expected", "Krippendorff 2004",
	},
	{
		"Blinding", "After a random part of their verdicts raters say which answer they take for the current model's. Bang's index is the share of right guesses less that of wrong ones, 0 for random guesses, with the variance of a win rate; James' index counts those who do not know, and is ½ for random guesses. The two orders of presentation, drawn at random, are the arms that are compared.",
		"Bang = p_right − p_wrong;  James = (1 + P_DK + (1 − P_DK)·K)/2", "Bang, Ni and Davis 2004; James et al. 1996",
	},
	{
		"Saving with routing errors", "A router sends a task to the arm of the category that it takes it for. What the tasks of a category truly are is known from a reviewed random sample; where the arm was not measured on them, they are taken to save nothing.",
		"Σ_c S_c Σ_c' P(c'|c)·(1 − R_c',arm of c) = Σ_c' B_c' Σ_c P(c|c')·(1 − R_c',arm of c);  multinomial rows, delta method", "Kuha, Skinner and Palmgren 2000",
	},
	{
		"Saving", "Audited monthly spend on the replaced model times one minus the cost ratio; work on other models stays where it is, and categories are independent.",
		"B(1 − R);  variance (1−R)²V_B + B²V_R + V_B·V_R", "Goodman 1960",
	},
}
