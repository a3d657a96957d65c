package blind

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// gap is a sign that parts a name: spaces, hyphens and dashes of any kind, and a
// backslash, since texts that are not shown as Markdown may have "GPT\-4".
const gap = `[\p{Pd}\p{Zs}_−\\]`

// tail is what follows a model's name: version numbers and sizes.
const tail = `(?:` + gap + `{0,2}v?\d[\p{L}\d]*(?:\.\d[\p{L}\d]*)*|` + gap + `{1,2}(?:opus|sonnet|haiku|instant|turbo|mini|nano|micro|lite|pro|premier|flash|ultra|large|medium|small|instruct|chat|coder|preview|max|plus|thinking|reasoner|r1|o1|o3|scout|maverick|next|advanced|copilot))*`

// knownModels are well-known models and assistants, as regular expressions.
var knownModels = []string{
	`Chat` + gap + `?GPT`, `GPT`, `o[134](?:` + gap + `(?:mini|pro|preview|high))?`, `Codex`,
	`Claude`, `Gemini`, `Gemma`, `Bard`, `PaLM`, `LaMDA`,
	`Code` + gap + `?Llama`, `Llama`, `Mistral`, `Mixtral`, `Ministral`, `Magistral`, `Codestral`, `Devstral`, `Le Chat`,
	`Deep` + gap + `?Seek`, `Qwen`, `QwQ`, `Tongyi Qianwen`, `通义千问`, `Grok`, `Command[- ]R\+?`, `Aya`,
	`Phi`, `Copilot`, `Bing Chat`, `Kimi`, `ChatGLM`, `GLM`, `ERNIE(?: Bot)?`, `文心一言`, `Hunyuan`, `Doubao`, `豆包`,
	`MiniMax`, `Yi`, `Baichuan`, `InternLM`, `Titan`, `Nova`, `Falcon`, `Jamba`, `Jurassic`, `Granite`, `Nemotron`,
	`Vicuna`, `Alpaca`, `Koala`, `Dolly`, `StableLM`, `WizardLM`, `Zephyr`, `OpenAssistant`, `Hermes`, `Solar`,
	`EXAONE`, `DBRX`, `OLMo`, `Tülu`, `Luminous`, `Teuken`, `Apertus`, `YandexGPT`, `GigaChat`, `Reka`, `Pi`,
}

// knownMakers are the firms and laboratories that make them.
var knownMakers = []string{
	`Open` + gap + `?AI`, `Anthropic`, `Google(?: DeepMind| AI| Research)?`, `DeepMind`, `Meta(?: AI| Platforms)?`, `Facebook`,
	`Mistral AI`, `Deep` + gap + `?Seek(?: AI)?`, `深度求索`, `Alibaba(?: Cloud| Group)?`, `阿里(?:巴巴|云)?`, `xAI`, `Cohere(?: For AI)?`,
	`Microsoft`, `Moonshot(?: AI)?`, `月之暗面`, `Zhipu(?: AI)?`, `Z\.ai`, `智谱`, `Baidu`, `百度`, `Tencent`, `腾讯`, `ByteDance`, `字节跳动`,
	`01\.AI`, `Amazon(?: Web Services)?`, `AWS`, `AI21(?: Labs)?`, `IBM`, `NVIDIA`, `Databricks`, `LMSYS`,
	`Stability AI`, `Hugging` + gap + `?Face`, `Aleph Alpha`, `Upstage`, `LG AI Research`, `Yandex`, `Sber`, `Inflection(?: AI)?`,
	`Perplexity(?: AI)?`, `Nous Research`, `Allen Institute for AI`, `Technology Innovation Institute`,
}

var (
	names        = `(?:` + strings.Join(slices.Concat(knownMakers, knownModels), `|`) + `)` + tail
	knownPattern = wholeWords(names)
)

// cuePattern finds a sentence in which an answer speaks of what it is. "I'm"
// alone is not enough: "I'm sure that Google …" is about Google.
var cuePattern = regexp.MustCompile(`(?i)(?:` + strings.Join([]string{
	// A name said of oneself.
	`(?:\bI(?:['’]| a)m|\bIch bin|\bJe suis|\bYo soy|\bSoy|\bSono|\b(?:Eu )?sou|\bIk ben|\bJag är|\bJestem|Я|我是|我叫|私は)[ ,:*_"“„«]*(?:called |named |actually |just |really |currently |an? |the |der |die |das |ein |eine |le |un |una |um |uma |een |en )*[*_"“„«]*` + names,
	`\b(?:my name is|call me|this is|mein name ist|ich hei(?:ß|ss)e|je m['’]appelle|mon nom est|me llamo|mi nombre es|mi chiamo|il mio nome è|meu nome é|chamo-me|меня зовут)[ *_"“„«]*` + names,
	`\bas ` + names + `,? (?:I|my)\b`,
	`^[\s*_#>-]*` + names + `[*_]* here\b`,
	`\b(?:answer|answered|response|reply|written|generated|sent|antwort|réponse|respuesta) (?:by|from|von|de)[ :*_]+` + names,
	// What one is, or who made it.
	`\b(?:as|I(?:['’]| a)m) (?:an? |the )?(?:\p{L}+[ -]){0,4}?(?:AI|language model|LLM|assistant|chatbot)\b`,
	`\b(?:als|ich bin) (?:ein(?:e[mnrs]?)? )?(?:\p{L}+[ -]){0,3}?(?:KI|sprachmodell|assistent|chatbot)`,
	`\b(?:en tant qu['’e]|je suis) ?(?:une? )?(?:\p{L}+[ -]){0,4}?(?:IA|modèle|assistant)`,
	`\b(?:como|soy|sou|sono|come)(?: una?| uma?)? (?:\p{L}+[ -]){0,4}?(?:IA|modelo|modello|asistente|assistente)`,
	`(?:作为|我是|身为)[^，。]{0,30}(?:模型|助手|人工智能|AI)`,
	`\b(?:I|me|my|myself)\b[^.!?]{0,80}\b(?:trained|developed|created|made|built|designed|powered) by\b`,
	`\b(?:trained|developed|created|made|built|designed|powered) by\b[^.!?]{0,60}[, ]I\b`,
	`\bmy (?:creators?|developers?|makers?|developer team|underlying model|training data|knowledge cut-?off|system prompt)\b`,
	`\b(?:ich|mich|mein\p{L}*)\b[^.!?]{0,80}\b(?:entwickelt|trainiert|erstellt|erschaffen)\b`,
	`(?:我|本模型)[^。]{0,20}由[^。]{0,30}(?:开发|训练|创建|研发)`,
}, `|`) + `)`)

// generic are arm names that say nothing about a model and are common words.
var generic = map[string]bool{
	"control": true, "candidate": true, "current": true, "baseline": true, "pilot": true, "default": true,
	"cheap": true, "strong": true, "weak": true, "fast": true, "slow": true, "small": true, "medium": true, "large": true,
	"new": true, "old": true, "best": true, "model": true, "arm": true, "draft": true, "review": true, "test": true,
	"main": true, "reasoning": true, "coding": true, "math": true, "creative": true, "general": true, "one": true, "two": true,
}

// ownPatterns are the regular expressions of one of the protocol's names: the
// name with any separators between its parts, and without its maker's prefix.
func ownPatterns(name string) []string {
	var patterns []string
	for {
		parts := strings.Fields(words(name))
		if joined := strings.Join(parts, ""); telling(joined) {
			for i := range parts {
				parts[i] = regexp.QuoteMeta(parts[i])
			}
			pattern := strings.Join(parts, `(?:`+gap+`|[./:\n]){0,3}`)
			if strings.HasPrefix(joined, "gpt") {
				pattern = `(?:chat` + gap + `?)?` + pattern
			}
			patterns = append(patterns, pattern)
		}
		_, rest, found := strings.Cut(name, "/")
		if !found {
			return patterns
		}
		name = rest
	}
}

// telling says whether a name, in lower case and without separators, tells a
// model from an ordinary word: "o3" does, "x" and "current" do not.
func telling(name string) bool {
	if length := utf8.RuneCountInString(name); length < 3 {
		return length == 2 && strings.ContainsFunc(name, unicode.IsDigit) && strings.ContainsFunc(name, unicode.IsLetter)
	}
	return !generic[name]
}
