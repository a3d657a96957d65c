package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readRatings(t testing.TB, path string, options RatingsOptions) ([]eval.Rating, FileReport) {
	t.Helper()
	var ratings []eval.Rating
	report, err := ReadRatings(t.Context(), path, options, func(rating eval.Rating) (ingest.Outcome, error) {
		ratings = append(ratings, rating)
		return ingest.Imported, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ratings, report
}

func TestReadRatingsReadsEveryField(t *testing.T) {
	t.Parallel()
	path := write(t, "task_id,model_a,model_b,rater,kind,preference,score,first,week,rated_at,category,seconds,cluster,note,simulated,tags,grades\n"+
		"t1,now,next,ann,Judge,a,0.75,B,2,2026-11-02T09:00:00Z,coding,12.5,c1,'=fine,true,wrong; too long;wrong,\"{\"\"Is it right?\"\":{\"\"b\"\":4,\"\"a\"\":2}}\"\n")
	var got []eval.Rating
	report, err := ReadRatings(t.Context(), path, RatingsOptions{}, func(rating eval.Rating) (ingest.Outcome, error) {
		got = append(got, rating)
		return ingest.Imported, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []eval.Rating{{
		TaskID: "t1", Category: audit.Coding, Cluster: "c1", Week: 2, ArmA: "now", ArmB: "next", Rater: "ann", Kind: eval.Judge, Simulated: true,
		Verdict: eval.PrefersB, Score: 0.75, First: eval.SideB, Seconds: new(12.5),
		RatedAt: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), Note: "=fine", Tags: []string{"too long", "wrong"},
		Grades: []eval.Grade{{Criterion: "Is it right?", Side: eval.SideA, Points: 2}, {Criterion: "Is it right?", Side: eval.SideB, Points: 4}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ratings (-want +got):\n%s", diff)
	}
	if report.Imported != 1 || report.Mapped["arm_a"] != "model_a" {
		t.Errorf("report %+v", report)
	}
}

func TestReadRatingsVerdicts(t *testing.T) {
	t.Parallel()
	cases := []struct {
		preference, score string
		verdict           eval.Verdict
		want              float64
	}{
		{"a", "", eval.PrefersA, 0},
		{"B", "", eval.PrefersB, 1},
		{"1", "", eval.PrefersA, 0},
		{"2", "", eval.PrefersB, 1},
		{"model_b", "", eval.PrefersB, 1},
		{"next", "", eval.PrefersB, 1},
		{"tie", "", eval.Tie, 0.5},
		{"both_bad", "", eval.BothBad, 0.5},
		{"much_a", "", eval.MuchPrefersA, 0},
		{"B>>A", "", eval.MuchPrefersB, 1},
		{"A<<B", "0.9", eval.MuchPrefersB, 0.9},
		{"much_a", "0.9", eval.PrefersB, 0.9},
		{"Both bad", "", eval.BothBad, 0.5},
		{"", "0", eval.PrefersA, 0},
		{"", "1", eval.PrefersB, 1},
		{"", "0.5", eval.Tie, 0.5},
		{"", "0.500000000001", eval.PrefersB, 0.500000000001},
		{"a", "0.8", eval.PrefersB, 0.8}, // the score counts
		{"both_bad", "0.5", eval.BothBad, 0.5},
		{"both_bad", "0.2", eval.PrefersA, 0.2},
		{"unreadable", "0.2", eval.PrefersA, 0.2},
	}
	for _, c := range cases {
		t.Run(c.preference+"/"+c.score, func(t *testing.T) {
			ratings, _ := readRatings(t, write(t, fmt.Sprintf("task_id,arm_a,arm_b,rater,preference,score\nt,now,next,r,%s,%s\n", c.preference, c.score)), RatingsOptions{})
			if len(ratings) != 1 || ratings[0].Verdict != c.verdict || ratings[0].Score != c.want || ratings[0].Kind != eval.Human {
				t.Errorf("got %+v, want %q with score %v", ratings, c.verdict, c.want)
			}
		})
	}
}

// TestReadRatingsOnAnotherScale: scores of 1 for all to a and 2 for all to b, read as 0
// to 1, give the win to the wrong arm; the preference beside them tells.
func TestReadRatingsOnAnotherScale(t *testing.T) {
	t.Parallel()
	path := write(t, "task_id,arm_a,arm_b,rater,preference,score\nt1,now,next,r,a,1\nt2,now,next,r,much_a,1\nt3,now,next,r,b,1\nt4,now,next,r,tie,1\nt5,now,next,r,,1\nt6,now,next,r,b,0.5\n")
	if _, report := readRatings(t, path, RatingsOptions{}); report.Opposed != 2 || report.Imported != 6 {
		t.Errorf("%d of %d rows oppose themselves, want the 2 that prefer a", report.Opposed, report.Imported)
	}
	if _, report := readRatings(t, path, RatingsOptions{ScoreRange: [2]float64{1, 0}}); report.Opposed != 1 {
		t.Errorf("%d rows oppose themselves on the scale from 1 to 0, want the one that prefers b", report.Opposed)
	}
}

func TestReadRatingsRejects(t *testing.T) {
	t.Parallel()
	const header = "task_id,arm_a,arm_b,rater,kind,preference,score,first,week,seconds,rated_at\n"
	cases := []struct {
		name, row, reason string
		unreadable        int
	}{
		{"neither preference nor score", "t,now,next,r,,,,,,,", ",6,\"preference: is empty, and there is no score", 1},
		{"unknown verdict", "t,now,next,r,,maybe,,,,,", ",6,\"preference: \"\"maybe\"\" is not a verdict; write a, b, much_a, much_b, tie or both_bad", 1},
		{"side instead of arm", "t,now,next,r,,left,,,,,", "that is a side", 1},
		{"other side", "t,now,next,r,,Right,,,,,", "that is a side", 1},
		{"score beside its range", "t,now,next,r,,,1.01,,,,", ",7,score: 1.01 is outside 0 to 1; say the file's scale with --score-range", 1},
		{"score that is no number", "t,now,next,r,,tie,NaN,,,,", "is not a finite number", 1},
		{"no task", " ,now,next,r,,a,,,,,", ",1,task_id: is empty", 0},
		{"no rater", "t,now,next,,,a,,,,,", ",4,rater: is empty", 0},
		{"one arm twice", "t,now,now,r,,a,,,,,", ",3,\"arm_b: \"\"now\"\" is arm_a too", 0},
		{"kind", "t,now,next,r,robot,a,,,,,", "choose human, judge or check", 0},
		{"first", "t,now,next,r,,a,,left,,,", ",8,\"first: \"\"left\"\" is neither a nor b", 0},
		{"week", "t,now,next,r,,a,,,0,,", ",9,\"week: \"\"0\"\" is no week", 0},
		{"seconds", "t,now,next,r,,a,,,,-1,", ",10,\"seconds: \"\"-1\"\" is negative", 0},
		{"time", "t,now,next,r,,a,,,,,soon", ",11,\"rated_at: \"\"soon\"\" is not a time", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, header+c.row+"\nt2,now,next,r,,b,,,,,\n")
			ratings, report := readRatings(t, path, RatingsOptions{})
			if len(ratings) != 1 || report.Rejected != 1 || report.Unreadable != c.unreadable {
				t.Fatalf("got %d ratings, %+v; want one good and one rejected row", len(ratings), report)
			}
			rejects, err := os.ReadFile(report.RejectsFile)
			if err != nil || !strings.Contains(string(rejects), ",2,") || !strings.Contains(string(rejects), c.reason) {
				t.Errorf("rejects are %q, %v; want them to say %q", rejects, err, c.reason)
			}
		})
	}
}

func TestReadRatingsScoreRange(t *testing.T) {
	t.Parallel()
	path := write(t, "task_id,arm_a,arm_b,rater,score\n1,a,b,r,1\n2,a,b,r,2\n3,a,b,r,1.5\n4,a,b,r,1.25\n5,a,b,r,0.99\n6,a,b,r,2.01\n")
	ratings, report := readRatings(t, path, RatingsOptions{ScoreRange: [2]float64{1, 2}, Kind: eval.Judge})
	var got []float64
	for _, rating := range ratings {
		got = append(got, rating.Score)
	}
	if diff := cmp.Diff([]float64{0, 1, 0.5, 0.25}, got); diff != "" || report.Rejected != 2 || ratings[0].Kind != eval.Judge {
		t.Errorf("%+v, scores (-want +got):\n%s", report, diff)
	}
	ratings, _ = readRatings(t, path, RatingsOptions{ScoreRange: [2]float64{2, 1}})
	if ratings[0].Score != 1 {
		t.Errorf("with the range turned round 1 is %v, want 1", ratings[0].Score)
	}
	for _, scoreRange := range [][2]float64{{1, 1}, {0, nan()}} {
		if _, err := ReadRatings(t.Context(), path, RatingsOptions{ScoreRange: scoreRange}, nil); err == nil {
			t.Errorf("the range %v was taken", scoreRange)
		}
	}
}

func nan() float64 { zero := 0.0; return zero / zero }

func TestReadRatingsFiltersRaters(t *testing.T) {
	t.Parallel()
	path := write(t, "task_id,arm_a,arm_b,rater,preference\n1,a,b,ann,a\n2,a,b,bob,nonsense\n3,a,b,cy,b\n")
	ratings, report := readRatings(t, path, RatingsOptions{Raters: []string{"ann", "cy"}})
	if len(ratings) != 2 || report.Filtered != 1 || report.Rejected != 0 || report.Rows != 3 {
		t.Errorf("got %d ratings, %+v; want 2 and 1 filtered", len(ratings), report)
	}
	if _, err := os.Stat(path + ".rejects.csv"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a rejects file for what was filtered: %v", err)
	}
}

func TestReadRatingsNeedsAnOutcome(t *testing.T) {
	t.Parallel()
	_, err := ReadRatings(t.Context(), write(t, "task_id,arm_a,arm_b,rater\n1,a,b,r\n"), RatingsOptions{}, nil)
	if err == nil || !strings.Contains(err.Error(), "no column for preference or score") {
		t.Errorf("got %v", err)
	}
	if _, err := ReadRatings(t.Context(), "x", RatingsOptions{Kind: "robot"}, nil); err == nil || !strings.Contains(err.Error(), "choose human, judge or check") {
		t.Errorf("got %v", err)
	}
}

func TestReadResponses(t *testing.T) {
	t.Parallel()
	path := write(t, "task_id,model,response,input_tokens,output_tokens,cost_usd,latency_ms,ttft_ms,week,simulated\n"+
		"t1,next,\"an\nanswer\",10,5,0.001,840,200,2,\nt2,next,,,,,,,,yes\nt3,,x,,,,,,,\nt4,next,x,,,-1,,,,\nt5,next,x,,,,,,1.5,\n")
	var got []eval.Response
	report, err := ReadResponses(t.Context(), path, ResponsesOptions{}, func(response eval.Response) (ingest.Outcome, error) {
		got = append(got, response)
		return ingest.Imported, nil
	})
	want := []eval.Response{
		{
			TaskID: "t1", Arm: "next", Week: 2, Text: "an\nanswer", Tokens: audit.Tokens{Input: new(int64(10)), Output: new(int64(5))},
			Cost: new(audit.NanoUSD(1_000_000)), LatencyMS: new(int64(840)), TTFTMS: new(int64(200)), Origin: eval.Recorded,
		},
		{TaskID: "t2", Arm: "next", Origin: eval.Simulated},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil || report.Rejected != 3 || report.Imported != 2 {
		t.Errorf("%+v, %v (-want +got):\n%s", report, err, diff)
	}
}

// randomRating draws a rating of the kind that is stored.
func randomRating(random *rand.Rand) eval.Rating {
	texts := []string{"", "x", "with, comma", `say "hi"`, "two\nlines", "你好", "=1+1", "'=1", "''-x", "'", "-", "@a", "\tx", "\rx", "a\rb", "'plain"}
	rating := eval.Rating{
		TaskID: fmt.Sprintf("t,%d\"", random.IntN(1000)), Category: []audit.Category{"", audit.Coding, "own list"}[random.IntN(3)],
		Cluster: []string{"", "c 1"}[random.IntN(2)], Week: random.IntN(5), ArmA: "now", ArmB: "next; new", Rater: "Ann-Marie O'B",
		Kind: []eval.RaterKind{eval.Human, eval.Judge, eval.Check}[random.IntN(3)], Simulated: random.IntN(2) == 0,
		First: []eval.Side{eval.SideA, eval.SideB, eval.SideUnknown}[random.IntN(3)], Note: texts[random.IntN(len(texts))],
	}
	switch random.IntN(3) {
	case 0:
		rating.Verdict = []eval.Verdict{eval.PrefersA, eval.PrefersB, eval.Tie, eval.BothBad}[random.IntN(4)]
		rating.Score, _ = rating.Verdict.Score()
	default:
		rating.Score = random.Float64()
		rating.Verdict = verdictOf(rating.Score)
	}
	for _, tag := range []string{"'=1", "; and", "=sum", "[sic]", "tone", "too long"} { // in order
		if random.IntN(4) == 0 {
			rating.Tags = append(rating.Tags, tag)
		}
	}
	for _, criterion := range []string{"Is it \"right\"?", "複数"} {
		for _, side := range []eval.Side{eval.SideA, eval.SideB} {
			if random.IntN(3) == 0 {
				rating.Grades = append(rating.Grades, eval.Grade{Criterion: criterion, Side: side, Points: 1 + random.IntN(5)})
			}
		}
	}
	if random.IntN(2) == 0 {
		rating.Seconds = new(random.ExpFloat64() * 30)
	}
	if random.IntN(2) == 0 {
		rating.RatedAt = time.Unix(1_700_000_000+random.Int64N(1e8), random.Int64N(1e9)).UTC()
	}
	return rating
}

func TestWrittenRatingsAreReadBackIdentically(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 11))
	ratings := make([]eval.Rating, 2000)
	for i := range ratings {
		ratings[i] = randomRating(random)
	}
	got, report := readRatings(t, write(t, written(t, ratings)), RatingsOptions{})
	if diff := cmp.Diff(ratings, got); diff != "" || report.Rejected != 0 {
		t.Errorf("%d rejected, ratings (-written +read):\n%s", report.Rejected, diff)
	}
}

func written(t testing.TB, ratings []eval.Rating, guesses ...eval.Guess) string {
	t.Helper()
	var out bytes.Buffer
	err := WriteRatings(&out, func(yield func(eval.Rating) error) error {
		for _, rating := range ratings {
			if err := yield(rating); err != nil {
				return err
			}
		}
		return nil
	}, guesses)
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWriteRatingsGuardsNotesAndRefusesWhatIsNoText(t *testing.T) {
	t.Parallel()
	rating := eval.Rating{TaskID: "t", ArmA: "a", ArmB: "b", Rater: "r", Kind: eval.Human, Verdict: eval.Tie, Score: 0.5}
	rating.Note = "=HYPERLINK(1)\x00\xff\r\r\n"
	if text := written(t, []eval.Rating{rating}); !strings.Contains(text, "\"'=HYPERLINK(1)\uFFFD\uFFFD\n\"") {
		t.Errorf("the note was written as %q", text)
	}
	bad := []eval.Rating{rating, rating, rating}
	bad[0].TaskID = "\x00"
	bad[1].Rater = "\xff"
	bad[2].Score = nan()
	for _, rating := range bad {
		err := WriteRatings(&bytes.Buffer{}, func(yield func(eval.Rating) error) error { return yield(rating) }, nil)
		if err == nil {
			t.Errorf("%+v was written", rating)
		}
	}
}

// FuzzReadRatings checks that no bytes panic, and that every rating that is read
// is complete and, written again, is read as the same.
func FuzzReadRatings(f *testing.F) {
	f.Add("task_id,arm_a,arm_b,rater,preference\n1,a,b,r,tie\n")
	f.Add("task_id;model_a;model_b;judge;score;note;first\n1;x;y;r;0.25;'=1;a\n")
	f.Add("task_id,arm_a,arm_b,rater,preference,tags,grades\n1,a,b,r,tie,'=x; y,\"{\"\"c\"\":{\"\"a\"\":5}}\"\n")
	f.Add(`{"task_id":1,"arm_a":"x","arm_b":"y","rater":"r","preference":"both_bad","seconds":1e3}`)
	path := filepath.Join(f.TempDir(), "ratings.csv")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var ratings []eval.Rating
		report, err := ReadRatings(t.Context(), path, RatingsOptions{}, func(rating eval.Rating) (ingest.Outcome, error) {
			ratings = append(ratings, rating)
			return ingest.Imported, nil
		})
		if err != nil {
			return
		}
		if report.Imported != len(ratings) || report.Imported+report.Rejected != report.Rows {
			t.Fatalf("%d ratings, %+v", len(ratings), report)
		}
		for i, rating := range ratings {
			if rating.TaskID == "" || rating.ArmA == rating.ArmB || rating.Rater == "" || rating.Verdict == "" || !(rating.Score >= 0 && rating.Score <= 1) {
				t.Fatalf("incomplete: %+v", rating)
			}
			ratings[i].Note = strings.ReplaceAll(cleanNote(rating.Note), "\r", "")
			for _, key := range []*string{&ratings[i].TaskID, &ratings[i].ArmA, &ratings[i].ArmB, &ratings[i].Rater, &ratings[i].Cluster, (*string)(&ratings[i].Category)} {
				if strings.Contains(*key, "\r") {
					return // WriteRatings refuses it
				}
			}
		}
		again, report := readRatings(t, write(t, written(t, ratings)), RatingsOptions{})
		if diff := cmp.Diff(ratings, again); diff != "" {
			t.Fatalf("%+v (-read +read again):\n%s", report, diff)
		}
	})
}
