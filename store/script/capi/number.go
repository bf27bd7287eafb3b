package capi

import (
	"math"
	"strconv"
	"strings"
)

// FormatNumber writes f as Lua 5.1 does, like C's %.14g.
func FormatNumber(f float64) string { return string(AppendG(nil, f, 14)) }

// AppendG appends f as C's %.<digits>g writes it.
func AppendG(b []byte, f float64, digits int) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	case f != f && math.Signbit(f):
		return append(b, "-nan"...)
	case f != f:
		return append(b, "nan"...)
	}
	return strconv.AppendFloat(b, f, 'g', digits, 64)
}

// Int64 converts as x86-64 does: towards zero, and what does not fit becomes the smallest integer.
func Int64(f float64) int64 {
	if f >= -0x1p63 && f < 0x1p63 {
		return int64(f)
	}
	return math.MinInt64
}

// Uint64 converts a number that is not negative as compilers for x86-64 do.
func Uint64(f float64) uint64 {
	switch {
	case f != f:
		return 1 << 63
	case f >= 0x1p64:
		return 0
	}
	return uint64(f)
}

const spaces = " \t\n\v\f\r"

// parseNumber reads a whole string as a number, with spaces around it.
func parseNumber(s string) (float64, bool) {
	s = strings.TrimLeft(s, spaces)
	f, n := ParseFloat(s)
	return f, n > 0 && strings.TrimLeft(s[n:], spaces) == ""
}

// ParseFloat reads the longest number at the beginning of s, as strtod does but for leading spaces, and returns how many bytes it took.
func ParseFloat(s string) (f float64, n int) {
	i := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		i = 1
	}
	if w := word(s[i:]); w > 0 {
		f = math.Inf(1)
		if s[i]|0x20 == 'n' {
			f = math.NaN()
		}
		if s[0] == '-' {
			f = math.Copysign(f, -1)
		}
		return f, i + w + payload(s[i+w:], s[i]|0x20 == 'n')
	}
	if len(s) > i+2 && s[i] == '0' && s[i+1]|0x20 == 'x' {
		if n := mantissa(s[i+2:], isHex); n > 0 {
			return hexadecimal(s, i+2+n)
		}
	}
	n = mantissa(s[i:], isDigit)
	if n == 0 {
		return 0, 0
	}
	n += i
	n += exponent(s[n:], 'e')
	f, _ = strconv.ParseFloat(s[:n], 64) // out of range gives an infinity, as in C
	return f, n
}

// hexadecimal reads a hexadecimal number whose mantissa ends at n.
func hexadecimal(s string, n int) (float64, int) {
	if e := exponent(s[n:], 'p'); e > 0 {
		n += e
		f, _ := strconv.ParseFloat(s[:n], 64)
		return f, n
	}
	f, _ := strconv.ParseFloat(s[:n]+"p0", 64)
	return f, n
}

// word is the length of an infinity or a NaN at the beginning of s.
func word(s string) int {
	for _, w := range []string{"infinity", "inf", "nan"} {
		if len(s) >= len(w) && strings.EqualFold(s[:len(w)], w) {
			return len(w)
		}
	}
	return 0
}

// payload is the length of what may stand behind a NaN: (letters and digits).
func payload(s string, isNaN bool) int {
	if !isNaN || s == "" || s[0] != '(' {
		return 0
	}
	n := 1
	for n < len(s) && (s[n] == '_' || isDigit(s[n]) || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
		n++
	}
	if n == len(s) || s[n] != ')' {
		return 0
	}
	return n + 1
}

// mantissa is the length of the digits at the beginning of s, with at most one point; 0 if there is no digit.
func mantissa(s string, digit func(byte) bool) int {
	n, digits, point := 0, 0, false
	for ; n < len(s); n++ {
		switch {
		case digit(s[n]):
			digits++
		case s[n] == '.' && !point:
			point = true
		default:
			if digits == 0 {
				return 0
			}
			return n
		}
	}
	if digits == 0 {
		return 0
	}
	return n
}

// exponent is the length of an exponent at the beginning of s.
func exponent(s string, mark byte) int {
	if s == "" || s[0]|0x20 != mark {
		return 0
	}
	n := 1
	if n < len(s) && (s[n] == '-' || s[n] == '+') {
		n++
	}
	first := n
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == first {
		return 0
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
