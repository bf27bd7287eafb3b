package elements

import (
	"encoding/binary"
	"unsafe"

	"spindle/store/arena"
)

// record is a pointer to an element's record in the arena (or to a copy of its head). The memory is the arena's, is never moved under
// us and was laid out by format; all pointer arithmetic on it is in this file.
type record struct{ p unsafe.Pointer }

const (
	headGen    = 3 << 6 // generation
	headExpiry = 1 << 5
	headKeyLen = 1<<5 - 1 // at most 30; 31 says that a uvarint with the rest follows

	genStep = 1 << 6

	expiryBytes = 8
	// headMax is the most bytes in front of a key.
	headMax = 1 + binary.MaxVarintLen32 + binary.MaxVarintLen32 + expiryBytes
)

func (t *Table) record(r arena.Ref) record { return record{t.mem.Ptr(r)} }

func (r record) byteAt(i int) byte { return *(*byte)(unsafe.Add(r.p, i)) }

func (r record) slice(off, n int) []byte { return unsafe.Slice((*byte)(unsafe.Add(r.p, off)), n) }

func (r record) gen() byte { return r.byteAt(0) & headGen }

func (r record) setGen(g byte) { *(*byte)(r.p) = r.byteAt(0)&^headGen | g }

func (r record) hasExpiry() bool { return r.byteAt(0)&headExpiry != 0 }

// uvarint reads a length and returns the offset behind it.
func (r record) uvarint(off int) (n, next int) {
	for shift := 0; ; shift += 7 {
		b := r.byteAt(off)
		off++
		n |= int(b&127) << shift
		if b < 128 {
			return n, off
		}
	}
}

// lengths returns the lengths of key and value, and the offset behind them.
func (r record) lengths(fixed int) (keyLen, valueLen, off int) {
	keyLen, off = int(r.byteAt(0)&headKeyLen), 1
	if keyLen == headKeyLen {
		var rest int
		rest, off = r.uvarint(off)
		keyLen += rest
	}
	if fixed >= 0 {
		return keyLen, fixed, off
	}
	valueLen, off = r.uvarint(off)
	return keyLen, valueLen, off
}

func (r record) keyValue(fixed int) (key, value []byte) {
	keyLen, valueLen, off := r.lengths(fixed)
	off += int(r.byteAt(0)&headExpiry) / headExpiry * expiryBytes
	return r.at(off, keyLen, valueLen)
}

// at returns key and value that begin at off.
func (r record) at(off, keyLen, valueLen int) (key, value []byte) {
	return r.slice(off, keyLen), r.slice(off+keyLen, valueLen)
}

// size is the number of bytes in use.
func (r record) size(fixed int) int {
	keyLen, valueLen, off := r.lengths(fixed)
	return off + int(r.byteAt(0)&headExpiry)/headExpiry*expiryBytes + keyLen + valueLen
}

// expireAt returns the expiry, 0 for none.
func (r record) expireAt(fixed int) int64 {
	if !r.hasExpiry() {
		return 0
	}
	_, _, off := r.lengths(fixed)
	return int64(binary.LittleEndian.Uint64(r.slice(off, expiryBytes)))
}

// format writes the head of a record; key and value are to be filled in.
func (r record) format(gen byte, keyLen, valueLen, fixed int, expireAt int64) {
	var room [headMax]byte
	if expireAt != 0 {
		gen |= headExpiry
	}
	head := append(room[:0], gen|byte(min(keyLen, headKeyLen)))
	if keyLen >= headKeyLen {
		head = binary.AppendUvarint(head, uint64(keyLen-headKeyLen))
	}
	if fixed < 0 {
		head = binary.AppendUvarint(head, uint64(valueLen))
	}
	if expireAt != 0 {
		head = binary.LittleEndian.AppendUint64(head, uint64(expireAt))
	}
	r.setHead(head)
}

// is reports whether the key is the given one.
func (r record) is(key []byte, fixed int) bool {
	h := r.byteAt(0)
	n := int(h & headKeyLen)
	if n != min(len(key), headKeyLen) {
		return false
	}
	off := 2
	if fixed >= 0 {
		off = 1
	}
	if n == headKeyLen || h&headExpiry != 0 || fixed < 0 && r.byteAt(1) >= 128 {
		n, _, off = r.lengths(fixed)
		off += int(h&headExpiry) / headExpiry * expiryBytes
	}
	return n == len(key) && string(r.slice(off, n)) == string(key)
}

// setHead puts a head in place.
func (r record) setHead(head []byte) { copy(r.slice(0, len(head)), head) }

// recordBytes is the size of a record.
func recordBytes(keyLen, valueLen, fixed int, expiry bool) int {
	n := 1 + keyLen + valueLen
	if keyLen >= headKeyLen {
		n += uvarintLen(keyLen - headKeyLen)
	}
	if fixed < 0 {
		n += uvarintLen(valueLen)
	}
	if expiry {
		n += expiryBytes
	}
	return n
}

func uvarintLen(n int) int {
	size := 1
	for ; n >= 128; n >>= 7 {
		size++
	}
	return size
}
