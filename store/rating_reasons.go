package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"modeltrial/eval"
)

// hasTags says whether a rating has these tags and no others.
func hasTags(ctx context.Context, tx *transaction, rating int64, tags []string) (bool, error) {
	var stored []string
	if err := tx.SelectContext(ctx, &stored, `SELECT tag FROM rating_tags WHERE rating_id = ? ORDER BY tag`, rating); err != nil {
		return false, err
	}
	return slices.Equal(stored, slices.Sorted(slices.Values(tags))), nil
}

func addTags(ctx context.Context, tx *transaction, rating int64, tags []string) error {
	for _, tag := range tags {
		if _, err := tx.ExecContext(ctx, `INSERT INTO rating_tags (rating_id, tag) VALUES (?, ?)`, rating, tag); err != nil {
			return fmt.Errorf("store tag %q: %w", tag, err)
		}
	}
	return nil
}

// tagsOfRatings are the tags of all ratings, by the rating's id, each in order. They are
// few beside the ratings.
func (s *Store) tagsOfRatings(ctx context.Context) (map[int64][]string, error) {
	type tagRow struct {
		Rating int64  `db:"rating_id"`
		Tag    string `db:"tag"`
	}
	tags := map[int64][]string{}
	err := each(ctx, s, "tags", func(r tagRow) error {
		tags[r.Rating] = append(tags[r.Rating], r.Tag)
		return nil
	}, `SELECT rating_id, tag FROM rating_tags ORDER BY rating_id, tag`)
	return tags, err
}

// lastSaid is what the rater of a presentation said of it last: a rating's, or that of a
// presentation that tries the rater.
func (s *Store) lastSaid(ctx context.Context, id string, first eval.Side) (*eval.ShownRating, error) {
	var row struct {
		Rating  *int64       `db:"rating"` // nil of a check
		Verdict eval.Verdict `db:"verdict"`
		Note    string       `db:"note"`
		Tags    string       `db:"tags"` // of a check
		Grades  string       `db:"grades"`
	}
	err := s.quick.GetContext(ctx, &row, `
SELECT rating, verdict, note, tags, grades FROM (
    SELECT id, id AS rating, verdict, note, '[]' AS tags, grades FROM ratings WHERE presentation_id = ?1
    UNION ALL
    SELECT id, NULL AS rating, verdict, note, tags, grades FROM check_ratings WHERE presentation_id = ?1) said
ORDER BY id DESC LIMIT 1`, id)
	if err != nil {
		return nil, fmt.Errorf("last rating of presentation %q: %w", id, notFound(err))
	}
	said := &eval.ShownRating{Verdict: eval.ShownAs(row.Verdict, first), Note: row.Note}
	if row.Rating != nil {
		err = s.quick.SelectContext(ctx, &said.Tags, `SELECT tag FROM rating_tags WHERE rating_id = ? ORDER BY tag`, *row.Rating)
	} else {
		err = json.Unmarshal([]byte(row.Tags), &said.Tags)
	}
	if err != nil {
		return nil, fmt.Errorf("tags of presentation %q: %w", id, err)
	}
	grades, err := eval.ParseGrades(row.Grades)
	if err != nil {
		return nil, fmt.Errorf("presentation %q: %w", id, err)
	}
	said.Grades = eval.ShownGrades(grades, first)
	return said, nil
}
