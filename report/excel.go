package report

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/xuri/excelize/v2"

	"modeltrial/eval"
)

// The workbook's sheets, in order. No name holds a character that Excel forbids
// or has more than 31.
const (
	sheetSummary   = "Summary"
	sheetRouting   = "Routing table"
	sheetReturn    = "Return on investment"
	sheetErrors    = "Routing errors"
	sheetReplay    = "Replay"
	sheetUseCases  = "Use cases"
	sheetOthers    = "Other analyses"
	sheetWeeks     = "Weeks"
	sheetAnswers   = "Answers and checks"
	sheetRanking   = "Ranking"
	sheetRaters    = "Raters and judges"
	sheetWorkload  = "Workload"
	sheetPrices    = "Prices"
	sheetMethod    = "Method"
	sheetBlinding  = "Blinding"
	sheetProtocol  = "Protocol and deviations"
	sheetTasks     = "Data tasks"
	sheetResponses = "Data responses"
	sheetRatings   = "Data ratings"
)

// sheetsOf lists the sheets of a workbook: those above, with one for each use case.
func sheetsOf(a eval.Analysis) []string {
	return slices.Concat(
		[]string{sheetSummary, sheetRouting, sheetReturn, sheetErrors, sheetReplay, sheetUseCases}, useCaseSheets(a.Comparisons),
		[]string{
			sheetOthers, sheetWeeks, sheetAnswers, sheetRanking, sheetRaters, sheetBlinding,
			sheetWorkload, sheetPrices, sheetMethod, sheetProtocol, sheetTasks, sheetResponses, sheetRatings,
		})
}

// Workbook writes the Excel workbook to path, replacing what is there whole or
// not at all. Assumptions are cells and results are formulas; text from outside
// is always stored as text. It stops with ctx's error when ctx ends.
func Workbook(ctx context.Context, path string, in Input) error {
	book, err := newBook(in)
	if err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	defer func() { _ = book.file.Close() }() // removes only temporary files
	if err := book.build(ctx); err != nil {
		return fmt.Errorf("workbook: %w", err)
	}
	return ReplaceFile(path, func(w io.Writer) error {
		_, err := book.file.WriteTo(w)
		return err
	})
}

// A book is a workbook while it is made. The first error stays and ends the
// building; cell writers need not check each.
type book struct {
	in     Input
	file   *excelize.File
	styles map[look]int
	sheets []string // by their names, in order
	charts int
	// used is how many columns and rows of each sheet are written.
	used map[string]extent
	err  error
	// useCaseRows and spendRows are where charts on other sheets find their data.
	useCaseRows, spendRows rowRange
	// inputsFrom is the first row of the return sheet's inputs by category.
	inputsFrom int
	// editingFrom is the first row of its table of editing time and margin.
	editingFrom int
	// formulas lists the cells that hold one, so that their results are stored
	// beside them for readers that do not calculate.
	formulas []cellAt
}

// A rowRange is the first and the last row of a table's data; last is before
// first where there is none.
type rowRange struct{ first, last int }

type cellAt struct{ sheet, cell string }

type extent struct{ columns, rows int }

func newBook(in Input) (*book, error) {
	in.Analysis = told(in.Analysis)
	b := &book{in: in, file: excelize.NewFile(), styles: map[look]int{}, sheets: sheetsOf(in.Analysis), used: map[string]extent{}}
	if err := b.file.SetSheetName("Sheet1", b.sheets[0]); err != nil {
		return nil, err
	}
	for _, name := range b.sheets[1:] {
		if _, err := b.file.NewSheet(name); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *book) build(ctx context.Context) error {
	steps := []func(){
		b.returnSheet, b.routingErrorsSheet, b.routingSheet, b.replaySheet, b.useCaseSheet, b.eachUseCaseSheet, b.othersSheet, b.weeksSheet, b.answersSheet, b.rankingSheet, b.ratersSheet, b.blindingSheet,
		b.workloadSheet, b.pricesSheet, b.methodSheet, b.protocolSheet, b.summarySheet,
		func() { b.taskData(ctx) }, func() { b.responseData(ctx) }, func() { b.ratingData(ctx) },
	}
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		step()
		if b.err != nil {
			return b.err
		}
	}
	b.printAreas()
	b.properties()
	b.storeResults()
	return b.err
}

func (b *book) keep(err error) {
	if b.err == nil && err != nil {
		b.err = err
	}
}

func (b *book) properties() {
	created := ""
	if !b.in.GeneratedAt.IsZero() {
		created = b.in.GeneratedAt.UTC().Format(time.RFC3339)
	}
	b.keep(b.file.SetDocProps(&excelize.DocProperties{
		Title:       cellText("Model routing: " + b.in.Routing.Pilot),
		Subject:     "Routing decisions, evidence and return on investment",
		Creator:     "modeltrial",
		Description: cellText("Protocol " + b.in.Routing.ProtocolSHA256),
		Created:     created,
		Modified:    created,
		Language:    "en",
	}))
	full := true
	b.keep(b.file.SetCalcProps(&excelize.CalcPropsOptions{FullCalcOnLoad: &full}))
	b.file.SetActiveSheet(0)
}
