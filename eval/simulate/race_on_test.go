//go:build race

package simulate

// raceDetector tells that the race detector slows this test binary down.
const raceDetector = true
