package datasets

import (
	"embed"
	"io/fs"
)

// Classifier holds the weights of the task classifier, made from
// [TrainingTexts] by "make train". Nobody may change it.
//
//go:embed classifier.bin
var Classifier []byte

//go:embed training/*.csv
var training embed.FS

// TrainingTexts returns the texts that the task classifier is trained on: CSV
// files with the columns prompt, category, language and kind. All of them were
// written for this project.
func TrainingTexts() fs.FS {
	files, err := fs.Sub(training, "training")
	if err != nil {
		panic(err) // only for an invalid path
	}
	return files
}
