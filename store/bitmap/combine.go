package bitmap

import (
	"bytes"
	"crypto/subtle"
	"encoding/binary"
	"slices"
)

// Op is an operation of BITOP.
type Op uint8

const (
	And   Op = iota
	Or       //
	Xor      //
	Not      // of the one source
	Diff     // in the first source and in no other
	Diff1    // in another source and not in the first
	AndOr    // in the first source and in another
	One      // in exactly one source
)

// blockBytes is how much of the result is made at a time: small enough to stay in the nearest cache while
// all sources are worked in.
const blockBytes = 8 << 10

// Combine writes the operation on the sources, of which there is at least one, over dst, whose length is that of
// the longest. Shorter ones count as followed by zeros. dst may be one of the sources itself.
func Combine(op Op, dst []byte, sources [][]byte) {
	inPlace := slices.ContainsFunc(sources, func(s []byte) bool { return len(s) > 0 && &s[0] == &dst[0] })
	var room [blockBytes]byte // in place, a block is written once nobody needs what was there
	for at := 0; at < len(dst); at += blockBytes {
		block := dst[at:min(at+blockBytes, len(dst))]
		if inPlace {
			block = room[:len(block)]
		}
		switch op {
		case Diff1, AndOr:
			combineFirst(op, block, at, sources)
		case One:
			exactlyOne(block, at, sources)
		default:
			combineAll(op, block, at, sources)
		}
		if inPlace {
			copy(dst[at:], block)
		}
	}
}

// part returns what source has for a block of n bytes from at on.
func part(source []byte, at, n int) []byte {
	if at >= len(source) {
		return nil
	}
	return source[at:min(at+n, len(source))]
}

// fill sets block to the source's bytes, zeros behind its end.
func fill(block []byte, at int, source []byte) {
	clear(block[copy(block, part(source, at, len(block))):])
}

func combineAll(op Op, block []byte, at int, sources [][]byte) {
	if op == Not {
		subtle.XORBytes(block, part(sources[0], at, len(block)), ones)
		return
	}
	first := part(sources[0], at, len(block))
	if len(sources) == 1 || len(first) < len(block) {
		fill(block, at, sources[0])
		first = block
	}
	for _, s := range sources[1:] {
		p := part(s, at, len(block))
		switch op {
		case And:
			and(block, first, p)
			clear(block[len(p):])
		case Or:
			or(block, first, p)
			copy(block[len(p):], first[len(p):])
		case Xor:
			subtle.XORBytes(block, first, p)
			copy(block[len(p):], first[len(p):])
		case Diff:
			andNot(block, first, p)
			copy(block[len(p):], first[len(p):])
		}
		first = block
	}
}

// combineFirst sets the union of all but the first source against the first.
func combineFirst(op Op, block []byte, at int, sources [][]byte) {
	clear(block)
	for _, s := range sources[1:] {
		or(block, block, part(s, at, len(block)))
	}
	first := part(sources[0], at, len(block))
	if op == Diff1 {
		andNot(block, block, first)
		return
	}
	and(block, block, first)
	clear(block[len(first):])
}

// exactlyOne keeps, beside the bits of odd count, those that came more than once.
func exactlyOne(block []byte, at int, sources [][]byte) {
	var room [blockBytes]byte
	more := room[:len(block)]
	fill(block, at, sources[0])
	for _, s := range sources[1:] {
		for i, x := range part(s, at, len(block)) {
			more[i] |= block[i] & x
			block[i] ^= x
		}
	}
	andNot(block, block, more)
}

// In the following, dst gets an operation on x and y for the length of y, which is not longer than the others. They are written out
// because a function called for each word would cost more than the work.

func word(b []byte) uint64   { return binary.LittleEndian.Uint64(b) }
func put(b []byte, w uint64) { binary.LittleEndian.PutUint64(b, w) }

func and(dst, x, y []byte) {
	for ; len(y) >= 64; dst, x, y = dst[64:], x[64:], y[64:] {
		d, a, b := (*[64]byte)(dst), (*[64]byte)(x), (*[64]byte)(y)
		put(d[0:], word(a[0:])&word(b[0:]))
		put(d[8:], word(a[8:])&word(b[8:]))
		put(d[16:], word(a[16:])&word(b[16:]))
		put(d[24:], word(a[24:])&word(b[24:]))
		put(d[32:], word(a[32:])&word(b[32:]))
		put(d[40:], word(a[40:])&word(b[40:]))
		put(d[48:], word(a[48:])&word(b[48:]))
		put(d[56:], word(a[56:])&word(b[56:]))
	}
	for i, b := range y {
		dst[i] = x[i] & b
	}
}

func or(dst, x, y []byte) {
	for ; len(y) >= 64; dst, x, y = dst[64:], x[64:], y[64:] {
		d, a, b := (*[64]byte)(dst), (*[64]byte)(x), (*[64]byte)(y)
		put(d[0:], word(a[0:])|word(b[0:]))
		put(d[8:], word(a[8:])|word(b[8:]))
		put(d[16:], word(a[16:])|word(b[16:]))
		put(d[24:], word(a[24:])|word(b[24:]))
		put(d[32:], word(a[32:])|word(b[32:]))
		put(d[40:], word(a[40:])|word(b[40:]))
		put(d[48:], word(a[48:])|word(b[48:]))
		put(d[56:], word(a[56:])|word(b[56:]))
	}
	for i, b := range y {
		dst[i] = x[i] | b
	}
}

func andNot(dst, x, y []byte) {
	for ; len(y) >= 64; dst, x, y = dst[64:], x[64:], y[64:] {
		d, a, b := (*[64]byte)(dst), (*[64]byte)(x), (*[64]byte)(y)
		put(d[0:], word(a[0:])&^word(b[0:]))
		put(d[8:], word(a[8:])&^word(b[8:]))
		put(d[16:], word(a[16:])&^word(b[16:]))
		put(d[24:], word(a[24:])&^word(b[24:]))
		put(d[32:], word(a[32:])&^word(b[32:]))
		put(d[40:], word(a[40:])&^word(b[40:]))
		put(d[48:], word(a[48:])&^word(b[48:]))
		put(d[56:], word(a[56:])&^word(b[56:]))
	}
	for i, b := range y {
		dst[i] = x[i] &^ b
	}
}

// ones is a block of set bits.
var ones = bytes.Repeat([]byte{0xff}, blockBytes)
