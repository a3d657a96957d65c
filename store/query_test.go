package store

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
)

// queryTasks reads the tasks that a query answers with.
func queryTasks(t *testing.T, address, query string, mapping map[string]string) ([]audit.Task, ingest.FileReport) {
	t.Helper()
	opened, err := OpenQuery(t.Context(), address, query)
	must(t, err)
	defer func() { must(t, opened.Close()) }()
	var tasks []audit.Task
	report, err := ingest.ReadTasks(t.Context(), opened.Name, ingest.Options{Query: &opened.Query, Map: mapping}, func(task audit.Task) (ingest.Outcome, error) {
		tasks = append(tasks, task)
		return ingest.Imported, nil
	})
	must(t, err)
	return tasks, report
}

// closesEarly closes the query of an answer that no test would live to read.
func closesEarly(t *testing.T, address, query string) {
	t.Helper()
	opened, err := OpenQuery(t.Context(), address, query)
	must(t, err)
	_, err = opened.Next(t.Context())
	must(t, err)
	must(t, opened.Close())
}

func TestQueryOfSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b.db")
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.Exec(`CREATE TABLE calls (id INTEGER, prompt TEXT, cost REAL, made DATETIME, done BOOLEAN, raw BLOB, packed BLOB)`)
	must(t, err)
	const rows = 5000 // more than are looked at beforehand
	tx, err := db.Begin()
	must(t, err)
	for i := range rows {
		_, err = tx.Exec(`INSERT INTO calls VALUES (?, ?, 0.25, '2026-11-02 09:00:00', true, x'6162', x'00ff')`, i, "task "+strconv.Itoa(i))
		must(t, err)
	}
	must(t, tx.Commit())
	must(t, db.Close())
	tasks, report := queryTasks(t, "sqlite:"+path, "SELECT * FROM calls ORDER BY id", map[string]string{"timestamp": "made"})
	if len(tasks) != rows || report.Rows != rows || report.Format != ingest.SQL {
		t.Fatalf("%d tasks, %+v", len(tasks), report)
	}
	for i, task := range tasks {
		if task.ID != strconv.Itoa(i) || task.Prompt != "task "+strconv.Itoa(i) || *task.Cost != audit.USD/4 || task.Timestamp.Hour() != 9 || task.Metadata["raw"] != "ab" || task.Metadata["packed"] != `\x00ff` {
			t.Fatalf("task %d: %+v", i, task)
		}
	}
	for name, c := range map[string]struct{ address, query, want string }{
		"writing":        {"sqlite:" + path, "DELETE FROM calls", "readonly"},
		"no such table":  {"sqlite:" + path, "SELECT * FROM nothings", "no such table"},
		"no such file":   {"sqlite:" + path + ".gone", "SELECT 1", "no such file"},
		"unknown scheme": {"mongodb://x", "SELECT 1", "--from takes"},
	} {
		if _, err := OpenQuery(t.Context(), c.address, c.query); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.want)
		}
	}
	if _, err := os.Stat(path + ".gone"); err == nil {
		t.Error("reading made a database")
	}
	closesEarly(t, "sqlite:"+path, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n")
}

// postgres starts a server of its own and gives its port, or skips.
func postgres(t *testing.T, password string) (port int) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append([]string{path}, found...)
	}
	if len(found) == 0 {
		t.Skip("SKIPPED: no PostgreSQL server is installed (Debian: apt-get install postgresql)")
	}
	initdb, err := filepath.EvalSymlinks(found[0])
	must(t, err)
	folder, err := os.MkdirTemp("", "modeltrial-pg-") // short: the path of a socket is bounded
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	as := unprivileged(t, folder)
	secret := filepath.Join(folder, "password")
	must(t, os.WriteFile(secret, []byte(password), 0o644))
	data := filepath.Join(folder, "data")
	run := func(name string, arguments ...string) {
		command := exec.Command(filepath.Join(filepath.Dir(initdb), name), arguments...)
		command.SysProcAttr, command.Dir = as, folder
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	run("initdb", "-D", data, "-U", "reader", "-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--no-sync")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port = listener.Addr().(*net.TCPAddr).Port
	must(t, listener.Close())
	run("pg_ctl", "-D", data, "-w", "-t", "60", "-l", filepath.Join(folder, "log"), "-o", fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories=%s -c fsync=off", port, folder), "start")
	t.Cleanup(func() { run("pg_ctl", "-D", data, "-m", "immediate", "stop") })
	return port
}

// unprivileged is how to run a server, which refuses to be root.
func unprivileged(t *testing.T, folder string) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.Atoi(account.Uid)
		gid, errGID := strconv.Atoi(account.Gid)
		must(t, errors.Join(errUID, errGID, os.Chown(folder, uid, gid)))
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	t.Skip("SKIPPED: no unprivileged user to run a database server as")
	return nil
}

func TestQueryOfPostgres(t *testing.T) {
	const password = "s3cret-word"
	port := postgres(t, password)
	address := fmt.Sprintf("postgres://reader:%s@127.0.0.1:%d/postgres?sslmode=disable", password, port)
	db, err := sql.Open("pgx", address)
	must(t, err)
	_, err = db.Exec(`
CREATE TABLE "LiteLLM_SpendLogs" (
    request_id TEXT PRIMARY KEY, call_type TEXT, spend DOUBLE PRECISION, prompt_tokens INTEGER, completion_tokens INTEGER,
    "startTime" TIMESTAMP, "endTime" TIMESTAMP, "completionStartTime" TIMESTAMP, model TEXT, "user" TEXT, metadata JSONB,
    request_tags JSONB, messages JSONB, response JSONB, status TEXT);
INSERT INTO "LiteLLM_SpendLogs" VALUES
    ('r1', 'acompletion', 0.0021, 310, 120, '2026-11-02 09:00:00', '2026-11-02 09:00:02.4', '2026-11-02 09:00:00.6', 'gpt-5', 'ann', '{}',
     '["eu"]', '[{"role":"user","content":"Summarise"}]', '{"choices":[{"message":{"content":"Refund"}}]}', 'success'),
    ('r2', 'acompletion', 0.0004, 55, 20, '2026-11-02 09:01:00', '2026-11-02 09:01:01', NULL, 'claude', '', '{}', '[]', '{}', '{}', 'success');
CREATE TABLE mine AS SELECT 'm' || n AS no, 'prompt ' || n AS said, 1.5::numeric AS dollars, now()::timestamptz AS made, ARRAY['a', 'b'] AS marks
    FROM generate_series(1, 3000) n`)
	must(t, err)
	must(t, db.Close())

	tasks, report := queryTasks(t, address, `SELECT * FROM "LiteLLM_SpendLogs"`, nil)
	want := []audit.Task{{
		ID: "r1", Model: "gpt-5", Prompt: "Summarise", Response: "Refund", Tags: []string{"eu"}, Cost: ptr(audit.NanoUSD(2_100_000)),
		Tokens: audit.Tokens{Input: ptr(int64(310)), Output: ptr(int64(120))}, LatencyMS: ptr(int64(2400)), TTFTMS: ptr(int64(600)),
		User: tasks[0].User, Timestamp: tasks[0].Timestamp, Origin: tasks[0].Origin, Metadata: tasks[0].Metadata,
		CostSource: audit.CostFromLog,
	}}
	if diff := cmp.Diff(want, tasks); diff != "" || report.Format != "litellm" || report.Filtered != 1 || tasks[0].Timestamp.Format("15:04") != "09:00" {
		t.Errorf("%+v (-want +got):\n%s", report, diff)
	}
	tasks, report = queryTasks(t, address, `SELECT * FROM mine`, map[string]string{"id": "no", "prompt": "said", "cost_usd": "dollars", "timestamp": "made", "tags": "marks"})
	if len(tasks) != 3000 || *tasks[0].Cost != audit.USD*3/2 || tasks[0].Timestamp.IsZero() || strings.Join(tasks[0].Tags, "+") != "a+b" || report.Rejected > 0 {
		t.Errorf("%d tasks, %+v, %+v", len(tasks), report, tasks[0])
	}
	for name, c := range map[string]struct{ address, query, want string }{
		"wrong password": {strings.Replace(address, password, "wr0ng-word", 1), "SELECT 1", "password authentication failed"},
		"writing":        {address, "INSERT INTO mine (no) VALUES ('x') RETURNING no", "read-only"},
		"syntax":         {address, "SELEKT '" + password + "'", "syntax error"},
	} {
		opened, err := OpenQuery(t.Context(), c.address, c.query)
		if err == nil {
			_, err = opened.Next(t.Context())
			must(t, opened.Close())
		}
		if err == nil || err == io.EOF || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "wr0ng-word")) {
			t.Errorf("%s: %v holds the password", name, err)
		}
	}
	closesEarly(t, address, "SELECT n, m FROM generate_series(1, 1000000) n, generate_series(1, 1000000) m")
}
