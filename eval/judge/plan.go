package judge

import (
	"strings"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/run"
)

// Planned is a judge with the bound of its replies.
func Planned(judge eval.Arm) eval.Arm {
	if judge.Parameters.MaxOutputTokens == nil {
		judge.Parameters.MaxOutputTokens = new(int64(defaultMaxOutput))
	}
	return judge
}

// PlanCall is what a judge will be asked of a comparison before anything is answered:
// both answers are taken to be so many bytes long, probably and at worst.
func PlanCall(protocol eval.Protocol, category eval.CategoryConfig, task audit.Task, probable, longest [2]int) run.PlannedCall {
	text := taskText(eval.Presentation{System: task.System, Conversation: task.Conversation, Prompt: task.Prompt})
	instruction := Instruction(Rubric(protocol, category))
	of := func(bytes [2]int) audit.Task {
		return material{text, [2]string{strings.Repeat("x", bytes[0]), strings.Repeat("x", bytes[1])}}.question(instruction, eval.SideA)
	}
	return run.PlannedCall{Expected: of(probable), WorstCase: of(longest)}
}
