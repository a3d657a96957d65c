package eval

import (
	"time"

	"modeltrial/audit"
)

// A ProviderBatch is a batch that was handed in to a provider's batch interface, or is
// about to be. It has nothing to do with the batch of a week.
type ProviderBatch struct {
	ID          string    `json:"id"` // ours
	Provider    string    `json:"provider"`
	Model       string    `json:"model"`
	Remote      string    `json:"remote_id"` // the provider's; empty: not known to have been handed in
	SubmittedAt time.Time `json:"submitted_at"`
}

// A BatchItem is one call of a provider's batch.
type BatchItem struct {
	Number    int // in the batch, from 0
	Cell      Cell
	WorstCase audit.NanoUSD
}

// A BatchFailure is a call of a provider's batch that gave no answer.
type BatchFailure struct {
	Cell Cell
	FailedCall
}
