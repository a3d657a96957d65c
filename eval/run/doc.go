// Package run sends a batch's tasks through every arm: concurrently, resumable,
// with retries, within a budget. Calling a model belongs in eval/provider,
// keeping what it answered in the store that [Store] describes.
package run
