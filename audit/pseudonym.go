package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// A Pseudonymizer gives names of people that cannot be turned back without its key:
// HMAC-SHA-256 (RFC 2104) of the name, cut to 64 bits. The same name, whatever its
// case and the spaces around it, has the same pseudonym under the same key. It is
// for one goroutine.
type Pseudonymizer struct {
	key   []byte
	known map[string]string
}

// pseudonymPrefix is how a pseudonym begins; 16 hexadecimal digits follow.
const pseudonymPrefix = "user-"

// mostPseudonyms bounds the memory of pseudonyms given before.
const mostPseudonyms = 1 << 16

// NewPseudonymizer returns one with a key, which should have 32 random bytes.
func NewPseudonymizer(key []byte) *Pseudonymizer {
	return &Pseudonymizer{key: key, known: map[string]string{}}
}

// Pseudonym of a name; of an empty one it is empty, and one that is a pseudonym
// already stays as it is.
func (p *Pseudonymizer) Pseudonym(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" || isPseudonym(name) {
		return name
	}
	if known, ok := p.known[name]; ok {
		return known
	}
	mac := hmac.New(sha256.New, p.key)
	_, _ = mac.Write([]byte(name)) // a hash takes everything
	pseudonym := pseudonymPrefix + hex.EncodeToString(mac.Sum(nil)[:8])
	if len(p.known) < mostPseudonyms {
		p.known[strings.Clone(name)] = pseudonym
	}
	return pseudonym
}

func isPseudonym(name string) bool {
	digits, ok := strings.CutPrefix(name, pseudonymPrefix)
	if !ok || len(digits) != 16 {
		return false
	}
	_, err := hex.DecodeString(digits)
	return err == nil
}
