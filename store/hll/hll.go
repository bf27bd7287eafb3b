// Package hll estimates how many different elements it has seen, in Redis's own
// string format, so that values move between servers by GET and SET.
//
//	| "HYLL" | encoding 1B | unused 3B | cached count 8B LE | registers |
//
// A hash of the element chooses one of 16384 registers (its low 14 bits); the
// register keeps the longest run of zero bits, plus one, that the other 50 bits
// ended in. The top bit of the cached count says that it is stale.
//
//	dense   6 bits a register, the low bits of a byte first; 12288 bytes
//	sparse  00llllll           l+1 registers are zero             ZERO
//	        01llllll llllllll  l+1 registers are zero             XZERO
//	        1vvvvvll           l+1 registers are v+1              VAL
//
// A value starts sparse and turns dense when a register exceeds 32 or the string
// a limit (hll-sparse-max-bytes), for good. The estimate is Ertl's ("New
// cardinality estimation algorithms for HyperLogLog sketches", 2017): a sum over
// the histogram of register values, without bias tables.
//
// The caller owns the bytes. Functions that change a value work in place when it
// has the capacity (DenseSize is always enough) and else return a grown copy. All
// expect a value that passed Check.
package hll

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"slices"
)

const (
	indexBits = 14
	hashBits  = 64 - indexBits // of the run of zeros
	// RegisterCount is the number of registers.
	RegisterCount = 1 << indexBits
	registerMax   = 1<<6 - 1

	headerSize = 16
	// DenseSize is the size of a dense value, in bytes.
	DenseSize = headerSize + RegisterCount*6/8

	dense, sparse = 0, 1
	encodingAt    = 4
	cacheAt       = 8
	staleBit      = 1 << 63
)

var (
	// ErrNotHLL says that a string is no HyperLogLog value at all.
	ErrNotHLL = errors.New("not a valid HyperLogLog string value")
	// ErrCorrupt says that the registers of a value make no sense.
	ErrCorrupt = errors.New("corrupted HyperLogLog value")
)

// New writes a value that has seen nothing over dst. Its cached count is valid.
func New(dst []byte) []byte {
	dst = append(dst[:0], "HYLL"...)
	dst = append(dst, sparse, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	return appendZeros(dst, RegisterCount)
}

// Check returns ErrNotHLL unless b looks like a value. The registers of a sparse
// one may still turn out corrupt.
func Check(b []byte) error {
	if len(b) < headerSize || string(b[:4]) != "HYLL" || b[encodingAt] > sparse ||
		b[encodingAt] == dense && len(b) != DenseSize {
		return ErrNotHLL
	}
	return nil
}

// IsDense reports the encoding.
func IsDense(b []byte) bool { return b[encodingAt] == dense }

// Cached returns the count that the value carries, and whether it is up to date.
func Cached(b []byte) (n uint64, ok bool) {
	n = binary.LittleEndian.Uint64(b[cacheAt:])
	return n, n&staleBit == 0
}

// SetCached stores the count that Count returned.
func SetCached(b []byte, n uint64) { binary.LittleEndian.PutUint64(b[cacheAt:], n) }

// Invalidate marks the cached count stale. Whoever changes a value by PFADD or
// PFMERGE does so at the end; PFADD that creates a key too.
func Invalidate(b []byte) { b[cacheAt+7] |= 1 << 7 }

// Add notes elem, and reports whether that changed a register. sparseMax is the
// size in bytes that a sparse value may grow to.
func Add(b, elem []byte, sparseMax int) (_ []byte, changed bool, err error) {
	index, run := position(elem)
	if !IsDense(b) {
		c := start()
		return sparseSet(b, index, run, sparseMax, &c)
	}
	if changed = denseSet(b, index, run); changed {
		Invalidate(b)
	}
	return b, changed, nil
}

// position returns the register that elem belongs to and the value it asks for.
func position(elem []byte) (index int, run byte) {
	h := murmur64A(elem, 0xadc83b19)
	return int(h & (RegisterCount - 1)), byte(bits.TrailingZeros64(h>>indexBits|1<<hashBits)) + 1
}

// Count estimates the number of elements, regardless of the cached count.
func Count(b []byte) (uint64, error) {
	var h histogram
	if !IsDense(b) {
		if err := h.addSparse(b); err != nil {
			return 0, err
		}
	} else {
		h.addDense(b[headerSize:DenseSize])
	}
	return h.estimate(), nil
}

// ToDense turns a sparse value into a dense one; the cached count stays as it is.
func ToDense(b []byte) ([]byte, error) {
	if IsDense(b) {
		return b, nil
	}
	var r Registers
	if err := r.Merge(b); err != nil {
		return b, err
	}
	b = slices.Grow(b, DenseSize-min(DenseSize, len(b)))[:DenseSize]
	b[encodingAt] = dense
	r.pack(b[headerSize:])
	return b, nil
}

// denseSet raises a register to run, and reports whether it was lower.
func denseSet(b []byte, index int, run byte) bool {
	at := headerSize + index*6/8
	shift := index * 6 & 7
	old := b[at] >> shift
	if shift > 2 { // the register goes on in the next byte
		old |= b[at+1] << (8 - shift)
	}
	if old&registerMax >= run {
		return false
	}
	b[at] = b[at]&^byte(registerMax<<shift) | run<<shift
	if shift > 2 {
		b[at+1] = b[at+1]&^byte(registerMax>>(8-shift)) | run>>(8-shift)
	}
	return true
}

// histogram counts registers by value, in four lanes: neighbours often have the
// same value, and adding twice to one counter waits for the first addition.
type histogram [4][64]uint32

func (h *histogram) addDense(b []byte) {
	// The last six bytes are apart: a word would reach beyond the end.
	for ; len(b) > 8; b = b[6:] {
		h.addEight(binary.LittleEndian.Uint64(b))
	}
	var last [8]byte
	copy(last[:], b[:6])
	h.addEight(binary.LittleEndian.Uint64(last[:]))
}

// addEight adds eight registers of six bits.
func (h *histogram) addEight(w uint64) {
	h[0][w&63]++
	h[1][w>>6&63]++
	h[2][w>>12&63]++
	h[3][w>>18&63]++
	h[0][w>>24&63]++
	h[1][w>>30&63]++
	h[2][w>>36&63]++
	h[3][w>>42&63]++
}

// addSparse counts one-byte codes first, whatever they say, and evaluates the
// counts then.
func (h *histogram) addSparse(b []byte) error {
	var codes [256]uint32
	index := 0
	for p := headerSize; p < len(b); p++ {
		if c := b[p]; c>>6 != 1 {
			codes[c]++
			continue
		}
		span := opAt(b, p).span // XZERO
		if span == 0 {
			return ErrCorrupt // cut off
		}
		h[0][0] += uint32(span)
		index += span
		p++
	}
	for c, n := range codes {
		span := int(n) * int(spans[c])
		h[0][values[c]&registerMax] += uint32(span)
		index += span
	}
	if index != RegisterCount {
		return ErrCorrupt
	}
	return nil
}

func (h *histogram) estimate() uint64 {
	count := func(value int) float64 {
		return float64(h[0][value] + h[1][value] + h[2][value] + h[3][value])
	}
	const m = RegisterCount
	// The conversions forbid fused multiply-add, which would round differently.
	z := float64(m * tau((m-count(hashBits+1))/m))
	for j := hashBits; j >= 1; j-- {
		z += count(j)
		z *= 0.5
	}
	z += float64(m * sigma(count(0)/m))
	if z == 0 { // all registers above what a hash can give
		return staleBit
	}
	const alphaInf = 0.721347520444481703680 // 1/(2 ln 2)
	return uint64(math.Round(alphaInf * m * m / z))
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	y, z := 1.0, x
	for {
		x *= x
		before := z
		z += float64(x * y)
		y += y
		if z == before {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y *= 0.5
		z -= float64(float64((1-x)*(1-x)) * y)
		if z == before {
			return z / 3
		}
	}
}

// murmur64A is MurmurHash64A, reading little endian everywhere.
func murmur64A(b []byte, seed uint64) uint64 {
	const m, r = 0xc6a4a7935bd1e995, 47
	h := seed ^ uint64(len(b))*m
	for ; len(b) >= 8; b = b[8:] {
		k := binary.LittleEndian.Uint64(b) * m
		k ^= k >> r
		h ^= k * m
		h *= m
	}
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		h ^= binary.LittleEndian.Uint64(last[:])
		h *= m
	}
	h ^= h >> r
	h *= m
	return h ^ h>>r
}
