package exchange

import (
	"context"
	"strings"

	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

var responseFields = append([]ingest.Field{
	{Name: "task_id", Synonyms: []string{"id", "task", "request_id", "question_id"}, Required: true},
	{Name: "arm", Synonyms: []string{"model", "model_name", "arm_name", "generator"}, Required: true},
	{Name: "response", Synonyms: []string{"answer", "output", "completion", "response_text", "model_response", "generation"}, Required: true},
	{Name: "week", Synonyms: []string{"batch", "pilot_week"}},
	{Name: "model_served", Synonyms: []string{"served_model"}},
	{Name: "finish_reason", Synonyms: []string{"stop_reason"}},
	{Name: "simulated", Synonyms: []string{"is_simulated"}},
}, ingest.MeasureFields...)

// ResponsesOptions say how a responses file is read.
type ResponsesOptions struct {
	Map      map[string]string // field to column, before what is recognised
	Progress func(bytesRead int64)
}

// ReadResponses gives each response of a CSV or JSON Lines file to emit, which says
// whether it was new. An empty answer is an answer. Rows that cannot be read, and
// those for which emit returns an [*audit.RowError], whose place is filled in, go
// to FILE.rejects.csv; any other error ends the reading.
func ReadResponses(ctx context.Context, path string, options ResponsesOptions, emit func(eval.Response) (ingest.Outcome, error)) (FileReport, error) {
	file := ingest.File{Path: path, Fields: responseFields, Map: options.Map, Progress: options.Progress}
	known := texts{}
	read, err := ingest.ReadFile(ctx, file, func(row ingest.Row) (ingest.Outcome, error) {
		response, err := readResponse(&row)
		if err != nil {
			return ingest.Imported, err
		}
		response.TaskID, response.Arm = known.of(response.TaskID), known.of(response.Arm)
		return emit(response)
	})
	return FileReport{FileReport: read}, err
}

func readResponse(row *ingest.Row) (response eval.Response, err error) {
	response.Text = row.Get("response")
	response.ModelServed = strings.TrimSpace(row.Get("model_served"))
	response.FinishReason = strings.TrimSpace(row.Get("finish_reason"))
	response.Origin = eval.Recorded
	if response.TaskID, err = key(row, "task_id"); err != nil {
		return response, err
	}
	if response.Arm, err = key(row, "arm"); err != nil {
		return response, err
	}
	if response.Week, err = readWeek(row); err != nil {
		return response, err
	}
	simulated, err := readBool(row, "simulated")
	if err != nil {
		return response, err
	}
	if simulated {
		response.Origin = eval.Simulated
	}
	measured, err := ingest.ReadMeasured(row)
	response.Tokens, response.Cost = measured.Tokens, measured.Cost
	response.LatencyMS, response.TTFTMS = measured.LatencyMS, measured.TTFTMS
	return response, err
}
