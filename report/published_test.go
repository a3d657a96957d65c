package report

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"modeltrial/audit/ingest"
	"modeltrial/eval"
	"modeltrial/eval/decide"
	"modeltrial/eval/exchange"
)

// published analyses public ratings that lie beside the repository: three people and two
// judges on pairs of five models, or judges alone on three candidates.
func published(t *testing.T, name string, people, judges []string) Input {
	t.Helper()
	folder := filepath.Join(cmp.Or(os.Getenv("MODELTRIAL_SHARED"), filepath.Join("..", "..", "shared")), "data", "pilot")
	ratings, responses := filepath.Join(folder, name+"_ratings.csv"), filepath.Join(folder, name+"_outputs.csv")
	if _, err := os.Stat(ratings); err != nil {
		t.Skipf("%v: documents of published ratings are not tested", err)
	}
	data := eval.Dataset{Pilot: name}
	for kind, raters := range map[eval.RaterKind][]string{eval.Human: people, eval.Judge: judges} {
		if len(raters) == 0 {
			continue
		}
		options := exchange.RatingsOptions{Kind: kind, Raters: raters, ScoreRange: [2]float64{1, 2}}
		if _, err := exchange.ReadRatings(t.Context(), ratings, options, func(r eval.Rating) (ingest.Outcome, error) {
			data.Ratings = append(data.Ratings, r)
			return ingest.Imported, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := exchange.ReadResponses(t.Context(), responses, exchange.ResponsesOptions{}, func(r eval.Response) (ingest.Outcome, error) {
		data.Responses = append(data.Responses, r.Row())
		return ingest.Imported, nil
	}); err != nil {
		t.Fatal(err)
	}
	analysis, err := decide.Analyze(data, decide.Options{Weeks: 1, RandomSample: true})
	if err != nil {
		t.Fatal(err)
	}
	return Input{Analysis: analysis}
}

// TestDocumentsOfPublishedRatings makes page and workbook of real people and judges,
// where a pilot's log, protocol and prices are missing.
func TestDocumentsOfPublishedRatings(t *testing.T) {
	pandalm := published(t, "pandalm", []string{"human1", "human2", "human3"}, []string{"gpt-3.5-turbo", "pandalm-7b"})
	alpaca := published(t, "alpaca2", nil, []string{"weighted_alpaca_eval_gpt4_turbo"})
	for _, c := range []struct {
		name string
		in   Input
		want []string
		win  float64 // of the first use case, as published; 0 where there is none
	}{
		{"pandalm", pandalm, []string{"Judge gpt-3.5-turbo", "Judge pandalm-7b", "1.\u00a0llama-7b", "rests on people"}, 0},
		{"alpaca2", alpaca, []string{"claude-2.1", "16%", "rests on ratings of judge models alone"}, 0.157335},
	} {
		t.Run(c.name, func(t *testing.T) {
			page := renderHTML(t, c.in)
			for _, want := range c.want {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
			if strings.Contains(page, "NaN") {
				t.Error("the page says NaN")
			}
			path := writeWorkbook(t, c.in)
			file := openWorkbook(t, path)
			rows := rowsOf(t, file, sheetUseCases)
			if c.win > 0 && !slices.ContainsFunc(rows, func(row []string) bool {
				return len(row) >= useCaseWin && strings.Contains(row[0], "claude-2.1") && strings.HasPrefix(row[useCaseWin-1], fmt.Sprintf("%.6f", c.win)[:7])
			}) {
				t.Errorf("no use case has the published win rate %.6f: %q", c.win, rows)
			}
			total := at(raterHours, findRow(t, file, sheetRaters, "Total"))
			timed := slices.ContainsFunc(c.in.Analysis.Raters, func(r eval.RaterResult) bool { return r.SecondsMedian != nil })
			if hours, err := file.GetCellValue(sheetRaters, total); err != nil || (hours != "") != timed {
				t.Errorf("the hours' total is %q (%v), and times are known: %v", hours, err, timed)
			}
			for _, ranking := range c.in.Analysis.Ranking {
				for _, arm := range ranking.Arms {
					if !slices.ContainsFunc(rowsOf(t, file, sheetRanking), func(row []string) bool { return slices.Contains(row, arm.Arm) }) {
						t.Errorf("%s is not on the sheet of the ranking", arm.Arm)
					}
				}
			}
			if folder := os.Getenv("MODELTRIAL_LOOK"); folder != "" {
				content, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				for name, content := range map[string][]byte{c.name + ".html": []byte(page), c.name + ".xlsx": content} {
					if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}
