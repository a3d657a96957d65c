package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// JSON writes v as indented JSON with a newline at the end, without HTML
// escaping. A value that JSON cannot hold, such as NaN or an infinity, is an
// error, and then nothing is written.
func JSON(w io.Writer, v any) error {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	_, err := w.Write(buffer.Bytes())
	return err
}
