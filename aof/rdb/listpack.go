package rdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// Checks of packed blobs. A blob that passes can be walked in both directions
// without a further look at its bounds.
//
//	listpack  bytes u32 | count u16 | entry... | 0xFF
//	entry     encoding and data | their size, backwards in groups of 7 bits
//	intset    size of a number u32 | count u32 | numbers, ascending

const (
	listpackHead    = 6
	listpackUnknown = 65535
)

var (
	errListpack   = errors.New("bad listpack")
	errIntset     = errors.New("bad intset")
	errStreamNode = errors.New("bad stream node")
	errOddEntries = errors.New("packed value with an odd number of entries")
	errOrder      = errors.New("packed sorted set out of order")
)

// CheckListpack checks the frame and every entry, and returns their number.
func CheckListpack(b []byte) (count int, err error) {
	if len(b) < listpackHead+1 || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != 0xFF {
		return 0, errListpack
	}
	for pos := listpackHead; pos < len(b)-1; count++ {
		size := entrySize(b[pos : len(b)-1])
		if size == 0 || !backLength(b[pos+size:len(b)-1], size) {
			return 0, errListpack
		}
		pos += size + backSize(size)
	}
	if n := int(binary.LittleEndian.Uint16(b[4:])); n != listpackUnknown && n != count {
		return 0, errListpack
	}
	return count, nil
}

// entrySize returns the size of encoding and data at the start of b, 0 if they
// do not fit.
func entrySize(b []byte) int {
	size := 0
	switch c := b[0]; {
	case c>>7 == 0:
		size = 1
	case c>>6 == 2:
		size = 1 + int(c&63)
	case c>>5 == 6:
		size = 2
	case c>>4 == 14:
		if len(b) >= 2 {
			size = 2 + (int(c&15)<<8 | int(b[1]))
		}
	case c == 0xF0:
		if len(b) >= 5 {
			size = 5 + int(binary.LittleEndian.Uint32(b[1:]))
		}
	case c >= 0xF1 && c <= 0xF3:
		size = 2 + int(c-0xF0)
	case c == 0xF4:
		size = 9
	}
	if size > len(b) {
		return 0
	}
	return size
}

// backSize returns how many bytes the size of an entry takes behind it. The odd
// limits are Redis's.
func backSize(size int) int {
	switch {
	case size <= 127:
		return 1
	case size < 16383:
		return 2
	case size < 2097151:
		return 3
	case size < 268435455:
		return 4
	}
	return 5
}

// backLength tells whether b starts with size as it must stand behind an entry.
func backLength(b []byte, size int) bool {
	n := backSize(size)
	if len(b) < n {
		return false
	}
	for i := n - 1; i >= 0; i-- {
		want := byte(size & 127)
		if i > 0 {
			want |= 128
		}
		if b[i] != want {
			return false
		}
		size >>= 7
	}
	return true
}

// packed is a cursor over a listpack that was checked.
type packed struct{ b []byte }

func openPacked(b []byte) packed { return packed{b[listpackHead : len(b)-1]} }

func (p *packed) more() bool { return len(p.b) > 0 }

// next returns the next entry: text if str is not nil, else the number.
func (p *packed) next() (str []byte, num int64) {
	size := entrySize(p.b)
	e := p.b[:size]
	p.b = p.b[size+backSize(size):]
	switch c := e[0]; {
	case c>>7 == 0:
		return nil, int64(c)
	case c>>6 == 2:
		return e[1:], 0
	case c>>5 == 6:
		return nil, int64(int16(uint16(c)<<11|uint16(e[1])<<3)) >> 3
	case c>>4 == 14:
		return e[2:], 0
	case c == 0xF0:
		return e[5:], 0
	}
	return nil, littleInt(e[1:])
}

// nextText returns the next entry as text, made in scratch if it is a number.
func (p *packed) nextText(scratch []byte) []byte {
	str, num := p.next()
	if str == nil {
		str = strconv.AppendInt(scratch[:0], num, 10)
	}
	return str
}

// checkScores checks the scores of a packed sorted set, which has an even
// number of entries, and their order if asked.
func checkScores(b []byte, order bool) error {
	var last []byte
	var lastScore float64
	var digits [2][24]byte
	for p, i := openPacked(b), 0; p.more(); i++ {
		member := p.nextText(digits[i&1][:])
		str, num := p.next()
		score := float64(num)
		if str != nil {
			var ok bool
			if score, ok = parseScore(str); !ok {
				return fmt.Errorf("bad score %q", str)
			}
		}
		if order && i > 0 && (score < lastScore || score == lastScore && string(member) <= string(last)) {
			return errOrder
		}
		last, lastScore = member, score
	}
	return nil
}

// CheckIntset checks a set of integers, its order included.
func CheckIntset(b []byte) error {
	if len(b) < 8 {
		return errIntset
	}
	size, count := int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))
	if size != 2 && size != 4 && size != 8 || len(b)-8 != size*count {
		return errIntset
	}
	var last int64
	for i := range count {
		v := littleInt(b[8+i*size : 8+(i+1)*size])
		if i > 0 && v <= last {
			return errIntset
		}
		last = v
	}
	return nil
}

// CheckStreamNode checks a node of a stream:
//
//	live deleted fields name... 0                              master entry
//	flags ms seq [fields name] value ... entries-before        each entry
func CheckStreamNode(b []byte) error {
	if _, err := CheckListpack(b); err != nil {
		return err
	}
	s := streamCursor{packed: openPacked(b)}
	live, deleted, fields := s.number(), s.number(), s.number()
	s.skip(fields)
	if s.number() != 0 || live < 0 || deleted < 0 || fields < 0 {
		return errStreamNode
	}
	var seenLive, seenDeleted int64
	for s.more() && !s.bad {
		if deletedEntry := s.entry(fields); deletedEntry {
			seenDeleted++
		} else {
			seenLive++
		}
	}
	if s.bad || seenLive != live || seenDeleted != deleted {
		return errStreamNode
	}
	return nil
}

// streamCursor walks a node; whatever is not as expected makes it bad.
type streamCursor struct {
	packed
	bad bool
}

func (s *streamCursor) number() int64 {
	if s.bad || !s.more() {
		s.bad = true
		return -1
	}
	str, num := s.next()
	if str != nil { // numbers that an old version stored as text
		v, err := strconv.ParseInt(string(str), 10, 64)
		s.bad = s.bad || err != nil
		return v
	}
	return num
}

func (s *streamCursor) skip(n int64) {
	for ; n > 0 && !s.bad; n-- {
		if !s.more() {
			s.bad = true
			return
		}
		s.next()
	}
}

const (
	streamDeleted    = 1
	streamSameFields = 2
)

// entry walks one entry of a node whose master entry has the given number of
// fields, and tells whether it is marked as deleted.
func (s *streamCursor) entry(fields int64) bool {
	flags := s.number()
	s.skip(2)
	want := fields + 3
	if flags&streamSameFields == 0 {
		fields = s.number()
		if fields < 0 || fields > 1<<32 {
			s.bad = true
			return false
		}
		s.skip(fields)
		want = fields*2 + 4
	}
	s.skip(fields)
	if s.number() != want {
		s.bad = true
	}
	return flags&streamDeleted != 0
}

// dupSet finds equal names in a listpack.
type dupSet struct{ seen map[string]struct{} }

// check looks at the first of each n entries.
func (d *dupSet) check(b []byte, n int) error {
	if d.seen == nil {
		d.seen = map[string]struct{}{}
	}
	clear(d.seen)
	var digits [24]byte
	p := openPacked(b)
	for p.more() {
		name := p.nextText(digits[:])
		if _, ok := d.seen[string(name)]; ok {
			return fmt.Errorf("%q is there twice", name)
		}
		d.seen[string(name)] = struct{}{}
		for range n - 1 {
			p.next()
		}
	}
	return nil
}

// beginExpiryListpack reads a packed hash of field, value, expiry.
func (r *Reader) beginExpiryListpack() (err error) {
	if r.blob, err = r.string(r.blob); err != nil {
		return err
	}
	if _, err = r.checkPacked(r.blob, 3); err != nil {
		return r.corrupt("%v", err)
	}
	r.value.count = 0
	r.value.zip.b = r.blob[listpackHead : len(r.blob)-1]
	r.value.step = (*Reader).stepExpiryTriple
	return nil
}

func (r *Reader) stepExpiryTriple() (bool, error) {
	p := packed{r.value.zip.b}
	if !p.more() {
		return false, nil
	}
	r.Item = Item{Op: ItemPair}
	r.Item.Key = p.nextText(r.digits[0][:])
	r.Item.Val = p.nextText(r.digits[1][:])
	str, num := p.next()
	if str != nil || num < 0 {
		return false, r.corrupt("bad expiry of a field")
	}
	r.Item.Expire = num
	r.value.zip.b = p.b
	return true, nil
}
