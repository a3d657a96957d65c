package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"modeltrial/audit"
)

// priceRow is a price as it is stored.
type priceRow struct {
	Model         string         `db:"model"`
	Provider      string         `db:"provider"`
	ValidFrom     string         `db:"valid_from"`
	ListedOn      string         `db:"listed_on"`
	Source        string         `db:"source"`
	Input         audit.NanoUSD  `db:"input_nano_usd"`
	CachedInput   *audit.NanoUSD `db:"cached_input_nano_usd"`
	CacheWrite    *audit.NanoUSD `db:"cache_write_nano_usd"`
	Output        audit.NanoUSD  `db:"output_nano_usd"`
	Reasoning     *audit.NanoUSD `db:"reasoning_nano_usd"`
	BatchInput    *audit.NanoUSD `db:"batch_input_nano_usd"`
	BatchOutput   *audit.NanoUSD `db:"batch_output_nano_usd"`
	LongAbove     *int64         `db:"long_context_above"`
	LongInput     *audit.NanoUSD `db:"long_input_nano_usd"`
	LongCached    *audit.NanoUSD `db:"long_cached_nano_usd"`
	LongWrite     *audit.NanoUSD `db:"long_write_nano_usd"`
	LongOutput    *audit.NanoUSD `db:"long_output_nano_usd"`
	ContextWindow *int64         `db:"context_window_tokens"`
	LongSteps     string         `db:"long_steps"` // JSON of []longStep; empty for none
	RetiresOn     string         `db:"retires_on"` // empty: not known
}

// A longStep is a further step of a long-context price as it is stored.
type longStep struct {
	Above      int64          `json:"above"`
	Input      audit.NanoUSD  `json:"input_nano_usd"`
	Cached     *audit.NanoUSD `json:"cached_nano_usd"`
	CacheWrite *audit.NanoUSD `json:"write_nano_usd"`
	Output     audit.NanoUSD  `json:"output_nano_usd"`
}

// writeSteps makes the text of the steps after the first one.
func writeSteps(first *audit.LongContextPrice) (string, error) {
	var steps []longStep
	for step := first.Next; step != nil; step = step.Next {
		steps = append(steps, longStep{step.Above, step.Input, step.CachedInput, step.CacheWrite, step.Output})
	}
	if len(steps) == 0 {
		return "", nil
	}
	text, err := json.Marshal(steps)
	return string(text), err
}

// readSteps hangs the stored steps behind the first one.
func readSteps(text string, first *audit.LongContextPrice) error {
	if text == "" {
		return nil
	}
	var steps []longStep
	if err := json.Unmarshal([]byte(text), &steps); err != nil {
		return err
	}
	for _, step := range steps {
		first.Next = &audit.LongContextPrice{Above: step.Above, Input: step.Input, CachedInput: step.Cached, CacheWrite: step.CacheWrite, Output: step.Output}
		first = first.Next
	}
	return nil
}

const insertPrice = `
INSERT INTO prices (
    model, provider, valid_from, listed_on, source, input_nano_usd, cached_input_nano_usd, cache_write_nano_usd, output_nano_usd,
    reasoning_nano_usd, batch_input_nano_usd, batch_output_nano_usd, long_context_above, long_input_nano_usd, long_cached_nano_usd,
    long_write_nano_usd, long_output_nano_usd, context_window_tokens, long_steps,
    retires_on
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func newPriceRow(p audit.Price) (priceRow, error) {
	row := priceRow{
		Model: p.Model, Provider: p.Provider, ValidFrom: p.ValidFrom.Format(time.DateOnly), ListedOn: p.Listed().Format(time.DateOnly),
		Source: p.Source, Input: p.Input, CachedInput: p.CachedInput, CacheWrite: p.CacheWrite, Output: p.Output, Reasoning: p.Reasoning,
		BatchInput: p.BatchInput, BatchOutput: p.BatchOutput, ContextWindow: p.ContextWindow,
	}
	if !p.RetiresOn.IsZero() {
		row.RetiresOn = p.RetiresOn.Format(time.DateOnly)
	}
	if long := p.LongContext; long != nil {
		row.LongAbove, row.LongInput, row.LongOutput = &long.Above, &long.Input, &long.Output
		row.LongCached, row.LongWrite = long.CachedInput, long.CacheWrite
		var err error
		if row.LongSteps, err = writeSteps(long); err != nil {
			return row, fmt.Errorf("price of %s: %w", p.Model, err)
		}
	}
	return row, nil
}

func (r priceRow) price() (audit.Price, error) {
	price := audit.Price{
		Model: r.Model, Provider: r.Provider, Source: r.Source, Input: r.Input, CachedInput: r.CachedInput, CacheWrite: r.CacheWrite,
		Output: r.Output, Reasoning: r.Reasoning, BatchInput: r.BatchInput, BatchOutput: r.BatchOutput, ContextWindow: r.ContextWindow,
	}
	if r.LongAbove != nil {
		price.LongContext = &audit.LongContextPrice{
			Above: *r.LongAbove, Input: *r.LongInput, CachedInput: r.LongCached, CacheWrite: r.LongWrite, Output: *r.LongOutput,
		}
	}
	var errs [4]error
	price.ValidFrom, errs[0] = time.Parse(time.DateOnly, r.ValidFrom)
	price.ListedOn, errs[1] = time.Parse(time.DateOnly, r.ListedOn)
	if price.LongContext != nil {
		errs[2] = readSteps(r.LongSteps, price.LongContext)
	}
	if r.RetiresOn != "" {
		price.RetiresOn, errs[3] = time.Parse(time.DateOnly, r.RetiresOn)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return price, fmt.Errorf("price of %s as stored: %w", r.Model, err)
	}
	return price, nil
}

// A PriceConflict says that a price of the same model, provider and day is there with
// other figures.
type PriceConflict struct{ Old, New audit.Price }

// A PriceImport says what became of imported prices.
type PriceImport struct {
	Added     int             // new, of a model, provider and day that was not there
	Unchanged int             // there with the same figures
	Conflicts []PriceConflict // replaced or, unless that was asked for, all that stopped the import
}

// ImportPrices stores prices of a list beside those of earlier days, which stay. Where
// one is there with other figures for its very day, nothing is stored unless replace
// is set. The same list again changes nothing; the days on which models retire are taken
// over in any case.
func (s *Store) ImportPrices(ctx context.Context, prices []audit.Price, replace bool) (outcome PriceImport, err error) {
	stopped := errors.New("conflicts")
	err = s.write(ctx, func(tx *transaction) error {
		outcome = PriceImport{}
		for _, price := range prices {
			row, err := newPriceRow(price)
			if err != nil {
				return err
			}
			var known priceRow
			err = tx.GetContext(ctx, &known, `SELECT * FROM prices WHERE model = ? AND provider = ? AND valid_from = ?`, row.Model, row.Provider, row.ValidFrom)
			switch {
			case errors.Is(err, sql.ErrNoRows):
				outcome.Added++
			case err != nil:
				return fmt.Errorf("look up price of %s: %w", price.Model, err)
			default:
				old, err := known.price()
				if err != nil {
					return err
				}
				if old.SameFigures(price) {
					outcome.Unchanged++
					if row.RetiresOn == "" || row.RetiresOn == known.RetiresOn {
						continue
					}
					if _, err := tx.ExecContext(ctx, `UPDATE prices SET retires_on = ? WHERE model = ? AND provider = ? AND valid_from = ?`, row.RetiresOn, row.Model, row.Provider, row.ValidFrom); err != nil {
						return fmt.Errorf("note when %s retires: %w", price.Model, err)
					}
					continue
				}
				outcome.Conflicts = append(outcome.Conflicts, PriceConflict{old, price})
				if _, err := tx.ExecContext(ctx, `DELETE FROM prices WHERE model = ? AND provider = ? AND valid_from = ?`, row.Model, row.Provider, row.ValidFrom); err != nil {
					return fmt.Errorf("replace price of %s: %w", price.Model, err)
				}
			}
			_, err = tx.ExecContext(ctx, insertPrice, row.Model, row.Provider, row.ValidFrom, row.ListedOn, row.Source, row.Input, row.CachedInput,
				row.CacheWrite, row.Output, row.Reasoning, row.BatchInput, row.BatchOutput, row.LongAbove, row.LongInput, row.LongCached,
				row.LongWrite, row.LongOutput, row.ContextWindow, row.LongSteps, row.RetiresOn)
			if err != nil {
				return fmt.Errorf("store price of %s: %w", price.Model, err)
			}
		}
		if len(outcome.Conflicts) > 0 && !replace {
			return stopped
		}
		return nil
	})
	if errors.Is(err, stopped) {
		return outcome, nil
	}
	return outcome, err
}

// Prices gives every imported price, of all days.
func (s *Store) Prices(ctx context.Context) ([]audit.Price, error) {
	var prices []audit.Price
	err := each(ctx, s, "prices", func(row priceRow) error {
		price, err := row.price()
		prices = append(prices, price)
		return err
	}, `SELECT * FROM prices ORDER BY model, provider, valid_from`)
	return prices, err
}
