// Package blind keeps a rater from knowing which arm wrote an answer: secret
// link tokens, opaque ids, the random order in which two answers are shown, and
// the masking of answers that name their own model. What is drawn or hashed here
// is kept by package store and shown by eval/rate; nothing here reads or writes.
package blind
