// Package intset stores a sorted set of integers in one byte slice, in Redis's own
// format, so that DUMP, RDB and the log copy it as it is.
//
//	| width 4B LE | count 4B LE | value ... value |
//
// width is 2, 4 or 8: all values are little-endian integers of that many bytes, in
// ascending order. The first value that does not fit widens all of them; removing
// it does not narrow them again.
//
// The caller owns the bytes. A function that changes a set returns the new slice,
// which shares the array whenever cap allows and is otherwise a grown copy on the
// Go heap; SizeAfterAdd tells beforehand. Bytes from outside pass Validate first.
package intset

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
)

// HeaderSize is the size of an empty set, in bytes.
const HeaderSize = 8

// New writes an empty set over dst, in place if it has the capacity.
func New(dst []byte) []byte { return append(dst[:0], 2, 0, 0, 0, 0, 0, 0, 0) }

// Len returns the number of values.
func Len(s []byte) int { return int(binary.LittleEndian.Uint32(s[4:])) }

// Width returns the bytes per value: 2, 4 or 8.
func Width(s []byte) int { return int(s[0]) }

// Get returns value i, counted from 0 in ascending order.
func Get(s []byte, i int) int64 { return get(s, i, Width(s)) }

func get(s []byte, i, width int) int64 {
	switch width {
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(s[HeaderSize+2*i:])))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(s[HeaderSize+4*i:])))
	}
	return int64(binary.LittleEndian.Uint64(s[HeaderSize+8*i:]))
}

func set(s []byte, i, width int, v int64) {
	switch width {
	case 2:
		binary.LittleEndian.PutUint16(s[HeaderSize+2*i:], uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(s[HeaderSize+4*i:], uint32(v))
	default:
		binary.LittleEndian.PutUint64(s[HeaderSize+8*i:], uint64(v))
	}
}

// Min returns the smallest value of a set that is not empty.
func Min(s []byte) int64 { return Get(s, 0) }

// Max returns the largest value of a set that is not empty.
func Max(s []byte) int64 { return Get(s, Len(s)-1) }

// Random returns a random value of a set that is not empty.
func Random(s []byte, rng *rand.Rand) int64 { return Get(s, rng.IntN(Len(s))) }

// Find returns the position of v, or the one where Add would put it.
func Find(s []byte, v int64) (i int, found bool) {
	n, width := Len(s), Width(s)
	switch {
	case n == 0 || v < get(s, 0, width):
		return 0, false
	case v > get(s, n-1, width):
		return n, false
	}
	low, high := 0, n
	for low < high {
		mid := int(uint(low+high) >> 1)
		if get(s, mid, width) < v {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, get(s, low, width) == v
}

// Has reports whether v is in the set.
func Has(s []byte, v int64) bool {
	_, found := Find(s, v)
	return found
}

// SizeAfterAdd returns the most bytes that adding v can need: the exact size unless
// v is there already.
func SizeAfterAdd(s []byte, v int64) int {
	return HeaderSize + (Len(s)+1)*max(Width(s), widthOf(v))
}

// Add adds v and reports whether it is new.
func Add(s []byte, v int64) (_ []byte, added bool) {
	if widthOf(v) > Width(s) {
		return widen(s, v), true
	}
	i, found := Find(s, v)
	if found {
		return s, false
	}
	width := Width(s)
	s = slices.Grow(s, width)[:len(s)+width]
	at := HeaderSize + i*width
	copy(s[at+width:], s[at:])
	set(s, i, width, v)
	setLen(s, Len(s)+1)
	return s, true
}

// widen adds v, which the present width cannot hold: it is smaller or larger than
// all others.
func widen(s []byte, v int64) []byte {
	n, from, to := Len(s), Width(s), widthOf(v)
	size := HeaderSize + (n+1)*to
	s = slices.Grow(s, size-len(s))[:size]
	first := 0
	if v < 0 {
		first = 1
	}
	for i := n - 1; i >= 0; i-- { // from the right: no value is overwritten before it moved
		set(s, i+first, to, get(s, i, from))
	}
	if v < 0 {
		set(s, 0, to, v)
	} else {
		set(s, n, to, v)
	}
	s[0] = byte(to)
	setLen(s, n+1)
	return s
}

// Remove removes v and reports whether it was there.
func Remove(s []byte, v int64) (_ []byte, removed bool) {
	i, found := Find(s, v)
	if !found {
		return s, false
	}
	return RemoveAt(s, i), true
}

// RemoveAt removes value i.
func RemoveAt(s []byte, i int) []byte {
	width := Width(s)
	at := HeaderSize + i*width
	copy(s[at:], s[at+width:])
	setLen(s, Len(s)-1)
	return s[:len(s)-width]
}

// Validate reports whether b is a set that is not empty. Without deep it looks at
// the frame only; with deep also at the order of the values. Bytes from outside
// need deep.
func Validate(b []byte, deep bool) bool {
	if len(b) < HeaderSize {
		return false
	}
	width, n := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
	if width != 2 && width != 4 && width != 8 || n == 0 || HeaderSize+n*width != uint64(len(b)) {
		return false
	}
	if !deep {
		return true
	}
	for i := 1; i < int(n); i++ {
		if get(b, i-1, int(width)) >= get(b, i, int(width)) {
			return false
		}
	}
	return true
}

func widthOf(v int64) int {
	switch {
	case v >= math.MinInt16 && v <= math.MaxInt16:
		return 2
	case v >= math.MinInt32 && v <= math.MaxInt32:
		return 4
	}
	return 8
}

func setLen(s []byte, n int) { binary.LittleEndian.PutUint32(s[4:], uint32(n)) }
