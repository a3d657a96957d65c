package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// tlsModes are the values of an address's tls, as the driver names them. Where it is not
// given, the connection is encrypted if the server can, as MySQL's own clients have it.
var tlsModes = []string{"preferred", "true", "skip-verify", "false"}

// openMySQL opens a MySQL or MariaDB database.
func (q *Query) openMySQL(ctx context.Context, address string) error {
	parsed, err := url.Parse(address)
	if err != nil { // the parser's own message holds the password
		q.Name = "the database"
		return q.unreadable("")
	}
	q.Name = parsed.Scheme + "://" + parsed.Host + parsed.Path
	config := mysql.NewConfig()
	config.User = parsed.User.Username()
	config.Passwd = os.Getenv("MYSQL_PWD")
	if password, given := parsed.User.Password(); given {
		config.Passwd, q.secret = password, password
	}
	config.DBName = strings.TrimPrefix(parsed.Path, "/")
	config.Addr = net.JoinHostPort(cmp.Or(parsed.Hostname(), "127.0.0.1"), cmp.Or(parsed.Port(), "3306"))
	config.TLSConfig = tlsModes[0]
	for name, values := range parsed.Query() {
		value := values[len(values)-1]
		switch {
		case name == "tls" && slices.Contains(tlsModes, value):
			config.TLSConfig = value
		case name == "tls":
			return q.unreadable(fmt.Sprintf(": tls takes %s", strings.Join(tlsModes, ", ")))
		case name == "socket":
			config.Net, config.Addr = "unix", value
		default:
			return q.unreadable(fmt.Sprintf(": %q is not known; there are tls and socket", name))
		}
	}
	config.ParseTime = true // as UTC, which the server is to give a TIMESTAMP in
	config.Params = map[string]string{"time_zone": "'+00:00'"}
	config.Logger = &mysql.NopLogger{} // what goes wrong comes back as an error
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return q.unreadable("")
	}
	q.db = sql.OpenDB(connector)
	q.db.SetMaxOpenConns(1)
	// In a transaction that only reads MariaDB drops a table, in a session that does it does not.
	if _, err := q.db.ExecContext(ctx, `SET SESSION TRANSACTION READ ONLY`); err != nil {
		return q.failed(ctx, "connect to", err)
	}
	return nil
}

// unreadable says how an address is written.
func (q *Query) unreadable(why string) error {
	return fmt.Errorf("%s: the address cannot be read%s; write it like mysql://USER@HOST:3306/DATABASE?tls=true, and give the password in MYSQL_PWD", q.Name, why)
}
