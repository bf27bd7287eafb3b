package cmsgpack

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// unpack returns all values in a string.
func unpack(L *lua.LState) int { return unpackFull(L, 0, 0) }

// unpackOne returns the offset behind the first value and the value.
func unpackOne(L *lua.LState) int {
	return unpackFull(L, 1, capi.OptInt(L, 2, 0))
}

// unpackLimit returns the offset behind the last value and at most so many values.
func unpackLimit(L *lua.LState) int {
	limit := capi.Int(L, 2)
	return unpackFull(L, limit, capi.OptInt(L, 3, 0))
}

// unpackFull pushes up to limit values found from offset on, and before them where it stopped, -1 if at the end. Without
// limit and offset it takes everything and says nothing of places.
func unpackFull(L *lua.LState, limit, offset int64) int {
	s := capi.String(L, 1)
	switch {
	case offset < 0 || limit < 0:
		capi.Errorf(L, "Invalid request to unpack with offset of %d and limit of %d.", int32(offset), len(s))
	case offset > int64(len(s)):
		capi.Errorf(L, "Start offset %d greater than input length %d.", int32(offset), len(s))
	}
	all := limit == 0 && offset == 0
	if all {
		limit = math.MaxInt32
	}
	d := decoder{L: L, in: s, at: int(offset)}
	var values []lua.LValue
	for d.at < len(s) && int64(len(values)) < limit {
		values = append(values, d.value(1+len(values)))
	}
	if !all {
		capi.CheckStack(L, 1+len(values), 1, "in function mp_unpack_full")
		next := d.at
		if next == len(s) {
			next = -1
		}
		L.Push(lua.LNumber(next))
	}
	for _, v := range values {
		L.Push(v)
	}
	if all {
		return len(values)
	}
	return len(values) + 1
}

// decoder reads values from in. Nothing is allocated for a size that is announced; a table grows as its elements are read.
type decoder struct {
	L  *lua.LState
	in string
	at int

	holes int // left in tables so far
}

// take returns the next n bytes.
func (d *decoder) take(n uint64) string {
	if n > uint64(len(d.in)-d.at) {
		capi.Errorf(d.L, "Missing bytes in input.")
	}
	s := d.in[d.at : d.at+int(n)]
	d.at += int(n)
	return s
}

// uint reads an unsigned integer of so many bytes.
func (d *decoder) uint(bytes uint64) (v uint64) {
	for _, c := range []byte(d.take(bytes)) {
		v = v<<8 | uint64(c)
	}
	return v
}

// value reads one value. With top values on its stack, the original would run out of it when the nesting gets too deep.
func (d *decoder) value(top int) lua.LValue {
	capi.CheckStack(d.L, top, 1, "too many return values at once; use unpack_one or unpack_limit instead.")
	switch c := d.take(1)[0]; c {
	case 0xc0:
		return lua.LNil
	case 0xc2:
		return lua.LFalse
	case 0xc3:
		return lua.LTrue
	case 0xca:
		return lua.LNumber(math.Float32frombits(uint32(d.uint(4))))
	case 0xcb:
		return lua.LNumber(math.Float64frombits(d.uint(8)))
	case 0xcc, 0xcd, 0xce, 0xcf: // eight bytes are taken as signed, as in the original
		return lua.LNumber(int64(d.uint(1 << (c - 0xcc))))
	case 0xd0:
		return lua.LNumber(int8(d.uint(1)))
	case 0xd1:
		return lua.LNumber(int16(d.uint(2)))
	case 0xd2:
		return lua.LNumber(int32(d.uint(4)))
	case 0xd3:
		return lua.LNumber(int64(d.uint(8)))
	case 0xd9, 0xda, 0xdb:
		return lua.LString(d.take(d.uint(1 << (c - 0xd9))))
	case 0xdc, 0xdd:
		return d.array(d.uint(2<<(c-0xdc)), top)
	case 0xde, 0xdf:
		return d.mapping(d.uint(2<<(c-0xde)), top)
	default:
		return d.small(c, top)
	}
}

// small reads a value whose first byte holds a number or a size.
func (d *decoder) small(c byte, top int) lua.LValue {
	switch {
	case c < 0x80 || c >= 0xe0:
		return lua.LNumber(int8(c))
	case c >= 0xc0:
		capi.Errorf(d.L, "Bad data format in input.")
	case c >= 0xa0:
		return lua.LString(d.take(uint64(c & 31)))
	case c >= 0x90:
		return d.array(uint64(c&15), top)
	}
	return d.mapping(uint64(c&15), top)
}

func (d *decoder) array(n uint64, top int) lua.LValue {
	capi.CheckStack(d.L, top+1, 1, "in function mp_decode_to_lua_array")
	t := d.L.NewTable()
	for i := uint64(1); i <= n; i++ {
		t.RawSetInt(int(i), d.value(top+2))
	}
	return t
}

func (d *decoder) mapping(n uint64, top int) lua.LValue {
	t := d.L.NewTable()
	for range n {
		k := d.value(top + 1)
		v := d.value(top + 2)
		d.set(t, k, v)
	}
	return t
}

func (d *decoder) set(t *lua.LTable, k, v lua.LValue) {
	f, ok := k.(lua.LNumber)
	switch {
	case k == lua.LNil:
		d.L.Error(lua.LString("table index is nil"), 0)
	case ok && f != f:
		d.L.Error(lua.LString("table index is NaN"), 0)
	}
	if v == lua.LNil && t.RawGet(k) == lua.LNil {
		return
	}
	d.mindHoles(t, float64(f))
	t.RawSet(k, v)
}

// holesMax bounds the empty places in the arrays of the tables that one call builds.
const holesMax = 4 << 20

// mindHoles is called before key is set. gopher-lua keeps what has an index below MaxArrayIndex in an array, whatever lies between: a
// few bytes of input could ask for a gigabyte.
func (d *decoder) mindHoles(t *lua.LTable, key float64) {
	if key < 1 || key >= float64(lua.MaxArrayIndex) || key != math.Trunc(key) {
		return
	}
	if gap := int(key) - 1 - t.MaxN(); gap > 0 {
		if d.holes += gap; d.holes > holesMax {
			d.L.Error(lua.LString("not enough memory"), 0)
		}
	}
}
