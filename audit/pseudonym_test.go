package audit

import (
	"strings"
	"testing"
)

func TestPseudonym(t *testing.T) {
	t.Parallel()
	p, other := NewPseudonymizer([]byte("key")), NewPseudonymizer([]byte("another"))
	anna := p.Pseudonym("anna@x.de")
	for _, same := range []string{"Anna@X.de", " anna@x.de\t", anna} {
		if got := p.Pseudonym(same); got != anna {
			t.Errorf("%q has pseudonym %s, want %s", same, got, anna)
		}
	}
	if !strings.HasPrefix(anna, "user-") || len(anna) != 21 {
		t.Errorf("pseudonym %q, want user- and 16 digits", anna)
	}
	if p.Pseudonym("bob") == anna || other.Pseudonym("anna@x.de") == anna {
		t.Error("another name or another key gives the same pseudonym")
	}
	if got := p.Pseudonym(" "); got != "" {
		t.Errorf("no name has pseudonym %q, want none", got)
	}
}
