// Package store is the keyspace: numbered databases of records in memory that the
// garbage collector does not scan, their expiry and eviction, and the snapshot that lets
// a rewrite or a dump walk them while they change.
//
// It knows no wire and asks for neither time nor randomness: Store.Now and Store.Rand
// are given. Everything here runs on one goroutine.
//
// A handler finds a Key, which is a position in the keyspace, and reads or changes the
// value through it:
//
//	DB.Peek          neither expires nor touches
//	DB.Find          for reading: expires, counts the hit, touches the access clock
//	DB.FindForWrite  for writing: expires, touches, captures the old state for a running snapshot
//
// Byte slices that a Key returns are views into the record. They are valid until the next
// change to any key; copy them to keep them. What the store is given it copies.
package store

import (
	"math/rand/v2"

	"spindle/store/arena"
	"spindle/store/index"
)

// Store is a set of databases over one arena.
type Store struct {
	Mem  *arena.Arena
	DBs  []*DB
	Now  int64 // Unix milliseconds; set before each command
	Rand *rand.Rand

	// Expired is called when a key has expired, before its record goes. It is nil while no key
	// may expire by itself, as during loading.
	Expired func(db *DB, key []byte)
	// KeepExpired has keys whose time has come stay until somebody writes to them. Who reads does not see them.
	KeepExpired bool
	// Missed is called when a key was looked up for reading and is not there, Created when a key that was missing has got a
	// record, before its value is there. They must not use the store. Nil: nobody wants to know.
	Missed, Created func(db *DB, key []byte)

	// Stats are counted here and shown by INFO.
	Hits, Misses, ExpiredKeys int64

	seed    uint64
	clock   Clock
	epoch   uint32 // 0 or flagEpoch: what records walked by the latest snapshot have
	snap    *Snapshot
	objects objectTable
	reclaim reclaimQueue
	timers  timers
	pool    evictionPool
	nextDB  int         // of random eviction
	due     []arena.Ref // scratch of the expiry cycle
}

// Options configures New.
type Options struct {
	Databases int
	Seed      uint64 // of key hashes; SCAN order and random choices depend on it
	Rand      *rand.Rand
	Now       int64
}

// New returns an empty store.
func New(o Options) *Store {
	s := &Store{Mem: arena.New(arena.Options{}), Now: o.Now, Rand: o.Rand, seed: o.Seed}
	s.clock = Clock{LogFactor: 10, DecayMins: 1}
	s.clock.Advance(o.Now)
	s.reclaim.s = s
	for id := range o.Databases {
		db := &DB{s: s, ID: id}
		db.ix = index.New(s.Mem, s.rehash)
		s.DBs = append(s.DBs, db)
	}
	return s
}

// Hash is the hash of keys and of elements of large collections.
func (s *Store) Hash(b []byte) uint64 { return index.Hash(s.seed, b) }

// Seed is the seed of Hash, for large collections.
func (s *Store) Seed() uint64 { return s.seed }

func (s *Store) rehash(ref arena.Ref) uint64 { return s.Hash(s.record(ref).key()) }

// Keys returns the number of keys in all databases.
func (s *Store) Keys() int {
	n := 0
	for _, db := range s.DBs {
		n += db.Len()
	}
	return n
}

// Swap exchanges the contents of two databases.
func (s *Store) Swap(a, b *DB) {
	a.contents, b.contents = b.contents, a.contents
	if s.snap != nil {
		s.snap.restart()
	}
}
