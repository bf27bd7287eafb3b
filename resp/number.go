package resp

import (
	"bytes"
	"math"
	"strconv"
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
	if n, ok := plainInt(b); ok {
		return float64(n), true
	}
	if len(b) == 0 || bytes.IndexByte(b, '_') >= 0 {
		return 0, false
	}
	switch {
	case len(b) > digitsMax:
		var ok bool
		if b, ok = shorten(b); !ok {
			return 0, false
		}
	case isHexFloat(b) && bytes.IndexByte(b, 'p') < 0 && bytes.IndexByte(b, 'P') < 0:
		b = append(append(make([]byte, 0, len(b)+2), b...), "p0"...) // Go insists on an exponent
	}
	f, err := strconv.ParseFloat(unsafeString(b), 64)
	if err != nil || math.IsNaN(f) || f == 0 && !isZero(b) {
		return 0, false
	}
	return f, true
}

// plainInt reads the numbers that scores mostly are: up to 15 digits behind at most a minus. They fit a float64; -0 is left to
// others.
func plainInt(b []byte) (n int64, ok bool) {
	digits := b
	if len(b) > 0 && b[0] == '-' {
		digits = b[1:]
	}
	if len(digits) == 0 || len(digits) > 15 {
		return 0, false
	}
	for _, d := range digits {
		if d -= '0'; d > 9 {
			return 0, false
		}
		n = 10*n + int64(d)
	}
	if len(digits) < len(b) {
		n = -n
		return n, n != 0
	}
	return n, true
}

// digitsMax is how many digits decide to which float64 a number rounds, if one
// more stands for all that follow.
const digitsMax = 770

// shorten returns a number with few digits that rounds as b does. (Go misplaces
// the point of an integer part of more than 800 digits, and clamps exponents.)
func shorten(b []byte) ([]byte, bool) {
	out := make([]byte, 0, digitsMax+32)
	hex := isHexFloat(b)
	if b[0] == '-' || b[0] == '+' {
		out, b = append(out, b[0]), b[1:]
	}
	mark, radix, perDigit := byte('e'), 10, 1
	if hex {
		out, b = append(out, "0x"...), b[2:]
		mark, radix, perDigit = 'p', 16, 4
	}
	out = append(out, '0', '.')
	from, exp, seen, point, rest := len(out), 0, false, false, false
	i := 0
	for ; i < len(b); i++ {
		c := b[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if d := hexDigit(c); d < 0 || d >= radix {
			break
		}
		seen = true
		leading := c == '0' && len(out) == from
		switch {
		case leading && point:
			exp -= perDigit
		case !leading && !point:
			exp += perDigit
		}
		switch {
		case leading:
		case len(out)-from < digitsMax:
			out = append(out, c)
		case c != '0':
			rest = true
		}
	}
	if rest {
		out = append(out, '1')
	}
	if i < len(b) {
		e, ok := clampedInt(b[i+1:])
		if !ok || b[i]|0x20 != mark {
			return nil, false
		}
		exp += e
	}
	exp = max(-9000, min(9000, exp)) // far out of range, and Go clamps not before
	out = append(out, '0', mark)
	return strconv.AppendInt(out, int64(exp), 10), seen
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
