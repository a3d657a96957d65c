package rate_test

import (
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"modeltrial/audit"
	"modeltrial/eval"
	"modeltrial/eval/blind"
)

// oneAnswer is a task whose answers are the same, whichever arm is drawn.
func oneAnswer(answer string) fakeComparison {
	return fakeComparison{task: audit.Task{Prompt: "Thank the customer", System: "Be kind"}, control: answer, candidate: answer}
}

func TestEditRequests(t *testing.T) {
	const answer = "Thank you, dear customer. I am Zebrafish."
	const shownText = "Thank you, dear customer. I am " + blind.Hidden + "."
	later := testTime.Add(90 * time.Second)
	pageMade := strconv.FormatInt(testTime.Add(30*time.Second).UnixMilli(), 10)
	kept := eval.WordChange{Before: 7, After: 7, Common: 7}
	tests := []struct {
		name     string
		form     url.Values
		status   int
		contains []string
		want     *eval.EditMade
		asked    *eval.RevisionAsked
		broken   bool
	}{
		{
			name: "as it was", form: url.Values{"outcome": {"done"}, "text": {shownText}, "seconds": {"12.3456"}}, status: 303,
			want: &eval.EditMade{Outcome: eval.Edited, Text: answer, Words: kept, Seconds: new(12.346), Timing: eval.TimedActive},
		},
		{
			name: "changed, lines as browsers send them", form: url.Values{"outcome": {"done"}, "text": {"Thank you.\r\nI am " + blind.Hidden + "."}, "seconds": {"5"}}, status: 303,
			want: &eval.EditMade{
				Outcome: eval.Edited, Text: "Thank you.\nI am Zebrafish.", Words: eval.WordChange{Before: 7, After: 5, Common: 5},
				Seconds: new(5.0), Timing: eval.TimedActive,
			},
		},
		{
			name: "more seconds than have gone by", form: url.Values{"outcome": {"done"}, "text": {shownText}, "seconds": {"4000"}}, status: 303,
			want: &eval.EditMade{Outcome: eval.Edited, Text: answer, Words: kept, Seconds: new(90.0), Timing: eval.TimedActive},
		},
		{
			name: "without scripts", form: url.Values{"outcome": {"done"}, "text": {shownText}, "shown": {pageMade}, "seconds": {""}}, status: 303,
			want: &eval.EditMade{Outcome: eval.Edited, Text: answer, Words: kept, Seconds: new(60.0), Timing: eval.TimedElapsed},
		},
		{
			name: "a page of another year", form: url.Values{"outcome": {"done"}, "text": {shownText}, "shown": {"1"}, "seconds": {"-3"}}, status: 303,
			want: &eval.EditMade{Outcome: eval.Edited, Text: answer, Words: kept},
		},
		{
			name: "no number of seconds", form: url.Values{"outcome": {"done"}, "text": {shownText}, "shown": {"soon"}, "seconds": {"Inf"}}, status: 303,
			want: &eval.EditMade{Outcome: eval.Edited, Text: answer, Words: kept},
		},
		{
			name: "unusable", form: url.Values{"outcome": {"unusable"}, "text": {"x"}, "seconds": {"8"}}, status: 303,
			want: &eval.EditMade{Outcome: eval.Unusable, Seconds: new(8.0), Timing: eval.TimedActive},
		},
		{
			name: "skipped", form: url.Values{"outcome": {"skipped"}, "seconds": {"2"}}, status: 303,
			want: &eval.EditMade{Outcome: eval.EditSkipped, Seconds: new(2.0), Timing: eval.TimedActive},
		},
		{
			name: "sent back", form: url.Values{"outcome": {"revise"}, "remark": {" warmer \x1b[31m"}, "seconds": {"20"}}, status: 303,
			asked: &eval.RevisionAsked{Remark: "warmer", Seconds: new(20.0), Timing: eval.TimedActive},
		},
		{name: "sent back without a remark", form: url.Values{"outcome": {"revise"}, "text": {"half done"}}, status: 400, contains: []string{"Write into the remark", "half done"}},
		{name: "a long remark", form: url.Values{"outcome": {"revise"}, "remark": {strings.Repeat("r", 2001)}}, status: 400, contains: []string{"longer than 2000"}},
		{name: "an empty text", form: url.Values{"outcome": {"done"}, "text": {" \n"}}, status: 400, contains: []string{"The text is empty"}},
		{name: "a text without end", form: url.Values{"outcome": {"done"}, "text": {strings.Repeat("a", 256<<10+1)}}, status: 400, contains: []string{"longer than"}},
		{name: "too large", form: url.Values{"outcome": {"done"}, "text": {strings.Repeat("a", 4<<20)}}, status: 413, contains: []string{"too large"}},
		{name: "no button", form: url.Values{"text": {"<b>mine"}}, status: 400, contains: []string{"one of the buttons", "&lt;b&gt;mine"}},
		{name: "another's", form: url.Values{"outcome": {"done"}, "id": {"x"}}, status: 404, contains: []string{"not one of yours"}},
		{name: "broken store", form: url.Values{"outcome": {"unusable"}}, status: 500, contains: []string{"may not be saved"}, broken: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := newFakeEditStore(oneAnswer(answer))
			token := store.invite(t, "Ana")
			now := testTime
			site := newEditSite(t, store, t.Output(), func() time.Time { return now })
			page := do(t, "GET", site.URL+"/", token, "").body
			if !strings.Contains(page, "\n"+shownText+"</textarea>") || strings.Contains(page, "Zebrafish") {
				t.Fatalf("the page does not have the masked answer:\n%s", page)
			}
			now = later
			if test.broken {
				store.fail = errors.New("disk on fire")
			}
			if test.form.Get("id") == "" {
				test.form.Set("id", store.shownEdits[0].ID)
			}
			got := do(t, "POST", site.URL+"/edit", token, test.form.Encode())
			if got.status != test.status {
				t.Fatalf("status %d, want %d: %s", got.status, test.status, got.body)
			}
			for _, text := range test.contains {
				if !strings.Contains(got.body, text) {
					t.Errorf("body lacks %q:\n%s", text, got.body)
				}
			}
			var made *eval.EditMade
			if all := store.made(); len(all) > 0 {
				made = &all[0].Made
			}
			if diff := cmp.Diff(test.want, made); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			var asked *eval.RevisionAsked
			if waiting, ok := store.asked[store.shownEdits[0].ID]; ok {
				asked = &waiting
			}
			if diff := cmp.Diff(test.asked, asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			checkHeaders(t, "/edit", got.header)
		})
	}
}

// TestEditSession edits, changes the edit, sends back and gets the new answer.
func TestEditSession(t *testing.T) {
	store := newFakeEditStore(oneAnswer("I'm Zebrafish. First answer."), oneAnswer("Second answer."))
	token := store.invite(t, "Ana")
	now := testTime
	site := newEditSite(t, store, t.Output(), func() time.Time { return now })
	page := func(path string, parts ...string) string {
		t.Helper()
		got := do(t, "GET", site.URL+path, token, "")
		for _, part := range parts {
			if !strings.Contains(got.body, part) {
				t.Errorf("%s lacks %q:\n%s", path, part, got.body)
			}
		}
		return got.body
	}
	send := func(id string, values url.Values) {
		t.Helper()
		values.Set("id", id)
		if got := do(t, "POST", site.URL+"/edit", token, values.Encode()); got.status != 303 || got.header.Get("Location") != "/" {
			t.Fatalf("status %d: %s", got.status, got.body)
		}
	}
	first := page("/", "1 of 2", "First answer.", "Thank the customer", "Send back", "Pause")
	if strings.Contains(first, "Undo") {
		t.Error("there is nothing to undo yet")
	}
	page("/", "First answer.")
	send(store.shownEdits[0].ID, url.Values{"outcome": {"done"}, "text": {"I'm " + blind.Hidden + ". My answer."}, "seconds": {"1"}})
	again := page("/previous", "changing your last edit", "I&#39;m "+blind.Hidden+". My answer.</textarea>")
	if strings.Contains(again, "Zebrafish") || strings.Contains(again, "Send back with") {
		t.Errorf("the name is shown on a change, or the answer can be sent back:\n%s", again)
	}
	now = now.Add(time.Minute)
	send(store.shownEdits[0].ID, url.Values{"outcome": {"done"}, "text": {"I'm " + blind.Hidden + ". Better answer."}, "seconds": {"1000"}})
	if last := store.made()[1].Made; last.Text != "I'm Zebrafish. Better answer." || *last.Seconds != 60 || last.Words.Common != 3 {
		t.Errorf("changed to %+v, want the time since the last edit at most", last)
	}
	got := do(t, "POST", site.URL+"/edit", token, url.Values{"id": {store.shownEdits[0].ID}, "outcome": {"revise"}, "remark": {"no"}}.Encode())
	if got.status != 404 || !strings.Contains(got.body, "edited already") {
		t.Errorf("sent back after it was edited: %d %s", got.status, got.body)
	}

	second := page("/", "2 of 2", "Second answer.", "Undo")
	if draft := regexp.MustCompile(`data-draft="[^"]+\.0"`); !draft.MatchString(second) {
		t.Error("the page does not name its draft")
	}
	send(store.shownEdits[1].ID, url.Values{"outcome": {"revise"}, "remark": {"in <rhyme>"}})
	page("/", "Thank you", "edited 1 answer", "One answer that you sent back is being written anew")
	store.revise(store.shownEdits[1].ID, "Second answer, in rhyme.", now)
	page("/", "new answer to your remark “in &lt;rhyme&gt;”", "in rhyme.</textarea>", `.1"`)
	send(store.shownEdits[1].ID, url.Values{"outcome": {"unusable"}})
	page("/", "Thank you", "edited 2 answers")
	page("/pause", "Paused", "another device")
}

// TestEditBlinding walks what an editor's browser can fetch and looks for a trace of an
// arm.
func TestEditBlinding(t *testing.T) {
	store := newFakeEditStore(sampleComparisons(3)...)
	token := store.invite(t, "Ana")
	site := newEditSite(t, store, t.Output(), func() time.Time { return testTime })
	trace := regexp.MustCompile(`(?i)quokka|zebrafish|wombat|gpt-4|openai|\bcontrol\b|candidate|\barm\b`)
	for range 3 {
		for _, path := range []string{"/", "/previous", "/pause", "/assets/edit.js", "/assets/rate.js", "/nothing"} {
			got := do(t, "GET", site.URL+path, token, "")
			for name, values := range got.header {
				if name != "Cache-Control" && trace.MatchString(name+strings.Join(values, " ")) {
					t.Errorf("%s: header %s: %s", path, name, values)
				}
			}
			if found := trace.FindString(strings.ReplaceAll(got.body, "Control+Enter", "")); found != "" {
				t.Errorf("%s contains %q", path, found)
			}
		}
		id := store.shownEdits[len(store.shownEdits)-1].ID
		do(t, "POST", site.URL+"/edit", token, url.Values{"id": {id}, "outcome": {"done"}, "text": {"done"}}.Encode())
	}
	if len(store.made()) != 3 {
		t.Errorf("%d edits stored, want 3", len(store.made()))
	}
}
