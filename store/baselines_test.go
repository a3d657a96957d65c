package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
)

// importSpend imports entries as one file of this content.
func importSpend(t *testing.T, s *Store, path, sum string, entries ...audit.SpendEntry) (known bool) {
	t.Helper()
	known, err := s.ImportBaseline(t.Context(), path, "openrouter", func(take func(audit.SpendEntry) error) (ImportedFile, error) {
		for _, entry := range entries {
			if err := take(entry); err != nil {
				return ImportedFile{}, err
			}
		}
		return ImportedFile{Path: path, SHA256: sum, Rows: len(entries)}, nil
	})
	must(t, err)
	return known
}

func spendOn(month time.Month, day int, detail string, requests int64, cost *audit.NanoUSD) audit.SpendEntry {
	return audit.SpendEntry{
		Start: time.Date(2026, month, day, 0, 0, 0, 0, time.UTC), Model: "atlas", Provider: "acme", Detail: detail,
		Spend: audit.Spend{Requests: &requests, InputTokens: ptr(10 * requests), OutputTokens: ptr(requests), Cost: cost},
	}
}

func TestBaselinesSumByMonth(t *testing.T) {
	s := newTest(t)
	importSpend(
		t, s, "march.json", "1",
		spendOn(3, 1, "", 5, ptr(audit.NanoUSD(100))), spendOn(3, 2, "eu", 2, ptr(audit.NanoUSD(10))), spendOn(3, 2, "us", 1, ptr(audit.NanoUSD(1))),
		spendOn(3, 2, "us", 1, ptr(audit.NanoUSD(1))), // the same key twice in one file adds up
		spendOn(4, 1, "", 7, nil), spendOn(4, 2, "", 7, ptr(audit.NanoUSD(1))),
	)
	want := []audit.Baseline{
		{Month: "2026-03", Model: "atlas", Provider: "acme", Source: "march.json", Spend: audit.Spend{
			Requests: ptr(int64(9)), InputTokens: ptr(int64(90)), OutputTokens: ptr(int64(9)), Cost: ptr(audit.NanoUSD(112)),
		}},
		{Month: "2026-04", Model: "atlas", Provider: "acme", Source: "march.json", Spend: audit.Spend{ // a part of the cost is unknown
			Requests: ptr(int64(14)), InputTokens: ptr(int64(140)), OutputTokens: ptr(int64(14)),
		}},
	}
	got, err := s.Baselines(t.Context())
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("baselines (-want +got):\n%s", diff)
	}
	if n, err := s.CountTasks(t.Context()); err != nil || n != 0 {
		t.Errorf("%d tasks, %v; a baseline has none", n, err)
	}
}

func TestBaselineImportIsIdempotentAndExportsMayOverlap(t *testing.T) {
	s := newTest(t)
	first := []audit.SpendEntry{spendOn(3, 1, "", 5, nil), spendOn(3, 2, "", 2, nil)}
	if importSpend(t, s, "a.json", "1", first...) {
		t.Error("a new file counts as known")
	}
	if !importSpend(t, s, "copy.json", "1", first...) {
		t.Error("the same content under another name counts as new")
	}
	// A later export has the second day whole, and one day more.
	importSpend(t, s, "b.json", "2", spendOn(3, 2, "", 4, nil), spendOn(3, 3, "", 1, nil))
	got, err := s.Baselines(t.Context())
	must(t, err)
	sums := map[string]int64{}
	for _, baseline := range got {
		sums[baseline.Source] += *baseline.Requests
	}
	if diff := cmp.Diff(map[string]int64{"a.json": 5, "b.json": 5}, sums); diff != "" {
		t.Errorf("requests by file (-want +got):\n%s", diff)
	}
}

func TestBaselineImportIsWholeOrNothing(t *testing.T) {
	s := newTest(t)
	failure := errors.New("cut off")
	_, err := s.ImportBaseline(t.Context(), "a.json", "openrouter", func(take func(audit.SpendEntry) error) (ImportedFile, error) {
		must(t, take(spendOn(3, 1, "", 5, nil)))
		return ImportedFile{}, failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("got %v, want %v", err, failure)
	}
	if got, err := s.Baselines(t.Context()); err != nil || len(got) > 0 {
		t.Errorf("got %v, %v; want nothing", got, err)
	}
}
