package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"modeltrial/eval"
)

// ownPriceRow is a price of the workspace as it is stored.
type ownPriceRow struct {
	Provider string `db:"provider"`
	Model    string `db:"model"`
	Body     string `db:"body"`
	SeenAt   int64  `db:"seen_at"`
}

// SeeOwnPrices notes the prices that providers of modeltrial.yaml state now, where they
// are others than those noted last, and of which there are none any more.
func (s *Store) SeeOwnPrices(ctx context.Context, providers []eval.Provider, now time.Time) error {
	return s.write(ctx, func(tx *transaction) error {
		type seller struct{ provider, model string }
		var noted []ownPriceRow
		if err := tx.SelectContext(ctx, &noted, `SELECT provider, model, body, seen_at FROM own_prices ORDER BY id`); err != nil {
			return fmt.Errorf("read own prices: %w", err)
		}
		last := map[seller]string{}
		for _, row := range noted {
			last[seller{row.Provider, row.Model}] = row.Body
		}
		note := func(of seller, body string) error {
			if last[of] == body {
				return nil
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO own_prices (provider, model, body, seen_at) VALUES (?, ?, ?, ?)`, of.provider, of.model, body, now.UnixMicro())
			if err != nil {
				return fmt.Errorf("note the price of %s: %w", of.model, err)
			}
			return nil
		}
		for _, provider := range providers {
			for _, price := range provider.Prices {
				of := seller{provider.Name, price.Model}
				body, err := json.Marshal(price)
				if err != nil {
					return fmt.Errorf("price of %s: %w", price.Model, err)
				}
				if err := note(of, string(body)); err != nil {
					return err
				}
				delete(last, of)
			}
		}
		for of := range last { // no longer stated
			if err := note(of, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// OwnPrices are the noted prices, the oldest first.
func (s *Store) OwnPrices(ctx context.Context) ([]eval.SeenPrice, error) {
	var seen []eval.SeenPrice
	err := each(ctx, s, "own prices", func(row ownPriceRow) error {
		price := eval.SeenPrice{Provider: row.Provider, Model: row.Model, Seen: time.UnixMicro(row.SeenAt).UTC()}
		if row.Body != "" {
			price.Price = &eval.ModelPrice{}
			if err := json.Unmarshal([]byte(row.Body), price.Price); err != nil {
				return fmt.Errorf("own price of %s as stored: %w", row.Model, err)
			}
		}
		seen = append(seen, price)
		return nil
	}, `SELECT provider, model, body, seen_at FROM own_prices ORDER BY id`)
	return seen, err
}
