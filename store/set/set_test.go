package set

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"spindle/store/arena"
)

// TestAgainstModel changes a set at random while walks hand out what it was, then compares every way to list it.
func TestAgainstModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	mem := arena.New(arena.Options{})
	defer mem.Close()
	s, model := New(mem, seed), map[string]bool{}
	for range 60 {
		before, walked := len(model), 0
		had := map[string]bool{}
		for m := range model {
			had[m] = true
		}
		walk := s.BeginWalk(func(member []byte) {
			if !had[string(member)] {
				t.Fatalf("%s came later, or twice", member)
			}
			delete(had, string(member))
			walked++
		})
		for walk.Step(3) >= 3 {
			m := fmt.Appendf(nil, "m%d", rng.IntN(2000))
			if rng.IntN(3) > 0 {
				if s.Add(m) == model[string(m)] {
					t.Fatalf("Add(%s)", m)
				}
				model[string(m)] = true
			} else {
				if s.Remove(m) != model[string(m)] {
					t.Fatalf("Remove(%s)", m)
				}
				delete(model, string(m))
			}
		}
		if walked != before {
			t.Fatalf("walked over %d members of %d", walked, before)
		}
		for range 20 {
			s.Add(fmt.Appendf(nil, "m%d", rng.IntN(2000)))
		}
		s.Each(func(member []byte) { model[string(member)] = true })
		compare(t, s, model)
		compare(t, s.Copy().(*Set), model)
	}
}

func compare(t *testing.T, s *Set, model map[string]bool) {
	t.Helper()
	if s.Len() != len(model) {
		t.Fatalf("%d members, want %d", s.Len(), len(model))
	}
	each, batched := 0, 0
	s.Each(func(member []byte) {
		if !model[string(member)] || !s.Has(s.Hash(member), member) {
			t.Fatalf("%s is no member", member)
		}
		each++
	})
	s.Batches(func(members [][]byte, hashes []uint64) bool {
		for i, m := range members {
			if !model[string(m)] || s.Hash(m) != hashes[i] {
				t.Fatalf("%s is no member or has another hash", m)
			}
		}
		batched += len(members)
		return true
	})
	if each != len(model) || batched != len(model) {
		t.Fatalf("%d and %d members listed, want %d", each, batched, len(model))
	}
}

func TestFreeGivesEverythingBack(t *testing.T) {
	mem := arena.New(arena.Options{})
	defer mem.Close()
	s := New(mem, 1)
	for i := range 100_000 {
		s.Add(fmt.Appendf(nil, "member %d", i))
	}
	calls := 0
	for s.Free(500) >= 500 {
		calls++
	}
	if mem.Used() != 0 || calls < 50 {
		t.Errorf("%d bytes left after %d calls", mem.Used(), calls)
	}
}
