package stream

import (
	"cmp"
	"encoding/binary"
	"math"
	"strconv"
)

// ID names an entry: the time it was added at, in milliseconds, and a number among the entries of that millisecond.
type ID struct{ Ms, Seq uint64 }

// MaxID is the greatest ID.
var MaxID = ID{math.MaxUint64, math.MaxUint64}

// Compare returns -1, 0 or 1.
func (a ID) Compare(b ID) int {
	if c := cmp.Compare(a.Ms, b.Ms); c != 0 {
		return c
	}
	return cmp.Compare(a.Seq, b.Seq)
}

// Less reports whether a comes before b.
func (a ID) Less(b ID) bool { return a.Ms < b.Ms || a.Ms == b.Ms && a.Seq < b.Seq }

// Zero reports whether the ID is 0-0, which no entry has.
func (a ID) Zero() bool { return a == ID{} }

// Next returns the ID that follows. Behind the greatest comes 0-0, with ok false.
func (a ID) Next() (_ ID, ok bool) {
	if a.Seq++; a.Seq == 0 {
		a.Ms++
	}
	return a, !a.Zero()
}

// Prev returns the ID before. Before 0-0 comes the greatest, with ok false.
func (a ID) Prev() (_ ID, ok bool) {
	if a.Seq--; a.Seq == math.MaxUint64 {
		a.Ms--
	}
	return a, a != MaxID
}

// Append prints the ID as "ms-seq".
func (a ID) Append(dst []byte) []byte {
	dst = strconv.AppendUint(dst, a.Ms, 10)
	return strconv.AppendUint(append(dst, '-'), a.Seq, 10)
}

func (a ID) String() string { return string(a.Append(nil)) }

func readID(b []byte) ID {
	return ID{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])}
}

func putID(b []byte, id ID) {
	binary.LittleEndian.PutUint64(b, id.Ms)
	binary.LittleEndian.PutUint64(b[8:], id.Seq)
}
