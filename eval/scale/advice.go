package scale

import (
	"fmt"

	"modeltrial/eval"
)

// The rules of the advice. They are judgement, on what was measured.
const (
	// comfortable is the share of a database's measured rates up to which it is used:
	// what waits in a queue grows beyond measure as the share nears one.
	comfortable = 0.5
	// largeFile is a file that a machine with 32 GB holds in memory no more, in bytes; a
	// backup copies all of it each time.
	largeFile = 32e9
)

// advise says where such a pilot belongs: on SQLite, unless one of the rules speaks
// against it.
func (p *plan) advise() {
	file := p.Databases[0]
	var against, inFavour []string
	busy := file.BusyHours
	switch {
	case p.Hours == nil || *p.Hours == 0:
		inFavour = append(inFavour, "no provider's limit asks for more than one file can write")
	case busy > comfortable**p.Hours:
		against = append(against, fmt.Sprintf("one file would write for %.0f%% of the time that the limits leave (more than %.0f%% makes calls and raters wait), and PostgreSQL on as few cores for %.0f%%: give it a server of its own", 100*busy / *p.Hours, 100*comfortable, 100*p.Databases[1].BusyHours / *p.Hours))
	default:
		inFavour = append(inFavour, fmt.Sprintf("one file writes for %.2g%% of the time that the limits leave", 100*busy / *p.Hours))
	}
	if n := p.workersNeeded(); n > 1 {
		against = append(against, fmt.Sprintf("%d workers are needed to keep up with the limits, which is more than one machine has cores for", n))
	} else {
		inFavour = append(inFavour, fmt.Sprintf("one worker keeps up with the limits: it makes %.0f calls a second", WorkerCalls))
	}
	if people := file.RatersAtOnce; p.Raters > people {
		against = append(against, fmt.Sprintf("%d people rate at once, and one file serves %d of them", p.Raters, people))
	} else {
		inFavour = append(inFavour, fmt.Sprintf("one file serves %d people who rate at once, at %.0f s for each rating", people, p.SecondsPerRating))
	}
	if file.Bytes > largeFile {
		against = append(against, fmt.Sprintf("a file of %.0f GB is no longer in the memory of a usual machine, its indexes alone are %.0f GB, so that it writes more slowly than was measured; each backup copies all of it", float64(file.Bytes)/1e9, float64(file.Index)/1e9))
	} else {
		inFavour = append(inFavour, fmt.Sprintf("a file of %.2g GB is kept in memory and copied in minutes", float64(file.Bytes)/1e9))
	}
	p.Advice = eval.ScaleAdvice{Database: eval.SQLite, Reasons: inFavour}
	if len(against) > 0 {
		p.Advice = eval.ScaleAdvice{Database: eval.PostgreSQL, Reasons: against}
	}
}
