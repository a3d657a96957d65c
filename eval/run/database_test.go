package run_test

import (
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/provider"
	"modeltrial/eval/run"
	"modeltrial/store"
	"modeltrial/store/storetest"
)

// These tests run on the workspace's own database, a file or where storetest says so
// PostgreSQL; those beside them keep what they need in memory.

func TestMain(m *testing.M) {
	code := m.Run()
	if err := storetest.Drop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

var protocol = eval.Protocol{
	Name: "databases", Control: "now", Weeks: 1, TasksPerWeek: 100, RatingsPerComparison: 1, Margin: 0.05, BudgetUSD: "1",
	Arms: []eval.Arm{
		{Name: "now", Provider: "p", Model: "atlas", Parameters: eval.Parameters{MaxOutputTokens: new(int64(100))}},
		{Name: "next", Provider: "p", Model: "forge", Parameters: eval.Parameters{MaxOutputTokens: new(int64(100))}},
	},
	UseCases: []eval.UseCase{{Category: audit.Coding, Candidates: []string{"next"}}},
}

// pilot opens a database, by as many stores as asked for, whose pilot owes two answers to
// each of so many tasks.
func pilot(t *testing.T, tasks, stores int) []*store.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "modeltrial.db")
	open := func(target string) *store.Store {
		s, err := store.Open(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	target := storetest.Target(t, path, func(address string) error { return open(address).Close() })
	opened := make([]*store.Store, stores)
	for i := range opened {
		opened[i] = open(target)
		t.Cleanup(func() {
			if err := opened[i].Close(); err != nil {
				t.Error(err)
			}
		})
	}
	s, now := opened[0], time.Now()
	ids := make([]string, tasks)
	load, err := s.BeginImport(t.Context(), "log.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer load.Rollback()
	for i := range ids {
		ids[i] = fmt.Sprintf("t%03d", i)
		task := audit.Task{ID: ids[i], Prompt: "do " + ids[i], Category: audit.Coding, CategorySource: audit.CategoryFromLog, Probability: 1}
		if _, err := load.Add(t.Context(), task); err != nil {
			t.Fatal(err)
		}
	}
	if err := load.Commit(t.Context(), store.ImportedFile{Path: "log.csv", Format: "csv", Rows: tasks, Imported: tasks}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.LockProtocol(t.Context(), protocol, "", now); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateBatch(t.Context(), 1, map[audit.Category][]string{audit.Coding: ids}, now); err != nil {
		t.Fatal(err)
	}
	return opened
}

// paid answers with 20 tokens and counts its answers by task and arm.
type paid struct {
	mu    sync.Mutex
	calls map[string]int
	fails map[string]bool // these once, uncounted
}

func (p *paid) Origin() eval.ResponseOrigin { return eval.Measured }

func (p *paid) Answer(_ context.Context, request provider.Request) (provider.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cell := request.Task.ID + " " + request.Arm.Name
	if p.fails[cell] {
		delete(p.fails, cell)
		return provider.Answer{}, &provider.Error{Provider: "p", Msg: "broken", Temporary: true, RetryAfter: time.Millisecond}
	}
	p.calls[cell]++
	return provider.Answer{Text: "answer", FinishReason: "stop", Tokens: audit.Tokens{Input: new(int64(10)), Output: new(int64(10))}}, nil
}

func options(s *store.Store, answering provider.Provider) run.Options {
	return run.Options{
		Store: s, Steps: s, Protocol: protocol, Week: 1, Budget: audit.USD, Concurrency: 16,
		Endpoints: map[string]run.Endpoint{"p": {Provider: answering, Timeout: time.Minute}},
		Price:     func(eval.Arm) (audit.Price, bool) { return audit.Price{Input: audit.USD, Output: audit.USD}, true },
	}
}

// once checks that every cell was answered by a call of its own.
func once(t *testing.T, s *store.Store, answering *paid, cells int) {
	t.Helper()
	if len(answering.calls) != cells {
		t.Errorf("%d cells were answered, want %d", len(answering.calls), cells)
	}
	for cell, calls := range answering.calls {
		if calls != 1 {
			t.Errorf("%s was answered %d times", cell, calls)
		}
	}
	open, err := s.OpenCells(t.Context(), 1)
	if err != nil || len(open) != 0 {
		t.Errorf("%d cells are open, %v", len(open), err)
	}
	spent, err := s.Spent(t.Context())
	if err != nil || spent != audit.NanoUSD(cells)*20_000 {
		t.Errorf("spent %s, %v; want %s", spent, err, audit.NanoUSD(cells)*20_000)
	}
	if findings, err := s.Check(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("findings %v, %v", findings, err)
	}
}

func TestRunOnADatabase(t *testing.T) {
	s := pilot(t, 100, 1)[0]
	answering := &paid{calls: map[string]int{}}
	summary, err := run.Run(t.Context(), options(s, answering))
	if err != nil || summary.Answered != 200 || summary.Failed != 0 || summary.Spent != 200*20_000 {
		t.Fatalf("got %+v, %v", summary, err)
	}
	once(t, s, answering, 200)
}

func TestRunKeepsTheBudgetOnADatabase(t *testing.T) {
	s := pilot(t, 100, 1)[0]
	o := options(s, &paid{calls: map[string]int{}})
	o.Budget = 2 * audit.USD / 1000
	summary, err := run.Run(t.Context(), o)
	if err != nil || !summary.BudgetExhausted || summary.Answered == 0 || summary.Answered == 200 {
		t.Fatalf("got %+v, %v, want a run that the budget ends", summary, err)
	}
	if committed, err := s.Committed(t.Context()); err != nil || committed > o.Budget {
		t.Errorf("%s are committed, %v; the budget is %s", committed, err, o.Budget)
	}
}

// TestWorkersOnADatabase has three workers make the calls of a pilot whose provider fails
// now and then: on a file one of them, on a server together.
func TestWorkersOnADatabase(t *testing.T) {
	const workers = 3
	stores := pilot(t, 100, workers)
	answering := &paid{calls: map[string]int{}, fails: map[string]bool{}}
	for i := 0; i < 100; i += 10 {
		answering.fails[fmt.Sprintf("t%03d now", i)] = true
	}
	working, end := context.WithCancel(t.Context())
	defer end()
	var group sync.WaitGroup
	var did [workers]atomic.Int64
	for k, s := range stores {
		worker, err := run.NewWorker(options(s, answering))
		if err != nil {
			t.Fatal(err)
		}
		var queue run.Queue = &run.LeaseQueue{Store: s, Holder: fmt.Sprint("process ", k)}
		if s.OnServer() {
			calls, err := s.OpenCallQueue(t.Context(), fmt.Sprint("worker ", k))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(calls.Close)
			queue = calls
		}
		group.Go(func() {
			err := queue.Work(working, run.Work{
				Lanes: map[string]int{"p": 16},
				Open: func(ctx context.Context) iter.Seq2[run.Job, error] {
					return func(yield func(run.Job, error) bool) {
						for cell, err := range s.EachOpenCell(ctx, 1) {
							if !yield(run.Job{Lane: "p", Cell: cell}, err) {
								return
							}
						}
					}
				},
				Do: func(ctx context.Context, job run.Job, attempts int) run.Ending {
					did[k].Add(1)
					ending, err := worker.Answer(ctx, job.Cell, attempts)
					if err != nil {
						t.Error(err)
					}
					return ending
				},
				Longest: func(job run.Job) time.Duration { return worker.Longest(job.Cell) },
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		open, err := stores[0].OpenCells(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(open) == 0 {
			break
		}
		if time.Since(began) > 2*time.Minute {
			t.Fatalf("%d cells are open", len(open))
		}
	}
	end()
	group.Wait()
	once(t, stores[0], answering, 200)
	busy := 0
	for k := range did {
		if did[k].Load() > 0 {
			busy++
		}
	}
	if want := map[bool]int{false: 1, true: workers}[stores[0].OnServer()]; busy != want {
		t.Errorf("%d workers did something, want %d", busy, want)
	}
}
