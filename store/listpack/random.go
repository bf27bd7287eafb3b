package listpack

import "math/rand/v2"

// Random returns the place of a random group of stride elements (1 for members, 2
// for pairs), None if lp is empty.
func Random(lp []byte, rng *rand.Rand, stride int) int {
	groups := Len(lp) / stride
	if groups == 0 {
		return None
	}
	return Seek(lp, rng.IntN(groups)*stride)
}

// Offsets appends the places of all groups of stride elements to dst, for callers
// that pick many at random, the same ones again too.
func Offsets(dst []int32, lp []byte, stride int) []int32 {
	for off := First(lp); off != None; off = Skip(lp, off, stride) {
		dst = append(dst, int32(off))
	}
	return dst
}

// Sample appends the places of up to count different groups of stride elements to
// dst, chosen at random, in the order of lp.
func Sample(dst []int32, lp []byte, rng *rand.Rand, stride, count int) []int32 {
	left := Len(lp) / stride
	off := First(lp)
	for count > 0 && left > 0 {
		if rng.IntN(left) < count {
			dst = append(dst, int32(off))
			count--
		}
		left--
		off = Skip(lp, off, stride)
	}
	return dst
}
