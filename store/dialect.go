package store

import (
	"database/sql"
	"database/sql/driver"
	"strconv"
	"strings"
	"sync"
)

// A dialect is the SQL that a database speaks. The queries of this package are written
// in what SQLite and PostgreSQL both understand; where they need other words, the two
// stand side by side.
type dialect int

const (
	sqliteDialect dialect = iota
	postgresDialect
)

// one gives the words for this dialect.
func (d dialect) one(sqlite, postgres string) string {
	if d == postgresDialect {
		return postgres
	}
	return sqlite
}

// listed is a table of the texts, named value, in the JSON list that is its parameter.
func (d dialect) listed() string {
	return d.one(`json_each(?)`, `json_array_elements_text(CAST(? AS json)) AS list (value)`)
}

// numbered rewrites a query's ? and ?3 to PostgreSQL's $1 and $3. It leaves texts, names
// and comments alone.
func numbered(query string) string {
	if known, ok := numberedQueries.Load(query); ok {
		return known.(string)
	}
	var text strings.Builder
	last := 0
	for at := 0; at < len(query); at++ {
		switch c := query[at]; {
		case c == '\'' || c == '"':
			end := strings.IndexByte(query[at+1:], c)
			if end < 0 {
				end = len(query) - at - 2
			}
			text.WriteString(query[at : at+end+2])
			at += end + 1
		case c == '-' && strings.HasPrefix(query[at:], "--"):
			end := strings.IndexByte(query[at:], '\n')
			if end < 0 {
				end = len(query) - at
			}
			text.WriteString(query[at : at+end])
			at += end - 1
		case c == '?':
			digits := len(query[at+1:]) - len(strings.TrimLeft(query[at+1:], "0123456789"))
			number := last + 1
			if digits > 0 {
				number, _ = strconv.Atoi(query[at+1 : at+1+digits]) // they are digits
			}
			last = max(last, number)
			text.WriteByte('$')
			text.WriteString(strconv.Itoa(number))
			at += digits
		default:
			text.WriteByte(c)
		}
	}
	numberedQueries.Store(query, text.String())
	return text.String()
}

// numberedQueries are those that were rewritten; they are few.
var numberedQueries sync.Map

// plainValue makes of an argument what database/sql would hand a driver, with truths as
// 0 and 1, which the columns hold, and without what PostgreSQL cannot store in a text:
// NUL and broken UTF-8.
func plainValue(value any) (driver.Value, error) {
	plain, err := driver.DefaultParameterConverter.ConvertValue(value)
	if err != nil {
		return nil, err
	}
	switch v := plain.(type) {
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case string:
		return plainText(v), nil
	}
	return plain, nil
}

func plainValues(arguments []driver.NamedValue) (err error) {
	for i := range arguments {
		if arguments[i].Value, err = plainValue(arguments[i].Value); err != nil {
			return err
		}
	}
	return nil
}

// plainText replaces what PostgreSQL cannot store in a text by U+FFFD.
func plainText(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// snapshotOptions are those of a transaction that reads one moment: SQLite's always do.
func snapshotOptions(d dialect) *sql.TxOptions {
	if d == postgresDialect {
		return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	return &sql.TxOptions{ReadOnly: true}
}
