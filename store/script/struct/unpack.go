package structlib

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

func unpack(L *lua.LState) int {
	f := newFormat(L)
	data := capi.String(L, 2)
	at := capi.OptInt(L, 3, 1)
	if at == 0 {
		capi.ArgError(L, 3, "offset must be 1 or greater")
	}
	u := unpacker{format: f, data: data, at: int(at - 1), top: L.GetTop()}
	for u.text != "" {
		u.field()
	}
	for _, v := range u.values {
		L.Push(v)
	}
	L.Push(lua.LNumber(u.at + 1))
	return len(u.values) + 1
}

// unpacker reads fields from data.
type unpacker struct {
	format
	data   string
	at     int
	values []lua.LValue
	top    int // arguments on the stack
}

// need complains unless size bytes are left.
func (u *unpacker) need(size int) {
	if size < 0 || size > len(u.data) || u.at < 0 || u.at > len(u.data)-size {
		capi.ArgError(u.L, 2, "data string too short")
	}
}

func (u *unpacker) field() {
	letter, size, padding := u.next(u.at)
	u.at += padding
	u.need(size)
	capi.CheckStack(u.L, u.top+len(u.values), 2, "too many results")
	switch letter {
	case 'b', 'h', 'l', 'i':
		u.push(lua.LNumber(u.signed(size)))
	case 'B', 'H', 'L', 'T', 'I':
		u.push(lua.LNumber(u.bytes(size)))
	case 'x':
	case 'f':
		u.push(lua.LNumber(math.Float32frombits(uint32(u.bytes(size)))))
	case 'd':
		u.push(lua.LNumber(math.Float64frombits(u.bytes(size))))
	case 'c':
		if size == 0 {
			size = u.counted()
		}
		u.push(lua.LString(u.data[u.at : u.at+size]))
	case 's':
		n := strings.IndexByte(u.data[u.at:], 0)
		if n < 0 {
			capi.Errorf(u.L, "unfinished string in data")
		}
		u.push(lua.LString(u.data[u.at : u.at+n]))
		size = n + 1
	default:
		u.control(letter)
	}
	u.at += size
}

func (u *unpacker) push(v lua.LValue) { u.values = append(u.values, v) }

// counted takes back the number read last, which is the length of a string.
func (u *unpacker) counted() int {
	last := len(u.values) - 1
	if last < 0 {
		capi.Errorf(u.L, "format 'c0' needs a previous size")
	}
	n, ok := capi.ToNumber(u.values[last])
	if !ok {
		capi.Errorf(u.L, "format 'c0' needs a previous size")
	}
	u.values = u.values[:last]
	size := capi.Int64(n)
	if !(n < 0) {
		size = int64(capi.Uint64(n))
	}
	u.need(int(size))
	return int(size)
}

// bytes reads an integer without moving on. Of one wider than eight bytes, the low ones count.
func (u *unpacker) bytes(size int) (v uint64) {
	for i := range size {
		place := size - 1 - i
		if u.big {
			place = i
		}
		v = v<<8 | uint64(u.data[u.at+place])
	}
	return v
}

func (u *unpacker) signed(size int) int64 {
	v := u.bytes(size)
	mask := ^uint64(0) << (uint(size*8-1) & 63)
	if v&mask != 0 {
		v |= mask
	}
	return int64(v)
}
