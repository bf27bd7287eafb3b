package script

import (
	"math"
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// formatNumber prints a number as Lua 5.1 does, "%.14g".
func formatNumber(f float64) string {
	if n := int64(f); float64(n) == f && n > -1e14 && n < 1e14 {
		if n == 0 && math.Signbit(f) {
			return "-0"
		}
		return strconv.FormatInt(n, 10)
	}
	var room [32]byte
	return string(appendG(room[:0], f, 14))
}

// appendG prints f as C's "%.<digits>g".
func appendG(dst []byte, f float64, digits int) []byte {
	switch {
	case math.IsNaN(f) && math.Signbit(f):
		return append(dst, "-nan"...)
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, f, 'g', digits, 64)
}

// toInteger converts as C's cast to long long does on x86: out of range, it is the smallest number.
func toInteger(f float64) int64 {
	if f >= -(1<<63) && f < 1<<63 {
		return int64(f)
	}
	return math.MinInt64
}

// text returns the string that a string or a number is.
func text(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return formatNumber(float64(v)), true
	}
	return "", false
}
