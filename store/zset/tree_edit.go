package zset

import "spindle/store/arena"

func (t *tree) newLeaf() (arena.Ref, *leaf) {
	r := t.mem.Alloc(leafBytes)
	t.bytes += int64(t.mem.Cap(r))
	l := t.leaf(r)
	l.n, l.prev, l.next = 0, 0, 0
	return r, l
}

func (t *tree) newInner() (arena.Ref, *inner) {
	r := t.mem.Alloc(innerBytes)
	t.bytes += int64(t.mem.Cap(r))
	in := t.inner(r)
	in.n = 0
	return r, in
}

func (t *tree) freeNode(r arena.Ref) {
	t.bytes -= int64(t.mem.Cap(r))
	t.mem.Free(r)
}

// insert adds an entry that is not there.
func (t *tree) insert(score float64, member []byte, ref arena.Ref) {
	t.len++
	if t.root == 0 {
		r, l := t.newLeaf()
		l.insert(0, score, ref)
		t.root = r
		return
	}
	b := Bound{byBoth, false, score, member}
	s := t.seek(&b)
	l := t.leaf(s.leaf)
	var right arena.Ref
	if l.n < leafFan {
		l.insert(s.at, score, ref)
	} else {
		right = t.splitLeaf(s, score, ref)
	}
	t.grown(s, score, ref, right)
}

// grown brings the nodes above s up to date after an insertion there. right is the new leaf behind that of s, or 0.
func (t *tree) grown(s spot, score float64, ref, right arena.Ref) {
	first := s.at == 0
	for h := 1; h <= t.height; h++ {
		st := t.path[h]
		in := t.inner(st.node)
		switch {
		case right != 0:
			in.set(st.at, t.summary(h-1, in.kids[st.at]))
			right = t.addChild(st, h, right)
		case first:
			in.scores[st.at], in.firsts[st.at] = score, ref
			fallthrough
		default:
			in.counts[st.at]++
		}
		first = first && st.at == 0
	}
	if right != 0 {
		t.raise(right)
	}
}

// raise puts a new root over the old one and its new neighbour.
func (t *tree) raise(right arena.Ref) {
	r, in := t.newInner()
	in.insert(0, t.summary(t.height, t.root))
	in.insert(1, t.summary(t.height, right))
	t.root = r
	t.height++
}

// summary describes the node r of a level; leaves are level 0.
func (t *tree) summary(level int, r arena.Ref) summary {
	if level == 0 {
		return t.leaf(r).summary(r)
	}
	return t.inner(r).summary(r)
}

// splitLeaf inserts an entry in a full leaf, whose second half moves to a new one, which is returned. At either end of
// the tree the split is at that end, so that leaves filled in order stay full.
func (t *tree) splitLeaf(s spot, score float64, ref arena.Ref) arena.Ref {
	l := t.leaf(s.leaf)
	r, right := t.newLeaf()
	right.prev, right.next = s.leaf, l.next
	if l.next != 0 {
		t.leaf(l.next).prev = r
	}
	cut := leafFan / 2
	switch {
	case s.at == leafFan && l.next == 0:
		cut = leafFan
	case s.at == 0 && l.prev == 0:
		cut = 0
	}
	l.next = r
	right.take(l, cut)
	if s.at < cut || cut == 0 {
		l.insert(s.at, score, ref)
	} else {
		right.insert(s.at-cut, score, ref)
	}
	return r
}

// addChild puts the node kid, of the level below h, behind child st.at. It returns the new node if st.node had to be split, else 0.
func (t *tree) addChild(st step, h int, kid arena.Ref) arena.Ref {
	in := t.inner(st.node)
	sum := t.summary(h-1, kid)
	if in.n < innerFan {
		in.insert(st.at+1, sum)
		return 0
	}
	r, right := t.newInner()
	cut := innerFan / 2
	if st.at == innerFan-1 {
		cut = innerFan
	}
	right.take(in, cut)
	if st.at+1 <= cut && cut < innerFan {
		in.insert(st.at+1, sum)
	} else {
		right.insert(st.at+1-cut, sum)
	}
	return r
}

// removeAt removes n entries from s on, to which the path leads, all in one leaf.
func (t *tree) removeAt(s spot, n int) {
	t.len -= n
	t.leaf(s.leaf).remove(s.at, n)
	for h := 1; h <= t.height; h++ {
		st := t.path[h]
		in := t.inner(st.node)
		in.counts[st.at] -= n
		if in.counts[st.at] == 0 {
			t.unlink(h-1, in.kids[st.at])
			in.remove(st.at)
			continue
		}
		in.scores[st.at], in.firsts[st.at] = t.first(h-1, in.kids[st.at])
		t.join(in, st.at, h-1)
	}
	t.lower()
}

// lower takes away roots that are of no use.
func (t *tree) lower() {
	for t.height > 0 && t.inner(t.root).n <= 1 {
		old := t.inner(t.root)
		kid := old.kids[0]
		empty := old.n == 0
		t.freeNode(t.root)
		t.root = kid
		t.height--
		if empty {
			t.root, t.height = 0, 0
		}
	}
	if t.root != 0 && t.height == 0 && t.leaf(t.root).n == 0 {
		t.freeNode(t.root)
		t.root = 0
	}
}

// unlink frees a node, a leaf after taking it out of the list.
func (t *tree) unlink(level int, r arena.Ref) {
	if level == 0 {
		l := t.leaf(r)
		if l.prev != 0 {
			t.leaf(l.prev).next = l.next
		}
		if l.next != 0 {
			t.leaf(l.next).prev = l.prev
		}
	}
	t.freeNode(r)
}

func (t *tree) first(level int, r arena.Ref) (float64, arena.Ref) {
	if level == 0 {
		l := t.leaf(r)
		return l.scores[0], l.refs[0]
	}
	in := t.inner(r)
	return in.scores[0], in.firsts[0]
}

// join merges child at of in, a node of the given level, with a neighbour if it has become small.
func (t *tree) join(in *inner, at, level int) {
	if n := t.fill(level, in.kids[at]); level == 0 && n >= leafMin || level > 0 && n >= innerMin {
		return
	}
	for _, left := range [2]int{at - 1, at} {
		if left < 0 || left+1 >= in.n {
			continue
		}
		n := t.fill(level, in.kids[left]) + t.fill(level, in.kids[left+1])
		if level == 0 && n <= leafJoin || level > 0 && n <= innerJoin {
			t.merge(in, left, level)
			return
		}
	}
}

// fill returns the entries of a node.
func (t *tree) fill(level int, r arena.Ref) int {
	if level == 0 {
		return t.leaf(r).n
	}
	return t.inner(r).n
}

// merge moves all of child left+1 to child left.
func (t *tree) merge(in *inner, left, level int) {
	a, b := in.kids[left], in.kids[left+1]
	if level == 0 {
		t.leaf(a).take(t.leaf(b), 0)
	} else {
		t.inner(a).take(t.inner(b), 0)
	}
	in.counts[left] += in.counts[left+1]
	t.unlink(level, b)
	in.remove(left + 1)
}

// build makes a tree of n entries that come in order; next returns them one by one. The tree must be empty.
func (t *tree) build(n int, next func() (float64, arena.Ref)) {
	b := builder{t: t}
	for range n {
		b.add(next())
	}
	b.end()
}

// builder fills nodes from left to right; last holds the rightmost node of each level.
type builder struct {
	t    *tree
	last [heightMax]arena.Ref
}

func (b *builder) add(score float64, ref arena.Ref) {
	t := b.t
	t.len++
	if r := b.last[0]; r != 0 {
		if l := t.leaf(r); l.n < leafFan {
			l.insert(l.n, score, ref)
			return
		}
	}
	r, l := t.newLeaf()
	l.insert(0, score, ref)
	if p := b.last[0]; p != 0 {
		t.leaf(p).next, l.prev = r, p
		b.close(0)
	}
	b.last[0] = r
}

// close hands the complete rightmost node of a level to the level above.
func (b *builder) close(level int) {
	t := b.t
	up := b.last[level+1]
	if up != 0 && t.inner(up).n == innerFan {
		b.close(level + 1)
		up = 0
	}
	if up == 0 {
		up, _ = t.newInner()
		b.last[level+1] = up
	}
	in := t.inner(up)
	in.insert(in.n, t.summary(level, b.last[level]))
}

func (b *builder) end() {
	t := b.t
	level := 0
	for ; b.last[level+1] != 0; level++ {
		b.close(level)
	}
	t.root, t.height = b.last[level], level
}

// free releases at most n leaves and the nodes that become childless, and returns how many leaves. Nothing else may
// be done with the tree any more: its elements may be gone.
func (t *tree) free(n int) int {
	freed := 0
	for ; freed < n && t.root != 0; freed++ {
		r := t.root
		for h := t.height; h > 0; h-- {
			t.path[h] = step{node: r}
			in := t.inner(r)
			r = in.kids[in.n-1]
		}
		t.freeNode(r)
		h := 1
		for ; h <= t.height; h++ {
			in := t.inner(t.path[h].node)
			if in.n--; in.n > 0 {
				break
			}
			t.freeNode(t.path[h].node)
		}
		if h > t.height {
			t.root, t.height = 0, 0
		}
	}
	return freed
}
