// Package bitmap works on strings as arrays of bits: bit 0 is the highest bit of the
// first byte, as in Redis.
//
//	bitmap.go   counting and searching
//	combine.go  BITOP
//	field.go    integers of any width at any bit, for BITFIELD
//
// Everything that may be long goes eight bytes at a time. Ranges of bits are given by their first bit and
// the bit behind their last.
package bitmap

import "math/bits"

// Bit returns bit i of b, 0 beyond its end.
func Bit(b []byte, i int64) byte {
	if at := i >> 3; at < int64(len(b)) {
		return b[at] >> (7 - i&7) & 1
	}
	return 0
}

// SetBit changes bit i, which must lie within b.
func SetBit(b []byte, i int64, bit byte) {
	mask := byte(0x80) >> (i & 7)
	if bit == 0 {
		b[i>>3] &^= mask
	} else {
		b[i>>3] |= mask
	}
}

// Count returns the number of ones in b.
func Count(b []byte) int64 {
	var n0, n1, n2, n3 int // one counter each, so that no addition waits for another
	for ; len(b) >= 32; b = b[32:] {
		n0 += bits.OnesCount64(word(b))
		n1 += bits.OnesCount64(word(b[8:]))
		n2 += bits.OnesCount64(word(b[16:]))
		n3 += bits.OnesCount64(word(b[24:]))
	}
	for ; len(b) >= 8; b = b[8:] {
		n0 += bits.OnesCount64(word(b))
	}
	for _, x := range b {
		n1 += bits.OnesCount8(x)
	}
	return int64(n0 + n1 + n2 + n3)
}

// CountRange returns the number of ones among the bits from from to to, which lie within b.
func CountRange(b []byte, from, to int64) int64 {
	if from >= to {
		return 0
	}
	first, last := from>>3, (to-1)>>3
	n := Count(b[first : last+1])
	n -= int64(bits.OnesCount8(b[first] &^ (0xff >> (from & 7)))) // what is before from
	n -= int64(bits.OnesCount8(b[last] & (0x7f >> ((to - 1) & 7))))
	return n
}

// Find returns the place of the first bit equal to bit from from to to, which lie within b, or -1.
func Find(b []byte, bit byte, from, to int64) int64 {
	if from >= to {
		return -1
	}
	var flip byte // look for ones in the bytes XOR flip
	if bit == 0 {
		flip = 0xff
	}
	at, end := from>>3, (to+7)>>3
	if x := (b[at] ^ flip) & (0xff >> (from & 7)); x != 0 {
		return within(at, x, to)
	}
	at++
	for skip := uint64(flip) * 0x0101010101010101; at+32 <= end; at += 32 {
		p := b[at : at+32]
		if (word(p)^skip)|(word(p[8:])^skip)|(word(p[16:])^skip)|(word(p[24:])^skip) != 0 {
			break
		}
	}
	for ; at < end; at++ {
		if x := b[at] ^ flip; x != 0 {
			return within(at, x, to)
		}
	}
	return -1
}

// within returns the place of the highest one of x, which is byte at, if it is before to.
func within(at int64, x byte, to int64) int64 {
	if i := at<<3 + int64(bits.LeadingZeros8(x)); i < to {
		return i
	}
	return -1
}
