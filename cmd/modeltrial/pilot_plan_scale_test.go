package main

import (
	"bytes"
	"context"
	database "database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/judge"
	"modeltrial/eval/scale"
	"modeltrial/store"
	"modeltrial/store/storetest"
)

// scaleProtocol has every kind of row: an arm of one call, a pipeline, and a judge.
var scaleProtocol = eval.Protocol{
	Name: "scale", Control: "current-model", Weeks: 4, TasksPerWeek: 1000, RatingsPerComparison: 1, Margin: 0.05, BudgetUSD: "100000",
	Arms: []eval.Arm{
		{Name: "current-model", Provider: "files", Model: "atlas-2-large"},
		{Name: "candidate-1", Provider: "files", Model: "forge-1-mini"},
		{Name: "candidate-2", Steps: []eval.Step{
			{Name: "draft", Provider: "files", Model: "pebble-3", Template: "{{.Task}}"},
			{Name: "review", Provider: "files", Model: "forge-1", Template: "{{.Previous}}"},
		}},
	},
	UseCases: []eval.UseCase{{Category: audit.Coding, Candidates: []string{"candidate-1", "candidate-2"}}},
	Judges:   []eval.Arm{{Name: "judge-1", Provider: "files", Model: "bench-7"}},
}

// A scaleFill is a database that was filled through the store as a pilot fills it.
type scaleFill struct {
	target    string
	taskBytes int // of texts, of one task on average
	textBytes int // of an answer, on average
	sizes     map[string]tableSize
	rates     map[string]float64 // operations a second, by name
}

// A tableSize is what a table takes in a file, its indexes apart.
type tableSize struct{ rows, table, indexes int }

// words are a text of n bytes, of some thousand words, which a database that compresses
// compresses about as it does prose.
func words(random *rand.Rand, n int) string {
	const syllables = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo yu "
	var text strings.Builder
	text.Grow(n + 10)
	for text.Len() < n {
		for range 1 + random.IntN(3) {
			at := random.IntN(20) * 3
			text.WriteString(strings.TrimSpace(syllables[at : at+3]))
		}
		text.WriteByte(' ')
	}
	return text.String()[:n]
}

// lengths draws a length with a mean, exponentially distributed as those of prompts and
// answers about are.
func lengths(random *rand.Rand, mean int) int { return 1 + int(random.ExpFloat64()*float64(mean)) }

// uuid is an id as gateways write them, in no order.
func uuid(random *rand.Rand) string {
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", random.Uint32(), random.IntN(1<<16), random.IntN(1<<12), random.IntN(1<<12), random.Int64N(1<<48))
}

// fillForScale answers and compares n tasks whose texts have such a length on average,
// in bytes: a prompt, and the logged answer and each arm's. People rate every comparison
// and a judge so many of them, in both orders; with 0 nobody rates.
func fillForScale(t testing.TB, n, prompt, answer, judged int) scaleFill {
	t.Helper()
	ctx := t.Context()
	f := scaleFill{target: filepath.Join(t.TempDir(), "scale.db"), sizes: map[string]tableSize{}, rates: map[string]float64{}}
	if storetest.Postgres() {
		f.target = storetest.Empty(t)
	}
	s, err := store.Open(ctx, f.target)
	wantNoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

	ids := make([]string, n)
	texts := 0
	in, err := s.BeginImport(ctx, "log.csv")
	wantNoError(t, err)
	for i := range ids {
		ids[i] = uuid(random)
		task := audit.Task{
			ID: ids[i], Timestamp: now, Team: "support", User: "user-0123456789", Model: "atlas-2-large", Provider: "files",
			Prompt: words(random, lengths(random, prompt)), Response: words(random, lengths(random, answer)),
			Category: audit.Coding, CategorySource: audit.CategoryFromLog, Probability: 1,
			Tokens:    audit.Tokens{Input: new(int64(prompt / 4)), Output: new(int64(answer / 4))},
			LatencyMS: new(int64(5000)), Cost: new(audit.NanoUSD(1_000_000)),
		}
		texts += len(task.Prompt) + len(task.Response)
		_, err := in.Add(ctx, task)
		wantNoError(t, err)
	}
	wantNoError(t, in.Commit(ctx, store.ImportedFile{Path: "log.csv", Format: "csv", Rows: n, Imported: n}))
	f.taskBytes = texts / n
	_, err = s.LockProtocol(ctx, scaleProtocol, "", now)
	wantNoError(t, err)
	wantNoError(t, s.CreateBatch(ctx, 1, map[audit.Category][]string{audit.Coding: ids}, now))

	var answers atomic.Int64
	f.atOnce(t, "calls", 4*n, n, func(random *rand.Rand, i int) error {
		for _, arm := range scaleProtocol.Arms {
			for step := range arm.Calls() {
				cell := eval.Cell{TaskID: ids[i], Category: audit.Coding, Arm: arm.Name, Week: 1}
				if arm.Pipeline() {
					cell.Repeat, cell.Step = 1, step+1
				}
				if err := s.Reserve(ctx, cell, 1_000_000, 1e15, now, now.Add(time.Minute)); err != nil {
					return err
				}
				response := eval.Response{
					Text:   words(random, lengths(random, answer)),
					Tokens: audit.Tokens{Input: new(int64(prompt / 4)), Output: new(int64(answer / 4)), Cached: new(int64(0)), Reasoning: new(int64(0))},
					Cost:   new(audit.NanoUSD(700_000)), TTFTMS: new(int64(400)), LatencyMS: new(int64(5000)), ModelServed: "forge-1-mini-2026-03-17",
					Fingerprint: "fp_0123456789", FinishReason: "stop", Attempts: 1, Origin: eval.Measured,
				}
				answers.Add(int64(len(response.Text)))
				if err := s.SaveResponse(ctx, cell, response, 0, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
	f.textBytes = int(answers.Load()) / (4 * n)
	_, err = s.CreateComparisons(ctx)
	wantNoError(t, err)
	// What looks for names in the answers takes longer than all that is stored.
	wantNoError(t, s.CheckComparisons(ctx, func(_, _, _ string) eval.ComparisonCheck { return eval.ComparisonCheck{TraitsA: []string{"list"}} }, now))
	if judged > 0 {
		f.rate(t, s, now)
		f.judge(t, s, judged, now)
	}
	wantNoError(t, s.Close())
	f.readSizes(t)
	return f
}

// scaleInFlight is how many callers the store has at a time; scaleRationale is the length
// of a judge's rationale, in bytes, as the plan takes it.
const scaleInFlight, scaleRationale = 64, 300

// atOnce does n things, which are so many operations, many at a time.
func (f *scaleFill) atOnce(t testing.TB, name string, operations, n int, do func(random *rand.Rand, i int) error) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(scaleInFlight)
	began := time.Now()
	for i := range n {
		group.Go(func() error { return do(rand.New(rand.NewPCG(uint64(i), 3)), i) })
	}
	wantNoError(t, group.Wait())
	f.rates[name] = float64(operations) / time.Since(began).Seconds()
}

// rate has people rate every comparison once.
func (f *scaleFill) rate(t testing.TB, s *store.Store, now time.Time) {
	t.Helper()
	ctx := context.Background()
	const people = 32
	var rated atomic.Int64
	began := time.Now()
	var group sync.WaitGroup
	for i := range people {
		rater, err := s.AddRater(ctx, eval.Rater{Name: fmt.Sprintf("rater %02d", i), Kind: eval.Human}, now)
		wantNoError(t, err)
		group.Go(func() {
			for {
				shown, err := s.NextPresentation(ctx, rater, func(int, int) eval.Side { return eval.SideA }, now)
				if err != nil {
					return // nothing is left for this rater
				}
				if err := s.AddVerdict(ctx, rater, shown.ID, eval.LeftBetter, new(31.5), "", now); err != nil {
					t.Error(err)
					return
				}
				rated.Add(1)
			}
		})
	}
	group.Wait()
	f.rates["ratings"] = float64(rated.Load()) / time.Since(began).Seconds()
}

// judge has the judge rate some comparisons in both orders.
func (f *scaleFill) judge(t testing.TB, s *store.Store, comparisons int, now time.Time) {
	t.Helper()
	ctx := context.Background()
	_, err := s.AddRater(ctx, eval.Rater{Name: "judge-1", Kind: eval.Judge}, now)
	wantNoError(t, err)
	open, err := s.OpenJudgements(ctx, 0, judge.Attempts)
	wantNoError(t, err)
	open = open[:2*comparisons]
	instruction := judge.Fingerprint("rubric")
	f.atOnce(t, "judge calls", len(open), len(open), func(random *rand.Rand, i int) error {
		if err := s.ReserveJudgement(ctx, open[i], "bench-7", instruction, 1_000_000, 1e15, now, now.Add(time.Minute)); err != nil {
			return err
		}
		return s.EndJudgement(ctx, open[i], eval.JudgeReply{
			Verdict: eval.LeftBetter, Rationale: words(random, lengths(random, scaleRationale)), Cost: new(audit.NanoUSD(500_000)),
			Tokens: audit.Tokens{Input: new(int64(900)), Output: new(int64(120))}, LatencyMS: new(int64(3000)), ModelServed: "bench-7-2026-03-17",
		}, now)
	})
}

// Sizes of each table and of its indexes, in bytes.
const (
	sqliteSizes = `
SELECT m.tbl_name, sum(CASE WHEN m.type = 'table' THEN d.size ELSE 0 END), sum(CASE WHEN m.type = 'index' THEN d.size ELSE 0 END)
FROM (SELECT name, sum(pgsize) AS size FROM dbstat GROUP BY name) d JOIN sqlite_schema m ON m.name = d.name GROUP BY m.tbl_name`
	postgresSizes = `
SELECT c.relname, pg_table_size(c.oid), pg_indexes_size(c.oid)
FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace`
)

// readSizes asks the database for the pages of each table and of its indexes.
func (f *scaleFill) readSizes(t testing.TB) {
	t.Helper()
	driver, query := "sqlite", sqliteSizes
	if store.IsPostgres(f.target) {
		driver, query = "pgx", postgresSizes
	}
	db, err := database.Open(driver, f.target)
	wantNoError(t, err)
	defer func() { wantNoError(t, db.Close()) }()
	rows, err := db.Query(query)
	wantNoError(t, err)
	for rows.Next() {
		var name string
		var size tableSize
		wantNoError(t, rows.Scan(&name, &size.table, &size.indexes))
		f.sizes[name] = size
	}
	wantNoError(t, rows.Err())
	for name, size := range f.sizes {
		wantNoError(t, db.QueryRow(`SELECT count(*) FROM `+name).Scan(&size.rows))
		f.sizes[name] = size
	}
}

func wantNoError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// perRow is what a row of a table would take by the plan's constants, in bytes.
func (f scaleFill) perRow(row scale.Row) float64 {
	texts := map[string]int{"tasks": f.taskBytes, "responses": f.textBytes, "response_steps": f.textBytes}[row.Table]
	text := float64(texts)
	if row.Table == "ratings" { // those of the judge have a rationale
		text = scaleRationale * float64(f.sizes["judge_calls"].rows) / float64(f.sizes["ratings"].rows)
	}
	return row.Fixed + row.Index + row.Text*text
}

// measuredRows are the plan's constants of the database that tests use, and how far they
// may be off. What PostgreSQL keeps of old versions depends on when it cleans up.
func measuredRows() (rows []scale.Row, most float64) {
	if storetest.Postgres() {
		return scale.PostgreSQL.Rows, 0.5
	}
	return scale.SQLite.Rows, 0.25
}

// TestScaleSizes measures the sizes anew on which pilot plan --at-scale rests.
func TestScaleSizes(t *testing.T) {
	t.Parallel()
	measured, most := measuredRows()
	for _, c := range []struct {
		name                          string
		tasks, prompt, answer, judged int
	}{
		{"short texts", 1000, 100, 200, 500},
		{"usual texts", 1000, 800, 1600, 0},
		{"long texts", 400, 4000, 8000, 0},
	} {
		f := fillForScale(t, c.tasks, c.prompt, c.answer, c.judged)
		for _, row := range measured {
			size, ok := f.sizes[row.Table]
			switch {
			case !ok:
				t.Errorf("%s: there is no table %s", c.name, row.Table)
			case size.rows == 0 && c.judged == 0:
				// nobody rated
			case size.rows < c.tasks:
				t.Errorf("%s: %d rows in %s, want one for each of %d tasks at least", c.name, size.rows, row.Table, c.tasks)
			default:
				is, said := float64(size.table+size.indexes)/float64(size.rows), f.perRow(row)
				if said < is*(1-most) || said > is*(1+most) {
					t.Errorf("%s: a row of %s takes %.0f bytes, the plan says %.0f: measure again with BenchmarkScale and write what it says into eval/scale/measured.go", c.name, row.Table, is, said)
				}
			}
		}
		// What grows with the pilot and is in no constant would be missed by the plan.
		for name, size := range f.sizes {
			known := slices.ContainsFunc(measured, func(row scale.Row) bool { return row.Table == name })
			if !known && size.rows >= c.tasks {
				t.Errorf("%s: table %s has %d rows and no constant in eval/scale/measured.go", c.name, name, size.rows)
			}
		}
	}
}

// BenchmarkScale fills a database as a pilot does, a file or where tests use PostgreSQL
// one there, and reports what a row of each table
// takes, without and with its indexes, and what the store writes a second: the constants
// of eval/scale.
func BenchmarkScale(b *testing.B) {
	for b.Loop() {
		f := fillForScale(b, 5000, 800, 1600, 5000)
		for _, row := range scale.SQLite.Rows {
			size := f.sizes[row.Table]
			b.ReportMetric(float64(size.table)/float64(size.rows), row.Table+"-B/row")
			b.ReportMetric(float64(size.indexes)/float64(size.rows), row.Table+"-index-B/row")
		}
		for name, rate := range f.rates {
			b.ReportMetric(rate, strings.ReplaceAll(name, " ", "-")+"/s")
		}
		b.ReportMetric(float64(f.taskBytes), "task-text-B")
		b.ReportMetric(float64(f.textBytes), "answer-text-B")
	}
	b.ReportMetric(0, "ns/op")
}

// TestReadmeAtScale holds the README to what the command says.
func TestReadmeAtScale(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile(filepath.Join("testdata", "at_scale.yaml"))
	wantNoError(t, err)
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	wantNoError(t, err)
	dir := t.TempDir()
	wantNoError(t, os.WriteFile(filepath.Join(dir, configName), config, 0o600))
	var out, said bytes.Buffer
	for _, args := range [][]string{{"init"}, {"pilot", "plan", "--at-scale", "10_000_000"}} {
		out.Reset()
		if code := execute(append([]string{"-C", dir}, args...), &out, &said); code != exitOK {
			t.Fatalf("%v: exit code %d: %s", args, code, said.String())
		}
	}
	_, page, _ := strings.Cut(string(readme), "\n## How far one file goes\n")
	page, _, _ = strings.Cut(page, "\n## ")
	lines := 0
	for line := range strings.SplitSeq(page, "\n") {
		if line, ok := strings.CutPrefix(line, "    "); ok {
			lines++
			if !slices.ContainsFunc(strings.Split(out.String(), "\n"), func(is string) bool { return strings.TrimRight(is, " ") == line }) {
				t.Errorf("the README says %q, which the command does not; it says\n%s", line, out.String())
			}
		}
	}
	if lines < 20 {
		t.Errorf("%d lines of the command's in the README, want its tables", lines)
	}
}
