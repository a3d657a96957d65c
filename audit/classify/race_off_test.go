//go:build !race

package classify

// raceDetector tells that the race detector slows this test binary down.
const raceDetector = false
