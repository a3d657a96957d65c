package classify

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"modeltrial/audit"
)

// support is a lesson of two own categories and a built-in one.
func support(examples int) Lesson {
	products := []string{"kettle", "toaster", "lamp", "heater", "fan", "radio", "clock", "mixer", "iron", "drill"}
	lesson := Lesson{Categories: []OwnCategory{
		{Name: "refunds", Description: "customers who want their money back for something they bought"},
		{Name: "delivery", Description: "where a parcel is and when it will arrive"},
		{Name: audit.Coding},
	}}
	for i := range examples {
		product := products[i%len(products)]
		lesson.Categories[0].Examples = append(lesson.Categories[0].Examples, fmt.Sprintf("I want my money back for the %s, order %d, it broke", product, i))
		lesson.Categories[1].Examples = append(lesson.Categories[1].Examples, fmt.Sprintf("When will the parcel with my %s arrive? Tracking number %d", product, i))
	}
	return lesson
}

var someBuiltIn = []Example{
	{"Write a Python function that sorts a list", audit.Coding, "k1"},
	{"Fix this loop: for i := 0; i < n; i++ {}", audit.Coding, "k2"},
	{"Refactor the class so that it has no global state", audit.Coding, "k3"},
	{"Write a unit test for parse_date() in JavaScript", audit.Coding, "k4"},
	{"Why does my SQL query return duplicate rows?", audit.Coding, "k5"},
	{"Write a poem about rain", audit.Creative, "k6"},
}

func TestLearnOwnCategories(t *testing.T) {
	lesson := support(6)
	m, learned, err := Learn(someBuiltIn, lesson)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Categories(); !slices.Equal(got, []audit.Category{"refunds", "delivery", audit.Coding}) {
		t.Errorf("categories %q", got)
	}
	for text, want := range map[string]audit.Category{
		"Please give me back the money for the broken camera": "refunds",
		"When does my parcel with the camera arrive?":         "delivery",
		"Write a JavaScript function that sorts rows":         audit.Coding, // from the built-in texts alone
	} {
		if p := m.Classify(text); p.Category != want {
			t.Errorf("%q is %s (%.2f), want %s", text, p.Category, p.Probability, want)
		}
	}
	if learned.BuiltIn[audit.Coding] != 5 || learned.BuiltIn[audit.Creative] != 0 || learned.Examples["refunds"] != 6 {
		t.Errorf("learned from %+v", learned)
	}
	if len(learned.Warnings) != 1 || !strings.Contains(learned.Warnings[0], "refunds 6, delivery 6") || strings.Contains(learned.Warnings[0], "coding") {
		t.Errorf("warnings %q", learned.Warnings)
	}
	if learned.Accuracy != nil || !strings.Contains(learned.WhyMissing, `category "coding" has 0 examples`) {
		t.Errorf("accuracy %v, why missing %q", learned.Accuracy, learned.WhyMissing)
	}
}

func TestLearnValidates(t *testing.T) {
	lesson := support(20)
	lesson.Categories = lesson.Categories[:2]
	_, learned, err := Learn(nil, lesson)
	if err != nil {
		t.Fatal(err)
	}
	if learned.Accuracy == nil || learned.Accuracy.Estimate < 0.95 || learned.Accuracy.Low < 0.8 || len(learned.Warnings) > 0 {
		t.Errorf("accuracy %+v (%s), warnings %q", learned.Accuracy, learned.WhyMissing, learned.Warnings)
	}
	// Examples that say nothing about their category: no better than chance. Each
	// text stands twice, in one fold, or it would be recognised.
	var noise Lesson
	for _, name := range []audit.Category{"odd", "even"} {
		noise.Categories = append(noise.Categories, OwnCategory{Name: name})
	}
	for i := range 40 {
		text := fmt.Sprintf("%x", uint64(i+1)*0x9e3779b97f4a7c15)
		own := &noise.Categories[i%2]
		own.Examples = append(own.Examples, text, text)
	}
	if _, learned, err = Learn(nil, noise); err != nil || learned.Accuracy.Estimate > 0.75 {
		t.Errorf("accuracy of noise %+v, error %v", learned.Accuracy, err)
	}
}

func TestLearnFromReviews(t *testing.T) {
	lesson := support(6)
	const text = "The voucher code was not accepted at the checkout"
	before, _, err := Learn(someBuiltIn, lesson)
	if err != nil {
		t.Fatal(err)
	}
	other := audit.Category("refunds")
	if before.Classify(text).Category == other {
		other = "delivery"
	}
	lesson.Reviewed = []Reviewed{{"2", "Voucher codes do not work", other}, {"1", text, other}, {"3", "Nothing", "gone"}}
	after, learned, err := Learn(someBuiltIn, lesson)
	if err != nil {
		t.Fatal(err)
	}
	if p := after.Classify(text); p.Category != other {
		t.Errorf("after the correction %q is %s (%.2f), want %s", text, p.Category, p.Probability, other)
	}
	if learned.Examples[other] != 8 || !strings.Contains(strings.Join(learned.Warnings, "\n"), `1 reviewed tasks are of the category "gone"`) {
		t.Errorf("learned %+v", learned)
	}
	// The order of the reviews makes no difference to model or fingerprint.
	turned := lesson
	turned.Reviewed = slices.Clone(lesson.Reviewed)
	slices.Reverse(turned.Reviewed)
	again, _, err := Learn(someBuiltIn, turned)
	if err != nil {
		t.Fatal(err)
	}
	var one, two bytes.Buffer
	if err := after.Write(&one); err != nil {
		t.Fatal(err)
	}
	if err := again.Write(&two); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("the same reviews in another order give another model")
	}
	if lesson.Fingerprint(nil) != turned.Fingerprint(nil) {
		t.Error("the same reviews in another order give another fingerprint")
	}
	changed := lesson
	changed.Reviewed = lesson.Reviewed[:2]
	if changed.Fingerprint(nil) == lesson.Fingerprint(nil) || lesson.Fingerprint([]byte{1}) == lesson.Fingerprint(nil) {
		t.Error("other reviews or other built-in weights have the same fingerprint")
	}
}

func TestLearnCannot(t *testing.T) {
	for want, lesson := range map[string]Lesson{
		`category "mystery" has neither a description nor an example`: {Categories: []OwnCategory{{Name: "mystery"}, {Name: audit.Coding}}},
		"there is one category only":                                  {Categories: []OwnCategory{{Name: audit.Coding}}},
	} {
		if _, _, err := Learn(someBuiltIn, lesson); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if !(Lesson{}).Empty() || support(0).Empty() {
		t.Error("empty is what has nothing to learn")
	}
}
