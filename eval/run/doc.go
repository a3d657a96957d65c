// Package run sends a batch's tasks through every arm: concurrently, resumable,
// with retries, within a budget. [Run] goes through a week; a [Worker] makes the single
// calls that a [Queue] hands out to several processes. Calling a model belongs in eval/provider,
// keeping what it answered in the store that [Store] describes.
package run
