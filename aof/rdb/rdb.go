// Package rdb reads and writes Redis's RDB format: whole files, the preamble of
// an append-only file, and the single values that DUMP and RESTORE carry.
//
//	file    "REDIS" version(4 digits) record... EOF(0xFF) crc64(8, little endian)
//	record  opcode fields | [expiry] [idle|freq] type key value
//	payload type value version(2) crc64(8)          what DUMP returns
//	length  00xxxxxx | 01xxxxxx x | 0x80 u32be | 0x81 u64be | 11xxxxxx special
//	string  length bytes | special 0,1,2: an integer of 1,2,4 bytes | special 3: LZF
//
// The package knows no keyspace. A value crosses as a sequence of Items, in the
// granularity the file has: a small collection is one packed blob, which the
// store keeps as it is; a large one comes element by element. Reader.NextItem
// yields them, and the methods of Writer take the same in the same order. The
// encodings of Redis before 7.0 (ziplist, zipmap, the first quicklist, ASCII
// scores) are read too, and always as elements; they are never written.
//
// Nothing in a file is believed: lengths are held against the bytes that are
// left before anything is allocated, and packed blobs are checked from end to
// end, so that whoever walks them later need not. Order and duplicates inside
// packed hashes, sets and sorted sets are only checked on request.
package rdb

import (
	"errors"
	"fmt"
)

// Versions of the format.
const (
	Version    = 10 // what we write; Redis 7.0 reads it
	VersionMax = 12 // what we read; Redis 7.4
)

// Types of values.
const (
	TypeString             = 0
	TypeList               = 1 // elements
	TypeSet                = 2
	TypeZSetText           = 3 // scores as text
	TypeHash               = 4
	TypeZSet               = 5
	TypeModuleOld          = 6 // not supported
	TypeModule             = 7 // not supported
	TypeHashZipmap         = 9
	TypeListZiplist        = 10
	TypeSetIntset          = 11
	TypeZSetZiplist        = 12
	TypeHashZiplist        = 13
	TypeListZipNodes       = 14 // quicklist of ziplists
	TypeStream1            = 15 // before 7.0
	TypeHashListpack       = 16
	TypeZSetListpack       = 17
	TypeListNodes          = 18 // quicklist of listpacks and plain elements
	TypeStream             = 19 // 7.0: first id, tombstone, entries added
	TypeSetListpack        = 20 // 7.2
	TypeStream3            = 21 // 7.2: active time of consumers
	TypeHashExpiry         = 24 // 7.4: fields with expiry
	TypeHashListpackExpiry = 25 // 7.4
)

const (
	opFunction    = 245
	opFunctionOld = 246
	opModuleAux   = 247
	opIdle        = 248
	opFreq        = 249
	opAux         = 250
	opResizeDB    = 251
	opExpireMs    = 252
	opExpireSec   = 253
	opSelectDB    = 254
	opEOF         = 255
)

// Kind is the data type of a value, whatever its encoding.
type Kind uint8

// The kinds.
const (
	NoKind Kind = iota // not a value, or not one we can read
	String
	List
	Set
	ZSet
	Hash
	Stream
)

// KindOf returns the kind of a type byte; NoKind for unknown ones and modules.
func KindOf(t byte) Kind {
	switch t {
	case TypeString:
		return String
	case TypeList, TypeListZiplist, TypeListZipNodes, TypeListNodes:
		return List
	case TypeSet, TypeSetIntset, TypeSetListpack:
		return Set
	case TypeZSet, TypeZSetText, TypeZSetZiplist, TypeZSetListpack:
		return ZSet
	case TypeHash, TypeHashZipmap, TypeHashZiplist, TypeHashListpack, TypeHashExpiry, TypeHashListpackExpiry:
		return Hash
	case TypeStream1, TypeStream, TypeStream3:
		return Stream
	}
	return NoKind
}

// ItemOp tells what an Item is and which of its fields count.
type ItemOp uint8

// Parts of values. The order of a stream is: nodes, meta, and for each group the
// group, its pending entries, then consumers, and for each consumer itself and
// the ids it owns.
const (
	ItemBytes      ItemOp = iota // Key: a string value
	ItemElement                  // Key: an element of a list, a member of a set
	ItemPair                     // Key, Val, Expire: a field of a hash
	ItemScored                   // Key, Score: a member of a sorted set
	ItemIntset                   // Key: a whole set
	ItemListpack                 // Key: a whole hash, set or sorted set, or a node of a list
	ItemPlain                    // Key: a node of a list that is one element
	ItemStreamNode               // ID, Key: id of the master entry and its listpack
	ItemStreamMeta               // Meta, Count: number of groups
	ItemGroup                    // Key, ID, Read, Count: name, last id, entries read, number pending
	ItemPending                  // ID, Time, Deliveries
	ItemConsumers                // Count: number of consumers of this group
	ItemConsumer                 // Key, Time, Active, Count: name, seen, active, number of owned ids
	ItemOwned                    // ID
)

// StreamID is the id of a stream entry.
type StreamID struct{ Ms, Seq uint64 }

// StreamMeta is what a stream knows beside its entries and groups.
type StreamMeta struct {
	Length     uint64
	Last       StreamID
	First      StreamID
	MaxDeleted StreamID
	Added      uint64
	// Partial: the file is older than 7.0, only Length and Last are known. The
	// owner finds First in the entries, takes Length for Added, and reckons
	// what each group has read.
	Partial bool
}

// Item is one part of a value. Byte slices are valid until the next call of the
// Reader. Times are Unix milliseconds.
type Item struct {
	Op         ItemOp
	Key, Val   []byte
	Score      float64
	Expire     int64 // 0: none
	ID         StreamID
	Meta       StreamMeta
	Count      uint64
	Read       int64 // -1: unknown
	Time       int64
	Active     int64
	Deliveries uint64
}

// ErrChecksum says that the file is complete but its checksum is wrong.
var ErrChecksum = errors.New("rdb: wrong checksum")

// CorruptError describes what cannot be read, and where. Err is
// io.ErrUnexpectedEOF when the input ends too early.
type CorruptError struct {
	Offset int64
	Text   string
	Err    error
}

func (e *CorruptError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("rdb: %v at offset %d", e.Err, e.Offset)
	}
	return fmt.Sprintf("rdb: %s at offset %d", e.Text, e.Offset)
}

func (e *CorruptError) Unwrap() error { return e.Err }
