package zset

import (
	"bytes"
	"math"
	"slices"

	"spindle/store/arena"
	"spindle/store/elements"
	"spindle/store/listpack"
)

// A Builder collects elements in any order and makes a sorted set of them: in the table first, sorted once at the
// end. That is several times as fast as inserting them in order. End or Drop must be called at last.
type Builder struct {
	mem       *arena.Arena
	tab       *elements.Table
	order     []entry // after Sort
	memberMax int     // length of the longest member, after Sort
}

type entry struct {
	score float64
	ref   arena.Ref
}

// NewBuilder returns an empty builder.
func NewBuilder(mem *arena.Arena, seed uint64) *Builder {
	return &Builder{mem: mem, tab: elements.New(mem, seed, scoreBytes)}
}

// Len returns the number of elements.
func (b *Builder) Len() int { return b.tab.Len() }

// Hash returns the hash of a member.
func (b *Builder) Hash(member []byte) uint64 { return b.tab.Hash(member) }

// Fetch begins to load what Merge and Remove for hash h will read.
func (b *Builder) Fetch(h uint64) { b.tab.Fetch(h) }

// Add adds an element that is not there.
func (b *Builder) Add(hash uint64, member []byte, score float64) {
	e := elements.Missing(hash)
	b.insert(&e, member, score)
}

func (b *Builder) insert(e *elements.Elem, member []byte, score float64) {
	setScore(b.tab.Insert(e, member, scoreBytes), score)
}

// Merge adds an element, or gives the one that is there the score that merge makes of its old one and the new.
func (b *Builder) Merge(hash uint64, member []byte, score float64, merge func(old, score float64) float64) {
	e := b.tab.FindHash(hash, member)
	if !e.Exists() {
		b.insert(&e, member, score)
		return
	}
	value := b.tab.Value(e.Ref())
	setScore(value, merge(getScore(value), score))
}

// Remove removes a member if it is there.
func (b *Builder) Remove(hash uint64, member []byte) {
	if e := b.tab.FindHash(hash, member); e.Exists() {
		b.tab.Delete(&e)
	}
}

// Sort puts the elements in order; Add and Remove must not be called any more.
func (b *Builder) Sort() {
	b.order = make([]entry, 0, b.tab.Len())
	b.tab.Batches(func(refs []arena.Ref) bool {
		for _, r := range refs {
			member, value := b.tab.KeyValue(r)
			b.memberMax = max(b.memberMax, len(member))
			b.order = append(b.order, entry{getScore(value), r})
		}
		return true
	})
	slices.SortFunc(b.order, func(x, y entry) int {
		switch {
		case x.score < y.score:
			return -1
		case x.score > y.score:
			return 1
		}
		return bytes.Compare(b.tab.Key(x.ref), b.tab.Key(y.ref))
	})
}

// At returns element i of the order that Sort made.
func (b *Builder) At(i int) (member []byte, score float64) {
	return b.tab.Key(b.order[i].ref), b.order[i].score
}

// MemberMax returns the length of the longest member of the sorted elements.
func (b *Builder) MemberMax() int { return b.memberMax }

// PackedSize returns the size of a listpack of the sorted elements, in bytes.
func (b *Builder) PackedSize() int {
	n := listpack.EmptySize
	for _, e := range b.order {
		n += EncodedSize(b.tab.Key(e.ref), e.score)
	}
	return n
}

// Pack writes the sorted elements over dst, which has PackedSize bytes, as a listpack.
func (b *Builder) Pack(dst []byte) {
	lp := listpack.New(dst)
	for _, e := range b.order {
		lp = AppendPacked(lp, b.tab.Key(e.ref), e.score)
	}
}

// End makes a Set of the sorted elements and ends the builder.
func (b *Builder) End() *Set {
	s := wrap(b.mem, b.tab)
	i := 0
	s.tree.build(len(b.order), func() (float64, arena.Ref) {
		e := b.order[i]
		i++
		return e.score, e.ref
	})
	b.tab = nil
	return s
}

// Drop frees the elements and ends the builder.
func (b *Builder) Drop() {
	b.tab.Free(math.MaxInt)
	b.tab = nil
}
