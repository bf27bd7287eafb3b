package store

import (
	"encoding/binary"
	"unsafe"

	"spindle/store/arena"
)

// A key and its value are one record in the arena:
//
//	0   key length 30 bits | flags 2 bits
//	4   type 4 bits | encoding 4 bits | access clock 24 bits
//	8   value length 32 bits
//	12  expiry, Unix milliseconds, 8 B        only with flagExpire, which big records always have; 0 = none
//	    key bytes, value bytes
//
// A value is the bytes of a string, the eight bytes of an integer, a packed collection
// (listpack, intset), or the handle of a large collection's Object.
const (
	recordHeader = 12
	expireBytes  = 8

	flagExpire = 1 << 30 // the record has the expiry field
	flagEpoch  = 1 << 31 // see snapshot.go
	keyLenMask = 1<<30 - 1
)

// What a record has room for, in bytes. Callers refuse what is longer; it takes a raised proto-max-bulk-len to get there.
const (
	KeyMax   = keyLenMask
	ValueMax = 1<<32 - 64<<10 // what packed collections add to one element stays below 4 GB
)

// Type is a value's type as TYPE names it, numbered as in RDB objects.
type Type uint8

const (
	String Type = 0
	List   Type = 1
	Set    Type = 2
	ZSet   Type = 3
	Hash   Type = 4
	Stream Type = 6
)

var typeNames = [...]string{String: "string", List: "list", Set: "set", ZSet: "zset", Hash: "hash", Stream: "stream"}

func (t Type) String() string { return typeNames[t] }

// Encoding is how a value is stored.
type Encoding uint8

const (
	Raw       Encoding = iota // string bytes, once modified in place or longer than 44
	EmbStr                    // string bytes
	Int                       // an int64
	Listpack                  // packed
	Intset                    // packed
	Hashtable                 // Object
	Skiplist                  // Object
	Quicklist                 // Object or packed: Redis has the one name for both
	StreamLog                 // Object
	PackedSet                 // a listpack of set members, which Redis 7.0 would call a hashtable
)

var encodingNames = [...]string{"raw", "embstr", "int", "listpack", "intset", "hashtable", "skiplist", "quicklist", "stream", "hashtable"}

func (e Encoding) String() string { return encodingNames[e] }

// record is a pointer to a record; it is valid until the record is freed or moved.
type record struct{ p unsafe.Pointer }

func (r record) u32(off int) *uint32 { return (*uint32)(unsafe.Add(r.p, off)) }

func (r record) keyLen() int   { return int(*r.u32(0) & keyLenMask) }
func (r record) valueLen() int { return int(*r.u32(8)) }
func (r record) kind() uint8   { return uint8(*r.u32(4)) }

func (r record) hasExpireField() bool { return *r.u32(0)&flagExpire != 0 }

func (r record) keyOffset() int { return recordHeader + int(*r.u32(0)>>30&1)*expireBytes }

func (r record) key() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(r.p, r.keyOffset())), r.keyLen())
}

func (r record) valueOffset() int { return r.keyOffset() + r.keyLen() }

func (r record) value() []byte {
	return unsafe.Slice((*byte)(unsafe.Add(r.p, r.valueOffset())), r.valueLen())
}

// expire returns the time of expiry, 0 for none.
func (r record) expire() int64 {
	if !r.hasExpireField() {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(unsafe.Slice((*byte)(unsafe.Add(r.p, recordHeader)), 8)))
}

func (r record) setExpire(at int64) {
	binary.LittleEndian.PutUint64(unsafe.Slice((*byte)(unsafe.Add(r.p, recordHeader)), 8), uint64(at))
}

func (r record) is(key []byte) bool {
	return r.keyLen() == len(key) && string(r.key()) == string(key)
}

// expireFieldOf tells whether a new record has the expiry field. A big one has it in any case, because it would have to be
// copied to get it.
func expireFieldOf(valueLen int, expireAt int64) bool { return expireAt != 0 || valueLen >= bigBytes }

func recordBytes(keyLen, valueLen int, expire bool) int {
	n := recordHeader + keyLen + valueLen
	if expire {
		n += expireBytes
	}
	return n
}

func (s *Store) record(ref arena.Ref) record { return record{s.Mem.Ptr(ref)} }
