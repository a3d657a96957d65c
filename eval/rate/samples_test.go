package rate_test

import (
	"fmt"

	"modeltrial/audit"
)

// sampleComparisons are tasks of the kinds that a rater meets, with Markdown,
// code, tables and German text, repeated until there are n.
func sampleComparisons(n int) []fakeComparison {
	samples := []fakeComparison{
		{
			task: audit.Task{
				System: "You are the assistant of the finance team. Answer in British English. Use Markdown.",
				Conversation: []audit.Message{
					{Role: "user", Content: "Here are the minutes of Thursday's steering meeting. Give me a first overview."},
					{Role: "assistant", Content: "**Overview**: budget approved, two risks open, *next meeting* on 14 May."},
				},
				Prompt: "Summarise the attached minutes for the board in five bullets and add a table of the three decisions with owner and date. Keep it under 150 words.",
			},
			control:   "## Summary for the board\n\n- **Budget**: the steering group approved €1.24 m for phase 2, 6% below plan.\n- **Schedule**: go-live stays on 1 July; the data migration is the critical path.\n- **Risks**: two are open, *supplier capacity* and *access rights*; both have an owner.\n- **People**: one analyst joins in May; no further hiring this quarter.\n- **Next step**: the board is asked to confirm the revised scope.\n\n| Decision | Owner | Due |\n| :--- | :--- | ---: |\n| Approve phase 2 budget | M. Okafor | 30 April |\n| Freeze scope | J. Lindqvist | 7 May |\n| Second supplier | P. Amari | 21 May |\n",
			candidate: "Here is a summary of the minutes:\n\n1. The budget for phase 2 was approved at €1.24 million.\n2. Go-live remains planned for 1 July.\n3. Two risks remain open:\n   - supplier capacity\n   - access rights\n4. One analyst will join in May.\n5. The board should confirm the scope.\n\n| Decision | Owner | Date |\n|---|---|---|\n| Budget | Okafor | 30 April |\n| Scope freeze | Lindqvist | 7 May |\n| Second supplier | Amari | 21 May |\n\n> Figures are taken from the minutes and were not checked against the ledger.\n\nLet me know if you would like a longer version, and see the [template](https://intranet.example/board) for the layout.",
		},
		{
			task:      audit.Task{Prompt: "Write a Go function that returns the k most frequent words of a text, ties in alphabetical order. Explain its cost."},
			control:   "The function counts words, then sorts them by count and word:\n\n```go\nfunc TopWords(text string, k int) []string {\n\tcounts := map[string]int{}\n\tfor _, word := range strings.Fields(strings.ToLower(text)) {\n\t\tcounts[word]++\n\t}\n\twords := slices.Collect(maps.Keys(counts))\n\tslices.SortFunc(words, func(a, b string) int {\n\t\treturn cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))\n\t})\n\treturn words[:min(k, len(words))]\n}\n```\n\nCounting is *O(n)*, sorting *O(m log m)* for `m` distinct words. For a small `k` a heap gives *O(m log k)*.",
			candidate: "```go\nfunc TopWords(text string, k int) []string {\n\tm := make(map[string]int)\n\tfor _, w := range strings.Fields(text) {\n\t\tm[w]++\n\t}\n\tvar ws []string\n\tfor w := range m {\n\t\tws = append(ws, w)\n\t}\n\tsort.Slice(ws, func(i, j int) bool { if m[ws[i]] != m[ws[j]] { return m[ws[i]] > m[ws[j]] }; return ws[i] < ws[j] })\n\tif len(ws) > k {\n\t\tws = ws[:k]\n\t}\n\treturn ws\n}\n```\n\n### Cost\n\n- time: `O(n + m log m)`\n- memory: `O(m)`\n\nNote that words are *case-sensitive* here.",
		},
		{
			task:      audit.Task{System: "Antworte auf Deutsch, höflich und knapp.", Prompt: "Eine Kundin schreibt, dass ihre Bestellung seit zwei Wochen überfällig ist, und droht mit Rücktritt. Entwirf eine Antwort, die sich entschuldigt, die Ursache nennt (Streik im Hafen) und zwei Möglichkeiten anbietet."},
			control:   "Sehr geehrte Frau Brückner,\n\nes tut uns leid, dass Ihre Bestellung noch nicht bei Ihnen ist. Wegen eines Streiks im Hamburger Hafen wurde die Ladung erst gestern gelöscht.\n\nWir bieten Ihnen an:\n\n1. **Lieferung bis Freitag** per Express, ohne Aufpreis und mit 15 % Nachlass, oder\n2. **Rücktritt** mit Erstattung innerhalb von drei Werktagen.\n\nBitte antworten Sie einfach auf diese Nachricht.\n\nMit freundlichen Grüßen",
			candidate: "Guten Tag Frau Brückner,\n\nvielen Dank für Ihre Nachricht. Ihr Ärger ist verständlich: Zwei Wochen Verzug sind nicht das, was Sie von uns erwarten dürfen. Die Ursache ist der Streik im Hafen, auf den wir keinen Einfluss haben; dennoch hätten wir Sie früher benachrichtigen müssen.\n\nSie haben die Wahl: Entweder liefern wir Ihnen bis spätestens Freitag kostenlos per Express, oder Sie treten zurück und erhalten den vollen Betrag zurück. Als Zeichen unseres Bedauerns legen wir in beiden Fällen einen Gutschein über 20 € bei.\n\nHerzliche Grüße",
		},
	}
	// One that gives itself away.
	samples[2].candidate += "\n\n(As an AI model trained by OpenAI, I'm GPT-4, also known as Zebrafish.)"
	var all []fakeComparison
	for i := range n {
		c := samples[i%len(samples)]
		if i >= len(samples) {
			c.task.Prompt = fmt.Sprintf("%s (Variant %d)", c.task.Prompt, i/len(samples)+1)
		}
		all = append(all, c)
	}
	return all
}
