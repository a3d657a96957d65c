// Package judge rates comparisons by machine: by judge models, which get the texts that
// people get and a rubric, and by checks against the task's reference answer. What a
// judge is sent, how its reply is read and what a check says is here; calls, retries
// and caps are those of eval/run.
package judge
