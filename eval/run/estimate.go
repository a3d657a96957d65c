package run

import (
	"modeltrial/audit"
	"modeltrial/eval"
)

// WorstCase is the most that one attempt at a task can cost: a token for every
// byte of the request, which no tokenizer exceeds, some for the frame of each
// message, and the longest answer allowed.
func WorstCase(task audit.Task, arm eval.Arm, price audit.Price) audit.NanoUSD {
	cost, _ := price.Cost(WorstTokens(task, arm))
	return cost
}

// WorstTokens are the most that an attempt can use, input and output.
func WorstTokens(task audit.Task, arm eval.Arm) audit.Tokens {
	const frame = 16 // tokens a message may take beside its text
	input := int64(requestBytes(task, arm) + (3+len(task.Conversation))*frame)
	output := arm.Parameters.MaxOutput()
	return audit.Tokens{Input: &input, Output: &output}
}

// Expected is what a task will probably cost under a price: that of [ExpectedTokens].
func Expected(task audit.Task, arm eval.Arm, price audit.Price) audit.NanoUSD {
	cost, _ := price.Cost(ExpectedTokens(task, arm))
	return cost
}

// ExpectedTokens are those that a task will probably take, input and output: a quarter
// of the bytes that will be sent, since the log's input tokens may count a context that
// is not in the log, and the log's output tokens, else a quarter of its response's
// bytes, else 400, up to the longest answer allowed.
func ExpectedTokens(task audit.Task, arm eval.Arm) audit.Tokens {
	input := int64(requestBytes(task, arm)/BytesPerToken + 1 + len(task.Conversation))
	output := expectedOutput(task, arm)
	return audit.Tokens{Input: &input, Output: &output}
}

const (
	BytesPerToken = 4   // of text, on average
	answerTokens  = 400 // of an answer of which nothing is known
)

// requestBytes is how long the texts of a request are.
func requestBytes(task audit.Task, arm eval.Arm) int {
	bytes := max(len(task.System), len(arm.Parameters.System)) + len(task.Prompt)
	for _, turn := range task.Conversation {
		bytes += len(turn.Content)
	}
	return bytes
}

// expectedOutput is the number of tokens that an arm will probably answer with.
func expectedOutput(task audit.Task, arm eval.Arm) int64 {
	output := int64(answerTokens)
	switch {
	case task.Tokens.Output != nil:
		output = *task.Tokens.Output
	case task.Response != "":
		output = int64(len(task.Response)/BytesPerToken + 1)
	}
	return min(output, arm.Parameters.MaxOutput())
}
