package list

import "spindle/store/listpack"

// Push adds an element at the front or at the back.
func (l *List) Push(elem []byte, front bool) {
	if l.chunks == 0 {
		l.insert(place{}, l.newChunk(elem, true))
		return
	}
	p := place{}
	if !front {
		p = l.last()
	}
	if !l.allows(p, len(elem)) {
		l.begin(p, elem, front)
		return
	}
	l.pushInto(p, elem, front)
}

// begin starts a chunk beyond p, which is an end of the list. The one at p has no more reason to hold spare memory.
func (l *List) begin(p place, elem []byte, front bool) {
	if c := l.at(p); l.walk == nil && l.mem.Cap(c.ref) > int(c.size+c.size/8) {
		l.realloc(c, int(c.size), 0)
	}
	if !front {
		p.chunk++
	}
	l.insert(p, l.newChunk(elem, true))
}

func (l *List) allows(p place, elemLen int) bool {
	c := l.at(p)
	return l.limits.Allows(int(c.size), int(c.count), elemLen)
}

func (l *List) pushInto(p place, elem []byte, front bool) {
	b, c := l.own(p)
	if front {
		l.pushLeft(c, elem)
	} else {
		l.pushRight(c, elem)
	}
	l.recount(b, c, 1)
}

// Pop removes the first or the last element of a list that is not empty.
func (l *List) Pop(front bool) {
	p := place{}
	if !front {
		p = l.last()
	}
	if l.at(p).count == 1 {
		l.remove(p)
		return
	}
	b, c := l.own(p)
	off := listpack.HeaderSize
	if !front {
		off = listpack.Last(l.view(c))
	}
	l.cut(c, off, 1)
	l.recount(b, c, -1)
}

// End returns the first or the last element: its listpack and its place therein.
func (l *List) End(front bool) (lp []byte, off int) {
	if front {
		return l.view(l.at(place{})), listpack.HeaderSize
	}
	lp = l.view(l.at(l.last()))
	return lp, listpack.Last(lp)
}

// Replace puts elem in the place of element i, 0 <= i < Len. The chunk is not split, however large it gets.
func (l *List) Replace(i int, elem []byte) {
	p, i := l.find(i)
	if int(l.at(p).size)+len(elem) > chunkBytesHard {
		l.replaceLarge(p, i, elem)
		return
	}
	_, c := l.own(p)
	lp := l.view(c)
	off := listpack.Seek(lp, i)
	lp = l.room(c, listpack.SizeAfterReplace(lp, off, elem))
	l.set(c, listpack.Replace(lp, off, elem))
}

// replaceLarge puts elem, which its chunk cannot hold, into a chunk of its own in place of element i of the chunk at p.
func (l *List) replaceLarge(p place, i int, elem []byte) {
	if i > 0 {
		l.split(p, i)
		p, _ = l.next(p)
	}
	if l.at(p).count == 1 {
		l.remove(p)
		if p.block == len(l.blocks) {
			p = l.behind()
		}
	} else {
		b, c := l.own(p)
		l.cut(c, listpack.HeaderSize, 1)
		l.recount(b, c, -1)
	}
	l.insert(p, l.newChunk(elem, false))
}

// Insert puts elem before or after the element at the cursor, which is not valid afterwards.
func (l *List) Insert(at *Cursor, elem []byte, after bool) {
	p, off := at.p, at.off
	_, more := l.sideOf(at, after)
	switch {
	case l.allows(p, len(elem)):
		l.insertInto(p, off, elem, after)
	case more:
		l.insertSplit(p, off, elem, after)
	default:
		l.insertBeside(p, elem, after)
	}
}

// sideOf returns the neighbour within the chunk of the element at the cursor.
func (l *List) sideOf(at *Cursor, after bool) (off int, ok bool) {
	if after {
		off = listpack.Next(at.lp, at.off)
	} else {
		off = listpack.Prev(at.lp, at.off)
	}
	return off, off != listpack.None
}

func (l *List) insertInto(p place, off int, elem []byte, after bool) {
	b, c := l.own(p)
	lp := l.room(c, int(c.size)+listpack.EncodedSize(elem))
	if after {
		lp = listpack.InsertAfter(lp, off, elem)
	} else {
		lp = listpack.InsertBefore(lp, off, elem)
	}
	l.set(c, lp)
	l.recount(b, c, 1)
}

// insertBeside puts elem behind or before the full chunk at p: into its neighbour or, if that is full too, into a new chunk.
func (l *List) insertBeside(p place, elem []byte, after bool) {
	neighbour, ok := l.prev(p)
	if after {
		neighbour, ok = l.next(p)
	}
	switch {
	case ok && l.allows(neighbour, len(elem)):
		l.pushInto(neighbour, elem, after)
	case after:
		p.chunk++
		fallthrough
	default:
		l.insert(p, l.newChunk(elem, false))
	}
}

// insertSplit puts elem into the middle of the full chunk at p, and merges what lies around.
func (l *List) insertSplit(p place, off int, elem []byte, after bool) {
	i := l.indexOf(p, off)
	if after {
		i++
	}
	p = l.split(p, i)
	right, _ := l.next(p)
	if after {
		l.pushInto(right, elem, true)
		l.mergeAround(p)
	} else {
		l.pushInto(p, elem, false)
		l.mergeAround(right)
	}
}

// indexOf returns the index within the chunk at p of the element at off.
func (l *List) indexOf(p place, off int) int {
	lp := l.view(l.at(p))
	n := 0
	for at := listpack.First(lp); at != off; at = listpack.Next(lp, at) {
		n++
	}
	return n
}

// split moves the elements of the chunk at p from index i on into a new chunk behind it. It returns where the first one now is.
func (l *List) split(p place, i int) place {
	b, c := l.own(p)
	lp := l.view(c)
	_, size := listpack.SizeAfterSplit(lp, i)
	right := l.alloc(size)
	head, tail := listpack.Split(lp, i, l.mem.Bytes(right.ref, l.mem.Cap(right.ref)))
	right.size, right.count = uint32(len(tail)), c.count-uint32(i)
	l.recount(b, c, -int(right.count))
	l.set(c, head)
	q := l.insert(place{p.block, p.chunk + 1}, right)
	p, _ = l.prev(q)
	return p
}

// mergeAround joins the chunk at p and the two on either side of it where they fit, in Redis's order.
func (l *List) mergeAround(p place) {
	if prev, ok := l.prev(p); ok {
		if first, ok := l.prev(prev); ok && l.mergeable(first) {
			l.merge(first)
			p, _ = l.next(first)
		}
	}
	if next, ok := l.next(p); ok && l.mergeable(next) {
		l.merge(next)
	}
	if prev, ok := l.prev(p); ok && l.mergeable(prev) {
		l.merge(prev)
		p = prev
	}
	if l.mergeable(p) {
		l.merge(p)
	}
}

// mergeSaves is what Redis reckons a merge saves, in bytes: once it was the frame of a ziplist.
const mergeSaves = 11

// mergeable tells whether the chunk at p and the next fit one chunk.
func (l *List) mergeable(p place) bool {
	q, ok := l.next(p)
	if !ok {
		return false
	}
	a, b := l.at(p), l.at(q)
	return l.limits.holds(int(a.size+b.size)-mergeSaves, int(a.count+b.count))
}

// merge moves the elements of the chunk behind p into the one at p.
func (l *List) merge(p place) {
	q, _ := l.next(p)
	b, c := l.own(p)
	other := l.at(q)
	lp := l.room(c, int(c.size+other.size)-listpack.EmptySize)
	l.set(c, listpack.Concat(lp, l.view(other)))
	n := int(other.count)
	l.remove(q)
	l.recount(b, c, n)
}

// Delete removes n elements from index i on, which must be there.
func (l *List) Delete(i, n int) {
	if n <= 0 {
		return
	}
	p, i := l.find(i)
	for n > 0 {
		count := int(l.at(p).count)
		del := min(n, count-i)
		n -= del
		if del == count {
			l.remove(p)
			p = l.normal(p)
			continue
		}
		l.cutAt(p, i, del)
		p, _ = l.next(p)
		i = 0
	}
}

// normal corrects the place of the chunk behind one that has been removed.
func (l *List) normal(p place) place {
	if p.block < len(l.blocks) && p.chunk == len(l.blocks[p.block].chunks) {
		return place{p.block + 1, 0}
	}
	return p
}

// cutAt removes n elements, but not all, from index i of the chunk at p on.
func (l *List) cutAt(p place, i, n int) {
	b, c := l.own(p)
	l.cut(c, listpack.Seek(l.view(c), i), n)
	l.recount(b, c, -n)
}

// Remove removes up to max elements that equal the needle, from the front or from the back, and returns how many it did.
func (l *List) Remove(needle *listpack.Needle, max int, fromBack bool) (removed int) {
	at := l.Cursor(0)
	if fromBack {
		at = l.Cursor(l.len - 1)
	}
	for removed < max && at.Valid() {
		if !needle.At(at.lp, at.off) {
			at.Step(fromBack)
			continue
		}
		l.removeAt(&at, fromBack)
		removed++
	}
	return removed
}

// removeAt removes the element at the cursor, which goes on to the next or the previous one.
func (l *List) removeAt(at *Cursor, back bool) {
	if l.at(at.p).count == 1 {
		p := at.p
		before, ok := l.prev(p)
		l.remove(p)
		switch p = l.normal(p); {
		case back && ok:
			at.enter(before, true)
		case back || p.block >= len(l.blocks):
			at.lp = nil
		default:
			at.enter(p, false)
		}
		return
	}
	off, ok := l.sideOf(at, !back)
	size := listpack.ElementSize(at.lp, at.off)
	b, c := l.own(at.p)
	first := at.off == listpack.HeaderSize
	l.cut(c, at.off, 1)
	l.recount(b, c, -1)
	at.lp = l.view(c)
	switch {
	case !ok:
		at.off = listpack.HeaderSize
		if !back {
			at.off = listpack.Last(at.lp)
		}
		at.Step(back)
	case first, !back:
		at.off = off - size
	default:
		at.off = off
	}
}
