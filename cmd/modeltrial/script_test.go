package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"modeltrial/store"
	"modeltrial/store/storetest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"modeltrial": func() {
			if err := usePostgres(os.Args[1:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(exitFailure)
			}
			os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
		},
		"bareclient": bareClient,
	})
}

// shared is the folder of real data beside the repository; empty where it is not.
func shared() string {
	for _, folder := range []string{os.Getenv("MODELTRIAL_SHARED"), filepath.Join("..", "..", "..", "shared")} {
		if info, err := os.Stat(filepath.Join(folder, "data", "pilot")); folder != "" && err == nil && info.IsDir() {
			if absolute, err := filepath.Abs(folder); err == nil {
				return absolute
			}
		}
	}
	return ""
}

// TestScripts runs the command scripts on files.
func TestScripts(t *testing.T) {
	t.Parallel()
	runScripts(t, false)
}

// TestScriptsOnPostgres runs the same scripts on databases of a server.
func TestScriptsOnPostgres(t *testing.T) {
	t.Parallel()
	if !storetest.Postgres() {
		t.Skip("SKIPPED: no PostgreSQL server; sh .ci/postgres go test ./cmd/modeltrial runs beside one")
	}
	runScripts(t, true)
}

func runScripts(t *testing.T, postgres bool) {
	t.Helper()
	data := shared()
	if data == "" {
		t.Log("SKIPPED: no real data beside the repository; published results are not recomputed")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SHARED", data)
			model := newMockModel()
			env.Defer(model.Close)
			env.Setenv("LLM", model.URL+"/v1")
			env.Values["model"] = model
			if postgres {
				scope := storetest.NewScope()
				env.Setenv(storetest.ServerEnv, os.Getenv(storetest.ServerEnv))
				env.Setenv(scopeEnv, scope)
				env.Defer(func() {
					if err := storetest.DropScope(scope); err != nil {
						t.Error(err)
					}
				})
			}
			return nil
		},
		Condition: func(condition string) (bool, error) {
			switch condition {
			case "shared":
				return data != "", nil
			case "postgres":
				return postgres, nil
			}
			return false, fmt.Errorf("unknown condition %q", condition)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"winrate": winRateIs, "kappa": kappaIs, "calls": callsAre, "lockdb": lockDatabase, "fill": fillFile, "bytes": writeBytes,
			"gzip": gzipFile, "database": makePostgres, "sqlite": makeDatabase,
		},
	})
}

// scopeEnv names the variable with what a script's databases on a PostgreSQL server have
// in common.
const scopeEnv = "MODELTRIAL_TEST_SCOPE"

// usePostgres gives the workspace of a command line a database of its own on the server
// in place of its file, as an operator does with the environment. A command that is to
// use a certain file keeps it, and where init has made none there is none.
func usePostgres(args []string) error {
	scope := os.Getenv(scopeEnv)
	if scope == "" {
		return nil
	}
	g := &global{}
	cmd, rest, err := newRootCmd(g).Find(args)
	if err != nil || cmd.ParseFlags(rest) != nil || g.db != "" {
		return nil // the command itself says what is wrong
	}
	dir := g.dir
	if given := cmd.Flags().Args(); cmd.Name() == "init" && len(given) > 0 {
		dir = filepath.Join(dir, given[0])
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	address, err := storetest.InScope(scope, dir, cmd.Name() == "init")
	if err != nil || address == "" {
		return err
	}
	return os.Setenv(databaseEnv, address)
}

// document reads a JSON document of modeltrial analyze.
func document(ts *testscript.TestScript, name string) (analysis struct {
	Comparisons []struct {
		Candidate string
		WinRate   *struct {
			Estimate float64 `json:"estimate"`
			SE       float64 `json:"standard_error"`
		} `json:"win_rate"`
	}
	Agreement struct {
		Pairs []struct {
			RaterA string `json:"rater_a"`
			RaterB string `json:"rater_b"`
			Kappa  float64
		}
	}
},
) {
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(name)), &analysis))
	return analysis
}

func number(ts *testscript.TestScript, text string) float64 {
	value, err := strconv.ParseFloat(text, 64)
	ts.Check(err)
	return value
}

// winRateIs checks a candidate's win rate and standard error in per cent to the
// four decimals that were published: winrate FILE CANDIDATE RATE SE.
func winRateIs(ts *testscript.TestScript, _ bool, args []string) {
	for _, result := range document(ts, args[0]).Comparisons {
		if result.Candidate != args[1] {
			continue
		}
		if result.WinRate == nil {
			ts.Fatalf("%s has no win rate", args[1])
		}
		if math.Abs(100*result.WinRate.Estimate-number(ts, args[2])) > 5.1e-5 || math.Abs(100*result.WinRate.SE-number(ts, args[3])) > 5.1e-5 {
			ts.Fatalf("%s: got %.6f (%.6f), published %s (%s)", args[1], 100*result.WinRate.Estimate, 100*result.WinRate.SE, args[2], args[3])
		}
		return
	}
	ts.Fatalf("%s is not in %s", args[1], args[0])
}

// kappaIs checks the kappa of two raters to four decimals: kappa FILE A B KAPPA.
func kappaIs(ts *testscript.TestScript, _ bool, args []string) {
	for _, pair := range document(ts, args[0]).Agreement.Pairs {
		if pair.RaterA == args[1] && pair.RaterB == args[2] {
			if math.Abs(pair.Kappa-number(ts, args[3])) > 5.1e-5 {
				ts.Fatalf("kappa of %s and %s is %.6f, want %s", args[1], args[2], pair.Kappa, args[3])
			}
			return
		}
	}
	ts.Fatalf("no kappa of %s and %s", args[1], args[2])
}

// makePostgres makes an empty database on the server and names it in DATABASE.
func makePostgres(ts *testscript.TestScript, _ bool, args []string) {
	address, err := storetest.InScope(ts.Getenv(scopeEnv), args[0], true)
	ts.Check(err)
	ts.Setenv("DATABASE", address)
}

// lockDatabase holds a write lock on a database until the script ends.
func lockDatabase(ts *testscript.TestScript, _ bool, args []string) {
	target := ts.MkAbs(args[0])
	if scope := ts.Getenv(scopeEnv); scope != "" {
		address, err := storetest.InScope(scope, filepath.Dir(target), false)
		ts.Check(err)
		target = address
	}
	s, err := store.Open(context.Background(), target)
	ts.Check(err)
	transaction, err := s.BeginImport(context.Background(), "held")
	ts.Check(err)
	ts.Defer(func() {
		transaction.Rollback()
		_ = s.Close() // the script is over
	})
}

// fillFile writes a CSV whose second row has a huge prompt: fill FILE BYTES.
func fillFile(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := "id,prompt\nt1,first\nt2," + strings.Repeat("x", size) + "\nt3,third\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// writeBytes writes a file with Go escapes: bytes FILE "a\x00b".
func writeBytes(ts *testscript.TestScript, _ bool, args []string) {
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// A mockModel is an OpenAI-compatible endpoint that streams short answers and
// counts its calls.
type mockModel struct {
	*httptest.Server
	calls   atomic.Int64
	batches mockBatches
}

func newMockModel() *mockModel {
	m := &mockModel{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/models" && r.Header.Get("Authorization") == "Bearer sk-test-secret-1234" {
			fmt.Fprint(w, `{"object":"list","data":[]}`)
			return
		}
		if m.batches.serve(w, r) {
			return
		}
		m.calls.Add(1)
		var request struct {
			Model    string
			Messages []struct{ Content string }
			Format   struct {
				Schema struct{ Name string } `json:"json_schema"`
			} `json:"response_format"`
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(body, &request) != nil || r.Header.Get("Authorization") != "Bearer sk-test-secret-1234" {
			http.Error(w, `{"error":{"message":"wrong key `+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")+`"}}`, http.StatusUnauthorized)
			return
		}
		if strings.Contains(string(body), "IMPOSSIBLE") {
			http.Error(w, `{"error":{"message":"no such thing"}}`, http.StatusBadRequest)
			return
		}
		text := "answer to " + request.Messages[len(request.Messages)-1].Content
		if request.Format.Schema.Name == "verdict" {
			text = mockVerdict(request.Messages[len(request.Messages)-1].Content)
		}
		answer, err := json.Marshal(text)
		if err != nil {
			panic(err) // text is always JSON
		}
		w.Header().Set("Content-Type", "text/event-stream")
		var out bytes.Buffer
		fmt.Fprintf(&out, "data: {\"model\":%q,\"choices\":[{\"index\":0,\"delta\":{\"content\":%s}}]}\n\n", request.Model+"-2026", answer)
		fmt.Fprintf(&out, "data: {\"model\":%q,\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", request.Model+"-2026")
		fmt.Fprintf(&out, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":10,\"total_tokens\":30}}\n\ndata: [DONE]\n\n")
		_, _ = w.Write(out.Bytes()) // a client that went away is no failure here
	}))
	return m
}

// mockVerdict judges: the answer that says GOOD is better. Tasks that say PARTIAL are
// always won by the answer shown first, and of those that say MUDDLED nothing is said.
func mockVerdict(question string) string {
	first, second, _ := strings.Cut(question, "<answer_2>")
	verdict := "tie"
	switch {
	case strings.Contains(question, "MUDDLED"):
		return "I would rather not say."
	case strings.Contains(question, "PARTIAL"), strings.Contains(first, "GOOD") && !strings.Contains(second, "GOOD"):
		verdict = "answer_1_better"
	case strings.Contains(second, "GOOD"):
		verdict = "answer_2_much_better"
	}
	return fmt.Sprintf("Here it is: {\"rationale\": \"because\", \"verdict\": %q}", verdict)
}

// callsAre checks how often the endpoint was called: calls N.
func callsAre(ts *testscript.TestScript, _ bool, args []string) {
	model, ok := ts.Value("model").(*mockModel)
	if !ok {
		ts.Fatalf("no endpoint")
	}
	if got := strconv.FormatInt(model.calls.Load(), 10); got != args[0] {
		ts.Fatalf("the endpoint was called %s times, want %s", got, args[0])
	}
}

func TestExitCodes(t *testing.T) {
	cases := []struct {
		name string
		args []string
		want int
	}{
		{"help", []string{"--help"}, exitOK},
		{"unknown command", []string{"frobnicate"}, exitUsage},
		{"unknown flag", []string{"analyze", "--frobnicate"}, exitUsage},
		{"missing argument", []string{"audit", "import"}, exitUsage},
		{"group alone", []string{"audit"}, exitUsage},
		{"bad mapping", []string{"audit", "import", "x.csv", "--map", "nonsense"}, exitUsage},
		{"bad kind", []string{"analyze", "--ratings", "x.csv", "--kind", "oracle"}, exitUsage},
		{"bad export format", []string{"route", "export", "--format", "xml"}, exitUsage},
		{"bad scale", []string{"analyze", "--ratings", "x.csv", "--score-range", "1"}, exitUsage},
		{"no workspace", []string{"-C", t.TempDir(), "analyze"}, exitFailure},
		{"no such file", []string{"analyze", "--ratings", "no-such-file.csv"}, exitFailure},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := execute(c.args, &stdout, &stderr); got != c.want {
				t.Errorf("modeltrial %s: exit code %d, want %d: %s", strings.Join(c.args, " "), got, c.want, stderr.String())
			}
			if c.want != exitOK && stderr.Len() == 0 {
				t.Error("nothing was said on standard error")
			}
		})
	}
}
