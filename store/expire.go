package store

import "spindle/store/arena"

// The active expiry cycle. Keys with an expiry are marked in the index, and each segment of it
// knows a lower bound of its keys' times, so a step visits only segments in which something is due.

// expiryCycle is one database's place in its round.
type expiryCycle struct {
	at int // directory place
}

// expireSegmentsPerStep bounds the search for a due segment in one step.
const expireSegmentsPerStep = 256

// Expiring reports whether a key, or an element of a collection, has an expiry.
func (s *Store) Expiring() bool {
	if len(s.timers.heap) > 0 {
		return true
	}
	for _, db := range s.DBs {
		if db.expires > 0 {
			return true
		}
	}
	return false
}

// ExpireStep removes the expired keys of at most one index segment (about a thousand keys) per database.
// It returns how many it removed and whether a full round found nothing more to do.
func (s *Store) ExpireStep() (removed int, done bool) {
	if s.Expired == nil {
		return 0, true
	}
	done = true
	for _, db := range s.DBs {
		if db.expires == 0 {
			continue
		}
		n, end := db.expireStep()
		removed += n
		done = done && end
	}
	return removed, done
}

func (db *DB) expireStep() (removed int, end bool) {
	s := db.s
	next, due := db.ix.Due(db.expiry.at, expireSegmentsPerStep, s.Now, func(ref arena.Ref) int64 {
		return s.record(ref).expire()
	}, s.due[:0])
	s.due = due[:0]
	db.expiry.at = next
	for _, ref := range due {
		k := db.at(ref)
		k.expireIfDue(false)
	}
	return len(due), next == 0
}

// SampleTTL looks at a few keys with an expiry. It estimates how many milliseconds such keys have left, and which share of them is
// over time and still there, from 0 to 1. Without such keys both are 0.
func (db *DB) SampleTTL() (mean int64, stale float64) {
	const samples = 20
	if db.expires == 0 {
		return 0, 0
	}
	sum, over, n := int64(0), 0, 0
	for range samples {
		ref := db.ix.RandomMarked(db.s.Rand)
		if ref == 0 {
			break
		}
		left := db.s.record(ref).expire() - db.s.Now
		if left <= 0 {
			over++
		}
		sum += max(left, 0)
		n++
	}
	n = max(n, 1)
	return sum / int64(n), float64(over) / float64(n)
}
