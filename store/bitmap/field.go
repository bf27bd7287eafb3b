package bitmap

import (
	"encoding/binary"
	"math"
)

// Width is the type of a field: its bits and whether the highest is a sign. Unsigned ones have at most 63
// bits, so that an int64 holds every value.
type Width struct {
	Bits   uint8
	Signed bool
}

// Overflow is what happens to a value that a field cannot hold.
type Overflow uint8

const (
	Wrap     Overflow = iota // keep the low bits
	Saturate                 // keep the nearest value
	Fail                     // do nothing
)

// limits returns the smallest and the largest value of a field.
func (w Width) limits() (lowest, highest int64) {
	if w.Signed {
		highest = math.MaxInt64 >> (64 - w.Bits)
		return -highest - 1, highest
	}
	return 0, math.MaxInt64 >> (63 - w.Bits)
}

// wrap keeps the low bits of v.
func (w Width) wrap(v int64) int64 {
	unused := 64 - w.Bits
	if w.Signed {
		return v << unused >> unused
	}
	return int64(uint64(v) << unused >> unused)
}

// Add returns what a field that holds old holds after adding by. ok is false if it fails.
func (w Width) Add(old, by int64, o Overflow) (v int64, ok bool) {
	lowest, highest := w.limits()
	v = old + by
	switch {
	case by > 0 && (v < old || v > highest):
		return w.overflow(v, highest, o)
	case by < 0 && (v > old || v < lowest):
		return w.overflow(v, lowest, o)
	}
	return v, true
}

// Fit returns what a field holds that is set to v. A negative number is too large for an unsigned one, as if it
// had no sign either. ok is false if it fails.
func (w Width) Fit(v int64, o Overflow) (int64, bool) {
	lowest, highest := w.limits()
	switch {
	case v > highest || v < 0 && !w.Signed:
		return w.overflow(v, highest, o)
	case v < lowest:
		return w.overflow(v, lowest, o)
	}
	return v, true
}

func (w Width) overflow(v, limit int64, o Overflow) (int64, bool) {
	switch o {
	case Wrap:
		return w.wrap(v), true
	case Saturate:
		return limit, true
	}
	return 0, false
}

// windowBytes is what a field of 64 bits can touch.
const windowBytes = 9

// window returns the bytes of b from at on, with zeros behind its end.
func window(b []byte, at int64) (w [windowBytes]byte) {
	if at < int64(len(b)) {
		copy(w[:], b[at:])
	}
	return w
}

// Load returns the field at bit offset i of b, whose end is followed by zeros.
func (w Width) Load(b []byte, i int64) int64 {
	win := window(b, i>>3)
	shift := uint(i & 7)
	word := binary.BigEndian.Uint64(win[:])<<shift | uint64(win[8])>>(8-shift)
	if w.Signed {
		return int64(word) >> (64 - w.Bits)
	}
	return int64(word >> (64 - w.Bits))
}

// Store sets the field at bit offset i, which lies within b, to the low bits of v.
func (w Width) Store(b []byte, i, v int64) {
	win := window(b, i>>3)
	shift := uint(i & 7)
	value, mask := uint64(v)<<(64-w.Bits), uint64(math.MaxUint64)<<(64-w.Bits)
	word := binary.BigEndian.Uint64(win[:])
	binary.BigEndian.PutUint64(win[:], word&^(mask>>shift)|value>>shift)
	win[8] = win[8]&^byte(mask<<(8-shift)) | byte(value<<(8-shift))
	copy(b[i>>3:], win[:])
}
