package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"modeltrial/eval"
)

var routeColumns = []string{
	"category", "arm", "model", "replaces_model", "stays_on", "control", "candidate", "decision", "reason", "source", "tasks", "raters",
	"win_rate", "win_rate_low", "win_rate_high", "win_rate_always_valid_low", "win_rate_always_valid_high",
	"cost_ratio", "cost_ratio_low", "cost_ratio_high", "latency_ratio", "latency_ratio_low", "latency_ratio_high",
	"monthly_tasks", "monthly_cost_now_usd", "monthly_cost_then_usd",
	"monthly_saving_usd", "monthly_saving_low_usd", "monthly_saving_high_usd",
	"decided_at", "protocol_sha256", "price_table_date",
	"steps", "valid_until", "rater_agreement_alpha", "rater_agreement_alpha_low", "rater_agreement_alpha_high",
	"monthly_saving_with_routing_errors_usd", "monthly_saving_with_routing_errors_low_usd", "monthly_saving_with_routing_errors_high_usd",
}

// exportCSV writes one line per route in full precision; unknown is empty.
func exportCSV(w io.Writer, table eval.RoutingTable) error {
	writer := csv.NewWriter(w)
	if err := writer.Write(routeColumns); err != nil {
		return err
	}
	for _, r := range table.Routes {
		row := []string{
			cell(string(r.Category)), cell(r.Arm), cell(r.Model), cell(r.ReplacesModel), cell(strings.Join(r.StaysOn, "; ")), cell(r.Control), cell(r.Candidate),
			cell(string(r.Decision)), cell(r.Reason), cell(string(r.Source)), strconv.Itoa(r.Tasks), strconv.Itoa(r.Raters),
		}
		row = append(row, estimateCells(r.WinRate)...)
		row = append(row, estimateCells(r.WinRateValid)[1:]...)
		row = append(row, estimateCells(r.CostRatio)...)
		row = append(row, estimateCells(r.LatencyRatio)...)
		row = append(row, optionalNumber(r.MonthlyTasks), optionalNumber(r.MonthlyCostNow), optionalNumber(r.MonthlyCostThen))
		row = append(row, estimateCells(r.MonthlySaving)...)
		row = append(row, r.DecidedAt.UTC().Format(time.RFC3339), cell(table.ProtocolSHA256), cell(string(table.PriceTableDate)))
		valid := ""
		if r.ValidUntil != nil {
			valid = day(*r.ValidUntil)
		}
		row = append(row, cell(strings.Join(r.Steps, "; ")), valid)
		row = append(row, estimateCells(r.Evidence.Alpha)...)
		row = append(row, estimateCells(r.SavingWithErrors)...)
		if err := writer.Write(row); err != nil {
			return err
		}
	}
	writer.Flush()
	return writer.Error()
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func optionalNumber(x *float64) string {
	if x == nil {
		return ""
	}
	return number(*x)
}

func estimateCells(i *eval.Interval) []string {
	if i == nil {
		return []string{"", "", ""}
	}
	return []string{number(i.Estimate), number(i.Low), number(i.High)}
}

// cell keeps a spreadsheet from reading text as a formula, by the apostrophe
// that spreadsheets take for "text follows".
func cell(text string) string {
	text = lines(text)
	if text != "" && strings.ContainsRune("=+-@\t", rune(text[0])) {
		return "'" + text
	}
	return text
}
