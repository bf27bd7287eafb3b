package store

import "spindle/store/arena"

// Policy is a maxmemory-policy, numbered as config.MaxmemoryPolicy is.
type Policy uint8

const (
	VolatileLRU Policy = iota
	VolatileLFU
	VolatileRandom
	VolatileTTL
	AllKeysLRU
	AllKeysLFU
	AllKeysRandom
	NoEviction
)

// Volatile reports whether the policy evicts only keys with an expiry.
func (p Policy) Volatile() bool { return p <= VolatileTTL }

// LFU reports whether the policy needs the access clock to count frequencies.
func (p Policy) LFU() bool { return p == AllKeysLFU || p == VolatileLFU }

// evictionPool keeps the best candidates seen in recent samples, worst last, as Redis does: with
// few samples per eviction it comes close to the exact order.
type evictionPool struct {
	entries [16]candidate
	len     int
}

// candidate names a key by database and hash; it is looked up again before use, since it may have gone.
type candidate struct {
	score uint64 // higher is better to evict
	db    int
	key   []byte
}

// Evict chooses a key under the policy from samples random ones per database (and earlier rounds' candidates) and removes it.
// It calls evicted with the name before the record goes, and reports whether there was a key to take.
func (s *Store) Evict(p Policy, samples int, evicted func(db *DB, key []byte)) bool {
	var k Key
	if p == AllKeysRandom || p == VolatileRandom {
		k = s.randomVictim(p)
	} else {
		k = s.bestVictim(p, samples)
	}
	if !k.Exists() {
		return false
	}
	evicted(k.db, k.Name())
	k.Delete()
	return true
}

// randomVictim takes a random key of the databases in turn.
func (s *Store) randomVictim(p Policy) Key {
	for range s.DBs {
		s.pool.len = 0
		s.nextDB = (s.nextDB + 1) % len(s.DBs)
		db := s.DBs[s.nextDB]
		if ref := db.sample(p); ref != 0 {
			return db.at(ref)
		}
	}
	return Key{}
}

// sample returns a random record the policy may evict, 0 if none was found.
func (db *DB) sample(p Policy) arena.Ref {
	if !p.Volatile() {
		return db.ix.Random(db.s.Rand)
	}
	if db.expires == 0 {
		return 0
	}
	return db.ix.RandomMarked(db.s.Rand)
}

func (s *Store) bestVictim(p Policy, samples int) Key {
	for range 8 {
		found := false
		for _, db := range s.DBs {
			for range samples {
				ref := db.sample(p)
				if ref == 0 {
					break
				}
				found = true
				s.pool.offer(s.score(p, s.record(ref)), db.ID, s.record(ref).key())
			}
		}
		for s.pool.len > 0 {
			s.pool.len--
			c := &s.pool.entries[s.pool.len]
			k := s.DBs[c.db].Peek(c.key)
			if k.Exists() && (!p.Volatile() || k.ExpireAt() != 0) {
				return k
			}
		}
		if !found {
			break
		}
	}
	return Key{}
}

// score is how much the policy would like a record to go.
func (s *Store) score(p Policy, r record) uint64 {
	field := *r.u32(4) >> 8
	switch {
	case p == VolatileTTL:
		return ^uint64(r.expire())
	case p.LFU():
		return 255 - uint64(s.clock.decayed(field))
	default:
		return uint64(s.clock.idleSeconds(field))
	}
}

// offer puts a key into the pool if it is better than the worst there or there is room. The best is last.
func (p *evictionPool) offer(score uint64, db int, key []byte) {
	i := 0
	for i < p.len && p.entries[i].score < score {
		i++
	}
	for j := range p.len {
		if p.entries[j].db == db && string(p.entries[j].key) == string(key) {
			return
		}
	}
	if p.len < len(p.entries) {
		spare := p.entries[p.len]
		copy(p.entries[i+1:p.len+1], p.entries[i:p.len])
		p.entries[i] = spare
		p.len++
	} else {
		if i == 0 {
			return
		}
		i--
		spare := p.entries[0]
		copy(p.entries[:i], p.entries[1:i+1])
		p.entries[i] = spare
	}
	e := &p.entries[i]
	e.score, e.db, e.key = score, db, append(e.key[:0], key...)
}
