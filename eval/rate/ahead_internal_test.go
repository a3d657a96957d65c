package rate

import (
	"html/template"
	"strconv"
	"strings"
	"testing"
)

func TestShelfKeepsTheNewest(t *testing.T) {
	var s shelf
	large := content{answers: []answer{{Text: template.HTML(strings.Repeat("a", maxShelf/4))}}}
	for i := range 6 {
		s.put(strconv.Itoa(i), large)
		s.put(strconv.Itoa(i), content{}) // the first stays
	}
	if _, ok := s.take("1"); ok {
		t.Error("the oldest was kept beyond the bound")
	}
	for _, id := range []string{"2", "3", "4", "5"} {
		if c, ok := s.take(id); !ok || c.size() != maxShelf/4 {
			t.Errorf("%s: %v, size %d", id, ok, c.size())
		}
		if _, ok := s.take(id); ok {
			t.Errorf("%s was given away twice", id)
		}
	}
	if s.bytes != 0 || len(s.contents) != 0 {
		t.Errorf("%d bytes in %d contents are left", s.bytes, len(s.contents))
	}
	for i := range 10_000 { // put and taken: nothing piles up
		s.put(strconv.Itoa(i), large)
		s.take(strconv.Itoa(i))
	}
	if len(s.order) > 3 {
		t.Errorf("%d names are kept of none", len(s.order))
	}
	s.put("huge", content{answers: []answer{{Text: template.HTML(strings.Repeat("a", maxShelf+1))}}})
	if _, ok := s.take("huge"); ok {
		t.Error("a content beyond the bound was kept")
	}
}
