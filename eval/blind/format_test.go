package blind_test

import (
	"slices"
	"testing"

	"modeltrial/eval/blind"
)

func TestTraits(t *testing.T) {
	tests := []struct {
		text string
		want []blind.Trait
	}{
		{"Friday.", nil},
		{"# Summary\n\ntext", []blind.Trait{"headings"}},
		{"#hashtag is no heading", nil},
		{"- a\n- b", []blind.Trait{"bullet lists"}},
		{"1. a\n2. b", []blind.Trait{"numbered lists"}},
		{"| a | b |\n|---|---|\n| 1 | 2 |", []blind.Trait{"tables"}},
		{"a --- b", nil},
		{"a **b** c", []blind.Trait{"bold"}},
		{"2 ** 3 ** 4", nil},
		{"```go\nx\n```", []blind.Trait{"code blocks"}},
		{"Done 🎉", []blind.Trait{"emoji"}},
		{"a — b", []blind.Trait{"dashes"}},
		{"Certainly! Friday.", []blind.Trait{"opening phrase"}},
		{"Surely not.", nil},
		{"Friday. Let me know if you need more.", []blind.Trait{"closing offer"}},
	}
	for _, test := range tests {
		if got := blind.Traits(test.text); !slices.Equal(got, test.want) {
			t.Errorf("traits of %q are %v, want %v", test.text, got, test.want)
		}
	}
}
