package hash

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"spindle/store/arena"
)

type item struct {
	value string
	at    int64
}

// TestAgainstModel changes a map at random while walks hand out what it was.
func TestAgainstModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	mem := arena.New(arena.Options{})
	defer mem.Close()
	m, model, now := New(mem, seed), map[string]item{}, int64(1000)
	for range 60 {
		for range 100 {
			f := fmt.Sprintf("f%d", rng.IntN(300))
			m.Set([]byte(f), []byte("fresh"), false)
			model[f] = item{value: "fresh"}
		}
		before := map[string]item{}
		for f, it := range model {
			before[f] = it
		}
		walked := map[string]item{}
		walk := m.BeginWalk(func(field, value []byte, expireAt int64) {
			walked[string(field)] = item{string(value), expireAt}
		})
		for step := 0; walk.Step(5) >= 5; step++ {
			f := fmt.Sprintf("f%d", rng.IntN(300))
			switch it, ok := model[f]; rng.IntN(4) {
			case 0, 1:
				v, keep := fmt.Sprint(rng.Uint64()>>rng.IntN(64)), rng.IntN(2) == 0
				if m.Set([]byte(f), []byte(v), keep) == ok {
					t.Fatalf("Set(%s) says new: %v", f, !ok)
				}
				if !keep {
					it.at = 0
				}
				model[f] = item{v, it.at}
			case 2:
				if m.Delete([]byte(f)) != ok {
					t.Fatalf("Delete(%s): want %v", f, ok)
				}
				delete(model, f)
			case 3:
				if at := now + 1 + rng.Int64N(1000); m.SetExpireAt([]byte(f), at) != ok {
					t.Fatalf("SetExpireAt(%s): want %v", f, ok)
				} else if ok {
					model[f] = item{it.value, at}
				}
			}
		}
		if len(walked) != len(before) {
			t.Fatalf("walked over %d fields of %d", len(walked), len(before))
		}
		for f, it := range before {
			if walked[f] != it {
				t.Fatalf("%s was walked as %v, want %v", f, walked[f], it)
			}
		}
		now += rng.Int64N(100)
		expire(t, m, model, now)
		compare(t, m, model)
		compare(t, m.Copy().(*Map), model)
	}
}

// expire looks at the map at a later time, first before and then after the expired fields are removed.
func expire(t *testing.T, m *Map, model map[string]item, now int64) {
	t.Helper()
	m.Look(now)
	next := m.NextDue()
	for f, it := range model {
		if it.at == 0 {
			continue
		}
		if it.at < next || next == 0 {
			t.Fatalf("%s expires at %d, NextDue is %d", f, it.at, next)
		}
		if it.at <= now {
			delete(model, f)
			if _, ok := m.Value([]byte(f)); ok || !m.Expired([]byte(f)) {
				t.Fatalf("%s is still seen", f)
			}
		}
	}
	for m.NextDue() != 0 && m.NextDue() <= now {
		m.Reap(func(fields [][]byte) {
			for _, f := range fields {
				if _, ok := model[string(f)]; ok {
					t.Fatalf("%s had not expired", f)
				}
			}
		})
	}
}

func compare(t *testing.T, m *Map, model map[string]item) {
	t.Helper()
	if m.Len() != len(model) {
		t.Fatalf("%d fields, want %d", m.Len(), len(model))
	}
	m.Each(func(field, value []byte) {
		at, ok := m.ExpireAt(field)
		if it := model[string(field)]; !ok || it != (item{string(value), at}) {
			t.Fatalf("%s is %q until %d, want %v", field, value, at, it)
		}
	})
}

// TestRandomAmongExpired: expired fields are never chosen.
func TestRandomAmongExpired(t *testing.T) {
	mem := arena.New(arena.Options{})
	defer mem.Close()
	m, rng := New(mem, 1), rand.New(rand.NewPCG(1, 1))
	for i := range 100 {
		f := fmt.Appendf(nil, "f%d", i)
		m.Set(f, nil, false)
		if i >= 10 {
			m.SetExpireAt(f, 5)
		}
	}
	m.Look(5)
	for range 1000 {
		if f, _, ok := m.Random(rng); ok && len(f) != 2 {
			t.Fatalf("%s has expired", f)
		}
	}
}
