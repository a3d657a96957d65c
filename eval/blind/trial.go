package blind

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"strconv"
)

// DrawCheck decides by a protocol's seed how a rater is tried after so many of the
// rater's own comparisons, if at all: the same seed, rater and place always give the
// same, and nobody without the seed can foresee it. shares are those of several kinds of
// check, together at most 1; kind is -1 for none. pick is a number for what else is to
// be chosen there.
func DrawCheck(seed uint64, rater string, slot int, shares ...float64) (kind int, pick uint64) {
	sum := sha256.Sum256([]byte(strconv.FormatUint(seed, 10) + "\x00" + rater + "\x00" + strconv.Itoa(slot)))
	u := float64(binary.BigEndian.Uint64(sum[:8])) / math.MaxUint64
	pick = binary.BigEndian.Uint64(sum[8:16])
	for i, share := range shares {
		if u < share {
			return i, pick
		}
		u -= share
	}
	return -1, pick
}
