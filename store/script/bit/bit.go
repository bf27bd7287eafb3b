// Package bit is Lua BitOp 1.0.2: operations on 32-bit integers.
package bit

import (
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// Open sets the global table bit.
func Open(L *lua.LState) {
	L.SetGlobal("bit", L.SetFuncs(L.NewTable(), map[string]lua.LGFunction{
		"tobit":   func(L *lua.LState) int { return result(L, arg(L, 1)) },
		"bnot":    func(L *lua.LState) int { return result(L, ^arg(L, 1)) },
		"bswap":   func(L *lua.LState) int { return result(L, bits.ReverseBytes32(arg(L, 1))) },
		"band":    fold(func(a, b uint32) uint32 { return a & b }),
		"bor":     fold(func(a, b uint32) uint32 { return a | b }),
		"bxor":    fold(func(a, b uint32) uint32 { return a ^ b }),
		"lshift":  shift(func(v uint32, n int) uint32 { return v << n }),
		"rshift":  shift(func(v uint32, n int) uint32 { return v >> n }),
		"arshift": shift(func(v uint32, n int) uint32 { return uint32(int32(v) >> n) }),
		"rol":     shift(bits.RotateLeft32),
		"ror":     shift(func(v uint32, n int) uint32 { return bits.RotateLeft32(v, -n) }),
		"tohex":   tohex,
	}))
}

// arg is argument n modulo 2^32, rounded to the nearest integer. The sum puts the integer into the low bits of the mantissa;
// numbers beyond 2^51 give what is left there, as in the original.
func arg(L *lua.LState, n int) uint32 {
	return uint32(math.Float64bits(capi.Number(L, n) + 0x1.8p52))
}

func result(L *lua.LState, v uint32) int {
	L.Push(lua.LNumber(int32(v)))
	return 1
}

func fold(op func(a, b uint32) uint32) lua.LGFunction {
	return func(L *lua.LState) int {
		v := arg(L, 1)
		for i := L.GetTop(); i > 1; i-- {
			v = op(v, arg(L, i))
		}
		return result(L, v)
	}
}

func shift(op func(v uint32, n int) uint32) lua.LGFunction {
	return func(L *lua.LState) int {
		v, n := arg(L, 1), arg(L, 2)
		return result(L, op(v, int(n&31)))
	}
}

// tohex writes the lowest n digits, 8 if n is not given, in upper case if n is negative.
func tohex(L *lua.LState) int {
	v, n, digits := arg(L, 1), int64(8), "0123456789abcdef"
	if L.GetTop() > 1 {
		n = int64(int32(arg(L, 2)))
	}
	if n < 0 {
		n, digits = -n, "0123456789ABCDEF"
	}
	var b [8]byte
	n = min(n, 8)
	for i := n - 1; i >= 0; i-- {
		b[i] = digits[v&15]
		v >>= 4
	}
	L.Push(lua.LString(b[:n]))
	return 1
}
