package zset

import (
	"math"
	"strconv"

	"spindle/store/listpack"
)

// Small sorted sets. Scores without fraction are integers in the listpack, as in Redis (so -0 becomes 0), others text.

// FindPacked returns the place of member and its score; the place is listpack.None if it is not there.
func FindPacked(lp, member []byte) (off int, score float64) {
	off = listpack.Find(lp, listpack.First(lp), member, 1)
	if off == listpack.None {
		return off, 0
	}
	return off, ScoreAt(lp, listpack.Next(lp, off))
}

// ScoreAt returns the score that is at off.
func ScoreAt(lp []byte, off int) float64 {
	str, n, isInt := listpack.Get(lp, off)
	if isInt {
		return float64(n)
	}
	return parseScore(str)
}

// parseScore reads what appendScore wrote, or what another program wrote with printf.
func parseScore(b []byte) float64 {
	f, _ := strconv.ParseFloat(string(b), 64)
	return f
}

// appendScore appends a score with 17 significant digits.
func appendScore(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, f, 'g', 17, 64)
}

// wholeMax bounds the scores that are stored as integers.
const wholeMax = 1 << 62

// whole returns a score as an integer if it is stored as one.
func whole(f float64) (int64, bool) {
	if !(f >= -wholeMax && f <= wholeMax) || f != math.Trunc(f) {
		return 0, false
	}
	return int64(f), true
}

// EncodedSize returns how many bytes an element takes in a listpack.
func EncodedSize(member []byte, score float64) int {
	n := listpack.EncodedSize(member)
	if i, ok := whole(score); ok {
		return n + listpack.EncodedIntSize(i)
	}
	var buf [32]byte
	return n + listpack.EncodedSize(appendScore(buf[:0], score))
}

// InsertPacked adds an element that is not there. lp grows by EncodedSize.
func InsertPacked(lp, member []byte, score float64) []byte {
	at := placeFor(lp, member, score)
	var buf [32]byte
	if n, ok := whole(score); ok {
		lp = listpack.InsertIntBefore(lp, at, n)
	} else {
		lp = listpack.InsertBefore(lp, at, appendScore(buf[:0], score))
	}
	return listpack.InsertBefore(lp, at, member)
}

// AppendPacked adds an element that belongs at the end.
func AppendPacked(lp, member []byte, score float64) []byte {
	lp = listpack.Append(lp, member)
	if n, ok := whole(score); ok {
		return listpack.AppendInt(lp, n)
	}
	var buf [32]byte
	return listpack.Append(lp, appendScore(buf[:0], score))
}

// placeFor returns the offset in front of which an element belongs.
func placeFor(lp, member []byte, score float64) int {
	for off := listpack.First(lp); off != listpack.None; {
		at := listpack.Next(lp, off)
		if s := ScoreAt(lp, at); s > score || s == score && listpack.Compare(lp, off, member) > 0 {
			return off
		}
		off = listpack.Next(lp, at)
	}
	return len(lp) - 1
}

// RemovePacked removes n elements from the one at off on.
func RemovePacked(lp []byte, off, n int) []byte {
	lp, _ = listpack.Delete(lp, off, 2*n)
	return lp
}

// UpdatePacked gives the element at off another score. lp must have room for it; it may become shorter.
func UpdatePacked(lp []byte, off int, member []byte, score float64) []byte {
	return InsertPacked(RemovePacked(lp, off, 1), member, score)
}
