package resp

import (
	"bytes"
	"math"
	"strconv"
	"unsafe"
)

// ParseInt reads a decimal int64 the one way Redis writes it: no blanks, no
// plus, no leading zeros, no "-0".
func ParseInt(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	digits := b
	if b[0] == '-' {
		digits = b[1:]
		if len(digits) == 0 || digits[0] == '0' {
			return 0, false
		}
	}
	if digits[0] == '0' {
		return 0, len(digits) == 1
	}
	var v uint64
	for _, c := range digits {
		d := uint64(c - '0')
		if d > 9 || v > (math.MaxUint64-9)/10 {
			return 0, false
		}
		v = v*10 + d
	}
	if b[0] == '-' {
		return -int64(v), v <= 1<<63
	}
	return int64(v), v <= math.MaxInt64
}

// ParseFloat reads a float64 as Redis does with strtod: decimal or hexadecimal,
// inf and infinity in any case, no leading blank, nothing behind the number, no
// NaN. A value too large, or one that is not zero but rounds to it, is refused.
func ParseFloat(b []byte) (float64, bool) {
	if len(b) == 0 || bytes.IndexByte(b, '_') >= 0 {
		return 0, false
	}
	if isHexFloat(b) && bytes.IndexByte(b, 'p') < 0 && bytes.IndexByte(b, 'P') < 0 {
		b = append(append(make([]byte, 0, len(b)+2), b...), "p0"...) // Go insists on an exponent
	}
	f, err := strconv.ParseFloat(unsafeString(b), 64)
	if err != nil || math.IsNaN(f) || f == 0 && !isZero(b) {
		return 0, false
	}
	return f, true
}

// isHexFloat tells whether b starts like 0x, after a sign.
func isHexFloat(b []byte) bool {
	if b[0] == '+' || b[0] == '-' {
		b = b[1:]
	}
	return len(b) > 1 && b[0] == '0' && b[1]|0x20 == 'x'
}

// isZero tells whether the well-formed number b has no digit but zero before
// its exponent.
func isZero(b []byte) bool {
	hex := isHexFloat(b)
	for _, c := range b {
		switch {
		case c|0x20 == 'p', c|0x20 == 'e' && !hex:
			return true
		case c >= '1' && c <= '9', hex && hexDigit(c) > 0:
			return false
		}
	}
	return true
}

// AppendDouble appends f as Redis prints scores: %.17g, or inf, -inf, nan, -nan.
func AppendDouble(dst []byte, f float64) []byte {
	switch {
	case f > -1e15 && f < 1e15 && f == math.Trunc(f) && (f != 0 || !math.Signbit(f)):
		return strconv.AppendInt(dst, int64(f), 10)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case f != f && math.Signbit(f):
		return append(dst, "-nan"...)
	case f != f:
		return append(dst, "nan"...)
	}
	return strconv.AppendFloat(dst, f, 'g', 17, 64)
}

// unsafeString views b as a string, to call strconv without a copy. The callee
// must not keep it.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
