package exchange

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

const countHeader = "task_id,arm_a,arm_b,rater,preference,score,first,kind,category,week,simulated\n"

func people(category string, tasks int, pairs ...eval.CountedPair) eval.CountedGroup {
	return eval.CountedGroup{Category: audit.Category(category), Kind: eval.Human, Tasks: tasks, Pairs: pairs}
}

func TestCountRatings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rows string
		want []eval.CountedGroup
	}{
		"each ending": {
			"1,x,y,r,a,,,,,,\n2,x,y,r,b,,,,,,\n3,x,y,r,b,,,,,,\n4,x,y,r,tie,,,,,,\n5,x,y,r,both_bad,,,,,,\n6,x,y,r,,0.25,,,,,\n",
			[]eval.CountedGroup{people("", 6, eval.CountedPair{ArmA: "x", ArmB: "y", WinsA: 1, WinsB: 2, Ties: 2, Between: 1})},
		},
		"a score counts before a preference": {
			"1,x,y,r,a,1,,,,,\n2,x,y,r,y,,,,,,\n3,x,y,r,x,,,,,,\n",
			[]eval.CountedGroup{people("", 3, eval.CountedPair{ArmA: "x", ArmB: "y", WinsA: 1, WinsB: 2})},
		},
		"the first rating gives the direction": {
			"1,y,x,r,a,,,,,,\n2,x,y,r,b,,,,,,\n3,x,y,r,b,,,,math,,\n",
			[]eval.CountedGroup{
				people("", 2, eval.CountedPair{ArmA: "y", ArmB: "x", WinsA: 2}),
				people("math", 1, eval.CountedPair{ArmA: "y", ArmB: "x", WinsA: 1}),
			},
		},
		"a row given again corrects": {
			"1,x,y,r,a,,,,,,\n1,x,y,r,b,,,,,,\n1,x,y,s,a,,,,,,\n2,x,y,r,a,,a,,,,\n2,y,x,r,a,,b,,,,\n",
			[]eval.CountedGroup{people("", 2, eval.CountedPair{ArmA: "x", ArmB: "y", WinsA: 1, WinsB: 2})},
		},
		"both orders are one comparison": {
			"1,x,y,r,a,,a,,,,\n1,x,y,r,b,,b,,,,\n" + // a flip
				"2,x,y,r,a,,a,,,,\n2,x,y,r,a,,b,,,,\n" + // a win
				"3,x,y,r,a,,a,,,,\n3,x,y,r,tie,,b,,,,\n" + // between
				"4,x,y,r,b,,,,,,\n4,y,x,r,a,,,,,,\n", // orders not known, the arms turned
			[]eval.CountedGroup{people("", 4, eval.CountedPair{ArmA: "x", ArmB: "y", WinsA: 1, WinsB: 1, Ties: 1, Between: 1})},
		},
		"kinds and categories apart": {
			"1,x,y,r,a,,,judge,math,,\n1,x,y,s,b,,,human,math,,\n2,x,z,r,b,,,Check,coding,,\n",
			[]eval.CountedGroup{
				{Category: "coding", Kind: eval.Check, Tasks: 1, Pairs: []eval.CountedPair{{ArmA: "x", ArmB: "z", WinsB: 1}}},
				people("math", 1, eval.CountedPair{ArmA: "x", ArmB: "y", WinsB: 1}),
				{Category: "math", Kind: eval.Judge, Tasks: 1, Pairs: []eval.CountedPair{{ArmA: "x", ArmB: "y", WinsA: 1}}},
			},
		},
		"tasks of several raters count once": {
			"1,x,y,r,a,,,,,,\n1,x,y,s,a,,,,,,\n1,x,z,s,a,,,,,,\n2,x,y,s,a,,,,,,\n",
			[]eval.CountedGroup{people("", 2, eval.CountedPair{ArmA: "x", ArmB: "y", WinsA: 3}, eval.CountedPair{ArmA: "x", ArmB: "z", WinsA: 1})},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, countHeader+test.rows)
			bothWays(t, path, RatingsOptions{}, 0, true)
			counts, _, err := CountRatings(t.Context(), path, RatingsOptions{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, counts.Groups); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// bothWays counts a file by parts and one by one, which must agree, and says whether
// it is plain.
func bothWays(t testing.TB, path string, options RatingsOptions, throughWeek int, wantPlain bool) {
	t.Helper()
	options, err := options.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	want, wantReport, ordinaryErr := countOneByOne(t.Context(), path, options, throughWeek)
	got, report, err := countPlain(t.Context(), path, options, throughWeek)
	if errors.Is(err, ingest.ErrNotPlain) != !wantPlain {
		t.Fatalf("reading by parts: %v, plain should be %v", err, wantPlain)
	}
	if !wantPlain {
		return
	}
	if err != nil || ordinaryErr != nil {
		t.Fatalf("by parts: %v; one by one: %v", err, ordinaryErr)
	}
	if wantReport.Rejected > 0 {
		t.Fatalf("plain, but rejected: %v", wantReport.Reasons)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-one by one +by parts:\n%s", diff)
	}
	if report.Rows != wantReport.Rows || report.Imported != wantReport.Imported || report.Filtered != wantReport.Filtered {
		t.Errorf("by parts %+v, one by one %+v", report, wantReport)
	}
}

func TestCountRatingsReadsPartsAsRows(t *testing.T) {
	t.Parallel()
	const row = "1,x,y,r,a,,,,,,\n"
	tests := map[string]struct {
		text    string
		options RatingsOptions
		plain   bool
	}{
		"synonyms and semicolons": {"judge;winner;model_a;model_b;question_id\nr;model_a;x;y;1\nr; Tie ;x;y;2\n", RatingsOptions{}, true},
		"spaces":                  {"task_id,arm_a,arm_b,rater,preference\n 1 , x,y , r ,b\n1,x,y,r,a\n", RatingsOptions{}, true},
		"score range":             {"task_id,arm_a,arm_b,rater,score\n1,x,y,r,1.5\n2,x,y,r,2\n3,x,y,r,1.25\n", RatingsOptions{ScoreRange: [2]float64{1, 2}}, true},
		"mapping":                 {"q,arm_a,arm_b,rater,preference\n1,x,y,r,a\n", RatingsOptions{Map: map[string]string{"task_id": "q"}}, true},
		"judges by default":       {countHeader + row, RatingsOptions{Kind: eval.Judge}, true},
		"some raters":             {countHeader + row + "1,x,y,s,nonsense,,,,,,\n", RatingsOptions{Raters: []string{"r"}}, true},
		"simulated":               {countHeader + row + "2,x,y,r,a,,,,,,yes\n", RatingsOptions{}, true},
		"weeks":                   {countHeader + row + "2,x,y,r,a,,,,,2,\n3,x,y,r,a,,,,,3.0,\n", RatingsOptions{}, true},
		"times and seconds":       {"task_id,arm_a,arm_b,rater,preference,rated_at,seconds\n1,x,y,r,a,2026-11-02T09:00:00Z,12\n2,x,y,r,a,2026-11-30 09:00,1e2\n3,x,y,r,a,,\n4,x,y,r,a,1780000000,0.5\n", RatingsOptions{}, true},
		"clusters":                {"task_id,arm_a,arm_b,rater,preference,cluster\n1,x,y,r,a,c\n", RatingsOptions{}, true},
		"a bad verdict":           {countHeader + row + "2,x,y,r,left,,,,,,\n", RatingsOptions{}, false},
		"a bad score":             {countHeader + row + "2,x,y,r,,1.5,,,,,\n", RatingsOptions{}, false},
		"no score at all":         {countHeader + row + "2,x,y,r,,NaN,,,,,\n", RatingsOptions{}, false},
		"no verdict":              {countHeader + row + "2,x,y,r,,,,,,,\n", RatingsOptions{}, false},
		"one arm":                 {countHeader + row + "2,x, x,r,a,,,,,,\n", RatingsOptions{}, false},
		"no rater":                {countHeader + row + "2,x,y, ,a,,,,,,\n", RatingsOptions{}, false},
		"a bad side":              {countHeader + row + "2,x,y,r,a,,left,,,,\n", RatingsOptions{}, false},
		"a bad kind":              {countHeader + row + "2,x,y,r,a,,,dog,,,\n", RatingsOptions{}, false},
		"a bad week":              {countHeader + row + "2,x,y,r,a,,,,,0,\n", RatingsOptions{}, false},
		"a bad truth":             {countHeader + row + "2,x,y,r,a,,,,,,maybe\n", RatingsOptions{}, false},
		"a bad time":              {"task_id,arm_a,arm_b,rater,preference,rated_at\n1,x,y,r,a,2026-13-02T09:00:00Z\n", RatingsOptions{}, false},
		"bad seconds":             {"task_id,arm_a,arm_b,rater,preference,seconds\n1,x,y,r,a,-1\n", RatingsOptions{}, false},
		"quotes":                  {countHeader + `"1",x,y,r,a,,,,,,` + "\n", RatingsOptions{}, false},
		"JSON Lines":              {`{"task_id":"1","arm_a":"x","arm_b":"y","rater":"r","preference":"a"}`, RatingsOptions{}, false},
		"no outcome":              {"task_id,arm_a,arm_b,rater\n1,x,y,r\n", RatingsOptions{}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, test.text)
			for _, throughWeek := range []int{0, 2} {
				bothWays(t, path, test.options, throughWeek, test.plain)
			}
		})
	}
}

// TestCountRatingsOfManyParts has rows that correct and turn others in other parts of
// the file.
func TestCountRatingsOfManyParts(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	text.WriteString(countHeader)
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	for text.Len() < 5<<20 {
		a := random.IntN(6)
		fmt.Fprintf(&text, "task %d,arm %d,arm %d,rater %d,%s,%s,%s,%s,%s,%s,%s\n", random.IntN(20_000), a, (a+1+random.IntN(5))%6, random.IntN(3),
			pick("a", "b", "tie", "both_bad", "Arm_B"), pick("", "", "", "0", "0.50", "1", "0.3"), pick("", "a", "b", "B"), pick("", "human", "judge", "check"),
			pick("", "coding", "math"), pick("", "1", "2", "3"), pick("", "", "true"))
	}
	path := write(t, text.String())
	bothWays(t, path, RatingsOptions{}, 0, true)
	bothWays(t, path, RatingsOptions{Kind: eval.Judge, Raters: []string{"rater 1", "rater 2"}}, 2, true)
}

func TestCountRatingsSetsBadRowsAside(t *testing.T) {
	t.Parallel()
	path := write(t, countHeader+"1,x,y,r,a,,,,,,\n2,x,y,r,wonderful,,,,,,\n")
	counts, report, err := CountRatings(t.Context(), path, RatingsOptions{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if report.Rejected != 1 || report.RejectsFile == "" || counts.Groups[0].Tasks != 1 {
		t.Errorf("%+v, %+v", report, counts)
	}
}

func TestCountRatingsRefusesTooManyNames(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("task_id,arm_a,arm_b,rater,preference\n")
	for i := range 1 << 16 {
		fmt.Fprintf(&text, "1,now,%d,r,a\n", i)
	}
	if _, _, err := CountRatings(t.Context(), write(t, text.String()), RatingsOptions{}, 0); !errors.Is(err, errManyNames) {
		t.Errorf("error %v, want %v", err, errManyNames)
	}
}

// FuzzCountRatings checks that counting by parts and one by one agree on whatever is
// plain.
func FuzzCountRatings(f *testing.F) {
	f.Add("task_id,arm_a,arm_b,rater,preference\n1,a,b,r,tie\n", uint8(0))
	f.Add("task_id;model_a;model_b;judge;score;first;week\n1;x;y;r;0.25;a;2\n1;y;x;r;1;b;\n", uint8(2))
	f.Add("task_id,arm_a,arm_b,rater,preference,rated_at,seconds,simulated,kind,category,cluster\n1,a,b,r,b,2026-11-02T09:00:00Z,3,no,judge,math,c\n", uint8(1))
	path := filepath.Join(f.TempDir(), "ratings.csv")
	f.Fuzz(func(t *testing.T, text string, throughWeek uint8) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		options, err := RatingsOptions{}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = countPlain(t.Context(), path, options, int(throughWeek))
		if errors.Is(err, ingest.ErrNotPlain) {
			return
		}
		bothWays(t, path, options, int(throughWeek), true)
	})
}
