package rdb

import (
	"encoding/binary"
	"errors"
	"strconv"
)

// Packed encodings that Redis no longer writes; they are read as elements.
//
//	ziplist  bytes u32 | tail u32 | count u16 | entry... | 0xFF
//	entry    length of the entry before (1 byte, or 0xFE and u32) | encoding | data
//	zipmap   count u8 | (length key length free value)... | 0xFF
//	length   1 byte below 254, or 0xFE and u32

var errZiplist = errors.New("bad ziplist")

const zipUnknown = 65535 // a count that must be found by walking

// ziplist is a cursor over a ziplist, or over a zipmap.
type ziplist struct {
	b    []byte // the whole, header included
	pos  int
	prev int // size of the entry before
	seen int
}

// openZiplist checks the frame and places the cursor at the first entry.
func openZiplist(b []byte) (z ziplist, err error) {
	if len(b) < 11 || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != 0xFF {
		return z, errZiplist
	}
	return ziplist{b: b, pos: 10}, nil
}

func (z *ziplist) count() int { return int(binary.LittleEndian.Uint16(z.b[8:])) }

// next returns the next entry, made of digits in scratch if it is a number. The
// end is no error; then ok is false.
func (z *ziplist) next(scratch []byte) (p []byte, ok bool, err error) {
	if z.pos == len(z.b)-1 {
		if n := z.count(); n != zipUnknown && n != z.seen {
			return nil, false, errZiplist
		}
		return nil, false, nil
	}
	start := z.pos
	body := z.b[start : len(z.b)-1]
	prev, n := int(body[0]), 1
	if prev >= 254 {
		if prev == 255 || len(body) < 5 {
			return nil, false, errZiplist
		}
		prev, n = int(binary.LittleEndian.Uint32(body[1:])), 5
	}
	if prev != z.prev || len(body) == n {
		return nil, false, errZiplist
	}
	p, size, err := zipEntry(body[n:], scratch)
	if err != nil {
		return nil, false, err
	}
	z.prev = n + size
	z.pos = start + z.prev
	z.seen++
	return p, true, nil
}

// zipEntry decodes encoding and data at the start of b and returns their size.
func zipEntry(b, scratch []byte) (p []byte, size int, err error) {
	head, n := 1, 0
	switch c := b[0]; {
	case c>>6 == 0:
		n = int(c & 63)
	case c>>6 == 1:
		if head = 2; len(b) >= head {
			n = int(c&63)<<8 | int(b[1])
		}
	case c == 0x80:
		if head = 5; len(b) >= head {
			n = int(binary.BigEndian.Uint32(b[1:]))
		}
	default:
		return zipInteger(b, scratch)
	}
	if len(b) < head || n > len(b)-head {
		return nil, 0, errZiplist
	}
	return b[head : head+n], head + n, nil
}

func zipInteger(b, scratch []byte) (p []byte, size int, err error) {
	sizes := map[byte]int{0xC0: 2, 0xD0: 4, 0xE0: 8, 0xF0: 3, 0xFE: 1}
	c := b[0]
	n, ok := sizes[c]
	if !ok && (c < 0xF1 || c > 0xFD) || len(b) < 1+n {
		return nil, 0, errZiplist
	}
	v := int64(c&15) - 1
	if ok {
		v = littleInt(b[1 : 1+n])
	}
	return strconv.AppendInt(scratch[:0], v, 10), 1 + n, nil
}

// littleInt reads a little-endian two's complement number of 1 to 8 bytes.
func littleInt(b []byte) int64 {
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	shift := 64 - 8*len(b)
	return int64(v<<shift) >> shift
}

// beginZip reads the blob of a value that is one ziplist or zipmap.
func (r *Reader) beginZip() (err error) {
	v := &r.value
	v.count = 0
	if r.blob, err = r.string(r.blob); err != nil {
		return err
	}
	switch v.typ {
	case TypeHashZipmap:
		if len(r.blob) < 2 || r.blob[len(r.blob)-1] != 0xFF {
			return r.corrupt("bad zipmap")
		}
		v.zip = ziplist{b: r.blob, pos: 1}
		v.step = (*Reader).stepZipmap
		return nil
	case TypeListZiplist:
		v.step = (*Reader).stepZipElement
	case TypeZSetZiplist:
		v.step = (*Reader).stepZipScored
	default:
		v.step = (*Reader).stepZipPair
	}
	if v.zip, err = openZiplist(r.blob); err != nil {
		return r.corrupt("%v", err)
	}
	return nil
}

// zipNext returns the next entry of the ziplist at hand; its digits, if it is a
// number, go into the given one of two scratch areas.
func (r *Reader) zipNext(area int) ([]byte, bool, error) {
	p, ok, err := r.value.zip.next(r.digits[area][:])
	if err != nil {
		err = r.corrupt("%v", err)
	}
	return p, ok, err
}

func (r *Reader) stepZipElement() (bool, error) {
	p, ok, err := r.zipNext(0)
	r.Item = Item{Op: ItemElement, Key: p}
	return ok, err
}

func (r *Reader) stepZipPair() (bool, error) {
	key, ok, err := r.zipNext(0)
	if !ok || err != nil {
		return false, err
	}
	val, ok, err := r.zipNext(1)
	if err == nil && !ok {
		err = r.corrupt("ziplist with an odd number of entries")
	}
	r.Item = Item{Op: ItemPair, Key: key, Val: val}
	return true, err
}

func (r *Reader) stepZipScored() (bool, error) {
	ok, err := r.stepZipPair()
	if !ok || err != nil {
		return false, err
	}
	score, valid := parseScore(r.Item.Val)
	if !valid {
		return false, r.corrupt("bad score %q", r.Item.Val)
	}
	r.Item = Item{Op: ItemScored, Key: r.Item.Key, Score: score}
	return true, nil
}

// stepZipNode yields the elements of a list of ziplists.
func (r *Reader) stepZipNode() (bool, error) {
	for {
		if r.value.zip.b != nil {
			if ok, err := r.stepZipElement(); ok || err != nil {
				return ok, err
			}
		}
		if !r.more() {
			return false, nil
		}
		var err error
		if r.blob, err = r.string(r.blob); err != nil {
			return false, err
		}
		if r.value.zip, err = openZiplist(r.blob); err != nil {
			return false, r.corrupt("%v", err)
		}
	}
}

func (r *Reader) stepZipmap() (bool, error) {
	z := &r.value.zip
	if z.pos == len(z.b)-1 {
		return false, nil
	}
	key, ok := z.mapString(0)
	if !ok {
		return false, r.corrupt("bad zipmap")
	}
	val, ok := z.mapString(1)
	if !ok {
		return false, r.corrupt("bad zipmap")
	}
	r.Item = Item{Op: ItemPair, Key: key, Val: val}
	return true, nil
}

// mapString reads a length, as many bytes after extra more, and the free bytes
// that the first of these tells of.
func (z *ziplist) mapString(extra int) ([]byte, bool) {
	rest := z.b[z.pos : len(z.b)-1]
	if len(rest) == 0 || rest[0] == 0xFF {
		return nil, false
	}
	n, head := int(rest[0]), 1
	if n == 254 {
		if len(rest) < 5 {
			return nil, false
		}
		n, head = int(binary.LittleEndian.Uint32(rest[1:])), 5
	}
	free := 0
	if extra > 0 {
		if len(rest) == head {
			return nil, false
		}
		free = int(rest[head])
		head++
	}
	if head+n+free > len(rest) {
		return nil, false
	}
	z.pos += head + n + free
	return rest[head : head+n], true
}
