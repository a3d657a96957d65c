package eval

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGradesOfSidesAndArms(t *testing.T) {
	shown := []ShownGrade{{"Is it clear?", 2, 5}, {"Is it right?", 1, 4}, {"Is it right?", 2, 2}}
	for _, first := range []Side{SideA, SideB} {
		arms := ArmGrades(shown, first)
		if back := ShownGrades(arms, first); !cmp.Equal(back, shown) {
			t.Errorf("first %s: got %v back, want %v", first, back, shown)
		}
		text, err := GradesJSON(arms)
		if err != nil {
			t.Fatal(err)
		}
		read, err := ParseGrades(text)
		if err != nil || !cmp.Equal(read, arms) {
			t.Errorf("%s: read %v (%v), want %v", text, read, err, arms)
		}
		if twice := FlippedGrades(FlippedGrades(arms)); !cmp.Equal(twice, arms) {
			t.Errorf("flipped twice %v, want %v", twice, arms)
		}
	}
	if text, err := GradesJSON(ArmGrades(shown, SideB)); err != nil || text != `{"Is it clear?":{"a":5},"Is it right?":{"a":2,"b":4}}` {
		t.Errorf("JSON %s, %v", text, err)
	}
}

func TestGradesThatAreNone(t *testing.T) {
	for _, text := range []string{`[]`, `{"x":3}`, `{"x":{"a":0}}`, `{"x":{"a":6}}`, `{"x":{"c":3}}`, `{"":{"a":3}}`, `{"x":{"a":2.5}}`} {
		if grades, err := ParseGrades(text); err == nil {
			t.Errorf("%s is read as %v", text, grades)
		}
	}
	if _, err := GradesJSON([]Grade{{"x", SideA, 6}}); err == nil {
		t.Error("6 points are written")
	}
	for _, text := range []string{"", "{}"} {
		if grades, err := ParseGrades(text); err != nil || grades != nil {
			t.Errorf("%q: %v, %v", text, grades, err)
		}
	}
}
