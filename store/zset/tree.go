package zset

import (
	"bytes"
	"math"

	"spindle/store/arena"
	"spindle/store/elements"
)

// tree is a counted B+tree over (score, member). Its entries are a score and the ref of the element's record; members
// are read only where scores are equal.
//
//	inner   n | first score ... | first ref ... | child ... | count ...
//	leaf    n | previous | next | score ... | ref ...
//
// An inner node holds a copy of the first entry below each child, exact at all times, so the ref in it never outlives
// its element.
type tree struct {
	mem    *arena.Arena
	tab    *elements.Table
	root   arena.Ref // 0 if the tree is empty
	height int       // levels of inner nodes
	len    int
	bytes  int64           // of nodes
	path   [heightMax]step // of the latest search, from level 1 (above the leaves) up
}

// step is a node on the way to a leaf, and the child taken.
type step struct {
	node arena.Ref
	at   int
}

// spot is a place in the order: an entry, or the end of a leaf.
type spot struct {
	leaf arena.Ref
	at   int
}

// A Bound is a place between two elements: that in front of all elements that are at least as large as Score, or Member,
// or, with After, behind all that are not larger.
type Bound struct {
	By     By
	After  bool
	Score  float64
	Member []byte
}

// By says what a Bound looks at.
type By uint8

const (
	ByScore  By = iota
	ByMember    // for sets whose scores are all equal
	AtStart     // in front of all
	AtEnd       // behind all
	byBoth
)

// find returns how many entries of a node are in front of b.
func (t *tree) find(scores []float64, refs []arena.Ref, b *Bound) int {
	lo, hi := 0, len(scores)
	switch b.By {
	case ByScore:
		if b.After {
			return upperBound(scores, b.Score)
		}
		return lowerBound(scores, b.Score)
	case AtStart:
		return 0
	case AtEnd:
		return hi
	case byBoth:
		lo = lowerBound(scores, b.Score)
		if lo == hi || scores[lo] != b.Score {
			return lo
		}
		if lo+1 == hi || scores[lo+1] != b.Score {
			hi = lo + 1
		} else {
			hi = lo + upperBound(scores[lo:], b.Score)
		}
	}
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		c := bytes.Compare(t.tab.Key(refs[mid]), b.Member)
		if c < 0 || c == 0 && b.After {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// seek returns the spot of b and leaves the path to it. The tree must not be empty. The spot may be at the end of a leaf though
// there is a next one.
func (t *tree) seek(b *Bound) spot {
	r := t.root
	for h := t.height; h > 0; h-- {
		in := t.inner(r)
		at := max(t.find(in.scores[:in.n], in.firsts[:in.n], b)-1, 0)
		t.path[h] = step{r, at}
		r = in.kids[at]
	}
	l := t.leaf(r)
	return spot{r, t.find(l.scores[:l.n], l.refs[:l.n], b)}
}

// locate returns the spot of an element that is in the tree and leaves the path to it.
func (t *tree) locate(score float64, member []byte) spot {
	// The bound behind the element leads into the child that begins with it, if one does.
	b := Bound{byBoth, true, score, member}
	s := t.seek(&b)
	s.at--
	return s
}

// rank returns how many entries are in front of s, to which the path leads.
func (t *tree) rank(s spot) int {
	n := s.at
	for h := 1; h <= t.height; h++ {
		st := t.path[h]
		for _, c := range t.inner(st.node).counts[:st.at] {
			n += c
		}
	}
	return n
}

// seekRank returns the spot of the entry of that rank, counted from 0, and leaves the path to it.
func (t *tree) seekRank(rank int) spot {
	r := t.root
	for h := t.height; h > 0; h-- {
		in := t.inner(r)
		at := 0
		for ; rank >= in.counts[at]; at++ {
			rank -= in.counts[at]
		}
		t.path[h] = step{r, at}
		r = in.kids[at]
	}
	return spot{r, rank}
}

// put writes another ref and score over the entry at s, to which the path leads. The order must stay right.
func (t *tree) put(s spot, score float64, ref arena.Ref) {
	l := t.leaf(s.leaf)
	l.scores[s.at], l.refs[s.at] = score, ref
	first := s.at == 0
	for h := 1; first && h <= t.height; h++ {
		st := t.path[h]
		in := t.inner(st.node)
		in.scores[st.at], in.firsts[st.at] = score, ref
		first = st.at == 0
	}
}

// fits tells whether the entry at s may have another score without moving. It looks at scores alone.
func (t *tree) fits(s spot, score float64) bool {
	l := t.leaf(s.leaf)
	before, after := math.Inf(-1), math.Inf(1)
	switch {
	case s.at > 0:
		before = l.scores[s.at-1]
	case l.prev != 0:
		p := t.leaf(l.prev)
		before = p.scores[p.n-1]
	}
	switch {
	case s.at+1 < l.n:
		after = l.scores[s.at+1]
	case l.next != 0:
		after = t.leaf(l.next).scores[0]
	}
	return before < score && score < after
}

// moveNodes moves the nodes on the path, and the leaf that it leads to, out of sparse memory. It returns where the leaf is then.
func (t *tree) moveNodes(r arena.Ref) arena.Ref {
	up := &t.root
	for h := t.height; h > 0; h-- {
		st := &t.path[h]
		st.node = t.moveNode(st.node, innerBytes)
		*up = st.node
		up = &t.inner(st.node).kids[st.at]
	}
	*up = t.moveNode(r, leafBytes)
	l := t.leaf(*up)
	if l.prev != 0 {
		t.leaf(l.prev).next = *up
	}
	if l.next != 0 {
		t.leaf(l.next).prev = *up
	}
	return *up
}

func (t *tree) moveNode(r arena.Ref, size int) arena.Ref {
	if !t.mem.Sparse(r) {
		return r
	}
	to := t.mem.Alloc(size)
	copy(t.mem.Bytes(to, size), t.mem.Bytes(r, size))
	t.mem.Free(r)
	return to
}
