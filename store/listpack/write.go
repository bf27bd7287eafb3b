package listpack

import "slices"

// InsertBefore puts b in front of the element at off, which may be the end
// (len(lp)-1). The new element is then at off.
func InsertBefore(lp []byte, off int, b []byte) []byte {
	e := encode(b)
	return insert(lp, off, &e)
}

// InsertIntBefore is InsertBefore for an integer.
func InsertIntBefore(lp []byte, off int, n int64) []byte {
	e := encodeInt(n)
	return insert(lp, off, &e)
}

// InsertAfter puts b behind the element at off.
func InsertAfter(lp []byte, off int, b []byte) []byte {
	return InsertBefore(lp, off+ElementSize(lp, off), b)
}

// InsertIntAfter is InsertAfter for an integer.
func InsertIntAfter(lp []byte, off int, n int64) []byte {
	return InsertIntBefore(lp, off+ElementSize(lp, off), n)
}

// Append adds b at the end.
func Append(lp, b []byte) []byte { return InsertBefore(lp, len(lp)-1, b) }

// AppendInt adds integer n at the end.
func AppendInt(lp []byte, n int64) []byte { return InsertIntBefore(lp, len(lp)-1, n) }

// Prepend adds b at the start.
func Prepend(lp, b []byte) []byte { return InsertBefore(lp, HeaderSize, b) }

// PrependInt adds integer n at the start.
func PrependInt(lp []byte, n int64) []byte { return InsertIntBefore(lp, HeaderSize, n) }

// AppendAll adds elems at the end, growing once: by EncodedSizes.
func AppendAll(lp []byte, elems [][]byte) []byte {
	off := len(lp) - 1
	lp = resize(lp, off, 0, EncodedSizes(elems))
	for _, b := range elems {
		e := encode(b)
		e.put(lp[off:])
		off += e.size()
	}
	addCount(lp, len(elems))
	return lp
}

// SizeAfterReplace returns the size of lp with b in place of the element at off.
func SizeAfterReplace(lp []byte, off int, b []byte) int {
	return len(lp) - ElementSize(lp, off) + EncodedSize(b)
}

// SizeAfterReplaceInt is SizeAfterReplace for an integer.
func SizeAfterReplaceInt(lp []byte, off int, n int64) int {
	return len(lp) - ElementSize(lp, off) + EncodedIntSize(n)
}

// Overwrite puts b in place of the element at off if it takes the same space, else it changes nothing and returns false.
func Overwrite(lp []byte, off int, b []byte) bool {
	e := encode(b)
	if e.size() != ElementSize(lp, off) {
		return false
	}
	e.put(lp[off:])
	return true
}

// Replace puts b in place of the element at off.
func Replace(lp []byte, off int, b []byte) []byte {
	e := encode(b)
	return replace(lp, off, &e)
}

// ReplaceInt puts integer n in place of the element at off.
func ReplaceInt(lp []byte, off int, n int64) []byte {
	e := encodeInt(n)
	return replace(lp, off, &e)
}

// Delete removes the element at off and up to n-1 after it. It returns where the
// element behind them now is, off or None, beside the shorter listpack.
func Delete(lp []byte, off, n int) ([]byte, int) {
	to, deleted := off, 0
	for deleted < n && lp[to] != end {
		to += ElementSize(lp, to)
		deleted++
	}
	unknown := headerCount(lp) == countUnknown
	lp = resize(lp, off, to-off, 0)
	if !unknown {
		addCount(lp, -deleted)
	}
	if lp[off] == end {
		off = None
	}
	return lp, off
}

// DeleteRange removes up to n elements from index on; index counts from 0, or
// from -1 at the end. An index out of range removes nothing.
func DeleteRange(lp []byte, index, n int) []byte {
	off := Seek(lp, index)
	if off == None || n <= 0 {
		return lp
	}
	lp, _ = Delete(lp, off, n)
	return lp
}

// Concat adds the elements of other at the end of lp: len(other)-EmptySize bytes.
func Concat(lp, other []byte) []byte {
	return splice(lp, len(lp)-1, other[HeaderSize:len(other)-1], Len(other))
}

// ConcatFront adds the elements of other at the start of lp, in their order.
func ConcatFront(lp, other []byte) []byte {
	return splice(lp, HeaderSize, other[HeaderSize:len(other)-1], Len(other))
}

// splice inserts count elements, encoded already, at off.
func splice(lp []byte, off int, elems []byte, count int) []byte {
	lp = resize(lp, off, 0, len(elems))
	copy(lp[off:], elems)
	addCount(lp, count)
	return lp
}

// Split cuts lp in two: the elements from index on move to a listpack written over
// dst, the others stay. index counts from 0 to Len(lp). The tail takes
// SizeAfterSplit bytes.
func Split(lp []byte, index int, dst []byte) (head, tail []byte) {
	count := Len(lp)
	off := splitOffset(lp, index, count)
	tail = splice(New(dst), HeaderSize, lp[off:len(lp)-1], count-index)
	head = resize(lp, off, len(lp)-1-off, 0)
	head[4], head[5] = 0, 0
	addCount(head, index)
	return head, tail
}

// SizeAfterSplit returns the sizes of the two listpacks that Split makes, in bytes.
func SizeAfterSplit(lp []byte, index int) (head, tail int) {
	off := splitOffset(lp, index, Len(lp))
	return off + 1, len(lp) - off + HeaderSize
}

func splitOffset(lp []byte, index, count int) int {
	if index >= count {
		return len(lp) - 1
	}
	return Seek(lp, index)
}

// Recode writes a listpack with the elements of lp over dst, all in canonical
// form. It makes a valid listpack that is not Canonical so.
func Recode(dst, lp []byte) []byte {
	dst = New(dst)
	var buf [20]byte
	for off := First(lp); off != None; off = Next(lp, off) {
		dst = Append(dst, Element(lp, off, buf[:]))
	}
	return dst
}

func insert(lp []byte, off int, e *encoded) []byte {
	lp = resize(lp, off, 0, e.size())
	e.put(lp[off:])
	addCount(lp, 1)
	return lp
}

func replace(lp []byte, off int, e *encoded) []byte {
	lp = resize(lp, off, ElementSize(lp, off), e.size())
	e.put(lp[off:])
	return lp
}

// resize makes the cut bytes at off size bytes wide, moving what is behind them,
// and sets the total.
func resize(lp []byte, off, cut, size int) []byte {
	if cut == size {
		return lp
	}
	was, total := len(lp), len(lp)-cut+size
	if total > was {
		if total > SizeMax {
			panic("listpack: over the size limit")
		}
		lp = slices.Grow(lp, total-was)[:total]
	}
	copy(lp[off+size:total], lp[off+cut:was])
	lp = lp[:total]
	setBytes(lp)
	return lp
}
