package store

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
)

// A mariaDB is a server of one test, with the empty database llm and a user reader who
// may do everything in it.
type mariaDB struct {
	socket string
	port   int
	root   *sql.DB
}

// newMariaDB starts a server, or skips.
func newMariaDB(t *testing.T, password string) *mariaDB {
	t.Helper()
	install, err := exec.LookPath("mariadb-install-db")
	server := "/usr/sbin/mariadbd" // not in everybody's path
	if path, err := exec.LookPath("mariadbd"); err == nil {
		server = path
	}
	if _, missing := os.Stat(server); err != nil || missing != nil {
		t.Skip("SKIPPED: no MariaDB server is installed (Debian: apt-get install mariadb-server-core mariadb-client-core)")
	}
	folder, err := os.MkdirTemp("", "modeltrial-my-") // short: the path of a socket is bounded
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	as := unprivileged(t, folder)
	data := filepath.Join(folder, "data")
	prepare := exec.Command(install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db", "--innodb-flush-method=nosync")
	prepare.SysProcAttr, prepare.Dir = as, folder
	if out, err := prepare.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", install, err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	m := &mariaDB{socket: filepath.Join(folder, "socket"), port: listener.Addr().(*net.TCPAddr).Port}
	must(t, listener.Close())
	certificate, key := selfSigned(t, folder)
	said, err := os.Create(filepath.Join(folder, "log"))
	must(t, err)
	run := exec.Command(server, "--no-defaults", "--datadir="+data, "--socket="+m.socket, fmt.Sprint("--port=", m.port), "--bind-address=127.0.0.1",
		"--ssl-cert="+certificate, "--ssl-key="+key, "--innodb-flush-method=nosync", "--default-time-zone=+05:00", "--sql-mode=")
	run.SysProcAttr, run.Dir, run.Stdout, run.Stderr = as, folder, said, said
	must(t, run.Start())
	t.Cleanup(func() { _, _, _ = run.Process.Kill(), run.Wait(), said.Close() }) // it says that it was killed
	m.root, err = sql.Open("mysql", "root@unix("+m.socket+")/?multiStatements=true")
	must(t, err)
	t.Cleanup(func() { must(t, m.root.Close()) })
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		_, err := m.root.Exec(`CREATE DATABASE llm CHARACTER SET utf8mb4; CREATE USER reader@'%' IDENTIFIED BY '` + password + `'; GRANT ALL ON llm.* TO reader@'%'`)
		if err == nil {
			return m
		}
		if _, serves := os.Stat(m.socket); serves == nil || time.Since(began) > time.Minute {
			log, _ := os.ReadFile(said.Name())
			t.Fatalf("%v\n%s", err, log)
		}
	}
}

// address is where its database is.
func (m *mariaDB) address(user string) string {
	return fmt.Sprintf("mysql://%s@127.0.0.1:%d/llm", user, m.port)
}

// selfSigned writes a certificate that nobody vouches for, and its key.
func selfSigned(t *testing.T, folder string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	public, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	certificate, key = filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")
	must(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: public}), 0o644))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o644)) // of no worth, for a server that is another user
	return certificate, key
}

func TestQueryOfMySQL(t *testing.T) {
	const password = "s3cret-word"
	m := newMariaDB(t, password)
	_, err := m.root.Exec(`
USE llm;
CREATE TABLE spend_logs (
    request_id VARCHAR(64) PRIMARY KEY, call_type TEXT, spend DOUBLE, prompt_tokens INTEGER, completion_tokens INTEGER UNSIGNED,
    startTime DATETIME(3), endTime DATETIME(3), completionStartTime DATETIME(3), model TEXT, user TEXT, metadata JSON,
    request_tags JSON, messages JSON, response JSON, status TEXT);
INSERT INTO spend_logs VALUES
    ('r1', 'acompletion', 0.0021, 310, 120, '2026-11-02 09:00:00', '2026-11-02 09:00:02.4', '2026-11-02 09:00:00.6', 'gpt-5', 'ann', '{}',
     '["eu"]', '[{"role":"user","content":"Summarise"}]', '{"choices":[{"message":{"content":"Refund"}}]}', 'success'),
    ('r2', 'acompletion', 0.0004, 55, 20, '2026-11-02 09:01:00', '2026-11-02 09:01:01', NULL, 'claude', '', '{}', '[]', '{}', '{}', 'success');
CREATE TABLE mine (no BIGINT UNSIGNED, said LONGTEXT, dollars DECIMAL(24,12), made TIMESTAMP NULL, who VARCHAR(20) CHARACTER SET latin1, score FLOAT, packed BLOB, day DATE);
INSERT INTO mine SELECT seq, concat('prompt ', seq, ' 😀'), 1234567.000000001, '2026-11-02 14:00:00', 'Zoë', 0.1, x'00ff', '2026-11-02' FROM seq_1_to_3000;
INSERT INTO mine (no, said, day) VALUES (18446744073709551615, 'nothing known', '0000-00-00')`)
	must(t, err)
	t.Setenv("MYSQL_PWD", password)

	tasks, report := queryTasks(t, m.address("reader"), "SELECT * FROM spend_logs", nil)
	want := []audit.Task{{
		ID: "r1", Model: "gpt-5", Prompt: "Summarise", Response: "Refund", Tags: []string{"eu"}, Cost: ptr(audit.NanoUSD(2_100_000)),
		Tokens: audit.Tokens{Input: ptr(int64(310)), Output: ptr(int64(120))}, LatencyMS: ptr(int64(2400)), TTFTMS: ptr(int64(600)),
		User: tasks[0].User, Timestamp: tasks[0].Timestamp, Origin: tasks[0].Origin, Metadata: tasks[0].Metadata,
		CostSource: audit.CostFromLog,
	}}
	if diff := cmp.Diff(want, tasks); diff != "" || report.Format != "litellm" || report.Filtered != 1 || tasks[0].Timestamp.Format("15:04") != "09:00" {
		t.Errorf("%+v (-want +got):\n%s", report, diff)
	}

	tasks, report = queryTasks(t, m.address("reader"), "SELECT * FROM mine ORDER BY no", map[string]string{"id": "no", "prompt": "said", "cost_usd": "dollars", "timestamp": "made", "user": "who"})
	if len(tasks) != 3001 || report.Rejected > 0 {
		t.Fatalf("%d tasks, %+v", len(tasks), report)
	}
	// The server's clock is five hours ahead.
	first, last := tasks[0], tasks[3000]
	if first.Prompt != "prompt 1 😀" || *first.Cost != 1_234_567*audit.USD+1 || first.Timestamp.Format(time.RFC3339) != "2026-11-02T09:00:00Z" || first.User != "Zoë" ||
		first.Metadata["score"] != "0.1" || first.Metadata["packed"] != `\x00ff` || first.Metadata["day"] != "2026-11-02T00:00:00Z" {
		t.Errorf("%+v", first)
	}
	if last.ID != "18446744073709551615" || last.Cost != nil || !last.Timestamp.IsZero() || last.User != "" || last.Metadata["day"] != "" {
		t.Errorf("%+v", last)
	}

	for name, c := range map[string]struct{ address, query, want string }{
		"wrong password":    {m.address("reader:wr0ng-word"), "SELECT 1", "Access denied for user 'reader'"},
		"no such database":  {strings.Replace(m.address("reader"), "/llm", "/gone", 1), "SELECT 1", "to database 'gone'"},
		"writing":           {m.address("reader"), "INSERT INTO mine (no) VALUES (1) RETURNING no", "READ ONLY transaction"},
		"dropping":          {m.address("reader"), "DROP TABLE mine", "READ ONLY transaction"},
		"two statements":    {m.address("reader"), "SELECT 1; DROP TABLE mine", "error in your SQL syntax"},
		"syntax":            {m.address("reader:" + password), "SELEKT '" + password + "'", "error in your SQL syntax"},
		"no columns":        {m.address("reader"), "SET @a = 1", "it must be a SELECT"},
		"unknown authority": {m.address("reader") + "?tls=true", "SELECT 1", "certificate"},
		"unknown parameter": {m.address("reader:"+password) + "?sslmode=require", "SELECT 1", `"sslmode" is not known; there are tls and socket`},
		"unknown tls":       {m.address("reader:"+password) + "?tls=yes", "SELECT 1", "tls takes preferred, true, skip-verify, false"},
		"no address":        {"mysql://reader:" + password + "@[::1/llm", "SELECT 1", "write it like mysql://"},
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

	if tasks, _ := queryTasks(t, m.address("reader"), "SELECT no, said AS prompt FROM mine", nil); len(tasks) != 3001 {
		t.Errorf("%d tasks after what must not write", len(tasks))
	}

	socket := strings.Replace(m.address("reader"), "mysql:", "mariadb:", 1) + "?tls=false&socket=" + m.socket
	for address, encrypted := range map[string]bool{
		m.address("reader"): true, m.address("reader") + "?tls=skip-verify": true, m.address("reader") + "?tls=false": false, socket: false,
	} {
		opened, err := OpenQuery(t.Context(), address, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
		must(t, err)
		row, err := opened.Next(t.Context())
		must(t, err)
		if (row[1] != "") != encrypted {
			t.Errorf("%s: the cipher is %q", address, row[1])
		}
		must(t, opened.Close())
	}

	closesEarly(t, m.address("reader"), "SELECT seq FROM seq_1_to_100000000000000")
	opened, err := OpenQuery(t.Context(), m.address("reader"), "SELECT seq, connection_id() FROM seq_1_to_100000000000000")
	must(t, err)
	row, err := opened.Next(t.Context())
	must(t, err)
	_, err = m.root.Exec("KILL " + row[1])
	must(t, err)
	for err == nil {
		_, err = opened.Next(t.Context())
	}
	// The server may say so before it closes the connection.
	if said := err.Error(); !strings.HasPrefix(said, fmt.Sprintf("query mysql://127.0.0.1:%d/llm: ", m.port)) || !strings.Contains(said, "the connection was lost") && !strings.Contains(said, "Connection was killed") {
		t.Error(err)
	}
	must(t, opened.Close())
}
