package zset

import (
	"bytes"

	"spindle/store/arena"
	"spindle/store/listpack"
)

// View reads a sorted set of either kind. The zero View is an empty one. It is valid until the set is changed.
type View struct {
	lp  []byte
	set *Set
	len int
}

// Packed returns a view of a listpack.
func Packed(lp []byte) View { return View{lp: lp, len: listpack.Len(lp) / 2} }

// Large returns a view of a Set.
func Large(s *Set) View { return View{set: s, len: s.Len()} }

// Len returns the number of elements.
func (v *View) Len() int { return v.len }

// Set returns the large set, or nil.
func (v *View) Set() *Set { return v.set }

// Listpack returns the packed set, or nil.
func (v *View) Listpack() []byte { return v.lp }

// Score returns the score of member.
func (v *View) Score(member []byte) (score float64, ok bool) {
	switch {
	case v.set != nil:
		e := v.set.Find(member)
		if !e.Exists() {
			return 0, false
		}
		return v.set.Score(&e), true
	case v.len == 0:
		return 0, false
	}
	off, score := FindPacked(v.lp, member)
	return score, off != listpack.None
}

// Rank returns the rank of member, counted from 0, and its score.
func (v *View) Rank(member []byte) (rank int, score float64, ok bool) {
	if v.set != nil {
		e := v.set.Find(member)
		if !e.Exists() {
			return 0, 0, false
		}
		return v.set.Rank(&e), v.set.Score(&e), true
	}
	if v.len == 0 {
		return 0, 0, false
	}
	needle := listpack.MakeNeedle(member)
	for off := listpack.First(v.lp); off != listpack.None; rank++ {
		if needle.At(v.lp, off) {
			return rank, ScoreAt(v.lp, listpack.Next(v.lp, off)), true
		}
		off = listpack.Skip(v.lp, off, 2)
	}
	return 0, 0, false
}

// Range returns the rank of the first element between two bounds of the same kind, and how many there are.
//
// ByMember has a meaning only if all scores are equal. Where they are not, a small set answers as Redis does: it walks
// from the first element inside, with reverse from the last one, to the first outside.
func (v *View) Range(from, to *Bound, reverse bool) (rank, n int) {
	switch {
	case v.len == 0:
		return 0, 0
	case v.set != nil:
		rank = v.set.RankOf(from)
		return rank, max(0, v.set.RankOf(to)-rank)
	case from.By == ByScore:
		rank = v.countFront(from)
		return rank, max(0, v.countFront(to)-rank)
	}
	return v.lexRange(from, to, reverse)
}

// Front returns how many elements are in front of a bound by score.
func (v *View) Front(b *Bound) int {
	switch {
	case v.len == 0:
		return 0
	case v.set != nil:
		return v.set.RankOf(b)
	}
	return v.countFront(b)
}

// countFront returns how many elements of a packed set are in front of a bound by score.
func (v *View) countFront(b *Bound) int {
	n := 0
	it := v.Ascend(0)
	for ; it.Next(); n++ {
		if s := it.Score(); s > b.Score || s == b.Score && !b.After {
			break
		}
	}
	return n
}

// inFront tells whether member is in front of a bound by member.
func inFront(member []byte, b *Bound) bool {
	if b.By != ByMember {
		return b.By == AtEnd
	}
	c := bytes.Compare(member, b.Member)
	return c < 0 || c == 0 && b.After
}

func (v *View) lexRange(from, to *Bound, reverse bool) (rank, n int) {
	first, last := v.Ascend(0), v.Descend(v.len-1)
	first.Next()
	last.Next()
	if inFront(last.Member(), from) || !inFront(first.Member(), to) {
		return 0, 0
	}
	if reverse {
		rank = v.len
		it := v.Descend(rank - 1)
		for ; it.Next(); rank-- {
			inside := inFront(it.Member(), to)
			if n == 0 && !inside {
				continue
			}
			if inFront(it.Member(), from) {
				break
			}
			n++
		}
		return rank, n
	}
	seen := 0
	it := v.Ascend(0)
	for ; it.Next(); seen++ {
		if n == 0 && inFront(it.Member(), from) {
			continue
		}
		if !inFront(it.Member(), to) {
			break
		}
		n++
	}
	return seen - n, n
}

// Iter walks over elements in order:
//
//	it := v.Ascend(rank)
//	for ; n > 0 && it.Next(); n-- { it.Member(), it.Score() }
//
// It is valid until the set is changed. It is declared in front of the loop because Go copies, and may allocate, what a loop
// declares anew in each turn.
type Iter struct {
	lp     []byte
	at     int // in the listpack, or in leaf: of the next element
	t      *tree
	leaf   *leaf
	down   bool
	scores bool // members are not read
	ref    arena.Ref
	score  float64
	digits [20]byte
}

// Ascend returns an iterator that begins at rank.
func (v *View) Ascend(rank int) Iter { return v.iter(rank, false) }

// AscendScores is Ascend for those who want few members or none: Member is slower.
func (v *View) AscendScores(rank int) Iter {
	it := v.iter(rank, false)
	it.scores = true
	return it
}

// Descend returns an iterator that begins at rank and goes to lower ones.
func (v *View) Descend(rank int) Iter { return v.iter(rank, true) }

func (v *View) iter(rank int, down bool) Iter {
	it := Iter{lp: v.lp, down: down}
	switch {
	case rank < 0 || rank >= v.len:
		it.lp = nil
	case v.set != nil:
		it.t = &v.set.tree
		s := it.t.seekRank(rank)
		it.leaf, it.at = it.t.leaf(s.leaf), s.at
	default:
		it.at = listpack.Seek(v.lp, 2*rank)
	}
	return it
}

// Next goes to the next element, at first to the one that the iterator begins at. It returns false at the end.
func (it *Iter) Next() bool {
	switch {
	case it.leaf != nil:
		it.nextInTree()
		return true
	case it.lp == nil || it.at == listpack.None:
		return false
	}
	score := listpack.Next(it.lp, it.at)
	it.score = ScoreAt(it.lp, score)
	it.ref = arena.Ref(it.at)
	if it.down {
		it.at = listpack.Prev(it.lp, it.at)
		if it.at != listpack.None {
			it.at = listpack.Prev(it.lp, it.at)
		}
	} else {
		it.at = listpack.Next(it.lp, score)
	}
	return true
}

func (it *Iter) nextInTree() {
	l := it.leaf
	it.ref, it.score = l.refs[it.at], l.scores[it.at]
	if it.down {
		it.at--
		if it.at < 0 {
			it.enter(l.prev)
		}
		return
	}
	it.at++
	if it.at == l.n {
		it.enter(l.next)
	}
}

func (it *Iter) enter(r arena.Ref) {
	if r == 0 {
		it.leaf = nil
		return
	}
	it.leaf, it.at = it.t.leaf(r), 0
	if !it.scores {
		it.t.tab.FetchAll(it.leaf.refs[:it.leaf.n]) // one cache miss after the other would take longer
	}
	if it.down {
		it.at = it.leaf.n - 1
	}
}

// Member returns a view of the member, valid until Next is called.
func (it *Iter) Member() []byte {
	if it.t != nil {
		return it.t.tab.Key(it.ref)
	}
	return listpack.Element(it.lp, int(it.ref), it.digits[:])
}

// Score returns the score.
func (it *Iter) Score() float64 { return it.score }

// Place stands for an element of a View while that is valid: eight bytes in which the collector sees no pointer.
type Place = arena.Ref

// Place returns where the element is.
func (it *Iter) Place() Place { return it.ref }

// MemberAt returns the member at a place. A small integer is written to digits, the rest is a view into the set.
func (v *View) MemberAt(p Place, digits *[20]byte) []byte {
	if v.set != nil {
		return v.set.tree.tab.Key(p)
	}
	return listpack.Element(v.lp, int(p), digits[:])
}

// FetchAt loads the members at some places into the cache, all at once.
func (v *View) FetchAt(places []Place) {
	if v.set != nil {
		v.set.tree.tab.FetchAll(places)
	}
}
