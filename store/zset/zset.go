// Package zset is the sorted set: members with scores, in the order of (score, member).
//
// A small one is a listpack in its key's record, member, score, member, score, in order (packed.go). A large one is a
// Set: the elements are records of an elements.Table, each with its score as the value, and a counted
// B+tree has scores and refs of the records in order (tree.go). ZSCORE is a look-up in the table; ranks and ranges go through
// the tree. The collector has nothing to mark per element, and a million of them cost some 45 bytes each beside their
// members.
//
// View reads both kinds. All ranges, by rank, score or member, are first turned into ranks: the counts in the tree make
// that logarithmic.
package zset

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"spindle/store/arena"
	"spindle/store/elements"
)

// Set is a large sorted set. It implements store.Object, store.Copier and store.Mover. Views that it returns are valid until its next
// change; what it is given it copies. Scores are never NaN.
type Set struct {
	tab  *elements.Table
	tree tree
	refs []arena.Ref // scratch

	defragAt    uint64 // where Move goes on: cursor of the table, then
	defragNodes bool   // rank
}

const scoreBytes = 8

// New returns an empty set. Sets with the same seed agree on hashes, those of package set included.
func New(mem *arena.Arena, seed uint64) *Set {
	return wrap(mem, elements.New(mem, seed, scoreBytes))
}

func wrap(mem *arena.Arena, tab *elements.Table) *Set {
	return &Set{tab: tab, tree: tree{mem: mem, tab: tab}}
}

// Fits tells whether a member of this length can be stored.
func Fits(n int) bool { return elements.Fits(n, scoreBytes) }

// Len returns the number of elements.
func (s *Set) Len() int { return s.tab.Len() }

// Bytes implements store.Object.
func (s *Set) Bytes() int64 { return s.tab.Bytes() + s.tree.bytes + setBytes + int64(cap(s.refs))*8 }

// setBytes is about what an empty Set takes with its table and index.
const setBytes = 900

// Free implements store.Object. A step is a leaf of the tree or an element.
func (s *Set) Free(steps int) int {
	n := s.tree.free(steps)
	if n == steps {
		return n
	}
	return n + s.tab.Free(steps-n)
}

// Copy implements store.Copier.
func (s *Set) Copy() any {
	c := wrap(s.tree.mem, s.tab.Empty())
	v := Large(s)
	it := v.Ascend(0)
	c.tree.build(s.Len(), func() (float64, arena.Ref) {
		it.Next()
		e := elements.Missing(s.Hash(it.Member()))
		setScore(c.tab.Insert(&e, it.Member(), scoreBytes), it.Score())
		return it.Score(), e.Ref()
	})
	return c
}

// Hash returns the hash of a member.
func (s *Set) Hash(member []byte) uint64 { return s.tab.Hash(member) }

// Find looks member up.
func (s *Set) Find(member []byte) elements.Elem { return s.tab.Find(member) }

// FindHash is Find for a member whose hash is known.
func (s *Set) FindHash(hash uint64, member []byte) elements.Elem { return s.tab.FindHash(hash, member) }

// Score returns the score of element e.
func (s *Set) Score(e *elements.Elem) float64 { return s.score(e.Ref()) }

func (s *Set) score(r arena.Ref) float64 { return getScore(s.tab.Value(r)) }

func getScore(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }

func setScore(b []byte, score float64) { binary.LittleEndian.PutUint64(b, math.Float64bits(score)) }

// Insert adds the missing element e.
func (s *Set) Insert(e *elements.Elem, member []byte, score float64) {
	setScore(s.tab.Insert(e, member, scoreBytes), score)
	s.tree.insert(score, member, e.Ref())
}

// Update gives element e another score.
func (s *Set) Update(e *elements.Elem, score float64) {
	r := e.Ref()
	member, value := s.tab.KeyValue(r)
	old := getScore(value)
	s.tab.Touch(r)
	setScore(value, score)
	at := s.tree.locate(old, member)
	if old == score || s.tree.fits(at, score) { // old == score: one of them is -0
		s.tree.put(at, score, r)
		return
	}
	s.tree.removeAt(at, 1)
	s.tree.insert(score, member, r)
}

// Remove removes element e, which is missing afterwards.
func (s *Set) Remove(e *elements.Elem) {
	member, value := s.tab.KeyValue(e.Ref())
	s.tree.removeAt(s.tree.locate(getScore(value), member), 1)
	s.tab.Delete(e)
}

// RemoveRange removes the elements of n ranks, from rank on.
func (s *Set) RemoveRange(rank, n int) {
	n = min(n, s.Len()-rank)
	for n > 0 {
		at := s.tree.seekRank(rank)
		l := s.tree.leaf(at.leaf)
		cut := min(n, l.n-at.at)
		s.refs = append(s.refs[:0], l.refs[at.at:at.at+cut]...)
		s.tree.removeAt(at, cut)
		for _, r := range s.refs {
			e := s.tab.At(r)
			s.tab.Delete(&e)
		}
		n -= cut
	}
}

// Rank returns the rank of element e, counted from 0.
func (s *Set) Rank(e *elements.Elem) int {
	member, value := s.tab.KeyValue(e.Ref())
	return s.tree.rank(s.tree.locate(getScore(value), member))
}

// RankOf returns how many elements are in front of b.
func (s *Set) RankOf(b *Bound) int {
	if s.tree.root == 0 {
		return 0
	}
	return s.tree.rank(s.tree.seek(b))
}

// Scan calls f for about count elements from cursor on, in no order, and returns the cursor to go on with, 0 at the
// end. f must not change the set.
func (s *Set) Scan(cursor uint64, count int, f func(member []byte, score float64)) uint64 {
	return s.tab.Scan(cursor, count, func(r arena.Ref) {
		member, value := s.tab.KeyValue(r)
		f(member, getScore(value))
	})
}

// Fetch begins to load what FindHash for hash h will read.
func (s *Set) Fetch(h uint64) { s.tab.Fetch(h) }

// Batch is some elements, with the hashes of their members.
type Batch struct {
	Members [][]byte
	Scores  []float64
	Hashes  []uint64
}

// Batches calls f for all elements, some dozens at a time and in no order, until it returns false. It is the fast way to walk over
// a set that does not fit the cache. f must not change the set; the batch is valid until it returns.
func (s *Set) Batches(f func(b *Batch) bool) {
	var b Batch
	s.tab.Batches(func(refs []arena.Ref) bool {
		b.Members, b.Scores, b.Hashes = b.Members[:0], b.Scores[:0], b.Hashes[:0]
		for _, r := range refs {
			member, value := s.tab.KeyValue(r)
			b.Members = append(b.Members, member)
			b.Scores = append(b.Scores, getScore(value))
			b.Hashes = append(b.Hashes, s.tab.Hash(member))
		}
		return f(&b)
	})
}

// Random returns a record chosen with about equal probability, 0 if the set is empty. Equal refs are equal elements.
func (s *Set) Random(rng *rand.Rand) arena.Ref { return s.tab.Random(rng) }

// At returns the element that Random chose.
func (s *Set) At(r arena.Ref) (member []byte, score float64) {
	member, value := s.tab.KeyValue(r)
	return member, getScore(value)
}

// BeginWalk starts to hand out all elements as they are now, in no order. See elements.Table.BeginWalk.
func (s *Set) BeginWalk(emit func(member []byte, score float64)) *elements.Walk {
	return s.tab.BeginWalk(func(r arena.Ref) {
		member, value := s.tab.KeyValue(r)
		emit(member, getScore(value))
	})
}

// Move implements store.Mover. The records come first, in the order of the table, then the nodes in theirs.
func (s *Set) Move(steps int) (done bool) {
	if !s.defragNodes {
		s.defragAt = s.tab.Scan(s.defragAt, steps, s.moveRecord)
		s.defragNodes = s.defragAt == 0
		return false
	}
	rank := int(s.defragAt)
	for ; steps > 0 && rank < s.Len(); steps-- {
		at := s.tree.seekRank(rank)
		at.leaf = s.tree.moveNodes(at.leaf)
		rank += s.tree.leaf(at.leaf).n - at.at
	}
	s.defragAt = uint64(rank)
	if rank < s.Len() {
		return false
	}
	s.defragAt, s.defragNodes = 0, false
	return true
}

func (s *Set) moveRecord(r arena.Ref) {
	if !s.tree.mem.Sparse(r) {
		return
	}
	member, value := s.tab.KeyValue(r)
	score := getScore(value)
	at := s.tree.locate(score, member)
	s.tree.put(at, score, s.tab.Relocate(r))
}
