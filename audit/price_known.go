package audit

import (
	"strings"
	"sync"
	"time"
)

// A knownPrices keeps what was looked up: a log has few models and days and many
// tasks, and a search tries several names. It is safe for concurrent use.
type knownPrices struct {
	mutex sync.Mutex
	found map[priceKey]foundPrice
}

type priceKey struct {
	provider, model string
	day             int64 // days since 1970; of the zero time a number of its own
}

type foundPrice struct {
	price Price
	err   error
}

// mostKnown bounds the memory that a log of ever new models takes.
const mostKnown = 4096

func (k *knownPrices) lookup(provider, model string, day time.Time, search func(provider, model string, day time.Time) (Price, error)) (Price, error) {
	if k == nil {
		return search(provider, model, day)
	}
	const secondsOfDay = 24 * 60 * 60
	key := priceKey{provider, model, day.Unix() / secondsOfDay}
	k.mutex.Lock()
	known, ok := k.found[key]
	k.mutex.Unlock()
	if ok {
		return known.price, known.err
	}
	known.price, known.err = search(provider, model, day)
	// The names are parts of a row of a log, which shall not stay in memory.
	key.provider, key.model = strings.Clone(provider), strings.Clone(model)
	k.mutex.Lock()
	defer k.mutex.Unlock()
	if k.found == nil || len(k.found) >= mostKnown {
		k.found = map[priceKey]foundPrice{}
	}
	k.found[key] = known
	return known.price, known.err
}
