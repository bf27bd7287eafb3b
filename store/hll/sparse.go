package hll

import (
	"encoding/binary"
	"slices"
)

const (
	zeroSpanMax    = 64
	valueSpanMax   = 4
	sparseValueMax = 32
)

// op is one code of the sparse encoding: span registers have value. size is its
// length in bytes.
type op struct {
	span, size int
	value      byte
	extended   bool // XZERO
}

// opAt decodes the code at p. One cut off by the end covers no register, so that
// the count of registers comes out wrong.
func opAt(b []byte, p int) op {
	c := b[p]
	switch {
	case c&0x80 != 0:
		return op{span: int(c&3) + 1, size: 1, value: c>>2&31 + 1}
	case c&0x40 == 0:
		return op{span: int(c) + 1, size: 1}
	case p+1 == len(b):
		return op{size: 2, extended: true}
	}
	return op{span: int(c&63)<<8 + int(b[p+1]) + 1, size: 2, extended: true}
}

// spans and values hold what a one-byte code says: how many registers have which
// value. The span of the first byte of XZERO is 0. Looking both up spares walks over
// a value a branch on the code, which no processor predicts.
var spans, values = func() (span, value [256]uint8) {
	for c := range span {
		if c < 0x40 || c >= 0x80 {
			o := opAt([]byte{byte(c)}, 0)
			span[c], value[c] = uint8(o.span), o.value
		}
	}
	return span, value
}()

func appendZeros(b []byte, span int) []byte {
	switch {
	case span == 0:
		return b
	case span > zeroSpanMax:
		span--
		return append(b, 0x40|byte(span>>8), byte(span))
	}
	return append(b, byte(span-1))
}

func appendValue(b []byte, value byte, span int) []byte {
	if span == 0 {
		return b
	}
	return append(b, 0x80|(value-1)<<2|byte(span-1))
}

// sparseSet raises a register to run, and reports whether it was lower. The value
// turns dense if it must. The search starts at c.
func sparseSet(b []byte, index int, run byte, sparseMax int, c *cursor) (_ []byte, changed bool, err error) {
	if run > sparseValueMax {
		return promote(b, index, run)
	}
	c.seek(b, index)
	p, first := c.at.p, c.at.first
	if p >= len(b) {
		return b, false, ErrCorrupt
	}
	o := opAt(b, p)
	if o.span == 0 {
		return b, false, ErrCorrupt
	}
	if o.value >= run {
		return b, false, nil
	}
	// The code falls apart into what is left of the register, it, and the rest.
	var buf [5]byte
	seq, last := buf[:0], first+o.span-1
	if o.value == 0 {
		seq = appendZeros(seq, index-first)
		seq = appendValue(seq, run, 1)
		seq = appendZeros(seq, last-index)
	} else {
		seq = appendValue(seq, o.value, index-first)
		seq = appendValue(seq, run, 1)
		seq = appendValue(seq, o.value, last-index)
	}
	if len(seq) > o.size && len(b)+len(seq)-o.size > sparseMax {
		return promote(b, index, run)
	}
	b = slices.Replace(b, p, p+o.size, seq...)
	b = joinValues(b, c.prev.p)
	Invalidate(b)
	return b, true, nil
}

// place is a code's offset and the first register it covers.
type place struct{ p, first int }

// cursor is a walk over the codes: the present one and the two before it, which are
// the first code again where there is none.
type cursor struct{ at, prev, prev2 place }

func start() cursor {
	first := place{p: headerSize}
	return cursor{first, first, first}
}

// seek moves on to the code that covers register index, or to the end of b.
func (c *cursor) seek(b []byte, index int) {
	for {
		if block, ok := leap(b, c.at, index); ok {
			c.at = block // its eight codes set prev and prev2
		}
		for range 16 {
			if c.at.p >= len(b) {
				return
			}
			span, size := int(spans[b[c.at.p]]), 1
			if span == 0 {
				o := opAt(b, c.at.p)
				span, size = o.span, o.size
			}
			if index < c.at.first+span || span == 0 {
				return
			}
			c.at, c.prev, c.prev2 = place{c.at.p + size, c.at.first + span}, c.at, c.prev
		}
	}
}

// leap passes over blocks of eight one-byte codes left of register index, which
// takes a third of the time of single steps. It returns the start of the last one
// and whether there was any.
func leap(b []byte, at place, index int) (block place, ok bool) {
	const tops = 0x8080808080808080
	for at.p+8 <= len(b) {
		w := binary.LittleEndian.Uint64(b[at.p:])
		if ^w&(w<<1)&tops != 0 { // 01......: XZERO
			break
		}
		span := int(spans[byte(w)]) + int(spans[byte(w>>8)]) + int(spans[byte(w>>16)]) + int(spans[byte(w>>24)]) +
			int(spans[byte(w>>32)]) + int(spans[byte(w>>40)]) + int(spans[byte(w>>48)]) + int(spans[byte(w>>56)])
		if index < at.first+span {
			break
		}
		block, ok = at, true
		at = place{at.p + 8, at.first + span}
	}
	return block, ok
}

// again prepares the search for a larger index, after a register was set where c
// is. That may have changed the code before, but not where it starts.
func (c *cursor) again() {
	if c.prev2.p < 0 { // unknown: two changes without a step between them
		*c = start()
		return
	}
	unknown := place{p: -1}
	if c.prev2.p == headerSize {
		unknown = c.prev2
	}
	*c = cursor{c.prev, c.prev2, unknown}
}

// joinValues joins neighbouring VAL codes of one value, among the five codes from
// p on: the bytes are to be Redis's, so neither more nor fewer are looked at.
func joinValues(b []byte, p int) []byte {
	for scan := 5; scan > 0 && p < len(b); scan-- {
		if b[p]&0x80 == 0 {
			p += opAt(b, p).size
			continue
		}
		if p+1 < len(b) && b[p]>>2 == b[p+1]>>2 {
			if span := spans[b[p]] + spans[b[p+1]]; span <= valueSpanMax {
				b[p+1] = b[p+1]&^3 | (span - 1)
				b = slices.Delete(b, p, p+1)
				continue
			}
		}
		p++
	}
	return b
}

// promote turns b dense and sets the register.
func promote(b []byte, index int, run byte) ([]byte, bool, error) {
	b, err := ToDense(b)
	if err != nil {
		return b, false, err
	}
	changed := denseSet(b, index, run)
	if changed {
		Invalidate(b)
	}
	return b, changed, nil
}
