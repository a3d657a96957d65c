package blind_test

import (
	"crypto/rand"
	"errors"
	randv2 "math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"modeltrial/eval"
	"modeltrial/eval/blind"
)

func TestNewToken(t *testing.T) {
	token, hash, err := blind.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`).MatchString(token) {
		t.Errorf("token %q is not 22 URL-safe characters", token)
	}
	if hash != blind.TokenHash(token) {
		t.Errorf("hash %s is not TokenHash of the token, %s", hash, blind.TokenHash(token))
	}
	other, _, err := blind.NewToken(rand.Reader)
	if err != nil || other == token {
		t.Errorf("second token %q, %v: want another one", other, err)
	}
	if _, _, err := blind.NewToken(strings.NewReader("too short")); err == nil {
		t.Error("a source that ends early gave a token")
	}
}

func TestTokenHash(t *testing.T) {
	// printf abc | sha256sum (coreutils)
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got := blind.TokenHash("abc"); got != want {
		t.Errorf("TokenHash(abc) = %s, want %s", got, want)
	}
}

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := blind.NewID()
		if len(id) != 22 || seen[id] {
			t.Fatalf("id %q is not new and of 22 characters", id)
		}
		seen[id] = true
	}
}

func TestDraw(t *testing.T) {
	r := randv2.New(randv2.NewPCG(3, 4))
	forced := map[[2]int]eval.Side{{2, 0}: eval.SideB, {7, 5}: eval.SideB, {9, 1}: eval.SideB, {0, 2}: eval.SideA, {3, 8}: eval.SideA}
	for counts, want := range forced {
		for range 20 {
			if got := blind.Draw(r, counts[0], counts[1]); got != want {
				t.Errorf("Draw(%d, %d) = %q, want %q", counts[0], counts[1], got, want)
			}
		}
	}
	// Within the limit it is a fair coin: 4,000 tosses, five standard deviations.
	for _, counts := range [][2]int{{0, 0}, {1, 0}, {4, 5}} {
		control := 0
		for range 4000 {
			if blind.Draw(r, counts[0], counts[1]) == eval.SideA {
				control++
			}
		}
		if control < 1842 || control > 2158 {
			t.Errorf("Draw(%d, %d): control first %d times of 4,000, want about 2,000", counts[0], counts[1], control)
		}
	}
	control, candidate := 0, 0
	for range 10000 {
		if blind.Draw(r, control, candidate) == eval.SideA {
			control++
		} else {
			candidate++
		}
		if difference := control - candidate; difference < -blind.MaxImbalance || difference > blind.MaxImbalance {
			t.Fatalf("counts %d and %d differ by more than %d", control, candidate, blind.MaxImbalance)
		}
	}
}

func TestDrawSeed(t *testing.T) {
	// The same source gives the same order: what is drawn can be drawn again.
	a, b := randv2.New(randv2.NewPCG(5, 6)), randv2.New(randv2.NewPCG(5, 6))
	for i := range 100 {
		if first, second := blind.Draw(a, 0, 0), blind.Draw(b, 0, 0); first != second {
			t.Fatalf("draw %d: %q and %q from the same seed", i, first, second)
		}
	}
}

var errSource = errors.New("source broken")

type brokenSource struct{}

func (brokenSource) Read([]byte) (int, error) { return 0, errSource }

func TestNewTokenSourceError(t *testing.T) {
	if _, _, err := blind.NewToken(brokenSource{}); !errors.Is(err, errSource) {
		t.Errorf("error %v, want it to wrap the source's", err)
	}
}
