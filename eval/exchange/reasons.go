package exchange

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"modeltrial/audit/ingest"
	"modeltrial/eval"
)

// tagsCell writes tags in one cell: with semicolons between them, or as a JSON array where
// that would not be read back.
func tagsCell(tags []string) (string, error) {
	plain := strings.Join(tags, "; ")
	if slices.Equal(splitTags(plain), tags) && !strings.HasPrefix(plain, "[") {
		return guard(plain), nil
	}
	text, err := json.Marshal(tags)
	if err != nil {
		return "", fmt.Errorf("write tags: %w", err)
	}
	return string(text), nil
}

func splitTags(text string) (tags []string) {
	for tag := range strings.SplitSeq(text, ";") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// readReasons reads the tags and the grades of a rating.
func readReasons(row *ingest.Row, rating *eval.Rating) (err error) {
	if row.Has("tags") {
		text := strings.TrimSpace(row.Get("tags"))
		if strings.HasPrefix(text, "[") {
			if err := json.Unmarshal([]byte(text), &rating.Tags); err != nil {
				return row.Reject("tags", fmt.Sprintf("%q is no JSON array of words", shorten(text)), "write the tags with semicolons between them")
			}
		} else {
			rating.Tags = splitTags(strings.Clone(unguard(text)))
		}
		slices.Sort(rating.Tags)
		rating.Tags = slices.Compact(rating.Tags)
		for _, tag := range rating.Tags {
			if tag == "" || !utf8.ValidString(tag) || strings.ContainsFunc(tag, unicode.IsControl) {
				return row.Reject("tags", fmt.Sprintf("%q is no tag", shorten(tag)), "write words")
			}
		}
	}
	if row.Has("grades") {
		if rating.Grades, err = eval.ParseGrades(strings.TrimSpace(row.Get("grades"))); err != nil {
			return row.Reject("grades", err.Error(), `write them like {"Is it right?":{"a":4,"b":2}}`)
		}
	}
	return nil
}

// gradesCell writes grades in one cell; empty without any.
func gradesCell(grades []eval.Grade) (string, error) {
	if len(grades) == 0 {
		return "", nil
	}
	return eval.GradesJSON(grades)
}
