package datasets

import (
	"embed"
	"io/fs"
)

//go:embed sample/*.csv
var sample embed.FS

// Sample returns the files of the demonstration:
//
//   - tasks.csv: the task log of an invented company over eight weeks;
//   - labels.csv: the category that each task's author had in mind (id,category);
//   - responses.csv: answers of fictional models to some of the tasks;
//   - preferences.csv: the rates by which the demonstration draws simulated
//     ratings (category,arm,win_rate,tie_rate,both_bad_rate; a tie counts one half
//     in the win rate). They describe no model.
func Sample() fs.FS {
	files, err := fs.Sub(sample, "sample")
	if err != nil {
		panic(err) // only for an invalid path
	}
	return files
}
