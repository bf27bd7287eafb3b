package bitmap

import (
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
	fill(block, at, sources[0])
	if op == Not {
		invert(block)
	}
	for _, s := range sources[1:] {
		p := part(s, at, len(block))
		switch op {
		case And:
			and(block, p)
			clear(block[len(p):])
		case Or:
			or(block, p)
		case Xor:
			xor(block, p)
		case Diff:
			andNot(block, p)
		}
	}
}

// combineFirst sets the union of all but the first source against the first.
func combineFirst(op Op, block []byte, at int, sources [][]byte) {
	clear(block)
	for _, s := range sources[1:] {
		or(block, part(s, at, len(block)))
	}
	first := part(sources[0], at, len(block))
	if op == Diff1 {
		andNot(block, first)
		return
	}
	and(block, first)
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
	andNot(block, more)
}

// In the following, p is not longer than dst. They are written out because a function called for each word
// would cost more than the work.

func word(b []byte) uint64   { return binary.LittleEndian.Uint64(b) }
func put(b []byte, w uint64) { binary.LittleEndian.PutUint64(b, w) }

func and(dst, p []byte) {
	for ; len(p) >= 32; dst, p = dst[32:], p[32:] {
		d, q := dst[:32], p[:32]
		put(d, word(d)&word(q))
		put(d[8:], word(d[8:])&word(q[8:]))
		put(d[16:], word(d[16:])&word(q[16:]))
		put(d[24:], word(d[24:])&word(q[24:]))
	}
	for i, x := range p {
		dst[i] &= x
	}
}

func or(dst, p []byte) {
	for ; len(p) >= 32; dst, p = dst[32:], p[32:] {
		d, q := dst[:32], p[:32]
		put(d, word(d)|word(q))
		put(d[8:], word(d[8:])|word(q[8:]))
		put(d[16:], word(d[16:])|word(q[16:]))
		put(d[24:], word(d[24:])|word(q[24:]))
	}
	for i, x := range p {
		dst[i] |= x
	}
}

func andNot(dst, p []byte) {
	for ; len(p) >= 32; dst, p = dst[32:], p[32:] {
		d, q := dst[:32], p[:32]
		put(d, word(d)&^word(q))
		put(d[8:], word(d[8:])&^word(q[8:]))
		put(d[16:], word(d[16:])&^word(q[16:]))
		put(d[24:], word(d[24:])&^word(q[24:]))
	}
	for i, x := range p {
		dst[i] &^= x
	}
}

func xor(dst, p []byte) { subtle.XORBytes(dst, dst, p) }

func invert(dst []byte) {
	for ; len(dst) >= 8; dst = dst[8:] {
		put(dst, ^word(dst))
	}
	for i, x := range dst {
		dst[i] = ^x
	}
}
