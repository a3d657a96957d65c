// Command train makes the weights file of the task classifier from the
// training texts in datasets. The same texts give the same file, byte for byte.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"modeltrial/audit/classify"
	"modeltrial/datasets"
)

func main() {
	out := flag.String("o", filepath.Join("datasets", "classifier.bin"), "weights file to write")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	examples, err := classify.ReadExamples(datasets.TrainingTexts())
	if err != nil {
		return err
	}
	model, err := classify.Train(examples, classify.DefaultOptions())
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := model.Write(&file); err != nil {
		return err
	}
	if err := os.WriteFile(out+".tmp", file.Bytes(), 0o644); err != nil {
		return err
	}
	if err := os.Rename(out+".tmp", out); err != nil {
		return err
	}
	fmt.Printf("%d texts, %d bytes of weights in %s\n", len(examples), file.Len(), out)
	return nil
}
