package listpack

import "encoding/binary"

// A listpack that has free memory to its left grows and shrinks there by moving nothing but its header. That is how
// a queue's head stays O(1).

// OverheadMax bounds what EncodedSize adds to the length of an element, in bytes.
const OverheadMax = 10

// PrependLeft adds b at the start of the listpack buf[start:], which ends where buf does. It grows to the left: start must be at least
// EncodedSize(b). The new start is returned.
func PrependLeft(buf []byte, start int, b []byte) int {
	e := encode(b)
	to := start - e.size()
	copy(buf[to:], buf[start:start+HeaderSize])
	lp := buf[to:]
	e.put(lp[HeaderSize:])
	setBytes(lp)
	addCount(lp, 1)
	return to
}

// DropLeft removes up to n elements at the start of lp, which becomes shorter on the left: what is returned is its tail.
func DropLeft(lp []byte, n int) []byte {
	var header [HeaderSize]byte
	copy(header[:], lp)
	to, dropped := HeaderSize, 0
	for ; dropped < n && lp[to] != end; dropped++ {
		to += ElementSize(lp, to)
	}
	lp = lp[to-HeaderSize:]
	copy(lp, header[:])
	binary.LittleEndian.PutUint32(lp, uint32(len(lp)))
	addCount(lp, -dropped)
	return lp
}
