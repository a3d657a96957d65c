package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"golang.org/x/term"

	"modeltrial/audit"
	"modeltrial/datasets"
	"modeltrial/eval"
	"modeltrial/report"
	"modeltrial/store"
)

const (
	configName   = "modeltrial.yaml"
	databaseName = "modeltrial.db"
)

func (g *global) configPath() string { return filepath.Join(g.dir, configName) }

// databaseEnv names the variable with the file or address of the database. An address
// there may hold a password.
const databaseEnv = "MODELTRIAL_DB"

// database is the file or the address of the database: that of --db, of the environment
// or of modeltrial.yaml, else the file in the workspace.
func (g *global) database() (string, error) {
	if g.db != "" {
		return g.db, withoutPassword("--db", g.db)
	}
	if target := os.Getenv(databaseEnv); target != "" {
		return target, nil
	}
	text, err := os.ReadFile(g.configPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read configuration: %w", err)
	}
	target, err := eval.ParseDatabase(g.configPath(), text)
	switch {
	case err != nil:
		return "", err
	case target == "":
		return filepath.Join(g.dir, databaseName), nil
	case store.IsPostgres(target):
		return target, withoutPassword(g.configPath(), target)
	case filepath.IsAbs(target):
		return target, nil
	}
	return filepath.Join(g.dir, target), nil
}

// withoutPassword refuses an address with a password where others can read it.
func withoutPassword(where, target string) error {
	if store.HasPassword(target) {
		return usagef("%s: the address of the database holds a password; leave it out and give it in PGPASSWORD or ~/.pgpass, or give the address in %s", where, databaseEnv)
	}
	return nil
}

// hasDatabase says whether there is a database to look into: a server's always counts.
func (g *global) hasDatabase() (bool, error) {
	target, err := g.database()
	if err != nil || store.IsPostgres(target) {
		return err == nil, err
	}
	_, err = os.Stat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// config reads modeltrial.yaml; without the file the defaults hold, since an
// audit needs none.
func (g *global) config() (eval.Config, error) {
	text, err := os.ReadFile(g.configPath())
	if errors.Is(err, fs.ErrNotExist) {
		return eval.Config{}, nil
	}
	if err != nil {
		return eval.Config{}, fmt.Errorf("read configuration: %w", err)
	}
	return eval.ParseConfig(g.configPath(), text)
}

// pilotConfig is config with a pilot in it.
func (g *global) pilotConfig() (eval.Config, error) {
	config, err := g.config()
	if err != nil {
		return config, err
	}
	if len(config.Pilot.Arms) == 0 {
		return config, fmt.Errorf("%s: no pilot is planned; fill in the section pilot (modeltrial init writes a commented one)", g.configPath())
	}
	return config, nil
}

// open opens the workspace's database, which must exist.
func (g *global) open(ctx context.Context) (*store.Store, error) {
	target, err := g.database()
	if err != nil {
		return nil, err
	}
	return store.OpenExisting(ctx, target)
}

// withStore opens the database for one command and closes it whatever happens.
func (g *global) withStore(ctx context.Context, use func(*store.Store) error) (err error) {
	forgetPages()
	s, err := g.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.Explain(use(s))
}

// locked is the locked protocol, or an error that says how to get one.
func locked(ctx context.Context, s *store.Store) (eval.LockedProtocol, error) {
	protocol, err := s.Locked(ctx)
	if errors.Is(err, eval.ErrNotFound) {
		return protocol, errors.New("no protocol is locked; run modeltrial pilot lock first")
	}
	return protocol, err
}

func builtInPrices() (audit.PriceTable, error) {
	table, err := audit.ReadPrices(datasets.Prices())
	if err != nil {
		return table, fmt.Errorf("built-in price table: %w", err)
	}
	return table, nil
}

// prices is the built-in price table with the imported prices over it, and over these
// the workspace's own. Without a store it has no imported ones.
func prices(ctx context.Context, s *store.Store, config eval.Config) (audit.PriceTable, error) {
	table, err := listedPrices(ctx, s)
	if err != nil {
		return table, err
	}
	for _, provider := range config.Providers {
		for _, own := range provider.Prices {
			price, err := own.Price(provider.Name)
			if err != nil {
				return table, fmt.Errorf("%s: price of %s: %w", configName, own.Model, err)
			}
			table.Override(price)
		}
	}
	return table, nil
}

// listedPrices are the built-in price table with the imported prices over it.
func listedPrices(ctx context.Context, s *store.Store) (audit.PriceTable, error) {
	table, err := builtInPrices()
	if err != nil || s == nil {
		return table, err
	}
	imported, err := s.Prices(ctx)
	if err != nil {
		return table, err
	}
	table.Import(imported...)
	return table, nil
}

// armPrice finds what an arm's tokens cost today: by the price that its provider states
// in modeltrial.yaml, since two providers may ask different prices for a model of the
// same name, else by the price in force. The store may be nil, as of [prices].
func armPrice(ctx context.Context, s *store.Store, config eval.Config) (func(eval.Arm) (audit.Price, bool), error) {
	table, err := listedPrices(ctx, s)
	if err != nil {
		return nil, err
	}
	today := time.Now().UTC()
	type priced struct{ provider, model string }
	own := map[priced]audit.Price{}
	for _, provider := range config.Providers {
		for _, stated := range provider.Prices {
			price, err := stated.Price(provider.Name)
			if err != nil {
				return nil, err // the configuration was checked: there is none
			}
			if _, earlier := own[priced{provider.Name, stated.Model}]; !earlier {
				own[priced{provider.Name, stated.Model}] = price
			}
		}
	}
	return func(arm eval.Arm) (audit.Price, bool) {
		if price, ok := own[priced{arm.Provider, arm.Model}]; ok {
			return price, true
		}
		return armsPrice(table, arm, today, nil)
	}, nil
}

// armPriceOn is armPrice of another day. The workspace's own prices carry no date: each
// counts from when it was first seen, the first one also before.
func armPriceOn(ctx context.Context, s *store.Store) (func(eval.Arm, time.Time) (audit.Price, bool), error) {
	table, err := listedPrices(ctx, s)
	if err != nil {
		return nil, err
	}
	seen, err := s.OwnPrices(ctx)
	if err != nil {
		return nil, err
	}
	return func(arm eval.Arm, day time.Time) (audit.Price, bool) {
		var own *eval.ModelPrice
		first := true
		for _, next := range seen {
			if next.Provider == arm.Provider && next.Model == arm.Model && (first || !next.Seen.After(day)) {
				own, first = next.Price, false
			}
		}
		return armsPrice(table, arm, day, own)
	}, nil
}

// armsPrice is a provider's own price or, where that is nil, the listed one of a day.
func armsPrice(table audit.PriceTable, arm eval.Arm, day time.Time, own *eval.ModelPrice) (audit.Price, bool) {
	if own != nil {
		price, err := own.Price(arm.Provider)
		return price, err == nil // the configuration was checked: there is none
	}
	price, err := table.Lookup("", arm.Model, day)
	return price, err == nil
}

// unlocked says that modeltrial.yaml plans another pilot than the locked one; nil
// where both are the same.
func unlocked(config eval.Config, protocol eval.LockedProtocol) error {
	if hash, err := config.Pilot.Hash(); err != nil || hash != protocol.SHA256 {
		return fmt.Errorf("%s differs from the locked protocol, which still holds; put it back, or lock it with modeltrial pilot lock --reason", configName)
	}
	return nil
}

// lockedPilot are the configuration and the locked protocol, which must agree before
// anything is spent.
func (g *global) lockedPilot(ctx context.Context, s *store.Store) (eval.Config, eval.LockedProtocol, error) {
	config, err := g.pilotConfig()
	if err != nil {
		return config, eval.LockedProtocol{}, err
	}
	protocol, err := locked(ctx, s)
	if err != nil {
		return config, protocol, err
	}
	return config, protocol, unlocked(config, protocol)
}

// warnUnlocked tells on the side where modeltrial.yaml and the locked protocol differ.
func warnUnlocked(g *global, protocol eval.LockedProtocol, errOut io.Writer) {
	config, err := g.config()
	if err != nil || len(config.Pilot.Arms) == 0 {
		return // what is shown rests on the locked protocol alone
	}
	if err := unlocked(config, protocol); err != nil {
		fmt.Fprintf(errOut, "! %v\n", err)
	}
}

// command is a command line of this workspace, to be copied into a shell. Without
// arguments it is its beginning.
func (g *global) command(arguments string) string {
	words := []string{"modeltrial"}
	if g.dir != "." {
		words = append(words, "-C", quoted(g.dir))
	}
	if g.db != "" {
		words = append(words, "--db", quoted(g.db))
	}
	if arguments != "" {
		words = append(words, arguments)
	}
	return strings.Join(words, " ")
}

// next is the line that tells the command that comes next.
func (g *global) next(arguments string) string { return "next: " + g.command(arguments) }

// quoted is a path as a shell takes it for one word.
func quoted(path string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/._-+,:@%=", r)
	}
	if path != "" && strings.TrimFunc(path, plain) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// style says how to write for this output: colours only on a terminal.
func (g *global) style(out io.Writer) report.Style {
	file, ok := out.(*os.File)
	terminal := ok && term.IsTerminal(int(file.Fd()))
	_, refused := os.LookupEnv("NO_COLOR")
	style := report.Style{Color: terminal && !refused && !g.noColor, Command: g.command("")}
	if terminal {
		style.Width, _, _ = term.GetSize(int(file.Fd())) // 0 where it is not known: the default
	}
	return style
}
