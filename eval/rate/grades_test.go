package rate_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"modeltrial/eval"
)

// TestGradesAndReasonsOfAVerdict sends grades, tags and a note with a verdict, without
// scripts, and finds them again where the verdict is changed.
func TestGradesAndReasonsOfAVerdict(t *testing.T) {
	store := newFakeStore(sampleComparisons(2)...)
	token := store.invite(t, "Ana")
	site := newSite(t, store, t.Output())
	page := do(t, http.MethodGet, site.URL+"/", token, "").body
	for _, want := range []string{`name="1:Is it right?" value="5"`, `name="2:` + secondCriterion + `" value="0" checked`, `<details class="why" data-toggle="w">`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	form := url.Values{
		"id": {store.shown[1][0].ID}, "verdict": {"left"}, "note": {"\nsays <b> & more"}, "tag": {"wrong"},
		"1:Is it right?": {"5"}, "2:Is it right?": {"0"}, "2:" + secondCriterion: {"1"}, "1:Made up?": {"3"},
	}
	if got := do(t, http.MethodPost, site.URL+"/verdict", token, form.Encode()); got.status != http.StatusSeeOther {
		t.Fatalf("status %d", got.status)
	}
	want := []eval.ShownGrade{{Criterion: "Is it right?", Answer: 1, Points: 5}, {Criterion: secondCriterion, Answer: 2, Points: 1}}
	if diff := cmp.Diff(want, store.given(1)[0].Grades); diff != "" {
		t.Errorf("grades (-want +got):\n%s", diff)
	}
	again := do(t, http.MethodGet, site.URL+"/previous", token, "").body
	for _, want := range []string{
		`name="1:Is it right?" value="5" checked`, `name="2:` + secondCriterion + `" value="1" checked`, `value="wrong" checked`, "\nsays &lt;b&gt; &amp; more</textarea>", `data-toggle="w" open`,
	} {
		if !strings.Contains(again, want) {
			t.Errorf("the page of the last verdict lacks %q", want)
		}
	}
	if strings.Contains(again, `value="too long" checked`) {
		t.Error("a tag is chosen that was not")
	}
	form.Set("1:Is it right?", "6")
	if got := do(t, http.MethodPost, site.URL+"/verdict", token, form.Encode()); got.status != http.StatusBadRequest || len(store.given(1)) != 1 {
		t.Errorf("6 points: status %d, %d stored", got.status, len(store.given(1)))
	}
}
