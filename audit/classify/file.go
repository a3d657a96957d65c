package classify

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"modeltrial/audit"
	"modeltrial/datasets"
)

// A weights file is, in little-endian order:
//
//	magic "MTCLASS" and the version 3           8 bytes
//	bits, categories, dense features            1 byte each
//	CRC-32 (IEEE) of the lexicon of concepts    uint32
//	temperature, threshold                      float32 each
//	per category: length (1 byte) and name
//	scales                                      float32 per category
//	dense weights                               float32, features × categories
//	quantised weights                           int8, buckets × categories
//	CRC-32 (IEEE) of all before                 uint32
const fileMagic = "MTCLASS\x03"

// A weights file of a model that was adapted to a log is a magic, how much the log counts,
// temperature and threshold (float32 each) and, compressed by zstd, a file like that above of
// each of its models, the one that it was first: its length (uint32), and the file.
const adaptedMagic = "MTCLASS\x04"

// ErrWeights is wrapped by every error about a weights file.
var ErrWeights = errors.New("classifier weights cannot be read")

// Write writes m as a weights file, which [Load] reads.
func (m *Model) Write(w io.Writer) error {
	if m.base != nil {
		return m.writeAdapted(w)
	}
	var b bytes.Buffer
	b.WriteString(fileMagic)
	b.Write([]byte{byte(m.bits), byte(len(m.categories)), denseCount})
	b.Write(binary.LittleEndian.AppendUint32(nil, lexiconSum()))
	number := func(v float64) {
		b.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v))))
	}
	number(m.temperature)
	number(m.threshold)
	for _, c := range m.categories {
		if len(c) > math.MaxUint8 {
			return fmt.Errorf("write classifier weights: the category %.20q… is longer than 255 bytes", string(c))
		}
		b.WriteByte(byte(len(c)))
		b.WriteString(string(c))
	}
	for _, v := range m.scales {
		number(v)
	}
	for _, v := range m.dense {
		number(v)
	}
	b.Grow(len(m.weights))
	for _, v := range m.weights {
		b.WriteByte(byte(v))
	}
	b.Write(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b.Bytes())))
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write classifier weights: %w", err)
	}
	return nil
}

// Load reads a weights file that [Model.Write] wrote. A damaged, cut or foreign
// file gives an error that wraps [ErrWeights].
func Load(data []byte) (*Model, error) {
	if rest, adapted := bytes.CutPrefix(data, []byte(adaptedMagic)); adapted {
		return loadAdapted(rest)
	}
	if !bytes.HasPrefix(data, []byte(fileMagic)) {
		return nil, fmt.Errorf("%w: not a weights file of version 3", ErrWeights)
	}
	if len(data) < len(fileMagic)+4 {
		return nil, fmt.Errorf("%w: cut short", ErrWeights)
	}
	body, sum := data[:len(data)-4], binary.LittleEndian.Uint32(data[len(data)-4:])
	if crc32.ChecksumIEEE(body) != sum {
		return nil, fmt.Errorf("%w: checksum differs", ErrWeights)
	}
	r := &fileReader{rest: body[len(fileMagic):]}
	m := r.model()
	if r.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWeights, r.err)
	}
	return m, nil
}

func (m *Model) writeAdapted(w io.Writer) error {
	head := []byte(adaptedMagic)
	for _, v := range []float64{m.logWeight, m.temperature, m.threshold} {
		head = binary.LittleEndian.AppendUint32(head, math.Float32bits(float32(v)))
	}
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("write classifier weights: %w", err)
	}
	compressed, err := zstd.NewWriter(w)
	if err != nil {
		return fmt.Errorf("write classifier weights: %w", err)
	}
	for _, model := range append([]*Model{m.base}, m.students...) {
		var file bytes.Buffer
		if err := model.Write(&file); err != nil {
			return errors.Join(err, compressed.Close())
		}
		_, err := compressed.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(file.Len())), file.Bytes()...))
		if err != nil {
			return fmt.Errorf("write classifier weights: %w", errors.Join(err, compressed.Close()))
		}
	}
	if err := compressed.Close(); err != nil {
		return fmt.Errorf("write classifier weights: %w", err)
	}
	return nil
}

// ReadThreshold is the [Model.Threshold] of the model in a weights file, of which nothing
// else is read or checked.
func ReadThreshold(data []byte) (float64, error) {
	at := len(fileMagic) + 3 + 4 + 4 // behind the sizes, the lexicon and the temperature
	if bytes.HasPrefix(data, []byte(adaptedMagic)) {
		at = len(adaptedMagic) + 4 + 4
	} else if !bytes.HasPrefix(data, []byte(fileMagic)) {
		return 0, fmt.Errorf("%w: not a weights file of version 3 or 4", ErrWeights)
	}
	r := &fileReader{rest: data[min(at, len(data)):]}
	threshold := r.numbers(1)
	if r.err != nil {
		return 0, fmt.Errorf("%w: %w", ErrWeights, r.err)
	}
	return threshold[0], nil
}

func loadAdapted(rest []byte) (*Model, error) {
	head := &fileReader{rest: rest}
	how := head.numbers(3)
	if head.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWeights, head.err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(mostAdapted))
	if err != nil {
		return nil, err
	}
	defer decoder.Close()
	data, err := decoder.DecodeAll(head.rest, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWeights, err)
	}
	r := &fileReader{rest: data}
	var models []*Model
	for len(r.rest) > 0 {
		size := r.take(4)
		if size == nil {
			break
		}
		file := r.take(int(binary.LittleEndian.Uint32(size)))
		if r.err != nil {
			break
		}
		one, err := Load(file)
		if err != nil {
			return nil, err
		}
		models = append(models, one)
	}
	if r.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWeights, r.err)
	}
	if len(models) < 2 {
		return nil, fmt.Errorf("%w: it holds %d models, want one and those that learned from a log", ErrWeights, len(models))
	}
	m, students := models[0], models[1:]
	for _, student := range students {
		if m.base != nil || student.base != nil || student.bits != m.bits || !slices.Equal(student.categories, m.categories) {
			return nil, fmt.Errorf("%w: its models do not belong together", ErrWeights)
		}
	}
	if how[1] < 0.01 || how[2] < 0 || how[2] > 1 {
		return nil, fmt.Errorf("%w: temperature or threshold out of range", ErrWeights)
	}
	return m.taught(students, adapting{float32(how[0]), float32(how[1]), float32(how[2])}), nil
}

// mostAdapted bounds what a file may unpack to: more than its models take with as many
// categories as there can be.
const mostAdapted = 2 << 30

// A fileReader takes fields off the front; after an error it gives zeros.
type fileReader struct {
	rest []byte
	err  error
}

func (r *fileReader) take(n int) []byte {
	if r.err == nil && n > len(r.rest) {
		r.err = errors.New("cut short")
	}
	if r.err != nil {
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *fileReader) byte() int {
	b := r.take(1)
	if b == nil {
		return 0
	}
	return int(b[0])
}

func (r *fileReader) numbers(n int) []float64 {
	b := r.take(4 * n)
	if b == nil {
		return nil
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
		if math.IsNaN(out[i]) || math.IsInf(out[i], 0) {
			r.err = errors.New("a number is not finite")
		}
	}
	return out
}

func (r *fileReader) model() *Model {
	bits, count, dense := r.byte(), r.byte(), r.byte()
	if r.err == nil && (bits < 8 || bits > 20 || count < 2 || dense != denseCount) {
		r.err = fmt.Errorf("%d bits, %d categories and %d features are not what this version reads", bits, count, dense)
	}
	if sum := r.take(4); sum != nil && binary.LittleEndian.Uint32(sum) != lexiconSum() {
		r.err = errors.New("the weights were trained with another list of concepts; train again")
	}
	settings := r.numbers(2)
	m := &Model{bits: uint(bits)}
	seen := map[audit.Category]bool{}
	for range count {
		c := audit.Category(r.take(r.byte()))
		if r.err == nil && (c == "" || seen[c]) {
			r.err = fmt.Errorf("the category %q is empty or there twice", c)
		}
		seen[c] = true
		m.categories = append(m.categories, c)
	}
	m.scales = r.numbers(count)
	m.dense = r.numbers(count * denseCount)
	raw := r.take(count << bits)
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d bytes too many", len(r.rest))
	}
	if r.err != nil {
		return nil
	}
	m.temperature, m.threshold = settings[0], settings[1]
	if m.temperature < 0.01 || m.threshold < 0 || m.threshold > 1 {
		r.err = errors.New("temperature or threshold out of range")
		return nil
	}
	m.weights = make([]int8, len(raw))
	for i, b := range raw {
		m.weights[i] = int8(b)
	}
	m.pool = newExtractorPool(m.bits)
	return m
}

// lexiconSum tells lexicons apart: the weights of a concept mean nothing with
// another list.
var lexiconSum = sync.OnceValue(func() uint32 { return crc32.ChecksumIEEE([]byte(datasets.Concepts)) })
