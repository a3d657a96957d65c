package blind

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
)

// tokenBytes is 128 bits: too many to guess, short enough for a link.
const tokenBytes = 16

// NewToken draws a rater's secret from a cryptographic source such as
// crypto/rand.Reader: 128 bits as 22 URL-safe characters, and the hash that is
// stored in its place. It fails only if the source does.
func NewToken(source io.Reader) (token, sha256Hex string, err error) {
	var secret [tokenBytes]byte
	if _, err := io.ReadFull(source, secret[:]); err != nil {
		return "", "", fmt.Errorf("draw link token: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	return token, TokenHash(token), nil
}

// TokenHash is the hexadecimal SHA-256 of a token as it stands in its link. A
// token is random and long, so that an unsalted hash cannot be turned back.
func TokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// NewID draws an opaque identifier of 128 random bits as 22 URL-safe characters:
// it tells neither order, time nor arm.
func NewID() string {
	var id [tokenBytes]byte
	rand.Read(id[:]) // never fails since Go 1.24: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(id[:])
}
