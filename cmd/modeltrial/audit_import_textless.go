package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/store"
)

// textless sums the requests of a gateway's log whose texts were not kept, by hour,
// model and provider: a log of millions of them takes no more room than its hours.
type textless struct {
	sums map[textlessKey]*audit.Spend
	cost audit.NanoUSD
}

type textlessKey struct {
	hour            time.Time
	model, provider string
}

func (t *textless) add(entry audit.SpendEntry) {
	if entry.Start.IsZero() {
		return // a task without a time is in no month
	}
	key := textlessKey{entry.Start.Truncate(time.Hour), entry.Model, entry.Provider}
	sum := t.sums[key]
	if sum == nil {
		if t.sums == nil {
			t.sums = map[textlessKey]*audit.Spend{}
		}
		first := entry.Spend
		sum = &first
		t.sums[key] = sum
	} else {
		sum.Requests = bothOrNil(sum.Requests, entry.Requests)
		sum.InputTokens = bothOrNil(sum.InputTokens, entry.InputTokens)
		sum.CachedTokens = bothOrNil(sum.CachedTokens, entry.CachedTokens)
		sum.OutputTokens = bothOrNil(sum.OutputTokens, entry.OutputTokens)
		sum.ReasoningTokens = bothOrNil(sum.ReasoningTokens, entry.ReasoningTokens)
		sum.Cost = bothOrNil(sum.Cost, entry.Cost)
	}
	if entry.Cost != nil {
		t.cost += *entry.Cost
	}
}

// bothOrNil is a sum, which is not known where one of its parts is not.
func bothOrNil[T int64 | audit.NanoUSD](a, b *T) *T {
	if a == nil || b == nil {
		return nil
	}
	return new(*a + *b)
}

// store keeps the sums as a spend baseline, once a log is imported. A log without such
// requests leaves none.
func (t *textless) store(ctx context.Context, s *store.Store, read *ingest.FileReport) error {
	requests := int64(0)
	for _, sum := range t.sums {
		if sum.Requests != nil {
			requests += *sum.Requests
		}
	}
	if requests == 0 {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(t.sums), func(a, b textlessKey) int {
		return cmp.Or(a.hour.Compare(b.hour), cmp.Compare(a.model, b.model), cmp.Compare(a.provider, b.provider))
	})
	entries := make([]audit.SpendEntry, len(keys))
	for i, key := range keys {
		entries[i] = audit.SpendEntry{Start: key.hour, Model: key.model, Provider: key.provider, Spend: *t.sums[key]}
	}
	file := importedFile(*read)
	if file.SHA256 == "" { // the answer to a query
		text, err := json.Marshal(entries)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		file.SHA256 = hex.EncodeToString(sum[:])
	}
	_, err := s.ImportBaseline(ctx, read.File, store.TextlessFormat, func(take func(audit.SpendEntry) error) (store.ImportedFile, error) {
		for _, entry := range entries {
			if err := take(entry); err != nil {
				return file, err
			}
		}
		return file, nil
	})
	if err != nil {
		return databaseError{err}
	}
	read.TextlessRequests, read.TextlessUSD = requests, new(t.cost.Dollars())
	return nil
}
