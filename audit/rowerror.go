package audit

import (
	"fmt"
	"strings"
)

// A RowError says where in a file a row could not be read, what was wrong and
// what to do about it. The rest of the file is read all the same.
type RowError struct {
	File   string
	Line   int    // from 1; the line on which the row begins
	Column int    // field number from 1; 0 where the whole row is meant
	Field  string // name of the field, empty where the whole row is meant
	Msg    string // what was wrong
	Remedy string // what to do about it; may be empty
}

// Error gives file:line:column: message; remedy.
func (e *RowError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:", e.File, e.Line)
	if e.Column > 0 {
		fmt.Fprintf(&b, "%d:", e.Column)
	}
	b.WriteByte(' ')
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	b.WriteString(e.Msg)
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}
