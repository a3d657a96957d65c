package exchange

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

// CountRatings counts how the comparisons of a ratings file ended, with the rules of
// [ReadRatings]. A file without quotes and faults, which it reads on all cores without
// making single ratings of it, takes a small part of the time; any other it reads as
// ReadRatings does, rejects included. Weeks after throughWeek are left out; 0 takes all.
// The report has the file's SHA256 only where rows were read one by one.
func CountRatings(ctx context.Context, path string, options RatingsOptions, throughWeek int) (eval.ComparisonCounts, FileReport, error) {
	options, err := options.withDefaults()
	if err != nil {
		return eval.ComparisonCounts{}, FileReport{}, err
	}
	counts, report, err := countPlain(ctx, path, options, throughWeek)
	if !errors.Is(err, ingest.ErrNotPlain) {
		return counts, report, err
	}
	return countOneByOne(ctx, path, options, throughWeek)
}

// countOneByOne counts the ratings of any file.
func countOneByOne(ctx context.Context, path string, options RatingsOptions, throughWeek int) (eval.ComparisonCounts, FileReport, error) {
	counter := newCounter()
	part := counter.part(0)
	report, err := ReadRatings(ctx, path, options, func(rating eval.Rating) (ingest.Outcome, error) {
		if throughWeek > 0 && rating.Week > throughWeek {
			return ingest.Filtered, nil
		}
		kind, err := kindNumber(rating.Kind)
		if err != nil {
			return ingest.Imported, err
		}
		if rating.Cluster != "" {
			counter.clustered.Store(true)
		}
		return ingest.Imported, part.add(countedRating{
			task: []byte(rating.TaskID), rater: []byte(rating.Rater), armA: []byte(rating.ArmA), armB: []byte(rating.ArmB),
			category: []byte(rating.Category), kind: kind, first: rating.First, score: endingOf(rating.Score), simulated: rating.Simulated,
		})
	})
	if err != nil {
		return eval.ComparisonCounts{}, report, err
	}
	part.done()
	return counter.sum(), report, nil
}

func countPlain(ctx context.Context, path string, options RatingsOptions, throughWeek int) (eval.ComparisonCounts, FileReport, error) {
	counter := newCounter()
	report := FileReport{FileReport: ingest.FileReport{File: path, Format: ingest.CSV}}
	file := ingest.File{
		Path: path, Fields: ratingFields, OneOf: []string{"preference", "score"},
		Map: options.Map, Progress: options.Progress,
	}
	err := ingest.ReadPlain(ctx, file, func(part ingest.Part) error {
		reader := newPlainReader(part.Columns, options, counter.part(part.Number))
		rows, filtered := 0, 0
		for row := range part.Rows {
			rows++
			rating, outcome := reader.read(row)
			switch {
			case outcome == unreadable:
				return ingest.ErrNotPlain
			case outcome == ofOthers, throughWeek > 0 && reader.week > throughWeek:
				filtered++
			default:
				if err := reader.part.add(rating); err != nil {
					return err
				}
			}
		}
		reader.part.done()
		if reader.clustered {
			counter.clustered.Store(true)
		}
		counter.mutex.Lock()
		defer counter.mutex.Unlock()
		report.Rows += rows
		report.Filtered += filtered
		return nil
	})
	if err != nil {
		return eval.ComparisonCounts{}, report, err
	}
	report.Imported = report.Rows - report.Filtered
	return counter.sum(), report, nil
}

// A plainReader reads the ratings of one part of a file from cells. What a cell means it
// asks the functions that [ReadRatings] uses, and remembers the answers for the few
// texts that come again and again.
type plainReader struct {
	options RatingsOptions
	part    *countedPart

	task, armA, armB, rater, kind, preference, score, first int // columns, −1 for none
	week_, ratedAt, category, seconds, cluster, simulated_  int

	week      int  // of the row that was read last
	clustered bool // a row says its cluster

	kinds  memory[raterKindNumber]
	weeks  memory[int]
	scores memory[ending]
}

// A plainOutcome says what became of a row.
type plainOutcome int

const (
	readable plainOutcome = iota
	ofOthers              // by a rater who was not asked for
	unreadable
)

func newPlainReader(columns map[string]int, options RatingsOptions, part *countedPart) *plainReader {
	column := func(field string) int {
		if at, ok := columns[field]; ok {
			return at
		}
		return -1
	}
	return &plainReader{
		options: options, part: part,
		task: column("task_id"), armA: column("arm_a"), armB: column("arm_b"), rater: column("rater"), kind: column("kind"),
		preference: column("preference"), score: column("score"), first: column("first"), week_: column("week"),
		ratedAt: column("rated_at"), category: column("category"), seconds: column("seconds"), cluster: column("cluster"),
		simulated_: column("simulated"),
	}
}

// cell is a row's cell, empty where there is no such column.
func cell(row [][]byte, column int) []byte {
	if column < 0 {
		return nil
	}
	return row[column]
}

// read gives a row's rating; its texts are valid as long as the row is.
func (p *plainReader) read(row [][]byte) (rating countedRating, outcome plainOutcome) {
	rating.rater = bytes.TrimSpace(row[p.rater])
	if len(p.options.Raters) > 0 && !slices.ContainsFunc(p.options.Raters, func(name string) bool { return name == string(rating.rater) }) {
		return rating, ofOthers
	}
	rating.task = bytes.TrimSpace(row[p.task])
	rating.armA, rating.armB = bytes.TrimSpace(row[p.armA]), bytes.TrimSpace(row[p.armB])
	rating.category = bytes.TrimSpace(cell(row, p.category))
	if len(rating.task) == 0 || len(rating.armA) == 0 || len(rating.armB) == 0 || len(rating.rater) == 0 || bytes.Equal(rating.armA, rating.armB) {
		return rating, unreadable
	}
	kind, ok1 := p.kinds.of(cell(row, p.kind), p.kindOf)
	week, ok2 := p.weeks.of(cell(row, p.week_), func(text string) (int, bool) {
		week, err := parseWeek(text)
		return week, err == nil
	})
	rating.kind, p.week = kind, week
	if !ok1 || !ok2 || !p.presentation(row, &rating) || !p.outcome(row, &rating) {
		return rating, unreadable
	}
	p.clustered = p.clustered || len(bytes.TrimSpace(cell(row, p.cluster))) > 0
	return rating, readable
}

// A memory holds what texts mean that come again and again.
type memory[V any] struct {
	last  []byte // the text that was asked for last
	value V      // what it means
	all   map[string]V
}

// mostRemembered bounds a memory where texts differ.
const mostRemembered = 4096

// of gives what read makes of a text, which it asks only once. What cannot be read is
// not remembered.
func (m *memory[V]) of(text []byte, read func(text string) (V, bool)) (value V, ok bool) {
	if m.all != nil && bytes.Equal(text, m.last) {
		return m.value, true
	}
	if value, ok = m.all[string(text)]; !ok {
		if value, ok = read(string(text)); !ok {
			return value, false
		}
		if m.all == nil {
			m.all = map[string]V{}
		}
		if len(m.all) < mostRemembered {
			m.all[string(text)] = value
		}
	}
	m.last, m.value = append(m.last[:0], text...), value
	return value, true
}

func (p *plainReader) kindOf(text string) (raterKindNumber, bool) {
	kind := p.options.Kind
	if text != "" {
		var ok bool
		if kind, ok = raterKind(text); !ok {
			return 0, false
		}
	}
	number, err := kindNumber(kind)
	return number, err == nil
}

// presentation reads what tells how and when a rating was given.
func (p *plainReader) presentation(row [][]byte, rating *countedRating) (ok bool) {
	if text := cell(row, p.first); len(text) > 0 {
		if rating.first, ok = parseSide(string(text)); !ok {
			return false
		}
	}
	if text := cell(row, p.ratedAt); len(text) > 0 && !isUTC(text) {
		if _, err := ingest.ParseTime(string(text)); err != nil {
			return false
		}
	}
	if text := cell(row, p.seconds); len(text) > 0 && !isDecimal(text) {
		if _, err := parseSeconds(string(text)); err != nil {
			return false
		}
	}
	if text := cell(row, p.simulated_); len(text) > 0 {
		if rating.simulated, ok = parseBool(string(text)); !ok {
			return false
		}
	}
	return true
}

// outcome reads the score, or else the preference, as readOutcome does.
func (p *plainReader) outcome(row [][]byte, rating *countedRating) (ok bool) {
	if text := cell(row, p.score); len(text) > 0 {
		rating.score, ok = p.scores.of(text, func(text string) (ending, bool) {
			score, inside, err := parseScore(text, p.options.ScoreRange)
			return endingOf(score), inside && err == nil
		})
		return ok
	}
	switch text := cell(row, p.preference); string(text) {
	case string(eval.PrefersA):
		rating.score = lowWins
	case string(eval.PrefersB):
		rating.score = highWins
	case string(eval.Tie):
		rating.score = tied
	default:
		verdict, known := preference(string(text), string(rating.armA), string(rating.armB))
		if !known {
			return false
		}
		score, _ := verdict.Score() // known
		rating.score = endingOf(score)
	}
	return true
}

// isUTC recognises the times that files hold most, such as 2026-11-02T09:00:00Z, on a
// day that every month has; of other texts it says nothing.
func isUTC(text []byte) bool {
	const form = "2000-00-00T00:00:00Z"
	if len(text) != len(form) {
		return false
	}
	for i, c := range text {
		if form[i] == '0' || form[i] == '2' {
			if c < '0' || c > '9' {
				return false
			}
		} else if c != form[i] {
			return false
		}
	}
	two := func(at int) int { return int(text[at]-'0')*10 + int(text[at+1]-'0') }
	month, day := two(5), two(8)
	return two(0) == 20 && month >= 1 && month <= 12 && day >= 1 && day <= 28 && two(11) < 24 && two(14) < 60 && two(17) < 60
}

// isDecimal recognises numbers such as 12 and 12.5; of other texts it says nothing.
func isDecimal(text []byte) bool {
	if len(text) > 15 || text[0] == '.' {
		return false
	}
	points := 0
	for _, c := range text {
		if c == '.' {
			points++
		} else if c < '0' || c > '9' {
			return false
		}
	}
	return points <= 1
}
