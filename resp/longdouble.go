package resp

import (
	"bytes"
	"math"
	"math/big"
	"math/bits"
	"strconv"
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
	n, ok := splitNumber(rest)
	if !ok {
		return x, false
	}
	if n.round(&x.v); x.v.Sign() != 0 {
		if x.v.MantExp(nil) > longDoubleMaxExp || tooTiny(&x.v) {
			return x, false
		}
	}
	if neg {
		x.v.Neg(&x.v)
	}
	return x, true
}

// number is mant * base^exp, exactly. huge, if there, stands in for mant.
type number struct {
	mant uint64
	huge *big.Int // not zero
	exp  int
	base int // 10, or 2 for hexadecimal digits
}

// splitNumber reads digits[.digits][exponent].
func splitNumber(b []byte) (n number, ok bool) {
	var room [64]byte
	radix, perDigit, mark := 10, 1, byte('e')
	n.base = 10
	if isHexFloatDigits(b) {
		b, n.base, radix, perDigit, mark = b[2:], 2, 16, 4, 'p'
	}
	digits, point, i := room[:0], -1, 0
	for ; i < len(b); i++ {
		if b[i] == '.' && point < 0 {
			point = len(digits)
			continue
		}
		d := hexDigit(b[i])
		if d < 0 || d >= radix {
			break
		}
		if digits = append(digits, b[i]); n.mant < 1<<59 {
			n.mant = n.mant*uint64(radix) + uint64(d)
		} else if n.huge == nil {
			n.huge = new(big.Int) // read below
		}
	}
	if point >= 0 {
		n.exp = (point - len(digits)) * perDigit
	}
	if n.huge != nil {
		n.huge.SetString(string(digits), radix)
	}
	if i < len(b) {
		e, ok := clampedInt(b[i+1:])
		if !ok || b[i]|0x20 != mark {
			return n, false
		}
		n.exp += e
	}
	return n, len(digits) > 0
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

// pow10 holds the powers of ten that fit a mantissa of 64 bits.
var pow10 = func() (t [28]big.Float) {
	t[0].SetPrec(longDoublePrec).SetInt64(1)
	for i := range t[1:] {
		t[i+1].SetPrec(longDoublePrec).Mul(&t[i], big.NewFloat(10))
	}
	return t
}()

// round sets z to n. The operands are exact, so there is one rounding.
func (n *number) round(z *big.Float) {
	far := 12_000 // out of range for any 5 KB of digits
	if n.base == 2 {
		far = 50_000
	}
	exp := max(-far, min(far, n.exp))
	z.SetUint64(n.mant)
	switch {
	case n.huge == nil && (n.mant == 0 || exp == 0):
	case n.base == 2:
		if n.huge != nil {
			z.SetInt(n.huge)
		}
		z.SetMantExp(z, exp)
	case n.huge == nil && exp < 0 && -exp < len(pow10):
		z.Quo(z, &pow10[-exp])
	case n.huge == nil && exp > 0 && exp < len(pow10):
		z.Mul(z, &pow10[exp])
	default:
		n.roundFar(z, exp)
	}
}

// roundFar is round with integers as large as it takes.
func (n *number) roundFar(z *big.Float, exp int) {
	mant := n.huge
	if mant == nil {
		mant = new(big.Int).SetUint64(n.mant)
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
	case x.v.Sign() == 0, !x.v.IsInf() && x.v.MantExp(nil) < -63: // 17 zeros follow the point
		return append(dst, '0')
	case !x.v.IsInf():
		from := len(dst)
		dst, ok := x.appendFixed(dst)
		if !ok {
			dst = x.v.Append(dst, 'f', 17)
		}
		return trimFraction(dst, from)
	case x.v.Signbit():
		return append(dst, "-inf"...)
	default:
		return append(dst, "inf"...)
	}
}

// appendFixed is the fast path of Append, for numbers from 2^-64 to 2^63: in
// mant / 2^k the fraction times 10^17 fits 128 bits.
func (x *LongDouble) appendFixed(dst []byte) ([]byte, bool) {
	const scale = 100_000_000_000_000_000
	k := longDoublePrec - x.v.MantExp(nil)
	if k < 1 || k > 127 || x.v.Sign() == 0 {
		return dst, false
	}
	var whole big.Float
	mant, _ := whole.Abs(whole.SetMantExp(&x.v, k)).Uint64()
	integer, frac := mant>>k, mant // a shift by 64 or more gives 0
	if k < 64 {
		frac &= 1<<k - 1
	}
	hi, lo := bits.Mul64(frac, scale)
	var n, restHi, restLo, halfHi, halfLo uint64 // quotient and remainder of 2^k, and its half
	if k < 64 {
		n, restLo, halfLo = hi<<(64-k)|lo>>k, lo&(1<<k-1), 1<<(k-1)
	} else {
		n, restHi, restLo = hi>>(k-64), hi&(1<<(k-64)-1), lo
		halfHi, halfLo = 1<<(k-64)>>1, 1<<63>>min(64*uint(k-64), 64)
	}
	above := restHi > halfHi || restHi == halfHi && restLo > halfLo
	tie := restHi == halfHi && restLo == halfLo
	if above || tie && n&1 == 1 {
		n++
	}
	if n == scale {
		integer, n = integer+1, 0
	}
	if x.v.Signbit() {
		dst = append(dst, '-')
	}
	dst = strconv.AppendUint(dst, integer, 10)
	dst = append(dst, '.')
	at := len(dst)
	dst = strconv.AppendUint(dst, n+scale, 10) // a 1, then 17 digits
	return append(dst[:at], dst[at+1:]...), true
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
