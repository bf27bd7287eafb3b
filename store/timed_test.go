package store

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// alarm is an object that expires once.
type alarm struct{ at int64 }

func (a *alarm) Len() int       { return 1 }
func (a *alarm) Bytes() int64   { return 8 }
func (a *alarm) Free(n int) int { return 0 }
func (a *alarm) NextDue() int64 { return a.at }
func (a *alarm) Copy() any      { return &alarm{a.at} }

// TestDueObjects moves, copies, drops, flushes and swaps keys with timers at random. What comes up as due must be what
// the model says, in the order of its times.
func TestDueObjects(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s := New(Options{Databases: 3, Seed: seed, Rand: rng, Now: 1})
	defer s.Mem.Close()
	name := func() []byte { return fmt.Appendf(nil, "k%d", rng.IntN(50)) }
	for range 20000 {
		db, key := s.DBs[rng.IntN(3)], name()
		k := db.Peek(key)
		switch rng.IntN(12) {
		case 0, 1, 2:
			k.SetObject(key, Hash, Hashtable, &alarm{s.Now + rng.Int64N(100)}, 0)
		case 3:
			if k.Exists() {
				k.Delete()
			}
		case 4, 5:
			to, other := s.DBs[rng.IntN(3)], name()
			if dst := to.Peek(other); k.Exists() && !dst.Exists() {
				k.MoveTo(to, other)
			}
		case 6:
			to, other := s.DBs[rng.IntN(3)], name()
			if dst := to.Peek(other); k.Exists() && !dst.Exists() {
				k.CopyTo(to, other)
			}
		case 7:
			if k.Exists() {
				k.Object().(*alarm).at = s.Now + rng.Int64N(50)
				s.Schedule(&k)
			}
		case 8:
			if rng.IntN(20) == 0 {
				s.Swap(s.DBs[0], s.DBs[rng.IntN(3)])
			}
		case 9:
			if rng.IntN(100) == 0 {
				db.Flush()
			}
		default:
			s.Now += rng.Int64N(3)
			checkDue(t, s)
		}
	}
	for s.Reclaim(1000) {
	}
	held := 0
	for _, db := range s.DBs {
		held += db.Len()
	}
	if len(s.timers.heap) > held || len(s.timers.heap) != len(s.timers.of) {
		t.Errorf("%d timers, %d known, for %d keys", len(s.timers.heap), len(s.timers.of), held)
	}
}

// checkDue removes what is due and compares with a walk over all keys.
func checkDue(t *testing.T, s *Store) {
	t.Helper()
	last := int64(0)
	for {
		k, ok := s.DueObject()
		if !ok {
			break
		}
		at := k.Object().(*alarm).at
		if at > s.Now || at < last {
			t.Fatalf("%s is due at %d, now %d, the last one at %d", k.Name(), at, s.Now, last)
		}
		last = at
		k.Delete()
	}
	for _, db := range s.DBs {
		for cursor := uint64(0); ; {
			cursor = db.Scan(cursor, 1000, func(k Key) {
				if at := k.Object().(*alarm).at; at <= s.Now {
					t.Fatalf("%s was due at %d, now %d", k.Name(), at, s.Now)
				}
			})
			if cursor == 0 {
				break
			}
		}
	}
}
