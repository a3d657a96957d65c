package eval_test

import (
	"testing"

	"modeltrial/eval"
)

func TestFamily(t *testing.T) {
	for model, want := range map[string]string{
		"gpt-4-1106-preview": "openai", "gpt4_1106_preview": "openai", "o3-mini": "openai", "openai/o4": "openai",
		"anthropic.claude-sonnet-4-6": "anthropic", "Claude 2.1": "anthropic", "google/gemini-3.1-pro": "google",
		"meta-llama/Llama-3.1-8B": "meta", "llama3": "meta", "qwen2-72b": "alibaba", "mixtral-8x7b": "mistral",
		"deepseek-chat": "deepseek", "grok-4.20": "xai", "alpaca_eval_cot_gpt4_turbo_fn": "openai",
		"judge-1": "", "current": "", "atlas-large": "", "phishing-detector": "", "o33t": "", "": "",
	} {
		if got := eval.Family(model); got != want {
			t.Errorf("%q: got %q, want %q", model, got, want)
		}
	}
}
