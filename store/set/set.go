// Package set is a large set of byte strings, in an elements.Table. (Small sets are intsets or listpacks in their key's
// record and need no package.)
package set

import (
	"math/rand/v2"

	"spindle/store/arena"
	"spindle/store/elements"
)

// Set is a set. It implements store.Object and store.Mover. Views that it returns are valid until its next change; what
// it is given it copies.
type Set struct{ t *elements.Table }

// New returns an empty set. Sets with the same seed agree on hashes.
func New(mem *arena.Arena, seed uint64) *Set { return &Set{elements.New(mem, seed, 0)} }

// Fits tells whether a member of this length can be stored.
func Fits(n int) bool { return elements.Fits(n, 0) }

// Len returns the number of members.
func (s *Set) Len() int { return s.t.Len() }

// Bytes implements store.Object.
func (s *Set) Bytes() int64 { return s.t.Bytes() + setBytes }

// setBytes is about what an empty Set takes with its table and index, which has the counters of its depths.
const setBytes = 440

// Free implements store.Object.
func (s *Set) Free(steps int) int { return s.t.Free(steps) }

// Move implements store.Mover.
func (s *Set) Move(steps int) (done bool) { return s.t.Defrag(steps, nil) }

// Copy implements store.Copier.
func (s *Set) Copy() any { return &Set{s.t.Copy()} }

// Hash returns the hash of a member.
func (s *Set) Hash(member []byte) uint64 { return s.t.Hash(member) }

// Add adds member and reports whether it is new.
func (s *Set) Add(member []byte) bool { return s.AddHash(s.t.Hash(member), member) }

// AddHash is Add for a member with hash h.
func (s *Set) AddHash(h uint64, member []byte) bool {
	e := s.t.FindHash(h, member)
	if e.Exists() {
		return false
	}
	s.t.Insert(&e, member, 0)
	return true
}

// Has reports whether member, with hash h, is in the set.
func (s *Set) Has(h uint64, member []byte) bool { return s.t.Has(h, member) }

// Remove removes member and reports whether it was there.
func (s *Set) Remove(member []byte) bool { return s.RemoveHash(s.t.Hash(member), member) }

// RemoveHash is Remove for a member with hash h.
func (s *Set) RemoveHash(h uint64, member []byte) bool {
	e := s.t.FindHash(h, member)
	if !e.Exists() {
		return false
	}
	s.t.Delete(&e)
	return true
}

// Scan calls f for about count members from cursor on and returns the cursor to go on with, 0 at the end. f must not
// change the set.
func (s *Set) Scan(cursor uint64, count int, f func(member []byte)) uint64 {
	return s.t.Scan(cursor, count, func(r arena.Ref) { f(s.t.Key(r)) })
}

// Each calls f for all members. f must not change the set.
func (s *Set) Each(f func(member []byte)) {
	s.t.Batches(func(refs []arena.Ref) bool {
		for _, r := range refs {
			f(s.t.Key(r))
		}
		return true
	})
}

// Fetch begins to load what Has and AddHash for hash h will read.
func (s *Set) Fetch(h uint64) { s.t.Fetch(h) }

// Batches calls f for all members, some dozens at a time, with their hashes, until it returns false. It is the fast way to
// walk over a set that does not fit the cache. f must not change the set; the slices are valid until it returns.
func (s *Set) Batches(f func(members [][]byte, hashes []uint64) bool) {
	var members [][]byte
	var hashes []uint64
	s.t.Batches(func(refs []arena.Ref) bool {
		members, hashes = members[:0], hashes[:0]
		for _, r := range refs {
			m := s.t.Key(r)
			members = append(members, m)
			hashes = append(hashes, s.t.Hash(m))
		}
		return f(members, hashes)
	})
}

// Random returns a member chosen with about equal probability, nil if the set is empty.
func (s *Set) Random(rng *rand.Rand) []byte {
	r := s.t.Random(rng)
	if r == 0 {
		return nil
	}
	return s.t.Key(r)
}

// RandomRef is Random for callers that choose many: equal refs are equal members.
func (s *Set) RandomRef(rng *rand.Rand) arena.Ref { return s.t.Random(rng) }

// Member returns a view of the member that RandomRef chose.
func (s *Set) Member(r arena.Ref) []byte { return s.t.Key(r) }

// BeginWalk starts to hand out all members as they are now. See elements.Table.BeginWalk.
func (s *Set) BeginWalk(emit func(member []byte)) *elements.Walk {
	return s.t.BeginWalk(func(r arena.Ref) { emit(s.t.Key(r)) })
}
