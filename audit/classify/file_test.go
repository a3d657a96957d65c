package classify

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"testing"

	"modeltrial/datasets"
)

// sealed puts a valid checksum on a changed file, so that the fields
// themselves are looked at.
func sealed(change func(body []byte) []byte) []byte {
	body := change(slices.Clone(datasets.Classifier[:len(datasets.Classifier)-4]))
	return binary.LittleEndian.AppendUint32(body, crc32.ChecksumIEEE(body))
}

func TestWriteLoadIdentity(t *testing.T) {
	m, err := Load(datasets.Classifier)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file.Bytes(), datasets.Classifier) {
		t.Error("loading and writing changed the file")
	}
}

func TestLoadRefuses(t *testing.T) {
	whole := datasets.Classifier
	flipped := slices.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	set := func(at int, value byte) func([]byte) []byte {
		return func(b []byte) []byte { b[at] = value; return b }
	}
	for name, data := range map[string][]byte{
		"empty":            nil,
		"foreign":          []byte("PK\x03\x04 this is another kind of file"),
		"another version":  append([]byte("MTCLASS\x01"), whole[8:]...),
		"magic alone":      whole[:8],
		"cut in the head":  whole[:20],
		"cut by one byte":  whole[:len(whole)-1],
		"one byte more":    append(slices.Clone(whole), 0),
		"a flipped bit":    flipped,
		"sealed, cut":      sealed(func(b []byte) []byte { return b[:len(b)/2] }),
		"sealed, too long": sealed(func(b []byte) []byte { return append(b, 0) }),
		"too few bits":     sealed(set(8, 7)),
		"too many bits":    sealed(set(8, 63)),
		"one category":     sealed(set(9, 1)),
		"more categories":  sealed(set(9, 255)),
		"other features":   sealed(set(10, denseCount+1)),
		"other concepts":   sealed(set(11, whole[11]+1)),
		"no temperature": sealed(func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[15:], 0)
			return b
		}),
		"temperature not a number": sealed(func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[15:], math.Float32bits(float32(math.NaN())))
			return b
		}),
		"threshold over 1": sealed(func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[19:], math.Float32bits(1.5))
			return b
		}),
		"empty category": sealed(set(23, 0)),
	} {
		t.Run(name, func(t *testing.T) {
			if m, err := Load(data); !errors.Is(err, ErrWeights) || m != nil {
				t.Errorf("got model %v and error %v, want none and ErrWeights", m != nil, err)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte(fileMagic))
	f.Add(datasets.Classifier[len(fileMagic):200])
	f.Add(datasets.Classifier[len(fileMagic) : len(datasets.Classifier)-4])
	f.Fuzz(func(t *testing.T, rest []byte) {
		body := append([]byte(fileMagic), rest...)
		m, err := Load(binary.LittleEndian.AppendUint32(body, crc32.ChecksumIEEE(body)))
		if err != nil {
			if !errors.Is(err, ErrWeights) {
				t.Errorf("%v does not wrap ErrWeights", err)
			}
			return
		}
		checkPrediction(t, m, m.Classify("What is 2 + 2?"))
	})
}

func written(t *testing.T, m *Model) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
