package blind

import (
	"strings"
	"sync"
)

// A name is a maker, model or assistant that an answer may say it is.
type name struct {
	base   string // of all spellings: "deepseek" of "Deep Seek"
	family string // the maker's: who knows the model knows the maker
	// general says that the maker is known for other things too, or the word is another
	// word: it stays readable where only the family is given away.
	general bool
	// proper says that it is a name only where it begins with a capital.
	proper bool
	// common says that persons, animals, gods or signs have the name too: saying "I am"
	// of it is not enough.
	common bool
	// own says that it is one of the protocol's names, which are hidden wherever they
	// stand.
	own bool
	// disguise says that it is a name written backwards or with letters exchanged.
	disguise bool
	// trigger says that it is no name but a word with which answers speak of themselves.
	trigger bool
}

// lexicon lists well-known models, assistants and makers by the makers' families. A +
// parts words that are also written as one or with a hyphen. After the name may stand
// ! (general), ^ (proper) and ? (common).
var lexicon = map[string]string{
	"openai":     "open+ai chat+gpt gpt チャットgpt オープンai чатгпт 챗gpt 오픈ai o1 o3 o4 codex!^ gpt+bot sora!^? gpt+oss dall+e text+davinci davinci!? whisper!^?",
	"anthropic":  "anthropic claude claude+bot sonnet!^? opus!^? haiku!^? claude+code كلود أنثروبيك クロード 克劳德 클로드 앤트로픽 клод антропик क्लॉड",
	"google":     "谷歌! グーグル! 구글! गूगल! جوجل! جيميني ジェミニ 제미나이 джемини जेमिनी google! google+deepmind! google+ai! google+research! deepmind gemini gemma nano+banana^ notebook+lm jules!^? imagen!^? bard!? palm!^? lamda",
	"meta":       "meta!^? meta+ai meta+platforms! facebook! llama code+llama llama+guard",
	"mistral":    "mistral+ai mistral mixtral ministral magistral codestral devstral pixtral voxtral le+chat^",
	"deepseek":   "deep+seek deep+seek+ai 深度求索",
	"alibaba":    "alibaba! alibaba+cloud! alibaba+group! 阿里巴巴! 阿里云! 阿里! qwen qwq tongyi+qianwen tongyi wan!^? marco+o1 通义千问 通义 千问",
	"xai":        "xai grok!",
	"cohere":     "cohere cohere+for+ai command+r!^ command+a!^? aya!^?",
	"microsoft":  "microsoft! phi!^? copilot! github+copilot bing+chat bing!",
	"moonshot":   "moonshot+ai moonshot!? 月之暗面 kimi",
	"zhipu":      "zhipu+ai zhipu z+ai!^ 智谱 智谱清言 chatglm glm",
	"baidu":      "baidu! 百度! ernie!^? ernie+bot 文心一言 文心",
	"tencent":    "tencent! 腾讯! hunyuan 混元",
	"bytedance":  "byte+dance! 字节跳动! doubao 豆包 seed+oss seedance seedream",
	"minimax":    "minimax!?",
	"01ai":       "01+ai yi!^? 零一万物",
	"baichuan":   "baichuan 百川",
	"internlm":   "internlm",
	"amazon":     "amazon! amazon+web+services! aws! titan!^? nova!^? amazon+nova amazon+titan alexa!?",
	"ai21":       "ai21 ai21+labs jamba jurassic!^?",
	"ibm":        "ibm! granite!^? watsonx watson!^?",
	"nvidia":     "nvidia! nemotron",
	"databricks": "databricks! dbrx dolly!^?",
	"stability":  "stability+ai stablelm",
	"hf":         "hugging+face! zephyr!^? starcoder smol+lm smol+vlm",
	"academic":   "lmsys vicuna alpaca!^? koala!^? wizardlm openassistant open+assistant tulu!^? olmo allen+institute+for+ai!",
	"alephalpha": "aleph+alpha luminous!^? teuken",
	"swiss":      "apertus!^?",
	"upstage":    "upstage!? solar!^?",
	"lg":         "lg+ai+research exaone",
	"yandex":     "yandex! яндекс! яндекса! yandexgpt алиса!^?",
	"sber":       "sber! сбер! сбера! gigachat гигачат сбербанк!",
	"reka":       "reka!^?",
	"inflection": "inflection+ai inflection!^ pi!^?",
	"perplexity": "perplexity+ai perplexity!^ sonar!^? comet!^?",
	"nous":       "nous+research hermes!^?",
	"tii":        "technology+innovation+institute tii^ falcon!^?",
	"mbzuai":     "mbzuai k2+think",
	"apple":      "siri!? apple+intelligence!",
	"deepl":      "deepl grammarly! quillbot",
	"sarvam":     "sarvam+ai",
	"meituan":    "meituan! 美团! long+cat!^ 龙猫!?",
	"stepfun":    "step+fun 阶跃星辰",
	"xiaomi":     "xiaomi! 小米! mimo!^?",
	"ant":        "ant+group! 蚂蚁集团! ling!^? ling+1t ring+1t",
	"huawei":     "huawei! 华为! pangu!? 盘古!?",
	"iflytek":    "iflytek! 科大讯飞! sparkdesk 讯飞星火",
	"proton":     "proton!^? lumo!^?",
	"inception":  "inception!^? inception+labs mercury!^?",
	"cursor":     "cursor!^? anysphere",
	"cognition":  "cognition!^? devin!^? windsurf!^? swe+1",
	"manus":      "manus!^? butterfly+effect!^?",
	"liquid":     "liquid+ai lfm2",
	"arcee":      "arcee trinity!^?",
	"reflection": "reflection+ai",
	"thinking":   "thinking+machines! tinker!^?",
	"ssi":        "safe+superintelligence!",
	"writer":     "palmyra!^?",
	"servicenow": "servicenow! apriel",
	"salesforce": "salesforce! xgen",
	"snowflake":  "snowflake! arctic!^?",
	"singapore":  "sea+lion^ ai+singapore",
	"silo":       "silo+ai viking!^? poro!^?",
	"multiverse": "multiverse+computing!",
	"g42":        "g42 jais",
	"lighton":    "lighton!",
	"naver":      "hyperclova hyper+clova 하이퍼클로바 naver! 네이버!",
}

// disguised are names whose forms backwards and by ROT13 are no words.
var disguisedNames = []string{"chatgpt", "openai", "anthropic", "claude", "gemini", "deepseek", "mistral", "mixtral", "llama", "google", "copilot"}

// triggers are words without which a sentence says nothing of a model in general.
var triggers = strings.Fields(`ai llm ia ki chatbot language+model sprachmodell sprachassistent modele+de modelo+de modello+linguistico
taalmodel sprakmodell model+jezykowy trained+by developed+by created+by made+by built+by cutoff cut+off training+data last+update last+training last+knowledge
knowledge+update knowledge+until knowledge+up training+update my+name my+maker my+makers my+creator my+creators my+knowledge my+data my+information trained wissensstand wissens 知识 mein+wissen mes+connaissances mes+donnees mis+conocimientos mi+conocimiento meu+conhecimento parameters trained+on trained+until trained+in 语言模型 人工智能 助手 模型 языковая модель`)

// baseNames are spellings that are one name.
var baseNames = map[string]string{
	"deepseekai": "deepseek", "mistralai": "mistral", "googledeepmind": "google", "googleai": "google", "googleresearch": "google",
	"metaai": "meta", "metaplatforms": "meta", "alibabacloud": "alibaba", "alibabagroup": "alibaba", "阿里巴巴": "alibaba", "阿里云": "alibaba", "阿里": "alibaba",
	"chatgpt": "gpt", "codellama": "llama", "zhipuai": "zhipu", "moonshotai": "moonshot", "amazonwebservices": "amazon", "aws": "amazon", "amazonnova": "nova", "amazontitan": "titan",
}

// known are the names of the lexicon with how they are looked for.
var known = sync.OnceValue(func() map[string]name {
	names := map[string]name{}
	for family, list := range lexicon {
		for entry := range strings.FieldsSeq(list) {
			spelling := strings.TrimRight(entry, "!^?")
			marks := entry[len(spelling):]
			joined := strings.ReplaceAll(spelling, "+", "")
			base, ok := baseNames[joined]
			if !ok {
				base = joined
			}
			names[spelling] = name{
				base: base, family: family, general: strings.Contains(marks, "!"), proper: strings.Contains(marks, "^"),
				common: strings.Contains(marks, "?"),
			}
		}
	}
	for _, plain := range disguisedNames {
		var backwards, rotated strings.Builder
		for i := range len(plain) {
			backwards.WriteByte(plain[len(plain)-1-i])
			rotated.WriteByte('a' + (plain[i]-'a'+13)%26)
		}
		hidden := names[strings.NewReplacer("chatgpt", "chat+gpt", "openai", "open+ai", "deepseek", "deep+seek").Replace(plain)]
		hidden.disguise = true
		for _, form := range []string{backwards.String(), rotated.String()} {
			if len(form) >= 6 {
				names[form] = hidden
			}
		}
	}
	for _, word := range triggers {
		names[word] = name{trigger: true}
	}
	return names
})

// tailWords are what may follow a model's name.
var tailWords = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`opus sonnet haiku instant turbo mini nano micro lite pro premier flash ultra large medium small
instruct chat coder code preview max plus thinking reasoner r1 o1 o3 o4 scout maverick advanced copilot experimental exp latest omni vision distill oss high low codex air next fast multi agent heavy beta air vl it base a3b`) {
		words[word] = true
	}
	return words
}()

// generic are arm names that say nothing about a model and are common words.
var generic = map[string]bool{
	"control": true, "candidate": true, "current": true, "baseline": true, "pilot": true, "default": true,
	"cheap": true, "strong": true, "weak": true, "fast": true, "slow": true, "small": true, "medium": true, "large": true,
	"new": true, "old": true, "best": true, "model": true, "arm": true, "draft": true, "review": true, "test": true,
	"main": true, "reasoning": true, "coding": true, "math": true, "creative": true, "general": true, "one": true, "two": true,
}

// surnames follow the name Claude where it is a person's.
var surnames = func() map[string]bool {
	names := map[string]bool{}
	for word := range strings.FieldsSeq(`monet debussy shannon levi rains chabrol bernard lorrain van jean joseph louis francois michel mckay makelele lelouch cahun simon
bloch sautet brasseur giroux perrault nougaro ptolemy steele berri puel juncker elsewhere`) {
		names[word] = true
	}
	return names
}()

// besideClaude are words with a capital that follow the name of the assistant.
var besideClaude = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`desktop team here from by assistant assistent assistente asistente chatbot model modell von de di da your dein ihr votre tu answer antwort reponse response`) {
		words[word] = true
	}
	return words
}()

// ordinary are words with a capital that are no names of models or makers.
var ordinary = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`ai i a an the this that it english german french spanish europe america china usa us uk my your our we you he she they python java human humans
deep learning machine llm gpt-like internet web wikipedia common crawl january february march april may june july august september october november december`) {
		words[word] = true
	}
	return words
}()
