package rate

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"modeltrial/eval"
)

// maxSeconds bounds the time for one rating or edit: a page left open overnight says
// nothing about how long it took.
const maxSeconds = 24 * 60 * 60

// readForm reads what a form sends; where it cannot, refused shows why and ok is false.
func readForm(r *http.Request, refused func(status int, text string)) (ok bool) {
	err := r.ParseForm()
	if err == nil {
		return true
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		refused(http.StatusRequestEntityTooLarge, "What was sent is too large.")
	} else {
		refused(http.StatusBadRequest, "What was sent could not be read.")
	}
	return false
}

// timeTaken is how many seconds a rating or an edit took: the script's count of those in
// which it was worked on, or without scripts the time since the page was made (Unix
// milliseconds), pauses included. It is no more than the time since start, where that is
// known (not zero). Nothing is known where neither can be believed.
func timeTaken(form func(field string) string, start, now time.Time) (seconds *float64, timing eval.EditTiming) {
	most := math.Inf(1)
	if !start.IsZero() {
		most = max(now.Sub(start).Seconds(), 0)
	}
	if counted, err := strconv.ParseFloat(form("seconds"), 64); err == nil && counted >= 0 && counted <= maxSeconds {
		return new(math.Round(min(counted, most)*1000) / 1000), eval.TimedActive
	}
	milliseconds, err := strconv.ParseInt(form("shown"), 10, 64)
	if err != nil {
		return nil, eval.NotTimed
	}
	since := now.Sub(time.UnixMilli(milliseconds)).Seconds()
	if since <= 0 || since > maxSeconds {
		return nil, eval.NotTimed
	}
	return new(min(since, most)), eval.TimedElapsed
}
