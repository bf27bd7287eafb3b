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
		k.expireIfDue()
	}
	return len(due), next == 0
}

// MeanTTL estimates the milliseconds that keys with an expiry have left, from a few of them; 0 if there are none.
func (db *DB) MeanTTL() int64 {
	const samples = 20
	if db.expires == 0 {
		return 0
	}
	sum, n := int64(0), int64(0)
	for range samples {
		ref := db.ix.RandomMarked(db.s.Rand)
		if ref == 0 {
			break
		}
		sum += max(db.s.record(ref).expire()-db.s.Now, 0)
		n++
	}
	return sum / max(n, 1)
}
