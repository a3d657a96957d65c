package rate

// siteWords are what pages of both sites say in the words of each.
type siteWords struct {
	kind      string // in the log
	nothing   string // of an address that leads nowhere
	back      string // what to do then
	onPage    string // what to do where another site sent a request
	label     string // of the button that leads back
	maybeLost string // of a request that failed
	twice     string // whom to tell
}

var ratingWords = siteWords{
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
