package blind

import (
	"regexp"
	"sync"
)

// lazily is a regular expression that is compiled when it is used for the first time: all
// of them take 20 milliseconds and 9 MB, which a command that looks at no answer need not
// pay.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
