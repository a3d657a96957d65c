package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"modeltrial/audit/ingest"
)

// A Query is a running query of another database, whose rows are a log.
type Query struct {
	ingest.Query
	db     *sql.DB
	tx     *sql.Tx
	rows   *sql.Rows
	cancel context.CancelFunc
	secret string // the password, which no message may hold
}

// OpenQuery runs a query on the database at an address: postgres://…, mysql://… or
// sqlite:PATH. It only reads. The caller closes it. No error holds the password.
func OpenQuery(ctx context.Context, address, query string) (_ *Query, err error) {
	q := &Query{}
	ctx, q.cancel = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = q.hide(errors.Join(err, q.Close()))
		}
	}()
	switch scheme, rest, _ := strings.Cut(address, ":"); scheme {
	case "postgres", "postgresql":
		err = q.openPostgres(address)
	case "mysql", "mariadb":
		err = q.openMySQL(ctx, address)
	case "sqlite":
		err = q.openSQLite(strings.TrimPrefix(rest, "//"))
	default:
		return nil, errors.New("--from takes postgres://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE or sqlite:PATH")
	}
	if err != nil {
		return nil, err
	}
	if q.tx, err = q.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err != nil {
		return nil, q.failed(ctx, "connect to", err)
	}
	if q.rows, err = q.tx.QueryContext(ctx, query); err != nil {
		return nil, q.failed(ctx, "query", err)
	}
	if q.Columns, err = q.rows.Columns(); err != nil {
		return nil, q.failed(ctx, "query", err)
	}
	if len(q.Columns) == 0 {
		return nil, fmt.Errorf("query %s: it answers with no columns; it must be a SELECT", q.Name)
	}
	q.Next = q.next
	return q, nil
}

func (q *Query) openPostgres(address string) error {
	q.Name = "the database"
	if parsed, err := url.Parse(address); err == nil {
		q.secret, _ = parsed.User.Password()
		if inQuery := parsed.Query().Get("password"); inQuery != "" {
			q.secret = inQuery
		}
		q.Name = parsed.Scheme + "://" + parsed.Host + parsed.Path
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return fmt.Errorf("%s: the address cannot be read; write it like postgres://USER@HOST:5432/DATABASE, and give the password in PGPASSWORD", q.Name)
	}
	q.db = stdlib.OpenDB(*config)
	return nil
}

func (q *Query) openSQLite(path string) error {
	q.Name = "sqlite:" + path
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err // names the path
	case info.IsDir():
		return fmt.Errorf("%s is a directory; name a database file", path)
	}
	address := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro&_pragma=query_only(1)"}).String()
	q.db, err = sql.Open("sqlite", address)
	return err
}

// next gives the next row's values as text.
func (q *Query) next(ctx context.Context) ([]string, error) {
	if !q.rows.Next() {
		if err := q.rows.Err(); err != nil {
			return nil, q.failed(ctx, "query", err)
		}
		return nil, io.EOF
	}
	values := make([]any, len(q.Columns))
	into := make([]any, len(q.Columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := q.rows.Scan(into...); err != nil {
		return nil, q.failed(ctx, "query", err)
	}
	row := make([]string, len(values))
	for i, value := range values {
		row[i] = valueText(value)
	}
	return row, nil
}

// valueText is a value of a database as a log writes it.
func valueText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		if bytes.IndexByte(v, 0) >= 0 || !utf8.Valid(v) {
			return `\x` + hex.EncodeToString(v) // no text: as PostgreSQL writes such bytes
		}
		return string(v)
	case time.Time:
		if v.IsZero() { // MySQL's 0000-00-00
			return ""
		}
		return v.UTC().Format(time.RFC3339Nano)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	}
	if text, err := json.Marshal(value); err == nil {
		return string(text)
	}
	return fmt.Sprint(value)
}

// failed says what a driver said. The driver's own error is not kept: it would be
// taken for one of the workspace's database.
func (q *Query) failed(ctx context.Context, doing string, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s %s: %w", doing, q.Name, cause)
	}
	if errors.Is(err, mysql.ErrInvalidConn) {
		err = errors.New("the connection was lost")
	}
	return q.hide(fmt.Errorf("%s %s: %v", doing, q.Name, err))
}

// hide takes the password out of a driver's message.
func (q *Query) hide(err error) error {
	if err == nil || q.secret == "" || !strings.Contains(err.Error(), q.secret) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), q.secret, "***"))
}

// Close ends the query, also in the middle of its answer: without the cancellation a
// driver first reads what is left of it. What rows and transaction then say is of that.
func (q *Query) Close() error {
	q.cancel()
	if q.rows != nil {
		_ = q.rows.Close()
	}
	if q.tx != nil {
		_ = q.tx.Rollback()
	}
	if q.db == nil {
		return nil
	}
	return q.hide(q.db.Close())
}
