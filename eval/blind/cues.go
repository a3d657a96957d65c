package blind

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// In a reduced sentence each name is one of two signs, so that cues stay small however
// many names there are, and the marks of emphasis and quotation are gone.
const (
	plainName  = '\x01' // of models and makers only
	commonName = '\x02' // of persons, animals or signs too
)

// selfCue finds a reduced sentence in which an answer says a name of itself. It is in
// the form of folded texts: lower case without accents. "I'm" alone is not enough:
// "I'm sure that Google ..." is about Google.
var selfCue = lazily(strings.Join(slices.Concat(selfCues, asideCues), "|"))

// commonSelfCue is the same for names that others have too, which tell nothing alone:
// there has to be another name in the sentence, or a word for a model.
var (
	commonSelfCue = lazily(strings.ReplaceAll(strings.Join(slices.Concat(selfCues, asideCues), "|"), "\x01", string(commonName)))
	modelWord     = lazily(`\b(?:ai|llm|model|assistant|chatbot|modell|modele|modelo|modello|ki|ia|assistent|asistente|assistente|intelligence)\b|модель|ассистент|模型|助手|モデル`)
)

var selfCues = []string{
	// I am.
	`\b(?:i'?m|i am)[ ,:]+(?:(?:called|named|actually|just|really|currently|known as|still|indeed|in fact|the|your|ai|not|assistant|model|based on|powered by|running on|a version of|an instance of|one of|part of|built on|built into)[ ,:]+)*` + "\x01",
	`\b(?:i'?m|i am) an? (?:[\w-]+ ){0,3}?` + "\x01[ -](?:\\w+[ -]){0,2}?(?:model|assistant|ai|chatbot|bot|llm|instance|agent|based)\\b",
	`\b(?:ich bin|ik ben|je suis|yo soy|soy|sono|(?:eu )?sou|jag ar|jeg er|jestem|jsem|som|ben|olen|sunt|saya(?: adalah)?|toi la|aku adalah)[ ,:]+(?:(?:der|die|das|ein|eine|le|la|l'|el|o|a|un|una|um|uma|een|en|et|un modele|de|eigentlich|nicht|kein|modell|ki-modell|sprachmodell|ki-assistent|assistent|modele|modelo|modello|model|asistente|assistente)[ ,:]+)*` + "\x01",
	`(?:^|[^\p{L}])(?:я|это|אני|أنا|انا|من|मैं|আমি|ειμαι(?: (?:το|ο|η))?)[ ,:—–-]+` + "\x01",
	"(?:我是|我叫|我就是|我乃|您好，这里是|私は|わたしは|僕は|저는|나는|ฉันคือ|ผมคือ|ดิฉันคือ)[ 、,，:：]*\x01(?:$|[^的でにの에의]|です)",
	"(?:作为|身为)[\x01\x02][，,]?我",
	"[\x01\x02](?:と申します|といいます|です。よろしく)",
	"(?:^|안녕하세요[,.!]? ?)[\x01\x02]입니다",
	"\x01 (?:vagyok|ben|'?yim|'?im)\\b",
	`\b(?:you(?:'ve| have) reached|being|i go by|i answer to|signed by) [\x01\x02](?:[,.!]|$)`, `\b(?:i|me|myself|moi|ich|yo|io|eu) ?[,(] ?[\x01\x02] ?[,)]`, `\b(?:moi,? c'est|hello from|hi from|greetings from|hallo von) [\x01\x02]`,
	`\bals von [\x01\x02] (?:trainiert|entwickelt|erstellt|geschaffen)`,
	`(?:^|\n)[^\p{L}\n]*(?:assistant|ai|bot) ?[(\[][\x01\x02][^\p{L}\n]{0,20}[)\]]`,
	`\bi(?:'m| am)? (?:run|running|built|based) on (?:top of )?[\x01\x02](?:,| under| behind|[.!;]|$)`, `\b(?:speaking|writing|answering|replying) as [\x01\x02]`, `\bbeing an? \x01(?:[ -]\w+)? (?:model|assistant)\b`,
	`\bi (?:belong to|come from|descend from|stem from) (?:the )?[\x01\x02] (?:\w+ ){0,3}?(?:family|models?|series|line|lineage)\b`, `\bit's [\x01\x02] (?:again|here|speaking)\b`,
	`\b(?:i'?m|i am|ich bin|je suis|soy|sono|sou) (?:[^.!?\n,]{1,30}, )?[\x01\x02]'s (?:[\w-]+ ){0,3}?(?:[\x01\x02]|(?:model|assistant|ai|chatbot|llm|bot|sibling|successor)\b)`,
	`\b(?:i'?m|i am) your (?:(?:friendly|own|personal|new|favou?rite|trusty|helpful|local|neighbou?rhood|faithful|humble|little|dear) ){1,3}[\x01\x02]`,
	`\b(?:i'?m|i am) [\w-]*[ -]?v?\d[\w.-]*,? (?:by|from|of|made by|built by) \x01`,
	`\bas (?:the |an? )?(?:successor|predecessor|sibling|cousin|variant|version|descendant|distillation)(?: of| to) (?:the )?[\x01\x02][^.!?\n]{0,40}\bi\b`,
	`\bas (?:the |an? )?(?:\w+ ){0,2}member of the [\x01\x02] (?:family of|model family|model series|models)\b`,
	`\bi identify as [\x01\x02]`, `[\x01\x02] ?\((?:that's|that is|which is|yes,) me\b`, `\bai[- ]generated ?[(\[][\x01\x02][)\]]`,
	`\b(?:like|unlike) (?:every|all|any|other|most) (?:other )?\x01(?:[ -]\w+)? (?:models?|assistants?),? i\b`,
	`\bi was (?:born|conceived|raised|created|made) (?:in|at) (?:the )?(?:labs?|laborator\w+|halls|offices|house) of \x01`,
	`\b(?:i'?m|i am) (?:an?|the) (?:[\w-]+ ){0,2}?(?:product|creation|brainchild|version|variant|descendant|flavou?r|release|edition|distillation|fine-?tune)(?: \w+){0,2} (?:of|by|from) [\x01\x02]`,
	"(?:^|\\n)[^\\p{L}\\x01\\x02\\n]*[\\x01\\x02],? (?:at your service|reporting|signing off)\\b",
	`\byou (?:asked|have asked|summoned|called|picked|chose) [\x01\x02][^.!?\n]{0,40}\bi\b`,
	`\bthis is (?:an? |the )?(?:\w+ ){0,2}?(?:reply|answer|response|summary|output|draft|translation) (?:from|by|of) [\x01\x02]`,
	`\bi(?:'m| am) ?[,(–—-]+ ?[^,.!?\n\x01\x02]{1,40}[,)–—-]+ ?\x01(?:[,.!]|$)`,
	`\bi may (?:only )?be (?:only |just |merely )?[\x01\x02]`,
	`\bi, an? (?:\w+ ){0,2}?(?:assistant|ai|model|chatbot|llm)\b[^.!?\n]{0,40}[\x01\x02]`,
	`\bi was (?:first )?(?:released|launched|introduced|announced|published|unveiled)\b[^.!?\n]{0,40}\x01`,
	`\bname=(?:generator|author) content=[\x01\x02]`,
	"\\x01(?:/[\\d.]+)? wrote this[.!]?$",
	"(?:こんにちは|はじめまして|お世話になっております)[、,!！。]? ?[\x01\x02]です",
	`אני [^.\n\x01]{0,20}` + "\x01",
	`\b(?:mimi ni|naitwa|jina langu ni|ako si|ako ay si|jeg hedder|mina olen|ma olen|as esu|es esmu|ja sam|jaz sem|une jam|ime mi je|volam sa|ako po si) ` + "\x01", `(?:^|[^\p{L}])(?:аз съм|јас сум|ја сам|мен|я є) ` + "\x01",
	`[\x01\x02], (?:the |my )(?:company|lab|team|people|firm|folks|maker|creator|developer)s? (?:behind|of|who|that|which)(?: (?:made|built|trained|created|develop\w*))? me\b`,
	// My name.
	`(?:\b(?:my (?:full |real |actual |true |given )?name(?: is|'s)|call me|i go by|known to you as|mein name (?:ist|lautet)|ich heisse|nennen sie mich|je m'appelle|mon nom est|me llamo|mi nombre es|mi chiamo|il mio nome e|(?:o )?meu nome e|(?:eu )?me chamo|chamo-me|mijn naam is|ik heet|mitt namn ar|jag heter|jeg heter|navnet mitt er|nazywam sie|mam na imie|jmenuji se|adim|benim adim|ten toi la|nama saya(?: adalah)?|numele meu este|nimeni on|a nevem)|меня зовут|мене звати|мое имя|我的名字(?:是|叫)|名前は|이름은|اسمي|मेरा नाम|שמי|με λενε)[ ,:—–-]*` + "\x01",
	// As one, here, this is.
	`\bas [\x01\x02],? (?:i|my|we)\b`,
	`\bas an? (?:[\w-]+ ){0,3}?` + "\x01[ -](?:\\w+ ){0,2}?(?:model|assistant|ai|chatbot|bot|llm),? (?:i|my)\\b",
	`\b(?:als|en tant que|como|come) [\x01\x02],? (?:ich|kann|habe|bin|je|j'|yo|no|puedo|io|non|posso|eu|nao)\b`,
	"(?:^|\\n)[^\\p{L}\\x01\\x02\\n]*[\\x01\\x02] here\\b",
	`\b(?:hier ist|hier spricht|hier schreibt|hier antwortet|ici|aqui|qui e) ` + "\x01",
	"(?:this is|you are (?:now |currently |still |indeed )?(?:talking|speaking|chatting) (?:to|with)|you're (?:talking|speaking|chatting) (?:to|with)) \x01",
	// What wrote this.
	`\b(?:this|these|the above|the following|diese[rs]?|obige[rs]?|ce|cette|este|esta|esse|essa|questo|questa|deze|dit|denna|detta|dette|ten|ta|bu) (?:\w+ ){0,2}?(?:answer|response|reply|text|code|script|function|file|message|comment|document|translation|summary|e-?mail|content|draft|poem|story|report|output|note|query|snippet|program|module|class|unit test|tests?|commit|changes?|antwort|datei|funktion|reponse|texte|fichier|respuesta|texto|codigo|archivo|risposta|testo|codice|resposta|antwoord|tekst|svar|odpowiedz|metin|kod)s?\b[^.!?\x01\x02]{0,40}\b(?:is|comes|(?:generat|creat|produc|compos|draft|provid|prepar|translat|power|author|answer|auto)\w*|written|made|sent|coded|formatted|erstellt|generiert|geschrieben|verfasst|erzeugt|gener\w+|ecrit\w*|redig\w*|escrit[oa]s?|cread[oa]s?|criad[oa]s?|gerad[oa]s?|scritt[oa]|geschreven|gegenereerd|skriven|skrevet|skapad|napisan\w*|wygenerowan\w*|assistance|help|stammt|kommt|vient|provient|viene|proviene|vem|komt|kommer|pochodzi)\b[^.!?\x01\x02]{0,16}\b(?:by|from|with|using|via|von|mit|durch|par|avec|por|con|com|da|door|met|av|af|przez|help of|tarafindan)(?: the help| the assistance| help| assistance| hilfe| aide| ayuda)?(?: of| von| de)? [\x01\x02]`,
	`(?:^|\n)[^\p{L}\x01\x02\n]*(?:(?:note|nb|disclaimer|attribution|credits?|hinweis|anmerkung|remarque|nota):? )?(?:rem |dnl )?(?:(?:code|script|file|function|comment|answer|reply|response|text|output|content|summary|draft|translation|antwort|text|ubersetzung|reponse|texte|traduction|respuesta|texto|traduccion|risposta|testo|resposta|antwoord|tekst|svar|odpowiedz|ответ|текст|код) )?(?:auto-?|ai[ -])?(?:automatically )?(?:generated|written|created|produced|powered|built|authored|co-authored|composed|drafted|translated|answered|coded|made|sent|assisted|erstellt|generiert|geschrieben|verfasst|ubersetzt|(?:genere|ecrit|redige|propulse|traduit|cree)e?s?|(?:generad|escrit|cread|hech|gerad|feit|generat|scritt|creat|redactad|redigid)[oa]s?|wygenerowan[oaey]|napisan[oaey]|gegenereerd|skapad|generert|(?:сгенерирован|создан|написан|подготовлен|составлен)[оаы]?)[ -](?:automatically |with \w+ )?(?:by|with|using|via|von|mit|durch|par|avec|por|con|com|da|przez|door|met|av|с помощью|при помощи|моделью)(?: the| der| l'| la)?(?: ?help| ?assistance| ?hilfe| ?aide| ?ayuda| помощью)?(?: of| from| von| de)?[ :]+(?:an? |the )?(?:[\w.]+ (?:and|&|\+) )?[\x01\x02][^\n\p{L}]{0,30}(?:\w+[^\n\p{L}]{0,10}){0,2}(?:$|\n)`,
	`(?:^|\n)[^\p{L}\x01\x02\n]*(?:@?author|autor|auteur|autore|by|written by|generated by|created by|co-authored-by|co-authored by|assisted-by|signed-off-by|(?:code|script|text|answer|docstring|module|class|program|page|notebook|translation|translated|summary|draft|drafted|review|reviewed|edited|query|tests?|poem|documentation|docs|made|built) by|generator|作者|автор|model used|model name|ai model|answered by|response by|llm)[^\p{L}\x01\x02\n]{1,4}[\x01\x02](?:[^\n\p{L}]{0,30}(?:$|\n)|[^\n\p{L}]{0,10}(?:\*?/|-->))`,
	`(?:^|\n)[^\p{L}\x01\x02\n]*[\x01\x02] (?:wrote|generated|made|created) this(?:[^ \w]|$| (?:answer|reply|response|text|code|script|file|function|comment|page|document|message)\b)`,
	`\bco-authored-by: ?[\x01\x02](?: agent| code| cli| bot)?[^\n\p{L}]{0,10}<`,
	`\b(?:este|esta|esto|esse|essa|questo|questa|cette?|ce) (?:\w+ )?(?:(?:lo|la|l'|le) ?)?(?:ha|has|a|hat) (?:escrito|generado|creado|redactado|traducido|scritto|generato|creato|tradotto|escrito|gerado|criado) [\x01\x02]`,
	`\b(?:diese[nrs]?|den|die|das) (?:antwort|text|code|skript|mail|brief|entwurf|ubersetzung) (?:hat|habe) (?:ich, )?[\x01\x02](?: \w+)? (?:geschrieben|verfasst|erstellt|erzeugt|generiert|ubersetzt)`,
	`\b(?:diese[nrs]?|der|die|das|obige[rs]?|dit|deze|de|het) (?:\w+ ){0,2}?(?:antwort|text|code|skript|mail|brief|entwurf|ubersetzung|tekst|antwoord) (?:wurde|ist|werd|is) (?:von|mit|durch|door|met) (?:hilfe von |hulp van )?[\x01\x02] (?:verfasst|geschrieben|erstellt|erzeugt|generiert|ubersetzt|geschreven|gegenereerd|gemaakt)`,
	`\bc'est [\x01\x02] qui (?:a|vous)\b[^.!?\n]{0,20}(?:ecrit|redige|repond|genere)`,
	// Whose rules one keeps.
	`[\x01\x02](?:'s)? (?:\w+ ){0,2}(?:policy|policies|guidelines|rules|terms|safeguards|restrictions)\b[^.!?\n]{0,60}\b(?:me|i|my)\b`,
	"(?:由|本(?:文|回答|代码|内容)由|此(?:回答|代码|内容)由|使用)[\x01\x02] ?(?:自动)?(?:生成|编写|撰写|提供|创作)",
	"(?:この(?:回答|文章|コード)は)[\x01\x02](?:によって|が|で)(?:生成|作成|書)",
	"(?:이 (?:답변|글|코드)은?) [\x01\x02](?:이|가|에 의해|로)? ?(?:생성|작성)",
	// Who made one.
	`\b(?:openai|anthropic|i) (?:trained|created|developed|built|programmed) me\b`,
	`[\x01\x02][^.!?\n]{0,30}\b(?:trained|created|developed|built|programmed|designed) me\b`,
	`\b(?:folks|people|team|researchers|engineers|scientists) (?:at|from|of) [\x01\x02] (?:taught|tuned|fine-?tuned|instructed|raised) me\b`,
	`[\x01\x02] made me(?: and\b|[,;])`,
	`\b(?:who|that|company|team) made me\b`,
	`[\x01\x02][^.!?\n]{0,30}\bmade me[.!,]*$`,
}

// modelCue finds a reduced sentence in which an answer says that it is a model, or who
// made it, whatever names stand in it.
var modelCue = lazily(strings.Join([]string{
	`\b(?:i'?m|i am) (?:(?:just|only|actually|really|simply|merely|still|currently|indeed|but|sorry|in fact|of course|basically|honestly),? ){0,2}(?:an? |the |your )(?:[\w'\x01\x02-]+,? ){0,4}?(?:ai|a\.i\.|artificial intelligence|language model|llm|chatbot|conversational agent)` + modelEnd,
	`\b(?:i'?m|i am|my name is|call me) [^.!?\n,]{1,40}?, (?:an? |the |your )(?:[\w'\x01\x02-]+ ){0,4}?(?:ai|artificial intelligence|language model|llm|chatbot)` + modelEnd,
	`\bas (?:an? |the )(?:[\w'\x01\x02-]+,? ){0,4}?(?:ai|a\.i\.|artificial intelligence|language model|llm|chatbot)` + modelEnd,
	`\b(?:i'?m|i am|as) (?:an? |the )(?:[\w'-]+ ){0,3}?(?:assistant|bot|model|system)[ ,]+(?:that was |which was |who was |that is )?(?:trained|developed|created|made|built|designed|provided|from|by)\b`,
	`\b(?:i'?m|i am)\b[^.!?\n]{0,60}?, (?:\w+ ){0,2}(?:trained|developed|created|made|built|designed) by\b`,
	`\b(?:ich bin|ich heisse|je suis|je m'appelle|soy|me llamo|sono|mi chiamo|sou|ik ben|jag ar|jeg er|jestem|jsem) [^.!?\n,]{1,40}?, (?:ein|eine|un|une|uma?|een|en|et|der|die|das|le|la|il|el|o)?(?: |l'|un')?(?:[\w\x01\x02-]+ ){0,4}?(?:ki|ia|ai|sprachmodell|modele|modelo|modello|taalmodel|sprakmodell|sprogmodel|assistant|asistente|assistente|assistent|model)\b[^.!?\n]{0,40}(?:\b(?:von|der|de|di|da|van|fran|fra|par|por|della|del|du|des|des unternehmens|linguis\w+|langage|lenguaje)\b|$)`,
	`\bals (?:ein(?:e[mnrs]?)? )?(?:[\w\x01\x02-]+[ -]){0,3}?(?:ki|kunstliche intelligenz|sprachmodell|chatbot)\b[^.!?]{0,80}\b(?:ich|mir|mich)\b`,
	`\b(?:ich bin) (?:nur )?(?:ein(?:e[mnrs]?)? )?(?:[\w\x01\x02-]+[ -]){0,3}?(?:ki|kunstliche intelligenz|sprachmodell|sprachassistent|chatbot|assistent(?:in)? (?:von|der firma|des unternehmens|aus dem hause))\b`,
	`\b(?:en tant qu['e]|je suis) ?(?:un |une |le |simplement )*(?:[\w\x01\x02]+[ -]){0,4}?(?:ia\b|modele d|modele linguistique|assistant (?:ia|virtuel|cree|developpe|concu)|intelligence artificielle)`,
	`\b(?:como|soy|sou|sono|come)(?: una?| uma?| el| la| o| a)? (?:[\w\x01\x02]+ ){0,4}?(?:ia\b|ai\b|modelo d|modelo linguistico|modello (?:di|linguistico)|asistente (?:creado|desarrollado|virtual|de)|assistente (?:criad|desenvolvid|creat|virtual)|inteligencia artificial|intelligenza artificiale)`,
	`\b(?:als een|ik ben een?) (?:[\w\x01\x02-]+ ){0,3}?(?:ai|taalmodel|chatbot|assistent)`,
	`\b(?:jag ar|jeg er|som)(?: en| et| ett)? (?:[\w\x01\x02-]+ ){0,3}?(?:ai|sprak-?modell?|sprogmodel)`,
	`\b(?:jestem|jako)(?: duzym)? (?:[\w\x01\x02]+ ){0,3}?(?:model|ai\b|sztuczn)`,
	`\b(?:jsem|olen|sunt(?: un)?|vagyok|saya (?:adalah|model)|toi la(?: mot)?) (?:[\w\x01\x02]+ ){0,4}?(?:ai\b|model|tekoaly|kielimalli|inteligent|mo hinh|tri tue)`,
	`(?:modeliyim|asistaniyim|zekayim)`,
	`(?:作为|我是|身为|本模型是)[^，。！？\n]{0,30}(?:模型|助手|人工智能|ai)`,
	`(?:我是|我由|本模型由|我是由|本助手由)[^。！？\n]{0,40}(?:开发|训练|创建|研发|打造|推出|開發|訓練|提供)`,
	`(?:私|わたし|僕)は[^。\n]{0,60}(?:モデル|人工知能|ai|アシスタント|開発|訓練|作成|作られ|トレーニング)`,
	`(?:저는|나는|제가|저를)[^.\n]{0,60}(?:모델|인공지능|개발|훈련|만든|만들|학습|ai)`,
	`(?:^|[^\p{L}])(?:я[ ,—–-]+(?:[\p{L}-]+ ){0,4}?(?:модель|ии|ассистент|искусствен\p{L}*|создан\p{L}*|обучен\p{L}*|разработан\p{L}*|мовна|створен\p{L}*)|меня (?:создал|обучил|разработал)|как (?:\p{L}+ ){0,2}?(?:модель|ассистент|ии|искусственный))`,
	`(?:أنا|انا|كنموذج|بصفتي)[^.\n]{0,60}(?:نموذج|ذكاء|مساعد|طور|درب|تدريب|تطوير)`,
	`(?:मैं|मुझे)[^।\n]{0,80}(?:मॉडल|प्रशिक्षित|विकसित|बनाया|एआई|ai)`,
	`(?:ฉัน|ผม|ดิฉัน)(?:เป็น|คือ|ถูก)[^\n]{0,60}(?:พัฒนา|ฝึก|สร้าง|โมเดล|ai)`,
	`אני [^.\n]{0,60}(?:שפותח|שאומן|שנוצר|מודל|בינה)`,
	`ειμαι [^.\n]{0,60}(?:εκπαιδευ|αναπτυ|δημιουργ|μοντελο|τεχνητ)`,
	`(?:من|به عنوان) [^.\n]{0,60}(?:مدل|هوش|توسط)`,
	`(?:আমি|আমাকে) [^।\n]{0,60}(?:মডেল|তৈরি|প্রশিক্ষ)`,
	`\b(?:i was|i've been|i have been|i am|i'm) (?:[\w-]+ ){0,3}?(?:trained|developed|created|made|built|programmed|fine-?tuned|pre-?trained|powered|engineered|designed)(?: and \w+)?(?: in [\w, ]{1,20}?)? (?:by|at|from)\b`,
	`(?:^|[,;(] ?)(?:trained|developed|created|made|built|designed|programmed) by [^.,;]{0,40},? (?:i|my)\b`,
	`\bmy (?:creators?|makers?|developers?|underlying model|base model|training data|training cut-?off|knowledge cut-?off|knowledge base|system prompt|parent company|model (?:name|version|family|card)|weights|parameters)\b`,
	`\b(?:mein(?:e[nr]?)? (?:entwickler|schopfer|trainingsdaten|wissensstand|hersteller)|mes (?:createurs|developpeurs|donnees d'entrainement)|mis (?:creadores|desarrolladores|datos de entrenamiento)|meus (?:criadores|desenvolvedores)|i miei (?:creatori|sviluppatori))`,
	`\b(?:ich wurde|wurde ich|mich hat|bin ich)\b[^.!?\n]{0,60}\b(?:entwickelt|trainiert|erstellt|erschaffen|programmiert|geschaffen)`,
	`\b(?:j'ai ete|je suis(?: \w+){0,8}?) (?:entraine|developpe|cree|concu|forme)e?s? (?:par|chez)`,
	`\b(?:soy|fui|he sido|estoy)(?: \w+){0,8}? (?:entrenad|desarrollad|cread|disenad|programad)[oa] (?:por|en)`,
	`\b(?:sou|fui|estou)(?: \w+){0,8}? (?:treinad|desenvolvid|criad|projetad|programad)[oa] (?:pel[oa]|por)`,
	`\b(?:sono|sono stat[oa])(?: \w+){0,8}? (?:addestrat|sviluppat|creat|progettat|realizzat)[oa] da`,
	`\bik (?:ben|werd)(?: \w+){0,8}? (?:getraind|ontwikkeld|gemaakt|gecreeerd) door`,
	`\bj(?:ag|eg) (?:ar|er|har|ble|blev)(?: \w+){0,8}? (?:tranat|tranad|trent|traenet|utvecklad|utviklet|udviklet|skapad|laget|skabt) a[vf]`,
	`\bjestem(?: \w+){0,8}? (?:stworzon|wytrenowan|opracowan|szkolon)\w* przez`,
}, "|"))

// modelEnd is what may follow on the word for a model: "as an AI researcher" is about
// a person.
const modelEnd = `(?:$|[^\w -]|[ -](?:language|assistant|model|chat-?bot|system|agent|helper|bot|llm|companion|tool|developed|created|trained|made|built|designed|provided|powered|known|called|named|from|by|that|which|who|i|and|without|based|programmed|here|my|with|so)\b)`

// firstPerson are the words by which a sentence with "as an AI" is of the answerer.
var firstPerson = lazily(`\b(?:i|i'm|i've|my|me|myself)\b`)

// asModel is the part of modelCue that says nothing without a first person.
var asModel = lazily(`\bas (?:an? |the )`)

// openingCue finds at the start of an answer, and closingCue at its end, a name that
// stands there as its author's.
var (
	openingCue = lazily(`^[^\p{L}\x01\x02]*(?:(?:hi|hello|hey|hallo|bonjour|hola|ciao|ola)[^\p{L}\x01\x02]{1,3})?(?:(?:assistant|ai|bot|answer(?: from| by)?|response(?: from| by)?|reply(?: from| by)?|model|author|reply|from|source|sender|engine|used model)[^\p{L}\x01\x02\n]{1,4}[\x01\x02][^\p{L}\n]{0,20}[:\n]|[\x01\x02](?:'s)?(?: (?:said|says|response|answer|reply|output|speaking|take|view|opinion|verdict|suggestion|solution))?[^\p{L}\n]{0,4}:(?:\s|$)|this is [\x01\x02]|[\x01\x02] (?:here|speaking)\b|\x01\W{0,4}\n)`)
	closingCue = lazily(`[\x01\x02](?: is (?:an )?ai and)? (?:can|may) make mistakes[.;,] ?(?:please |so )?(?:check|consider|verify|double)[^\n]{0,60}$|(?:(?:^|\n)-- ?\n|\b(?:help|helps|helped|luck|care|soon|day|enjoy)[.!]? ?(?:—|–|--|~) ?(?:your )?|(?:^|\n)[^\p{L}\x01\x02\n]*(?:—|–|―|~|--|\()[^\p{L}\x01\x02\n]*(?:sent (?:from|by|via|with) (?:my )?)?|[(\[](?:via|by|from|with|sent via|generated by|written by) |(?:^|\n)[^\p{L}\x01\x02\n]*(?:model|model used|model version|version|engine|author|answered by|by|source|powered by|signed|assistant|ai|generated (?:by|with|using)|written by|response by|sent (?:from|by|via))[^\p{L}\x01\x02\n]{1,4}|` +
		`(?:regards|sincerely|cheers|best|yours|wishes|grussen|gruss|grusse|gruessen|cordialement|salutations|saludos|saluti|atenciosamente|abracos|mvh|halsningar|hilsen|groet|groeten|pozdrawiam|уважением|此致|敬上|敬具|thanks|thank you|love|faithfully|truly|evermore|friend|assistant|servant|helper|companion|assistent|assistentin|asistente)[^\p{L}\x01\x02]{1,6}(?:your (?:\w+ ){0,3}|the |dein |ihr |ton |tu |das )?)[\x01\x02](?:[ -](?:team|assistant|bot|model))?[^\p{L}\x01\x02]{0,6}(?:\([^)\n]{0,40}\)|(?:by|von|de|from) [\x01\x02]|the \w+|your \w+ ?\w*)?\W{0,6}$`)
)

// cutoffCue finds a sentence that says until when the answerer was trained, and
// cutoffDate the date in it, which tells models apart.
var (
	cutoffCue = lazily(`\b(?:my (?:\w+ )?(?:training|knowledge|information|data)(?: data| base)? (?:cut-?off|is (?:current|limited|up|only|based|from)|are (?:current|limited|up)|ends?|stops?|goes|only|extends?|was|reaches|dates|covers?|up to)|my last (?:training|knowledge) update|(?:as of|since|until|up to|at the time of) my (?:last |latest |most recent )?(?:\w+ )?(?:update|training|cut-?off|knowledge)|(?:my|knowledge|training) cut-?off|i(?: was|'ve been| have been| am|'m) (?:last )?(?:trained|updated)|i (?:only )?(?:have|know|possess) [^.]{0,40}(?:up (?:to|until)|until|through)|mein (?:wissensstand|wissen|training)\w*|stand meines wissens|meine trainingsdaten|mes connaissances|mes donnees d'entrainement|mis (?:conocimientos|datos)|mi (?:conocimiento|entrenamiento)|meu conhecimento|le mie conoscenze|mijn kennis)|我的(?:知识|训练)|мои (?:знания|данные)|私の知識`)
	// The date is looked for in the folded text.
	cutoffDate = lazily(`(?:(?:early|mid|late|january|february|march|april|may|june|july|august|september|october|november|december|januar|februar|marz|mai|juni|juli|oktober|dezember|janvier|fevrier|mars|avril|juin|juillet|aout|septembre|octobre|novembre|decembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|q[1-4])[ -](?:de |of )?)?\b(?:19|20)\d\d(?:[-/年]\d{1,2}月?(?:[-/]\d{1,2})?)?`)
)

// bareCutoff is a line that gives such a date and says nothing else, as instructions of
// models have it.
var bareCutoff = lazily(`^[^\p{L}]*(?:my )?(?:knowledge|training)(?: data)? cut-?off(?: date)?[^\p{L}]{1,4}(?:[a-z]{3,9} )?\d{4}\b[-\d]{0,6}[^\p{L}]*$`)

// sizeCue finds a sentence that says how large the answerer is or describes its maker
// without a name: nothing in it can be hidden, and all of it tells.
var sizeCue = lazily(`\b(?:i'm|i (?:have|am|was|use)|my|with)\b[^.!?\n]{0,60}\b\d[\d.,]*[ -]?(?:b|m|billion|million|trillion|milliarden|milliards|mil millones)?[ -]?(?:parameters?|parametern?|parametres|parametros)\b|` +
	`\b(?:i was|i am|i'm|my (?:creators?|makers?|developers?)|who (?:made|built|trained|created) me)\b[^.!?\n]{0,90}\b(?:company|start-?up|lab|laborator(?:y|ies)|firm|institute|university|research (?:group|team|organi[sz]ation)|researchers|consortium)\b|` +
	`\b(?:ich wurde|j'ai ete|fui|sono stat[oa])\b[^.!?\n]{0,90}\b(?:unternehmen|firma|labor|institut|entreprise|societe|laboratoire|empresa|laboratorio|azienda|societa)\b`)

// riddleCue finds a sentence that describes the answerer's name.
var riddleCue = lazily(`\bmy (?:name|maker|makers|creator|creators|company|developer|developers)(?:'s name)? (?:starts?|begins?|ends?|rhymes?|sounds?|shares?|is (?:spelled|an anagram|short for))\b|` +
	`\b(?:guess|you can guess|can you guess) (?:who|which (?:model|ai)) (?:wrote|i am|made)\b`)

// ownSize finds a sentence that says how many parameters its writer has.
var ownSize = lazily(`\b(?:i have|i've|i'm|i am|i use|i run on)\b[^.!?\n]{0,40}\b\d[\d.,]*[ -]?(?:b|billion|trillion|milliarden|milliards)[ -]?(?:parameters?|parametern?|parametres|model)\b`)

// unknownName finds, as it is written, the name of a model or maker that no list has,
// where a sentence says that its writer is one.
var unknownName = lazily(`(?:\b(?:I am|I'm|I’m|My name is|my name is|Call me|call me|Ich bin|Ich heiße|Mein Name ist|Je suis|Je m'appelle|Je m’appelle|Soy|Me llamo|Sono|Mi chiamo|Sou|Eu sou|Ik ben)[ ,:]+(?:called |named )?|\b(?:trained|developed|created|made|built|designed|provided|powered|entwickelt|trainiert|par|por|da|door|von) (?:by |at |von |bei )?(?:the (?:team|people|researchers|folks|good people) (?:at |from |of ))?(?:the )?)[*_"“„«]*` + properNoun)

const properNoun = `([\p{Lu}][\p{L}\d.+-]*[\p{L}\d+](?:[ -](?:[\p{Lu}\d][\p{L}\d.+-]*[\p{L}\d+]|\d+))*)`

// cueWords are words of which every sentence in ASCII that a cue matches has one. To
// look for them takes a hundredth of the time of the cues.
var cueWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`i im my me we as being name call this these above following diese dieser dieses obige obiger ce cette este esta esse essa questo questa deze dit
denna detta dette ten ta bu generated generator written created produced powered built authored co authored author autor auteur autore composed drafted translated answered response coded made sent assisted
erstellt generiert geschrieben verfasst ubersetzt stammt reponse respuesta risposta resposta antwoord svar ecrite ecrites redigee redigees generee generees traduite cree creee generada generadas creada escrita
escritas redactada gerada feita scritta generata creata napisane you this like unlike answer identify product creation version may service reporting signing mimi naitwa jina ako hedder mina ma as es une ime volam note nb disclaimer attribution hinweis anmerkung remarque rem dnl made docstring translation draft review summary poem documentation docs reviewed edited query tests signed running speaking genere ecrit redige propulse generado escrito creado hecho gerado feito generato scritto creato wygenerowano wygenerowane gegenereerd skapad generert wrote
used model llm ich bin mich mir mein meine meinen meiner nennen als hier je j suis mon mes ici en yo soy fui he mi mis me llamo como aqui estoy sono mio chiamo come qui miei le sou eu meu meus chamo
ik ben mijn jag ar mitt jeg er har som jestem jako mam nazywam jsem jmenuji ben adim olen nimeni sunt numele vagyok nevem saya nama aku toi ten tarafindan modeliyim asistaniyim zekayim
everything if hablas hablando charlas chateas vous tu du sie parli parlando voce falando je u rozmawiasz reminder remember note keep not everything olarak name thank thanks says sends formerly ti te sou formo folks people users
policy policies guidelines rules terms safeguards restrictions team company assistant ai bot reached here moi hello hi greetings hallo code script stand meines talking speaking chatting`) {
		words[word] = true
	}
	return words
})

// mayBeCue says whether a reduced sentence has one of the words of cues, or is not in
// ASCII.
func mayBeCue(reduced string) bool {
	cueWords := cueWords()
	start, first := -1, true
	for i := 0; i <= len(reduced); i++ {
		if i < len(reduced) {
			c := reduced[i]
			if c >= utf8.RuneSelf {
				return true
			}
			if inWord(rune(c)) {
				if start < 0 {
					start = i
				}
				continue
			}
		}
		if start >= 0 {
			if word := reduced[start:i]; cueWords[word] || first && word == "by" {
				return true
			}
			first = false
		}
		start = -1
	}
	return false
}
