package datasets

import (
	"encoding/csv"
	"io"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// table reads CSV as maps by column.
func table(t *testing.T, r io.Reader) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(r).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var table []map[string]string
	for _, row := range rows[1:] {
		record := map[string]string{}
		for i, name := range rows[0] {
			record[name] = row[i]
		}
		table = append(table, record)
	}
	return table
}

func sampleTable(t *testing.T, name string) []map[string]string {
	t.Helper()
	file, err := Sample().Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	return table(t, file)
}

func TestSampleLog(t *testing.T) {
	tasks := sampleTable(t, "tasks.csv")
	if len(tasks) < 400 {
		t.Errorf("got %d tasks, want at least 400", len(tasks))
	}
	weeks, teams, models := map[string]bool{}, map[string]int{}, map[string]int{}
	ids, prompts := map[string]bool{}, map[string]bool{}
	lineBreaks := 0
	for _, task := range tasks {
		at, err := time.Parse(time.RFC3339, task["timestamp"])
		if err != nil {
			t.Fatalf("task %s: %v", task["id"], err)
		}
		year, week := at.ISOWeek()
		weeks[strconv.Itoa(year*100+week)] = true
		teams[task["team"]]++
		models[task["model"]]++
		if ids[task["id"]] || prompts[task["prompt"]] {
			t.Errorf("task %s: id or prompt stands twice", task["id"])
		}
		ids[task["id"]], prompts[task["prompt"]] = true, true
		if strings.Contains(task["prompt"], "\n") {
			lineBreaks++
		}
		if !utf8.ValidString(task["prompt"]) || strings.TrimSpace(task["prompt"]) == "" || task["response"] == "" {
			t.Errorf("task %s: prompt or response is not text", task["id"])
		}
	}
	if len(weeks) != 8 || len(teams) != 3 || len(models) != 2 {
		t.Errorf("got %d weeks, %d teams, %d models, want 8, 3 and 2", len(weeks), len(teams), len(models))
	}
	if lineBreaks < 60 {
		t.Errorf("got %d prompts with line breaks, want at least 60", lineBreaks)
	}
	categories := map[string]int{}
	for _, label := range sampleTable(t, "labels.csv") {
		if !ids[label["id"]] {
			t.Errorf("label of unknown task %s", label["id"])
		}
		categories[label["category"]]++
	}
	if len(categories) != 5 {
		t.Errorf("got categories %v, want five", categories)
	}
	for category, count := range categories {
		if count < 50 {
			t.Errorf("category %s has %d tasks, want at least 50", category, count)
		}
	}
}

func TestSampleAnswers(t *testing.T) {
	tasks := map[string]bool{}
	for _, task := range sampleTable(t, "tasks.csv") {
		tasks[task["id"]] = true
	}
	answers := map[string]int{}
	texts := map[string]bool{}
	weeks := map[string]int{}
	names := []string{"atlas-large", "atlas-mini", "forge-code", "ledger-math", "quill"}
	for _, answer := range sampleTable(t, "responses.csv") {
		if !tasks[answer["task_id"]] {
			t.Errorf("answer to unknown task %s", answer["task_id"])
		}
		answers[answer["task_id"]]++
		weeks[answer["week"]]++
		key := answer["arm"] + "\x00" + answer["response"]
		if texts[key] {
			t.Errorf("task %s: %s gave the same text to another task", answer["task_id"], answer["arm"])
		}
		texts[key] = true
		for _, name := range names {
			if strings.Contains(strings.ToLower(answer["response"]), name) {
				t.Errorf("task %s: the answer of %s names %s", answer["task_id"], answer["arm"], name)
			}
		}
	}
	if len(answers) < 150 {
		t.Errorf("got answers to %d tasks, want at least 150", len(answers))
	}
	for task, count := range answers {
		if count != 2 {
			t.Errorf("task %s has %d answers, want those of two arms", task, count)
		}
	}
	if len(weeks) != 4 {
		t.Errorf("got weeks %v, want 1 to 4", weeks)
	}
}

// TestSampleCosts recomputes every cost of the log and of the answers exactly.
func TestSampleCosts(t *testing.T) {
	prices := map[string]map[string]string{}
	for _, price := range table(t, Prices()) {
		prices[price["model"]] = price
	}
	for _, row := range append(sampleTable(t, "tasks.csv"), sampleTable(t, "responses.csv")...) {
		model := row["model"] + row["arm"]
		price := prices[model]
		cached := number(t, row["cached_tokens"])
		cost := new(big.Rat).Mul(new(big.Rat).Sub(number(t, row["input_tokens"]), cached), number(t, price["input_usd_per_1m"]))
		cost.Add(cost, new(big.Rat).Mul(cached, number(t, price["cached_input_usd_per_1m"])))
		cost.Add(cost, new(big.Rat).Mul(number(t, row["output_tokens"]), number(t, price["output_usd_per_1m"])))
		cost.Quo(cost, big.NewRat(1_000_000, 1))
		if cost.FloatString(9) != number(t, row["cost_usd"]).FloatString(9) {
			t.Fatalf("%s%s, %s: cost %s, tokens times price give %s", row["id"], row["task_id"], model, row["cost_usd"], cost.FloatString(9))
		}
	}
}

func number(t *testing.T, text string) *big.Rat {
	t.Helper()
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is not a number", text)
	}
	return value
}

func TestPrices(t *testing.T) {
	list := table(t, Prices())
	if len(list) < 60 {
		t.Errorf("got %d prices, want about 60 and the sample's", len(list))
	}
	for _, price := range list {
		if price["source"] == "" || price["valid_from"] == "" {
			t.Errorf("%s: no source or date", price["model"])
		}
	}
}
