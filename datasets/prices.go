package datasets

import (
	"bytes"
	_ "embed"
	"io"
)

//go:embed prices/prices.csv
var prices []byte

// Prices returns the price table: CSV with the columns model, provider,
// input_usd_per_1m, cached_input_usd_per_1m, output_usd_per_1m, valid_from and
// source. A blank price is not known.
func Prices() io.Reader { return bytes.NewReader(prices) }
