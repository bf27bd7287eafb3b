package list

import (
	"spindle/store/arena"
	"spindle/store/listpack"
)

// chunk says where a listpack is: in the slot ref, from gap on, size bytes.
type chunk struct {
	ref   arena.Ref
	gap   uint32
	size  uint32
	count uint32 // elements
	gen   uint32
}

const chunkBytes = 24

// alloc returns a chunk without content and with room for n bytes.
func (l *List) alloc(n int) chunk {
	ref := l.mem.Alloc(n)
	l.bytes += int64(l.mem.Cap(ref))
	return chunk{ref: ref, gen: l.gen}
}

func (l *List) free(ref arena.Ref) {
	l.bytes -= int64(l.mem.Cap(ref))
	l.mem.Free(ref)
}

func (l *List) frozen(c *chunk) bool { return l.walk != nil && c.gen != l.gen }

// drop gives a chunk's memory up.
func (l *List) drop(c *chunk) {
	if l.frozen(c) {
		l.walk.orphans = append(l.walk.orphans, c.ref)
		return
	}
	l.free(c.ref)
}

// thaw gives a frozen chunk memory of its own.
func (l *List) thaw(c *chunk) { l.realloc(c, l.mem.Cap(c.ref), int(c.gap)) }

// view returns c's listpack; its capacity is the rest of the slot.
func (l *List) view(c *chunk) []byte {
	return l.mem.Bytes(c.ref, l.mem.Cap(c.ref))[c.gap : c.gap+c.size]
}

// realloc moves c into a slot of at least n bytes with gap bytes in front; a negative gap puts it at the slot's right end.
func (l *List) realloc(c *chunk, n, gap int) {
	to := l.alloc(n)
	if gap < 0 {
		gap = l.mem.Cap(to.ref) - int(c.size)
	}
	copy(l.mem.Bytes(to.ref, gap+int(c.size))[gap:], l.view(c))
	l.drop(c)
	c.ref, c.gap, c.gen = to.ref, uint32(gap), to.gen
}

// room returns the listpack of an owned chunk with capacity for n bytes.
func (l *List) room(c *chunk, n int) []byte {
	lp := l.view(c)
	if cap(lp) >= n {
		return lp
	}
	l.realloc(c, n, 0)
	return l.view(c)
}

// set notes what has become of the listpack that room or view returned, and gives memory back when more than half is
// unused.
func (l *List) set(c *chunk, lp []byte) {
	c.size = uint32(len(lp))
	l.fit(c)
}

func (l *List) fit(c *chunk) {
	if !l.mem.Fits(c.ref, int(c.size)) {
		l.realloc(c, int(c.size), 0)
	}
}

// roomy is the size of the slot for a chunk at an end of the list, which is expected to grow.
func (l *List) roomy(n int) int {
	limit := l.limits.bytesMax()
	if limit == 0 {
		limit = chunkBytesSafe
	}
	return max(n, min(n+n/2, limit))
}

// newChunk returns a chunk of one element.
func (l *List) newChunk(elem []byte, atEnd bool) chunk {
	n := listpack.EmptySize + listpack.EncodedSize(elem)
	if atEnd {
		n = l.roomy(n)
	}
	c := l.alloc(n)
	lp := listpack.Append(listpack.New(l.mem.Bytes(c.ref, l.mem.Cap(c.ref))), elem)
	c.size, c.count = uint32(len(lp)), 1
	return c
}

// pushLeft adds an element at the start of an owned chunk.
func (l *List) pushLeft(c *chunk, elem []byte) {
	if int(c.gap) < len(elem)+listpack.OverheadMax {
		if need := listpack.EncodedSize(elem); int(c.gap) < need {
			l.realloc(c, l.roomy(int(c.size)+need), -1)
		}
	}
	end := c.gap + c.size
	c.gap = uint32(listpack.PrependLeft(l.mem.Bytes(c.ref, int(end)), int(c.gap), elem))
	c.size = end - c.gap
}

// pushRight adds an element at the end of an owned chunk.
func (l *List) pushRight(c *chunk, elem []byte) {
	lp := l.view(c)
	if cap(lp)-len(lp) < len(elem)+listpack.OverheadMax {
		if need := len(lp) + listpack.EncodedSize(elem); cap(lp) < need {
			lp = l.room(c, l.roomy(need))
		}
	}
	c.size = uint32(len(listpack.Append(lp, elem)))
}

// cut removes n elements from off on.
func (l *List) cut(c *chunk, off, n int) {
	lp := l.view(c)
	if off == listpack.HeaderSize {
		short := listpack.DropLeft(lp, n)
		c.gap += uint32(len(lp) - len(short))
		lp = short
	} else {
		lp, _ = listpack.Delete(lp, off, n)
	}
	l.set(c, lp)
}
