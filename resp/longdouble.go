package resp

import (
	"bytes"
	"math"
	"math/big"
)

// LongDouble is the 80-bit floating point number of x86, in which Redis computes
// INCRBYFLOAT and HINCRBYFLOAT: a mantissa of 64 bits, an exponent of 15.
type LongDouble struct{ v big.Float }

const (
	longDoublePrec     = 64
	longDoubleMaxExp   = 16384  // of a number m * 2^exp, 0.5 <= m < 1
	longDoubleTiny     = -16445 // numbers up to 2^(tiny-1) round to zero
	longDoubleBytesMax = 5 * 1024
)

// LongDoubleOf returns f, exactly. f must not be a NaN.
func LongDoubleOf(f float64) LongDouble {
	var x LongDouble
	x.v.SetPrec(longDoublePrec).SetFloat64(f)
	return x
}

// ParseLongDouble reads a number by the rules of ParseFloat, shorter than 5 KB.
func ParseLongDouble(b []byte) (LongDouble, bool) {
	var x LongDouble
	x.v.SetPrec(longDoublePrec)
	if len(b) == 0 || len(b) >= longDoubleBytesMax {
		return x, false
	}
	rest, neg := b, b[0] == '-'
	if neg || b[0] == '+' {
		rest = b[1:]
	}
	if bytes.EqualFold(rest, []byte("inf")) || bytes.EqualFold(rest, []byte("infinity")) {
		x.v.SetInf(neg)
		return x, true
	}
	mant, exp, base, ok := splitNumber(rest)
	if !ok {
		return x, false
	}
	if mant.Sign() != 0 {
		scale(&x.v, mant, exp, base)
		if x.v.MantExp(nil) > longDoubleMaxExp || tooTiny(&x.v) {
			return x, false
		}
	}
	if neg {
		x.v.Neg(&x.v)
	}
	return x, true
}

// splitNumber reads digits[.digits][exponent] as mant * base^exp, where base is
// 10, or 2 for hexadecimal digits.
func splitNumber(b []byte) (mant *big.Int, exp, base int, ok bool) {
	base, radix, perDigit, mark := 10, 10, 1, byte('e')
	if isHexFloatDigits(b) {
		b, base, radix, perDigit, mark = b[2:], 2, 16, 4, 'p'
	}
	digits := make([]byte, 0, len(b))
	point, i := -1, 0
	for ; i < len(b); i++ {
		if b[i] == '.' && point < 0 {
			point = len(digits)
			continue
		}
		if d := hexDigit(b[i]); d < 0 || d >= radix {
			break
		}
		digits = append(digits, b[i])
	}
	if len(digits) == 0 {
		return nil, 0, 0, false
	}
	if point >= 0 {
		exp = (point - len(digits)) * perDigit
	}
	if i < len(b) {
		if b[i]|0x20 != mark {
			return nil, 0, 0, false
		}
		e, ok := clampedInt(b[i+1:])
		if !ok {
			return nil, 0, 0, false
		}
		exp += e
	}
	mant, ok = new(big.Int).SetString(string(digits), radix)
	return mant, exp, base, ok
}

// isHexFloatDigits tells whether b, without a sign, starts with 0x.
func isHexFloatDigits(b []byte) bool {
	return len(b) > 1 && b[0] == '0' && b[1]|0x20 == 'x'
}

// clampedInt reads an exponent, of any number of digits, with an optional sign.
func clampedInt(b []byte) (int, bool) {
	const limit = 1 << 40 // more than any number of digits can make up for
	neg := len(b) > 0 && b[0] == '-'
	if neg || len(b) > 0 && b[0] == '+' {
		b = b[1:]
	}
	v := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = min(v*10+int(c-'0'), limit)
	}
	if neg {
		v = -v
	}
	return v, len(b) > 0
}

// scale sets z to mant * base^exp, correctly rounded: the operands are exact, so
// there is one rounding.
func scale(z *big.Float, mant *big.Int, exp, base int) {
	const far = 50_000 // digits are at most 5 KB, so this is out of range
	exp = max(-far, min(far, exp))
	if base == 2 {
		z.SetInt(mant)
		z.SetMantExp(z, exp)
		return
	}
	pow := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp, -exp))), nil)
	if exp >= 0 {
		z.SetInt(mant.Mul(mant, pow))
		return
	}
	z.Quo(new(big.Float).SetInt(mant), new(big.Float).SetInt(pow))
}

// tooTiny tells whether x, not zero, would round to zero.
func tooTiny(x *big.Float) bool {
	exp := x.MantExp(nil)
	return exp < longDoubleTiny || exp == longDoubleTiny && x.MinPrec() == 1
}

// Add returns x + y. ok is false if that is infinite or not a number.
func (x *LongDouble) Add(y *LongDouble) (sum LongDouble, ok bool) {
	if x.v.IsInf() || y.v.IsInf() {
		return sum, false
	}
	sum.v.SetPrec(longDoublePrec).Add(&x.v, &y.v)
	return sum, sum.v.Sign() == 0 || sum.v.MantExp(nil) <= longDoubleMaxExp
}

// IsInf tells whether x is infinite.
func (x *LongDouble) IsInf() bool { return x.v.IsInf() }

// Append appends x for people to read: up to 17 digits behind the point, no
// trailing zeros, no exponent, no "-0".
func (x *LongDouble) Append(dst []byte) []byte {
	switch {
	case !x.v.IsInf():
		from := len(dst)
		return trimFraction(x.v.Append(dst, 'f', 17), from)
	case x.v.Signbit():
		return append(dst, "-inf"...)
	default:
		return append(dst, "inf"...)
	}
}

// AppendHuman appends f as a LongDouble would print.
func AppendHuman(dst []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return AppendDouble(dst, f+0) // +0 turns -0 into 0
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return AppendDouble(dst, f)
	}
	x := LongDoubleOf(f)
	return x.Append(dst)
}

// trimFraction cuts trailing zeros of the number at dst[from:].
func trimFraction(dst []byte, from int) []byte {
	if bytes.IndexByte(dst[from:], '.') < 0 {
		return dst
	}
	dst = bytes.TrimRight(dst, "0")
	if dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	if string(dst[from:]) == "-0" {
		dst = append(dst[:from], '0')
	}
	return dst
}
