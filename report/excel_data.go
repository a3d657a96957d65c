package report

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"modeltrial/audit"
	"modeltrial/eval"
)

// excerptLength is how much of an answer a data sheet shows.
const excerptLength = 200

// excerptWidth is that of its column.
const excerptWidth = 80

// dataHeader is the row of a data sheet's header, beneath its title, what it
// shows and the provenance notice.
const dataHeader = 4

// A stream writes a data sheet row by row, so that memory does not grow with it.
type stream struct {
	*book
	name    string
	writer  *excelize.StreamWriter
	columns []field
	row     int
	left    int // rows that a sheet could not hold
}

func (b *book) stream(name, answer string, columns []field) *stream {
	b.layout(name)
	s := &stream{book: b, name: name, columns: columns}
	writer, err := b.file.NewStreamWriter(name)
	if err != nil {
		b.keep(err)
		return nil
	}
	s.writer = writer
	for i, column := range columns {
		b.keep(writer.SetColWidth(i+1, i+1, column.width))
	}
	b.keep(writer.SetPanes(&excelize.Panes{Freeze: true, YSplit: dataHeader, TopLeftCell: at(1, dataHeader+1), ActivePane: "bottomLeft"}))
	s.plain(name, look{role: roleTitle}, 26)
	s.plain(answer, look{}, 16)
	notice := provenance(b.in.Analysis.Provenance)
	s.plain(sentence(notice), look{role: roleSection}, 16)
	header := make([]any, len(columns))
	for i, column := range columns {
		header[i] = excelize.Cell{StyleID: b.look(look{column.format, roleHeader}), Value: column.title}
	}
	s.row++
	b.keep(writer.SetRow(at(1, s.row), header, excelize.RowOpts{Height: 34}))
	return s
}

func (s *stream) plain(text string, l look, height float64) {
	s.row++
	s.keep(s.writer.SetRow(at(1, s.row), []any{excelize.Cell{StyleID: s.look(l), Value: cellText(text)}}, excelize.RowOpts{Height: height}))
}

// add writes one row; what a sheet cannot hold is counted and said.
func (s *stream) add(values []any) error {
	if s.row >= excelize.TotalRows-2 {
		s.left++
		return nil
	}
	s.row++
	cells := make([]any, len(values))
	for i, value := range values {
		switch v := value.(type) {
		case nil:
			continue
		case string:
			value = cellText(v)
		case *int64:
			if v == nil {
				continue
			}
			value = *v
		case *float64:
			if v == nil {
				continue
			}
			value = *v
		case *audit.NanoUSD:
			if v == nil {
				continue
			}
			value = v.Dollars()
		case time.Time:
			if v.IsZero() {
				continue
			}
			value = v.UTC()
		}
		cells[i] = excelize.Cell{StyleID: s.look(look{format: s.columns[i].format}), Value: value}
	}
	return s.writer.SetRow(at(1, s.row), cells)
}

// close ends the sheet: as a table where it has rows, else with the reason why
// not.
func (s *stream) close(table, why string) {
	if s.row > dataHeader {
		stripes := false
		s.keep(s.writer.AddTable(&excelize.Table{
			Range: at(1, dataHeader) + ":" + at(len(s.columns), s.row), Name: table, StyleName: "TableStyleLight1", ShowRowStripes: &stripes,
		}))
	} else {
		s.plain(sentence(why), look{role: roleNotice}, 16)
	}
	if s.left > 0 {
		s.plain(fmt.Sprintf("%s more rows do not fit on a sheet.", Count(s.left)), look{role: roleNotice}, 16)
	}
	printed := len(s.columns)
	if last := s.columns[printed-1]; last.width >= excerptWidth {
		printed-- // text as long as this would make all others too small to read
	}
	s.uses(s.name, printed, s.row)
	s.keep(s.writer.Flush())
}

func (b *book) taskData(ctx context.Context) {
	s := b.stream(sheetTasks, "Every audited task, without its text.", []field{
		{"Task", 24, formatText},
		{"Time", 17, formatTime},
		{"Team", 16, formatBeside},
		{"Model", 24, formatText},
		{"Provider", 14, formatText},
		{"Category", 14, formatText},
		{"Category by", 12, formatText},
		{"Probability", 13, formatNumber},
		{"Input tokens", 12, formatCount},
		{"Output tokens", 12, formatCount},
		{"Cost", 17, formatMoneyFine},
		{"Latency ms", 12, formatCount},
	})
	if s == nil {
		return
	}
	if b.in.Tasks != nil {
		b.keep(b.in.Tasks(func(t audit.Task) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return s.add([]any{
				t.ID, t.Timestamp, t.Team, t.Model, t.Provider, string(t.Category), string(t.CategorySource), t.Probability,
				t.Tokens.Input, t.Tokens.Output, t.Cost, t.LatencyMS,
			})
		}))
	}
	s.close("DataTasks", "no task has been imported yet")
}

func (b *book) responseData(ctx context.Context) {
	s := b.stream(sheetResponses, "Every answer of an arm, with the beginning of its text.", []field{
		{"Task", 24, formatText},
		{"Arm", b.armWidth(20), formatText},
		{"Week", 8, formatCount},
		{"Model as served", 24, formatBeside},
		{"Fingerprint", 18, formatBeside},
		{"Origin", 12, formatText},
		{"Input tokens", 12, formatCount},
		{"Cached tokens", 12, formatCount},
		{"Written to cache", 12, formatCount},
		{"Output tokens", 12, formatCount},
		{"Reasoning tokens", 12, formatCount},
		{"Cost", 17, formatMoneyFine},
		{"First token ms", 12, formatCount},
		{"Latency ms", 12, formatCount},
		{"Finished", 14, formatBeside},
		{"Answer, beginning", excerptWidth, formatText},
	})
	if s == nil {
		return
	}
	if b.in.Responses != nil {
		b.keep(b.in.Responses(func(r eval.Response) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return s.add([]any{
				r.TaskID, r.Arm, int64(r.Week), r.ModelServed, r.Fingerprint, originText(r.Origin), r.Tokens.Input, r.Tokens.Cached, r.Tokens.CacheWrite, r.Tokens.Output, r.Tokens.Reasoning, r.Cost, r.TTFTMS, r.LatencyMS,
				r.FinishReason, excerpt(r.Text),
			})
		}))
	}
	s.close("DataResponses", "no arm has answered yet")
}

// originText calls imported what the database calls recorded.
func originText(origin eval.ResponseOrigin) string {
	if origin == eval.Recorded {
		return "imported"
	}
	return string(origin)
}

func (b *book) ratingData(ctx context.Context) {
	s := b.stream(sheetRatings, "Every rating. Score is the share of the win that goes to arm B.", []field{
		{"Task", 24, formatText},
		{"Category", 14, formatText},
		{"Week", 8, formatCount},
		{"Arm A", b.armWidth(20), formatBeside},
		{"Arm B", b.armWidth(20), formatText},
		{"Rater", widthFor(20, raterNames(b.in.Analysis)), formatText},
		{"Kind", 10, formatText},
		{"Simulated", 11, formatText},
		{"Verdict", 10, formatText},
		{"Score", 8, formatNumber},
		{"Shown first", 11, formatBeside},
		{"Seconds", 10, formatNumber},
		{"Rated", 17, formatTime},
		{"Note", 50, formatBeside},
		{"Tags", 24, formatText},
		{"Grades", 40, formatText},
	})
	if s == nil {
		return
	}
	if b.in.Ratings != nil {
		b.keep(b.in.Ratings(func(r eval.Rating) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			grades := make([]string, len(r.Grades))
			for i, g := range r.Grades {
				grades[i] = fmt.Sprintf("%s %s: %d", strings.ToUpper(string(g.Side)), g.Criterion, g.Points)
			}
			return s.add([]any{
				r.TaskID, string(r.Category), int64(r.Week), r.ArmA, r.ArmB, r.Rater, string(r.Kind), yesNo(r.Simulated), string(r.Verdict), r.Score,
				string(r.First), r.Seconds, r.RatedAt, r.Note,
				strings.Join(r.Tags, "; "), strings.Join(grades, "; "),
			})
		}))
	}
	s.close("DataRatings", "nothing has been rated yet")
}

// excerpt is the beginning of a text in one line.
func excerpt(text string) string {
	const enough = excerptLength * utf8.UTFMax * 2
	if len(text) > enough {
		text = text[:enough]
	}
	runes := []rune(line(text))
	if len(runes) <= excerptLength {
		return string(runes)
	}
	return string(runes[:excerptLength-1]) + "…"
}
