package ingest

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"modeltrial/audit"
)

// A PriceFile is what a price list says.
type PriceFile struct {
	Prices []audit.Price
	// Report says what became of the rows of a table; of LiteLLM's list, the number of
	// entries and those that cannot be read.
	Report FileReport
	// Skipped counts entries of LiteLLM's list that have no price for text, by reason.
	Skipped map[string]int
}

// LiteLLMPrices is the format of LiteLLM's public price list.
const LiteLLMPrices = "litellm-prices"

// liteLLMStart is how an object of objects begins; a row in JSON Lines has values that
// are no objects.
var liteLLMStart = regexp.MustCompile(`^(?:\x{FEFF})?\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*\{`)

// ReadPriceFile reads a price list: LiteLLM's public list in JSON, or a table with the
// columns of [audit.PriceColumns]. Prices without a day of their own are valid from day.
// Rows of a table that cannot be read go to FILE.rejects.csv.
func ReadPriceFile(ctx context.Context, path string, day time.Time) (PriceFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return PriceFile{}, err // names the path
	}
	defer func() { _ = file.Close() }() // it was only read
	reader := bufio.NewReader(file)
	const enough = 1024
	start, _ := reader.Peek(enough) // a shorter file gives what it has
	if !liteLLMStart.Match(start) {
		return readPriceTable(ctx, path, day)
	}
	if marker := []byte("\xEF\xBB\xBF"); len(start) > len(marker) && string(start[:len(marker)]) == string(marker) {
		_, _ = reader.Discard(len(marker)) // was peeked at
	}
	list, err := audit.ReadLiteLLM(reader, day, "LiteLLM's public price list, "+filepath.Base(path))
	if err != nil {
		return PriceFile{}, fmt.Errorf("%s: %w", path, err)
	}
	result := PriceFile{Prices: list.Prices, Skipped: list.Skipped, Report: FileReport{File: path, Format: LiteLLMPrices, Mapped: map[string]string{}}}
	result.Report.Imported, result.Report.Rejected = len(list.Prices), len(list.Unreadable)
	result.Report.Rows = len(list.Prices) + len(list.Unreadable)
	for _, count := range list.Skipped {
		result.Report.Rows += count
		result.Report.Filtered += count
	}
	for model, reason := range list.Unreadable {
		result.Report.Reasons = append(result.Report.Reasons, fmt.Sprintf("%s: model %q: %v", path, shorten(model), reason))
	}
	slices.Sort(result.Report.Reasons)
	return result, nil
}

func readPriceTable(ctx context.Context, path string, day time.Time) (PriceFile, error) {
	fields := make([]Field, len(audit.PriceColumns))
	for i, column := range audit.PriceColumns {
		fields[i] = Field{Name: column, Synonyms: audit.PriceColumnSynonyms[column]}
		switch column {
		case "model", "input_usd_per_1m", "output_usd_per_1m":
			fields[i].Required = true
		}
	}
	var result PriceFile
	var err error
	result.Report, err = ReadFile(ctx, File{Path: path, Fields: fields}, func(row Row) (Outcome, error) {
		price, err := audit.ParsePrice(row.Get, day)
		if err != nil {
			return Imported, row.Reject("", err.Error(), "")
		}
		price.Source = cmp.Or(price.Source, filepath.Base(path))
		if price.ListedOn.IsZero() {
			price.ListedOn = price.ValidFrom
		}
		result.Prices = append(result.Prices, price)
		return Imported, nil
	})
	return result, err
}
