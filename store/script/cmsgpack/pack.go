package cmsgpack

import (
	"encoding/binary"
	"math"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// nestingMax is the depth from which on tables are packed as nil.
const nestingMax = 16

// sizeMax bounds what pack may build, in bytes.
const sizeMax = 512 << 20

func pack(L *lua.LState) int {
	if L.GetTop() == 0 {
		capi.ArgError(L, 0, "MessagePack pack needs input.")
	}
	var b []byte
	for i := 1; i <= L.GetTop(); i++ {
		b = appendValue(L, b, L.Get(i), 0)
	}
	L.Push(lua.LString(b))
	return 1
}

func appendValue(L *lua.LState, b []byte, v lua.LValue, level int) []byte {
	if len(b) > sizeMax {
		L.Error(lua.LString("not enough memory"), 0)
	}
	switch v := v.(type) {
	case lua.LString:
		return appendString(b, string(v))
	case lua.LBool:
		if v {
			return append(b, 0xc3)
		}
		return append(b, 0xc2)
	case lua.LNumber:
		return appendNumber(b, float64(v))
	case *lua.LTable:
		if level < nestingMax {
			return appendTable(L, b, v, level)
		}
	}
	return append(b, 0xc0)
}

func appendTable(L *lua.LState, b []byte, t *lua.LTable, level int) []byte {
	n, array := shape(t)
	if array {
		b = appendHead(b, n, 0x90, 0xdc)
		for i := 1; i <= n; i++ {
			b = appendValue(L, b, t.RawGet(lua.LNumber(i)), level+1)
		}
		return b
	}
	b = appendHead(b, n, 0x80, 0xde)
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		b = appendValue(L, b, k, level+1)
		b = appendValue(L, b, v, level+1)
	}
	return b
}

// shape counts the pairs of a table and says whether its keys are 1..n.
func shape(t *lua.LTable) (n int, array bool) {
	largest, array := 0.0, true
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		n++
		f, ok := k.(lua.LNumber)
		array = array && ok && f > 0 && f <= math.MaxInt32 && f == lua.LNumber(int32(f))
		largest = max(largest, float64(f))
	}
	return n, array && largest == float64(n)
}

// appendHead writes the size of an array or a map: within the byte small, or behind wide (16 bits) or the code after it (32 bits).
func appendHead(b []byte, n int, small, wide byte) []byte {
	switch {
	case n < 16:
		return append(b, small|byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, wide), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(b, wide+1), uint32(n))
}

func appendString(b []byte, s string) []byte {
	switch n := len(s); {
	case n < 32:
		b = append(b, 0xa0|byte(n))
	case n <= math.MaxUint8:
		b = append(b, 0xd9, byte(n))
	case n <= math.MaxUint16:
		b = binary.BigEndian.AppendUint16(append(b, 0xda), uint16(n))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xdb), uint32(n))
	}
	return append(b, s...)
}

func appendNumber(b []byte, f float64) []byte {
	if i := capi.Int64(f); float64(i) == f {
		return appendInt(b, i)
	}
	if short := float32(f); float64(short) == f {
		return binary.BigEndian.AppendUint32(append(b, 0xca), math.Float32bits(short))
	}
	return binary.BigEndian.AppendUint64(append(b, 0xcb), math.Float64bits(f))
}

func appendInt(b []byte, i int64) []byte {
	be := binary.BigEndian
	switch {
	case i >= -32 && i <= math.MaxInt8:
		return append(b, byte(i))
	case i >= 0 && i <= math.MaxUint8:
		return append(b, 0xcc, byte(i))
	case i >= 0 && i <= math.MaxUint16:
		return be.AppendUint16(append(b, 0xcd), uint16(i))
	case i >= 0 && i <= math.MaxUint32:
		return be.AppendUint32(append(b, 0xce), uint32(i))
	case i >= 0:
		return be.AppendUint64(append(b, 0xcf), uint64(i))
	case i >= math.MinInt8:
		return append(b, 0xd0, byte(i))
	case i >= math.MinInt16:
		return be.AppendUint16(append(b, 0xd1), uint16(i))
	case i >= math.MinInt32:
		return be.AppendUint32(append(b, 0xd2), uint32(i))
	}
	return be.AppendUint64(append(b, 0xd3), uint64(i))
}
