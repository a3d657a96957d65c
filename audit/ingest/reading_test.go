package ingest

import (
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"modeltrial/audit"
)

// oneColumn is a log of one prompt for each value of a column.
func oneColumn(name string, values ...string) string {
	var b strings.Builder
	b.WriteString("prompt;" + name + "\n")
	for i, value := range values {
		fmt.Fprintf(&b, "task %d;\"%s\"\n", i, strings.ReplaceAll(value, `"`, `""`))
	}
	return b.String()
}

func TestNumbersAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		values []string
		want   []string // dollars; empty for none
		note   string
	}{
		{"programs", []string{"0.0021", "12", "1e-3", ""}, []string{"0.0021", "12", "0.001", ""}, ""},
		{"decimal comma", []string{"0,0021", "1.234,56", "12", "1.234"}, []string{"0.0021", "1234.56", "12", "1234"}, "decimal comma"},
		{"decimal point", []string{"0.5", "1,234.56", "1,234"}, []string{"0.5", "1234.56", "1234"}, ""},
		{"many thousands", []string{"1,234,567"}, []string{"1234567"}, ""},
		{"dots for thousands", []string{"1.234.567", "1.234"}, []string{"1234567", "1234"}, "decimal comma"},
		{"spaces for thousands", []string{"1 234,5", "1\u202f234,5", "2\u00a0000,5"}, []string{"1234.5", "1234.5", "2000.5"}, "decimal comma"},
		{"Swiss", []string{"1'234.50", "0.5"}, []string{"1234.5", "0.5"}, ""},
		{"dollars", []string{"$0.0021", "0.5 USD", "USD 2", "$1,200.5"}, []string{"0.0021", "0.5", "2", "1200.5"}, ""},
		{"three decimals of a program", []string{"1.234", "2.500"}, []string{"1.234", "2.5"}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tasks, report := readTasks(t, write(t, oneColumn("cost_usd", c.values...)), Options{})
			if len(tasks) != len(c.want) {
				t.Fatalf("%d tasks, %+v", len(tasks), report)
			}
			for i, want := range c.want {
				switch {
				case want == "" && tasks[i].Cost != nil, want != "" && tasks[i].Cost == nil:
					t.Errorf("%q is read as %v", c.values[i], tasks[i].Cost)
				case want == "":
				default:
					if dollars, err := audit.ParseUSD(want); err != nil || *tasks[i].Cost != dollars {
						t.Errorf("%q is read as %v, want %s", c.values[i], tasks[i].Cost, want)
					}
				}
			}
			if notes := strings.Join(report.Notes, "\n"); !strings.Contains(notes, c.note) || (c.note == "") != (notes == "") {
				t.Errorf("notes are %q, want %q", notes, c.note)
			}
		})
	}
}

func TestTokensHaveNoFractions(t *testing.T) {
	t.Parallel()
	for _, values := range [][]string{{"1.234", "310"}, {"1,234", "310"}, {"1234.0", "310.0"}, {"1 234", "310"}} {
		tasks, report := readTasks(t, write(t, oneColumn("input_tokens", values...)), Options{})
		if len(tasks) != 2 || *tasks[0].Tokens.Input != 1234 || *tasks[1].Tokens.Input != 310 {
			t.Errorf("%q is read as %+v, %+v", values, tasks, report)
		}
	}
}

func TestDatesAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		values []string
		want   string // of the first
		note   string
	}{
		{"ISO with an offset", []string{"2026-11-24T10:00:00+01:00"}, "2026-11-24T09:00:00Z", ""},
		{"German", []string{"24.11.2026 09:00", "03.04.2026 10:00"}, "2026-11-24T09:00:00Z", ""},
		{"German, all small", []string{"03.04.2026 09:00"}, "2026-04-03T09:00:00Z", ""},
		{"day first", []string{"03/04/2026", "24/11/2026"}, "2026-04-03T00:00:00Z", "read day first"},
		{"month first", []string{"03/04/2026 1:05 PM", "11/24/2026 9:00 AM"}, "2026-03-04T13:05:00Z", "read month first"},
		{"two digits of the year", []string{"3/4/26 13:05", "11/24/26 9:00"}, "2026-03-04T13:05:00Z", "read month first"},
		{"decided late", append(repeated("03/04/2026", 2500), "24/11/2026"), "2026-04-03T00:00:00Z", "read day first"},
		{"epoch in seconds", []string{"1793610000"}, "2026-11-02T09:00:00Z", ""},
		{"epoch in milliseconds", []string{"1793610000500"}, "2026-11-02T09:00:00.5Z", ""},
		{"epoch in microseconds", []string{"1793610000500000"}, "2026-11-02T09:00:00.5Z", ""},
		{"epoch in nanoseconds", []string{"1793610000500000000"}, "2026-11-02T09:00:00.5Z", ""},
		{"Excel's serials", []string{"46328.375", "46329"}, "2026-11-02T09:00:00Z", "Excel's dates"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tasks, report := readTasks(t, write(t, oneColumn("timestamp", c.values...)), Options{})
			if len(tasks) != len(c.values) || !tasks[0].Timestamp.Equal(at(c.want)) {
				t.Fatalf("%q: %d tasks, %v, %+v; want %s", c.values[0], len(tasks), tasks, report, c.want)
			}
			if notes := strings.Join(report.Notes, "\n"); !strings.Contains(notes, c.note) || (c.note == "") != (notes == "") {
				t.Errorf("notes are %q, want %q", notes, c.note)
			}
		})
	}
}

func repeated(text string, n int) (list []string) {
	for range n {
		list = append(list, text)
	}
	return list
}

func TestDurationsAreReadByTheirSizeOrAskedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []string
		want   int64
		note   string
	}{
		{[]string{"842", "1200", "30"}, 842, "milliseconds"},
		{[]string{"0.842", "1.5", "12"}, 842, "seconds"},
		{[]string{"0,842", "1,5"}, 842, "seconds"},
		{[]string{"0.842s", "2 s"}, 842, ""},
		{[]string{"00:00:02.950"}, 2950, ""},
		{[]string{"840 ms"}, 840, ""},
		{[]string{"1.840 ms", "0,5 ms"}, 1840, "decimal comma"},
	} {
		tasks, report := readTasks(t, write(t, oneColumn("latency", c.values...)), Options{})
		if len(tasks) != len(c.values) || *tasks[0].LatencyMS != c.want || !strings.Contains(strings.Join(report.Notes, "\n"), c.note) {
			t.Errorf("%q is read as %+v, %+v", c.values, tasks, report)
		}
	}
}

func TestTwoReadingsAreAskedFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text    string
		options Options
		want    string
	}{
		"dates":           {oneColumn("timestamp", "03/04/2026"), Options{}, `"03/04/2026" in the column "timestamp" can be read day first or month first; say which with --date-format`},
		"thousands":       {oneColumn("cost_usd", "1,234"), Options{}, `"1,234" in the column "cost_usd" can be read with a decimal comma or a decimal point; say which with --decimal`},
		"durations":       {oneColumn("latency", "30", "45"), Options{}, `have no unit; say it with --map latency_ms="latency"`},
		"bad date format": {oneColumn("timestamp", "x"), Options{DateFormat: "soon"}, `--date-format "soon" is not known`},
	} {
		_, err := ReadTasks(t.Context(), write(t, c.text), c.options, func(audit.Task) (Outcome, error) { return Imported, nil })
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrNoLog) {
			t.Errorf("%s: got %v, want it to say %q", name, err, c.want)
		}
	}
	tasks, _ := readTasks(t, write(t, oneColumn("cost_usd", "1,234")), Options{Decimal: "comma"})
	if *tasks[0].Cost != 1_234_000_000 {
		t.Errorf("with a decimal comma 1,234 is %v", tasks[0].Cost)
	}
	tasks, _ = readTasks(t, write(t, oneColumn("timestamp", "03/04/2026 09.30")), Options{DateFormat: "DD/MM/YYYY HH.mm"})
	if !tasks[0].Timestamp.Equal(at("2026-04-03T09:30:00Z")) {
		t.Errorf("by --date-format it is %v", tasks[0].Timestamp)
	}
	// A date that does not fit how the column is read is a bad row, and no other date.
	tasks, report := readTasks(t, write(t, oneColumn("timestamp", "24/11/2026", "25/11/2026", "11/24/2026")), Options{})
	if len(tasks) != 2 || report.Rejected != 1 || !strings.Contains(report.Reasons[0], `"11/24/2026" is no date day first, as the column is read`) {
		t.Errorf("%d tasks, %+v", len(tasks), report)
	}
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	euros := Rates{"EUR": big.NewRat(108, 100)}
	for name, c := range map[string]struct {
		text  string
		rates Rates
		want  *audit.NanoUSD
		warn  string
	}{
		"sign":               {oneColumn("cost", "€0.50"), euros, nano(540_000_000), ""},
		"sign after":         {oneColumn("cost", "0,50 €"), euros, nano(540_000_000), ""},
		"code":               {oneColumn("cost", "EUR 0.50"), euros, nano(540_000_000), ""},
		"header":             {oneColumn("cost_eur", "0.50"), euros, nano(540_000_000), ""},
		"header with a sign": {oneColumn("Cost (€)", "0.50"), euros, nano(540_000_000), ""},
		"column":             {"prompt,cost,currency\na,0.50,eur\n", euros, nano(540_000_000), ""},
		"dollar column":      {"prompt,cost,currency\na,0.50,USD\n", nil, nano(500_000_000), ""},
		"no rate":            {oneColumn("cost", "€0.50"), nil, nil, "1 costs in EUR are left out, since no rate is known; say what one is worth with --rate EUR=DOLLARS"},
		"another rate":       {oneColumn("cost", "£0.50"), euros, nil, "--rate GBP=DOLLARS"},
	} {
		tasks, report := readTasks(t, write(t, c.text), Options{Rates: c.rates})
		if len(tasks) != 1 || (tasks[0].Cost == nil) != (c.want == nil) || (c.want != nil && *tasks[0].Cost != *c.want) {
			t.Errorf("%s: %+v, %+v", name, tasks, report)
		}
		if warned := strings.Join(report.Warnings, "\n"); !strings.Contains(warned, c.warn) || (c.warn == "") != (warned == "") {
			t.Errorf("%s: warnings are %q, want %q", name, warned, c.warn)
		}
	}
	for _, text := range []string{"EUR", "EUR=", "EUR=-1", "EUR=0", "euro=1", "EUR=x", "=1"} {
		if currency, rate, err := ParseRate(text); err == nil {
			t.Errorf("ParseRate(%q) = %s, %v; want an error", text, currency, rate)
		}
	}
}

func TestWorkbooksOfPeople(t *testing.T) {
	t.Parallel()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	book := excelize.NewFile()
	must(book.SetSheetRow("Sheet1", "A1", &[]any{"Instructions", "prompt", "of this workbook"}))
	_, err := book.NewSheet("Daten")
	must(err)
	date, err := book.NewStyle(&excelize.Style{NumFmt: 14})
	must(err)
	duration, err := book.NewStyle(&excelize.Style{CustomNumFmt: new("hh:mm:ss.000")})
	must(err)
	must(book.SetSheetRow("Daten", "B2", &[]any{"Our log"}))
	must(book.SetSheetRow("Daten", "B4", &[]any{"Prompt", "Date", "Latency", "Cost (€)", "Input tokens"}))
	must(book.SetSheetRow("Daten", "B5", &[]any{"first", 46328, 2.95 / 86400, 0.5, 1234}))
	must(book.SetSheetRow("Daten", "B7", &[]any{"second", 46329.5, 60.0 / 86400, nil, nil}))
	must(book.SetCellFormula("Daten", "F7", "SUM(1,2)"))
	must(book.SetCellStyle("Daten", "C5", "C7", date))
	must(book.SetCellStyle("Daten", "D5", "D7", duration))
	_, err = book.NewSheet("December")
	must(err)
	must(book.SetSheetRow("December", "B1", &[]any{"Prompt", "Date", "Latency", "Cost (€)", "Input tokens"}))
	must(book.SetSheetRow("December", "B2", &[]any{"third", 46360, 0, 1, 2}))
	path := filepath.Join(t.TempDir(), "log.xlsx")
	must(book.SaveAs(path))
	tasks, report := readTasks(t, path, Options{Rates: Rates{"EUR": big.NewRat(2, 1)}})
	if len(tasks) != 3 || tasks[2].Prompt != "third" || report.Rejected > 0 {
		t.Fatalf("%d tasks, %+v", len(tasks), report)
	}
	first, second := tasks[0], tasks[1]
	if first.Prompt != "first" || !first.Timestamp.Equal(at("2026-11-02T00:00:00Z")) || *first.LatencyMS != 2950 || *first.Cost != audit.USD || *first.Tokens.Input != 1234 || first.Origin.Line != 5 {
		t.Errorf("first row: %+v", first)
	}
	if second.Prompt != "second" || !second.Timestamp.Equal(at("2026-11-03T12:00:00Z")) || *second.LatencyMS != 60_000 || second.Cost != nil || second.Origin.Line != 7 {
		t.Errorf("second row: %+v", second)
	}
	notes := strings.Join(report.Notes, "\n")
	for _, want := range []string{`the log is the sheet "Daten" and "December"; not read: "Sheet1"`, "the header is row 4", "Excel's dates", "taken as EUR"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes are %q, want %q", notes, want)
		}
	}
}

func TestDecisionsDoNotLastBeyondTheirColumn(t *testing.T) {
	t.Parallel()
	tasks, report := readTasks(t, write(t, "prompt;cost_usd;latency_ms\na;0,5;1.500\nb;0,25;900\n"), Options{})
	if len(tasks) != 2 || *tasks[0].Cost != audit.USD/2 || *tasks[0].LatencyMS != 1500 {
		t.Errorf("%+v, %+v; the file's decimal comma makes 1.500 a thousand", tasks, report)
	}
	if time.Duration(*tasks[1].LatencyMS) != 900 {
		t.Errorf("%+v", tasks[1])
	}
}
