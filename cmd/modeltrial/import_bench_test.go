package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"modeltrial/audit/classify"
	"modeltrial/store"
)

// benchRows is how many tasks the benchmarks import; MODELTRIAL_BENCH_ROWS asks for
// more, such as the million of make bench-import.
func benchRows(b *testing.B) int {
	b.Helper()
	text := os.Getenv("MODELTRIAL_BENCH_ROWS")
	if text == "" {
		return 100_000
	}
	rows, err := strconv.Atoi(text)
	if err != nil || rows < 1 {
		b.Fatalf("MODELTRIAL_BENCH_ROWS=%s is no number of rows", text)
	}
	return rows
}

// benchColumns are those of a usual request log.
var benchColumns = []string{
	"id", "timestamp", "team", "user", "model", "provider", "system", "prompt", "response",
	"input_tokens", "output_tokens", "cost_usd", "latency_ms",
}

// writeBenchLog writes a request log of about 480 bytes a row: texts with commas,
// quotes and line breaks, ids in the order of time or, as most gateways give them,
// without any order.
func writeBenchLog(path string, rows int, sortedIDs bool) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(7, 11))
	words := strings.Fields("summarise the contract, and say what changed since last week for a customer who asked why invoice totals differ " +
		"between regions while \"net\" prices stay equal please answer in short sentences with numbers from tables below if they are known")
	text := func(b []byte, length int) []byte {
		b = b[:0]
		for len(b) < length {
			b = append(b, words[random.IntN(len(words))]...)
			b = append(b, " \n"[min(1, random.IntN(20)/19)])
		}
		return b
	}
	teams := []string{"support", "finance", "legal", "engineering", "marketing", "operations", "research", "sales"}
	models := []string{"atlas-large", "atlas-mini", "forge-2", "quill-1", "river-pro"}
	out := csv.NewWriter(bufio.NewWriterSize(file, 1<<20))
	if err := out.Write(benchColumns); err != nil {
		return err
	}
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var prompt, response []byte
	for i := range rows {
		prompt, response = text(prompt, 60+random.IntN(160)), text(response, 60+random.IntN(240))
		id := fmt.Sprintf("req_%016x", random.Uint64())
		if sortedIDs {
			id = fmt.Sprintf("req_%016x", i)
		}
		model := random.IntN(len(models))
		in, answer := len(prompt)/4+20, len(response)/4
		err := out.Write([]string{
			id, begin.Add(time.Duration(i) * 20 * time.Second).Format(time.RFC3339), teams[random.IntN(len(teams))],
			"user-" + strconv.Itoa(random.IntN(400)), models[model], "acme", "You help the staff of a trading company. Be brief.",
			string(prompt), string(response), strconv.Itoa(in), strconv.Itoa(answer),
			strconv.FormatFloat(float64(in+4*answer)*float64(model+1)/1e6, 'f', 6, 64), strconv.Itoa(300 + random.IntN(6000)),
		})
		if err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	return file.Close()
}

// A cost is what a process took.
type cost struct {
	wall, cpu time.Duration
	memory    int64 // bytes of its own that were resident at most, without the program's file; 0 where the system does not tell
	resident  int64 // bytes with the pages of the program's file, which the system can take back
}

// costOf runs a process to its end.
func costOf(b *testing.B, cmd *exec.Cmd) cost {
	b.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	// What wait gives for the largest resident size holds the parent's too, from before
	// the new program took its place.
	took, done, ended := cost{}, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			own, resident := memoryOf(cmd.Process.Pid)
			took.memory, took.resident = max(took.memory, own), max(took.resident, resident)
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	err := cmd.Wait()
	wall := time.Since(start)
	close(done)
	<-ended
	took.wall, took.cpu = wall, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	if err != nil {
		b.Fatalf("%v: %s", err, out.String())
	}
	return took
}

// memoryOf is a process's RssAnon, now, and its VmHWM in bytes.
func memoryOf(pid int) (own, resident int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	bytes := func(field string) int64 {
		_, rest, _ := strings.Cut(string(text), field+":")
		line, _, _ := strings.Cut(rest, "\n")
		kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
		if err != nil {
			return 0
		}
		return kilobytes << 10
	}
	return bytes("RssAnon"), bytes("VmHWM")
}

// buildProgram has make build the program: other flags, and a file that the linker has
// just written, take more memory.
func buildProgram(b *testing.B) (path string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "modeltrial")
	if out, err := exec.Command("make", "-C", filepath.Join("..", ".."), "build", "BIN="+path).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return path
}

// BenchmarkClassify sets audit classify, as a process of its own that uses all cores,
// beside the bare categoriser on one.
func BenchmarkClassify(b *testing.B) {
	rows := benchRows(b)
	directory, program := b.TempDir(), buildProgram(b)
	log, workspace := filepath.Join(directory, "log.csv"), filepath.Join(directory, "workspace")
	if err := writeBenchLog(log, rows, false); err != nil {
		b.Fatal(err)
	}
	costOf(b, exec.Command(program, "init", workspace))
	costOf(b, exec.Command(program, "-C", workspace, "audit", "import", log))
	var all cost
	for b.Loop() {
		took := costOf(b, exec.Command(program, "-C", workspace, "audit", "classify", "--again"))
		all.wall, all.cpu, all.memory = all.wall+took.wall, all.cpu+took.cpu, max(all.memory, took.memory)
	}
	s, err := store.OpenExisting(b.Context(), filepath.Join(workspace, databaseName))
	if err != nil {
		b.Fatal(err)
	}
	tasks, err := s.Unclassified(b.Context(), true, 0)
	if err := errors.Join(err, s.Close()); err != nil {
		b.Fatal(err)
	}
	model := classify.Default()
	start := time.Now()
	for _, task := range tasks {
		model.ClassifyTask(task.System, task.Prompt, task.LastUserTurn)
	}
	bare := time.Since(start) / time.Duration(len(tasks))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(all.wall.Seconds()/float64(b.N), "s/log")
	b.ReportMetric(all.cpu.Seconds()/float64(b.N), "cpu-s/log")
	b.ReportMetric(float64(all.memory)/(1<<20), "MB-own")
	b.ReportMetric(float64(bare.Nanoseconds())/1000, "µs/task-bare")
}

// BenchmarkImport sets audit import, as a process of its own, beside the sqlite3
// command importing the same file into a plain table whose key is the id.
func BenchmarkImport(b *testing.B) {
	rows := benchRows(b)
	directory, program := b.TempDir(), buildProgram(b)
	for _, ids := range []string{"random", "sorted"} {
		b.Run(ids+"-ids", func(b *testing.B) {
			log := filepath.Join(directory, ids+".csv")
			if err := writeBenchLog(log, rows, ids == "sorted"); err != nil {
				b.Fatal(err)
			}
			var ours, theirs cost
			for b.Loop() {
				workspace := filepath.Join(b.TempDir(), "workspace")
				costOf(b, exec.Command(program, "init", workspace))
				took := costOf(b, exec.Command(program, "-C", workspace, "audit", "import", log))
				ours.wall, ours.cpu = ours.wall+took.wall, ours.cpu+took.cpu
				ours.memory, ours.resident = max(ours.memory, took.memory), max(ours.resident, took.resident)
				peer := importWithSQLite(b, log)
				theirs.wall, theirs.cpu = theirs.wall+peer.wall, theirs.cpu+peer.cpu
			}
			n := float64(b.N)
			b.ReportMetric(0, "ns/op") // of both together, which nobody asks for
			b.ReportMetric(ours.wall.Seconds()/n, "s/import")
			b.ReportMetric(ours.cpu.Seconds()/n, "cpu-s/import")
			b.ReportMetric(float64(ours.memory)/(1<<20), "MB-own")
			b.ReportMetric(float64(ours.resident)/(1<<20), "MB-resident")
			if theirs.wall > 0 {
				b.ReportMetric(theirs.wall.Seconds()/n, "s/sqlite3")
				b.ReportMetric(theirs.cpu.Seconds()/n, "cpu-s/sqlite3")
				b.ReportMetric(ours.wall.Seconds()/theirs.wall.Seconds(), "of-sqlite3")
			}
		})
	}
}

// importWithSQLite gives the zero cost where there is no sqlite3 command.
func importWithSQLite(b *testing.B, log string) cost {
	b.Helper()
	sqlite, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Log("SKIPPED: the sqlite3 command is not installed; there is nothing to compare with")
		return cost{}
	}
	table := "CREATE TABLE tasks (id TEXT PRIMARY KEY"
	for _, column := range benchColumns[1:] {
		table += ", " + column + " TEXT"
	}
	return costOf(b, exec.Command(sqlite, filepath.Join(b.TempDir(), "peer.db"), table+")", ".mode csv", ".import --skip 1 "+log+" tasks"))
}
