package eval

import "time"

// A WorkerProcess is a process that makes calls of the pilot, as it tells of itself.
type WorkerProcess struct {
	ID        string    `json:"id"`
	Process   string    `json:"process"` // the machine and the number there
	Version   string    `json:"version"`
	StartedAt time.Time `json:"started_at"`
	SeenAt    time.Time `json:"seen_at"`
	Answered  int       `json:"answered"`         // answers since it started
	Rated     int       `json:"rated"`            // judgements
	Failed    int       `json:"failed"`           // calls that were given up
	PerMinute float64   `json:"calls_per_minute"` // answers and judgements, of the last half minute or so
	Draining  bool      `json:"-"`                // it takes nothing more and ends
}

// WorkerLost is how long a worker may be silent before it counts as dead.
const WorkerLost = 30 * time.Second

// Lost says whether the worker counts as dead.
func (w WorkerProcess) Lost(now time.Time) bool { return now.Sub(w.SeenAt) > WorkerLost }

// State is working, draining or lost.
func (w WorkerProcess) State(now time.Time) string {
	switch {
	case w.Lost(now):
		return "lost"
	case w.Draining:
		return "draining"
	}
	return "working"
}

// A WaitingCall is a call that workers have given up.
type WaitingCall struct {
	Job        string    `json:"job"` // its key among those of the pilot
	TaskID     string    `json:"task_id"`
	Arm        string    `json:"arm"`                     // of a judgement: the judge
	Comparison string    `json:"comparison_id,omitempty"` // of a judgement
	First      Side      `json:"first,omitempty"`         // of a judgement: the arm shown first
	Week       int       `json:"week"`
	Reason     string    `json:"reason"`
	FailedAt   time.Time `json:"failed_at"`
}
