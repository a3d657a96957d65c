package ingest

import (
	"regexp"
	"strings"
	"sync"

	"github.com/tiktoken-go/tokenizer/codec"

	"modeltrial/audit"
)

// The encodings of OpenAI's models. Their vocabularies are part of the program and are
// set up when the first log without tokens is read, which takes some 20 ms and 6 MB.
var (
	o200k  = sync.OnceValue(codec.NewO200kBase)  // GPT-4o and later
	cl100k = sync.OnceValue(codec.NewCl100kBase) // GPT-4 and GPT-3.5
)

// What chat adds to the text of OpenAI's models, in tokens:
// https://github.com/openai/openai-cookbook/blob/main/examples/How_to_count_tokens_with_tiktoken.ipynb
const (
	frameOfMessage = 4 // three and its role
	frameOfReply   = 3
)

var (
	// older are the models with the encoding before GPT-4o.
	older = regexp.MustCompile(`^(?:gpt-4(?:$|-)|gpt-3\.5|gpt-35)`)
	// reasons are models that write tokens which are charged and not shown. Those of
	// them that do not are in answersAtOnce.
	reasons       = regexp.MustCompile(`^(?:o\d|gpt-5|gemini-(?:2\.5|[3-9]|flash-latest|pro-latest)|grok-(?:3-mini|[4-9])|deepseek-(?:reasoner|v[4-9]|r\d)|magistral)|thinking|reasoning|-r1(?:$|-)`)
	answersAtOnce = regexp.MustCompile(`non-reasoning|^gpt-5(?:\.\d)?-chat|^gemini-2\.5-flash-lite`)
	// besideText is content that is charged in another way than by its text.
	besideText = regexp.MustCompile(`data:(?:image|audio|video|application)/|"(?:image_url|input_image|input_audio|input_file|inline_data)"|\[(?:image|audio|video|file)\b`)
)

// Why tokens are not counted.
const (
	whyNotText    = "the log gives no tokens, and the text has images or files"
	whyNoAnswer   = "the log gives no output tokens and no answer"
	whyReasoning  = "the log gives no output tokens, and the answer does not show its reasoning"
	whyNotCounted = "the log gives no tokens, and they cannot be counted"
)

// countTokens counts in the texts the input and output tokens that a log does not give.
// The counts are exact for the texts of OpenAI's models from GPT-3.5 on, but for tools
// and other things that the log does not show. For all other models they are an
// approximation by the encoding of GPT-4o: their makers publish no vocabulary, or each
// its own. why says where nothing can be counted, and then the tokens stay as they are.
func countTokens(task *audit.Task, model string) (why string) {
	model = strings.ToLower(model[strings.LastIndexByte(model, '/')+1:])
	encoding := o200k
	if older.MatchString(model) {
		encoding = cl100k
	}
	tokens := task.Tokens
	if tokens.Input == nil {
		texts := []string{task.System, task.Prompt}
		for _, turn := range task.Conversation {
			texts = append(texts, turn.Content)
		}
		input := int64(frameOfReply)
		for _, text := range texts {
			if text == "" {
				continue
			}
			if besideText.MatchString(text) {
				return whyNotText
			}
			count, err := encoding().Count(text)
			if err != nil {
				return whyNotCounted
			}
			input += int64(count) + frameOfMessage
		}
		tokens.Input = &input
	}
	if tokens.Output == nil {
		switch {
		case reasons.MatchString(model) && !answersAtOnce.MatchString(model):
			return whyReasoning
		case task.Response == "":
			return whyNoAnswer
		case besideText.MatchString(task.Response):
			return whyNotText
		}
		count, err := encoding().Count(task.Response)
		if err != nil {
			return whyNotCounted
		}
		output := int64(count)
		tokens.Output = &output
	}
	task.Tokens, task.TokensEstimated = tokens, true
	return ""
}
