package blind

import (
	"regexp"
	"strings"
)

// A fingerprint is something that one maker's systems leave in a text: chat markup,
// identifiers of requests, citation marks, addresses of their pages.
type fingerprint struct {
	// sign is a character that all of within have.
	sign byte
	// within are texts without one of which the pattern need not be tried.
	within  []string
	pattern func() *regexp.Regexp
	// page says that it is the address of a product, of which a text on several
	// products has several.
	page bool
}

// fingerprints are in the form of folded texts.
var fingerprints = []fingerprint{
	{sign: '|', within: []string{"<|", "|>"}, pattern: lazily(`<\|[^<>|\n]{1,40}\|>`)},
	{sign: ']', within: []string{"inst]"}, pattern: lazily(`\[/?inst\]`)},
	{sign: '>', within: []string{"sys>>"}, pattern: lazily(`<</?sys>>`)},
	{sign: '>', within: []string{"_of_turn>"}, pattern: lazily(`<(?:start|end)_of_turn>(?:model|user)?`)},
	{sign: '>', within: []string{"think>", "thinking>", "thought>"}, pattern: lazily(`</?(?:antml:)?(?:antthinking|think|thinking|thought)>`)},
	{sign: '<', within: []string{"<ant", "</ant"}, pattern: lazily(`</?ant(?:ml:|artifact|thinking)[^>\n]{0,200}>`)},
	{sign: ':', within: []string{"<grok:", "xai:"}, pattern: lazily(`</?(?:grok|xai):[^>\n]{0,200}>`)},
	{sign: '-', within: []string{"chatcmpl-", "cmpl-"}, pattern: lazily(`\b(?:chat)?cmpl-[a-z0-9]{6,}`)},
	{sign: '_', within: []string{"fp_"}, pattern: lazily(`\bfp_[0-9a-f]{6,}`)},
	{sign: '_', within: []string{"msg_0", "msg_v", "toolu_", "req_0", "resp_", "call_", "asst_"}, pattern: lazily(`\b(?:msg_(?:vrtx_)?01|toolu_01|req_01|resp_[0-9a-f]|call_|asst_)[a-z0-9]{16,}`)},
	{sign: '-', within: []string{"gen-1"}, pattern: lazily(`\bgen-1\d{9}-[a-z0-9]{10,}`)},
	{within: []string{"oaicite"}, pattern: lazily(`:{0,2}(?:contentreference)?\[?oaicite:?:?\d*\]?(?:\{index=\d+\})?`)},
	{sign: 0x80, within: []string{"†"}, pattern: lazily(`【\d+(?::\d+)?†[^】\n]{0,60}】`)},
	{within: []string{"turn0", "turn1", "turn2"}, pattern: lazily(`\b(?:cite)?(?:turn\d{1,2}(?:search|view|news|image|fetch|file)\d{1,3})+\b`)},
	{sign: '_', within: []string{"utm_source="}, pattern: lazily(`utm_source=(?:chatgpt\.com|openai|claude\.ai|perplexity|copilot\.com|gemini)`)},
	{sign: ':', within: []string{"sandbox:/"}, pattern: lazily(`sandbox:/mnt/data/?`)},
	{sign: '[', within: []string{"[cite"}, pattern: lazily(`\[cite_start\]|\[cite: ?[\d, ]{1,40}\]`)},
	{within: []string{"vertexaisearch"}, pattern: lazily(`(?:https?://)?vertexaisearch\.cloud\.google\.com[^\s)"'<>]*`)},
	{sign: '_', within: []string{"system_fingerprint"}, pattern: lazily(`"?system_fingerprint"?\s*[:=]\s*"?[\w-]+`)},
	{sign: '"', within: []string{`"choices"`, `"stop_reason"`, `"finish_reason"`, `"chat.completion`}, pattern: lazily(`"(?:model|object)"\s*:\s*"[^"\n]{1,80}"`)},
	{sign: '"', within: []string{`"assistant"`}, pattern: lazily(`"role"\s*:\s*"assistant"[^{}\n]{0,80}"model"\s*:\s*"[^"\n]{1,80}"|"model"\s*:\s*"[^"\n]{1,80}"[^{}\n]{0,80}"role"\s*:\s*"assistant"`)},
	{sign: '@', within: []string{"<"}, pattern: lazily(`<[\w.+-]{0,40}(?:anthropic|openai|claude|copilot|cursor|codex|gemini|devin|aider|windsurf)[\w.+-]{0,40}@[\w.-]{1,60}>|<[\w.+-]{1,40}@(?:[\w-]+\.)*(?:anthropic|openai|cursor|cognition|aider)\.\w{2,8}>`)},
	{
		within: []string{
			"openai.com", "chatgpt.com", "claude.ai", "anthropic.com", "gemini.google", "g.co/gemini", "bard.google", "mistral.ai", "deepseek.com", "copilot.microsoft",
			"grok.com", "x.ai", "kimi.", "moonshot.", "qwen.ai", "tongyi.", "yiyan.", "doubao.com", "meta.ai", "pi.ai", "perplexity.ai", "poe.com", "hf.co/chat", "huggingface.co/chat", "cohere.com", "aistudio.google", "chatglm.cn", "z.ai",
		},
		pattern: lazily(`(?:https?://)?(?:[\w.+-]+@)?(?:\b(?:[\w-]+\.)*(?:openai\.com|chatgpt\.com|claude\.ai|anthropic\.com|gemini\.google\.com|g\.co/gemini|bard\.google\.com|mistral\.ai|deepseek\.com|copilot\.microsoft\.com|grok\.com|x\.ai|kimi\.com|moonshot\.(?:cn|ai)|qwen\.ai|tongyi\.aliyun\.com|yiyan\.baidu\.com|doubao\.com|meta\.ai|pi\.ai|perplexity\.ai|poe\.com|hf\.co/chat|huggingface\.co/chat|cohere\.com|aistudio\.google\.com|chatglm\.cn|z\.ai))\b(?:/[^\s)"'<>\]]*)?`),
		page:    true,
	},
}

// findFingerprints gives the places of fingerprints in a folded text, apart from those
// whose mark the task has too.
func findFingerprints(text, task string) []span {
	var spans []span
	for i := range fingerprints {
		f := &fingerprints[i]
		if f.sign != 0 && strings.IndexByte(text, f.sign) < 0 || f.page && !hasAddress(text) || !contains(text, f.within) || contains(task, f.within) {
			continue
		}
		places := f.pattern().FindAllStringIndex(text, -1)
		if f.page && severalPages(text, places) {
			continue
		}
		for _, place := range places {
			spans = append(spans, span{place[0], place[1]})
		}
	}
	return spans
}

// hasAddress says whether a text may have an address of a page: most texts have none,
// and to look for each of many takes longer than masking them.
func hasAddress(text string) bool {
	for {
		dot := strings.IndexByte(text, '.')
		if dot < 0 || dot+2 >= len(text) {
			return false
		}
		text = text[dot+1:]
		switch text[:2] {
		case "co", "ai", "cn", "go", "mi", "al", "ba":
			return true
		}
	}
}

func contains(text string, any []string) bool {
	for _, part := range any {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

var host = lazily(`([\w-]+)\.(?:com|ai|cn|co)\b`)

// severalPages says whether addresses are of the products of more than one maker: such
// a text is about them.
func severalPages(text string, places [][]int) bool {
	first := ""
	for _, place := range places {
		maker := host().FindString(text[place[0]:place[1]])
		switch maker {
		case "chatgpt.com":
			maker = "openai.com"
		case "claude.ai":
			maker = "anthropic.com"
		}
		if first == "" {
			first = maker
		}
		if maker != first {
			return true
		}
	}
	return false
}
