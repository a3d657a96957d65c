package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3/database"
)

// errMigratedMeanwhile says that another process made a migration after this one had
// looked which are missing.
var errMigratedMeanwhile = errors.New("another process made this migration meanwhile")

// onceMigrations are the versions of a schema as goose keeps them, each at most once.
// goose looks which migrations are missing before its first transaction, so that two
// processes that open an old file at once would each make all of them, and the second
// could take away again what the first had put in.
type onceMigrations struct{ database.Store }

// Insert notes a migration, in its own transaction, which is undone where another process
// has made it already.
func (m onceMigrations) Insert(ctx context.Context, db database.DBTxConn, request database.InsertRequest) error {
	_, err := m.GetMigration(ctx, db, request.Version)
	if err == nil {
		return fmt.Errorf("schema %d: %w", request.Version, errMigratedMeanwhile)
	}
	if !errors.Is(err, database.ErrVersionNotFound) {
		return err
	}
	return m.Store.Insert(ctx, db, request)
}
