package ingest

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/tidwall/gjson"
)

// A parquetReader reads the rows of a Parquet file one after the other. A column
// that is nested is JSON text.
type parquetReader struct {
	groups  []parquet.RowGroup
	rows    parquet.Rows
	columns []parquetColumn
	leaves  int
	number  int
	buffer  []parquet.Row
	values  [][]parquet.Value // of the row at hand, by leaf
}

// A parquetColumn is one of the schema's outermost columns.
type parquetColumn struct {
	name  string
	node  parquet.Node
	first int // its first leaf
}

// openParquet opens a Parquet file's table.
func openParquet(s *source, file File) (*Table, io.Closer, error) {
	table, err := newTable(s.name, file)
	if err != nil {
		return nil, nil, err
	}
	reader := &parquetReader{buffer: make([]parquet.Row, 1)}
	err = guarded(func() error {
		if err := checkFooter(s.random, s.size); err != nil {
			return err
		}
		opened, err := parquet.OpenFile(s.random, s.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(headSize))
		if err != nil {
			return err
		}
		if err := checkChunks(opened.Metadata(), s.size); err != nil {
			return err
		}
		reader.groups = opened.RowGroups()
		for _, field := range opened.Schema().Fields() {
			reader.columns = append(reader.columns, parquetColumn{field.Name(), field, reader.leaves})
			reader.leaves += leavesOf(field)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: the Parquet file cannot be read: %w; export it again", s.name, err)
	}
	header := make([]string, len(reader.columns))
	for i, column := range reader.columns {
		header[i] = column.name
	}
	table.format, table.reported = CSV, Parquet
	table.rows = reader
	return table, reader, table.openRows(header, 0, file, reader.read)
}

// checkFooter refuses a file whose footer, of which its last eight bytes say the
// size, is not in it: room for it would be made before it is read.
func checkFooter(at io.ReaderAt, size int64) error {
	end := make([]byte, 8)
	if size < 12 {
		return errors.New("it is cut off")
	}
	if _, err := at.ReadAt(end, size-8); err != nil {
		return err
	}
	if string(end[4:]) != "PAR1" {
		return errors.New("it is cut off, or encrypted")
	}
	if int64(binary.LittleEndian.Uint32(end)) > size-12 {
		return errors.New("its footer is larger than the file")
	}
	return nil
}

// checkChunks refuses a file whose description of itself cannot be true.
func checkChunks(metadata *format.FileMetaData, size int64) error {
	if metadata.NumRows > 1_000_000 && metadata.NumRows/8 > size {
		return errors.New("it says that it has more rows than it can hold")
	}
	for _, group := range metadata.RowGroups {
		for _, chunk := range group.Columns {
			if chunk.MetaData.TotalCompressedSize < 0 || chunk.MetaData.TotalCompressedSize > size {
				return errors.New("its columns are larger than the file")
			}
		}
	}
	return nil
}

// leavesOf counts the columns of values under a node.
func leavesOf(node parquet.Node) int {
	if node.Leaf() {
		return 1
	}
	leaves := 0
	for _, field := range node.Fields() {
		leaves += leavesOf(field)
	}
	return leaves
}

// Close ends the reading.
func (r *parquetReader) Close() error {
	if r.rows == nil {
		return nil
	}
	return guarded(r.rows.Close)
}

// next reads the next row's values.
func (r *parquetReader) next() error {
	for {
		if r.rows == nil {
			if len(r.groups) == 0 {
				return io.EOF
			}
			r.rows, r.groups = r.groups[0].Rows(), r.groups[1:]
		}
		n, err := r.rows.ReadRows(r.buffer)
		if n == 1 {
			return nil
		}
		if err == nil {
			continue
		}
		if err != io.EOF {
			return err
		}
		if err := r.rows.Close(); err != nil {
			return err
		}
		r.rows = nil
	}
}

// read gives the next row; its line is the number of the row.
func (r *parquetReader) read() (fields []string, line int, err error) {
	err = guarded(func() error {
		if err := r.next(); err != nil {
			return err
		}
		r.number++
		fields, err = r.fields(r.buffer[0])
		return err
	})
	if err != nil && err != io.EOF {
		if _, bad := asFault(err); !bad {
			err = fmt.Errorf("row %d: %w", r.number+1, err)
		}
	}
	return fields, r.number, err
}

func (r *parquetReader) fields(row parquet.Row) ([]string, error) {
	r.values = make([][]parquet.Value, r.leaves)
	row.Range(func(column int, values []parquet.Value) bool {
		if column < r.leaves {
			r.values[column] = values
		}
		return true
	})
	fields := make([]string, len(r.columns))
	for i, column := range r.columns {
		text, err := r.json(nil, column.node, column.first, 0, 0)
		if err != nil {
			return nil, err
		}
		if len(text) > maxField {
			return nil, tooLarge(i + 1)
		}
		fields[i] = string(text)
		switch {
		case fields[i] == "null":
			fields[i] = ""
		case text[0] == '"':
			fields[i] = gjson.ParseBytes(text).Str
		}
	}
	return fields, nil
}

// errParquet says that levels and schema do not fit together.
var errParquet = errors.New("the levels of a column do not fit its schema")

// head is the value at hand of a leaf.
func (r *parquetReader) head(leaf int) (parquet.Value, error) {
	if leaf >= len(r.values) || len(r.values[leaf]) == 0 {
		return parquet.Value{}, errParquet
	}
	return r.values[leaf][0], nil
}

// skip passes over one value of each leaf under a node that is not there.
func (r *parquetReader) skip(node parquet.Node, leaf int) error {
	for at := leaf; at < leaf+leavesOf(node); at++ {
		if _, err := r.head(at); err != nil {
			return err
		}
		r.values[at] = r.values[at][1:]
	}
	return nil
}

// json appends a node's values as JSON. Levels say what is there, as in Melnik et
// al., Dremel (VLDB 2010): a value whose definition level is below that of a node is
// none, and one whose repetition level is that of a node repeats it.
func (r *parquetReader) json(to []byte, node parquet.Node, leaf, repetition, definition int) ([]byte, error) {
	if !node.Optional() && !node.Repeated() {
		return r.required(to, node, leaf, repetition, definition)
	}
	definition++
	if node.Repeated() {
		repetition++
	}
	value, err := r.head(leaf)
	if err != nil {
		return to, err
	}
	if value.DefinitionLevel() < definition {
		if node.Repeated() {
			return append(to, "[]"...), r.skip(node, leaf)
		}
		return append(to, "null"...), r.skip(node, leaf)
	}
	if node.Optional() {
		return r.required(to, node, leaf, repetition, definition)
	}
	return r.repeated(to, node, leaf, repetition, definition)
}

func (r *parquetReader) repeated(to []byte, node parquet.Node, leaf, repetition, definition int) ([]byte, error) {
	to = append(to, '[')
	for {
		before := len(r.values[leaf])
		var err error
		if to, err = r.required(to, node, leaf, repetition, definition); err != nil {
			return to, err
		}
		rest := r.values[leaf]
		if len(rest) == 0 || len(rest) == before || rest[0].RepetitionLevel() != repetition {
			return append(to, ']'), nil
		}
		if len(to) > maxField {
			return to, tooLarge(0)
		}
		to = append(to, ',')
	}
}

// required appends a node that is there.
func (r *parquetReader) required(to []byte, node parquet.Node, leaf, repetition, definition int) ([]byte, error) {
	if node.Leaf() {
		value, err := r.head(leaf)
		if err != nil {
			return to, err
		}
		r.values[leaf] = r.values[leaf][1:]
		return appendValue(to, node.Type(), value), nil
	}
	fields := node.Fields()
	if len(fields) == 1 && fields[0].Repeated() {
		kind := groupKind(node)
		switch inner := fields[0].Fields(); {
		case kind == "list" && len(inner) == 1 && !fields[0].Leaf():
			return r.list(to, fields[0], inner[0], leaf, repetition+1, definition+1)
		case kind == "list":
			return r.json(to, fields[0], leaf, repetition, definition)
		case kind == "map" && len(inner) == 2:
			return r.object(to, fields[0], inner, leaf, repetition+1, definition+1)
		}
	}
	to = append(to, '{')
	for i, field := range fields {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(gjson.AppendJSONString(to, field.Name()), ':')
		var err error
		if to, err = r.json(to, field, leaf, repetition, definition); err != nil {
			return to, err
		}
		leaf += leavesOf(field)
	}
	return append(to, '}'), nil
}

// list appends the items of a list of three levels as one.
func (r *parquetReader) list(to []byte, group, item parquet.Node, leaf, repetition, definition int) ([]byte, error) {
	return r.each(to, '[', ']', group, leaf, repetition, definition, func(to []byte) ([]byte, error) {
		return r.json(to, item, leaf, repetition, definition)
	})
}

// object appends a map as an object.
func (r *parquetReader) object(to []byte, group parquet.Node, inner []parquet.Field, leaf, repetition, definition int) ([]byte, error) {
	return r.each(to, '{', '}', group, leaf, repetition, definition, func(to []byte) ([]byte, error) {
		key, err := r.json(nil, inner[0], leaf, repetition, definition)
		if err != nil {
			return to, err
		}
		if len(key) > 0 && key[0] == '"' {
			to = append(to, key...)
		} else {
			to = gjson.AppendJSONString(to, string(key))
		}
		return r.json(append(to, ':'), inner[1], leaf+leavesOf(inner[0]), repetition, definition)
	})
}

func (r *parquetReader) each(to []byte, open, end byte, group parquet.Node, leaf, repetition, definition int, item func([]byte) ([]byte, error)) ([]byte, error) {
	to = append(to, open)
	value, err := r.head(leaf)
	if err != nil {
		return to, err
	}
	if value.DefinitionLevel() < definition {
		return append(to, end), r.skip(group, leaf)
	}
	for {
		before := len(r.values[leaf])
		if to, err = item(to); err != nil {
			return to, err
		}
		rest := r.values[leaf]
		if len(rest) == 0 || len(rest) == before || rest[0].RepetitionLevel() != repetition {
			return append(to, end), nil
		}
		if len(to) > maxField {
			return to, tooLarge(0)
		}
		to = append(to, ',')
	}
}

// groupKind is list or map for a group that stands for one.
func groupKind(node parquet.Node) string {
	if logical := node.Type().LogicalType(); logical != nil {
		switch logical.Value.(type) {
		case *format.ListType:
			return "list"
		case *format.MapType:
			return "map"
		}
	}
	switch name := node.Fields()[0].Name(); name {
	case "list", "bag", "array":
		return "list"
	case "key_value", "map":
		return "map"
	}
	return ""
}

// appendValue appends a value as JSON: dates and times as RFC 3339 writes them.
func appendValue(to []byte, kind parquet.Type, value parquet.Value) []byte {
	if value.IsNull() {
		return append(to, "null"...)
	}
	if logical := kind.LogicalType(); logical != nil {
		if text, ok := logicalText(logical, value); ok {
			return gjson.AppendJSONString(to, text)
		}
	}
	switch value.Kind() {
	case parquet.Boolean:
		return strconv.AppendBool(to, value.Boolean())
	case parquet.Int32:
		return strconv.AppendInt(to, int64(value.Int32()), 10)
	case parquet.Int64:
		return strconv.AppendInt(to, value.Int64(), 10)
	case parquet.Int96:
		return gjson.AppendJSONString(to, int96Time(value))
	case parquet.Float:
		return appendFloat(to, float64(value.Float()), 32)
	case parquet.Double:
		return appendFloat(to, value.Double(), 64)
	}
	text := value.ByteArray()
	if utf8.Valid(text) {
		return gjson.AppendJSONString(to, string(text))
	}
	return gjson.AppendJSONString(to, base64.StdEncoding.EncodeToString(text))
}

func appendFloat(to []byte, value float64, bits int) []byte {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return append(to, "null"...)
	}
	return strconv.AppendFloat(to, value, 'g', -1, bits)
}

// logicalText is a value whose type says more than how it is stored.
func logicalText(logical *format.LogicalType, value parquet.Value) (string, bool) {
	switch kind := logical.Value.(type) {
	case *format.TimestampType:
		if value.Kind() == parquet.Int64 {
			return inUnit(value.Int64(), kind.Unit).Format(time.RFC3339Nano), true
		}
	case *format.DateType:
		if value.Kind() == parquet.Int32 {
			return time.Unix(0, 0).UTC().AddDate(0, 0, int(value.Int32())).Format(time.DateOnly), true
		}
	case *format.DecimalType:
		return decimalText(value, int(kind.Scale))
	case *format.UUIDType:
		if b := value.ByteArray(); len(b) == 16 {
			h := hex.EncodeToString(b)
			return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], true
		}
	}
	return "", false
}

func inUnit(count int64, unit format.TimeUnit) time.Time {
	switch unit.Value.(type) {
	case *format.MilliSeconds:
		return time.UnixMilli(count).UTC()
	case *format.NanoSeconds:
		return time.Unix(0, count).UTC()
	}
	return time.UnixMicro(count).UTC()
}

// decimalText is a decimal number, exactly.
func decimalText(value parquet.Value, scale int) (string, bool) {
	whole := new(big.Int)
	switch value.Kind() {
	case parquet.Int32:
		whole.SetInt64(int64(value.Int32()))
	case parquet.Int64:
		whole.SetInt64(value.Int64())
	case parquet.ByteArray, parquet.FixedLenByteArray:
		b := value.ByteArray()
		if len(b) > 32 {
			return "", false
		}
		whole.SetBytes(b)
		if len(b) > 0 && b[0] >= 0x80 { // two's complement
			whole.Sub(whole, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	default:
		return "", false
	}
	if scale < 0 || scale > 40 {
		return "", false
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(whole, power).FloatString(scale), true
}

// int96Time is a time as older programs store it: nanoseconds of the day, and the
// Julian day.
func int96Time(value parquet.Value) string {
	const unixEpoch = 2440588 // as a Julian day
	parts := value.Int96()
	nanoseconds := int64(parts[0]) | int64(parts[1])<<32
	days := int64(parts[2]) - unixEpoch
	return time.Unix(days*24*3600, nanoseconds).UTC().Format(time.RFC3339Nano)
}
