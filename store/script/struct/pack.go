package structlib

import (
	"encoding/binary"
	"math"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

func pack(L *lua.LState) int {
	f := newFormat(L)
	L.Push(lua.LNil) // as the original does; what is said about a missing argument depends on it
	arg := 1
	value := func() int { arg++; return arg }
	var out []byte
	for f.text != "" {
		letter, size, padding := f.next(len(out))
		out = append(out, make([]byte, padding)...)
		switch letter {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			out = f.appendInteger(out, capi.Number(L, value()), size)
		case 'x':
			out = append(out, 0)
		case 'f':
			out = f.appendBytes(out, uint64(math.Float32bits(float32(capi.Number(L, value())))), size)
		case 'd':
			out = f.appendBytes(out, math.Float64bits(capi.Number(L, value())), size)
		case 'c', 's':
			s := capi.String(L, value())
			if size == 0 {
				size = len(s)
			}
			if size > len(s) {
				capi.ArgError(L, arg+1, "string too short")
			}
			if out = append(out, s[:size]...); letter == 's' {
				out = append(out, 0)
			}
		default:
			f.control(letter)
		}
		if len(out) > packedMax {
			L.Error(lua.LString("not enough memory"), 0)
		}
	}
	L.Push(lua.LString(out))
	return 1
}

func (f *format) appendInteger(out []byte, n float64, size int) []byte {
	if n < 0 {
		return f.appendBytes(out, uint64(capi.Int64(n)), size)
	}
	return f.appendBytes(out, capi.Uint64(n), size)
}

// appendBytes writes size bytes of v; beyond the eighth they are zero, even if v is meant to be negative.
func (f *format) appendBytes(out []byte, v uint64, size int) []byte {
	var b [integerMax]byte
	if f.big {
		binary.BigEndian.PutUint64(b[integerMax-8:], v)
		return append(out, b[integerMax-size:]...)
	}
	binary.LittleEndian.PutUint64(b[:], v)
	return append(out, b[:size]...)
}
