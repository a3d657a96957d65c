package exchange

import (
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

// pilotFile finds a file of public comparisons, which the repository does not
// hold: under MODELTRIAL_SHARED, or beside the repository.
func pilotFile(t *testing.T, name string) string {
	t.Helper()
	roots := []string{os.Getenv("MODELTRIAL_SHARED")}
	directory, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for parent := filepath.Dir(directory); parent != directory; parent = filepath.Dir(parent) {
		directory = parent
		roots = append(roots, filepath.Join(parent, "shared"))
	}
	for _, root := range roots {
		path := filepath.Join(root, "data", "pilot", name)
		if _, err := os.Stat(path); root != "" && err == nil {
			return path
		}
	}
	t.Skipf("no %s: set MODELTRIAL_SHARED to the folder that has data/pilot", name)
	return ""
}

// TestPublishedWinRates reads the ratings of each published comparison and
// compares counts and the mean score with those published.
func TestPublishedWinRates(t *testing.T) {
	t.Parallel()
	file, err := os.Open(pilotFile(t, "published.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	table, err := ingest.OpenTable("published.csv", file, []ingest.Field{
		{Name: "set"}, {Name: "model_a"}, {Name: "model_b"}, {Name: "rater"}, {Name: "win_rate_b_pct"}, {Name: "n_total"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for {
		row, err := table.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name := row.Get("set") + " " + row.Get("model_b") + " " + row.Get("rater")
		sum, count := 0.0, 0
		options := RatingsOptions{ScoreRange: [2]float64{1, 2}, Kind: eval.Judge, Raters: []string{row.Get("rater")}}
		report, err := ReadRatings(t.Context(), pilotFile(t, row.Get("set")+"_ratings.csv"), options, func(rating eval.Rating) (ingest.Outcome, error) {
			if rating.ArmA == row.Get("model_a") && rating.ArmB == row.Get("model_b") {
				sum += rating.Score
				count++
			}
			return ingest.Imported, nil
		})
		if err != nil || report.Rejected != 0 {
			t.Fatalf("%s: %+v, %v", name, report, err)
		}
		published, err := strconv.ParseFloat(row.Get("win_rate_b_pct"), 64)
		if err != nil || published == 0 {
			continue // published without a win rate
		}
		total, err := strconv.ParseFloat(row.Get("n_total"), 64)
		if err != nil || float64(count) != total {
			t.Errorf("%s: %d ratings, published %v, %v", name, count, total, err)
		}
		compared++
		const digits = 5e-7 // of a share: six decimals
		if got := sum / float64(count); math.Abs(got-published/100) > digits {
			t.Errorf("%s: mean score %.6f, published %.6f", name, got, published/100)
		}
	}
	if compared == 0 {
		t.Error("nothing was compared")
	}
}

func TestWeightedScoresAreNotRounded(t *testing.T) {
	t.Parallel()
	sum, count := 0.0, 0
	options := RatingsOptions{ScoreRange: [2]float64{1, 2}, Raters: []string{"weighted_alpaca_eval_gpt4_turbo"}}
	_, err := ReadRatings(t.Context(), pilotFile(t, "alpaca2_ratings.csv"), options, func(rating eval.Rating) (ingest.Outcome, error) {
		if rating.ArmB == "claude-2.1" {
			sum += rating.Score
			count++
		}
		return ingest.Imported, nil
	})
	if mean := sum / float64(count); err != nil || count != 805 || math.Abs(mean-0.157335) > 5e-7 {
		t.Errorf("mean score %.6f of %d ratings, %v; want 0.157335 of 805", mean, count, err)
	}
}

// TestPilotResponsesAreReadWhole compares with encoding/csv on the whole file.
func TestPilotResponsesAreReadWhole(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"alpaca1_outputs.csv", "alpaca2_outputs.csv", "pandalm_outputs.csv"} {
		path := pilotFile(t, name)
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(file).ReadAll()
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		report, err := ReadResponses(t.Context(), path, ResponsesOptions{}, func(response eval.Response) (ingest.Outcome, error) {
			at++
			if want := rows[at]; response.TaskID != want[0] || response.Arm != want[4] || response.Text != want[5] {
				t.Fatalf("%s: row %d is %+v, want %q", name, at, response, want)
			}
			return ingest.Imported, nil
		})
		if err != nil || report.Imported != len(rows)-1 || report.Rejected != 0 {
			t.Errorf("%s: %+v, %v; want %d responses", name, report, err, len(rows)-1)
		}
	}
}
