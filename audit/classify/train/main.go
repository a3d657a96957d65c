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
	report(model)
	return nil
}

// report prints how well models did on kinds of texts that they had not seen.
func report(model *classify.Model) {
	s := model.HeldOut()
	if s == nil {
		return
	}
	share := func(v *float64) string {
		if v == nil {
			return "undefined"
		}
		return fmt.Sprintf("%.3f", *v)
	}
	fmt.Printf("On kinds of texts held out: accuracy %s, macro F1 %s, calibration error %s\n",
		share(s.Accuracy), share(s.MacroF1), share(s.ExpectedCalibrationError))
	fmt.Printf("Sure from %.2f on (temperature %.2f): unsure of %s, right %s when sure\n",
		model.Threshold(), model.Temperature(), share(s.UnsureShare), share(s.AccuracyWhenSure))
	for _, c := range s.PerCategory {
		fmt.Printf("  %-10s recall %s, precision %s of %d texts\n", c.Category, share(c.Recall), share(c.Precision), c.Rows)
	}
	for _, bin := range s.Reliability {
		fmt.Printf("  said %.1f to %.1f: right %s of %d\n", bin.Low, bin.High, share(bin.Accuracy), bin.Rows)
	}
}
