package ingest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
)

// The columns are those of promptfoo's evalTableToCsv.
func TestPromptfooCSV(t *testing.T) {
	t.Parallel()
	const group = ",Status,Score,Named Scores,Grader Reason,Comment"
	tests := []struct {
		name, text string
		want       []audit.Task
		filtered   map[string]int
	}{
		{
			name: "two providers and variables",
			text: "Description,topic,lang,[openai:chat:gpt-5] Write about {{topic}} in {{ lang }}" + group + ",[anthropic:messages:claude-x] Write about {{topic}} in {{ lang }}" + group + "\n" +
				"first,cats,German,Katzen,PASS,1.00,,ok,,Miau,FAIL,0.00,,too short,\n" +
				"second,dogs,French,Chiens,PASS,1.00,\"{\"\"clarity\"\":0.9}\",ok,,timeout,ERROR,0.00,,,\n" +
				"third,cows,Dutch,Koeien,PASS,1.00,,,,,,,,,\n",
			want: []audit.Task{
				{Model: "gpt-5", Provider: "openai", Prompt: "Write about cats in German", Response: "Katzen"},
				{Model: "claude-x", Provider: "anthropic", Prompt: "Write about cats in German", Response: "Miau"},
				{Model: "gpt-5", Provider: "openai", Prompt: "Write about dogs in French", Response: "Chiens"},
				{Model: "gpt-5", Provider: "openai", Prompt: "Write about cows in Dutch", Response: "Koeien"},
			},
			filtered: map[string]int{"failed requests": 1, "results that a provider does not have": 1},
		},
		{
			name: "a prompt of a file, without variables, and without named scores",
			text: "[openai:gpt-5] prompts/one.txt: Say hi,Status,Score,Grader Reason,Comment\nhi,PASS,1.00,,\n",
			want: []audit.Task{{Model: "gpt-5", Provider: "openai", Prompt: "Say hi", Response: "hi"}},
		},
		{
			name:     "a label that is no prompt",
			text:     "topic,[openai:gpt-5] short version" + group + "\ncats,Miau,PASS,1.00,,,\n",
			filtered: map[string]int{"results whose prompt the table has a name of only; promptfoo's JSON has the prompts": 1},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, test.text)
			tasks, report := readTasks(t, path, Options{})
			if report.Format != "promptfoo" || report.Rejected > 0 {
				t.Errorf("read as %s, %d rejected: %v", report.Format, report.Rejected, report.Reasons)
			}
			again, _ := readTasks(t, path, Options{})
			ids, clusters := map[string]bool{}, map[string]int{}
			for i := range tasks {
				if ids[tasks[i].ID] || tasks[i].ID == "" || tasks[i].ID != again[i].ID {
					t.Errorf("id %q stands twice, is empty, or is another the next time", tasks[i].ID)
				}
				ids[tasks[i].ID] = true
				clusters[tasks[i].Cluster]++
				tasks[i] = bare(tasks[i])
				tasks[i].ID, tasks[i].Cluster = "", ""
			}
			if diff := cmp.Diff(test.want, tasks); diff != "" {
				t.Errorf("tasks (-want +got):\n%s", diff)
			}
			if len(tasks) == 4 && len(clusters) != 3 {
				t.Errorf("clusters %v, want one for each row", clusters)
			}
			if diff := cmp.Diff(test.filtered, report.FilteredReasons); diff != "" {
				t.Errorf("filtered (-want +got):\n%s", diff)
			}
		})
	}
}

// A table of answers with a status is not promptfoo's.
func TestPromptfooCSVIsNotAnyTable(t *testing.T) {
	t.Parallel()
	for _, header := range [][]string{
		{"Prompt", "Answer", "Status", "Score", "Comment"}, {"[a] b", "Status"}, {"Status", "Score", "Grader Reason"}, nil,
	} {
		if groups := promptfooGroups(header); len(groups) > 0 {
			t.Errorf("%q has groups %v", header, groups)
		}
	}
}
