package datasets

import (
	"bytes"
	_ "embed"
	"io"
)

//go:embed prices/prices.csv
var prices []byte

// Prices returns the price table: CSV, read by audit.ReadPrices. Each row has the day
// from which it is valid and the day and name of the list that it was typed from. A
// price that is taken to hold since before that list says so; batch discounts are those
// that the providers publish. A blank price is not known.
func Prices() io.Reader { return bytes.NewReader(prices) }
