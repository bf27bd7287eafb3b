package rdb

import (
	"encoding/binary"
	"io"
	"math"
	"strconv"
)

const (
	intTextMax  = 11 // longest text of a 32-bit number
	compressMin = 20 // strings above this are worth trying
	lzfGain     = 4  // bytes that compression must save
)

// Writer builds a file or a payload in memory. The caller empties it as often
// as it likes, with Flush or Swap; the checksum goes on across that.
//
// A value is Begin, its Items in the order of ItemOp's documentation, and no
// end. What is written is not checked against what Begin announced.
type Writer struct {
	// Compress turns on LZF for strings of more than 20 bytes.
	Compress bool
	// NoChecksum writes 0 in place of a file's checksum.
	NoChecksum bool

	buf    []byte
	summed int // buf[:summed] is in crc
	crc    uint64
	typ    byte
	base   int64
	packer *packer
}

// packer compresses for one or several Writers.
type packer struct {
	lzf  *lzf // nil before it is needed
	left int  // how many bytes of strings may yet be compressed; negative: as many as there are
}

// NewWriter returns a Writer that appends to buf.
func NewWriter(buf []byte) *Writer {
	return &Writer{Compress: true, buf: buf, packer: &packer{left: -1}}
}

// Part returns a Writer of what will be part of w's file, given to it by Piece. They share what compresses, which is large.
func (w *Writer) Part() *Writer {
	return &Writer{Compress: w.Compress, NoChecksum: true, packer: w.packer}
}

// LimitCompression has w and its parts compress strings of at most n bytes together from now on; others are written as they are. A megabyte
// takes some 5 ms: who writes in slices wants a limit for each.
func (w *Writer) LimitCompression(n int) { w.packer.left = n }

// Reset starts anew, for another payload or file, in buf.
func (w *Writer) Reset(buf []byte) { w.buf, w.summed, w.crc = buf, 0, 0 }

// Bytes returns what was written and not yet flushed. It is valid until the next
// call.
func (w *Writer) Bytes() []byte { return w.buf }

// Len returns the number of bytes written and not yet flushed.
func (w *Writer) Len() int { return len(w.buf) }

// Flush writes to out and empties w.
func (w *Writer) Flush(out io.Writer) error {
	w.account()
	_, err := out.Write(w.buf)
	w.buf, w.summed = w.buf[:0], 0
	return err
}

// Swap returns what was written and goes on in next.
func (w *Writer) Swap(next []byte) []byte {
	w.account()
	full := w.buf
	w.buf, w.summed = next, len(next)
	return full
}

func (w *Writer) account() {
	if !w.NoChecksum {
		w.crc = CRC64(w.crc, w.buf[w.summed:])
	}
	w.summed = len(w.buf)
}

// Header starts a file.
func (w *Writer) Header(version int) {
	w.buf = append(w.buf, "REDIS"...)
	for _, unit := range [...]int{1000, 100, 10, 1} {
		w.buf = append(w.buf, '0'+byte(version/unit%10))
	}
}

// Aux writes a fact about the file.
func (w *Writer) Aux(name, value string) {
	w.buf = append(w.buf, opAux)
	w.text([]byte(name))
	w.text([]byte(value))
}

// SelectDB says that the keys that follow are of database db.
func (w *Writer) SelectDB(db int) {
	w.buf = append(w.buf, opSelectDB)
	w.length(uint64(db))
}

// ResizeDB tells how many keys, and how many with an expiry, are to come.
func (w *Writer) ResizeDB(keys, expires int) {
	w.buf = append(w.buf, opResizeDB)
	w.length(uint64(keys))
	w.length(uint64(expires))
}

// Function writes the code of a library.
func (w *Writer) Function(code []byte) {
	w.buf = append(w.buf, opFunction)
	w.text(code)
}

// Key writes a RecordKey: attributes, type and name. The value must follow.
func (w *Writer) Key(k *Record) {
	if k.Expire >= 0 {
		w.buf = append(w.buf, opExpireMs)
		w.uint64(uint64(k.Expire))
	}
	if k.Idle >= 0 {
		w.buf = append(w.buf, opIdle)
		w.length(uint64(k.Idle))
	}
	if k.Freq >= 0 {
		w.buf = append(w.buf, opFreq, byte(k.Freq))
	}
	w.buf = append(w.buf, k.Type)
	w.text(k.Name)
}

// EOF ends a file.
func (w *Writer) EOF() {
	w.buf = append(w.buf, opEOF)
	w.account()
	sum := w.crc
	if w.NoChecksum {
		sum = 0
	}
	w.uint64(sum)
}

// Type writes the type byte that starts a payload.
func (w *Writer) Type(typ byte) { w.buf = append(w.buf, typ) }

// Begin starts a value of a type. Count is the number of elements, pairs,
// members or nodes, where the type is not one packed blob.
func (w *Writer) Begin(typ byte, count int) {
	w.typ = typ
	switch typ {
	case TypeString, TypeSetIntset, TypeSetListpack, TypeHashListpack, TypeZSetListpack:
	case TypeList, TypeSet, TypeHash, TypeZSet, TypeListNodes, TypeStream, TypeStream3:
		w.length(uint64(count))
	default:
		panic("rdb: type " + strconv.Itoa(int(typ)) + " is not written")
	}
}

// BeginHashExpiry starts a TypeHashExpiry of count fields, none of which expires
// before earliest.
func (w *Writer) BeginHashExpiry(count int, earliest int64) {
	w.typ, w.base = TypeHashExpiry, earliest
	w.uint64(uint64(earliest))
	w.length(uint64(count))
}

// Item writes any part of a value.
func (w *Writer) Item(it *Item) {
	switch it.Op {
	case ItemBytes, ItemElement, ItemIntset:
		w.text(it.Key)
	case ItemListpack, ItemPlain:
		w.Node(it.Key, it.Op == ItemPlain)
	case ItemPair:
		if w.typ == TypeHashExpiry {
			w.PairExpiry(it.Key, it.Val, it.Expire)
		} else {
			w.Pair(it.Key, it.Val)
		}
	case ItemScored:
		w.Scored(it.Key, it.Score)
	default:
		w.streamItem(it)
	}
}

// Blob writes a string value, an element, or a value that is one packed blob.
func (w *Writer) Blob(b []byte) { w.text(b) }

// BeginPieces starts a string of n bytes, which follow through Piece. For one
// that is too long to be copied at once; it is not compressed.
func (w *Writer) BeginPieces(n int) { w.length(uint64(n)) }

// Piece writes the next bytes of the string that BeginPieces started.
func (w *Writer) Piece(b []byte) { w.buf = append(w.buf, b...) }

// Int writes a string value or an element that is a number.
func (w *Writer) Int(v int64) {
	var digits [20]byte
	w.text(strconv.AppendInt(digits[:0], v, 10))
}

// Pair writes a field of a hash.
func (w *Writer) Pair(field, value []byte) {
	w.text(field)
	w.text(value)
}

// PairExpiry writes a field of a TypeHashExpiry; expire 0 means none.
func (w *Writer) PairExpiry(field, value []byte, expire int64) {
	if expire != 0 {
		expire = expire - w.base + 1
	}
	w.length(uint64(expire))
	w.Pair(field, value)
}

// Scored writes a member of a sorted set.
func (w *Writer) Scored(member []byte, score float64) {
	w.text(member)
	w.uint64(math.Float64bits(score))
}

// Node writes a node of a list, or the blob of a hash, set or sorted set.
func (w *Writer) Node(b []byte, plain bool) {
	if w.typ == TypeListNodes {
		container := byte(2)
		if plain {
			container = 1
		}
		w.buf = append(w.buf, container)
	}
	w.text(b)
}

func (w *Writer) streamItem(it *Item) {
	switch it.Op {
	case ItemStreamNode:
		w.buf = append(w.buf, 16)
		w.rawID(it.ID)
		w.text(it.Key)
	case ItemStreamMeta:
		m := &it.Meta
		w.length(m.Length)
		w.lengthID(m.Last)
		w.lengthID(m.First)
		w.lengthID(m.MaxDeleted)
		w.length(m.Added)
		w.length(it.Count)
	case ItemGroup:
		w.text(it.Key)
		w.lengthID(it.ID)
		w.length(uint64(it.Read))
		w.length(it.Count)
	case ItemPending:
		w.rawID(it.ID)
		w.uint64(uint64(it.Time))
		w.length(it.Deliveries)
	case ItemConsumers:
		w.length(it.Count)
	case ItemConsumer:
		w.text(it.Key)
		w.uint64(uint64(it.Time))
		if w.typ == TypeStream3 {
			w.uint64(uint64(it.Active))
		}
		w.length(it.Count)
	case ItemOwned:
		w.rawID(it.ID)
	}
}

func (w *Writer) uint64(v uint64) { w.buf = binary.LittleEndian.AppendUint64(w.buf, v) }

func (w *Writer) rawID(id StreamID) {
	w.buf = binary.BigEndian.AppendUint64(w.buf, id.Ms)
	w.buf = binary.BigEndian.AppendUint64(w.buf, id.Seq)
}

func (w *Writer) lengthID(id StreamID) {
	w.length(id.Ms)
	w.length(id.Seq)
}

func (w *Writer) length(n uint64) {
	switch {
	case n < 1<<6:
		w.buf = append(w.buf, byte(n))
	case n < 1<<14:
		w.buf = append(w.buf, 0x40|byte(n>>8), byte(n))
	case n < 1<<32:
		w.buf = binary.BigEndian.AppendUint32(append(w.buf, 0x80), uint32(n))
	default:
		w.buf = binary.BigEndian.AppendUint64(append(w.buf, 0x81), n)
	}
}

// text writes a string in its shortest form.
func (w *Writer) text(b []byte) {
	if len(b) <= intTextMax {
		if v, ok := int32Text(b); ok {
			w.integer(v)
			return
		}
	}
	if w.Compress && len(b) > compressMin && w.packer.spend(len(b)) && w.compressed(b) {
		return
	}
	w.length(uint64(len(b)))
	w.buf = append(w.buf, b...)
}

func (w *Writer) integer(v int32) {
	switch {
	case v == int32(int8(v)):
		w.buf = append(w.buf, 0xC0, byte(v))
	case v == int32(int16(v)):
		w.buf = append(w.buf, 0xC1, byte(v), byte(v>>8))
	default:
		w.buf = binary.LittleEndian.AppendUint32(append(w.buf, 0xC2), uint32(v))
	}
}

// spend reports whether a string of n bytes may be compressed.
func (p *packer) spend(n int) bool {
	if p.left < 0 {
		return true
	}
	if n > p.left {
		return false
	}
	p.left -= n
	return true
}

// compressed writes b with LZF if that saves enough. The compressed bytes are
// made in place, behind a gap for the two lengths, and then moved up to them.
func (w *Writer) compressed(b []byte) bool {
	if w.packer.lzf == nil {
		w.packer.lzf = new(lzf)
	}
	const gap = 1 + 9 + 9
	start := len(w.buf)
	w.buf = append(w.buf, make([]byte, gap)...)
	out, ok := w.packer.lzf.compress(w.buf, b, len(b)-lzfGain)
	if !ok {
		w.buf = out[:start]
		return false
	}
	packed := out[start+gap:]
	w.buf = append(out[:start], 0xC3)
	w.length(uint64(len(packed)))
	w.length(uint64(len(b)))
	w.buf = append(w.buf, packed...)
	return true
}

// int32Text returns the number that b is the only text of.
func int32Text(b []byte) (int32, bool) {
	digits := b
	if len(b) > 0 && b[0] == '-' {
		digits = b[1:]
	}
	if len(digits) == 0 || digits[0] == '0' && len(b) > 1 {
		return 0, false
	}
	var v int64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	if len(digits) < len(b) {
		v = -v
	}
	return int32(v), v == int64(int32(v))
}
