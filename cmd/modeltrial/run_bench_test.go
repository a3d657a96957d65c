package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// A benchServer answers Chat Completions after a while, as a stream where it is asked
// for one, and counts.
type benchServer struct {
	*httptest.Server
	latency time.Duration
	stream  string // the answer as a stream

	calls       atomic.Int64
	mu          sync.Mutex
	body        []byte    // of the first request
	first, last time.Time // of the first request and of the last answer
}

func newBenchServer(t testing.TB, latency time.Duration) *benchServer {
	t.Helper()
	s := &benchServer{latency: latency, stream: benchStream}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

const (
	benchUsage  = `"usage":{"prompt_tokens":40,"completion_tokens":20,"total_tokens":60}`
	benchStream = `data: {"id":"c","object":"chat.completion.chunk","model":"m-served","choices":[{"index":0,"delta":{"role":"assistant","content":"An answer of "}}]}

data: {"id":"c","object":"chat.completion.chunk","model":"m-served","choices":[{"index":0,"delta":{"content":"two pieces."}}]}

data: {"id":"c","object":"chat.completion.chunk","model":"m-served","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: {"id":"c","object":"chat.completion.chunk","model":"m-served","choices":[],` + benchUsage + `}

data: [DONE]

`
	benchWhole = `{"id":"c","object":"chat.completion","model":"m-served","choices":[{"index":0,"message":{"role":"assistant","content":"An answer of two pieces."},"finish_reason":"stop"}],` + benchUsage + `}`
)

func (s *benchServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	call := s.calls.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // nobody is there to be answered
	}
	if call == 1 {
		s.mu.Lock()
		s.first, s.body = began, body
		s.mu.Unlock()
	}
	time.Sleep(s.latency - time.Since(began))
	if bytes.Contains(body, []byte(`"stream":true`)) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, s.stream) // the client counts
	} else {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, benchWhole) // the client counts
	}
	s.mu.Lock()
	s.last = time.Now()
	s.mu.Unlock()
}

// A benchResult is one program's run of the work.
type benchResult struct {
	wall    time.Duration // of the whole process
	serving time.Duration // from the first request to the last answer
	cpu     time.Duration
	memory  int64 // bytes at most, with the pages of the program's own file
	private int64 // bytes at most, without them
	calls   int64
}

// rate is in calls per second, while the program was calling.
func (r benchResult) rate() float64 { return float64(r.calls) / r.serving.Seconds() }

// measure runs a program against the server.
func (s *benchServer) measure(t testing.TB, cmd *exec.Cmd) benchResult {
	t.Helper()
	s.calls.Store(0)
	if cmd.Args[0] == "modeltrial" {
		cmd.Path = installed(t)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak := watchMemory(cmd.Process.Pid)
	err := cmd.Wait()
	wall := time.Since(began)
	if err != nil {
		t.Fatalf("%v: %v: %s", cmd.Args, err, out.Bytes()[:min(out.Len(), 2000)])
	}
	memory, private := peak()
	return benchResult{
		wall: wall, serving: s.last.Sub(s.first), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		memory: memory, private: private, calls: s.calls.Load(),
	}
}

// installed is a copy of this program, as make build and every installation make one of
// what the linker wrote, which takes more memory.
func installed(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "modeltrial")
	if out, err := exec.Command("cp", path, copied).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return copied
}

// watchMemory gives, after the end of a process, the most memory that it had, in bytes:
// all of it, and without the pages of its program's file, which the system can take back
// at any time; 0 where the system does not say. What the system itself says of an ended
// process counts its parent's memory before it became the program.
func watchMemory(process int) (peak func() (all, private int64)) {
	ended, done := make(chan struct{}), make(chan struct{})
	var all, private int64
	go func() {
		defer close(done)
		for {
			if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process)); err == nil {
				all, private = max(all, statusBytes(status, "VmHWM:")), max(private, statusBytes(status, "RssAnon:"))
			}
			select {
			case <-ended:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() (int64, int64) {
		close(ended)
		<-done
		return all, private
	}
}

// statusBytes reads a line of /proc/PID/status, which is in kilobytes.
func statusBytes(status []byte, name string) int64 {
	var kilobytes int64
	_, rest, _ := bytes.Cut(status, []byte(name))
	if _, err := fmt.Sscan(string(rest), &kilobytes); err != nil {
		return 0
	}
	return kilobytes << 10
}

const benchConfig = `providers:
  - {name: local, kind: openai, timeout_seconds: 5, base_url: SERVER/v1, prices: [{model: m, input_usd_per_1m: "1", output_usd_per_1m: "4"}]}
pilot:
  name: bench
  control: now
  arms:
    - {name: now, provider: local, model: m, parameters: {max_output_tokens: 100}}
    - {name: next, provider: local, model: m, parameters: {max_output_tokens: 100, temperature: 0.5}}
  use_cases:
    - {category: coding, candidates: [next]}
  weeks: 1
  tasks_per_week: TASKS
  budget_usd: "10000"
`

// benchPrompt is the prompt of a task, of about 150 bytes.
func benchPrompt(i int) string {
	return fmt.Sprintf("Task %d: the function below returns the wrong sum for negative numbers. Say in two sentences why, and write the line that mends it.", i)
}

// benchWorkspace is a workspace whose pilot owes two answers to each task, with more lines
// of modeltrial.yaml before the others.
func benchWorkspace(t testing.TB, server string, tasks int, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	var log bytes.Buffer
	rows := csv.NewWriter(&log)
	_ = rows.Write([]string{"id", "prompt", "category"}) // a buffer takes everything
	for i := range tasks {
		_ = rows.Write([]string{fmt.Sprintf("t%06d", i), benchPrompt(i), "coding"})
	}
	rows.Flush()
	config := bytes.ReplaceAll([]byte(benchConfig), []byte("SERVER"), []byte(server))
	config = bytes.ReplaceAll(config, []byte("TASKS"), []byte(strconv.Itoa(tasks)))
	config = append([]byte(strings.Join(append(more, ""), "\n")), config...)
	for name, text := range map[string][]byte{"modeltrial.yaml": config, "log.csv": log.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init"}, {"audit", "import", filepath.Join(dir, "log.csv")}, {"pilot", "lock"}} {
		var out bytes.Buffer
		if code := execute(append([]string{"-C", dir}, args...), &out, &out); code != exitOK {
			t.Fatalf("%v: exit code %d: %s", args, code, out.String())
		}
	}
	return dir
}

// bareClient is a program of its own that sends the same requests and stores nothing:
// bareclient URL CALLS IN-FLIGHT [FILE]. Each request is that of a task of a pilot, or
// what is in the file.
func bareClient() {
	calls, _ := strconv.Atoi(os.Args[2])    // given by the benchmark
	inFlight, _ := strconv.Atoi(os.Args[3]) // given by the benchmark
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, inFlight
	client := &http.Client{Transport: transport}
	request := func(i int) ([]byte, error) {
		return json.Marshal(map[string]any{
			"model": "m", "stream": true, "max_completion_tokens": 100, "stream_options": map[string]any{"include_usage": true},
			"messages": []any{map[string]any{"role": "user", "content": benchPrompt(i / 2)}},
		})
	}
	if len(os.Args) > 4 {
		body, err := os.ReadFile(os.Args[4])
		request = func(int) ([]byte, error) { return body, err }
	}
	var group errgroup.Group
	group.SetLimit(inFlight)
	for i := range calls {
		group.Go(func() error {
			body, err := request(i)
			if err != nil {
				return err
			}
			response, err := client.Post(os.Args[1]+"/v1/chat/completions", "application/json", bytes.NewReader(body))
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, response.Body)
			return joinClose(err, response.Body)
		})
	}
	if err := group.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func joinClose(err error, c io.Closer) error {
	if closing := c.Close(); err == nil {
		return closing
	}
	return err
}

// benchSizes are what BenchmarkPilotRun and BenchmarkPromptfoo send.
var benchSizes = func() (sizes []benchSize) {
	for _, tasks := range []int{1000, 2000} {
		for _, latency := range []time.Duration{0, 200 * time.Millisecond} {
			for _, inFlight := range []int{64, 256, 1000} {
				sizes = append(sizes, benchSize{tasks, inFlight, latency})
			}
		}
	}
	return sizes
}()

// BenchmarkPilotRun sends tasks through two arms beside a bare client that stores
// nothing, each in a process of its own, against one server. Of each it reports the
// calls per second between the first request and the last answer, the whole process's
// time, CPU time per call and memory; of modeltrial the share of the ideal rate, which
// is calls in flight by latency, and the ratio to the bare client.
func BenchmarkPilotRun(b *testing.B) {
	onlyForBenchRun(b)
	for _, size := range benchSizes {
		b.Run(size.name(), func(b *testing.B) { benchPilotRun(b, size) })
	}
}

func benchPilotRun(b *testing.B, size benchSize) {
	server := newBenchServer(b, size.latency)
	workspaces := make([]string, b.N)
	for i := range workspaces {
		workspaces[i] = benchWorkspace(b, server.URL, size.tasks)
	}
	calls := 2 * size.tasks
	var ours, bare benchResult
	b.ResetTimer()
	for i := range b.N { // b.Loop would not let the workspaces be made before
		bare = server.measure(b, bareProcess(b, server.URL, calls, size.inFlight))
		ours = server.measure(b, process(b, "-C", workspaces[i], "pilot", "run", "--concurrency", strconv.Itoa(size.inFlight)))
	}
	b.StopTimer()
	if ours.calls != int64(calls) || bare.calls != int64(calls) {
		b.Fatalf("%d and %d calls were made, want %d", ours.calls, bare.calls, calls)
	}
	reportRun(b, "modeltrial", ours)
	reportRun(b, "bare", bare)
	b.ReportMetric(ours.rate()/bare.rate(), "×bare")
	if size.latency > 0 {
		// The last round of calls takes a whole latency, however few they are.
		rounds := (calls + size.inFlight - 1) / size.inFlight
		ideal := float64(calls) / (float64(rounds) * size.latency.Seconds())
		b.ReportMetric(100*ours.rate()/ideal, "%ideal")
		b.ReportMetric(100*bare.rate()/ideal, "bare-%ideal")
	}
}

// benchRunEnv has the benchmarks of whole runs run, which take many minutes.
const benchRunEnv = "MODELTRIAL_BENCH_RUN"

func onlyForBenchRun(b *testing.B) {
	b.Helper()
	if os.Getenv(benchRunEnv) == "" {
		b.Skip("takes many minutes; make bench-run runs it")
	}
}

// BenchmarkPilotRunMemory runs ever larger pilots, which must not take more memory.
func BenchmarkPilotRunMemory(b *testing.B) {
	onlyForBenchRun(b)
	for _, tasks := range []int{2000, 10_000, 200_000} {
		b.Run(fmt.Sprintf("tasks=%d", tasks), func(b *testing.B) {
			server := newBenchServer(b, 0)
			dir := benchWorkspace(b, server.URL, tasks)
			b.ResetTimer()
			ours := server.measure(b, process(b, "-C", dir, "pilot", "run", "--concurrency", "64"))
			b.StopTimer()
			if ours.calls != int64(2*tasks) {
				b.Fatalf("%d calls were made, want %d", ours.calls, 2*tasks)
			}
			reportRun(b, "modeltrial", ours)
		})
	}
}

func bareProcess(t testing.TB, url string, calls, inFlight int, file ...string) *exec.Cmd {
	t.Helper()
	cmd := process(t, append([]string{url, strconv.Itoa(calls), strconv.Itoa(inFlight)}, file...)...)
	cmd.Args[0] = "bareclient" // by which TestMain knows it
	return cmd
}

func reportRun(b *testing.B, name string, r benchResult) {
	b.ReportMetric(r.rate(), name+"-calls/s")
	b.ReportMetric(float64(r.cpu.Microseconds())/1000/float64(r.calls), name+"-cpu-ms/call")
	b.ReportMetric(float64(r.memory)/(1<<20), name+"-MB")
	b.ReportMetric(float64(r.private)/(1<<20), name+"-private-MB")
	b.ReportMetric(r.wall.Seconds(), name+"-s")
}
