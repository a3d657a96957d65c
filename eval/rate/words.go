package rate

// siteWords are what pages of all sites say in the words of each.
type siteWords struct {
	first     string // of a rater who has just come
	kind      string // in the log
	nothing   string // of an address that leads nowhere
	back      string // what to do then
	onPage    string // what to do where another site sent a request
	label     string // of the button that leads back
	maybeLost string // of a request that failed
	twice     string // whom to tell
}

var ratingWords = siteWords{
	first:     "Your first comparison opens by itself; if it does not, go on here.",
	kind:      "rating site",
	nothing:   "This address does not lead to a comparison of yours.",
	back:      "Go back to your comparisons.",
	onPage:    "Rate on the page itself.",
	label:     "Continue rating",
	maybeLost: "Your last rating may not be saved; the ones before it are.",
	twice:     "Try again. If it happens twice, send this reference to the person who invited you.",
}

var reviewWords = siteWords{
	kind:      "review site",
	nothing:   "This address does not lead to a task.",
	back:      "Go back to the tasks.",
	onPage:    "Choose the category on the page itself.",
	label:     "Continue reviewing",
	maybeLost: "Your last choice may not be saved; the ones before it are.",
	twice:     "Try again. If it happens twice, look for this reference where modeltrial audit review runs.",
}

var editWords = siteWords{
	first:     "Your first answer opens by itself; if it does not, go on here.",
	kind:      "editing site",
	nothing:   "This address does not lead to an answer of yours.",
	back:      "Go back to your answers.",
	onPage:    "Edit on the page itself.",
	label:     "Continue editing",
	maybeLost: "Your last edit may not be saved; the ones before it are.",
	twice:     "Go back with your browser, where your text should still be, and try again. If it happens twice, send this reference to the person who invited you.",
}
