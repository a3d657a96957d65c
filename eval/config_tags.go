package eval

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The most that raters can take in at a glance.
const (
	maxTags      = 20
	maxTagLength = 40 // characters
)

// tags checks the words with which raters say why.
func (c *checker) tags(tags []string) {
	if len(tags) > maxTags {
		c.fail("$.pilot.rating_tags", "rating_tags has %d entries; choose at most %d", len(tags), maxTags)
	}
	for i, tag := range tags {
		path := fmt.Sprintf("$.pilot.rating_tags[%d]", i)
		switch {
		case strings.TrimSpace(tag) != tag || tag == "":
			c.fail(path, "the tag %q is empty or has spaces around it", tag)
		case utf8.RuneCountInString(tag) > maxTagLength:
			c.fail(path, "the tag %q is longer than %d characters", tag, maxTagLength)
		case slices.Contains(tags[:i], tag):
			c.fail(path, "the tag %q stands here twice", tag)
		}
	}
}
