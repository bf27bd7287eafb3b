package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// model is what a database should hold.
type model map[string]entry

type entry struct {
	value  string
	expire int64
}

func check(t *testing.T, db *DB, m model) {
	t.Helper()
	if db.Len() != len(m) {
		t.Fatalf("%d keys, want %d", db.Len(), len(m))
	}
	expires := 0
	for name, e := range m {
		k := db.Peek([]byte(name))
		if !k.Exists() || string(k.Bytes()) != e.value || k.ExpireAt() != e.expire {
			t.Fatalf("key %q: exists %v, %d bytes, expires %d; want %d bytes, %d", name, k.Exists(), len(k.rec.value()), k.ExpireAt(), len(e.value), e.expire)
		}
		if (k.pos.Marked()) != (e.expire != 0) {
			t.Fatalf("key %q: the index mark disagrees with the expiry", name)
		}
		if e.expire != 0 {
			expires++
		}
	}
	if db.Expires() != expires {
		t.Fatalf("%d keys with an expiry, want %d", db.Expires(), expires)
	}
}

func TestRandomChanges(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s := New(Options{Databases: 2, Seed: seed, Rand: rng, Now: 1000})
	s.Expired = func(*DB, []byte) {}
	models := []model{{}, {}}
	name := func() string {
		if rng.IntN(50) == 0 {
			return string(bytes.Repeat([]byte("k"), rng.IntN(70_000)))
		}
		return fmt.Sprintf("key:%d", rng.IntN(500))
	}
	value := func() string {
		b := make([]byte, rng.IntN(1<<rng.IntN(16)))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return string(b)
	}
	expire := func() int64 {
		if rng.IntN(2) == 0 {
			return 0
		}
		return s.Now + 1 + rng.Int64N(2000)
	}
	for range 30_000 {
		i := rng.IntN(2)
		db, m, n := s.DBs[i], models[i], name()
		k := db.FindForWrite([]byte(n))
		if _, ok := m[n]; ok != k.Exists() {
			t.Fatalf("key %.20q: found %v, want %v", n, k.Exists(), ok)
		}
		switch op := rng.IntN(20); {
		case op < 8:
			e := entry{value(), expire()}
			copy(k.Set([]byte(n), String, Raw, len(e.value), e.expire), e.value)
			m[n] = e
		case !k.Exists():
		case op < 10:
			k.Delete()
			delete(m, n)
		case op < 12:
			e := m[n]
			v := value()
			b := k.Resize(len(e.value)+len(v), rng.IntN(2) == 0)
			copy(b[len(e.value):], v)
			e.value += v
			m[n] = e
		case op < 14:
			e := m[n]
			cut := rng.IntN(len(e.value) + 1)
			k.Reserve(cut)
			k.SetLen(cut)
			e.value = e.value[:cut]
			m[n] = e
		case op < 17:
			e := m[n]
			e.expire = expire()
			k.SetExpire(e.expire)
			m[n] = e
		case op < 18:
			to := name()
			j := rng.IntN(2)
			if d := s.DBs[j].Peek([]byte(to)); d.Exists() {
				break
			}
			k = db.Peek([]byte(n))
			k.MoveTo(s.DBs[j], []byte(to))
			models[j][to] = m[n]
			delete(m, n)
		case op < 19 && rng.IntN(50) == 0:
			s.Swap(s.DBs[0], s.DBs[1])
			models[0], models[1] = models[1], models[0]
		case rng.IntN(500) == 0:
			if got := db.Flush(); got != len(m) {
				t.Fatalf("flushed %d keys, want %d", got, len(m))
			}
			models[i] = model{}
			for s.Reclaim(100) {
			}
		}
		if rng.IntN(20) == 0 {
			s.SetNow(s.Now + rng.Int64N(300))
			for _, m := range models {
				for n, e := range m {
					if e.expire != 0 && e.expire <= s.Now {
						delete(m, n)
					}
				}
			}
			for {
				if _, done := s.ExpireStep(); done {
					break
				}
			}
			// One round may begin in the middle: a second one sees every segment.
			for {
				if _, done := s.ExpireStep(); done {
					break
				}
			}
		}
	}
	check(t, s.DBs[0], models[0])
	check(t, s.DBs[1], models[1])
	for i := range s.DBs {
		s.DBs[i].Flush()
	}
	for s.Reclaim(1000) {
	}
	if n := s.Mem.Used(); n != 0 {
		t.Fatalf("%d bytes left in an empty store", n)
	}
}

// A million keys that expire at once are removed in steps of about a thousand.
func TestExpireStepsAreSmall(t *testing.T) {
	s := New(Options{Databases: 1, Rand: rand.New(rand.NewPCG(1, 1)), Now: 1})
	gone := 0
	s.Expired = func(*DB, []byte) { gone++ }
	db := s.DBs[0]
	const n = 300_000
	for i := range n {
		k := db.Peek(fmt.Appendf(nil, "key:%d", i))
		expire := int64(0)
		if i%3 != 0 {
			expire = 1000
		}
		k.Set(fmt.Appendf(nil, "key:%d", i), String, Raw, 4, expire)
	}
	s.SetNow(999)
	if removed, _ := s.ExpireStep(); removed != 0 {
		t.Fatalf("%d keys removed early", removed)
	}
	s.SetNow(1000)
	steps := 0
	for quiet := 0; quiet < 2; steps++ {
		removed, done := s.ExpireStep()
		if removed > 1100 {
			t.Fatalf("a step removed %d keys", removed)
		}
		if done && removed == 0 {
			quiet++
		}
	}
	if want := n - n/3; gone != want || db.Len() != n/3 || db.Expires() != 0 {
		t.Fatalf("%d expired, %d left, %d with an expiry, after %d steps", gone, db.Len(), db.Expires(), steps)
	}
}
